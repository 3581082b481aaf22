//! What a run measures: see `spec.rs` for the meaning of each number.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_engine::{Finding, Observer, Sight};
use astrarium_node::{CostTable, NodeId, Op, Time};
use astrarium_protocol_overlay::group::Event as Below;
use astrarium_protocol_overlay::group::committee::{Ballot, Event, Request};
use astrarium_runner::Params;

use super::attacks::Flood;
use super::oracles::Oracles;
use super::world::{Node, World};
use crate::sample::Sample;

/// What is known of a round.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Phases that have passed.
    phases: u8,
    first: Option<Time>,
    decided: Option<Time>,
}

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    phases: u8,
    rounds: Vec<Progress>,
    /// Members that delivered the proposal of a phase.
    delivered: BTreeMap<(u64, u8), u32>,
    petitions: bool,
    /// When the first member delivered which petition.
    arrived: BTreeMap<u64, Time>,
    oracles: Oracles,
}

impl Metrics {
    pub(crate) fn new(params: &Params, world: &Arc<World>) -> Self {
        let petitions = params.text("workload.kind") == "petitions";
        let attack = params.text("adversary.strategy") != "none";
        Self {
            phases: params.count("protocol.phases") as u8,
            rounds: vec![Progress::default(); world.rounds.len()],
            delivered: BTreeMap::new(),
            petitions,
            arrived: BTreeMap::new(),
            oracles: Oracles::new(attack, !petitions),
            world: Arc::clone(world),
        }
    }

    fn on_passed(&mut self, node: NodeId, round: u64, phase: u8, now: Time) {
        let Some(progress) = self.rounds.get_mut(round as usize) else { return };
        if self.world.rounds[round as usize].leader() != node {
            return;
        }
        let delivered = self.delivered.get(&(round, phase)).copied().unwrap_or(0);
        self.oracles.passed(now, (round, phase), progress.phases, delivered, self.world.quorum);
        progress.phases = phase + 1;
        if phase == 0 {
            progress.first = Some(now);
        }
        if progress.phases == self.phases {
            progress.decided = Some(now);
            self.oracles.decided(now);
        }
    }

    /// The measurements of a run that looks like this now. `made`: when each petition was made.
    pub(crate) fn metrics(
        &mut self,
        sight: &Sight<'_, Node>,
        coalition: &Flood,
        made: &[Time],
    ) -> Vec<(&'static str, f64)> {
        let forged: u64 = sight.ids().map(|id| sight.node(id).lower.upper.counters().forged).sum();
        let mut out = vec![("attack_messages", coalition.sent() as f64), ("forged", forged as f64)];
        if coalition.sent() > 0 {
            self.oracles.attacked(sight.now());
        }
        if self.petitions {
            self.petition_metrics(made, &mut out);
        } else {
            self.round_metrics(coalition, &mut out);
        }
        out
    }

    fn round_metrics(&self, coalition: &Flood, out: &mut Vec<(&'static str, f64)>) {
        let total = self.rounds.len() as f64;
        let (mut missed, mut decisions, mut phases) = (0_u32, Sample::default(), Sample::default());
        for (progress, round) in self.rounds.iter().zip(self.world.rounds.iter()) {
            missed += u32::from(progress.decided.is_none_or(|at| at > round.deadline));
            for (at, sample) in [(progress.decided, &mut decisions), (progress.first, &mut phases)] {
                at.into_iter().for_each(|at| sample.push(at.since(round.begins).as_millis_f64()));
            }
        }
        let hits = coalition.hit().iter().filter(|hit| **hit).count();
        out.push(("miss_share", f64::from(missed) / total));
        out.push(("hit_share", hits as f64 / total));
        out.extend(decisions.mean().map(|mean| ("decide_ms", mean)));
        out.extend(decisions.quantiles([0.9]).map(|[p90]| ("decide_p90_ms", p90)));
        out.extend(phases.mean().map(|mean| ("phase_ms", mean)));
    }

    fn petition_metrics(&self, made: &[Time], out: &mut Vec<(&'static str, f64)>) {
        let mut delays = Sample::default();
        for (&number, at) in &self.arrived {
            if let Some(&since) = made.get(number as usize) {
                delays.push(at.since(since).as_millis_f64());
            }
        }
        if !made.is_empty() {
            let arrived = self.arrived.range(..made.len() as u64).count();
            out.push(("goodput_share", arrived as f64 / made.len() as f64));
        }
        let (Some(mean), Some([least])) = (delays.mean(), delays.quantiles([0.0])) else { return };
        out.push(("petition_ms", mean));
        let service = self.world.cpu.costs.cost(Op::Verify).as_millis_f64() / self.world.cpu.speed;
        if self.world.cpu.costs != CostTable::FREE {
            out.push(("cpu_wait", (mean - least) / service));
        }
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        self.oracles.findings()
    }
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, node: NodeId, indication: &Event, sight: &Sight<'_, Node>) {
        match *indication {
            Event::Passed { round, phase } => self.on_passed(node, round, phase, sight.now()),
            Event::Group(Below::Delivered { body: Ballot::Proposal { round, phase, .. }, .. }) => {
                *self.delivered.entry((round, phase)).or_default() += 1;
            }
            Event::Group(Below::Delivered { body: Ballot::Petition { number, .. }, .. })
                if node == self.world.rounds[0].leader() =>
            {
                self.arrived.entry(number).or_insert(sight.now());
            }
            _ => {}
        }
    }

    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.rounds.iter_mut().zip(other.rounds) {
            mine.phases = mine.phases.max(theirs.phases);
            mine.first = mine.first.or(theirs.first);
            mine.decided = mine.decided.or(theirs.decided);
        }
        for (key, count) in other.delivered {
            *self.delivered.entry(key).or_default() += count;
        }
        self.arrived.extend(other.arrived);
        self.oracles.merge(other.oracles);
    }
}

/// When the petitions of a load that is over were made: the load is a function of its seed, so it is asked again.
pub(crate) fn petition_times(mut load: super::workload::Load, until: Time) -> Vec<Time> {
    use astrarium_engine::Workload;
    std::iter::from_fn(|| load.next())
        .take_while(|arrival| arrival.at <= until)
        .filter(|arrival| matches!(arrival.request, Request::Petition { .. }))
        .map(|arrival| arrival.at)
        .collect()
}

//! What a run measures: see `spec.rs` for the meaning of each number.

use std::sync::Arc;

use astrarium_engine::{Finding, Observer, Sight};
use astrarium_node::{NodeId, Time};
use astrarium_protocol_overlay::relaying::{Candidate, Event};
use astrarium_runner::Params;

use super::oracles::Oracles;
use super::world::{Node, World};
use crate::sample::Sample;

/// What is known of a round.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    arrived: u32,
    late: u32,
    /// The least ticket that came in time.
    least: Option<u64>,
    chosen: Option<(Time, NodeId)>,
}

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    rounds: Vec<Progress>,
    tries: Sample,
    confirmed: Sample,
    oracles: Oracles,
}

impl Metrics {
    pub(crate) fn new(params: &Params, world: &Arc<World>) -> Self {
        Self {
            rounds: vec![Progress::default(); world.rounds as usize],
            tries: Sample::default(),
            confirmed: Sample::default(),
            oracles: Oracles::new(params, world),
            world: Arc::clone(world),
        }
    }

    /// The best of all candidates that are made for a round.
    fn best(&self, round: u64) -> Option<NodeId> {
        let challenge = self.world.challenge(round);
        self.world
            .clients
            .iter()
            .copied()
            .min_by_key(|&client| (Candidate::ticket_of(challenge, client), client))
    }

    fn on_arrived(&mut self, candidate: &Candidate, late: bool) {
        let Some(progress) = self.rounds.get_mut(candidate.round as usize) else { return };
        progress.arrived += 1;
        if late {
            progress.late += 1;
        } else {
            progress.least =
                Some(progress.least.map_or(candidate.ticket, |least| least.min(candidate.ticket)));
        }
    }

    fn on_chosen(&mut self, now: Time, round: u64, origin: NodeId, ticket: u64) {
        let begins = self.world.begins(round);
        let Some(progress) = self.rounds.get_mut(round as usize) else { return };
        self.oracles.chosen(now, round, begins, progress.chosen.is_some(), progress.least == Some(ticket));
        progress.chosen.get_or_insert((now, origin));
    }

    /// The measurements of a run that ends now; `dropped` by hostile relays.
    pub(crate) fn metrics(&mut self, now: Time, dropped: u64) -> Vec<(&'static str, f64)> {
        let made = self.rounds.len() as f64 * self.world.clients.len() as f64;
        let (mut arrived, mut late, mut best, mut unchosen) = (0_u64, 0_u64, 0_u32, 0_u32);
        let mut choices = Sample::default();
        for (number, progress) in self.rounds.iter().enumerate() {
            let round = number as u64;
            arrived += u64::from(progress.arrived);
            late += u64::from(progress.late);
            match progress.chosen {
                Some((at, origin)) => {
                    best += u32::from(self.best(round) == Some(origin));
                    choices.push(at.since(self.world.begins(round)).as_millis_f64());
                }
                None => unchosen += 1,
            }
        }
        if late > 0 {
            self.oracles.saw_late(now);
        }
        if dropped > 0 {
            self.oracles.saw_drop(now);
        }
        let mut out = vec![
            ("delivery_share", arrived as f64 / made),
            ("best_share", f64::from(best) / self.rounds.len() as f64),
            ("unchosen", f64::from(unchosen)),
            ("dropped", dropped as f64),
        ];
        if arrived > 0 {
            out.push(("late_share", late as f64 / arrived as f64));
        }
        out.extend(self.tries.mean().map(|mean| ("tries_mean", mean)));
        out.extend(self.confirmed.mean().map(|mean| ("confirm_ms", mean)));
        out.extend(choices.mean().map(|mean| ("choice_ms", mean)));
        out
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&self, now: Time) -> Vec<Finding> {
        self.oracles.findings(now)
    }
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, _node: NodeId, indication: &Event, sight: &Sight<'_, Node>) {
        let now = sight.now();
        match *indication {
            Event::Arrived { ref candidate, late } => self.on_arrived(candidate, late),
            Event::Chosen { round, origin, ticket, .. } => self.on_chosen(now, round, origin, ticket),
            Event::Confirmed { round, tries } => {
                self.tries.push(f64::from(tries));
                self.confirmed.push(now.since(self.world.begins(round)).as_millis_f64());
            }
            Event::GaveUp { .. } => self.oracles.gave_up(now),
        }
    }

    fn on_fault(&mut self, _id: &str, begins: bool, sight: &Sight<'_, Node>) {
        if !begins {
            self.oracles.fault_ended(sight.now());
        }
    }

    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.rounds.iter_mut().zip(other.rounds) {
            mine.arrived += theirs.arrived;
            mine.late += theirs.late;
            mine.least = [mine.least, theirs.least].into_iter().flatten().min();
            mine.chosen = mine.chosen.or(theirs.chosen);
        }
        self.tries.extend(other.tries);
        self.confirmed.extend(other.confirmed);
        self.oracles.merge(other.oracles);
    }
}

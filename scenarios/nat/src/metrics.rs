//! What a run measures: see `spec.rs` for the meaning of each number.

use std::ops::Range;
use std::sync::Arc;

use astrarium_engine::{Finding, Observer, Sight};
use astrarium_net::Modelled;
use astrarium_node::{NodeId, Time};
use astrarium_protocol_overlay::traversal::{Body, Packet, Way};
use astrarium_runner::Params;

use crate::caller::{Hello, Outcome};
use crate::oracles::{Oracles, excluded};
use crate::poisoned::{Volleys, can_be_spoilt, record_life};
use crate::spec::PAIRS;
use crate::world::{Node, World, victims};
use crate::{classes, paths};

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) reached: bool,
    pub(crate) direct: bool,
    /// When it began.
    since: Time,
    /// Time from the first wish to the open path, milliseconds.
    pub(crate) opened_ms: Option<f64>,
    /// Time from then to the answer, where this call opened the path, milliseconds.
    pub(crate) answer_ms: Option<f64>,
}

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    victims: u32,
    /// The time of an outage, whether it happens or not.
    outage: Range<Time>,
    strategy: Strategy,
    volleys: Volleys,
    calls: Vec<Option<Ended>>,
    ended: u32,
    oracles: Oracles,
}

/// What the attacker is after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strategy {
    None,
    Poison,
    Outage,
    Hog,
}

/// A proportion: hits of trials.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ratio(u32, u32);

impl Ratio {
    pub(crate) fn add(&mut self, hit: bool) {
        self.0 += u32::from(hit);
        self.1 += 1;
    }

    pub(crate) fn value(self) -> Option<f64> {
        (self.1 > 0).then(|| f64::from(self.0) / f64::from(self.1))
    }
}

impl Metrics {
    /// For one run in this world.
    pub(crate) fn new(world: &Arc<World>, params: &Params) -> Self {
        let strategy = match params.text("adversary.strategy") {
            "record-poisoning" => Strategy::Poison,
            "rendezvous-outage" => Strategy::Outage,
            "relay-hog" => Strategy::Hog,
            _ => Strategy::None,
        };
        let at = |key| Time::ZERO + params.span(key);
        let outage = at("adversary.from")..at("adversary.until");
        let healed = (strategy == Strategy::Outage).then_some(outage.end);
        Self {
            victims: victims(world, params.share("adversary.share")).count() as u32,
            outage,
            strategy,
            volleys: Volleys::default(),
            calls: vec![None; world.calls() as usize],
            ended: 0,
            oracles: Oracles::new(world, strategy != Strategy::None, healed),
            world: Arc::clone(world),
        }
    }

    /// The measurements of a run that looks like this now; what was not observed is absent.
    pub(crate) fn metrics(&self, sight: &Sight<'_, Node>) -> Vec<(&'static str, f64)> {
        let mut out = self.successes();
        out.extend(self.by_devices());
        out.extend(paths::metrics(&self.world, sight, self.there()));
        out.extend(self.attacked());
        out.extend(classes::metrics(&self.world, sight, self.there()));
        out
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        let mut oracles = self.oracles.clone();
        if let Some(met) = self.first_poisoned() {
            oracles.struck(met);
        }
        oracles.findings(end)
    }

    /// Caller and called of a call, and whether it is the call back.
    fn parties(&self, attempt: u32) -> (NodeId, NodeId, bool) {
        let calls = if self.world.both_ways { 2 } else { 1 };
        let (a, b) = self.world.pairs[(attempt / calls) as usize];
        if attempt.is_multiple_of(calls) { (a, b, false) } else { (b, a, true) }
    }

    /// Calls there (not back) that have ended: caller, called, how.
    fn there(&self) -> impl Iterator<Item = (NodeId, NodeId, &Ended)> {
        self.calls.iter().enumerate().filter_map(|(attempt, ended)| {
            let (a, b, back) = self.parties(attempt as u32);
            ended.as_ref().filter(|_| !back).map(|ended| (a, b, ended))
        })
    }

    fn device(&self, host: NodeId) -> Option<usize> {
        self.world.devices[host.index()]
    }

    /// Whether two devices exclude a direct path.
    fn excluded(&self, a: NodeId, b: NodeId) -> bool {
        let network: &Modelled = &self.world.network;
        excluded(network.device(a), network.device(b))
    }

    fn successes(&self) -> Vec<(&'static str, f64)> {
        let (mut punch, mut reach, mut relayed) = (Ratio::default(), Ratio::default(), Ratio::default());
        let (mut open, mut shut) = (Ratio::default(), Ratio::default());
        for (a, b, ended) in self.there() {
            let direct = ended.reached && ended.direct;
            reach.add(ended.reached);
            relayed.add(ended.reached && !ended.direct);
            if self.device(a).is_some() && self.device(b).is_some() {
                punch.add(direct);
            }
            if self.excluded(a, b) { shut.add(direct) } else { open.add(direct) }
        }
        let mut either = Ratio::default();
        if self.world.both_ways {
            for pair in self.calls.chunks_exact(2) {
                if let [Some(there), Some(back)] = pair {
                    either.add(there.reached || back.reached);
                }
            }
        }
        let named = [
            ("punch_success", punch),
            ("reach_success", reach),
            ("relayed_share", relayed),
            ("possible_success", open),
            ("excluded_success", shut),
            ("reachable_pairs", either),
        ];
        named.into_iter().filter_map(|(name, ratio)| Some((name, ratio.value()?))).collect()
    }

    fn by_devices(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let mut cells = [[Ratio::default(); 6]; 6];
        for (a, b, ended) in self.there() {
            let (Some(a), Some(b)) = (self.device(a), self.device(b)) else { continue };
            if let Some(cell) = cells.get_mut(a).and_then(|row| row.get_mut(b)) {
                cell.add(ended.reached && ended.direct);
            }
        }
        let names = PAIRS.iter().flatten();
        names.zip(cells.into_iter().flatten()).filter_map(|(name, cell)| Some((*name, cell.value()?)))
    }

    /// How calls fared that attacks are after, whether there was an attack or not.
    fn attacked(&self) -> Vec<(&'static str, f64)> {
        let mut poisoned = Ratio::default();
        let mut unrelayed = Ratio::default();
        for (a, b, ended) in self.there() {
            if self.aimed_at(a, b) {
                poisoned.add(!ended.reached);
            }
            if self.excluded(a, b) {
                unrelayed.add(!ended.reached);
            }
        }
        // Calls that were over before the outage was.
        let during =
            |e: &Ended| self.outage.contains(&e.since) && e.since + self.world.patience <= self.outage.end;
        let (mut dials, mut pairs) = (Ratio::default(), Ratio::default());
        for (_, _, ended) in self.there().filter(|(_, _, e)| during(e)) {
            dials.add(ended.reached);
        }
        if self.world.both_ways {
            for pair in self.calls.chunks_exact(2) {
                if let [Some(there), Some(back)] = pair
                    && during(there)
                    && during(back)
                {
                    pairs.add(there.reached || back.reached);
                }
            }
        }
        let named = [
            ("victim_failure", poisoned),
            ("excluded_failure", unrelayed),
            ("window_dial_success", dials),
            ("window_pair_success", pairs),
        ];
        named.into_iter().filter_map(|(name, ratio)| Some((name, ratio.value()?))).collect()
    }

    /// Whether record poisoning is after a call, and could spoil it.
    fn aimed_at(&self, a: NodeId, b: NodeId) -> bool {
        b.0 < self.victims && can_be_spoilt(&self.world, a, b)
    }

    /// A call that began while a record lay in wait for it.
    fn first_poisoned(&self) -> Option<Time> {
        let lies = |b, since| self.volleys.lie_in_wait(record_life(&self.world, b), since);
        let met = self.there().filter(|&(a, b, ended)| self.aimed_at(a, b) && lies(b, ended.since));
        met.map(|(_, _, ended)| ended.since).min()
    }

    /// Whether the attack has met this call.
    fn is_hit(&self, a: NodeId, b: NodeId, ended: &Ended) -> bool {
        match self.strategy {
            // Forged packets are counted where they leave, and judged at the end.
            Strategy::None | Strategy::Poison => false,
            Strategy::Outage => !ended.reached && !self.excluded(a, b) && self.outage.contains(&ended.since),
            Strategy::Hog => !ended.reached && self.excluded(a, b),
        }
    }
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, node: NodeId, outcome: &Outcome, sight: &Sight<'_, Node>) {
        let Outcome { call, reached, took } = *outcome;
        let now = sight.now();
        let since = Time::ZERO + now.since(Time::ZERO).saturating_sub(took);
        let view = sight.node(node).lower.path(call.peer);
        let direct = view.is_some_and(|view| matches!(view.way, Some(Way::Direct { .. })));
        let opened_ms = view.and_then(|v| Some(v.opened?.since(v.asked).as_millis_f64()));
        let opened = view.and_then(|view| view.opened).filter(|opened| reached && *opened >= since);
        let answer_ms = opened.map(|opened| now.since(opened).as_millis_f64());
        let ended = Ended { reached, direct, since, opened_ms, answer_ms };
        if reached {
            self.oracles.reached((node, call.peer), direct, &self.world.network, sight);
        }
        if self.is_hit(node, call.peer, &ended) {
            self.oracles.struck(now);
        }
        if let Some(slot) = self.calls.get_mut(call.attempt as usize) {
            self.ended += u32::from(slot.is_none());
            *slot = Some(ended);
        }
    }

    fn on_send(&mut self, from: NodeId, packet: &Packet<Hello>, _: usize, now: Time) {
        let forged = self.strategy == Strategy::Poison
            && from == self.world.attacker
            && matches!(packet.body, Body::Punch { .. });
        if forged {
            self.volleys.fired(now);
        }
    }

    fn finished(&self) -> bool {
        self.ended as usize == self.calls.len()
    }

    fn merge(&mut self, other: Self) {
        self.oracles.merge(other.oracles);
        self.volleys.merge(other.volleys);
        for (mine, theirs) in self.calls.iter_mut().zip(other.calls) {
            *mine = mine.or(theirs);
        }
        self.ended = self.calls.iter().flatten().count() as u32;
    }
}

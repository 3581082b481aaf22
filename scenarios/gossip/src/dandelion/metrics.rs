//! What a run measures: see `spec.rs` for the meaning of each number.

use std::sync::Arc;

use astrarium_engine::{Finding, Observer, Sight};
use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_overlay::dandelion::{Event, Fluffed, Message};
use astrarium_protocol_overlay::gossip::Blob;

use super::oracles::{Expectations, Oracles};
use super::workload::{Transactions, id_of, owner_of};
use super::world::{Node, World};
use crate::attacks::{First, Notes};
use crate::gossip::Wave;

/// A transaction older than this at the end should be public: embargoes are longer with probability e^−20 (default parameters).
const OLD: Span = Span::from_secs(410);
/// Position of 95 % among the times of a wave.
const T95: usize = 2;

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    /// When each node made its transaction, by number.
    made: Vec<Time>,
    /// By number of the source; of honest sources only.
    waves: Vec<Option<Wave>>,
    /// When and why each transaction was first made public.
    fluffed: Vec<Option<(Time, Fluffed)>>,
    stems: u64,
    oracles: Oracles,
}

impl Metrics {
    pub(crate) fn new(world: &Arc<World>, load: &Transactions, expect: Expectations) -> Self {
        let nodes = world.nodes as usize;
        Self {
            made: load.times(world.nodes),
            waves: vec![None; nodes],
            fluffed: vec![None; nodes],
            stems: 0,
            oracles: Oracles::new(expect),
            world: Arc::clone(world),
        }
    }

    fn public(&mut self, node: NodeId, owner: NodeId, now: Time) {
        let Some(slot) = self.waves.get_mut(owner.index()) else { return };
        let (made, audience) = (self.made[owner.index()], self.world.honest.len() as u32);
        let wave = slot.get_or_insert_with(|| Wave::new(made, audience, self.world.nodes));
        let first = wave.reach(node.0, now);
        self.oracles.public(node, first, owner, now);
    }

    /// The measurements of a run that looks like this now, with what the coalition has noted.
    pub(crate) fn metrics(&mut self, notes: Option<&Notes>, now: Time) -> Vec<(&'static str, f64)> {
        let honest = self.world.honest.len() as f64;
        let mut out = Vec::new();
        if let Some(notes) = notes {
            self.guesses(notes, now, &mut out);
        }
        let first: Vec<(NodeId, (Time, Fluffed))> = self.honest_fluffs().collect();
        let n = first.len().max(1) as f64;
        if !first.is_empty() {
            let wait = |(owner, (at, _)): &(NodeId, (Time, Fluffed))| {
                at.since(self.made[owner.index()]).as_millis_f64()
            };
            out.push(("public_ms", first.iter().map(wait).sum::<f64>() / n));
            let embargoed = first.iter().filter(|(_, (_, why))| *why == Fluffed::Embargo).count();
            out.push(("embargo_share", embargoed as f64 / n));
        }
        out.push(("stem_hops", self.stems as f64 / honest));
        let waves = || self.world.honest.iter().filter_map(|id| self.waves[id.index()].as_ref());
        let times: Vec<f64> = waves().filter_map(|wave| wave.time(T95)).map(Span::as_millis_f64).collect();
        if !times.is_empty() {
            out.push(("cover_t95_ms", times.iter().sum::<f64>() / times.len() as f64));
        }
        out.push(("coverage", waves().map(Wave::coverage).sum::<f64>() / honest));
        out
    }

    fn honest_fluffs(&self) -> impl Iterator<Item = (NodeId, (Time, Fluffed))> + '_ {
        self.world.honest.iter().filter_map(|id| Some((*id, self.fluffed[id.index()]?)))
    }

    /// First spy: blame whoever sent a transaction to the coalition first.
    fn guesses(&mut self, notes: &Notes, now: Time, out: &mut Vec<(&'static str, f64)>) {
        let honest = self.world.honest.len() as f64;
        let mut blamed = vec![0_u32; self.world.nodes as usize];
        let guess = |owner: NodeId| notes.first(id_of(owner));
        self.world
            .honest
            .iter()
            .filter_map(|id| guess(*id))
            .for_each(|first| blamed[first.from.index()] += 1);
        let right = |id: &&NodeId| guess(**id).is_some_and(|first| first.from == **id);
        let hits: Vec<NodeId> = self.world.honest.iter().filter(right).copied().collect();
        out.push(("recall", hits.len() as f64 / honest));
        let precision: f64 = hits.iter().map(|id| 1.0 / f64::from(blamed[id.index()])).sum();
        out.push(("precision", precision / honest));
        let early = |first: First| first.stem;
        let met = self.world.honest.iter().filter_map(|id| guess(*id)).filter(|f| early(*f)).count();
        out.push(("intercepted", met as f64 / honest));
        if !hits.is_empty() {
            self.oracles.unmasked(now);
        }
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&mut self, now: Time) -> Vec<Finding> {
        for at in 0..self.world.honest.len() {
            let owner = self.world.honest[at];
            if now.since(self.made[owner.index()]) > OLD {
                self.oracles.end(owner, self.fluffed[owner.index()].is_some(), now);
            }
        }
        self.oracles.findings()
    }
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, node: NodeId, event: &Event<Blob>, sight: &Sight<'_, Node>) {
        let now = sight.now();
        match event {
            Event::Fluffing { id, why } => {
                let owner = owner_of(*id);
                if let Some(slot) = self.fluffed.get_mut(owner.index()) {
                    slot.get_or_insert((now, *why));
                    if owner != node {
                        self.oracles.stemmed(now);
                    }
                }
            }
            Event::Public { item, .. } if !sight.is_controlled(node) => {
                self.public(node, owner_of(item.id), now)
            }
            Event::Public { .. } => {}
        }
    }

    fn on_send(&mut self, _from: NodeId, message: &Message<Blob>, copies: usize, _now: Time) {
        if matches!(message, Message::Stem(_)) {
            self.stems += copies as u64;
        }
    }

    /// Counters add up; a wave is kept by the part in which it began.
    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.waves.iter_mut().zip(other.waves) {
            *mine = mine.take().or(theirs);
        }
        for (mine, theirs) in self.fluffed.iter_mut().zip(other.fluffed) {
            *mine = match (*mine, theirs) {
                (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
                (a, b) => a.or(b),
            };
        }
        self.stems += other.stems;
        self.oracles.merge(other.oracles);
    }
}

//! What a run measures: see `spec.rs` for the meaning of each number.

use std::sync::Arc;

use astrarium_engine::{Fault, Finding, Observer, Sight};
use astrarium_net::Modelled;
use astrarium_node::{NodeId, Span, Time, Wire};
use astrarium_protocol_overlay::block_sync::{BlankBlock, Event, Message, Stats, Top};
use astrarium_protocol_overlay::gossip::Item;

use crate::gossip::Wave;

use super::oracles::Oracles;
use super::workload::Making;
use super::world::{MAKER, Node, World};

/// Positions of 50 % and 95 % among the shares of a [`Wave`].
const T50: usize = 0;
const T95: usize = 2;

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    /// Knows how many bytes a message takes with its headers.
    network: Arc<Modelled>,
    making: Making,
    /// Of the blocks made during the run, in order.
    waves: Vec<Option<Wave>>,
    /// When each joiner had all that was there at the start.
    synced: Vec<Option<Time>>,
    /// Weight of each node's chain.
    weights: Vec<u64>,
    learned: u64,
    bytes: u64,
    until_synced: bool,
    oracles: Oracles,
}

impl Metrics {
    /// For one run in this world.
    pub(crate) fn new(world: &Arc<World>, making: &Making, plan: &[Fault], until_synced: bool) -> Self {
        Self {
            network: Arc::new(world.network.clone()),
            making: making.clone(),
            waves: vec![None; making.count()],
            synced: vec![None; world.joiners.len()],
            weights: vec![0; world.nodes as usize],
            learned: 0,
            bytes: 0,
            until_synced,
            oracles: Oracles::new(!world.coalition.is_empty(), plan),
            world: Arc::clone(world),
        }
    }

    fn honest(&self) -> u32 {
        self.world.nodes - self.world.coalition.len() as u32
    }

    fn advanced(&mut self, node: NodeId, top: Top, common: u64, fetched: bool, now: Time) {
        let world = Arc::clone(&self.world);
        let at = |height: u64| usize::try_from(height).ok()?.checked_sub(1);
        let agreed = at(top.height).and_then(|i| world.blocks.get(i)).map(BlankBlock::id) == Some(top.id);
        let before = std::mem::replace(&mut self.weights[node.index()], top.weight);
        self.oracles.advanced(node, top, agreed, before, fetched, now);
        if let Ok(joiner) = world.joiners.binary_search(&node)
            && top.height >= world.height
        {
            self.synced[joiner].get_or_insert(now);
        }
        let (half, length) = self.making.second_half();
        for height in common.max(world.height) + 1..=top.height {
            let number = (height - world.height - 1) as usize;
            let audience = self.honest();
            let wave = self.waves[number].get_or_insert_with(|| Wave::new(now, audience, world.nodes));
            let first = wave.reach(node.0, now);
            self.learned += u64::from(first && node != MAKER && now >= half && now < half + length);
        }
    }

    /// The measurements of a run that looks like this now; what was not observed is absent.
    pub(crate) fn metrics(&self, sight: &Sight<'_, Node>) -> Vec<(&'static str, f64)> {
        let mut out = Vec::new();
        self.joiner_metrics(sight, &mut out);
        self.block_metrics(sight, &mut out);
        let node_seconds = sight.now().since(Time::ZERO).as_secs_f64() * f64::from(self.world.nodes);
        if node_seconds > 0.0 {
            out.push(("sent_per_node_bps", 8.0 * self.bytes as f64 / node_seconds));
        }
        out
    }

    fn joiner_metrics(&self, sight: &Sight<'_, Node>, out: &mut Vec<(&'static str, f64)>) {
        let joiners = self.world.joiners.len() as f64;
        if joiners == 0.0 {
            return;
        }
        let times = || self.synced.iter().flatten().map(|at| at.since(Time::ZERO).as_millis_f64());
        let n = times().count() as f64;
        out.push(("synced_share", n / joiners));
        if n > 0.0 {
            out.push(("sync_ms", times().sum::<f64>() / n));
            out.push(("sync_max_ms", times().fold(0.0, f64::max)));
        }
        let sum = |of: fn(&Stats) -> u64| {
            self.world.joiners.iter().map(|&id| of(sight.node(id).upper.stats())).sum::<u64>() as f64
                / joiners
        };
        out.extend([
            ("requests", sum(|s| s.asked)),
            ("unanswered", sum(|s| s.overdue)),
            ("forged", sum(|s| s.forged)),
            ("given_up", sum(|s| s.given_up)),
        ]);
    }

    fn block_metrics(&self, sight: &Sight<'_, Node>, out: &mut Vec<(&'static str, f64)>) {
        if self.waves.is_empty() {
            return;
        }
        for (name, share) in [("block_t50_ms", T50), ("block_t95_ms", T95)] {
            let times: Vec<Span> = self.waves.iter().flatten().filter_map(|wave| wave.time(share)).collect();
            if !times.is_empty() {
                out.push((name, times.iter().map(|t| t.as_millis_f64()).sum::<f64>() / times.len() as f64));
            }
        }
        let others = f64::from(self.honest() - 1);
        let (_, half) = self.making.second_half();
        if others > 0.0 && !half.is_zero() {
            out.push(("learned_rate", self.learned as f64 / others / half.as_secs_f64()));
            let best = sight.node(MAKER).upper.chain().height();
            let honest = sight.ids().filter(|&id| !sight.is_controlled(id));
            let lag: u64 = honest.map(|id| best.saturating_sub(sight.node(id).upper.chain().height())).sum();
            out.push(("lag_blocks", lag as f64 / others));
        }
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&mut self, sight: &Sight<'_, Node>) -> Vec<Finding> {
        let mut honest = sight.ids().filter(|&id| !sight.is_controlled(id));
        if honest.any(|id| sight.node(id).upper.stats().overdue + sight.node(id).upper.stats().forged > 0) {
            self.oracles.deceived(sight.now());
        }
        self.oracles.findings(sight.now())
    }
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, node: NodeId, event: &Event, sight: &Sight<'_, Node>) {
        if sight.is_controlled(node) {
            return;
        }
        let Event::Advanced { top, common, from } = *event;
        self.advanced(node, top, common, from.is_some(), sight.now());
    }

    fn on_send(&mut self, _from: NodeId, message: &Message<BlankBlock>, copies: usize, _now: Time) {
        self.bytes += self.network.wire_bytes(message.wire_len()) * copies as u64;
    }

    fn finished(&self) -> bool {
        let made = self.waves.iter().all(Option::is_some);
        self.until_synced && made && self.synced.iter().all(Option::is_some)
    }

    /// Counters add up; a node, and a block, is kept by one part.
    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.waves.iter_mut().zip(other.waves) {
            *mine = mine.take().or(theirs);
        }
        for (mine, theirs) in self.synced.iter_mut().zip(other.synced) {
            *mine = mine.or(theirs);
        }
        for (mine, theirs) in self.weights.iter_mut().zip(other.weights) {
            *mine = (*mine).max(theirs);
        }
        self.learned += other.learned;
        self.bytes += other.bytes;
        self.oracles.merge(other.oracles);
    }
}

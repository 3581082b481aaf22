//! What a run measures: see `spec.rs` for the meaning of each number.

use std::collections::BTreeSet;
use std::sync::Arc;

use astrarium_engine::{Finding, Observer, Sight};
use astrarium_node::{NodeId, Span, Time, Wire};
use astrarium_protocol_overlay::circuit::{Event, Message};

use super::oracles::{Expectations, Oracles};
use super::workload::Messages;
use super::world::{Node, World};
use crate::attacks::Verdicts;
use crate::item::Item;

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    load: Messages,
    /// By number of the message: whether it has arrived.
    arrived: Vec<bool>,
    /// First relay of the last circuit that a user opened, and when that was, by user.
    present: Vec<Option<(NodeId, Time)>>,
    opened: u64,
    both_ends: u64,
    delivered: u64,
    /// Sum and number of delays: of messages that found a circuit open, and of those that did not.
    open: (Span, u64),
    first: (Span, u64),
    bytes: u64,
    oracles: Oracles,
}

impl Metrics {
    pub(crate) fn new(world: &Arc<World>, load: Messages, expect: Expectations) -> Self {
        Self {
            arrived: vec![false; load.len()],
            present: vec![None; (world.nodes - world.relays) as usize],
            world: Arc::clone(world),
            load,
            opened: 0,
            both_ends: 0,
            delivered: 0,
            open: (Span::ZERO, 0),
            first: (Span::ZERO, 0),
            bytes: 0,
            oracles: Oracles::new(expect),
        }
    }

    /// The measurements of a run that looks like this now, with what the coalition says, if there is one.
    pub(crate) fn metrics(&self, verdicts: Option<&Verdicts>, now: Time) -> Vec<(&'static str, f64)> {
        let mut out = vec![("circuits", self.opened as f64)];
        let circuits = self.opened.max(1) as f64;
        if let Some(verdicts) = verdicts {
            out.push(("both_ends", self.both_ends as f64 / circuits));
            let right: Vec<&Item> =
                verdicts.iter().filter(|v| v.source.0 == v.item.sender).map(|v| &v.item).collect();
            let named: BTreeSet<(u32, u32)> =
                right.iter().map(|item| (item.sender, self.load.circuit_of(item))).collect();
            let users: BTreeSet<u32> = named.iter().map(|(user, _)| *user).collect();
            out.push(("correlated", named.len() as f64 / circuits));
            out.push(("exposed_users", users.len() as f64 / f64::from(self.world.nodes - self.world.relays)));
            if !verdicts.is_empty() {
                out.push(("precision", right.len() as f64 / verdicts.len() as f64));
            }
        }
        for (name, (sum, count)) in [("latency_ms", self.open), ("first_ms", self.first)] {
            if count > 0 {
                out.push((name, sum.as_millis_f64() / count as f64));
            }
        }
        let (arrived, sent) = (self.delivered, self.load.sent_before(now));
        if sent > 0 {
            out.push(("delivered", arrived as f64 / sent as f64));
        }
        if arrived > 0 {
            out.push(("wire_bytes", self.bytes as f64 / arrived as f64));
        }
        out
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        self.oracles.findings(end)
    }

    fn on_opened(&mut self, user: NodeId, path: &[NodeId], now: Time) {
        let (Some(first), Some(last)) = (path.first(), path.last()) else { return };
        self.opened += 1;
        if let Some(present) = self.present.get_mut((user.0 - self.world.relays) as usize) {
            *present = Some((*first, now));
        }
        if self.world.is_hostile(*first) && self.world.is_hostile(*last) {
            self.both_ends += 1;
            self.oracles.both_ends(now);
        }
    }

    fn on_delivered(&mut self, at: NodeId, from: NodeId, item: &Item, now: Time) {
        let planned = self.load.planned(item);
        let new = planned.is_some() && !std::mem::replace(&mut self.arrived[self.load.index(item)], true);
        let good = new && planned.is_some_and(|(sent, to)| to == at && sent < now);
        self.oracles.delivered(now, at, item, good);
        let Some((sent, _)) = planned.filter(|_| good) else { return };
        // A message that was under way while its sender opened another circuit is compared with that: no harm, they differ.
        let present = self.present[(item.sender - self.world.relays) as usize];
        let links = present.is_some_and(|(first, _)| first == from) && self.load.is_first(item);
        self.oracles.handed_over(now, from, item, links || from.0 >= self.world.relays);
        self.delivered += 1;
        let open = self.world.config.hops == 0 || present.is_some_and(|(_, since)| since <= sent);
        let sum = match (open, self.load.is_first(item)) {
            (true, _) => &mut self.open,
            (false, true) => &mut self.first,
            // It waited for the circuit with the first one.
            (false, false) => return,
        };
        *sum = (sum.0 + now.since(sent), sum.1 + 1);
    }
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, node: NodeId, event: &Event<Item>, sight: &Sight<'_, Node>) {
        match event {
            Event::Opened { path } => self.on_opened(node, path, sight.now()),
            Event::Delivered { from, message } => self.on_delivered(node, *from, message, sight.now()),
            Event::Failed { .. } => {}
        }
    }

    fn on_send(&mut self, _from: NodeId, message: &Message<Item>, copies: usize, _now: Time) {
        self.bytes += u64::from(message.wire_len()) * copies as u64;
    }

    fn merge(&mut self, other: Self) {
        self.arrived.iter_mut().zip(other.arrived).for_each(|(mine, theirs)| *mine |= theirs);
        self.opened += other.opened;
        self.both_ends += other.both_ends;
        self.delivered += other.delivered;
        self.open = (self.open.0 + other.open.0, self.open.1 + other.open.1);
        self.first = (self.first.0 + other.first.0, self.first.1 + other.first.1);
        self.bytes += other.bytes;
        self.oracles.merge(other.oracles);
    }
}

//! What a run measures: see `spec.rs` for the meaning of each number.

use std::sync::Arc;

use astrarium_engine::{Drops, Finding, Observer, Sight};
use astrarium_node::{NodeId, Span, Time, Wire};
use astrarium_protocol_transport::Event;
use astrarium_protocol_transport::secure::Record;

use super::carrier::Carrier;
use super::oracles::{Expectations, Oracles};
use super::path::Packet;
use super::workload::Messages;
use super::world::{Node, Rec, SERVER, World};
use crate::attacks::Spoils;
use crate::item::Item;

/// Share of clients without a session above which a flood has succeeded (network specification §9.1).
const FLOODED: f64 = 0.1;

/// A sum of times.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    sum: Span,
    count: u64,
}

impl Mean {
    fn add(&mut self, took: Span) {
        self.sum += took;
        self.count += 1;
    }

    fn ms(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.as_millis_f64() / self.count as f64)
    }
}

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    load: Messages,
    /// Bytes above the content of a sealed datagram are known only where a datagram is one message.
    bare: bool,
    first: Mean,
    later: Mean,
    /// Datagrams with content that hosts sent, and their bytes.
    content: (u64, u64),
    handshake_bytes: u64,
    oracles: Oracles,
}

impl Metrics {
    pub(crate) fn new(world: &Arc<World>, load: Messages, bare: bool, expect: Expectations) -> Self {
        Self {
            world: Arc::clone(world),
            load,
            bare,
            first: Mean::default(),
            later: Mean::default(),
            content: (0, 0),
            handshake_bytes: 0,
            oracles: Oracles::new(expect),
        }
    }

    /// The measurements of a run that looks like this now, with what the attacker has to show.
    pub(crate) fn metrics<T: Carrier>(
        &mut self,
        sight: &Sight<'_, Node<T>>,
        drops: Drops,
        spoils: &Spoils,
        strategy: &str,
    ) -> Vec<(&'static str, f64)> {
        if let Some(at) = spoils.struck {
            self.oracles.struck(at);
        }
        let sent: u64 = self.world.clients().map(|c| self.load.sent_before(c.0, sight.now())).sum();
        let share = |count: u64| (sent > 0).then(|| count as f64 / sent as f64);
        let mut out = self.traffic(sight);
        out.extend(share(self.first.count + self.later.count).map(|v| ("delivered", v)));
        let failed = self.failed(sight);
        out.extend(failed.map(|v| ("handshake_failed", v)));
        out.push(("cpu_lost", drops.cpu_full as f64));
        let read = !spoils.items.is_empty();
        match strategy {
            "tap" => {
                out.extend(share(spoils.items.len() as u64).map(|v| ("read_share", v)));
                self.tapped(spoils, &mut out);
                out.push(("attack_success", f64::from(u8::from(read))));
            }
            "mitm" => {
                out.extend(share(spoils.items.len() as u64).map(|v| ("read_share", v)));
                out.push(("attack_success", f64::from(u8::from(read))));
            }
            "hs-flood" => {
                out.extend(failed.map(|v| ("attack_success", f64::from(u8::from(v > FLOODED)))));
            }
            _ => {}
        }
        out
    }

    fn tapped(&self, spoils: &Spoils, out: &mut Vec<(&'static str, f64)>) {
        let named = [("read_before", spoils.before), ("read_after", spoils.after)];
        out.extend(
            named.into_iter().filter(|(_, c)| c.0 > 0).map(|(name, c)| (name, c.1 as f64 / c.0 as f64)),
        );
        let clients = f64::from(self.world.hosts - 1);
        out.push(("exposed_s", spoils.before.1 as f64 * self.load.spacing().as_secs_f64() / clients));
    }

    fn traffic<T: Carrier>(&self, sight: &Sight<'_, Node<T>>) -> Vec<(&'static str, f64)> {
        let mut out = Vec::new();
        let (first, later) = (self.first.ms(), self.later.ms());
        out.extend(first.map(|v| ("first_ms", v)));
        out.extend(later.map(|v| ("later_ms", v)));
        out.extend(first.zip(later).map(|(first, later)| ("first_over_later", first / later)));
        if self.bare && self.content.0 > 0 {
            let mean = self.content.1 as f64 / self.content.0 as f64;
            out.push(("overhead_bytes", mean - f64::from(self.load.bytes())));
        }
        let clients = f64::from(self.world.hosts - 1);
        let counters = |id: NodeId| *sight.node(id).lower.upper.counters();
        let all = || (0..self.world.hosts).map(NodeId).map(counters);
        out.push(("handshake_bytes", self.handshake_bytes as f64 / clients));
        out.push(("rekeys", all().map(|c| c.rekeys).sum::<u64>() as f64 / clients));
        out.push(("auth_fail", all().map(|c| c.auth_fail).sum::<u64>() as f64 / clients));
        out.push(("cookies", counters(SERVER).cookies as f64));
        let router = sight.node(self.world.router());
        out.push(("strays", router.lower.lower.strays() as f64));
        out.push(("half_open", sight.node(SERVER).lower.upper.half_open() as f64));
        out
    }

    /// Clients without a session, of those that asked for one.
    fn failed<T: Carrier>(&self, sight: &Sight<'_, Node<T>>) -> Option<f64> {
        if !self.world.config.enabled {
            return None;
        }
        let server = &sight.node(SERVER).lower.upper;
        let asked = || self.world.clients().filter(|c| self.load.sent_before(c.0, sight.now()) > 0);
        let without = asked().filter(|c| !server.is_open(*c)).count();
        let all = asked().count();
        (all > 0).then(|| without as f64 / all as f64)
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        self.oracles.findings(end)
    }
}

impl<T: Carrier> Observer<Node<T>> for Metrics {
    fn on_indication(&mut self, node: NodeId, event: &Event<Item>, sight: &Sight<'_, Node<T>>) {
        let Event::Delivered { from, message: item } = event else { return };
        let now = sight.now();
        let at = self.load.includes(item).then(|| self.load.at(item.sender, item.number));
        let sent = node == SERVER && from.0 == item.sender && at.is_some_and(|at| at < now);
        self.oracles.delivered(now, node, *from, item, sent);
        if let Some(at) = at {
            let mean = if item.number == 0 { &mut self.first } else { &mut self.later };
            mean.add(now.since(at));
        }
    }

    fn on_send(&mut self, from: NodeId, packet: &Packet<Rec<T>>, _copies: usize, now: Time) {
        if from.0 >= self.world.hosts {
            return;
        }
        self.oracles.on_wire(now, from, matches!(packet.body, Record::Plain(_)));
        let bytes = u64::from(packet.wire_len());
        match &packet.body {
            Record::Data { overhead, .. } if bytes <= u64::from(*overhead) => {}
            Record::Plain(_) | Record::Data { .. } => {
                self.content = (self.content.0 + 1, self.content.1 + bytes);
            }
            // Answers to forged addresses go nowhere.
            _ if packet.dst.0 < self.world.hosts => self.handshake_bytes += bytes,
            _ => {}
        }
    }

    fn merge(&mut self, other: Self) {
        for (mine, theirs) in [(&mut self.first, other.first), (&mut self.later, other.later)] {
            mine.sum += theirs.sum;
            mine.count += theirs.count;
        }
        self.content = (self.content.0 + other.content.0, self.content.1 + other.content.1);
        self.handshake_bytes += other.handshake_bytes;
        self.oracles.merge(other.oracles);
    }
}

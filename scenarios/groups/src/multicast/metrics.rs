//! What a run measures: see `spec.rs` for the meaning of each number.

use std::sync::Arc;

use astrarium_engine::{Finding, Observer, Sight};
use astrarium_node::collections::Set;
use astrarium_node::{NodeId, Protocol, Stack, Time, Wire};
use astrarium_protocol_overlay::group::{Event, Group, Message};
use astrarium_protocol_overlay::liveness::Change;
use astrarium_protocol_transport::{Event as Arrived, Request as Send};
use astrarium_runner::Params;

use super::oracles::Oracles;
use super::workload::{Payload, Schedule};
use super::world::World;
use crate::sample::Sample;

/// A transport that carries a group's messages.
pub(crate) trait Carrier:
    Protocol<Above = Send<Message<Payload>>, Up = Arrived<Message<Payload>>>
{
}

impl<T: Protocol<Above = Send<Message<Payload>>, Up = Arrived<Message<Payload>>>> Carrier for T {}

/// A node: a group on a transport.
pub(crate) type Node<T> = Stack<Group<Payload>, T>;

/// One message of the load.
#[derive(Debug, Clone, Copy, Default)]
struct Cast {
    /// Live members that delivered it.
    reached: usize,
    hops: u64,
    most_hops: u16,
    last: Time,
    /// Last delivery after one hop.
    first_hop: Time,
}

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    schedule: Schedule,
    live: usize,
    casts: Vec<Cast>,
    /// (message, member) that has been delivered.
    delivered: Set<(u32, NodeId)>,
    delays: Sample,
    /// The origin, where there is one for the whole run.
    origin: Option<NodeId>,
    origin_bytes: u64,
    false_suspicions: u64,
    oracles: Oracles,
}

impl Metrics {
    pub(crate) fn new(params: &Params, world: &Arc<World>) -> Self {
        let schedule = Schedule::new(params);
        let origin = match params.text("workload.origin") {
            "one" => world.roster.listed().first().copied(),
            "outsider" => world.outsider,
            _ => None,
        };
        Self {
            schedule,
            live: world.live(),
            casts: vec![Cast::default(); schedule.messages as usize],
            delivered: Set::default(),
            delays: Sample::default(),
            origin,
            origin_bytes: 0,
            false_suspicions: 0,
            oracles: Oracles::new(params, world),
            world: Arc::clone(world),
        }
    }

    fn on_delivered<P: Protocol>(&mut self, node: NodeId, number: u32, hops: u16, sight: &Sight<'_, P>) {
        let (now, member) = (sight.now(), self.world.roster.contains(node));
        let before = !self.delivered.insert((number, node));
        self.oracles.delivered(now, node, number, before, member, hops);
        let made = self.schedule.at(number);
        let Some(cast) = self.casts.get_mut(number as usize).filter(|_| !before && member) else { return };
        if self.world.is_dead(node) {
            return;
        }
        cast.reached += 1;
        cast.hops += u64::from(hops);
        cast.most_hops = cast.most_hops.max(hops);
        cast.last = cast.last.max(now);
        if hops == 1 {
            cast.first_hop = cast.first_hop.max(now);
        }
        if hops > 0 {
            self.delays.push(now.since(made).as_millis_f64());
        }
        if cast.reached == self.live {
            self.oracles.complete(now, made);
        }
    }

    /// From here on suspicions count: the first intervals have no history of losses.
    fn settled(&self) -> Time {
        Time::ZERO + self.world.config.pulse.unwrap_or_default() * 10
    }

    /// The measurements of a run that looks like this now.
    pub(crate) fn metrics<T: Carrier>(&mut self, sight: &Sight<'_, Node<T>>) -> Vec<(&'static str, f64)> {
        for (number, cast) in self.casts.iter().enumerate() {
            self.oracles.over(sight.now(), number, cast.reached, self.live);
        }
        let mut out = self.reach();
        self.costs(sight, &mut out);
        if let (Some(mean), Some([p50, p99])) = (self.delays.mean(), self.delays.quantiles([0.5, 0.99])) {
            out.extend([("delay_mean_ms", mean), ("delay_p50_ms", p50), ("delay_p99_ms", p99)]);
        }
        out
    }

    fn reach(&self) -> Vec<(&'static str, f64)> {
        let (casts, live) = (self.casts.len() as f64, self.live.max(1) as f64);
        let reached: usize = self.casts.iter().map(|c| c.reached).sum();
        let complete = self.casts.iter().filter(|c| c.reached == self.live).count();
        let entered = self.casts.iter().filter(|c| c.reached > 0).count();
        let mut out = vec![
            ("coverage", reached as f64 / live / casts),
            ("complete_share", complete as f64 / casts),
            ("entered_share", entered as f64 / casts),
        ];
        if reached > 0 {
            let hops: u64 = self.casts.iter().map(|c| c.hops).sum();
            let most: u64 = self.casts.iter().map(|c| u64::from(c.most_hops)).sum();
            let last = |(number, cast): (usize, &Cast)| cast.last.since(self.schedule.at(number as u32));
            let lasts: f64 = self.casts.iter().enumerate().map(last).map(|s| s.as_millis_f64()).sum();
            out.push(("hops_mean", hops as f64 / reached as f64));
            out.push(("hops_max", most as f64 / casts));
            out.push(("delay_max_ms", lasts / casts));
            let busy = |(number, cast): (usize, &Cast)| cast.first_hop.since(self.schedule.at(number as u32));
            let firsts: f64 = self.casts.iter().enumerate().map(busy).map(|s| s.as_millis_f64()).sum();
            out.push(("first_hop_ms", firsts / casts));
        }
        out
    }

    fn costs<T: Carrier>(&self, sight: &Sight<'_, Node<T>>, out: &mut Vec<(&'static str, f64)>) {
        let casts = self.casts.len() as f64;
        let (mut sent, mut duplicates, mut expired, mut arrived, mut strangers) = (0, 0, 0, 0, 0);
        for id in sight.ids() {
            let counters = sight.node(id).upper.counters();
            sent += counters.sent;
            let copies = counters.delivered + counters.duplicates + counters.expired;
            if self.world.roster.contains(id) {
                duplicates += counters.duplicates;
                expired += counters.expired;
                arrived += copies;
            } else {
                strangers += copies + counters.unknown_group;
            }
        }
        // The origin's own deliveries did not arrive.
        let own = self.casts.iter().filter(|c| c.reached > 0).count() as u64;
        let own = if self.origin == self.world.outsider && self.origin.is_some() { 0 } else { own };
        out.push(("messages", sent as f64 / casts));
        out.push(("duplicates", duplicates as f64 / casts / self.live.max(1) as f64));
        out.push(("outsider_load", strangers as f64 / casts));
        if self.origin.is_some() {
            out.push(("origin_bytes", self.origin_bytes as f64 / casts));
        }
        if arrived > own {
            out.push(("expired_share", expired as f64 / (arrived - own) as f64));
        }
        if let Some(pulse) = self.world.config.pulse {
            let live = sight.ids().filter(|&id| !self.world.is_dead(id));
            let watched = |id| {
                let peers = sight.node(id).upper.monitor().peers();
                peers.filter(|&peer| !self.world.is_dead(peer)).count() as u64
            };
            let pairs: u64 = live.map(watched).sum();
            let intervals = sight.now().since(self.settled()).as_secs_f64() / pulse.as_secs_f64();
            if pairs > 0 && intervals > 0.0 {
                out.push(("suspicion_rate", self.false_suspicions as f64 / pairs as f64 / intervals));
            }
        }
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&self, now: Time) -> Vec<Finding> {
        self.oracles.findings(now)
    }
}

impl<T: Carrier> Observer<Node<T>> for Metrics {
    fn on_indication(&mut self, node: NodeId, indication: &Event<Payload>, sight: &Sight<'_, Node<T>>) {
        match indication {
            Event::Delivered { hops, body, .. } => self.on_delivered(node, body.number, *hops, sight),
            Event::Peer(Change::Suspected(peer)) => {
                let settled = sight.now() >= self.settled();
                self.false_suspicions += u64::from(settled && !self.world.is_dead(*peer));
            }
            _ => {}
        }
    }

    fn on_send(&mut self, from: NodeId, message: &T::Msg, copies: usize, _now: Time) {
        if self.origin == Some(from) {
            self.origin_bytes += u64::from(message.wire_len()) * copies as u64;
        }
    }

    fn on_fault(&mut self, _id: &str, begins: bool, sight: &Sight<'_, Node<T>>) {
        if !begins {
            self.oracles.fault_ended(sight.now());
        }
    }

    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.casts.iter_mut().zip(other.casts) {
            mine.reached += theirs.reached;
            mine.hops += theirs.hops;
            mine.most_hops = mine.most_hops.max(theirs.most_hops);
            mine.last = mine.last.max(theirs.last);
            mine.first_hop = mine.first_hop.max(theirs.first_hop);
        }
        self.delivered.extend(other.delivered);
        self.delays.extend(other.delays);
        self.origin_bytes += other.origin_bytes;
        self.false_suspicions += other.false_suspicions;
        self.oracles.merge(other.oracles);
    }
}

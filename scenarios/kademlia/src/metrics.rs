//! What a run measures: see `spec.rs` for the meaning of each number.

use std::sync::Arc;

use astrarium_engine::{Finding, Observer, Sight};
use astrarium_node::{NodeId, Time, Wire};
use astrarium_protocol_overlay::kademlia::{Event, Found, Message, Target};
use astrarium_runner::quantile_sorted;

use crate::oracles::{Disturbance, Oracles};
use crate::world::{Node, World};

/// What is added up over lookups. Whole numbers, so that parts of a run merge in any order.
#[derive(Debug, Clone, Default)]
struct Sums {
    ended: u64,
    /// Ended at a node that is up, and while the target was.
    judged: u64,
    successes: u64,
    rounds: u64,
    rounds_max: u16,
    rpcs: u64,
    failures: u64,
    hijacked: u64,
    /// Nanoseconds that successful lookups took.
    took: Vec<u64>,
}

/// Bytes and messages sent.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    all: u64,
    find_node: u64,
    neighbours: u64,
}

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    lookups: u64,
    /// Whose eclipse is counted; empty: that of all honest nodes.
    victims: Arc<[NodeId]>,
    sums: Sums,
    sent: Sent,
    oracles: Oracles,
}

impl Metrics {
    /// For one run of so many lookups in this world.
    pub(crate) fn new(
        world: &Arc<World>,
        lookups: u64,
        victims: Arc<[NodeId]>,
        disturbance: Disturbance,
    ) -> Self {
        Self {
            world: Arc::clone(world),
            lookups,
            victims,
            sums: Sums::default(),
            sent: Sent::default(),
            oracles: Oracles::new(world, disturbance),
        }
    }

    /// The measurements of a run that looks like this now; what was not observed is absent.
    pub(crate) fn metrics(&mut self, sight: &Sight<'_, Node>) -> Vec<(&'static str, f64)> {
        let mut out = self.lookup_metrics();
        self.traffic_metrics(sight.now(), &mut out);
        self.table_metrics(sight, &mut out);
        out
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&mut self, end: Time) -> Vec<Finding> {
        self.oracles.findings(end)
    }

    fn lookup_metrics(&mut self) -> Vec<(&'static str, f64)> {
        let sums = &mut self.sums;
        let mut out = Vec::new();
        if self.lookups > 0 {
            out.push(("lookups_ended", sums.ended as f64 / self.lookups as f64));
        }
        if sums.judged > 0 {
            out.push(("lookup_success", sums.successes as f64 / sums.judged as f64));
        }
        if sums.ended > 0 {
            out.push(("rpcs_mean", sums.rpcs as f64 / sums.ended as f64));
            out.push(("hijacked_share", sums.hijacked as f64 / sums.ended as f64));
        }
        if sums.rpcs > 0 {
            out.push(("lookup_stale", sums.failures as f64 / sums.rpcs as f64));
        }
        if sums.successes > 0 {
            let rounds = sums.rounds as f64 / sums.successes as f64;
            out.extend([
                ("rounds_mean", rounds),
                ("hops_mean", rounds + 1.0),
                ("rounds_max", f64::from(sums.rounds_max)),
            ]);
            sums.took.sort_unstable();
            let ms: Vec<f64> = sums.took.iter().map(|&ns| ns as f64 / 1e6).collect();
            let quantile = |q: f64| quantile_sorted(&ms, q).unwrap_or(f64::NAN);
            let total: u128 = sums.took.iter().map(|&ns| u128::from(ns)).sum();
            out.extend([
                ("latency_mean_ms", total as f64 / 1e6 / sums.took.len() as f64),
                ("latency_p50_ms", quantile(0.5)),
                ("latency_p90_ms", quantile(0.9)),
                ("latency_p99_ms", quantile(0.99)),
            ]);
        }
        out
    }

    fn traffic_metrics(&self, now: Time, out: &mut Vec<(&'static str, f64)>) {
        let Sent { all, find_node, neighbours } = self.sent;
        if find_node > 0 {
            out.push(("amplification", neighbours as f64 / find_node as f64));
        }
        let node_seconds = now.since(Time::ZERO).as_secs_f64() * self.world.nodes() as f64;
        if node_seconds > 0.0 {
            out.push(("sent_per_node_bps", 8.0 * all as f64 / node_seconds));
        }
    }

    fn table_metrics(&self, sight: &Sight<'_, Node>, out: &mut Vec<(&'static str, f64)>) {
        let mut up = Tally::default();
        let mut honest = Tally::default();
        for id in sight.ids().filter(|&id| sight.is_up(id)) {
            up.add(&self.world, sight, id);
            if !self.world.is_corrupt(id) {
                honest.add(&self.world, sight, id);
            }
        }
        let nodes = up.nodes.max(1) as f64;
        out.extend([
            ("availability", up.nodes as f64 / sight.nodes().max(1) as f64),
            ("table_mean", up.contacts as f64 / nodes),
            ("table_max", up.largest as f64),
            ("joined_share", up.joined as f64 / nodes),
        ]);
        if up.contacts > 0 {
            out.push(("table_stale", up.stale as f64 / up.contacts as f64));
            out.push(("corrupt_contacts", honest.corrupt as f64 / honest.contacts.max(1) as f64));
        }
        if self.world.config.neighbours.is_some() {
            out.push(("neighbours_mean", honest.neighbours as f64 / honest.nodes.max(1) as f64));
            out.push((
                "corrupt_neighbours",
                honest.corrupt_neighbours as f64 / honest.neighbours.max(1) as f64,
            ));
            out.push(("eclipsed_share", self.eclipsed(sight)));
        }
    }

    fn eclipsed(&self, sight: &Sight<'_, Node>) -> f64 {
        let is_eclipsed = |id: NodeId| {
            let present = sight.node(id).upper.neighbours().present();
            !present.is_empty() && present.iter().all(|&peer| self.world.is_corrupt(peer))
        };
        let honest = sight.ids().filter(|&id| self.victims.is_empty() && !self.world.is_corrupt(id));
        let concerned: Vec<NodeId> = self.victims.iter().copied().chain(honest).collect();
        let eclipsed = concerned.iter().filter(|&&id| sight.is_up(id) && is_eclipsed(id)).count();
        eclipsed as f64 / concerned.len().max(1) as f64
    }

    fn on_found(&mut self, node: NodeId, found: &Found, sight: &Sight<'_, Node>) {
        let world = Arc::clone(&self.world);
        let is_up = |id: NodeId| sight.is_up(id);
        let (judged, success) = match found.target {
            Target::Node(target) => (is_up(target), found.contacts.first() == Some(&target)),
            Target::Key(key) => {
                let nearest = world.ring.nearest(key, 1, |id| id != node && is_up(id));
                (true, found.contacts.first() == nearest.first())
            }
        };
        let corrupt = found.contacts.iter().filter(|&&contact| world.is_corrupt(contact)).count();
        let sums = &mut self.sums;
        sums.ended += 1;
        sums.judged += u64::from(judged);
        sums.rpcs += u64::from(found.rpcs);
        sums.failures += u64::from(found.failures);
        sums.hijacked += u64::from(corrupt == world.config.k);
        if judged && success {
            sums.successes += 1;
            sums.rounds += u64::from(found.rounds);
            sums.rounds_max = sums.rounds_max.max(found.rounds);
            sums.took.push(found.took.as_nanos());
        }
        self.oracles.found(node, found, judged && success, sight, &world);
    }
}

/// Sums over tables.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    nodes: u64,
    contacts: u64,
    largest: usize,
    joined: u64,
    stale: u64,
    corrupt: u64,
    neighbours: u64,
    corrupt_neighbours: u64,
}

impl Tally {
    fn add(&mut self, world: &World, sight: &Sight<'_, Node>, id: NodeId) {
        let node = &sight.node(id).upper;
        let contacts = node.table().contacts();
        self.nodes += 1;
        self.contacts += contacts.len() as u64;
        self.largest = self.largest.max(contacts.len());
        self.joined += u64::from(!contacts.is_empty());
        for contact in contacts {
            self.stale += u64::from(!sight.is_up(contact.node));
            self.corrupt += u64::from(sight.is_controlled(contact.node) || world.is_corrupt(contact.node));
        }
        let present = node.neighbours().present();
        self.neighbours += present.len() as u64;
        self.corrupt_neighbours += present.iter().filter(|&&peer| world.is_corrupt(peer)).count() as u64;
    }
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, node: NodeId, indication: &Event, sight: &Sight<'_, Node>) {
        if let Event::Found(found) = indication {
            self.on_found(node, found, sight);
        }
    }

    fn on_send(&mut self, from: NodeId, message: &Message, copies: usize, now: Time) {
        let bytes = u64::from(message.wire_len()) * copies as u64;
        self.sent.all += bytes;
        match message {
            Message::FindNode { .. } => self.sent.find_node += bytes,
            Message::Neighbours { .. } => {
                self.sent.neighbours += bytes;
                if !self.world.coalition.is_empty() && self.world.is_corrupt(from) {
                    self.oracles.met(now);
                }
            }
            _ => {}
        }
    }

    fn finished(&self) -> bool {
        self.sums.ended >= self.lookups && self.lookups > 0
    }

    fn merge(&mut self, other: Self) {
        let (mine, theirs) = (&mut self.sums, other.sums);
        mine.ended += theirs.ended;
        mine.judged += theirs.judged;
        mine.successes += theirs.successes;
        mine.rounds += theirs.rounds;
        mine.rounds_max = mine.rounds_max.max(theirs.rounds_max);
        mine.rpcs += theirs.rpcs;
        mine.failures += theirs.failures;
        mine.hijacked += theirs.hijacked;
        mine.took.extend(theirs.took);
        self.sent.all += other.sent.all;
        self.sent.find_node += other.sent.find_node;
        self.sent.neighbours += other.sent.neighbours;
        self.oracles.merge(other.oracles);
    }
}

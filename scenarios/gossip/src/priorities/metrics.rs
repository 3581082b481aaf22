//! What a run measures: see `spec.rs` for the meaning of each number. Deliveries and refusals are counted when they happen, so in a steady
//! state the messages in the queues at both ends of the count cancel.

use std::sync::Arc;

use astrarium_engine::{Finding, Observer, Sight};
use astrarium_node::{NodeId, Time};
use astrarium_protocol_transport::Event;

use super::note::{CLASSES, Note, index};
use super::oracles::Oracles;
use super::world::{Node, World};

const DROP: [&str; 3] = ["drop_high", "drop_medium", "drop_low"];
const DELAY: [&str; 3] = ["delay_high_ms", "delay_medium_ms", "delay_low_ms"];
const SHARE: [&str; 3] = ["share_high", "share_medium", "share_low"];

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    warm: Time,
    delivered: [u64; 3],
    refused: [u64; 3],
    /// Sum of the delays, in nanoseconds.
    delay: [u128; 3],
    bytes: u64,
    /// Greatest number that each node has received of each class.
    last: Vec<[Option<u64>; 3]>,
    oracles: Oracles,
}

impl Metrics {
    /// For one run in this world, counting from `warm` on.
    pub(crate) fn new(world: &Arc<World>, warm: Time, overload: bool) -> Self {
        Self {
            warm,
            delivered: [0; 3],
            refused: [0; 3],
            delay: [0; 3],
            bytes: 0,
            last: vec![[None; 3]; world.nodes as usize],
            oracles: Oracles::new(overload),
            world: Arc::clone(world),
        }
    }

    fn delivered(&mut self, node: NodeId, note: &Note, now: Time) {
        let class = index(note.class);
        let last = &mut self.last[node.index()][class];
        self.oracles.delivered(node, note.number, *last, now);
        *last = Some(note.number);
        if now < self.warm {
            return;
        }
        self.delivered[class] += 1;
        self.delay[class] += u128::from(now.as_nanos() - note.born.min(now.as_nanos()));
        self.bytes += u64::from(note.bytes) + u64::from(self.world.config.overhead);
    }

    /// The measurements of a run that ends now; what was not observed is absent.
    pub(crate) fn metrics(&self, now: Time) -> Vec<(&'static str, f64)> {
        let mut out = Vec::new();
        let all: u64 = self.delivered.iter().sum();
        for class in CLASSES.map(index) {
            let (delivered, refused) = (self.delivered[class] as f64, self.refused[class] as f64);
            if delivered + refused > 0.0 {
                out.push((DROP[class], refused / (delivered + refused)));
            }
            if delivered > 0.0 {
                out.push((DELAY[class], self.delay[class] as f64 / 1e6 / delivered));
                out.push((SHARE[class], delivered / all as f64));
            }
        }
        let seconds = now.since(self.warm).as_secs_f64() * f64::from(self.world.nodes / 2);
        if seconds > 0.0 {
            out.push(("utilisation", 8.0 * self.bytes as f64 / seconds / self.world.config.rate as f64));
        }
        out
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&mut self, sight: &Sight<'_, Node>) -> Vec<Finding> {
        let offered =
            |class: usize| sight.ids().any(|id| sight.node(id).upper.counts().offered[class] > 1_000);
        let offered = [offered(0), offered(1), offered(2)];
        self.oracles.end(offered, self.delivered.map(|n| n > 0), sight.now());
        self.oracles.findings()
    }
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, node: NodeId, event: &Event<Note>, sight: &Sight<'_, Node>) {
        let now = sight.now();
        match event {
            Event::Delivered { from, message } => {
                self.delivered(node, message, now);
                let waiting = sight.node(*from).upper.waiting(node);
                self.oracles.queues(*from, waiting, self.world.config.capacity, now);
            }
            Event::Refused { message, .. } => {
                self.oracles.refused(now);
                self.refused[index(message.class)] += u64::from(now >= self.warm);
            }
            Event::PeerUp { .. } | Event::PeerDown { .. } => {}
        }
    }

    fn merge(&mut self, other: Self) {
        for class in 0..3 {
            self.delivered[class] += other.delivered[class];
            self.refused[class] += other.refused[class];
            self.delay[class] += other.delay[class];
        }
        self.bytes += other.bytes;
        for (mine, theirs) in self.last.iter_mut().zip(other.last) {
            for class in 0..3 {
                mine[class] = mine[class].max(theirs[class]);
            }
        }
        self.oracles.merge(other.oracles);
    }
}

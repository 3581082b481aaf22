//! What a run measures: see `spec.rs` for the meaning of each number.

use std::sync::Arc;

use astrarium_engine::{Finding, Observer, Sight};
use astrarium_node::{NodeId, Span, Time, Wire};
use astrarium_protocol_overlay::kademlia::{Event, Got, Message};

use crate::world::{Node, World};

use super::oracles::{Ending, Expectations, Oracles};
use super::workload::Load;

/// What is added up. Whole numbers, so that parts of a run merge in any order.
#[derive(Debug, Clone, Default)]
struct Sums {
    puts: u64,
    holders: u64,
    put_rounds: u64,
    put_rpcs: u64,
    put_took: u64,
    ended: u64,
    judged: u64,
    genuine: u64,
    forged: u64,
    rounds: u64,
    rpcs: u64,
    /// Nanoseconds that successful gets took.
    took: Vec<u64>,
    stores: u64,
    bytes: u64,
}

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    load: Load,
    /// When each record was put, if it was, with at least one holder.
    stored: Vec<Option<Time>>,
    sums: Sums,
    oracles: Oracles,
}

impl Metrics {
    /// For one run of this load in this world.
    pub(crate) fn new(world: &Arc<World>, load: &Load, expect: Expectations) -> Self {
        Self {
            world: Arc::clone(world),
            load: load.clone(),
            stored: vec![None; load.puts() as usize],
            sums: Sums::default(),
            oracles: Oracles::new(expect),
        }
    }

    /// The measurements of a run that looks like this now; what was not observed is absent.
    pub(crate) fn metrics(&mut self, sight: &Sight<'_, Node>) -> Vec<(&'static str, f64)> {
        let mut out = self.put_metrics();
        self.get_metrics(&mut out);
        self.holder_metrics(sight, &mut out);
        let node_seconds = sight.now().since(Time::ZERO).as_secs_f64() * self.world.nodes() as f64;
        if node_seconds > 0.0 {
            out.push(("sent_per_node_bps", 8.0 * self.sums.bytes as f64 / node_seconds));
        }
        out
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&mut self, end: Time) -> Vec<Finding> {
        self.oracles.findings(end)
    }

    fn put_metrics(&self) -> Vec<(&'static str, f64)> {
        let sums = &self.sums;
        let puts = sums.puts as f64;
        let mut out = vec![("puts_ended", puts / self.load.puts() as f64)];
        if sums.puts > 0 {
            out.extend([
                ("put_holders", sums.holders as f64 / puts),
                ("put_rounds_mean", sums.put_rounds as f64 / puts),
                ("put_rpcs_mean", sums.put_rpcs as f64 / puts),
                ("put_ms", sums.put_took as f64 / 1e6 / puts),
                ("stores_per_record", sums.stores as f64 / puts),
            ]);
        }
        out
    }

    fn get_metrics(&mut self, out: &mut Vec<(&'static str, f64)>) {
        let sums = &mut self.sums;
        out.push(("gets_ended", sums.ended as f64 / self.load.gets() as f64));
        if sums.judged > 0 {
            out.push(("get_success", sums.genuine as f64 / sums.judged as f64));
            out.push(("get_forged", sums.forged as f64 / sums.judged as f64));
        }
        if sums.ended > 0 {
            out.push(("get_rpcs_mean", sums.rpcs as f64 / sums.ended as f64));
        }
        if sums.genuine > 0 {
            sums.took.sort_unstable();
            let quantile = |q: f64| sums.took[((sums.took.len() - 1) as f64 * q) as usize] as f64 / 1e6;
            out.extend([
                ("get_rounds_mean", sums.rounds as f64 / sums.genuine as f64),
                ("get_p50_ms", quantile(0.5)),
                ("get_p99_ms", quantile(0.99)),
            ]);
        }
    }

    fn holder_metrics(&self, sight: &Sight<'_, Node>, out: &mut Vec<(&'static str, f64)>) {
        let up: Vec<NodeId> = sight.ids().filter(|&id| sight.is_up(id)).collect();
        out.push(("availability", up.len() as f64 / sight.nodes().max(1) as f64));
        let put: Vec<u64> = (0..self.load.puts()).filter(|&i| self.stored[i as usize].is_some()).collect();
        if put.is_empty() || up.is_empty() {
            return;
        }
        let (mut alive, mut lost) = (0_u64, 0_u64);
        for &number in &put {
            let key = self.load.record(number).key;
            let holders =
                up.iter().filter(|&&id| sight.node(id).upper.holds(key, sight.now()).is_some()).count();
            alive += holders as u64;
            lost += u64::from(holders == 0);
        }
        out.push(("holders_alive", alive as f64 / put.len() as f64));
        out.push(("records_lost", lost as f64 / put.len() as f64));
        let counts = || up.iter().map(|&id| sight.node(id).upper.records() as f64);
        let mean = counts().sum::<f64>() / up.len() as f64;
        if mean > 0.0 {
            out.push(("busiest_holder", counts().fold(0.0, f64::max) / mean));
        }
    }

    fn on_stored(&mut self, number: u64, holders: u32, rounds: u16, rpcs: u32, took: Span, now: Time) {
        let Some(slot) = self.stored.get_mut(number as usize) else { return };
        *slot = (holders > 0).then_some(now);
        self.sums.puts += 1;
        self.sums.holders += u64::from(holders);
        self.sums.put_rounds += u64::from(rounds);
        self.sums.put_rpcs += u64::from(rpcs);
        self.sums.put_took += took.as_nanos();
    }

    fn on_got(&mut self, node: NodeId, got: &Got, now: Time) {
        let number = self.load.wanted(got.query);
        let stored = self.stored[number as usize].is_some_and(|at| at + got.took <= now);
        let ending = match got.record {
            None => Ending::Nothing,
            Some(record) if record == self.load.record(number) => Ending::Genuine,
            Some(_) => Ending::Forged,
        };
        self.oracles.got(node, got, ending, stored, now);
        let sums = &mut self.sums;
        sums.ended += 1;
        sums.rpcs += u64::from(got.rpcs);
        if !stored {
            return;
        }
        sums.judged += 1;
        sums.forged += u64::from(ending == Ending::Forged);
        if ending == Ending::Genuine {
            sums.genuine += 1;
            sums.rounds += u64::from(got.rounds);
            sums.took.push(got.took.as_nanos());
        }
    }
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, node: NodeId, indication: &Event, sight: &Sight<'_, Node>) {
        match *indication {
            Event::Stored { query, holders, rounds, rpcs, took } => {
                self.on_stored(query, holders, rounds, rpcs, took, sight.now());
            }
            Event::Got(ref got) => self.on_got(node, got, sight.now()),
            _ => {}
        }
    }

    fn on_send(&mut self, from: NodeId, message: &Message, copies: usize, now: Time) {
        self.sums.bytes += u64::from(message.wire_len()) * copies as u64;
        self.sums.stores += if matches!(message, Message::Store { .. }) { copies as u64 } else { 0 };
        let answer = matches!(message, Message::Value { .. } | Message::Neighbours { .. });
        if answer && self.world.is_corrupt(from) {
            self.oracles.met(now);
        }
    }

    fn finished(&self) -> bool {
        self.sums.ended >= self.load.gets()
    }

    fn merge(&mut self, other: Self) {
        let (mine, theirs) = (&mut self.sums, other.sums);
        mine.puts += theirs.puts;
        mine.holders += theirs.holders;
        mine.put_rounds += theirs.put_rounds;
        mine.put_rpcs += theirs.put_rpcs;
        mine.put_took += theirs.put_took;
        mine.ended += theirs.ended;
        mine.judged += theirs.judged;
        mine.genuine += theirs.genuine;
        mine.forged += theirs.forged;
        mine.rounds += theirs.rounds;
        mine.rpcs += theirs.rpcs;
        mine.took.extend(theirs.took);
        mine.stores += theirs.stores;
        mine.bytes += theirs.bytes;
        for (mine, theirs) in self.stored.iter_mut().zip(other.stored) {
            *mine = mine.or(theirs);
        }
        self.oracles.merge(other.oracles);
    }
}

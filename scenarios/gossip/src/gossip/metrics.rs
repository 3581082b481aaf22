//! What a run measures: see `spec.rs` for the meaning of each number.

use std::sync::Arc;

use astrarium_engine::{Fault, Finding, Observer, Sight};
use astrarium_net::Modelled;
use astrarium_node::{NodeId, Span, Time, Wire};
use astrarium_protocol_overlay::gossip::{Blob, Event, ItemId, Message, Mode, Stats};

use super::oracles::{Expectations, Oracles};
use super::waves::Wave;
use super::workload::{Publications, number_of};
use super::world::{Node, World};

/// Names of the times of a wave, in the order of its shares.
const COVER: [&str; 5] = ["cover_t50_ms", "cover_t90_ms", "cover_t95_ms", "cover_t99_ms", "cover_t100_ms"];
/// Position of 95 % among them.
const T95: usize = 2;
/// Position of 100 %.
const T100: usize = 4;

/// The observer of every run.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    world: Arc<World>,
    load: Publications,
    /// Knows how many bytes a message takes with its headers.
    network: Arc<Modelled>,
    honest: u32,
    /// Somebody was down at some time: audiences must be counted.
    unsteady: bool,
    /// By number of the item.
    waves: Vec<Option<Wave>>,
    /// The same for digests (bodies from holders).
    digests: Vec<Option<Wave>>,
    published: usize,
    complete: usize,
    /// Stop when everything has reached everybody.
    until_covered: bool,
    messages: u64,
    bytes: Vec<u64>,
    /// Deliveries from others in the second half of the load.
    learned: u64,
    oracles: Oracles,
}

impl Metrics {
    /// For one run in this world.
    pub(crate) fn new(world: &Arc<World>, load: &Publications, plan: &[Fault], expect: Expectations) -> Self {
        let items = load.items() as usize;
        let digests = if world.holders.is_empty() { 0 } else { items };
        Self {
            load: load.clone(),
            network: Arc::new(world.network.clone()),
            honest: world.nodes - world.coalition.len() as u32,
            unsteady: false,
            waves: vec![None; items],
            digests: vec![None; digests],
            published: 0,
            complete: 0,
            until_covered: false,
            messages: 0,
            bytes: vec![0; world.nodes as usize],
            learned: 0,
            oracles: Oracles::new(expect, plan),
            world: Arc::clone(world),
        }
    }

    /// Ends the run as soon as every item has reached everybody.
    pub(crate) fn until_covered(mut self, yes: bool) -> Self {
        self.until_covered = yes;
        self
    }

    /// Honest nodes that are up.
    fn audience(&self, sight: &Sight<'_, Node>) -> u32 {
        if !self.unsteady {
            return self.honest;
        }
        sight.ids().filter(|&id| sight.is_up(id) && !sight.is_controlled(id)).count() as u32
    }

    fn delivered(&mut self, node: NodeId, id: ItemId, from: Option<NodeId>, sight: &Sight<'_, Node>) {
        let now = sight.now();
        let Some(number) = number_of(id, self.load.items()).map(|n| n as usize) else {
            self.oracles.delivered(node, id, true, false, now);
            return;
        };
        if from.is_none() && self.waves[number].is_none() {
            self.published += 1;
            self.waves[number] = Some(Wave::new(now, self.audience(sight), self.world.nodes));
        }
        let Some(wave) = &mut self.waves[number] else {
            self.oracles.delivered(node, id, true, false, now);
            return;
        };
        let (had, was_complete) = (wave.time(T95).is_some(), wave.is_complete());
        let first = wave.reach(node.0, now);
        self.complete += usize::from(!was_complete && wave.is_complete());
        // Who lost its memory, or has forgotten what is old, may rightly deliver again.
        let forgotten = now.since(wave.published()) > self.world.config.seen_ttl;
        self.oracles.delivered(node, id, first || self.unsteady || forgotten, true, now);
        if !had && wave.time(T95).is_some() {
            let published = wave.published();
            self.oracles.spread(published, now);
        }
        if let Some(from) = from {
            if from != self.load.source(number as u32) {
                self.oracles.relayed(now);
            }
            let half = self.load.begin() + self.load.duration() / 2;
            let end = self.load.begin() + self.load.duration();
            self.learned += u64::from(first && now >= half && now < end);
        }
    }

    fn heard(&mut self, node: NodeId, id: ItemId, sight: &Sight<'_, Node>) {
        let audience = self.audience(sight);
        let Some(number) = number_of(id, self.load.items()) else { return };
        let at = self.load.at(number);
        let Some(slot) = self.digests.get_mut(number as usize) else { return };
        slot.get_or_insert_with(|| Wave::new(at, audience, self.world.nodes)).reach(node.0, sight.now());
    }

    /// The measurements of a run that looks like this now; what was not observed is absent.
    pub(crate) fn metrics(&mut self, sight: &Sight<'_, Node>) -> Vec<(&'static str, f64)> {
        let mut out = Vec::new();
        self.coverage(&mut out);
        self.costs(sight, &mut out);
        self.special(sight, &mut out);
        out
    }

    /// Verdicts of the oracles.
    pub(crate) fn findings(&mut self, sight: &Sight<'_, Node>) -> Vec<Finding> {
        let reached = self.waves.iter().flatten().filter(|wave| wave.is_complete()).count();
        self.oracles.end(reached, self.load.items() as usize, sight.now());
        if honest_stats(sight).any(|stats| stats.asked_again + stats.distrusted > 0) {
            self.oracles.deceived(sight.now());
        }
        self.oracles.findings(sight.now())
    }

    fn coverage(&self, out: &mut Vec<(&'static str, f64)>) {
        let waves = || self.waves.iter().flatten();
        for (at, name) in COVER.into_iter().enumerate() {
            out.extend(mean_ms(waves().filter_map(|wave| wave.time(at))).map(|ms| (name, ms)));
        }
        let (sum, n) = waves().map(Wave::delays).fold((0.0, 0), |(s, n), (a, b)| (s + a, n + u64::from(b)));
        if n > 0 {
            out.push(("delay_mean_ms", sum / n as f64));
        }
        if self.published > 0 {
            out.push(("coverage", waves().map(Wave::coverage).sum::<f64>() / self.published as f64));
            let (sum, n) = waves()
                .map(Wave::coverage)
                .filter(|share| *share >= 0.5)
                .fold((0.0, 0_u32), |(sum, n), share| (sum + share, n + 1));
            if n > 0 {
                out.push(("coverage_major", sum / f64::from(n)));
            }
            out.push(("reached_all", f64::from(u8::from(self.complete == self.published))));
        }
    }

    fn costs(&self, sight: &Sight<'_, Node>, out: &mut Vec<(&'static str, f64)>) {
        let mut sum = Stats::default();
        for stats in honest_stats(sight) {
            sum.received += stats.received;
            sum.duplicates += stats.duplicates;
        }
        let first = sum.received - sum.duplicates;
        if first > 0 {
            out.push(("dup_factor", sum.received as f64 / first as f64));
        }
        let shares = f64::from(self.world.nodes) * self.published.max(1) as f64;
        out.push(("msgs_per_node", self.messages as f64 / shares));
        out.push(("bytes_per_node", self.bytes.iter().sum::<u64>() as f64 / shares));
        if !self.world.full {
            let nodes = sight.ids().map(|id| sight.node(id));
            let is_mesh = matches!(self.world.config.mode, Mode::Mesh(_));
            let links = nodes.enumerate().map(|(i, node)| {
                if is_mesh { node.upper.mesh().len() } else { self.world.topology.degree(NodeId::from(i)) }
            });
            out.push(("mean_degree", links.sum::<usize>() as f64 / f64::from(self.world.nodes)));
        }
        let time = self.load.duration().as_secs_f64();
        let bits = |bytes: u64| bytes as f64 * 8.0 / time;
        out.push(("sent_bps", bits(self.bytes.iter().sum()) / f64::from(self.world.nodes)));
        let learned = self.learned as f64 / f64::from(self.honest) / (time / 2.0);
        out.push(("body_bps", learned * 8.0 * f64::from(self.load.bytes())));
        out.extend(self.bytes.iter().max().map(|&most| ("busiest_upload_bps", bits(most))));
        let held: u64 = self.world.holders.iter().map(|id| self.bytes[id.index()]).sum();
        if !self.world.holders.is_empty() {
            out.push(("holder_upload_bps", bits(held) / self.world.holders.len() as f64));
        }
    }

    fn special(&self, sight: &Sight<'_, Node>, out: &mut Vec<(&'static str, f64)>) {
        out.extend(
            mean_ms(self.digests.iter().flatten().filter_map(|w| w.time(T95))).map(|t| ("hash_t95_ms", t)),
        );
        let honest = f64::from(self.honest);
        let sum = |of: fn(&Stats) -> u64| honest_stats(sight).map(of).sum::<u64>() as f64;
        match &self.world.config.mode {
            Mode::Epidemic(c) => out.extend(self.rounds(c.interval).map(|rounds| ("rounds", rounds))),
            Mode::Inventory(c) => {
                let items = self.published.max(1) as f64;
                out.push(("waited_ms", sum(|s| s.asked_again) * c.timeout.as_millis_f64() / honest / items));
            }
            Mode::Sync(_) => {
                let half = self.load.duration().as_secs_f64() / 2.0;
                out.push(("learned_tps", self.learned as f64 / honest / half));
                out.push(("distrusted", sum(|s| s.distrusted) / honest));
                let got = sum(|s| s.received);
                out.push(("junk_requests", (sum(|s| s.asked) - got).max(0.0) / honest));
            }
            _ => {}
        }
        if !self.world.full {
            out.extend(self.isolated(sight).map(|share| ("isolated_share", share)));
        }
    }

    /// Rounds until everybody had an item, mean over items; absent when one did not reach everybody.
    fn rounds(&self, interval: Span) -> Option<f64> {
        let round = |at: Time| at.as_nanos() / interval.as_nanos();
        let of = |wave: &Wave| {
            let all = wave.published() + wave.time(T100)?;
            Some((round(all) - round(wave.published())) as f64)
        };
        let rounds: Vec<f64> = self.waves.iter().flatten().map(of).collect::<Option<_>>()?;
        (!rounds.is_empty()).then(|| rounds.iter().sum::<f64>() / rounds.len() as f64)
    }

    fn isolated(&self, sight: &Sight<'_, Node>) -> Option<f64> {
        let up: Vec<NodeId> = sight.ids().filter(|&id| sight.is_up(id)).collect();
        let alone = |id: &&NodeId| self.world.topology.peers(**id).iter().all(|&peer| !sight.is_up(peer));
        (!up.is_empty()).then(|| up.iter().filter(alone).count() as f64 / up.len() as f64)
    }
}

fn honest_stats<'a>(sight: &Sight<'a, Node>) -> impl Iterator<Item = &'a Stats> {
    let honest: Vec<&'a Node> =
        sight.ids().filter(|&id| !sight.is_controlled(id)).map(|id| sight.node(id)).collect();
    honest.into_iter().map(|node| node.upper.stats())
}

fn mean_ms(times: impl Iterator<Item = Span>) -> Option<f64> {
    let (sum, n) = times.fold((0.0, 0_u32), |(sum, n), t| (sum + t.as_millis_f64(), n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

impl Observer<Node> for Metrics {
    fn on_indication(&mut self, node: NodeId, event: &Event<Blob>, sight: &Sight<'_, Node>) {
        if sight.is_controlled(node) {
            return;
        }
        match event {
            Event::Delivered { item, from } => self.delivered(node, item.id, *from, sight),
            Event::Heard { id } => self.heard(node, *id, sight),
        }
    }

    fn on_send(&mut self, from: NodeId, message: &Message<Blob>, copies: usize, _now: Time) {
        self.messages += copies as u64;
        self.bytes[from.index()] += self.network.wire_bytes(message.wire_len()) * copies as u64;
    }

    fn on_life(&mut self, _node: NodeId, _up: bool, _sight: &Sight<'_, Node>) {
        self.unsteady = true;
    }

    fn on_fault(&mut self, _id: &str, begins: bool, sight: &Sight<'_, Node>) {
        if !begins {
            self.oracles.healed(sight.now());
        }
    }

    fn finished(&self) -> bool {
        self.until_covered && self.complete == self.load.items() as usize
    }

    /// Counters add up. A wave is kept by the part in which its item was published.
    fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.waves.iter_mut().zip(other.waves) {
            *mine = mine.take().or(theirs);
        }
        for (mine, theirs) in self.digests.iter_mut().zip(other.digests) {
            *mine = mine.take().or(theirs);
        }
        self.bytes.iter_mut().zip(other.bytes).for_each(|(mine, theirs)| *mine += theirs);
        self.messages += other.messages;
        self.learned += other.learned;
        self.published += other.published;
        self.complete += other.complete;
        self.unsteady |= other.unsteady;
        self.oracles.merge(other.oracles);
    }
}

//! The network itself: what happens to a parcel between the sender's processor and the recipient's.
//!
//! Stages, in the order of the design (§4): uplink queue → middleboxes → partitions → loss → propagation with jitter and
//! reordering → rate of the link (files only) → duplication → partitions → middleboxes → downlink queue. Only addressed messages
//! meet middleboxes (`addressed.rs`).

use std::sync::Arc;

use astrarium_node::collections::Map;
use astrarium_node::{Domain, Header, NodeId, Probability, Seed, Span, Stream, Time};

use crate::access::{Access, LOOKBACK, Train};
use crate::change::{Disturbance, NetChange};
use crate::config::{Discipline, Fidelity, NetConfig, Oversize};
use crate::contract::{Arrival, Fate, Landing, Move, Network, Parcel, Side, Transit};
use crate::device::DeviceClass;
use crate::disturbance::{Cut, Disturbances};
use crate::error::NetError;
use crate::latency::{self, Sampler, Wobble};
use crate::link::{LossState, Packets, Stretch, any};
use crate::nat::Boxes;
use crate::placement;
use crate::slots::Slots;
use crate::topology::{EdgeAttributes, Edges, TopologyKind};
use crate::traffic::Traffic;

mod carried;
mod fair;
mod flight;
mod queues;

use carried::Carriers;
use fair::FairLinks;

/// A network as its [`NetConfig`] describes it.
///
/// A parcel's fate is a function of the seed, its identity and the state of the links it uses; the order in which other
/// parcels were asked about does not matter.
#[derive(Debug, Clone)]
pub struct Modelled {
    seed: Seed,
    /// Constant delay, and nothing else ever happens: the fast path. Derived; see [`Modelled::derive`].
    plain: Option<u64>,
    sampler: Sampler,
    wobble: Wobble,
    loss: LossState,
    duplicate: Probability,
    /// Last arrival of each directed pair, when pairs keep their order.
    fifo: Option<Map<(u32, u32), u64>>,
    mtu: u64,
    fidelity: Fidelity,
    oversize: Oversize,
    buffer_up: Option<u64>,
    buffer_down: Option<u64>,
    /// Queues that are limited in packets.
    slots: Option<Slots>,
    /// Undisturbed rates in bit/s, up and down; empty when all are unlimited.
    rates: Arc<[(u64, u64)]>,
    access: Vec<Access>,
    /// Regions of the nodes; empty when there are none.
    regions: Arc<[u16]>,
    /// What kinds of machines the nodes are; empty without classes.
    classes: Arc<[Option<DeviceClass>]>,
    edges: Option<Arc<Edges>>,
    /// Directed links with a rate are busy until.
    edge_until: Map<(u32, u32), u64>,
    boxes: Boxes,
    disturbances: Disturbances,
    /// Transports in closed form.
    carriers: Option<Carriers>,
    /// What waits for access links that serve peers in turns.
    fair: Option<FairLinks>,
    /// Whether there is either of the two: one question in place of two where most networks have neither.
    apart: bool,
    /// How late the downlink may be asked about a piece ([`Access::due`]).
    lookback: u64,
    lookahead: u64,
    traffic: Traffic,
}

impl Modelled {
    /// From a configuration that has been checked.
    pub(crate) fn new(config: &NetConfig, seed: Seed) -> Result<Self, NetError> {
        let sampler = Sampler::new(&config.latency);
        let edges = match &config.topology {
            TopologyKind::File(graph) => graph.edge_attributes(),
            _ => None,
        };
        let least_edge = edges.iter().flat_map(|e| e.values()).filter_map(|a| a.latency).min();
        let lookahead = least_edge.map_or(sampler.least(), |l| l.as_nanos().min(sampler.least()));
        let boxes = Boxes::new(&placement::sites(config, seed), config.nodes, seed);
        let regions = placement::regions(config, boxes.plan().housemates(), seed);
        let rates = placement::rates(config, &regions, seed);
        let (buffer_up, buffer_down) = config.buffers();
        let mut network = Self {
            seed,
            plain: None,
            sampler,
            wobble: Wobble::new(config.jitter, config.reorder),
            loss: LossState::new(config.loss),
            duplicate: Probability::new(config.duplicate),
            fifo: config.fifo.then(Map::default),
            mtu: u64::from(config.mtu),
            fidelity: config.fidelity,
            oversize: config.oversize,
            buffer_up,
            buffer_down,
            slots: match config.discipline {
                Discipline::Fifo => Slots::new(rates.len(), config.packets_up, config.packets_down),
                Discipline::Fair => None,
            },
            access: rates.iter().map(|&rates| Access::new(rates)).collect(),
            rates,
            regions,
            classes: placement::classes(config, seed),
            edges: edges.map(Arc::new),
            edge_until: Map::default(),
            boxes,
            disturbances: Disturbances::default(),
            carriers: Carriers::new(&config.transport),
            fair: FairLinks::new(config),
            apart: false,
            lookback: LOOKBACK,
            lookahead: lookahead.max(1),
            traffic: Traffic::default(),
        };
        network.apart = network.carriers.is_some() || network.fair.is_some();
        if network.fair.is_some() {
            network.lookback = 0;
        }
        network.derive();
        Ok(network)
    }

    /// Finds out whether the fast path may be taken.
    fn derive(&mut self) {
        let plain = self.wobble.none
            && self.loss.none()
            && self.duplicate.is_zero()
            && self.access.is_empty()
            && self.edges.is_none()
            && self.oversize == Oversize::Fragment
            && self.fidelity == Fidelity::Message
            && self.carriers.is_none()
            && self.disturbances.none();
        // Constant delay keeps the order by itself, so `fifo` does not matter here.
        self.plain = if plain { self.sampler.constant() } else { None };
    }

    /// What became of the pieces so far.
    #[must_use]
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Number of a node's region in its table, where there are regions.
    #[must_use]
    pub fn region(&self, node: NodeId) -> Option<u16> {
        self.regions.get(node.index()).copied()
    }

    /// What kind of machine a node is, where there are classes.
    #[must_use]
    pub fn device_class(&self, node: NodeId) -> Option<DeviceClass> {
        self.classes.get(node.index()).copied().flatten()
    }

    /// Undisturbed uplink and downlink rate of a node in bit/s; `None` is unlimited.
    #[must_use]
    pub fn rates(&self, node: NodeId) -> (Option<u64>, Option<u64>) {
        let (up, down) = self.rates.get(node.index()).copied().unwrap_or((0, 0));
        ((up > 0).then_some(up), (down > 0).then_some(down))
    }

    /// Mean one-way propagation delay between two nodes, without jitter and queues.
    #[must_use]
    pub fn expected_latency(&self, from: NodeId, to: NodeId) -> Span {
        let edge = self.edge(from, to).latency;
        edge.unwrap_or_else(|| self.sampler.mean(self.region_index(from), self.region_index(to)))
    }

    /// Bytes on the wire of a message with this encoded length, headers of all its packets included.
    #[must_use]
    pub fn wire_bytes(&self, bytes: u32) -> u64 {
        Packets::of(bytes, self.mtu).all().total
    }

    fn region_index(&self, node: NodeId) -> usize {
        self.regions.get(node.index()).map_or(0, |&r| usize::from(r))
    }

    fn edge(&self, a: NodeId, b: NodeId) -> EdgeAttributes {
        let found = self.edges.as_ref().and_then(|edges| edges.get(&(a.0.min(b.0), a.0.max(b.0))));
        found.copied().unwrap_or_default()
    }

    /// Everything but the fast path.
    fn route(&mut self, now: Time, parcel: &Parcel, transits: &mut Vec<Transit>) -> Fate {
        if self.apart {
            return self.route_apart(now, parcel, transits);
        }
        self.route_datagram(now, parcel, transits);
        Fate::of(transits)
    }

    /// What transports in closed form carry, or links serve in turns.
    #[inline(never)]
    fn route_apart(&mut self, now: Time, parcel: &Parcel, transits: &mut Vec<Transit>) -> Fate {
        if self.carriers.is_some() {
            self.carry(now, parcel, transits);
        } else if let Some(pieces) = self.must_wait(now, parcel) {
            return Fate::Waits(pieces);
        } else {
            self.route_datagram(now, parcel, transits);
        }
        Fate::of(transits)
    }

    /// A datagram that goes onto its uplink at once, or not at all.
    #[inline(always)]
    fn route_datagram(&mut self, now: Time, parcel: &Parcel, transits: &mut Vec<Transit>) {
        let packets = Packets::of(parcel.bytes, self.mtu);
        let pieces = match self.fidelity {
            Fidelity::Message => 1,
            Fidelity::Packet => packets.pieces(),
        };
        self.traffic.offered += u64::from(pieces);
        if self.oversize == Oversize::Drop && packets.count > 1 {
            self.traffic.drops.too_big += u64::from(pieces);
            return;
        }
        let mut path = self.path(now, parcel);
        for piece in 0..pieces {
            let stretch = packets.piece(piece, pieces);
            self.send(now, parcel, &stretch, &mut path, |at| transits.push(Transit { at, piece, pieces }));
        }
    }

    /// What all packets of a parcel share.
    fn path(&self, now: Time, parcel: &Parcel) -> Path {
        let edge = self.edge(parcel.from, parcel.to);
        let draws = || latency::stream(self.seed, Domain::LATENCY, now, parcel);
        let delay = edge.latency.map_or_else(
            || self.sampler.draw(draws, self.region_index(parcel.from), self.region_index(parcel.to)),
            |fixed| fixed.as_nanos().max(1),
        );
        let (trouble, extra_delay) = if self.disturbances.none() {
            (0.0, 0)
        } else {
            self.disturbances.trouble(parcel.from, parcel.to)
        };
        Path {
            delay: delay.saturating_add(extra_delay),
            trouble,
            edge,
            luck: Luck { seed: self.seed, now, parcel: *parcel, stream: None },
        }
    }

    /// One piece, from the uplink to the far access link.
    fn send(
        &mut self,
        now: Time,
        parcel: &Parcel,
        stretch: &Stretch,
        path: &mut Path,
        arrives: impl FnMut(Time),
    ) {
        match self.uplink(now, parcel.from, stretch) {
            Some(train) => self.send_on(parcel, stretch, train, path, arrives),
            None => self.traffic.drops.uplink_full += 1,
        }
    }

    /// One piece, from the end of the uplink to the far access link.
    #[inline]
    fn send_on(
        &mut self,
        parcel: &Parcel,
        stretch: &Stretch,
        train: Train,
        path: &mut Path,
        mut arrives: impl FnMut(Time),
    ) {
        if self.cut(parcel.from, parcel.to) {
            return;
        }
        if self.lost(parcel, stretch, path) {
            self.traffic.drops.loss += 1;
            return;
        }
        let train = self.pass_edge(parcel, stretch, train, path.edge.bps);
        arrives(self.arrival(parcel, stretch, train, path));
        if !self.duplicate.is_zero() && (0..stretch.count).all(|_| path.luck.draws().chance(self.duplicate)) {
            self.traffic.duplicated += 1;
            arrives(self.arrival(parcel, stretch, train, path));
        }
    }

    /// Whether a disturbance stands between the two; counts the drop.
    #[inline]
    fn cut(&mut self, from: NodeId, to: NodeId) -> bool {
        match self.disturbances.cut(from, to) {
            None => return false,
            Some(Cut::Partition) => self.traffic.drops.partition += 1,
            Some(Cut::OneWay) => self.traffic.drops.one_way += 1,
        }
        true
    }

    fn lost(&mut self, parcel: &Parcel, stretch: &Stretch, path: &mut Path) -> bool {
        let own = match path.edge.loss {
            Some(p) => any(Probability::new(p), stretch.count, path.luck.draws()),
            None if self.loss.none() => false,
            None => {
                let link = (parcel.from.0, parcel.to.0);
                self.loss.any_lost(self.seed, link, stretch.count, path.luck.draws())
            }
        };
        // Both are asked, so that a burst on top changes nothing in the draws before it.
        let struck =
            path.trouble > 0.0 && any(Probability::new(path.trouble), stretch.count, path.luck.draws());
        own || struck
    }

    /// The queue of a link that has a rate of its own; it has no limit.
    fn pass_edge(&mut self, parcel: &Parcel, stretch: &Stretch, train: Train, bps: Option<u64>) -> Train {
        let Some(bps) = bps else { return train };
        let until = self.edge_until.entry((parcel.from.0, parcel.to.0)).or_default();
        let train = train.pass(stretch, bps, *until);
        *until = train.last;
        train
    }

    /// When the recipient's access link is asked about a piece ([`Transit::at`]).
    fn arrival(&mut self, parcel: &Parcel, stretch: &Stretch, sent: Train, path: &mut Path) -> Time {
        let (late, held_back) = self.lateness(stretch, sent, path);
        let delay = path.delay;
        let last = sent.last.saturating_add(delay).saturating_add(late);
        // The only packet is the first and the last.
        let first = if stretch.count == 1 { last } else { sent.first.saturating_add(delay) };
        let train = Train { first, last };
        let mut at = match self.access.get(parcel.to.index()) {
            Some(access) => access.due(train, stretch, self.lookback),
            None => train.last,
        };
        if let Some(last) = self.fifo.as_mut().filter(|_| !held_back) {
            let last = last.entry((parcel.from.0, parcel.to.0)).or_default();
            at = at.max(last.saturating_add(1));
            *last = at;
        }
        Time::from_nanos(at)
    }

    /// How much later than without jitter and reordering the last packet of a piece arrives, and whether one was held back.
    /// Packets leave the sender evenly; an early one has time to be late.
    fn lateness(&self, stretch: &Stretch, sent: Train, path: &mut Path) -> (u64, bool) {
        if self.wobble.none {
            return (0, false);
        }
        let (mut late, mut any_held_back) = (0, false);
        for packet in 0..stretch.count {
            let (wobble, held_back) = self.wobble.draw(path.luck.draws());
            let to_go = stretch.count - 1 - packet;
            let slack =
                u128::from(sent.last - sent.first) * u128::from(to_go) / u128::from(stretch.count.max(2) - 1);
            late = late.max(wobble.saturating_sub(slack as u64));
            any_held_back |= held_back;
        }
        (late, any_held_back)
    }
}

/// What all packets of one parcel share.
struct Path {
    /// Propagation delay in nanoseconds.
    delay: u64,
    /// Extra loss per packet.
    trouble: f64,
    edge: EdgeAttributes,
    luck: Luck,
}

/// Draws of loss, jitter, reordering and duplication of one parcel; the stream is made when first needed, which in a loss-free
/// network is never.
struct Luck {
    seed: Seed,
    now: Time,
    parcel: Parcel,
    stream: Option<Stream>,
}

impl Luck {
    fn draws(&mut self) -> &mut Stream {
        self.stream.get_or_insert_with(|| latency::stream(self.seed, Domain::LOSS, self.now, &self.parcel))
    }
}

impl Network for Modelled {
    #[inline]
    fn depart(&mut self, now: Time, parcel: &Parcel, transits: &mut Vec<Transit>) {
        if let Some(delay) = self.plain {
            self.traffic.offered += 1;
            transits.push(Transit { at: now + Span::from_nanos(delay), piece: 0, pieces: 1 });
        } else {
            let fate = self.route(now, parcel, transits);
            debug_assert!(!matches!(fate, Fate::Waits(_)), "`fate` tells what must wait, `depart` cannot");
        }
    }

    #[inline]
    fn fate(&mut self, now: Time, parcel: &Parcel, transits: &mut Vec<Transit>) -> Fate {
        if let Some(delay) = self.plain {
            self.traffic.offered += 1;
            return Fate::Whole(now + Span::from_nanos(delay));
        }
        transits.clear();
        self.route(now, parcel, transits)
    }

    #[inline]
    fn arrive(&mut self, now: Time, landing: &Landing) -> Arrival {
        if !self.disturbances.none() && self.cut(landing.from, landing.to) {
            return Arrival::Drop;
        }
        self.downlink(now, landing)
    }

    fn wait_up(&mut self, now: Time, parcel: &Parcel, slot: u32, linger: Span, moves: &mut Vec<Move>) {
        self.queue_up(now, parcel, (slot, linger), moves);
    }

    fn wait_down(&mut self, now: Time, landing: &Landing, slot: u32, moves: &mut Vec<Move>) {
        self.queue_down(now, landing, slot, moves);
    }

    fn link_free(&mut self, now: Time, node: NodeId, side: Side, moves: &mut Vec<Move>) {
        self.serve_waiting(now, node, side, moves);
    }

    fn outbound(&mut self, now: Time, from: NodeId, bytes: u32, header: &mut Header) -> Option<NodeId> {
        self.leave(now, from, bytes, header)
    }

    fn hold(&mut self, _now: Time, landing: &Landing) {
        self.keep(landing);
    }

    fn inbound(&mut self, now: Time, landing: &Landing, header: &mut Header) -> Option<NodeId> {
        self.enter(now, landing, header)
    }

    fn change(&mut self, _now: Time, change: &NetChange) {
        if let NetChange::Impose { disturbance: Disturbance::Rebind { nodes, carrier, moved }, .. } = change {
            return self.rebind(nodes, *carrier, *moved);
        }
        for node in self.disturbances.apply(change) {
            let Some((access, &(up, down))) =
                self.access.get_mut(node.index()).zip(self.rates.get(node.index()))
            else {
                continue;
            };
            // Work already queued keeps its finishing time; unlimited links stay unlimited.
            let factor = self.disturbances.rate_factor(node);
            let scaled = |bps: u64| {
                if bps == 0 || factor == 1.0 { bps } else { ((bps as f64 * factor) as u64).max(1) }
            };
            (access.up_bps, access.down_bps) = (scaled(up), scaled(down));
        }
        self.derive();
    }

    fn lookahead(&self) -> Span {
        Span::from_nanos(self.lookahead)
    }

    fn reseed(&mut self, seed: Seed) {
        self.seed = seed;
    }
}

mod addressed;
#[cfg(test)]
mod tests;

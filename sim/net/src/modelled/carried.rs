//! Messages that a transport in closed form carries.

use astrarium_node::collections::Map;
use astrarium_node::{Domain, NodeId, Probability, Seed, Stream, Time, hash};

use super::Modelled;
use crate::access::{LOOKBACK, transfer};
use crate::contract::{Parcel, Transit};
use crate::latency::{self, Sampler, Wobble};
use crate::link::{LossState, Stretch};
use crate::topology::EdgeAttributes;
use crate::transport::{Connection, Law, Line, Path, TransportModel};

/// All connections in use.
#[derive(Debug, Clone)]
pub(super) struct Carriers {
    law: Law,
    connections: Map<(u32, u32), Connection>,
}

impl Carriers {
    pub(super) fn new(model: &TransportModel) -> Option<Self> {
        Some(Self { law: Law::new(model)?, connections: Map::default() })
    }

    /// A message as its recipient's downlink sees it.
    pub(super) fn stretch(&self, bytes: u32) -> Stretch {
        let total = self.law.wire_bytes(u64::from(bytes));
        Stretch { count: 1, total, first: total, last: total }
    }
}

impl Modelled {
    /// Works out when a message is delivered. A cut path loses it: how long a transport holds out is not part of the closed form.
    pub(super) fn carry(&mut self, now: Time, parcel: &Parcel, transits: &mut Vec<Transit>) {
        self.traffic.offered += 1;
        if self.cut(parcel.from, parcel.to) {
            return;
        }
        let edge = self.edge(parcel.from, parcel.to);
        let (line, down_bps) = self.line(parcel, edge);
        let (here, there) = (self.region_index(parcel.from), self.region_index(parcel.to));
        let (trouble, extra) = if self.disturbances.none() {
            (0.0, 0)
        } else {
            self.disturbances.trouble(parcel.from, parcel.to)
        };
        let Self { carriers: Some(carriers), sampler, wobble, loss, .. } = self else { return };
        let mut flight = Flight {
            seed: self.seed,
            now,
            parcel: *parcel,
            ends: (here, there),
            edge,
            extra,
            trouble: Probability::new(trouble),
            sampler,
            wobble,
            loss,
            luck: None,
            packets: 0,
        };
        let law = &carriers.law;
        let connection =
            carriers.connections.entry((parcel.from.0, parcel.to.0)).or_insert_with(|| Connection::new(law));
        let carried = connection.carry(law, now.as_nanos(), u64::from(parcel.bytes), line, &mut flight);
        let work = transfer(law.wire_bytes(u64::from(parcel.bytes)), down_bps);
        self.traffic.resent += carried.resent;
        self.traffic.carried_bytes += carried.bytes;
        if let Some(access) = self.access.get_mut(parcel.from.index()) {
            access.reserve(now.as_nanos(), carried.bytes);
        }
        let Some(done) = carried.at else {
            self.traffic.drops.loss += 1;
            return;
        };
        // The downlink is asked when the message has had it for a while: see `access.rs`.
        let at = done.saturating_sub(work) + work.min(LOOKBACK);
        transits.push(Transit { at: Time::from_nanos(at.max(now.as_nanos() + 1)), piece: 0, pieces: 1 });
    }

    /// The bottleneck between two nodes, and the rate of the recipient's downlink.
    fn line(&self, parcel: &Parcel, edge: EdgeAttributes) -> (Line, u64) {
        let access = |node: NodeId| self.access.get(node.index());
        let (up, busy) = access(parcel.from).map_or((0, 0), |a| (a.up_bps, a.busy_until()));
        let down = access(parcel.to).map_or(0, |a| a.down_bps);
        let rates = [(up, self.buffer_up), (down, self.buffer_down), (edge.bps.unwrap_or(0), None)];
        let narrowest = rates.into_iter().filter(|&(bps, _)| bps > 0).min_by_key(|&(bps, _)| bps);
        let (bps, buffer) = narrowest.unwrap_or((0, None));
        (Line { bps, buffer, busy }, down)
    }
}

/// Packets of one message, and acknowledgements for it.
struct Flight<'a> {
    seed: Seed,
    now: Time,
    parcel: Parcel,
    /// Regions of sender and recipient.
    ends: (usize, usize),
    edge: EdgeAttributes,
    /// Delay in nanoseconds and loss that disturbances add.
    extra: u64,
    trouble: Probability,
    sampler: &'a Sampler,
    wobble: &'a Wobble,
    loss: &'a mut LossState,
    /// Made when first needed: on a constant path without loss never.
    luck: Option<Stream>,
    packets: u64,
}

impl Flight<'_> {
    /// The fate of one packet from region to region over a directed link.
    fn packet(&mut self, link: (u32, u32), (from, to): (usize, usize)) -> Option<u64> {
        self.packets += 1;
        let (seed, now, parcel, packets) = (self.seed, self.now, self.parcel, self.packets);
        let luck = &mut self.luck;
        let mut draws = || latency::stream(seed, Domain::LOSS, now, &parcel);
        let lost = match self.edge.loss {
            Some(p) => luck.get_or_insert_with(&mut draws).chance(Probability::new(p)),
            None if self.loss.none() => false,
            None => self.loss.any_lost(seed, link, 1, luck.get_or_insert_with(&mut draws)),
        };
        let struck = !self.trouble.is_zero() && luck.get_or_insert_with(&mut draws).chance(self.trouble);
        let delay = match self.edge.latency {
            Some(fixed) => fixed.as_nanos().max(1),
            None => {
                let name = hash::mix(hash::mix(now.as_nanos(), parcel.tag), packets);
                let pair = (u64::from(link.0) << 32) | u64::from(link.1);
                self.sampler.draw(|| seed.stream(Domain::LATENCY, pair, name), from, to)
            }
        };
        let late = if self.wobble.none { 0 } else { self.wobble.draw(luck.get_or_insert_with(&mut draws)).0 };
        (!lost && !struck).then(|| delay.saturating_add(self.extra).saturating_add(late))
    }
}

impl Path for Flight<'_> {
    fn forward(&mut self) -> Option<u64> {
        self.packet((self.parcel.from.0, self.parcel.to.0), self.ends)
    }

    fn backward(&mut self) -> Option<u64> {
        let (here, there) = self.ends;
        self.packet((self.parcel.to.0, self.parcel.from.0), (there, here))
    }

    fn round_trip(&self) -> u64 {
        let (here, there) = self.ends;
        let way = |from, to| {
            self.edge.latency.map_or_else(|| self.sampler.mean(from, to).as_nanos(), |fixed| fixed.as_nanos())
        };
        way(here, there) + way(there, here) + 2 * self.extra
    }
}

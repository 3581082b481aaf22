//! Messages that a transport in closed form carries.

use astrarium_node::collections::Map;
use astrarium_node::{NodeId, Time};

use super::Modelled;
use super::flight::Flight;
use crate::access::{LOOKBACK, transfer};
use crate::contract::{Parcel, Transit};
use crate::link::Stretch;
use crate::topology::EdgeAttributes;
use crate::transport::{Connection, Law, Line, TransportModel};

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
        let mut flight = Flight::new(self.seed, now, *parcel, (here, there), edge, sampler, wobble, loss);
        flight.disturb(trouble, extra);
        let law = &carriers.law;
        let connection =
            carriers.connections.entry((parcel.from.0, parcel.to.0)).or_insert_with(|| Connection::new(law));
        let carried = connection.carry(law, now.as_nanos(), u64::from(parcel.bytes), &line, &mut flight);
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

    /// The bottleneck between two nodes and what lies beside it, and the rate of the recipient's downlink.
    fn line(&self, parcel: &Parcel, edge: EdgeAttributes) -> (Line, u64) {
        let access = |node: NodeId| self.access.get(node.index());
        let (up, busy) = access(parcel.from).map_or((0, 0), |a| (a.up_bps, a.busy_until()));
        let down = access(parcel.to).map_or(0, |a| a.down_bps);
        let rates = [(up, self.buffer_up), (down, self.buffer_down), (edge.bps.unwrap_or(0), None)];
        let mut bottleneck: Option<(u64, Option<u64>)> = None;
        let mut further = 0;
        for (bps, buffer) in rates.into_iter().filter(|&(bps, _)| bps > 0) {
            let beside = match bottleneck {
                Some((narrowest, _)) if narrowest <= bps => bps,
                before => {
                    bottleneck = Some((bps, buffer));
                    before.map_or(0, |(bps, _)| bps)
                }
            };
            further = in_series(further, beside);
        }
        let (bps, buffer) = bottleneck.unwrap_or((0, None));
        let back = in_series(
            access(parcel.to).map_or(0, |a| a.up_bps),
            access(parcel.from).map_or(0, |a| a.down_bps),
        );
        (Line { bps, buffer, busy, further, back }, down)
    }
}

/// The rate at which a packet passes two links one after the other; 0 is unlimited.
fn in_series(a: u64, b: u64) -> u64 {
    if a == 0 || b == 0 {
        return a.max(b);
    }
    // Not above either of the two, so it fits.
    ((u128::from(a) * u128::from(b) / (u128::from(a) + u128::from(b))) as u64).max(1)
}

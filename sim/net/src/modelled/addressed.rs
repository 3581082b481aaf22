//! Addressed messages: from the header to the node, and what can be asked about addresses.

use super::*;
use crate::nat::{NatDevice, TableLoad};
use astrarium_node::{Endpoint, Ip};

impl Modelled {
    /// The first addresses of a node: where it sits, valid in its own site.
    #[must_use]
    pub fn local_ip(&self, node: NodeId) -> Ip {
        self.boxes.plan().seat(node).1
    }

    /// The address under which the public network sees a node: its own, or that of its outermost device at the moment.
    #[must_use]
    pub fn public_ip(&self, node: NodeId) -> Ip {
        let plan = self.boxes.plan();
        plan.device_of(node)
            .map_or_else(|| plan.seat(node).1, |device| self.boxes.wan(plan.outermost(device)))
    }

    /// The further public addresses of a node.
    pub fn extra_ips(&self, node: NodeId) -> impl Iterator<Item = Ip> + '_ {
        self.boxes.plan().extra_of(node)
    }

    /// The device that a node is behind (its own, not the carrier's), or its firewall.
    #[must_use]
    pub fn device(&self, node: NodeId) -> Option<&NatDevice> {
        self.boxes.plan().device_of(node).map(|device| self.boxes.model(device))
    }

    /// The number of that device's kind in [`NatConfig::kinds`](crate::NatConfig::kinds).
    #[must_use]
    pub fn device_kind(&self, node: NodeId) -> Option<usize> {
        let plan = self.boxes.plan();
        plan.device_of(node).map(|device| usize::from(plan.spots[device as usize].kind))
    }

    /// Whether the device of a node translates (a firewall does not), and whether a carrier's is in front of it.
    #[must_use]
    pub fn translated(&self, node: NodeId) -> (bool, bool) {
        let plan = self.boxes.plan();
        let spot = plan.device_of(node).map(|device| plan.spots[device as usize]);
        spot.map_or((false, false), |spot| (!spot.firewall, spot.parent.is_some()))
    }

    /// The explicitly mapped socket of a node, as its device shows it outside.
    #[must_use]
    pub fn mapped_socket(&self, node: NodeId) -> Option<Endpoint> {
        let plan = self.boxes.plan();
        let device = plan.device_of(node)?;
        let (_, port) = plan.mapped.iter().find(|(mapped, _)| *mapped == node)?;
        Some(Endpoint::new(self.boxes.wan(device), *port))
    }

    /// What the tables of a node's device hold.
    #[must_use]
    pub fn table_load(&self, node: NodeId) -> Option<TableLoad> {
        self.boxes.plan().device_of(node).map(|device| self.boxes.load(device))
    }

    /// [`Network::outbound`].
    pub(super) fn leave(
        &mut self,
        now: Time,
        from: NodeId,
        bytes: u32,
        header: &mut Header,
    ) -> Option<NodeId> {
        let packets = Packets::of(bytes, self.mtu);
        let pieces = if self.fidelity == Fidelity::Message { 1 } else { packets.pieces() };
        // What will not leave the sender makes no mapping.
        if self.oversize == Oversize::Drop && packets.count > 1 {
            return self.stop(pieces, |drops| &mut drops.too_big);
        }
        let first = packets.piece(0, pieces);
        let access = self.access.get(from.index());
        if access.is_some_and(|access| !access.has_room(now.as_nanos(), &first, self.buffer_up)) {
            return self.stop(pieces, |drops| &mut drops.uplink_full);
        }
        let (regions, mine) = (&self.regions, self.region_index(from));
        let same_region = |to: NodeId| regions.get(to.index()).map_or(0, |&r| usize::from(r)) == mine;
        let outcome = self.boxes.outward(self.seed, now, from, packets.count > 1, header, same_region);
        match outcome {
            Ok(to) => Some(to),
            Err(stop) => self.stop(pieces, |drops| stop.cause(drops)),
        }
    }

    /// Counts pieces that never become a parcel.
    fn stop(&mut self, pieces: u16, cause: impl FnOnce(&mut crate::Drops) -> &mut u64) -> Option<NodeId> {
        self.traffic.offered += u64::from(pieces);
        *cause(&mut self.traffic.drops) += u64::from(pieces);
        None
    }

    /// [`Network::hold`].
    pub(super) fn keep(&mut self, landing: &Landing) {
        if !self.cut(landing.from, landing.to) {
            self.traffic.delivered += 1;
        }
    }

    /// [`Network::inbound`].
    pub(super) fn enter(&mut self, now: Time, landing: &Landing, header: &mut Header) -> Option<NodeId> {
        if self.cut(landing.from, landing.to) {
            return None;
        }
        let fragmented = Packets::of(landing.bytes, self.mtu).count > 1;
        match self.boxes.inward(now, fragmented, header) {
            Ok(node) => Some(node),
            Err(stop) => {
                *stop.cause(&mut self.traffic.drops) += 1;
                None
            }
        }
    }

    /// [`Disturbance::Rebind`].
    pub(super) fn rebind(&mut self, nodes: &[NodeId], carrier: bool, moved: bool) {
        self.boxes.rebind(nodes, carrier, moved);
    }
}

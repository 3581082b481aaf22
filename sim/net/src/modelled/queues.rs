//! The queues of the access links, with the limits that the scenario sets.

use super::Modelled;
use crate::access::Train;
use crate::contract::{Arrival, Landing};
use crate::link::{Packets, Stretch};
use astrarium_node::{NodeId, Time};

impl Modelled {
    /// Puts a piece on the uplink of its sender; `None` when the queue is full.
    #[inline]
    pub(super) fn uplink(&mut self, now: Time, from: NodeId, stretch: &Stretch) -> Option<Train> {
        let (now, node) = (now.as_nanos(), from.index());
        let Some(access) = self.access.get_mut(node) else { return Some(Train::at(now)) };
        let Some(slots) = &mut self.slots else { return access.send(now, stretch, self.buffer_up) };
        if !slots.admits_up(node, now, stretch.count) {
            return None;
        }
        let train = access.send(now, stretch, self.buffer_up)?;
        slots.push_up(node, train.last, stretch.count);
        Some(train)
    }

    /// What the downlink of its recipient does with a piece that is due.
    #[inline]
    pub(super) fn downlink(&mut self, now: Time, landing: &Landing) -> Arrival {
        let node = landing.to.index();
        let Some(access) = self.access.get_mut(node) else {
            self.traffic.delivered += 1;
            return Arrival::Deliver;
        };
        if self.apart {
            return self.downlink_apart(now, landing);
        }
        let stretch = Packets::of(landing.bytes, self.mtu).piece(landing.piece, landing.pieces);
        let now = now.as_nanos();
        let admitted = self.slots.as_mut().is_none_or(|slots| slots.admits_down(node, now, stretch.count));
        let done = if admitted { access.receive(now, &stretch, self.buffer_down) } else { None };
        if let (Some(slots), Some(done)) = (&mut self.slots, done) {
            slots.push_down(node, done, stretch.count);
        }
        let Some(done) = done else {
            self.traffic.drops.downlink_full += 1;
            return Arrival::Drop;
        };
        self.traffic.delivered += 1;
        if done > now { Arrival::Later(Time::from_nanos(done)) } else { Arrival::Deliver }
    }

    /// The same for what a transport in closed form carries, or a link serves in turns.
    #[inline(never)]
    fn downlink_apart(&mut self, now: Time, landing: &Landing) -> Arrival {
        let Some(carriers) = &self.carriers else { return self.downlink_in_turns(now, landing) };
        let Some(access) = self.access.get_mut(landing.to.index()) else { return Arrival::Deliver };
        self.traffic.delivered += 1;
        // What a full queue loses, the transport has repaired: there is no limit.
        let done = access.receive(now.as_nanos(), &carriers.stretch(landing.bytes), None);
        match done.map(Time::from_nanos) {
            Some(done) if done > now => Arrival::Later(done),
            _ => Arrival::Deliver,
        }
    }
}

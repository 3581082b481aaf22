//! The observer: what arrived when, and what went over the wire.

use astrarium_engine::{Observer, Sight};
use astrarium_net::wire_bytes;
use astrarium_node::{NodeId, Time, Wire};
use astrarium_protocol_transport::Event;

use crate::carrier::Carrier;
use crate::figures::Latencies;
use crate::flows::Flows;
use crate::item::Item;
use crate::oracles::Oracles;

/// Watches one run of the flows.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    flows: Flows,
    /// Path MTU, for what a datagram weighs.
    mtu: u32,
    /// The run ends when every message is accounted for.
    early: bool,
    latencies: Latencies,
    /// Bytes of messages that arrived.
    pub(crate) payload: u64,
    /// When the last one arrived.
    pub(crate) last: Time,
    /// Messages that the transport did not take.
    pub(crate) refused: u64,
    /// Messages that it gave back when a session ended.
    pub(crate) given_up: u64,
    /// Bytes on the wire, from senders of messages and from recipients.
    pub(crate) forward: u64,
    pub(crate) backward: u64,
    /// Datagrams of both.
    pub(crate) datagrams: u64,
    pub(crate) oracles: Oracles,
}

impl Watch {
    pub(crate) fn new(flows: &Flows, mtu: u32, early: bool, oracles: Oracles) -> Self {
        Self {
            flows: flows.clone(),
            mtu,
            early,
            latencies: Latencies::default(),
            payload: 0,
            last: Time::ZERO,
            refused: 0,
            given_up: 0,
            forward: 0,
            backward: 0,
            datagrams: 0,
            oracles,
        }
    }

    /// The run goes on although every message is accounted for.
    pub(crate) fn go_on(&mut self) {
        self.early = false;
    }

    /// Whether every message is accounted for. What was given up with a dead link may have arrived all the same: a run with dead
    /// links goes on until `stop.time`.
    pub(crate) fn settled(&self) -> bool {
        self.latencies.len() as u64 + self.refused >= self.flows.total()
    }

    /// Bytes on the wire in both directions.
    pub(crate) fn wire(&self) -> u64 {
        self.forward + self.backward
    }

    /// Latencies of the messages that arrived.
    pub(crate) fn latencies(&self) -> &Latencies {
        &self.latencies
    }

    /// The flows it watches.
    pub(crate) fn flows(&self) -> &Flows {
        &self.flows
    }

    fn arrived(&mut self, at: NodeId, from: NodeId, item: Item, now: Time) {
        self.oracles.arrived(&self.flows, at, from, item, now);
        if !self.flows.holds(item) {
            return;
        }
        self.latencies.add(now.since(self.flows.sent_at(item)));
        self.payload += u64::from(item.bytes);
        self.last = self.last.max(now);
    }
}

impl<P: Carrier> Observer<P> for Watch {
    fn on_indication(&mut self, node: NodeId, indication: &Event<Item>, sight: &Sight<'_, P>) {
        match indication {
            Event::Delivered { from, message } => {
                self.arrived(node, *from, *message, sight.now());
                if let Some(flight) = sight.node(*from).flight(node) {
                    self.oracles.in_flight(*from, flight, sight.now());
                }
            }
            Event::Refused { message, .. } => {
                self.refused += 1;
                self.oracles.tear(message.flow);
            }
            Event::PeerDown { peer, undelivered, .. } => {
                self.given_up += undelivered.len() as u64;
                for flow in [self.flows.between(node, *peer), self.flows.between(*peer, node)] {
                    flow.into_iter().for_each(|flow| self.oracles.tear(flow));
                }
            }
            Event::PeerUp { .. } => {}
        }
    }

    fn on_send(&mut self, from: NodeId, message: &P::Msg, copies: usize, _now: Time) {
        let bytes = wire_bytes(message.wire_len(), self.mtu) * copies as u64;
        self.datagrams += copies as u64;
        if self.flows.is_sender(from) {
            self.forward += bytes;
        } else {
            self.backward += bytes;
        }
    }

    fn on_fault(&mut self, _id: &str, begins: bool, sight: &Sight<'_, P>) {
        if !begins {
            self.oracles.healed(sight.now());
        }
    }

    fn on_life(&mut self, _node: NodeId, _up: bool, _sight: &Sight<'_, P>) {
        self.oracles.tear_all();
    }

    fn finished(&self) -> bool {
        self.early && self.settled()
    }

    fn merge(&mut self, other: Self) {
        self.latencies.merge(other.latencies);
        self.payload += other.payload;
        self.last = self.last.max(other.last);
        self.refused += other.refused;
        self.given_up += other.given_up;
        self.forward += other.forward;
        self.backward += other.backward;
        self.datagrams += other.datagrams;
        self.oracles.merge(other.oracles);
    }
}

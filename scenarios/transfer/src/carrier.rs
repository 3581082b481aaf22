//! What this experiment asks of a transport.

use astrarium_node::{NodeId, Protocol, Stack};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_protocol_transport::fec::{self, Fec};
use astrarium_protocol_transport::rudp::{self, Rudp};
use astrarium_protocol_transport::tcp::Tcp;
use astrarium_protocol_transport::{Event, Request};

use crate::item::Item;

/// What a node's transport has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    /// Data segments sent again.
    pub(crate) retransmissions: u64,
    /// Those of them that a timeout caused.
    pub(crate) timeouts: u64,
    /// Data segments that had arrived before.
    pub(crate) duplicates: u64,
    /// Datagrams dropped because they were malformed, replayed or of no session.
    pub(crate) rejected: u64,
    /// Timer events.
    pub(crate) ticks: u64,
}

impl Tally {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            retransmissions: self.retransmissions + other.retransmissions,
            timeouts: self.timeouts + other.timeouts,
            duplicates: self.duplicates + other.duplicates,
            rejected: self.rejected + other.rejected,
            ticks: self.ticks + other.ticks,
        }
    }
}

/// A transport, alone or on further layers, that speaks datagrams.
pub(crate) trait Carrier: Protocol<Above = Request<Item>, Up = Event<Item>> {
    /// What it has counted so far.
    fn tally(&self) -> Tally;

    /// What is in flight to this peer, and the greatest that may be, in the transport's own unit; `None` without a connection.
    fn flight(&self, peer: NodeId) -> Option<(u64, u64)>;
}

/// Reliable UDP on forward error correction.
pub(crate) type Corrected = Stack<Rudp<Item>, Fec<rudp::Packet<Item>>>;

/// Reliable UDP on groups of this many data and parity datagrams.
pub(crate) fn corrected(config: rudp::Config, (data, parity): (u8, u8)) -> Corrected {
    Stack::new(Rudp::new(config), Fec::new(fec::Config::new(data, parity)))
}

impl Carrier for Corrected {
    fn tally(&self) -> Tally {
        let rejected = self.lower.counters().malformed;
        self.upper.tally().plus(Tally { rejected, ..Tally::default() })
    }

    fn flight(&self, peer: NodeId) -> Option<(u64, u64)> {
        self.upper.flight(peer)
    }
}

impl Carrier for Rudp<Item> {
    fn tally(&self) -> Tally {
        let counters = self.counters();
        Tally {
            retransmissions: counters.retransmissions(),
            timeouts: counters.retransmissions_timeout,
            duplicates: counters.duplicates_received,
            rejected: counters.malformed + counters.wrong_session + counters.outside_window,
            ticks: counters.ticks,
        }
    }

    fn flight(&self, peer: NodeId) -> Option<(u64, u64)> {
        let status = self.status(peer)?;
        let flight = status.snd_nxt.wrapping_sub(status.snd_una);
        Some((u64::from(flight), u64::from(self.config().send_window)))
    }
}

impl Carrier for Tcp<Item> {
    fn tally(&self) -> Tally {
        let counters = self.counters();
        Tally {
            retransmissions: counters.retransmissions(),
            timeouts: counters.timeout,
            duplicates: counters.duplicates,
            rejected: counters.dropped.total(),
            ticks: counters.timeouts,
        }
    }

    fn flight(&self, peer: NodeId) -> Option<(u64, u64)> {
        let (una, next, edge) = self.positions(peer)?;
        Some((next - una, edge - una))
    }
}

impl Carrier for Udp<Item> {
    fn tally(&self) -> Tally {
        Tally::default()
    }

    fn flight(&self, _peer: NodeId) -> Option<(u64, u64)> {
        None
    }
}

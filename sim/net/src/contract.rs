//! What the engine asks of a network: where a datagram goes after it leaves a node, and what happens at the far end.

use astrarium_node::{Header, NodeId, Span, Time};

use crate::change::NetChange;

/// A message handed to the network. Its fate is a function of this identity (and the run's seed), never of how many
/// messages came before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parcel {
    /// Sender.
    pub from: NodeId,
    /// Recipient.
    pub to: NodeId,
    /// Encoded length in bytes, without datagram headers.
    pub bytes: u32,
    /// Names the content (a hash of the message), so that another message to the same node at the same instant has its own fate
    /// and changes nobody's.
    pub tag: u64,
}

/// One packet of a parcel in flight. A parcel that fits into one packet, or is modelled whole, is piece 0 of 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transit {
    /// When it reaches the recipient's access link; always later than the departure.
    pub at: Time,
    /// Which piece, counted from 0.
    pub piece: u16,
    /// How many pieces the parcel has; all must arrive.
    pub pieces: u16,
}

/// Where a parcel goes, in the form that the hot path wants: in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing arrives.
    Lost,
    /// It arrives whole, once, at this time.
    Whole(Time),
    /// It arrives in pieces or more than once; see the list of transits.
    Pieces,
    /// It has so many pieces, and must wait for its sender's uplink: [`Network::wait_up`] follows. Nothing has been decided or
    /// counted yet.
    Waits(u16),
}

impl Fate {
    /// The fate that these transits, all of one parcel, amount to.
    #[inline]
    #[must_use]
    pub fn of(transits: &[Transit]) -> Self {
        match *transits {
            [] => Self::Lost,
            [Transit { at, pieces: 1, .. }] => Self::Whole(at),
            _ => Self::Pieces,
        }
    }
}

/// A packet at the recipient's access link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landing {
    /// Sender.
    pub from: NodeId,
    /// Recipient.
    pub to: NodeId,
    /// Encoded length of the whole parcel in bytes, without datagram headers.
    pub bytes: u32,
    /// Which piece, counted from 0.
    pub piece: u16,
    /// How many pieces the parcel has.
    pub pieces: u16,
}

/// What the recipient's access link does with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is with the node now.
    Deliver,
    /// It waits in the downlink queue and is with the node at this later time.
    Later(Time),
    /// It must wait for the downlink, and not even the network knows how long: [`Network::wait_down`] follows.
    Wait,
    /// It is lost; the network has counted the cause.
    Drop,
}

/// One of the two access links of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// From the node into the network.
    Up,
    /// From the network to the node.
    Down,
}

/// What a network decided about pieces that wait for links. `slot` is the name that the caller gave to the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// A piece is on its way to the far access link. (That it has left the uplink's queue is a [`Move::Gone`] besides.)
    Sent {
        /// Which message.
        slot: u32,
        /// Which piece, and when it is there.
        transit: Transit,
    },
    /// A piece leaves the downlink.
    Landed {
        /// Which message.
        slot: u32,
        /// Which piece.
        piece: u16,
        /// Of how many.
        pieces: u16,
        /// When it is with the node; later than now.
        at: Time,
    },
    /// A piece waits no more: it was sent, or dropped and counted.
    Gone {
        /// Which message.
        slot: u32,
    },
    /// Call [`Network::link_free`] then.
    Wake {
        /// Whose link.
        node: NodeId,
        /// Which.
        side: Side,
        /// When; later than now.
        at: Time,
    },
}

/// A modelled network. All state is per node or a pure function of a parcel's identity, so that partitions of a run stay
/// independent.
pub trait Network: Clone + Send + 'static {
    /// Called when the sender's processor is done with the datagram, unless pieces may have to wait for its uplink (then
    /// [`Network::fate`] is what to call). Pushes one [`Transit`] for each packet that will reach the
    /// far access link: none when it is lost, several when it is fragmented or duplicated.
    fn depart(&mut self, now: Time, parcel: &Parcel, transits: &mut Vec<Transit>);

    /// As [`Network::depart`], with the common case told by the return value alone; `transits` counts only for
    /// [`Fate::Pieces`]. Models on a hot path override this.
    #[inline]
    fn fate(&mut self, now: Time, parcel: &Parcel, transits: &mut Vec<Transit>) -> Fate {
        transits.clear();
        self.depart(now, parcel, transits);
        Fate::of(transits)
    }

    /// Called at [`Transit::at`], in event order.
    fn arrive(&mut self, now: Time, landing: &Landing) -> Arrival;

    /// The pieces of a parcel for which the answer was [`Fate::Waits`] queue up for the uplink of their sender. `linger` is to be
    /// added to the time that each takes. Pushes what is decided at once.
    fn wait_up(&mut self, now: Time, parcel: &Parcel, slot: u32, linger: Span, moves: &mut Vec<Move>) {
        let _ = (now, parcel, linger);
        moves.push(Move::Gone { slot });
    }

    /// A piece for which the answer was [`Arrival::Wait`] queues up for the downlink of its recipient, likewise.
    fn wait_down(&mut self, now: Time, landing: &Landing, slot: u32, moves: &mut Vec<Move>) {
        let _ = (now, landing);
        moves.push(Move::Gone { slot });
    }

    /// The time of a [`Move::Wake`] has come.
    fn link_free(&mut self, now: Time, node: NodeId, side: Side, moves: &mut Vec<Move>) {
        let _ = (now, node, side, moves);
    }

    /// An addressed message of `bytes` is about to leave `from`: middleboxes on its side rewrite the header, and the answer is
    /// who stands where the address points to, for [`Parcel::to`]. `None`: it is lost, and the network has counted the cause.
    ///
    /// A network without addresses reaches nobody by address.
    fn outbound(&mut self, now: Time, from: NodeId, bytes: u32, header: &mut Header) -> Option<NodeId> {
        let _ = (now, from, bytes, header);
        None
    }

    /// A fragment of an addressed message has reached the far side, which keeps it until the others are there.
    fn hold(&mut self, now: Time, landing: &Landing) {
        let _ = (now, landing);
    }

    /// An addressed message, complete, has reached the far side, before any access link: middleboxes there filter it and
    /// rewrite its header. The answer is the node behind them; [`Network::arrive`] follows, for the whole message. `None`: it is
    /// lost, and the network has counted the cause.
    fn inbound(&mut self, now: Time, landing: &Landing, header: &mut Header) -> Option<NodeId> {
        let _ = (now, landing, header);
        None
    }

    /// Applies or lifts a disturbance of the fault plan.
    fn change(&mut self, now: Time, change: &NetChange);

    /// Least one-way delay between any two nodes, greater than zero: what a parallel engine may run ahead.
    fn lookahead(&self) -> Span;

    /// Gives the network fresh luck from here on: a branch of a run has the same past and another future.
    fn reseed(&mut self, seed: astrarium_node::Seed);
}

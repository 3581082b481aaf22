//! The upper boundary of every transport.

use std::fmt::Debug;
use std::hash::Hash;

pub use astrarium_node::Class;
use astrarium_node::{NodeId, Wire};

/// What can be sent: anything with a size on the wire. Large bodies sit behind an `Arc` inside, so a clone is cheap.
pub trait Message: Wire + Clone + Debug + Hash + Send + Sync + 'static {}

impl<M: Wire + Clone + Debug + Hash + Send + Sync + 'static> Message for M {}

/// What the layer above asks of a transport. A session to a peer is opened by the first message to it and kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request<M> {
    /// Deliver this message to that peer, after those sent to it before in the same class.
    Send {
        /// Recipient.
        to: NodeId,
        /// What to deliver.
        message: M,
        /// How urgent it is.
        class: Class,
    },
    /// End the session with this peer when everything accepted has been delivered.
    Close {
        /// Whose session.
        peer: NodeId,
    },
}

impl<M> Request<M> {
    /// An ordinary message.
    #[must_use]
    pub const fn send(to: NodeId, message: M) -> Self {
        Self::Send { to, message, class: Class::Medium }
    }
}

/// What a transport reports.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event<M> {
    /// A message arrived: once, and in order where the transport promises it.
    Delivered {
        /// Sender.
        from: NodeId,
        /// What it says.
        message: M,
    },
    /// A session with this peer is open.
    PeerUp {
        /// With whom.
        peer: NodeId,
    },
    /// The session with this peer is over.
    PeerDown {
        /// With whom.
        peer: NodeId,
        /// Why.
        reason: Down,
        /// Messages accepted from the layer above that may not have been delivered, oldest first.
        undelivered: Vec<M>,
    },
    /// The send queue of this peer is full; the message was not accepted.
    Refused {
        /// Whose queue.
        to: NodeId,
        /// The message, back.
        message: M,
    },
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Down {
    /// Either side closed it.
    Closed,
    /// A segment was sent too often without an acknowledgement.
    DeadLink,
    /// Nothing was heard for too long.
    Silent,
    /// It could not be opened.
    Unreachable,
    /// The other side forgot the session (it restarted).
    Reset,
}

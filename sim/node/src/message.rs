//! The lowest boundary of a node: datagrams with a known size on the wire.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use crate::address::Header;
use crate::id::NodeId;
use crate::layer::Layer;

/// How urgent a message is (network specification N33): more urgent ones overtake others that wait, for the window of a transport or
/// for a processor that heeds classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Class {
    /// Block and group messages.
    High,
    /// Everything that does not say otherwise.
    #[default]
    Medium,
    /// Bulk, and what anybody may send.
    Low,
}

/// Size on the wire.
pub trait Wire {
    /// Encoded length in bytes, without the datagram's own headers (those belong to the network model). Equals the length
    /// of the real encoding; each protocol crate tests that.
    fn wire_len(&self) -> u32;

    /// Short stable name of the message type, for byte counts by type (`inv`, `block` …).
    fn kind(&self) -> &'static str {
        "message"
    }

    /// How urgent it is. It stands in the message, so it is what the *sender* says: before a signature is checked, nobody vouches for it.
    #[inline]
    fn class(&self) -> Class {
        Class::Medium
    }

    /// The header that middleboxes read, for messages that are addressed by socket; `None` for all others. A message with a
    /// header is sent to [`NodeId::ADDRESSED`] and received from there: the network alone knows which node an address belongs to.
    #[inline]
    fn header(&self) -> Option<&Header> {
        None
    }

    /// The same, to be rewritten on the way.
    #[inline]
    fn header_mut(&mut self) -> Option<&mut Header> {
        None
    }
}

/// A message to one node, or the same message to many.
///
/// Large bodies sit behind an `Arc` inside the message, so a message is cheap to clone; the list of recipients is shared, so
/// a broadcast allocates nothing per recipient and waits in the event queue as one entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Datagram<M> {
    /// To one node.
    One(NodeId, M),
    /// To each of these nodes, in this order on the sender's uplink. Must not name a node twice.
    Many(Arc<[NodeId]>, M),
}

/// A message as it arrives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Received<M> {
    /// Who sent it, as the network vouches for it (spoofing is an adversary's message to claim otherwise).
    pub from: NodeId,
    /// What it says.
    pub message: M,
}

/// A layer, or a whole stack, that speaks datagrams downwards: what the engine runs as a node.
pub trait Protocol:
    Layer<Down = Datagram<<Self as Protocol>::Msg>, Below = Received<<Self as Protocol>::Msg>>
{
    /// The messages on the wire. `Hash` feeds the run's digest and should cover identity, not necessarily every byte (a
    /// block's hash stands for the block).
    type Msg: Wire + Clone + Debug + Hash + Send + 'static;
}

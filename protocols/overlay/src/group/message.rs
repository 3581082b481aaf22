//! What members say to each other.

use astrarium_node::{Class, NodeId, Op, Time, Wire};
use astrarium_protocol_transport::Message as Sendable;

use crate::liveness::Pulse;

/// Identity of a group; 64 bytes on the wire, of which these stand for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub u64);

/// Identity of a message: a hash of the origin and a counter (ZV Chain, `net.go`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u64);

impl MessageId {
    /// The origin's `counter`th message: FNV-1 of the origin, then the counter.
    #[must_use]
    pub fn new(origin: NodeId, counter: u32) -> Self {
        let fnv = |hash: u32, byte: u8| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte);
        let hash = origin.0.to_be_bytes().into_iter().fold(0x811c_9dc5, fnv);
        Self(u64::from(hash) << 32 | u64::from(counter))
    }
}

/// What a group carries: the message of the layer above. Cheap to clone: large bodies sit behind an `Arc`.
pub trait Body: Sendable {
    /// What it costs to check the signature of the one who made it; `None`: there is nothing to check.
    fn check_cost(&self) -> Option<Op> {
        None
    }

    /// Whether it was made by `source`, as the check finds out.
    fn is_authentic(&self, source: NodeId) -> bool {
        let _ = source;
        true
    }

    /// Identity of what it is about, 32 bytes on the wire, of which these stand for all: two messages about the same thing are
    /// delivered once. `None`: the message's own id counts.
    fn business(&self) -> Option<u64> {
        None
    }

    /// Adds another contribution to this one, on the way up.
    fn merge(&mut self, other: &Self);
}

/// The part that the recipient plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Of an outsider to an entrance member: spread it.
    Enter,
    /// Grid: deliver, forward to your column and your row.
    Group,
    /// Grid: deliver, forward to your row.
    Column,
    /// Deliver. All that mesh and star need.
    Row,
    /// Kad2: deliver, forward into your buckets below this height.
    Bucket {
        /// Height: number of leading buckets that are somebody else's business.
        height: u8,
    },
    /// Tree: deliver, forward to your children.
    Down,
    /// Flood: deliver, forward to your neighbours.
    Flood,
    /// A contribution on its way up to `source`, made of so many.
    Up {
        /// Members whose contributions are merged in it.
        contributors: u32,
    },
}

/// An application message of a group: DATA of network specification §5.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Data<B> {
    /// What the recipient has to do.
    pub kind: Kind,
    /// Which group.
    pub group: GroupId,
    /// Who made it (for a contribution: whom it is for).
    pub source: NodeId,
    /// Its identity.
    pub id: MessageId,
    /// By the origin's clock.
    pub expiry: Time,
    /// Hops made so far.
    pub hops: u16,
    /// What it carries.
    pub body: B,
}

/// What is on the wire inside a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message<B> {
    /// An application message.
    Data(Data<B>),
    /// "I am alive."
    Pulse(Pulse),
}

impl<B> Data<B> {
    /// Bytes besides the body: frame 8, data type 1, group 64, expiry 8, message 8, business 32, source 32, relay count 4,
    /// code 4, info 4.
    pub const HEADER: u32 = 165;

    /// What identifies it to those who have seen it before.
    pub(crate) fn identity(&self) -> u64
    where
        B: Body,
    {
        self.body.business().unwrap_or(self.id.0)
    }
}

impl<B: Wire> Wire for Message<B> {
    fn wire_len(&self) -> u32 {
        match self {
            Self::Data(data) => Data::<B>::HEADER + data.body.wire_len(),
            Self::Pulse(pulse) => pulse.wire_len(),
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Data(data) => data.body.class(),
            // Late ones raise false suspicions.
            Self::Pulse(_) => Class::High,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Data(Data { kind: Kind::Enter, .. }) => "enter",
            Self::Data(Data { kind: Kind::Up { .. }, .. }) => "up",
            Self::Data(_) => "data",
            Self::Pulse(_) => "pulse",
        }
    }
}

//! Datagrams with the number of their place in a group.

use std::sync::Arc;

use astrarium_node::Wire;

/// Group 4, flag 2, size 2 (network specification §3).
pub const HEADER_BYTES: u32 = 8;

/// The datagrams of a group, as parity over them knows them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parity<M> {
    /// The data, in order. Fewer than the code's k when the group was closed early; the missing ones count as present.
    pub data: Arc<[M]>,
    /// Bytes of the longest.
    pub longest: u32,
}

/// What goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Shard<M> {
    /// A datagram without correction, without a header.
    Plain(M),
    /// A datagram of a group.
    Data {
        /// Number of the group between these two nodes, in this direction.
        group: u32,
        /// Place in the group, from 0.
        index: u8,
        /// The datagram.
        message: M,
    },
    /// Parity of a group.
    Parity {
        /// Number of the group.
        group: u32,
        /// Place in the group, from k.
        index: u8,
        /// What it is computed from.
        parity: Parity<M>,
    },
}

impl<M: Wire> Wire for Shard<M> {
    fn wire_len(&self) -> u32 {
        match self {
            Self::Plain(message) => message.wire_len(),
            Self::Data { message, .. } => HEADER_BYTES + message.wire_len(),
            Self::Parity { parity, .. } => HEADER_BYTES + parity.longest,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Plain(message) | Self::Data { message, .. } => message.kind(),
            Self::Parity { .. } => "parity",
        }
    }
}

//! Messages and their sizes (network specification §5).

use std::sync::Arc;

use astrarium_node::{NodeId, Wire};

/// Frame of every overlay message: type 4, length 4.
const FRAME: u32 = 8;
/// A contact, and the summary of the chain space that it follows.
const ENTRY: u32 = 92 + 40;

/// Summary of a chain space: 40 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainSpace {
    /// Names it: on the wire the 32 bytes of its newest block's hash, of which 8 tell them apart here.
    pub tip: u64,
    /// Its length in blocks.
    pub height: u64,
}

/// A message of bootstrapping.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// BOOT_REQ: who is there of the chain with this genesis block? Also what is broadcast in a segment.
    Request {
        /// 32 bytes on the wire.
        genesis: u64,
    },
    /// BOOT_RESP: these, and this is the chain space they follow.
    Response {
        /// The genesis block that was asked for.
        genesis: u64,
        /// Members; at most [`Config::MAX_CONTACTS`](super::Config::MAX_CONTACTS) are read.
        contacts: Arc<[NodeId]>,
        /// Their chain space; on the wire it stands beside each contact.
        space: ChainSpace,
    },
}

impl Wire for Message {
    fn wire_len(&self) -> u32 {
        FRAME
            + match self {
                Self::Request { .. } => 32,
                // No more contacts than a u32 counts.
                Self::Response { contacts, .. } => ENTRY * contacts.len() as u32,
            }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Request { .. } => "boot-req",
            Self::Response { .. } => "boot-resp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Network specification §5: 40, and 8 + 132 n.
    #[test]
    fn sizes_are_those_of_the_specification() {
        assert_eq!(Message::Request { genesis: 1 }.wire_len(), 40);
        let space = ChainSpace { tip: 1, height: 2 };
        let response = |n| Message::Response { genesis: 1, contacts: (0..n).map(NodeId).collect(), space };
        assert_eq!((response(0).wire_len(), response(16).wire_len()), (8, 2_120));
    }
}

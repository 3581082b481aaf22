//! Messages and their sizes (network specification §5).

use std::sync::Arc;

use astrarium_node::{NodeId, Wire};

use super::id::Id;

/// Frame of every overlay message: type 4, length 4.
const FRAME: u32 = 8;
/// A contact in NEIGHBORS.
const CONTACT: u32 = 92;

/// A message of the hash table.
///
/// `exchange` pairs an answer with its question: it stands in the 8 bytes of `expiry`, which the answer echoes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// PING: are you there? With `auth` it proves who asks (138 bytes more).
    Ping {
        /// Carries a signature.
        auth: bool,
        /// Asks to be taken as a neighbour.
        dial: bool,
    },
    /// PONG.
    Pong {
        /// The pinged node knows who pinged; if not, the ping is to be repeated with `auth`.
        verified: bool,
        /// The pinging node is a neighbour now.
        accepted: bool,
    },
    /// FINDNODE: which contacts nearest to this point do you know?
    FindNode {
        /// Names the exchange.
        exchange: u32,
        /// The point.
        target: Id,
    },
    /// NEIGHBORS: these.
    Neighbours {
        /// The question's name.
        exchange: u32,
        /// Nearest first.
        contacts: Arc<[NodeId]>,
    },
    /// The sender is no neighbour any more.
    Hangup,
}

impl Wire for Message {
    fn wire_len(&self) -> u32 {
        FRAME
            + match self {
                // version 4, from 20, to 20, chain 4, expiry 8; signature 65 and key 65 + 8 make 138.
                Self::Ping { auth, .. } => 56 + if *auth { 138 } else { 0 },
                // version 4, flags 1.
                Self::Pong { .. } => 5,
                // target 32, expiry 8.
                Self::FindNode { .. } => 40,
                // expiry 8. No table has more contacts than a u32 counts.
                Self::Neighbours { contacts, .. } => 8 + CONTACT * contacts.len() as u32,
                // version 4.
                Self::Hangup => 4,
            }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Ping { .. } => "ping",
            Self::Pong { .. } => "pong",
            Self::FindNode { .. } => "find-node",
            Self::Neighbours { .. } => "neighbours",
            Self::Hangup => "hangup",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Network specification §5.
    #[test]
    fn sizes_are_those_of_the_specification() {
        let ping = |auth| Message::Ping { auth, dial: false }.wire_len();
        assert_eq!((ping(false), ping(true)), (64, 202));
        assert_eq!(Message::Pong { verified: true, accepted: false }.wire_len(), 13);
        assert_eq!(Message::FindNode { exchange: 1, target: Id::default() }.wire_len(), 48);
        let neighbours = |n: usize| {
            Message::Neighbours { exchange: 1, contacts: (0..n).map(NodeId::from).collect() }.wire_len()
        };
        assert_eq!((neighbours(0), neighbours(16)), (16, 1_488));
    }
}

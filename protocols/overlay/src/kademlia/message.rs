//! Messages and their sizes (network specification §5).

use std::sync::Arc;

use astrarium_node::{NodeId, Span, Wire};

use super::id::Id;
use super::record::Record;

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
    /// STORE: keep this record.
    Store {
        /// Names the exchange.
        exchange: u32,
        /// For how long.
        life: Span,
        /// The record.
        record: Record,
    },
    /// The answer to STORE.
    Stored {
        /// The question's name.
        exchange: u32,
        /// Whether the record is kept.
        kept: bool,
    },
    /// FIND_VALUE: the record of this key, or else the contacts nearest to it (NEIGHBORS).
    FindValue {
        /// Names the exchange.
        exchange: u32,
        /// Of what.
        key: Id,
    },
    /// The answer to FIND_VALUE when the record is there.
    Value {
        /// The question's name.
        exchange: u32,
        /// The record.
        record: Record,
    },
}

impl Wire for Message {
    fn wire_len(&self) -> u32 {
        FRAME.saturating_add(match self {
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
            // key 32, exchange 8, life 8, value.
            Self::Store { record, .. } => 48_u32.saturating_add(record.bytes),
            // exchange 8, flag 1.
            Self::Stored { .. } => 9,
            // key 32, exchange 8: as FINDNODE.
            Self::FindValue { .. } => 40,
            // exchange 8, value.
            Self::Value { record, .. } => 8_u32.saturating_add(record.bytes),
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Ping { .. } => "ping",
            Self::Pong { .. } => "pong",
            Self::FindNode { .. } => "find-node",
            Self::Neighbours { .. } => "neighbours",
            Self::Hangup => "hangup",
            Self::Store { .. } => "store",
            Self::Stored { .. } => "stored",
            Self::FindValue { .. } => "find-value",
            Self::Value { .. } => "value",
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

    /// Encodes the messages of records field by field.
    fn encode(message: &Message) -> Vec<u8> {
        let mut out = vec![0; 8];
        let expiry = |out: &mut Vec<u8>, exchange: u32| out.extend(u64::from(exchange).to_be_bytes());
        match message {
            Message::Store { exchange, life, record } => {
                out.extend(record.key.to_bytes());
                expiry(&mut out, *exchange);
                out.extend(life.as_nanos().to_be_bytes());
                out.extend(vec![0; record.bytes as usize]);
            }
            Message::Stored { exchange, kept } => {
                expiry(&mut out, *exchange);
                out.push(u8::from(*kept));
            }
            Message::FindValue { exchange, key } => {
                out.extend(key.to_bytes());
                expiry(&mut out, *exchange);
            }
            Message::Value { exchange, record } => {
                expiry(&mut out, *exchange);
                out.extend(vec![0; record.bytes as usize]);
            }
            other => panic!("{other:?} has nothing to do with records"),
        }
        out
    }

    #[test]
    fn messages_of_records_are_as_long_as_their_encoding() {
        let record = Record::new(7, 1_000);
        for (message, bytes) in [
            (Message::Store { exchange: 1, life: Span::from_secs(9), record }, 56 + 1_000),
            (Message::Stored { exchange: 1, kept: true }, 17),
            (Message::FindValue { exchange: 1, key: record.key }, 48),
            (Message::Value { exchange: 1, record }, 16 + 1_000),
        ] {
            assert_eq!((message.wire_len(), encode(&message).len() as u32), (bytes, bytes), "{message:?}");
        }
    }
}

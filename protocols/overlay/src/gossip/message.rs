//! Messages and their sizes (network specification §5): an 8-byte frame, then fields.

use std::sync::Arc;

use astrarium_node::{Span, Wire};

use super::item::{Item, ItemId};

/// Type and length in front of every message.
const FRAME: u32 = 8;
/// DATA without a group: type 1, expiry 8, message id 8, business id 32, source 32, relay count 4, code 4, info 4.
const DATA_HEAD: u32 = 93;
/// A count in front of a list.
const COUNT: u32 = 4;
/// INV and its kind name items by type 4 and digest 32.
const INV_ENTRY: u32 = 4 + ItemId::WIRE;
/// The topic of a mesh message.
const TOPIC: u32 = 32;
/// The time a pruned peer shall stay away.
const BACKOFF: u32 = 8;

/// A list of identities. A single one, the common case, needs no allocation; a longer list is shared by all its recipients.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ids {
    /// Just one.
    One(ItemId),
    /// Any number.
    Many(Arc<[ItemId]>),
}

impl Ids {
    /// The list.
    #[must_use]
    pub fn as_slice(&self) -> &[ItemId] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }

    /// From a list.
    #[must_use]
    pub fn of(ids: &[ItemId]) -> Self {
        match ids {
            [id] => Self::One(*id),
            ids => Self::Many(ids.into()),
        }
    }

    fn count(&self) -> u32 {
        self.as_slice().len() as u32
    }
}

/// Everything that peers say to each other, in all modes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message<I> {
    /// DATA: an item, relayed at most so many hops further; −1 means without limit.
    Data {
        /// The item.
        item: I,
        /// Hops left; −1 without limit.
        relay: i32,
    },
    /// DATA whose body is only the digest of an item.
    Hash {
        /// Which item exists.
        id: ItemId,
    },
    /// I have these.
    Inv(Ids),
    /// Send me these.
    GetData(Ids),
    /// Here it is.
    Body(I),
    /// I do not have these.
    NotFound(Ids),
    /// Here is the item without the parts that you probably have.
    Compact {
        /// The item.
        item: I,
        /// Bytes that are sent.
        bytes: u32,
    },
    /// Send me the parts of this item that I lack.
    GetMissing(ItemId),
    /// Here they are.
    Missing {
        /// The item.
        item: I,
        /// Bytes that are sent.
        bytes: u32,
    },
    /// These are all that I have. With `ask`: tell me what I lack, and ask for what you lack.
    Digest {
        /// All that the sender has.
        ids: Ids,
        /// Whether the recipient shall ask for what it lacks (push–pull), besides sending what the sender lacks (pull).
        ask: bool,
    },
    /// TX_NOTIFY: I have these transactions.
    Notify(Ids),
    /// TX_REQ: send me these.
    Ask(Ids),
    /// TX_RESP: those that I have of them.
    Answer(Arc<[I]>),
    /// Let us be in each other's mesh.
    Graft,
    /// We are not in each other's mesh, and shall not be for a while.
    Prune {
        /// How long.
        backoff: Span,
    },
    /// I have seen these lately.
    IHave(Ids),
    /// Send me these.
    IWant(Ids),
    /// Do not send me these: I have them.
    IDontWant(Ids),
}

impl<I: Item> Wire for Message<I> {
    fn wire_len(&self) -> u32 {
        let list = |ids: &Ids, entry: u32| ids.count().saturating_mul(entry);
        let body = match self {
            Self::Data { item, .. } => DATA_HEAD.saturating_add(item.wire_len()),
            Self::Hash { .. } => DATA_HEAD + ItemId::WIRE,
            Self::Inv(ids) | Self::GetData(ids) | Self::NotFound(ids) => COUNT + list(ids, INV_ENTRY),
            Self::Body(item) => item.wire_len(),
            Self::Compact { bytes, .. } | Self::Missing { bytes, .. } => *bytes,
            Self::GetMissing(_) => COUNT + INV_ENTRY,
            Self::Digest { ids, .. } => COUNT + list(ids, ItemId::WIRE),
            Self::Notify(ids) | Self::Ask(ids) => list(ids, ItemId::WIRE),
            Self::Answer(items) => items.iter().fold(0, |sum: u32, item| sum.saturating_add(item.wire_len())),
            Self::Graft => TOPIC,
            Self::Prune { .. } => TOPIC + BACKOFF,
            Self::IHave(ids) | Self::IWant(ids) | Self::IDontWant(ids) => TOPIC + list(ids, ItemId::WIRE),
        };
        FRAME.saturating_add(body)
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Data { .. } => "data",
            Self::Hash { .. } => "hash",
            Self::Inv(_) => "inv",
            Self::GetData(_) => "getdata",
            Self::Body(_) => "body",
            Self::NotFound(_) => "notfound",
            Self::Compact { .. } => "compact",
            Self::GetMissing(_) => "getmissing",
            Self::Missing { .. } => "missing",
            Self::Digest { .. } => "digest",
            Self::Notify(_) => "tx_notify",
            Self::Ask(_) => "tx_req",
            Self::Answer(_) => "tx_resp",
            Self::Graft => "graft",
            Self::Prune { .. } => "prune",
            Self::IHave(_) => "ihave",
            Self::IWant(_) => "iwant",
            Self::IDontWant(_) => "idontwant",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gossip::Blob;

    /// Encodes field by field, as §5 lists them; bodies are zeros.
    fn encode(message: &Message<Blob>) -> Vec<u8> {
        let mut out = Vec::new();
        let digest = |out: &mut Vec<u8>, id: &ItemId| {
            out.extend([0; 24]);
            out.extend(id.0.to_be_bytes());
        };
        let inventory = |out: &mut Vec<u8>, ids: &[ItemId]| {
            out.extend((ids.len() as u32).to_be_bytes());
            for id in ids {
                out.extend(1_u32.to_be_bytes());
                digest(out, id);
            }
        };
        let digests = |out: &mut Vec<u8>, ids: &Ids| ids.as_slice().iter().for_each(|id| digest(out, id));
        let body = |out: &mut Vec<u8>, bytes: u32| out.extend(vec![0; bytes as usize]);
        let head = |out: &mut Vec<u8>, relay: i32| {
            out.push(1);
            out.extend([0; 8 + 8 + 32 + 32]);
            out.extend(relay.to_be_bytes());
            out.extend([0; 4 + 4]);
        };
        match message {
            Message::Data { item, relay } => {
                head(&mut out, *relay);
                body(&mut out, item.bytes);
            }
            Message::Hash { id } => {
                head(&mut out, -1);
                digest(&mut out, id);
            }
            Message::Inv(ids) | Message::GetData(ids) | Message::NotFound(ids) => {
                inventory(&mut out, ids.as_slice())
            }
            Message::Body(item) => body(&mut out, item.bytes),
            Message::Compact { bytes, .. } | Message::Missing { bytes, .. } => body(&mut out, *bytes),
            Message::GetMissing(id) => inventory(&mut out, &[*id]),
            Message::Digest { ids, .. } => {
                out.extend((ids.count()).to_be_bytes());
                digests(&mut out, ids);
            }
            Message::Notify(ids) | Message::Ask(ids) => digests(&mut out, ids),
            Message::Answer(items) => items.iter().for_each(|item| body(&mut out, item.bytes)),
            Message::Graft => out.extend([0; 32]),
            Message::Prune { backoff } => {
                out.extend([0; 32]);
                out.extend(backoff.as_nanos().to_be_bytes());
            }
            Message::IHave(ids) | Message::IWant(ids) | Message::IDontWant(ids) => {
                out.extend([0; 32]);
                digests(&mut out, ids);
            }
        }
        let mut frame = 7_u32.to_be_bytes().to_vec();
        frame.extend((out.len() as u32).to_be_bytes());
        frame.extend(out);
        frame
    }

    #[test]
    fn wire_len_is_the_length_of_the_encoding() {
        let item = Blob { id: ItemId(9), bytes: 1024 };
        let ids = |n: u64| Ids::of(&(0..n).map(ItemId).collect::<Vec<_>>());
        let messages = [
            (Message::Data { item, relay: -1 }, 101 + 1024),
            (Message::Hash { id: item.id }, 133),
            (Message::Inv(ids(1)), 48),
            (Message::GetData(ids(50)), 12 + 36 * 50),
            (Message::NotFound(ids(2)), 84),
            (Message::Body(item), 1032),
            (Message::Compact { item, bytes: 300 }, 308),
            (Message::GetMissing(item.id), 48),
            (Message::Missing { item, bytes: 77 }, 85),
            (Message::Digest { ids: ids(3), ask: true }, 12 + 96),
            (Message::Notify(ids(50)), 8 + 1600),
            (Message::Ask(ids(0)), 8),
            (Message::Answer([item, item].into()), 8 + 2048),
            (Message::Graft, 40),
            (Message::Prune { backoff: Span::from_secs(60) }, 48),
            (Message::IHave(ids(4)), 40 + 128),
            (Message::IWant(ids(1)), 72),
            (Message::IDontWant(ids(1)), 72),
        ];
        for (message, specified) in messages {
            assert_eq!(message.wire_len(), specified, "{message:?}");
            assert_eq!(encode(&message).len() as u32, specified, "{message:?}");
        }
    }
}

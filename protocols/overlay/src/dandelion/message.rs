//! Messages and their sizes.

use astrarium_node::Wire;

use crate::gossip::{self, Item};

/// Type and length in front of a stem transaction.
const FRAME: u32 = 8;

/// What peers say to each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message<I> {
    /// STEM_TX: a transaction that is not public.
    Stem(I),
    /// A message of the gossip that makes transactions public.
    Fluff(gossip::Message<I>),
}

impl<I: Item> Wire for Message<I> {
    fn wire_len(&self) -> u32 {
        match self {
            Self::Stem(item) => FRAME.saturating_add(item.wire_len()),
            Self::Fluff(message) => message.wire_len(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Stem(_) => "stem_tx",
            Self::Fluff(message) => message.kind(),
        }
    }
}

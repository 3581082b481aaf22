//! Messages and their sizes (network specification §5): an 8-byte frame, then fields.

use std::sync::Arc;

use astrarium_node::Wire;

use crate::gossip::ItemId;

use super::block::Block;

/// Type and length in front of every message.
const FRAME: u32 = 8;

/// The end of a chain, as its owner tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Top {
    /// Identity of its last block.
    pub id: ItemId,
    /// Height of its last block.
    pub height: u64,
    /// Sum of the weights of its blocks.
    pub weight: u64,
}

/// What neighbours say to each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Message<B> {
    /// TOP: my chain ends here.
    Top(Top),
    /// BLOCK_REQ: send me blocks from this height on.
    Ask {
        /// Height of the first one.
        from: u64,
        /// Most of them.
        count: u32,
    },
    /// BLOCK_RESP: these; none when there are none.
    Blocks(Arc<[B]>),
}

impl<B: Block> Wire for Message<B> {
    fn wire_len(&self) -> u32 {
        FRAME.saturating_add(match self {
            // Digest 32, height 8, weight 8.
            Self::Top(_) => ItemId::WIRE + 16,
            // Height 8, count 4.
            Self::Ask { .. } => 12,
            Self::Blocks(blocks) => {
                blocks.iter().fold(0, |sum: u32, block| sum.saturating_add(block.wire_len()))
            }
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Top(_) => "top",
            Self::Ask { .. } => "block_req",
            Self::Blocks(_) => "block_resp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block_sync::BlankBlock;

    /// Encodes field by field, as §5 lists them; bodies are zeros.
    fn encode(message: &Message<BlankBlock>) -> Vec<u8> {
        let mut out = Vec::new();
        match message {
            Message::Top(top) => {
                out.extend([0; 24]);
                out.extend(top.id.0.to_be_bytes());
                out.extend(top.height.to_be_bytes());
                out.extend(top.weight.to_be_bytes());
            }
            Message::Ask { from, count } => {
                out.extend(from.to_be_bytes());
                out.extend(count.to_be_bytes());
            }
            Message::Blocks(blocks) => {
                blocks.iter().for_each(|block| out.extend(vec![0; block.wire_len() as usize]));
            }
        }
        let mut frame = 1_u32.to_be_bytes().to_vec();
        frame.extend((out.len() as u32).to_be_bytes());
        frame.extend(out);
        frame
    }

    #[test]
    fn wire_len_is_the_length_of_the_encoding() {
        let block = BlankBlock::new(BlankBlock::GENESIS, 1, 1, 700, 0);
        for (message, specified) in [
            (Message::Top(Top { id: ItemId(3), height: 9, weight: 11 }), 56),
            (Message::Ask { from: 7, count: 16 }, 20),
            (Message::Blocks([block, block].into()), 8 + 1400),
            (Message::Blocks([].into()), 8),
        ] {
            assert_eq!(message.wire_len(), specified, "{message:?}");
            assert_eq!(encode(&message).len() as u32, specified, "{message:?}");
        }
    }
}

//! Messages on the wire and their lengths.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use astrarium_node::Wire;

use crate::block::{Block, BlockId, Body, Header, SealedHeader};
use crate::merkle::MerkleProof;
use crate::transaction::{Tx, TxId};

/// Most headers in one HEADERS message (Bitcoin Core, `MAX_HEADERS_RESULTS`).
pub const MAX_HEADERS: usize = 2_000;

/// Something that can be announced and asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A transaction.
    Tx(TxId),
    /// A block.
    Block(BlockId),
    /// A block, wanted in compact form; only in GETDATA and NOTFOUND.
    Compact(BlockId),
}

impl Item {
    // Kind and id.
    pub(crate) const LEN: usize = 4 + 32;
}

/// Some items. One item, by far the most frequent case, needs no allocation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Items(Few);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Few {
    One(Item),
    // Never of length one, so that equal contents are equal values.
    Many(Arc<[Item]>),
}

impl Items {
    /// One item.
    #[must_use]
    pub fn one(item: Item) -> Self {
        Self(Few::One(item))
    }

    /// These items, in this order.
    #[must_use]
    pub fn new(items: &[Item]) -> Self {
        Self(if let [item] = items { Few::One(*item) } else { Few::Many(items.into()) })
    }

    /// The items.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[Item] {
        match &self.0 {
            Few::One(item) => std::slice::from_ref(item),
            Few::Many(items) => items,
        }
    }
}

/// A short transaction id within a compact block: 48 bits (BIP 152).
pub type ShortId = u64;

/// A question for headers: what follows the newest of these ids that you have on your best chain?
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GetHeaders {
    /// Ids of blocks that the sender has, newest first, ever sparser.
    pub locator: Vec<BlockId>,
    /// The last header wanted; all zeros for as many as fit.
    pub stop: BlockId,
}

/// A block without what its receiver probably has (BIP 152).
#[derive(Debug, Clone)]
pub struct CompactBlock {
    /// Header.
    pub header: SealedHeader,
    /// The body without its transactions.
    pub frame: Body,
    /// Short ids of the transactions, in order; 6 bytes each on the wire.
    pub short_ids: Vec<ShortId>,
    /// Bytes of the short ids of those transactions that the padding stands for.
    pub filler: u32,
    /// In memory only, never on the wire: the block this was made from. Whoever has collected a body that equals this
    /// one's shares it instead of keeping a copy.
    pub origin: Option<Arc<Block>>,
}

/// By what the header commits to.
impl PartialEq for CompactBlock {
    fn eq(&self, other: &Self) -> bool {
        self.header == other.header
            && self.frame == other.frame
            && self.short_ids == other.short_ids
            && self.filler == other.filler
    }
}

impl Eq for CompactBlock {}

/// A question for the rest of a compact block.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GetBlockTxns {
    /// Which block.
    pub block: BlockId,
    /// Whether the padding is wanted too.
    pub padding: bool,
    /// Positions of the wanted transactions, from 0.
    pub indexes: Vec<u32>,
}

/// The rest of a compact block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockTxns {
    /// Which block.
    pub block: BlockId,
    /// Bytes of padding; zero when it was not wanted.
    pub padding: u32,
    /// The wanted transactions, in the order of the question.
    pub transactions: Vec<Arc<Tx>>,
}

/// Where a transaction is in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proof {
    /// The transaction.
    pub tx: TxId,
    /// The block that holds it.
    pub block: BlockId,
    /// Its place in that block.
    pub proof: MerkleProof,
}

/// What nodes say to each other. Bodies are shared, so a message is cheap to clone.
///
/// The encoding is one type byte, then the fields in order, integers little-endian; a list at the end has no count, the
/// length of the datagram gives it. Every record of HEADERS carries the type byte: `81·k` bytes, as BL-1 counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// I have these. 37 bytes for one.
    Inv(Items),
    /// Send me these. 37 bytes for one.
    GetData(Items),
    /// I do not have these.
    NotFound(Items),
    /// What follows?
    GetHeaders(Arc<GetHeaders>),
    /// This follows. Empty when nothing does.
    Headers(Arc<[SealedHeader]>),
    /// A whole block.
    Block(Arc<Block>),
    /// A block by header and short ids.
    CompactBlock(Arc<CompactBlock>),
    /// Send the rest of a compact block.
    GetBlockTxns(Arc<GetBlockTxns>),
    /// The rest of a compact block.
    BlockTxns(Arc<BlockTxns>),
    /// A transaction.
    Tx(Arc<Tx>),
    /// Prove that this transaction is in your best chain.
    GetProof(TxId),
    /// The proof.
    Proof(Arc<Proof>),
}

impl Message {
    // Type byte; and the ids of a compact block and its kin.
    const TAG: u32 = 1;
    const ID: u32 = 32;
    pub(crate) const SHORT_ID: u32 = 6;

    pub(crate) fn tag(&self) -> u8 {
        match self {
            Self::Inv(_) => 1,
            Self::GetData(_) => 2,
            Self::NotFound(_) => 3,
            Self::GetHeaders(_) => 4,
            Self::Headers(_) => 5,
            Self::Block(_) => 6,
            Self::CompactBlock(_) => 7,
            Self::GetBlockTxns(_) => 8,
            Self::BlockTxns(_) => 9,
            Self::Tx(_) => 10,
            Self::GetProof(_) => 11,
            Self::Proof(_) => 12,
        }
    }
}

impl Wire for Message {
    #[inline]
    fn wire_len(&self) -> u32 {
        // Lists are far shorter than 2^32 bytes: the longest, of a block, is checked against `Block::MAX_LEN`.
        match self {
            Self::Inv(items) | Self::GetData(items) | Self::NotFound(items) => {
                Self::TAG + (Item::LEN * items.as_slice().len()) as u32
            }
            Self::GetHeaders(question) => Self::TAG + Self::ID + Self::ID * question.locator.len() as u32,
            Self::Headers(headers) => {
                (Self::TAG + Header::LEN as u32) * headers.len().max(1) as u32
                    - if headers.is_empty() { Header::LEN as u32 } else { 0 }
            }
            Self::Block(block) => Self::TAG.saturating_add(block.wire_len()),
            Self::CompactBlock(compact) => {
                let short_ids = Self::SHORT_ID * compact.short_ids.len() as u32;
                // Coinbase, padding length, filler length.
                Self::TAG + Header::LEN as u32 + 12 + 4 + 4 + short_ids + compact.filler
            }
            Self::GetBlockTxns(question) => Self::TAG + Self::ID + 1 + 4 * question.indexes.len() as u32,
            Self::BlockTxns(answer) => {
                let transactions =
                    answer.transactions.iter().map(|tx| tx.wire_len()).fold(0, u32::saturating_add);
                transactions.saturating_add(answer.padding).saturating_add(Self::TAG + Self::ID + 4 + 4)
            }
            Self::Tx(tx) => Self::TAG + tx.wire_len(),
            Self::GetProof(_) => Self::TAG + Self::ID,
            Self::Proof(proof) => Self::TAG + 2 * Self::ID + 4 + 4 + Self::ID * proof.proof.path.len() as u32,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Inv(_) => "inv",
            Self::GetData(_) => "getdata",
            Self::NotFound(_) => "notfound",
            Self::GetHeaders(_) => "getheaders",
            Self::Headers(_) => "headers",
            Self::Block(_) => "block",
            Self::CompactBlock(_) => "cmpctblock",
            Self::GetBlockTxns(_) => "getblocktxn",
            Self::BlockTxns(_) => "blocktxn",
            Self::Tx(_) => "tx",
            Self::GetProof(_) => "getproof",
            Self::Proof(_) => "proof",
        }
    }
}

/// Feeds the type and identities, which stand for the contents.
impl Hash for Message {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(self.tag());
        match self {
            Self::Inv(items) | Self::GetData(items) | Self::NotFound(items) => {
                items.as_slice().iter().for_each(|item| item.hash(state));
            }
            Self::GetHeaders(question) => question.hash(state),
            Self::Headers(headers) => headers.hash(state),
            Self::Block(block) => block.hash(state),
            Self::CompactBlock(compact) => compact.header.hash(state),
            Self::GetBlockTxns(question) => question.hash(state),
            Self::BlockTxns(answer) => {
                answer.block.hash(state);
                state.write_u32(answer.padding);
                answer.transactions.hash(state);
            }
            Self::Tx(tx) => tx.hash(state),
            Self::GetProof(tx) => tx.hash(state),
            Self::Proof(proof) => proof.hash(state),
        }
    }
}

//! Messages on the wire, with their encoding; requests, indications and timers of a node.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use astrarium_node::{NodeId, Wire};

use crate::block::{Block, BlockId, Body, Header, SealedHeader, decode_transactions};
use crate::codec::{DecodeError, Reader, put_zeros};
use crate::merkle::MerkleProof;
use crate::transaction::{Tx, TxId};

/// Most headers in one HEADERS message (Bitcoin Core, `MAX_HEADERS_RESULTS`).
pub const MAX_HEADERS: usize = 2_000;
/// Most entries in one INV, GETDATA or NOTFOUND (Bitcoin Core, `MAX_INV_SZ`).
const MAX_ITEMS: usize = 50_000;
/// Most ids in a locator (Bitcoin Core, `MAX_LOCATOR_SZ`).
const MAX_LOCATOR: usize = 101;

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
    const LEN: usize = 4 + 32;

    fn encode(&self, out: &mut Vec<u8>) {
        // The numbers are Bitcoin's.
        let (kind, id) = match self {
            Self::Tx(id) => (1_u32, &id.0),
            Self::Block(id) => (2, &id.0),
            Self::Compact(id) => (4, &id.0),
        };
        out.extend(kind.to_le_bytes());
        out.extend(id);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.u32()? {
            1 => Ok(Self::Tx(TxId(input.array()?))),
            2 => Ok(Self::Block(BlockId(input.array()?))),
            4 => Ok(Self::Compact(BlockId(input.array()?))),
            kind => Err(DecodeError::UnknownItem(kind)),
        }
    }
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
    const SHORT_ID: u32 = 6;

    fn tag(&self) -> u8 {
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

    /// The bytes on the wire; as many as [`Wire::wire_len`] says.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.wire_len() as usize);
        out.push(self.tag());
        match self {
            Self::Inv(items) | Self::GetData(items) | Self::NotFound(items) => {
                items.as_slice().iter().for_each(|item| item.encode(&mut out));
            }
            Self::GetHeaders(question) => {
                out.extend(question.stop.0);
                question.locator.iter().for_each(|id| out.extend(id.0));
            }
            Self::Headers(headers) => encode_headers(headers, &mut out),
            Self::Block(block) => block.encode(&mut out),
            Self::CompactBlock(compact) => encode_compact(compact, &mut out),
            Self::GetBlockTxns(question) => {
                out.extend(question.block.0);
                out.push(u8::from(question.padding));
                question.indexes.iter().for_each(|index| out.extend(index.to_le_bytes()));
            }
            Self::BlockTxns(answer) => {
                out.extend(answer.block.0);
                out.extend(answer.padding.to_le_bytes());
                // Bounded by the length of a block.
                out.extend((answer.transactions.len() as u32).to_le_bytes());
                answer.transactions.iter().for_each(|tx| tx.encode(&mut out));
                put_zeros(&mut out, answer.padding);
            }
            Self::Tx(tx) => tx.encode(&mut out),
            Self::GetProof(tx) => out.extend(tx.0),
            Self::Proof(proof) => {
                out.extend(proof.tx.0);
                out.extend(proof.block.0);
                out.extend(proof.proof.index.to_le_bytes());
                out.extend(proof.proof.count.to_le_bytes());
                proof.proof.path.iter().for_each(|sibling| out.extend(sibling));
            }
        }
        out
    }

    /// Reads one message that takes the whole input. Never panics, and allocates at most in proportion to the input.
    ///
    /// # Errors
    /// The first reason why the bytes are not a message.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        let tag = input.u8()?;
        let message = match tag {
            1 => Self::Inv(decode_items(&mut input)?),
            2 => Self::GetData(decode_items(&mut input)?),
            3 => Self::NotFound(decode_items(&mut input)?),
            4 => Self::GetHeaders(Arc::new(decode_get_headers(&mut input)?)),
            5 => Self::Headers(decode_headers(&mut input)?),
            6 => Self::Block(Arc::new(Block::decode(&mut input)?)),
            7 => Self::CompactBlock(Arc::new(decode_compact(&mut input)?)),
            8 => Self::GetBlockTxns(Arc::new(decode_get_block_txns(&mut input)?)),
            9 => Self::BlockTxns(Arc::new(decode_block_txns(&mut input)?)),
            10 => Self::Tx(Arc::new(Tx::decode(&mut input)?)),
            11 => Self::GetProof(TxId(input.array()?)),
            12 => Self::Proof(Arc::new(decode_proof(&mut input)?)),
            _ => return Err(DecodeError::UnknownMessage(tag)),
        };
        input.end()?;
        Ok(message)
    }
}

fn encode_headers(headers: &[SealedHeader], out: &mut Vec<u8>) {
    for (i, sealed) in headers.iter().enumerate() {
        // The first record's type byte is the message's own.
        if i > 0 {
            out.push(5);
        }
        out.extend(sealed.header().encode());
    }
}

fn encode_compact(compact: &CompactBlock, out: &mut Vec<u8>) {
    out.extend(compact.header.header().encode());
    out.extend(compact.frame.miner.to_le_bytes());
    out.extend(compact.frame.extra.to_le_bytes());
    out.extend(compact.frame.padding.to_le_bytes());
    out.extend(compact.filler.to_le_bytes());
    compact.short_ids.iter().for_each(|id| out.extend(&id.to_le_bytes()[..6]));
    put_zeros(out, compact.filler);
}

fn decode_items(input: &mut Reader<'_>) -> Result<Items, DecodeError> {
    match input.records(Item::LEN, "items", MAX_ITEMS)? {
        1 => Ok(Items::one(Item::decode(input)?)),
        count => {
            let items: Vec<Item> = (0..count).map(|_| Item::decode(input)).collect::<Result<_, _>>()?;
            Ok(Items::new(&items))
        }
    }
}

fn decode_get_headers(input: &mut Reader<'_>) -> Result<GetHeaders, DecodeError> {
    let stop = BlockId(input.array()?);
    let count = input.records(32, "locator", MAX_LOCATOR)?;
    let locator = (0..count).map(|_| input.array().map(BlockId)).collect::<Result<_, _>>()?;
    Ok(GetHeaders { locator, stop })
}

fn decode_headers(input: &mut Reader<'_>) -> Result<Arc<[SealedHeader]>, DecodeError> {
    let mut headers = Vec::with_capacity((input.left() / Header::LEN).min(MAX_HEADERS));
    while input.left() > 0 {
        if headers.len() == MAX_HEADERS {
            return Err(DecodeError::TooLong("headers"));
        }
        if !headers.is_empty() && input.u8()? != 5 {
            return Err(DecodeError::Malformed("header record"));
        }
        headers.push(Header::decode(input)?.seal());
    }
    Ok(headers.into())
}

fn decode_compact(input: &mut Reader<'_>) -> Result<CompactBlock, DecodeError> {
    let header = Header::decode(input)?.seal();
    let (miner, extra, padding, filler) = (input.u32()?, input.u64()?, input.u32()?, input.u32()?);
    let frame = Body { miner, extra, padding, transactions: Vec::new() };
    let ids = input.left().checked_sub(filler as usize).ok_or(DecodeError::Truncated)?;
    if ids % Message::SHORT_ID as usize != 0 {
        return Err(DecodeError::Malformed("short ids"));
    }
    let mut short_ids = Vec::with_capacity(ids / 6);
    for _ in 0..ids / 6 {
        let [a, b, c, d, e, f] = input.array()?;
        short_ids.push(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]));
    }
    input.zeros(filler, "short ids of the padding")?;
    Ok(CompactBlock { header, frame, short_ids, filler, origin: None })
}

fn decode_get_block_txns(input: &mut Reader<'_>) -> Result<GetBlockTxns, DecodeError> {
    let block = BlockId(input.array()?);
    let padding = match input.u8()? {
        0 => false,
        1 => true,
        _ => return Err(DecodeError::Malformed("padding wanted")),
    };
    let count = input.records(4, "indexes", Block::MAX_LEN as usize / Tx::MIN_LEN as usize)?;
    let indexes = (0..count).map(|_| input.u32()).collect::<Result<_, _>>()?;
    Ok(GetBlockTxns { block, padding, indexes })
}

fn decode_block_txns(input: &mut Reader<'_>) -> Result<BlockTxns, DecodeError> {
    let (block, padding) = (BlockId(input.array()?), input.u32()?);
    let transactions = decode_transactions(input)?;
    input.zeros(padding, "padding")?;
    Ok(BlockTxns { block, padding, transactions })
}

fn decode_proof(input: &mut Reader<'_>) -> Result<Proof, DecodeError> {
    let (tx, block) = (TxId(input.array()?), BlockId(input.array()?));
    let (index, count) = (input.u32()?, input.u32()?);
    // A tree over 2^32 leaves is 32 levels high.
    let len = input.records(32, "path", 32)?;
    let path = (0..len).map(|_| input.array()).collect::<Result<_, _>>()?;
    Ok(Proof { tx, block, proof: MerkleProof { index, count, path } })
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

/// Requests to a node from above: from its user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Put this transaction into the world.
    SubmitTx(Arc<Tx>),
    /// From now on these are your peers (of a light client: its neighbours).
    SetPeers(Arc<[NodeId]>),
    /// Tell me when this transaction is buried; light clients only, a full node is asked by
    /// [`Node::confirmations`](crate::Node::confirmations).
    Watch(TxId),
}

/// What a node tells above: to its user, or to observers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Indication {
    /// This node found a block (which it thereby accepts).
    Mined {
        /// The block.
        block: Arc<Block>,
    },
    /// A block of somebody else is known and, as far as it was checked, valid, for the first time here.
    Accepted {
        /// The block.
        block: Arc<Block>,
    },
    /// The best chain of a full node ends elsewhere.
    TipChanged {
        /// Its new end.
        tip: Arc<Block>,
        /// Height of the new end.
        height: u32,
        /// Number of blocks of the old chain that are no longer part of it; 0 for plain growth.
        reorg_depth: u32,
    },
    /// A transaction entered the mempool for the first time.
    TxSeen {
        /// The transaction.
        tx: Arc<Tx>,
    },
    /// The chain that a light client follows ends elsewhere.
    Followed {
        /// Its end.
        tip: BlockId,
        /// Height of the end.
        height: u32,
        /// Number of blocks of the old chain that are no longer part of it.
        reorg_depth: u32,
    },
    /// A watched transaction is as deep in the followed chain as the light client demands.
    Confirmed {
        /// The transaction.
        tx: TxId,
        /// The block that holds it.
        block: BlockId,
        /// Number of blocks from that one to the tip, both included.
        depth: u32,
    },
}

/// Timers of full nodes and light clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// A block is found.
    Mine,
    /// The earliest open request may be overdue.
    Requests,
    /// The transactions collected for this peer are announced.
    Trickle(NodeId),
    /// A light client asks its neighbours.
    Poll,
}

//! Messages as bytes (the layout is told at [`Message`]).

use std::sync::Arc;

use astrarium_node::Wire;

use crate::block::{Block, BlockId, Body, Header, SealedHeader, decode_transactions};
use crate::codec::{DecodeError, Reader, put_zeros};
use crate::merkle::MerkleProof;
use crate::message::{
    BlockTxns, CompactBlock, GetBlockTxns, GetHeaders, Item, Items, MAX_HEADERS, Message, Proof,
};
use crate::transaction::{Tx, TxId};

/// Most entries in one INV, GETDATA or NOTFOUND (Bitcoin Core, `MAX_INV_SZ`).
const MAX_ITEMS: usize = 50_000;
/// Most ids in a locator (Bitcoin Core, `MAX_LOCATOR_SZ`).
pub(crate) const MAX_LOCATOR: usize = 101;

impl Item {
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

impl Message {
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

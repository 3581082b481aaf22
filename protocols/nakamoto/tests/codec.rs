//! The wire format: lengths, round trips, hostile bytes.

use std::sync::Arc;

use astrarium_node::Wire;
use astrarium_protocol_nakamoto::{
    Bits, Block, BlockId, BlockTxns, Body, CompactBlock, Config, DecodeError, GetBlockTxns, GetHeaders,
    Header, Item, Items, MerkleProof, Message, OutPoint, Proof, SealedHeader, Tx, TxId,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn id() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>()
}

fn tx() -> impl Strategy<Value = Arc<Tx>> {
    let coin = (id(), any::<u32>()).prop_map(|(tx, index)| OutPoint { tx: TxId(tx), index });
    (vec(coin, 0..4), any::<u16>(), any::<u64>(), any::<u64>(), 0_u32..400)
        .prop_map(|(spends, creates, memo, fee, bytes)| Arc::new(Tx::new(spends, creates, memo, fee, bytes)))
}

fn header() -> impl Strategy<Value = SealedHeader> {
    (any::<u32>(), id(), id(), any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
        |(version, previous, merkle_root, time, bits, nonce)| {
            let previous = BlockId(previous);
            Header { version, previous, merkle_root, time, bits: Bits(bits), nonce }.seal()
        },
    )
}

fn block() -> impl Strategy<Value = Arc<Block>> {
    (header(), any::<u32>(), any::<u64>(), 0_u32..3_000, vec(tx(), 0..4), any::<bool>()).prop_map(
        |(header, miner, extra, padding, transactions, honest)| {
            let body = Body { miner, extra, padding, transactions };
            let h = header.header();
            Arc::new(if honest {
                Block::assemble(h.previous, h.time, h.bits, h.nonce, body)
            } else {
                Block::new(*h, body)
            })
        },
    )
}

fn item() -> impl Strategy<Value = Item> {
    (0..3, id()).prop_map(|(kind, id)| match kind {
        0 => Item::Tx(TxId(id)),
        1 => Item::Block(BlockId(id)),
        _ => Item::Compact(BlockId(id)),
    })
}

fn items() -> impl Strategy<Value = Items> {
    vec(item(), 0..6).prop_map(|items| Items::new(&items))
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        items().prop_map(Message::Inv),
        items().prop_map(Message::GetData),
        items().prop_map(Message::NotFound),
        (vec(id().prop_map(BlockId), 0..20), id()).prop_map(|(locator, stop)| {
            Message::GetHeaders(Arc::new(GetHeaders { locator, stop: BlockId(stop) }))
        }),
        vec(header(), 0..5).prop_map(|headers| Message::Headers(headers.into())),
        block().prop_map(Message::Block),
        block().prop_map(|b| Message::CompactBlock(Arc::new(CompactBlock::new(&b, &Config::default())))),
        (id(), any::<bool>(), vec(any::<u32>(), 0..5)).prop_map(|(block, padding, indexes)| {
            Message::GetBlockTxns(Arc::new(GetBlockTxns { block: BlockId(block), padding, indexes }))
        }),
        (id(), 0_u32..500, vec(tx(), 0..4)).prop_map(|(block, padding, transactions)| {
            Message::BlockTxns(Arc::new(BlockTxns { block: BlockId(block), padding, transactions }))
        }),
        tx().prop_map(Message::Tx),
        id().prop_map(|tx| Message::GetProof(TxId(tx))),
        (id(), id(), any::<u32>(), any::<u32>(), vec(id(), 0..33)).prop_map(
            |(tx, block, index, count, path)| {
                let proof = MerkleProof { index, count, path };
                Message::Proof(Arc::new(Proof { tx: TxId(tx), block: BlockId(block), proof }))
            }
        ),
    ]
}

proptest! {
    #[test]
    fn the_length_is_that_of_the_encoding_and_decoding_gives_the_message_back(message in message()) {
        let bytes = message.encode();
        prop_assert_eq!(bytes.len(), message.wire_len() as usize);
        let back = Message::decode(&bytes).unwrap();
        prop_assert_eq!(&back, &message);
        // Equality of blocks is by identity; bytes are stricter.
        prop_assert_eq!(back.encode(), bytes);
    }

    #[test]
    fn damaged_messages_are_errors_or_other_messages(message in message(), at in any::<usize>(), byte in any::<u8>(), cut in any::<usize>()) {
        let mut bytes = message.encode();
        let at = at % bytes.len();
        bytes[at] = byte;
        let cut = cut % (bytes.len() + 1);
        for input in [&bytes[..], &bytes[..cut]] {
            if let Ok(other) = Message::decode(input) {
                prop_assert_eq!(other.encode(), input, "one encoding per message");
            }
        }
    }

    #[test]
    fn noise_never_panics(tag in 0_u8..14, mut noise in vec(any::<u8>(), 0..300)) {
        noise.insert(0, tag);
        let _ = Message::decode(&noise);
    }
}

/// The sizes that BL-1 gives: INV 37, GETDATA 37, HEADERS 81·k.
#[test]
fn lengths_are_those_of_the_specification() {
    let one = Items::one(Item::Block(BlockId([1; 32])));
    assert_eq!(Message::Inv(one.clone()).wire_len(), 37);
    assert_eq!(Message::GetData(one).wire_len(), 37);
    let header = *Block::genesis(&Config::default()).sealed();
    for k in 1..4_u32 {
        assert_eq!(Message::Headers(vec![header; k as usize].into()).wire_len(), 81 * k);
    }
}

#[test]
fn announced_lengths_are_not_believed() {
    // A transaction that claims 65,535 spends; block transactions that claim four billion; more zeros than there are.
    let claims = [
        (vec![10, 255, 255], DecodeError::TooLong("spends")),
        (vec![10, 200, 1, 0, 0], DecodeError::Truncated),
        ([vec![9; 1], vec![0; 36], vec![255; 4]].concat(), DecodeError::Truncated),
        ([vec![9; 1], vec![0; 32], vec![255; 4], vec![0; 4]].concat(), DecodeError::Truncated),
        (vec![99], DecodeError::UnknownMessage(99)),
        (vec![], DecodeError::Truncated),
        ([vec![11; 1], vec![0; 33]].concat(), DecodeError::Trailing(1)),
        ([vec![1; 1], vec![0; 36]].concat(), DecodeError::UnknownItem(0)),
        ([vec![4; 1], vec![0; 32 * 103]].concat(), DecodeError::TooLong("locator")),
    ];
    for (bytes, error) in claims {
        assert_eq!(Message::decode(&bytes), Err(error), "{bytes:?}");
    }
}

//! Nakamoto proof-of-work consensus: block tree, mempool, relay, difficulty, mining.
//!
//! Real node logic on the sans-IO contract: real SHA3-256 identities and links, heaviest chain with the first-seen rule,
//! double-spend validation, difficulty retarget, relay by inventory (or unsolicited push, or compact blocks),
//! headers-first synchronisation, and light clients that follow headers. What is *not* real is the search for a nonce:
//! finding a block is an exponential race ([`mining_delay`]), and that nobody can forge a block without running that race
//! is an assumption, not something a header proves.
//!
//! Specification: baseline BL-1 of the CypherBFT specification §15; relay of the network specification §6.13; Nakamoto
//! (2008), "Bitcoin: a peer-to-peer electronic cash system". Where a number has no better source it is Bitcoin Core's.
//!
//! | topic (Nakamoto 2008 section) | file |
//! |---|---|
//! | parameters | `config.rs` |
//! | transactions and coins (§2) | `transaction.rs`, `ledger.rs` |
//! | header, block, identity (§3, §4) | `block.rs` |
//! | Merkle trees and proofs (§7, §8) | `merkle.rs` |
//! | proof of work, retarget (§4) | `difficulty.rs` |
//! | what makes a header valid | `rules.rs` |
//! | all known blocks | `tree.rs`; the best chain through them `chain.rs`; blocks without parents `orphans.rs` |
//! | waiting transactions | `mempool.rs` |
//! | the wire (§5) | `message.rs`, `encoding.rs`, `codec.rs` |
//! | requests and announcements (§5) | `relay.rs`, `compact.rs`, `sync.rs`, `serve.rs` |
//! | the full node (§5) | `node.rs`; what it does with new blocks and transactions `intake.rs`; its user's side `interface.rs` |
//! | simplified payment verification (§8) | `light.rs` |
//! | either of the two, for mixed worlds | `participant.rs` |
//!
//! *Architecture invariant:* this crate knows nothing of the network model, the engine or an adversary.

mod block;
mod chain;
mod codec;
mod compact;
mod config;
mod difficulty;
mod encoding;
mod intake;
mod interface;
mod ledger;
mod light;
mod mempool;
mod merkle;
mod message;
mod node;
mod orphans;
mod participant;
mod relay;
mod rules;
mod serve;
mod sync;
mod transaction;
mod tree;

pub use block::{Block, BlockId, Body, Chained, Header, SealedHeader};
pub use chain::{Acceptance, Chain, Switch};
pub use codec::DecodeError;
pub use config::{Config, ConfigError, FollowRule, LightConfig, Relay, Retarget};
pub use difficulty::{Bits, MINING, mining_delay};
pub use interface::{Indication, Request, Timer};
pub use ledger::{Confirmation, Ledger, LedgerError};
pub use light::{LightClient, NEIGHBOURS};
pub use mempool::{Mempool, MempoolError};
pub use merkle::{Digest, MerkleProof, merkle_root};
pub use message::{
    BlockTxns, CompactBlock, GetBlockTxns, GetHeaders, Item, Items, MAX_HEADERS, Message, Proof, ShortId,
};
pub use node::Node;
pub use orphans::Orphans;
pub use participant::Participant;
pub use rules::{Refusal, check_header, earliest_time, next_bits};
pub use transaction::{OutPoint, Tx, TxId};
pub use tree::{Position, Tree};

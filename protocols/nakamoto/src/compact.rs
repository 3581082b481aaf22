//! Compact blocks: a header and short ids; what the receiver lacks is fetched (BIP 152; network specification §6.13).
//!
//! Modelled transactions are matched with the mempool for real. The padding stands for transactions that are not modelled,
//! so whether a receiver has them is a draw: `compact_failure`, named by node and block.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_node::{Cx, Datagram, Domain, NodeId, Op, hash};

use crate::block::{Block, BlockId, Body, Header};
use crate::config::Config;
use crate::message::{BlockTxns, CompactBlock, GetBlockTxns, Item, Items, Message, ShortId};
use crate::node::{Host, Node};
use crate::transaction::{Tx, TxId};

/// Tag of the draws whether the padding of a block is at hand: `cx.stream(Domain::protocol(COMPACT), block's prefix)`.
const COMPACT: u16 = 2;
/// Most compact blocks whose rest is awaited; the oldest goes first.
const PENDING: usize = 16;

impl CompactBlock {
    /// The compact form of a block.
    #[must_use]
    pub fn new(block: &Arc<Block>, config: &Config) -> Self {
        let body = block.body();
        let frame = Body { transactions: Vec::new(), ..body.clone() };
        let short_ids = body.transactions.iter().map(|tx| short_id(&block.id(), &tx.id())).collect();
        let filler = body.padding.div_ceil(config.padding_tx_bytes.max(1)).saturating_mul(6);
        Self { header: *block.sealed(), frame, short_ids, filler, origin: Some(block.clone()) }
    }

    /// The block of this frame and these transactions. Shares the original if that is the same block.
    fn fill(&self, transactions: Vec<Arc<Tx>>) -> Arc<Block> {
        let body = Body { transactions, ..self.frame.clone() };
        match &self.origin {
            Some(origin) if *origin.sealed() == self.header && *origin.body() == body => origin.clone(),
            _ => Arc::new(Block::new(*self.header.header(), body)),
        }
    }
}

/// The short id of a transaction within one block: salted by the block, so two transactions that collide in one block do
/// not in the next.
fn short_id(block: &BlockId, tx: &TxId) -> ShortId {
    hash::mix(block.prefix(), tx.prefix()) & 0xffff_ffff_ffff
}

/// A compact block whose rest has been asked for.
#[derive(Debug, Clone)]
pub(crate) struct PendingCompact {
    compact: Arc<CompactBlock>,
    from: NodeId,
    found: Vec<Option<Arc<Tx>>>,
    padding: bool,
}

impl PendingCompact {
    fn missing(&self) -> impl Iterator<Item = u32> {
        // A block's transactions are bounded by its length.
        self.found.iter().enumerate().filter(|(_, tx)| tx.is_none()).map(|(at, _)| at as u32)
    }

    /// The block, if the answer is what was asked for.
    fn complete(mut self, answer: &BlockTxns) -> Option<Arc<Block>> {
        let padding = if self.padding { self.compact.frame.padding } else { 0 };
        if answer.padding != padding || self.missing().count() != answer.transactions.len() {
            return None;
        }
        let holes = self.found.iter_mut().filter(|slot| slot.is_none());
        for (slot, tx) in holes.zip(&answer.transactions) {
            *slot = Some(tx.clone());
        }
        Some(self.compact.fill(self.found.into_iter().flatten().collect()))
    }
}

impl Node {
    pub(crate) fn on_compact<H: Host>(
        &mut self,
        compact: Arc<CompactBlock>,
        from: NodeId,
        cx: &mut Cx<'_, H>,
    ) {
        let id = compact.header.id();
        cx.charge(Op::Hash { bytes: Header::LEN as u32 });
        if self.has_block(&id) || self.compact.iter().any(|pending| pending.compact.header.id() == id) {
            return;
        }
        let found = self.match_short_ids(&id, &compact.short_ids);
        let padding = compact.frame.padding > 0
            && cx.stream(Domain::protocol(COMPACT), id.prefix()).chance(self.config.compact_failure);
        let pending = PendingCompact { compact, from, found, padding };
        let indexes: Vec<u32> = pending.missing().collect();
        if indexes.is_empty() && !padding {
            let transactions = pending.found.into_iter().flatten().collect();
            self.finish_compact(pending.compact.fill(transactions), from, cx);
            return;
        }
        if self.compact.len() == PENDING {
            self.compact.remove(0);
        }
        self.compact.push(pending);
        // Opens the request if the block came unasked; its timeout guards the answer.
        self.requests.announce(Item::Block(id), from, cx.now(), self.config.request_timeout());
        self.arm_requests(cx);
        let question = GetBlockTxns { block: id, padding, indexes };
        cx.send(Datagram::One(from, Message::GetBlockTxns(Arc::new(question))));
    }

    /// What of a compact block waits in the mempool. Of two waiting transactions with one short id neither is taken.
    fn match_short_ids(&self, block: &BlockId, short_ids: &[ShortId]) -> Vec<Option<Arc<Tx>>> {
        if short_ids.is_empty() {
            return Vec::new();
        }
        let mut by_short_id: BTreeMap<ShortId, Option<&Arc<Tx>>> = BTreeMap::new();
        for tx in self.mempool.iter() {
            by_short_id.entry(short_id(block, &tx.id())).and_modify(|slot| *slot = None).or_insert(Some(tx));
        }
        short_ids.iter().map(|id| by_short_id.get(id).copied().flatten().cloned()).collect()
    }

    pub(crate) fn on_block_txns<H: Host>(&mut self, answer: &BlockTxns, from: NodeId, cx: &mut Cx<'_, H>) {
        let asked =
            |pending: &PendingCompact| pending.from == from && pending.compact.header.id() == answer.block;
        // An answer that nobody waits for any more is late, not wrong.
        let Some(at) = self.compact.iter().position(asked) else { return };
        match self.compact.swap_remove(at).complete(answer) {
            Some(block) => self.finish_compact(block, from, cx),
            None => {
                self.rejected += 1;
                self.ask_another(Item::Block(answer.block), from, cx);
            }
        }
    }

    fn finish_compact<H: Host>(&mut self, block: Arc<Block>, from: NodeId, cx: &mut Cx<'_, H>) {
        if block.root_matches() {
            self.receive_block(block, from, cx);
        } else {
            // Two transactions share a short id, or somebody lies; the whole block tells which.
            cx.send(Datagram::One(from, Message::GetData(Items::one(Item::Block(block.id())))));
        }
    }

    /// Stops waiting for the rest of a compact block.
    pub(crate) fn forget_compact(&mut self, id: &BlockId) {
        self.compact.retain(|pending| pending.compact.header.id() != *id);
    }
}

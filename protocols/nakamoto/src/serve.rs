//! Answers to the questions of others.

use std::sync::Arc;

use astrarium_node::{Cx, Datagram, NodeId};

use crate::block::{Block, BlockId, SealedHeader};
use crate::encoding::MAX_LOCATOR;
use crate::message::{
    BlockTxns, CompactBlock, GetBlockTxns, GetHeaders, Item, Items, MAX_HEADERS, Message, Proof,
};
use crate::node::{Host, Node};
use crate::relay::MOST_ITEMS;
use crate::transaction::TxId;

impl Node {
    /// A block that is worth passing on: known and not marked invalid.
    fn sound_block(&self, id: &BlockId) -> Option<&Arc<Block>> {
        let tree = self.chain.tree();
        let at = tree.position(id)?;
        (!tree.is_invalid(at)).then(|| tree.block(at))
    }

    fn find(&self, item: &Item) -> Option<Message> {
        match item {
            Item::Block(id) => self.sound_block(id).cloned().map(Message::Block),
            Item::Compact(id) => {
                let compact = CompactBlock::new(self.sound_block(id)?, &self.config);
                Some(Message::CompactBlock(Arc::new(compact)))
            }
            Item::Tx(id) => self.mempool.get(id).cloned().map(Message::Tx),
        }
    }

    pub(crate) fn serve_data<H: Host>(&mut self, items: &[Item], from: NodeId, cx: &mut Cx<'_, H>) {
        if items.len() > MOST_ITEMS {
            self.rejected += 1;
            return;
        }
        let mut missing = Vec::new();
        for item in items {
            match self.find(item) {
                Some(message) => cx.send(Datagram::One(from, message)),
                None => missing.push(*item),
            }
        }
        if !missing.is_empty() {
            cx.send(Datagram::One(from, Message::NotFound(Items::new(&missing))));
        }
    }

    /// What follows the newest block of the locator that is on the best chain; nothing is an answer too.
    pub(crate) fn serve_headers<H: Host>(&mut self, question: &GetHeaders, from: NodeId, cx: &mut Cx<'_, H>) {
        if question.locator.len() > MAX_LOCATOR {
            self.rejected += 1;
            return;
        }
        let shared = question.locator.iter().find_map(|id| self.chain.height_on_best(id)).unwrap_or(0);
        let mut headers: Vec<SealedHeader> = Vec::new();
        for block in self.chain.blocks_above(shared).take(MAX_HEADERS) {
            headers.push(*block.sealed());
            if block.id() == question.stop {
                break;
            }
        }
        cx.send(Datagram::One(from, Message::Headers(headers.into())));
    }

    pub(crate) fn serve_block_txns<H: Host>(
        &mut self,
        question: &GetBlockTxns,
        from: NodeId,
        cx: &mut Cx<'_, H>,
    ) {
        let Some(block) = self.sound_block(&question.block) else {
            let missing = Items::one(Item::Compact(question.block));
            cx.send(Datagram::One(from, Message::NotFound(missing)));
            return;
        };
        let padding = if question.padding { block.body().padding } else { 0 };
        let wanted = question.indexes.iter().map(|&at| block.transactions().get(at as usize).cloned());
        // More indexes than transactions would repeat some.
        let sane = question.indexes.len() <= block.transactions().len();
        match wanted.collect::<Option<Vec<_>>>().filter(|_| sane) {
            Some(transactions) => {
                let answer = BlockTxns { block: question.block, padding, transactions };
                cx.send(Datagram::One(from, Message::BlockTxns(Arc::new(answer))));
            }
            None => self.rejected += 1,
        }
    }

    pub(crate) fn serve_proof<H: Host>(&mut self, tx: TxId, from: NodeId, cx: &mut Cx<'_, H>) {
        let confirmation = self.chain.ledger().confirmation(&tx);
        let block = confirmation.and_then(|c| self.chain.at_height(c.height));
        let message = match block.and_then(|block| Some((block, block.prove(&tx)?))) {
            Some((block, proof)) => Message::Proof(Arc::new(Proof { tx, block: block.id(), proof })),
            None => Message::NotFound(Items::one(Item::Tx(tx))),
        };
        cx.send(Datagram::One(from, message));
    }
}

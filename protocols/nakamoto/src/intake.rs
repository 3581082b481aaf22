//! What a full node does with a new block or transaction, whoever brings it.

use std::sync::Arc;

use astrarium_node::{Cx, NodeId, Op};

use crate::block::Block;
use crate::chain::Switch;
use crate::interface::Indication;
use crate::mempool::MempoolError;
use crate::message::Item;
use crate::node::{Host, Node};
use crate::rules::Refusal;
use crate::transaction::Tx;

impl Node {
    /// Takes a block in from a peer, and with it the orphans that waited for it.
    pub(crate) fn receive_block<H: Host>(&mut self, block: Arc<Block>, from: NodeId, cx: &mut Cx<'_, H>) {
        let id = block.id();
        if !block.root_matches() {
            // Says nothing about the block of that identity, which another announcer may have.
            self.rejected += 1;
            self.ask_another(Item::Block(id), from, cx);
            return;
        }
        let mut told = self.requests.close(&Item::Block(id));
        self.forget_compact(&id);
        if !self.has_block(&id) {
            if !told.contains(&from) {
                told.push(from);
            }
            self.take_block(block, from, &told, cx);
        }
        self.requests.recycle(told);
        self.continue_sync(cx);
    }

    fn take_block<H: Host>(&mut self, block: Arc<Block>, from: NodeId, told: &[NodeId], cx: &mut Cx<'_, H>) {
        self.charge_for(&block, cx);
        let mut next = Some((block, from));
        let mut first = true;
        // The worklist of blocks whose parents are known now; depth first, so a branch connects in order.
        let mut connected = Vec::new();
        while let Some((block, from)) = next.take() {
            let knowing = if first { told } else { std::slice::from_ref(&from) };
            if self.try_block(&block, from, knowing, cx) {
                connected.push(block.id());
            }
            first = false;
            while next.is_none() {
                let Some(parent) = connected.last() else { break };
                next = self.orphans.take_child(parent);
                if next.is_none() {
                    connected.pop();
                }
            }
        }
        self.race(cx);
    }

    /// Tries to hang one block into the tree; true when it is there now.
    fn try_block<H: Host>(
        &mut self,
        block: &Arc<Block>,
        from: NodeId,
        told: &[NodeId],
        cx: &mut Cx<'_, H>,
    ) -> bool {
        match self.chain.accept(block, &self.config, cx.now()) {
            Ok(acceptance) => {
                cx.indicate(Indication::Accepted { block: block.clone() });
                self.after_switch(acceptance.switch, told, cx);
                true
            }
            Err(Refusal::Orphan) => {
                self.orphans.insert(block.clone(), from);
                self.sync_for_orphan(&block.id(), from, cx);
                false
            }
            Err(refusal) => {
                self.rejected += u64::from(refusal.is_misbehaviour());
                if refusal.is_final_for_id() {
                    self.refused.insert(block.id().prefix());
                }
                false
            }
        }
    }

    /// Symbolic cost of checking a block: its header and body hashed, its transactions checked, those included that the
    /// padding stands for.
    fn charge_for<H: Host>(&self, block: &Block, cx: &mut Cx<'_, H>) {
        cx.charge(Op::Hash { bytes: block.wire_len() });
        let padded = block.body().padding / self.config.padding_tx_bytes.max(1);
        // A block's transactions are bounded by its length.
        cx.charge(Op::Transactions { count: padded + block.transactions().len() as u32 });
    }

    /// Everything that follows a move of the best chain.
    pub(crate) fn after_switch<H: Host>(
        &mut self,
        switch: Option<Switch>,
        told: &[NodeId],
        cx: &mut Cx<'_, H>,
    ) {
        let Some(Switch { fork_height, disconnected }) = switch else { return };
        let Self { chain, mempool, .. } = self;
        mempool.follow(&disconnected, chain.blocks_above(fork_height), chain.ledger());
        cx.indicate(Indication::TipChanged {
            tip: chain.tip().clone(),
            height: chain.height(),
            // Bounded by a height.
            reorg_depth: disconnected.len() as u32,
        });
        self.announce_blocks(fork_height, told, cx);
    }

    /// Takes a transaction in from the user (`from` is `None`) or from a peer.
    pub(crate) fn receive_tx<H: Host>(&mut self, tx: &Arc<Tx>, from: Option<NodeId>, cx: &mut Cx<'_, H>) {
        let mut told = self.requests.close(&Item::Tx(tx.id()));
        told.extend(from.filter(|from| !told.contains(from)));
        cx.charge(Op::Transactions { count: 1 });
        match self.mempool.insert(tx, self.chain.ledger()) {
            Ok(()) => {
                cx.indicate(Indication::TxSeen { tx: tx.clone() });
                self.announce_tx(tx.id(), &told, cx);
            }
            Err(MempoolError::Known | MempoolError::Confirmed) => {}
            Err(error) => {
                self.rejected += u64::from(error == MempoolError::Malformed);
                // A missing parent may still come; anything else will not get better soon.
                if !matches!(error, MempoolError::NoSuchCoin(_)) {
                    self.refused.insert(tx.id().prefix());
                }
            }
        }
        self.requests.recycle(told);
    }
}

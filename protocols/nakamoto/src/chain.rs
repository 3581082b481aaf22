//! The best chain: heaviest valid one, first seen among equals (Nakamoto 2008 §5).

use std::sync::Arc;

use astrarium_node::Time;

use crate::block::{Block, BlockId, Body};
use crate::config::Config;
use crate::ledger::{Ledger, LedgerError};
use crate::rules::{self, Refusal};
use crate::tree::{Position, Tree};

/// The best chain moved. What is new on it is [`Chain::blocks_above`] `fork_height`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Height of the last block that the old and the new best chain share.
    pub fork_height: u32,
    /// Blocks of the old chain above the fork, oldest first; their number is the depth of the reorganisation.
    pub disconnected: Vec<Arc<Block>>,
}

/// What taking a block led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The block's number in the tree.
    pub position: Position,
    /// How the best chain moved; `None` when it stayed.
    pub switch: Option<Switch>,
}

/// A block tree, the best chain through it and the coins of that chain. Also what an independent miner keeps.
#[derive(Debug, Clone)]
#[repr(C)]
pub struct Chain {
    tree: Tree<Arc<Block>>,
    /// The best chain by height.
    best: Vec<Position>,
    ledger: Ledger,
}

impl Chain {
    /// The chain of this genesis block alone.
    #[must_use]
    pub fn new(genesis: Arc<Block>) -> Self {
        Self { tree: Tree::new(genesis), best: vec![Position::GENESIS], ledger: Ledger::default() }
    }

    /// All known blocks.
    #[inline]
    #[must_use]
    pub fn tree(&self) -> &Tree<Arc<Block>> {
        &self.tree
    }

    /// The coins of the best chain.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Number of the best chain's last block.
    #[inline]
    #[must_use]
    pub fn tip_position(&self) -> Position {
        self.best.last().copied().unwrap_or(Position::GENESIS)
    }

    /// The best chain's last block.
    #[inline]
    #[must_use]
    pub fn tip(&self) -> &Arc<Block> {
        self.tree.block(self.tip_position())
    }

    /// Height of the best chain's last block.
    #[inline]
    #[must_use]
    pub fn height(&self) -> u32 {
        // Heights are u32 by type.
        self.best.len() as u32 - 1
    }

    /// The block at this height of the best chain.
    #[must_use]
    pub fn at_height(&self, height: u32) -> Option<&Arc<Block>> {
        self.best.get(height as usize).map(|&at| self.tree.block(at))
    }

    /// Height of a block if it is on the best chain.
    #[must_use]
    pub fn height_on_best(&self, id: &BlockId) -> Option<u32> {
        let at = self.tree.position(id)?;
        let height = self.tree.height(at);
        (self.best.get(height as usize) == Some(&at)).then_some(height)
    }

    /// Blocks of the best chain above this height, oldest first.
    pub fn blocks_above(
        &self,
        height: u32,
    ) -> impl DoubleEndedIterator<Item = &Arc<Block>> + ExactSizeIterator {
        let from = (height as usize).saturating_add(1).min(self.best.len());
        self.best[from..].iter().map(|&at| self.tree.block(at))
    }

    /// Takes a block: checks it, hangs it into the tree, and moves to its chain if that is heavier than the best one.
    ///
    /// # Errors
    /// Why the block was not taken. When transactions of its branch are at fault, the faulty block and all that build on it
    /// are marked, and the best chain is what it was.
    pub fn accept(&mut self, block: &Arc<Block>, config: &Config, now: Time) -> Result<Acceptance, Refusal> {
        if !block.root_matches() {
            return Err(Refusal::MerkleRoot);
        }
        if block.wire_len() > Block::MAX_LEN {
            return Err(Refusal::TooLong);
        }
        let (parent, work) = rules::check_header(&self.tree, block.sealed(), config, now)?;
        let position = self.tree.insert(block.clone(), parent, work).ok_or(Refusal::Known)?;
        // Strictly more work: among equals the first seen stays.
        if self.tree.work(position) <= self.tree.work(self.tip_position()) {
            return Ok(Acceptance { position, switch: None });
        }
        let switch = self.switch_to(position).map_err(Refusal::Transactions)?;
        Ok(Acceptance { position, switch: Some(switch) })
    }

    /// The block that extends `parent`, as a miner with the local clock `now` makes it; `None` when the parent is unknown.
    #[must_use]
    pub fn assemble_on(
        &self,
        parent: &BlockId,
        config: &Config,
        now: Time,
        nonce: u32,
        body: Body,
    ) -> Option<Block> {
        let at = self.tree.position(parent)?;
        let time = rules::clock(now).max(rules::earliest_time(&self.tree, at));
        Some(Block::assemble(*parent, time, rules::next_bits(&self.tree, at, config), nonce, body))
    }

    fn switch_to(&mut self, target: Position) -> Result<Switch, LedgerError> {
        let fork = self.tree.common_ancestor(target, self.tip_position());
        let fork_height = self.tree.height(fork);
        let abandoned = self.best.split_off(fork_height as usize + 1);
        for &at in abandoned.iter().rev() {
            self.ledger.disconnect(self.tree.block(at));
        }
        if let Err((culprit, error)) = self.extend_to(target, fork) {
            self.tree.mark_invalid(culprit);
            self.return_to(fork_height, &abandoned);
            return Err(error);
        }
        let disconnected = abandoned.iter().map(|&at| self.tree.block(at).clone()).collect();
        Ok(Switch { fork_height, disconnected })
    }

    /// Connects the blocks from `fork`, where the best chain ends, to `target`.
    fn extend_to(&mut self, target: Position, fork: Position) -> Result<(), (Position, LedgerError)> {
        let from = self.best.len();
        let mut at = target;
        while at != fork {
            self.best.push(at);
            at = self.tree.parent(at);
        }
        self.best[from..].reverse();
        for height in from..self.best.len() {
            let at = self.best[height];
            if let Err(error) = self.ledger.connect(self.tree.block(at), height as u32) {
                // What lies above was never connected.
                self.best.truncate(height);
                return Err((at, error));
            }
        }
        Ok(())
    }

    /// Undoes a failed move: back to the fork and up the old chain, which was valid before and still is.
    fn return_to(&mut self, fork_height: u32, abandoned: &[Position]) {
        for at in self.best.split_off(fork_height as usize + 1).into_iter().rev() {
            self.ledger.disconnect(self.tree.block(at));
        }
        for &at in abandoned {
            let connected = self.ledger.connect(self.tree.block(at), self.best.len() as u32);
            debug_assert!(connected.is_ok(), "a chain that was valid is valid again: {connected:?}");
            self.best.push(at);
        }
    }
}

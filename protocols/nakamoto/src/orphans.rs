//! Blocks that arrived before their parents.

use std::collections::VecDeque;
use std::sync::Arc;

use astrarium_node::NodeId;

use crate::block::{Block, BlockId};

/// A bounded pool; the oldest goes first (a block that is still wanted will be announced or asked for again).
#[derive(Debug, Clone, Default)]
pub struct Orphans {
    waiting: VecDeque<(Arc<Block>, NodeId)>,
}

impl Orphans {
    /// Most blocks that wait: a few batches of synchronisation.
    pub const CAPACITY: usize = 64;

    /// Keeps a block and who sent it; false when it is kept already.
    pub fn insert(&mut self, block: Arc<Block>, from: NodeId) -> bool {
        if self.contains(&block.id()) {
            return false;
        }
        if self.waiting.len() == Self::CAPACITY {
            self.waiting.pop_front();
        }
        self.waiting.push_back((block, from));
        true
    }

    /// Whether the block waits here.
    #[must_use]
    pub fn contains(&self, id: &BlockId) -> bool {
        self.waiting.iter().any(|(block, _)| block.id() == *id)
    }

    /// Takes out one block whose parent is `parent`, the longest waiting first.
    pub fn take_child(&mut self, parent: &BlockId) -> Option<(Arc<Block>, NodeId)> {
        let at = self.waiting.iter().position(|(block, _)| block.header().previous == *parent)?;
        self.waiting.remove(at)
    }

    /// The unknown block that this one waits for: the parent of its lowest ancestor here.
    #[must_use]
    pub fn missing_root(&self, id: &BlockId) -> BlockId {
        let mut root = *id;
        // Each step goes to another orphan: a cycle would be a collision of SHA3.
        while let Some((block, _)) = self.waiting.iter().find(|(block, _)| block.id() == root) {
            root = block.header().previous;
        }
        root
    }

    /// Who sent the block that came last.
    #[must_use]
    pub fn newest_sender(&self) -> Option<NodeId> {
        self.waiting.back().map(|(_, sender)| *sender)
    }

    /// Number of waiting blocks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// True when none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Drops all.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

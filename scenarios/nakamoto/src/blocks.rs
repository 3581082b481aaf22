//! Which blocks exist: every block that an honest node found or took into its best chain, by compact numbers.

use std::sync::Arc;

use astrarium_node::collections::Map;
use astrarium_protocol_nakamoto::{Block, BlockId, Node};

/// Number of a block, in order of appearance; the genesis block is 0.
pub(crate) type Number = u32;

/// One block.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) block: Arc<Block>,
    pub(crate) parent: Number,
    pub(crate) height: u32,
}

/// All blocks seen in a run.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    entries: Vec<Entry>,
    /// By the identity's first eight bytes.
    index: Map<u64, Number>,
    /// The block asked for last: thousands of nodes report the same one in a row.
    recent: (u64, Number),
}

impl Blocks {
    pub(crate) fn new(genesis: Arc<Block>) -> Self {
        let prefix = genesis.id().prefix();
        let mut index = Map::default();
        index.insert(prefix, 0);
        Self { entries: vec![Entry { block: genesis, parent: 0, height: 0 }], index, recent: (prefix, 0) }
    }

    pub(crate) fn get(&self, number: Number) -> &Entry {
        &self.entries[number as usize]
    }

    /// Number of blocks, the genesis block included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn find(&mut self, id: &BlockId) -> Option<Number> {
        let prefix = id.prefix();
        if self.recent.0 != prefix {
            self.recent = (prefix, *self.index.get(&prefix)?);
        }
        Some(self.recent.1)
    }

    /// Files a block whose parent is on file; its number, old or new.
    pub(crate) fn add(&mut self, block: &Arc<Block>) -> Option<Number> {
        if let Some(number) = self.find(&block.id()) {
            return Some(number);
        }
        let parent = self.find(&block.header().previous)?;
        let number = Number::try_from(self.entries.len()).ok()?;
        let height = self.get(parent).height + 1;
        self.entries.push(Entry { block: block.clone(), parent, height });
        self.index.insert(block.id().prefix(), number);
        self.recent = (block.id().prefix(), number);
        Some(number)
    }

    /// Files a block that a node has, with all its ancestors, whoever made them; `None` when the node does not have it.
    pub(crate) fn add_branch(&mut self, block: &Arc<Block>, node: &Node) -> Option<Number> {
        if let Some(number) = self.add(block) {
            return Some(number);
        }
        let tree = node.tree();
        let (mut at, mut missing) = (tree.position(&block.id())?, Vec::new());
        while self.find(&tree.id(at)).is_none() {
            missing.push(at);
            at = tree.parent(at);
        }
        missing.into_iter().rev().map(|at| self.add(tree.block(at))).last().flatten()
    }

    /// Whether `old` is `young` or one of its ancestors.
    pub(crate) fn is_ancestor(&self, old: Number, mut young: Number) -> bool {
        let height = self.get(old).height;
        while self.get(young).height > height {
            young = self.get(young).parent;
        }
        young == old
    }
}

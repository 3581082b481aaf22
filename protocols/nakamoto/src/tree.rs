//! Every block (or header) known to a node, as a tree.
//!
//! About 70 bytes per block and node, the block itself is shared. Blocks are numbered in order of arrival, so "first seen"
//! is "lower number". Structure only: what makes a header valid is in `rules.rs`, which chain is best in `chain.rs`.

use std::collections::BTreeSet;
use std::collections::hash_map::Entry;

use astrarium_node::collections::Map;

use crate::block::{BlockId, Chained, Header};

/// So many blocks have a say in the median time past (Bitcoin Core, `nMedianTimeSpan`).
const WINDOW: usize = 11;

/// How many of the latest arrivals are found without a table.
const RECENT: usize = 4;

/// Number of a block within one tree, in order of arrival; the genesis block is number 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u32);

impl Position {
    /// The genesis block.
    pub const GENESIS: Self = Self(0);

    fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug, Clone)]
struct Known<B> {
    work: u128,
    block: B,
    parent: Position,
    height: u32,
}

/// Blocks by number and by identity, each with its parent, height and the work of its chain.
#[derive(Debug, Clone)]
#[repr(C)]
pub struct Tree<B> {
    // Prefixes of the latest arrivals: most announcements name one of these, and here they are found without leaving
    // the cache line.
    recent: [u64; RECENT],
    entries: Vec<Known<B>>,
    // By the identity's first eight bytes; a block whose eight bytes are taken cannot be inserted (2^-64 per pair).
    index: Map<u64, Position>,
    // Few or none, hence apart from the entries.
    invalid: BTreeSet<Position>,
}

impl<B: Chained> Tree<B> {
    /// The tree of this genesis block alone.
    #[must_use]
    pub fn new(genesis: B) -> Self {
        let prefix = genesis.sealed().id().prefix();
        let work = genesis.sealed().header().bits.work().unwrap_or(0);
        let mut index = Map::default();
        index.insert(prefix, Position::GENESIS);
        Self {
            recent: [prefix; RECENT],
            entries: vec![Known { work, block: genesis, parent: Position::GENESIS, height: 0 }],
            index,
            invalid: BTreeSet::new(),
        }
    }

    /// Whether the block is known, valid or not: the question of every announcement, answered by the identity's first
    /// eight bytes.
    #[inline]
    #[must_use]
    pub fn knows(&self, id: &BlockId) -> bool {
        let prefix = id.prefix();
        self.recent.contains(&prefix) || self.index.contains_key(&prefix)
    }

    /// The number of a block; `None` when it is unknown.
    #[must_use]
    pub fn position(&self, id: &BlockId) -> Option<Position> {
        let prefix = id.prefix();
        let position = match self.recent.iter().position(|&recent| recent == prefix) {
            Some(slot) => self.latest_of(slot),
            None => *self.index.get(&prefix)?,
        };
        (self.id(position) == *id).then_some(position)
    }

    /// The latest arrival that belongs into this slot of `recent`; the genesis block while there is none.
    fn latest_of(&self, slot: usize) -> Position {
        let last = self.entries.len() - 1;
        let back = (last + RECENT - slot) % RECENT;
        // Blocks are numbered by u32.
        Position(last.saturating_sub(back) as u32)
    }

    /// Number of blocks, at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a tree always holds its genesis block")]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// All blocks in order of arrival.
    pub fn iter(&self) -> impl Iterator<Item = &B> {
        self.entries.iter().map(|entry| &entry.block)
    }

    /// The block.
    #[inline]
    #[must_use]
    pub fn block(&self, at: Position) -> &B {
        &self.entries[at.index()].block
    }

    /// Its identity.
    #[inline]
    #[must_use]
    pub fn id(&self, at: Position) -> BlockId {
        self.block(at).sealed().id()
    }

    /// Its header.
    #[must_use]
    pub fn header(&self, at: Position) -> &Header {
        self.block(at).sealed().header()
    }

    /// Distance from the genesis block.
    #[inline]
    #[must_use]
    pub fn height(&self, at: Position) -> u32 {
        self.entries[at.index()].height
    }

    /// Work of the chain from the genesis block to here, both included; saturates.
    #[inline]
    #[must_use]
    pub fn work(&self, at: Position) -> u128 {
        self.entries[at.index()].work
    }

    /// The block before; the genesis block is its own.
    #[inline]
    #[must_use]
    pub fn parent(&self, at: Position) -> Position {
        self.entries[at.index()].parent
    }

    /// Whether the block, or one before it, turned out invalid.
    #[must_use]
    pub fn is_invalid(&self, at: Position) -> bool {
        self.invalid.contains(&at)
    }

    /// Appends a block whose header adds `work`; the caller has checked it. `None` when the block is known already.
    pub fn insert(&mut self, block: B, parent: Position, work: u128) -> Option<Position> {
        let prefix = block.sealed().id().prefix();
        let at = Position(u32::try_from(self.entries.len()).ok()?);
        match self.index.entry(prefix) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(vacant) => vacant.insert(at),
        };
        let before = &self.entries[parent.index()];
        let entry =
            Known { work: before.work.saturating_add(work), block, parent, height: before.height + 1 };
        self.entries.push(entry);
        self.recent[at.index() % RECENT] = prefix;
        Some(at)
    }

    /// Marks a block and all that build on it.
    pub fn mark_invalid(&mut self, at: Position) {
        self.invalid.insert(at);
        // Parents arrive before children, so one pass in order of arrival finds all descendants.
        for later in at.0 + 1..self.entries.len() as u32 {
            if self.invalid.contains(&self.parent(Position(later))) {
                self.invalid.insert(Position(later));
            }
        }
    }

    /// The block at `height` on the chain that ends in `at`; `at` itself when it is not higher.
    #[must_use]
    pub fn ancestor(&self, mut at: Position, height: u32) -> Position {
        while self.height(at) > height {
            at = self.parent(at);
        }
        at
    }

    /// The last block that two chains share.
    #[must_use]
    pub fn common_ancestor(&self, a: Position, b: Position) -> Position {
        let height = self.height(a).min(self.height(b));
        let (mut a, mut b) = (self.ancestor(a, height), self.ancestor(b, height));
        while a != b {
            (a, b) = (self.parent(a), self.parent(b));
        }
        a
    }

    /// Whether `at` is on the chain that ends in `tip`.
    #[must_use]
    pub fn is_on_chain(&self, at: Position, tip: Position) -> bool {
        self.ancestor(tip, self.height(at)) == at
    }

    /// Median of the times of the last 11 blocks up to `at` (fewer near the genesis block): Bitcoin's median time past.
    #[must_use]
    pub fn median_time(&self, at: Position) -> u32 {
        let mut times = [0; WINDOW];
        let (mut count, mut block) = (0, at);
        while count < times.len() {
            times[count] = self.header(block).time;
            count += 1;
            if block == Position::GENESIS {
                break;
            }
            block = self.parent(block);
        }
        times[..count].sort_unstable();
        times[count / 2]
    }

    /// Whether `time` is later than [`Tree::median_time`], which it is when more than half of the times are earlier: usually
    /// told by the newest six.
    #[must_use]
    pub fn is_after_median(&self, at: Position, time: u32) -> bool {
        let count = WINDOW.min(self.height(at) as usize + 1);
        let needed = count / 2 + 1;
        let (mut earlier, mut block) = (0, at);
        for _ in 0..count {
            earlier += usize::from(self.header(block).time < time);
            if earlier == needed {
                return true;
            }
            block = self.parent(block);
        }
        false
    }

    /// Identities of the chain that ends in `at`, newest first, ten in a row and then ever sparser, the genesis block last
    /// (Bitcoin Core, `GetLocator`).
    #[must_use]
    pub fn locator(&self, at: Position) -> Vec<BlockId> {
        let (mut ids, mut step, mut block) = (Vec::new(), 1, at);
        while block != Position::GENESIS {
            ids.push(self.id(block));
            if ids.len() >= 10 {
                step *= 2;
            }
            block = self.ancestor(block, self.height(block).saturating_sub(step));
        }
        ids.push(self.id(Position::GENESIS));
        ids
    }
}

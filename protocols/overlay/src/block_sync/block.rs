//! What the layer knows of a block.

use std::hash::Hasher;

use astrarium_node::Wire;
use astrarium_node::hash::StableHasher;

use crate::gossip::{Item, ItemId};

/// A block: an [`Item`] in a chain.
pub trait Block: Item {
    /// The block before it.
    fn parent(&self) -> ItemId;

    /// Number of blocks from genesis to it; genesis has 0.
    fn height(&self) -> u64;

    /// What it adds to the weight of its chain.
    fn weight(&self) -> u64;

    /// Whether it is what it says it is, by itself: its identity is the digest of its contents, its proof is a proof.
    fn is_sound(&self) -> bool;
}

/// A block of which only its place in the chain and its length matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlankBlock {
    id: ItemId,
    parent: ItemId,
    height: u64,
    weight: u64,
    bytes: u32,
    /// Keeps apart blocks that are otherwise the same: branches.
    salt: u32,
}

impl BlankBlock {
    /// The first block of every chain: it weighs nothing and is never sent.
    pub const GENESIS: ItemId = ItemId(0);

    /// A block on top of another.
    #[must_use]
    pub fn new(parent: ItemId, height: u64, weight: u64, bytes: u32, salt: u32) -> Self {
        let mut block = Self { id: ItemId(0), parent, height, weight, bytes, salt };
        block.id = block.digest();
        block
    }

    /// The same block under another identity: a forgery.
    #[must_use]
    pub fn with_id(mut self, id: ItemId) -> Self {
        self.id = id;
        self
    }

    fn digest(&self) -> ItemId {
        let mut hasher = StableHasher::new(0);
        for word in
            [self.parent.0, self.height, self.weight, u64::from(self.bytes) << 32 | u64::from(self.salt)]
        {
            hasher.write_u64(word);
        }
        ItemId(hasher.finish())
    }
}

impl Wire for BlankBlock {
    fn wire_len(&self) -> u32 {
        self.bytes
    }

    fn kind(&self) -> &'static str {
        "block"
    }
}

impl Item for BlankBlock {
    fn id(&self) -> ItemId {
        self.id
    }
}

impl Block for BlankBlock {
    fn parent(&self) -> ItemId {
        self.parent
    }

    fn height(&self) -> u64 {
        self.height
    }

    fn weight(&self) -> u64 {
        self.weight
    }

    fn is_sound(&self) -> bool {
        self.id == self.digest()
    }
}

//! What is disseminated.

use std::fmt::Debug;
use std::hash::Hash;

use astrarium_node::Wire;

/// Identity of an item: stands for the 32-byte digest that messages carry, and weighs as much on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub u64);

impl ItemId {
    /// Bytes of a digest on the wire.
    pub const WIRE: u32 = 32;
}

/// Something to be made known to all: a block, a transaction. [`Wire::wire_len`] is the length of its body. Large contents sit
/// behind an `Arc`, so that a clone is cheap.
pub trait Item: Wire + Clone + Debug + Hash + Send + Sync + 'static {
    /// Which one it is; equal for equal contents.
    fn id(&self) -> ItemId;
}

/// An item of which only identity and length matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Blob {
    /// Which one it is.
    pub id: ItemId,
    /// Length in bytes.
    pub bytes: u32,
}

impl Wire for Blob {
    fn wire_len(&self) -> u32 {
        self.bytes
    }

    fn kind(&self) -> &'static str {
        "blob"
    }
}

impl Item for Blob {
    fn id(&self) -> ItemId {
        self.id
    }
}

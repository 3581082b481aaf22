//! Identity of nodes.

use std::fmt;

/// A node of the simulated network: a dense index, stable for the whole run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Stands for "whoever the packet's header says" ([`Wire::header`](crate::Wire::header)); never a node.
    pub const ADDRESSED: Self = Self(u32::MAX);

    /// The index as a table position.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<usize> for NodeId {
    /// # Panics
    /// Above 2^32 − 1 nodes.
    fn from(index: usize) -> Self {
        Self(u32::try_from(index).expect("a simulation has fewer than 2^32 nodes"))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

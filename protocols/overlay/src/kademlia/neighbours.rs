//! Neighbours: the contacts with whom a node keeps a session, for broadcast (network specification §6.11).
//!
//! Their number is kept within [min, max]: below min a node dials random contacts of its table, at max it refuses. (Profile zv has
//! no such limits: all sessions are neighbours; the paper says 8 to 16, gap G5.)

use astrarium_node::NodeId;

/// Present neighbours, in order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Neighbours {
    present: Vec<NodeId>,
}

impl Neighbours {
    /// All of them.
    #[must_use]
    pub fn present(&self) -> &[NodeId] {
        &self.present
    }

    /// Whether this is one.
    #[must_use]
    pub fn has(&self, node: NodeId) -> bool {
        self.present.binary_search(&node).is_ok()
    }

    /// Takes one more if there are fewer than `max`; true when it is one now and was not before.
    pub(super) fn take(&mut self, node: NodeId, max: usize) -> bool {
        match self.present.binary_search(&node) {
            Err(at) if self.present.len() < max => {
                self.present.insert(at, node);
                true
            }
            _ => false,
        }
    }

    /// Drops one; true when it was there.
    pub(super) fn drop(&mut self, node: NodeId) -> bool {
        let found = self.present.binary_search(&node);
        found.map(|at| self.present.remove(at)).is_ok()
    }

    pub(super) fn clear(&mut self) {
        self.present.clear();
    }
}

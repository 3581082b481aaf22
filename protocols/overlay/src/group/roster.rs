//! Who is in a group, and at which position.

use std::sync::Arc;

use astrarium_node::NodeId;

/// The members of a group. Made once and shared: all members of a group know the same list.
///
/// Positions of the grid are those of the members sorted by id; positions of the tree those of the list as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Roster {
    /// By id; positions of the grid.
    sorted: Vec<NodeId>,
    /// As given; positions of the tree.
    listed: Vec<NodeId>,
    /// Position in `listed` of each member in `sorted`.
    places: Vec<u32>,
}

impl Roster {
    /// The members, without repetitions (the first place of a member counts).
    #[must_use]
    pub fn new(members: impl IntoIterator<Item = NodeId>) -> Arc<Self> {
        let mut listed: Vec<NodeId> = members.into_iter().collect();
        let mut order: Vec<u32> = (0..listed.len() as u32).collect();
        order.sort_by_key(|&at| (listed[at as usize], at));
        order.dedup_by_key(|at| listed[*at as usize]);
        if order.len() < listed.len() {
            let mut kept = order.clone();
            kept.sort_unstable();
            listed = kept.iter().map(|&at| listed[at as usize]).collect();
            order.iter_mut().for_each(|at| *at = kept.binary_search(at).unwrap_or(0) as u32);
        }
        let sorted = order.iter().map(|&at| listed[at as usize]).collect();
        Arc::new(Self { sorted, listed, places: order })
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Whether a node is a member.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.rank(node).is_some()
    }

    /// Position of a member by id.
    #[must_use]
    pub fn rank(&self, node: NodeId) -> Option<usize> {
        self.sorted.binary_search(&node).ok()
    }

    /// Position of a member in the list.
    #[must_use]
    pub fn place(&self, node: NodeId) -> Option<usize> {
        Some(self.places[self.rank(node)?] as usize)
    }

    /// The member at a position by id.
    #[must_use]
    pub fn ranked(&self, rank: usize) -> NodeId {
        self.sorted[rank]
    }

    /// The member at a position of the list.
    #[must_use]
    pub fn placed(&self, place: usize) -> NodeId {
        self.listed[place]
    }

    /// All members, by id.
    #[must_use]
    pub fn members(&self) -> &[NodeId] {
        &self.sorted
    }

    /// All members, as listed.
    #[must_use]
    pub fn listed(&self) -> &[NodeId] {
        &self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_ranks_name_the_same_members() {
        let roster = Roster::new([7, 3, 9, 3, 1].map(NodeId));
        assert_eq!(roster.members(), [1, 3, 7, 9].map(NodeId));
        assert_eq!(roster.listed(), [7, 3, 9, 1].map(NodeId));
        for &member in roster.members() {
            assert_eq!(roster.ranked(roster.rank(member).unwrap()), member);
            assert_eq!(roster.placed(roster.place(member).unwrap()), member);
        }
        assert_eq!((roster.len(), roster.place(NodeId(4))), (4, None));
        assert!(Roster::new([]).is_empty());
    }
}

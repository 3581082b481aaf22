//! The complete tree: node i has children f·i + 1 … f·i + f (network specification §6.16).
//!
//! Positions count from the origin of the cast around the list, so that any member can be the root of its own tree; for the
//! first of the list they are the specification's.

/// A tree of so many members below one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tree {
    members: usize,
    fanout: usize,
    root: usize,
}

impl Tree {
    /// Members at places 0 … `members` − 1, `root` among them; `fanout` at least 1.
    #[must_use]
    pub fn new(members: usize, fanout: usize, root: usize) -> Self {
        Self { members, fanout: fanout.max(1), root }
    }

    fn index(&self, place: usize) -> usize {
        (place + self.members - self.root) % self.members
    }

    fn place(&self, index: usize) -> usize {
        (index + self.root) % self.members
    }

    /// Places of the children of the member at `place`.
    pub fn children(&self, place: usize) -> impl Iterator<Item = usize> + use<> {
        let tree = *self;
        let first = tree.fanout.saturating_mul(tree.index(place)).saturating_add(1);
        (first..first.saturating_add(tree.fanout).min(tree.members)).map(move |index| tree.place(index))
    }

    /// Place of the parent; `None` for the root.
    #[must_use]
    pub fn parent(&self, place: usize) -> Option<usize> {
        let index = self.index(place);
        (index > 0).then(|| self.place((index - 1) / self.fanout))
    }

    /// Levels below the member at `place`: 0 for a leaf.
    #[must_use]
    pub fn height(&self, place: usize) -> u32 {
        let mut index = self.index(place);
        let mut levels = 0;
        // The leftmost descendant is on the deepest level.
        while let Some(child) = index.checked_mul(self.fanout).map(|i| i + 1).filter(|&i| i < self.members) {
            index = child;
            levels += 1;
        }
        levels
    }

    /// Number of members in the subtree of the member at `place`, itself included.
    #[must_use]
    pub fn subtree(&self, place: usize) -> usize {
        let (mut first, mut last) = (self.index(place), self.index(place));
        let mut total = 0;
        while first < self.members {
            total += last.min(self.members - 1) - first + 1;
            first = first.saturating_mul(self.fanout).saturating_add(1);
            last = last.saturating_mul(self.fanout).saturating_add(self.fanout);
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_of_the_list_has_the_specifications_children() {
        let tree = Tree::new(13, 3, 0);
        assert_eq!(tree.children(0).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(tree.children(3).collect::<Vec<_>>(), [10, 11, 12]);
        assert_eq!((tree.height(0), tree.height(1), tree.height(4)), (2, 1, 0));
    }

    proptest! {
        #[test]
        fn children_and_parents_agree_and_subtrees_add_up(n in 1_usize..200, f in 1_usize..11, root in 0_usize..200) {
            let tree = Tree::new(n, f, root % n);
            let mut children = 0;
            for place in 0..n {
                let below: usize = tree.children(place).map(|c| tree.subtree(c)).sum();
                prop_assert_eq!(tree.subtree(place), below + 1);
                for child in tree.children(place) {
                    prop_assert_eq!(tree.parent(child), Some(place));
                    children += 1;
                }
                let tallest = tree.children(place).map(|c| tree.height(c) + 1).max().unwrap_or(0);
                prop_assert_eq!(tree.height(place), tallest);
            }
            prop_assert_eq!((children, tree.subtree(root % n)), (n - 1, n));
        }
    }
}

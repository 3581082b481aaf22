//! The own chain: linked blocks from above genesis to the top.

use crate::gossip::ItemId;

use super::block::Block;
use super::message::Top;

/// A chain of blocks. What a real node keeps on disk: it survives a restart.
#[derive(Debug, Clone)]
pub struct Chain<B> {
    genesis: ItemId,
    /// Block of height i + 1 at i, with the weight of the chain up to it.
    blocks: Vec<(B, u64)>,
}

impl<B: Block> Chain<B> {
    /// A chain of genesis alone.
    #[must_use]
    pub fn new(genesis: ItemId) -> Self {
        Self { genesis, blocks: Vec::new() }
    }

    /// Its top.
    #[must_use]
    pub fn top(&self) -> Top {
        Top {
            id: self.id_at(self.height()).unwrap_or(self.genesis),
            height: self.height(),
            weight: self.weight(),
        }
    }

    /// Height of its top.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.blocks.len() as u64
    }

    /// Sum of the weights of its blocks.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.blocks.last().map_or(0, |(_, sum)| *sum)
    }

    /// Identity of its block of this height; genesis has 0.
    #[must_use]
    pub fn id_at(&self, height: u64) -> Option<ItemId> {
        match height.checked_sub(1) {
            None => Some(self.genesis),
            Some(at) => self.blocks.get(usize::try_from(at).ok()?).map(|(block, _)| block.id()),
        }
    }

    /// Weight of the chain up to this height.
    #[must_use]
    pub fn weight_at(&self, height: u64) -> Option<u64> {
        match height.checked_sub(1) {
            None => Some(0),
            Some(at) => self.blocks.get(usize::try_from(at).ok()?).map(|(_, sum)| *sum),
        }
    }

    /// At most `count` blocks from this height on; none for height 0 or above the top.
    pub fn range(&self, from: u64, count: usize) -> impl Iterator<Item = &B> {
        let start = from.checked_sub(1).and_then(|at| usize::try_from(at).ok()).unwrap_or(usize::MAX);
        self.blocks.iter().skip(start).take(count).map(|(block, _)| block)
    }

    /// Whether a block may stand on a block of this identity at this height: sound, linked, one higher, and it weighs something.
    #[must_use]
    pub fn follows(block: &B, parent: ItemId, height: u64) -> bool {
        block.parent() == parent && block.height() == height + 1 && block.weight() > 0 && block.is_sound()
    }

    /// Puts a block on top; false, and nothing changes, when it does not belong there.
    pub fn append(&mut self, block: B) -> bool {
        let top = self.top();
        let fits = Self::follows(&block, top.id, top.height);
        if fits {
            self.blocks.push((block.clone(), top.weight.saturating_add(block.weight())));
        }
        fits
    }

    /// Replaces everything above `height` by a branch. The caller has checked the branch and that it is the heavier one.
    pub(crate) fn adopt(&mut self, height: u64, branch: impl IntoIterator<Item = B>) {
        self.blocks.truncate(usize::try_from(height).unwrap_or(usize::MAX));
        for block in branch {
            let added = self.append(block);
            debug_assert!(added, "a branch that is adopted is linked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block_sync::BlankBlock;

    fn chain(n: u64, salt: u32) -> Chain<BlankBlock> {
        let mut chain = Chain::new(BlankBlock::GENESIS);
        for height in 1..=n {
            assert!(chain.append(BlankBlock::new(chain.top().id, height, 2, 100, salt)));
        }
        chain
    }

    #[test]
    fn only_what_follows_is_appended() {
        let mut own = chain(3, 0);
        let top = own.top();
        assert_eq!((top.height, top.weight), (3, 6));
        let good = BlankBlock::new(top.id, 4, 1, 100, 0);
        for bad in [
            BlankBlock::new(ItemId(7), 4, 1, 100, 0),
            BlankBlock::new(top.id, 5, 1, 100, 0),
            BlankBlock::new(top.id, 4, 0, 100, 0),
            good.with_id(ItemId(7)),
        ] {
            assert!(!own.append(bad), "{bad:?}");
        }
        assert!(own.append(good) && own.weight() == 7);
    }

    #[test]
    fn ranges_are_cut_at_both_ends() {
        let own = chain(5, 0);
        let heights = |from, count| own.range(from, count).map(Block::height).collect::<Vec<_>>();
        assert_eq!((heights(2, 2), heights(4, 9)), (vec![2, 3], vec![4, 5]));
        assert!(heights(0, 9).is_empty() && heights(6, 9).is_empty() && heights(u64::MAX, 9).is_empty());
        assert_eq!((own.id_at(0), own.id_at(6)), (Some(BlankBlock::GENESIS), None));
    }

    #[test]
    fn a_branch_replaces_what_is_above_its_base() {
        let (mut own, other) = (chain(5, 0), chain(6, 1));
        own.adopt(0, other.range(1, 6).copied().collect::<Vec<_>>());
        assert_eq!(own.top(), other.top());
    }
}

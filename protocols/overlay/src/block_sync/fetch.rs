//! One fetch at a time: the request under way, and the branch that it may uncover.

use astrarium_node::NodeId;

use super::block::Block;
use super::chain::Chain;
use super::message::Top;

/// A request under way, and what has come of those before it from the same neighbour.
#[derive(Debug, Clone)]
pub(crate) struct Fetch<B> {
    /// Of whom.
    pub(crate) peer: NodeId,
    /// What it claimed when it was asked first.
    pub(crate) claim: Top,
    /// Height of the first block asked for.
    pub(crate) from: u64,
    /// Most blocks.
    pub(crate) count: u32,
    /// How far to go back when the blocks do not link.
    step: u64,
    /// A branch of the own chain that is not the heavier one yet.
    branch: Option<Branch<B>>,
}

#[derive(Debug, Clone)]
struct Branch<B> {
    /// Height of the last common block.
    base: u64,
    blocks: Vec<B>,
    weight: u64,
}

/// What an answer comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome<B> {
    /// These blocks, a linked branch, belong on the own chain above this height: the result is heavier.
    Adopt(u64, Vec<B>),
    /// Ask the same neighbour again: the fetch has been moved.
    Again,
    /// It has no such blocks, or the branch is too long to be kept: somebody else.
    Useless,
    /// What it sent is not a part of any chain, or not as heavy as it claimed.
    Forged,
}

impl<B: Block> Fetch<B> {
    /// Begins with the blocks above the own top, or, when the claim is no higher, with its top.
    pub(crate) fn new(peer: NodeId, claim: Top, own: &Chain<B>, count: u32) -> Self {
        let from = claim.height.min(own.height() + 1);
        Self { peer, claim, from, count, step: u64::from(count), branch: None }
    }

    /// Judges an answer.
    pub(crate) fn answered(&mut self, blocks: &[B], own: &Chain<B>, longest_branch: usize) -> Outcome<B> {
        let Some(first) = blocks.first() else { return Outcome::Useless };
        if blocks.len() > self.count as usize || first.height() != self.from || !is_linked(blocks) {
            return Outcome::Forged;
        }
        if self.branch.is_none() {
            let Some(base) = self.from.checked_sub(1) else { return Outcome::Forged };
            if own.id_at(base) != Some(first.parent()) {
                return self.step_back();
            }
            let weight = own.weight_at(base).unwrap_or(0);
            self.branch = Some(Branch { base, blocks: Vec::new(), weight });
        }
        self.extend(blocks, own, longest_branch)
    }

    /// They stand on a block that is not ours: look lower down.
    fn step_back(&mut self) -> Outcome<B> {
        if self.from <= 1 {
            return Outcome::Forged;
        }
        self.from = self.from.saturating_sub(self.step).max(1);
        self.step = self.step.saturating_mul(2);
        Outcome::Again
    }

    fn extend(&mut self, blocks: &[B], own: &Chain<B>, longest: usize) -> Outcome<B> {
        let Some(branch) = &mut self.branch else { return Outcome::Useless };
        let tip = branch.blocks.last().map_or_else(|| own.id_at(branch.base), |block| Some(block.id()));
        if tip != blocks.first().map(Block::parent) {
            // It has changed its mind between two answers.
            return Outcome::Forged;
        }
        for block in blocks {
            let common = branch.blocks.is_empty() && own.id_at(block.height()) == Some(block.id());
            branch.weight = branch.weight.saturating_add(block.weight());
            if common {
                branch.base = block.height();
            } else {
                branch.blocks.push(block.clone());
            }
        }
        if branch.weight > own.weight() {
            let adopted = std::mem::take(&mut branch.blocks);
            return Outcome::Adopt(branch.base, adopted);
        }
        let next = branch.base + branch.blocks.len() as u64 + 1;
        if branch.blocks.len() + self.count as usize > longest {
            return Outcome::Useless;
        }
        if next > self.claim.height {
            return Outcome::Forged;
        }
        self.from = next;
        Outcome::Again
    }
}

/// Whether each is sound and follows the one before it.
fn is_linked<B: Block>(blocks: &[B]) -> bool {
    blocks.iter().all(|block| block.is_sound() && block.weight() > 0)
        && blocks.windows(2).all(|w| Chain::follows(&w[1], w[0].id(), w[0].height()))
}

//! A private chain that races the public one, for double spends and reorganisations alike.

use astrarium_engine::{Hands, Input};
use astrarium_node::{NodeId, Span};
use astrarium_protocol_nakamoto::{Participant, Position};
use astrarium_runner::Params;

use super::coalition::{Coalition, Reach};
use crate::world::World;

/// The coalition's own blocks since its chain parted from the public one.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    /// The last block that the public has too.
    fork: Position,
    fork_height: u32,
    /// Oldest first.
    blocks: Vec<Position>,
    /// How many of them have been published.
    published: usize,
}

impl Branch {
    /// A branch without blocks after `fork`.
    pub(crate) fn new(fork: Position, fork_height: u32) -> Self {
        Self { fork, fork_height, blocks: Vec::new(), published: 0 }
    }

    /// The last block of it, or the one it starts from.
    pub(crate) fn tip(&self) -> Position {
        self.blocks.last().copied().unwrap_or(self.fork)
    }

    /// Height of the block it starts from.
    pub(crate) fn fork_height(&self) -> u32 {
        self.fork_height
    }

    /// Number of blocks.
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Height of the last block.
    pub(crate) fn height(&self) -> u32 {
        // Heights are u32 by type.
        self.fork_height + self.blocks.len() as u32
    }

    /// Appends a secret block.
    pub(crate) fn push(&mut self, block: Position) {
        self.blocks.push(block);
    }

    /// Whether it has a block at this height that is still secret.
    pub(crate) fn hides(&self, height: u32) -> bool {
        height > self.fork_height + self.published as u32 && height <= self.height()
    }

    /// Number of blocks that are still secret.
    pub(crate) fn secret(&self) -> usize {
        self.blocks.len() - self.published
    }

    /// Takes the secret blocks up to this height, to be published.
    pub(crate) fn reveal(&mut self, height: u32) -> Vec<Position> {
        let upto =
            (height.saturating_sub(self.fork_height) as usize).clamp(self.published, self.blocks.len());
        let revealed = self.blocks[self.published..upto].to_vec();
        self.published = upto;
        revealed
    }
}

/// When a race is not worth going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endurance {
    /// Least deficit at which the coalition gives up.
    deficit: i64,
}

impl Endurance {
    /// Gives up at the least deficit d with (q/p)^(d+1) ≤ `chance`: the probability that the private chain, d blocks behind,
    /// ever becomes strictly longer (gambler's ruin). So all runs together lose at most `chance` of success probability. At
    /// `limit` at the latest.
    pub(crate) fn new(share: f64, chance: f64, limit: u32) -> Self {
        let limit = i64::from(limit);
        let ratio = share / (1.0 - share);
        if ratio >= 1.0 || chance <= 0.0 {
            return Self { deficit: limit };
        }
        let gain = libm::ceil(libm::log(chance) / libm::log(ratio));
        // The cast saturates; a share of zero gives 0.
        Self { deficit: ((gain as i64) - 1).clamp(0, limit) }
    }

    /// Whether the race is lost for a coalition that is so many blocks ahead (behind, when negative).
    pub(crate) fn is_lost(self, lead: i64) -> bool {
        // Level is never lost: the next block may decide.
        lead < 0 && -lead >= self.deficit.max(1)
    }
}

/// The race itself: who is ahead, and what follows for the branch.
#[derive(Debug, Clone)]
pub(crate) struct Race {
    pub(crate) coalition: Coalition,
    pub(crate) branch: Branch,
    endurance: Endurance,
    /// Height of the branch when it was first published.
    struck_at: Option<u32>,
    over: bool,
}

impl Race {
    /// Blocks on top of the published branch after which the outcome stands and the coalition rests.
    const SETTLED: u32 = 6;

    /// A race from the genesis block, as the scenario wants it.
    pub(crate) fn from_params(params: &Params, world: &World) -> Self {
        let share = params.share("adversary.share");
        // The range ends far below 2^32.
        let limit = params.count("adversary.deficit_limit") as u32;
        let coalition = Coalition::new(world, share);
        let branch = Branch::new(coalition.public(), 0);
        let endurance = Endurance::new(share, params.number("adversary.give_up"), limit);
        Self { coalition, branch, endurance, struck_at: None, over: false }
    }

    /// Starts to mine.
    pub(crate) fn begin(&mut self, hands: &mut Hands<'_, Participant>) {
        self.coalition.arm(self.branch.tip(), hands);
    }

    /// Won or given up.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Stops.
    pub(crate) fn give_up(&mut self) {
        self.over = true;
    }

    /// The branch starts anew from the end of the public chain.
    pub(crate) fn restart(&mut self, hands: &mut Hands<'_, Participant>) {
        self.branch = Branch::new(self.coalition.public(), self.coalition.public_height());
        self.coalition.arm(self.branch.tip(), hands);
    }

    /// Blocks that the public chain has grown by since the fork.
    pub(crate) fn public_len(&self) -> u32 {
        self.coalition.public_height().saturating_sub(self.branch.fork_height())
    }

    /// Blocks that the private chain is longer than the public one.
    pub(crate) fn lead(&self) -> i64 {
        i64::from(self.branch.height()) - i64::from(self.coalition.public_height())
    }

    /// Carries on after anything changed: publishes the branch when `ready` and it is strictly longer, joins the public when
    /// the public has joined it, gives up when it is hopeless.
    pub(crate) fn review(&mut self, ready: bool, acting: NodeId, hands: &mut Hands<'_, Participant>) {
        self.join();
        if ready && self.lead() > 0 && self.branch.secret() > 0 {
            let blocks = self.branch.reveal(self.branch.height());
            self.struck_at.get_or_insert(self.branch.height());
            self.coalition.publish(&blocks, Reach::Peers, acting, hands);
            self.join();
        }
        let settled = self.struck_at.is_some_and(|at| self.branch.height() >= at + Self::SETTLED);
        if self.endurance.is_lost(self.lead()) || (settled && self.branch.secret() == 0) {
            self.over = true;
        }
        self.coalition.arm(self.branch.tip(), hands);
    }

    /// When the public chain goes on from the published branch, its blocks are as good as own ones.
    fn join(&mut self) {
        let tip = self.branch.tip();
        if self.branch.len() > 0 && self.branch.secret() == 0 && self.coalition.is_public(tip) {
            self.branch.blocks.extend(self.coalition.public_above(self.branch.height()));
            self.branch.published = self.branch.blocks.len();
        }
    }

    /// One of its nodes received something; true when the public chain ends elsewhere now.
    pub(crate) fn hear(
        &mut self,
        node: NodeId,
        input: Input<Participant>,
        hands: &mut Hands<'_, Participant>,
    ) -> bool {
        self.coalition.hear(node, input, hands)
    }

    /// Asks to be woken for something else than mining: tokens from [`Race::ALARM`] on.
    pub(crate) fn alarm(after: Span, number: u32, hands: &mut Hands<'_, Participant>) {
        hands.wake(after, Self::ALARM + number);
    }

    /// Tokens below are mining draws: 2^31 blocks are enough for any run.
    pub(crate) const ALARM: u32 = 1 << 31;
}

//! Who sees which of two tying blocks first: the rushing adversary of Eyal and Sirer's γ.

use astrarium_node::{Domain, NodeId, Probability, Seed, Span};
use astrarium_protocol_nakamoto::{Block, BlockId};

/// Purpose of the draws, besides those of the coalition's mining.
const STEERING: u64 = 2;

/// Delays a rival block on its way to a γ share of the honest hash power, so that the coalition's own is there first.
///
/// Whose block is delayed is drawn for each rival block by its identity: the honest miners stand in a circle, and from a
/// random start so many are taken that γ of all honest hash power is among them. The finder of the rival block is left out,
/// for it prefers its own block whatever happens; with γ near 1 that leaves at most 1 − (the finder's part).
#[derive(Debug, Clone)]
pub(crate) struct Steering {
    seed: Seed,
    target: f64,
    delta: Span,
    /// Honest miners and their hash shares.
    miners: Vec<(NodeId, f64)>,
    rival: Option<BlockId>,
    /// By node number: the rival block reaches this node late.
    late: Vec<bool>,
}

impl Steering {
    /// Steers a `share` of the honest hash power; `shares` are the hash shares of all nodes.
    pub(crate) fn new(share: f64, delta: Span, shares: &[f64], coalition: &[NodeId], seed: Seed) -> Self {
        let honest = shares.iter().enumerate().map(|(i, &share)| (NodeId::from(i), share));
        let miners: Vec<_> = honest.filter(|(id, share)| *share > 0.0 && !coalition.contains(id)).collect();
        let total: f64 = miners.iter().map(|(_, share)| share).sum();
        Self { seed, target: share * total, delta, miners, rival: None, late: vec![false; shares.len()] }
    }

    /// The draws for blocks to come are others from here on.
    pub(crate) fn reseed(&mut self, seed: Seed) {
        self.seed = seed;
    }

    /// The most it delays.
    pub(crate) fn delta(&self) -> Span {
        self.delta
    }

    /// How much longer an honest block takes to a node. `answered`: the coalition will answer the block by one of its own at
    /// the same height.
    pub(crate) fn delay(&mut self, block: &Block, to: NodeId, answered: impl FnOnce() -> bool) -> Span {
        if self.rival != Some(block.id()) {
            if !answered() {
                return Span::ZERO;
            }
            self.choose(block);
        }
        if self.late[to.index()] { self.delta } else { Span::ZERO }
    }

    fn choose(&mut self, rival: &Block) {
        self.rival = Some(rival.id());
        self.late.fill(false);
        let mut luck = self.seed.stream(Domain::ADVERSARY, STEERING, rival.id().prefix());
        let start = luck.below(self.miners.len().max(1) as u64) as usize;
        let (ahead, behind) = self.miners.split_at(start);
        let mut wanted = self.target;
        for &(miner, share) in behind.iter().chain(ahead).filter(|(miner, _)| rival.miner() != Some(*miner)) {
            // The last one is taken so often that the share is right on average. Sums of shares are not exact: what is missing
            // by less than a billionth is there.
            if wanted < share * (1.0 - 1e-9) {
                self.late[miner.index()] = luck.chance(Probability::new(wanted / share));
                break;
            }
            self.late[miner.index()] = true;
            wanted -= share;
        }
    }
}

#[cfg(test)]
mod tests {
    use astrarium_protocol_nakamoto::{Bits, Body};

    use super::*;

    const DELTA: Span = Span::from_micros(7);

    fn rival(miner: u32, extra: u64) -> Block {
        Block::assemble(BlockId([1; 32]), 1, Bits::EASIEST, 0, Body { miner, extra, ..Body::default() })
    }

    /// Honest hash power 0.6 at nodes 1 to 6, the coalition's at node 7.
    fn steering(share: f64) -> Steering {
        let shares = [0.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.4];
        Steering::new(share, DELTA, &shares, &[NodeId(7)], Seed(5))
    }

    fn late(steering: &mut Steering, block: &Block) -> Vec<u32> {
        (0..8).filter(|&to| steering.delay(block, NodeId(to), || true) == DELTA).collect()
    }

    #[test]
    fn exactly_the_wanted_share_is_late_and_never_the_finder() {
        for (share, count) in [(0.0, 0), (0.5, 3), (1.0, 5)] {
            let mut steering = steering(share);
            for extra in 0..50 {
                let late = late(&mut steering, &rival(3, extra));
                assert_eq!(late.len(), count, "γ {share}");
                assert!(late.iter().all(|id| (1..=6).contains(id) && *id != 3), "{late:?}");
            }
        }
    }

    /// 3,000 blocks, γ = 0.4 of six miners: 2.4 on average, 2 or 3 each time; the standard error of the mean is 0.0089, five of them
    /// fail once in 2 million seeds. Each of the other five is late in 0.48 of the cases, standard error 0.0091.
    #[test]
    fn a_share_between_two_numbers_of_miners_is_met_on_average_and_by_everybody() {
        let (mut steering, n) = (steering(0.4), 3_000);
        let mut hits = [0_u32; 8];
        for extra in 0..n {
            late(&mut steering, &rival(3, extra)).into_iter().for_each(|id| hits[id as usize] += 1);
        }
        let mean = f64::from(hits.iter().sum::<u32>()) / n as f64;
        assert!((mean - 2.4).abs() < 5.0 * 0.0089, "{mean}");
        for id in [1, 2, 4, 5, 6] {
            // Neighbours of the finder stand at the ends of the gap; by symmetry of the circle all are equally often chosen, but
            // for a start at the finder, which counts for its successor: 1/6 more starts there.
            let share = f64::from(hits[id]) / n as f64;
            assert!((0.35..0.62).contains(&share), "node {id}: {share}");
        }
    }

    #[test]
    fn only_a_block_that_is_answered_is_delayed_and_that_all_the_way() {
        let mut steering = steering(1.0);
        let block = rival(3, 0);
        assert_eq!(steering.delay(&block, NodeId(1), || false), Span::ZERO);
        assert_eq!(steering.delay(&block, NodeId(1), || true), DELTA);
        assert_eq!(
            steering.delay(&block, NodeId(2), || false),
            DELTA,
            "the answer is out, the tie is not over"
        );
        assert_eq!(steering.delay(&block, NodeId(0), || true), Span::ZERO, "without hash power: a relay");
        assert_eq!(steering.delay(&rival(4, 1), NodeId(1), || false), Span::ZERO);
    }
}

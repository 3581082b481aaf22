//! Neighbours, and choosing among them at random.

use std::sync::Arc;

use astrarium_node::{NodeId, Stream};

/// Who the neighbours of a node are: a list, or everybody (full membership).
#[derive(Debug, Clone)]
pub struct Peers {
    who: Who,
    /// Sessions that are down at the moment, sorted. Usually empty.
    down: Vec<NodeId>,
}

#[derive(Debug, Clone)]
enum Who {
    /// Sorted.
    List(Arc<[NodeId]>),
    /// As before, with the sum of the weights up to and including each.
    Weighted(Arc<[NodeId]>, Arc<[u64]>),
    /// Nodes 0 … n − 1.
    Everybody(u32),
}

impl Peers {
    /// Exactly these.
    #[must_use]
    pub fn list(peers: Arc<[NodeId]>) -> Self {
        debug_assert!(peers.is_sorted(), "neighbours are listed in order");
        Self { who: Who::List(peers), down: Vec::new() }
    }

    /// Exactly these, and random choices fall on each in proportion to its weight (the hook of N45: confidence in a peer).
    /// A weight of zero is never chosen; a missing one is zero.
    #[must_use]
    pub fn weighted(peers: Arc<[NodeId]>, weights: &[u32]) -> Self {
        let mut sum = 0;
        let weight = |i| u64::from(weights.get(i).copied().unwrap_or(0));
        let sums = (0..peers.len()).map(|i| {
            sum += weight(i);
            sum
        });
        let sums = sums.collect();
        Self { who: Who::Weighted(peers, sums), down: Vec::new() }
    }

    /// All of `nodes` nodes, whoever asks excepted. Takes no memory however many there are.
    #[must_use]
    pub fn everybody(nodes: u32) -> Self {
        Self { who: Who::Everybody(nodes), down: Vec::new() }
    }

    /// Number of neighbours of `me`, including those whose session is down.
    #[must_use]
    pub fn len(&self, me: NodeId) -> usize {
        match &self.who {
            Who::List(list) | Who::Weighted(list, _) => list.len(),
            Who::Everybody(n) => (*n as usize).saturating_sub(usize::from(me.0 < *n)),
        }
    }

    /// The session with a peer went down, or came up again.
    pub(crate) fn set_up(&mut self, peer: NodeId, up: bool) {
        match (self.down.binary_search(&peer), up) {
            (Ok(at), true) => drop(self.down.remove(at)),
            (Err(at), false) if self.contains(peer) => self.down.insert(at, peer),
            _ => {}
        }
    }

    /// Whether a node is a neighbour.
    pub(crate) fn contains(&self, peer: NodeId) -> bool {
        match &self.who {
            Who::List(list) | Who::Weighted(list, _) => list.binary_search(&peer).is_ok(),
            Who::Everybody(n) => peer.0 < *n,
        }
    }

    fn is_down(&self, peer: NodeId) -> bool {
        !self.down.is_empty() && self.down.binary_search(&peer).is_ok()
    }

    fn at(&self, index: usize) -> NodeId {
        match &self.who {
            Who::List(list) | Who::Weighted(list, _) => list[index],
            Who::Everybody(_) => NodeId(index as u32),
        }
    }

    fn raw_len(&self) -> usize {
        match &self.who {
            Who::List(list) | Who::Weighted(list, _) => list.len(),
            Who::Everybody(n) => *n as usize,
        }
    }

    /// Neighbours of `me` that are up, in order.
    pub(crate) fn live(&self, me: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        (0..self.raw_len()).map(|i| self.at(i)).filter(move |&peer| peer != me && !self.is_down(peer))
    }

    /// Up to `k` distinct live neighbours of `me` that satisfy `fits`, at random, put into `out` (which is cleared).
    pub(crate) fn choose(
        &self,
        k: usize,
        me: NodeId,
        luck: &mut Stream,
        out: &mut Vec<NodeId>,
        fits: impl Fn(NodeId) -> bool,
    ) {
        out.clear();
        let n = self.raw_len();
        // Few of many: draw until there are enough. Otherwise, or when bad luck lasts: all that fit, shuffled.
        if let Who::Weighted(_, sums) = &self.who {
            return self.choose_weighted(k, me, luck, out, fits, sums);
        }
        if k * 4 <= n {
            for _ in 0..k * 8 {
                let peer = self.at(luck.below(n as u64) as usize);
                if peer != me && !out.contains(&peer) && !self.is_down(peer) && fits(peer) {
                    out.push(peer);
                    if out.len() == k {
                        return;
                    }
                }
            }
            out.clear();
        }
        out.extend(self.live(me).filter(|&peer| fits(peer)));
        let k = k.min(out.len());
        for i in 0..k {
            let other = i + luck.below((out.len() - i) as u64) as usize;
            out.swap(i, other);
        }
        out.truncate(k);
    }

    /// Draws without replacement: the weight of those already drawn is taken out of the sum.
    fn choose_weighted(
        &self,
        k: usize,
        me: NodeId,
        luck: &mut Stream,
        out: &mut Vec<NodeId>,
        fits: impl Fn(NodeId) -> bool,
        sums: &[u64],
    ) {
        let weight = |i: usize| sums[i] - if i == 0 { 0 } else { sums[i - 1] };
        let free = |i: usize, out: &[NodeId]| {
            let peer = self.at(i);
            peer != me && !out.contains(&peer) && !self.is_down(peer) && fits(peer)
        };
        for _ in 0..k {
            let total: u64 = (0..sums.len()).filter(|&i| free(i, out)).map(weight).sum();
            if total == 0 {
                return;
            }
            let mut left = luck.below(total);
            for i in (0..sums.len()).filter(|&i| free(i, out)).collect::<Vec<_>>() {
                if left < weight(i) {
                    out.push(self.at(i));
                    break;
                }
                left -= weight(i);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::{Domain, Seed};

    fn luck(counter: u64) -> Stream {
        Seed(3).stream(Domain::HANDLER, 0, counter)
    }

    fn ids(ids: &[u32]) -> Arc<[NodeId]> {
        ids.iter().copied().map(NodeId).collect()
    }

    #[test]
    fn choices_are_distinct_live_and_fit() {
        let me = NodeId(5);
        for mut peers in [Peers::everybody(40), Peers::list((0..40).map(NodeId).collect())] {
            peers.set_up(NodeId(7), false);
            for k in [1, 3, 10, 20, 39, 100] {
                let mut out = Vec::new();
                peers.choose(k, me, &mut luck(k as u64), &mut out, |p| p.0 % 2 == 1);
                // 20 odd numbers without 5 and 7.
                assert_eq!(out.len(), k.min(18));
                assert!(out.iter().all(|p| p.0 % 2 == 1 && *p != me && *p != NodeId(7)));
                out.sort_unstable();
                out.dedup();
                assert_eq!(out.len(), k.min(18));
            }
            peers.set_up(NodeId(7), true);
            assert_eq!(peers.live(me).count(), 39);
        }
    }

    /// Every peer equally often: 20,000 draws over 10 peers, chi-square with 9 degrees of freedom; 33.7 is its 1 − 10^-4 quantile.
    #[test]
    fn choices_are_uniform_for_few_and_for_many() {
        for k in [1, 5] {
            let peers = Peers::everybody(10);
            let mut hits = [0_u32; 10];
            let mut out = Vec::new();
            for draw in 0..20_000 / k as u64 {
                peers.choose(k, NodeId(99), &mut luck(draw), &mut out, |_| true);
                out.iter().for_each(|p| hits[p.index()] += 1);
            }
            let chi2: f64 =
                hits.iter().map(|&h| (f64::from(h) - 2000.0) * (f64::from(h) - 2000.0) / 2000.0).sum();
            assert!(chi2 < 33.7, "k = {k}: {hits:?}");
        }
    }

    /// Weights 1 : 3 and a zero: 4,000 draws, standard deviation 27; five of them.
    #[test]
    fn weights_weigh() {
        let peers = Peers::weighted(ids(&[2, 4, 6]), &[1, 0, 3]);
        let mut out = Vec::new();
        let mut sixes = 0;
        for draw in 0..4_000 {
            peers.choose(1, NodeId(0), &mut luck(draw), &mut out, |_| true);
            assert_ne!(out, [NodeId(4)]);
            sixes += u32::from(out == [NodeId(6)]);
        }
        assert!((sixes as i32 - 3_000).abs() < 137, "{sixes}");
        peers.choose(3, NodeId(0), &mut luck(0), &mut out, |_| true);
        assert_eq!(out.len(), 2, "who has no weight is never chosen");
    }
}

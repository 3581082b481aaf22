//! A lookup along d paths that share no contact they ask (S/Kademlia, Baumgart & Mies 2007 §4.4).
//!
//! Each path is a [`Search`] of its own. Whoever one path has asked is passed over by the others, so an adversary who sits on one
//! path learns and spoils nothing of another. Each path goes on to its own `width` nearest. One path is plain Kademlia.

use astrarium_node::NodeId;
use smallvec::SmallVec;

use super::id::Distance;
use super::search::{Candidate, Limits, Search};

/// Some searches for one target.
#[derive(Debug, Clone)]
pub struct Disjoint {
    paths: SmallVec<[Search; 1]>,
}

impl Disjoint {
    /// `paths` searches (at least one) among which the contacts `start`, nearest first, are dealt out in turn.
    #[must_use]
    pub fn new(limits: Limits, paths: usize, start: &[(Distance, NodeId)]) -> Self {
        let paths = paths.max(1);
        let hand = |path| start.iter().skip(path).step_by(paths).copied();
        Self { paths: (0..paths).map(|path| Search::new(limits, hand(path))).collect() }
    }

    /// Whom to ask next and on which path; to be called until it says nobody.
    pub fn next_question(&mut self) -> Option<(usize, NodeId)> {
        for path in 0..self.paths.len() {
            let (before, rest) = self.paths.split_at_mut(path);
            let Some((search, after)) = rest.split_first_mut() else { break };
            let others = || before.iter().chain(after.iter());
            if let Some(node) = search.next_question(|node| others().any(|other| other.has_asked(node))) {
                return Some((path, node));
            }
        }
        None
    }

    /// `from` answered a question of this path; false when it was not asked there.
    pub fn answered(
        &mut self,
        path: usize,
        from: NodeId,
        contacts: impl IntoIterator<Item = (Distance, NodeId)>,
    ) -> bool {
        self.paths.get_mut(path).is_some_and(|search| search.answered(from, contacts))
    }

    /// `from` did not answer a question of this path; false when it was not asked there.
    pub fn failed(&mut self, path: usize, from: NodeId) -> bool {
        self.paths.get_mut(path).is_some_and(|search| search.failed(from))
    }

    /// True when every path is at its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.paths.iter().all(Search::is_finished)
    }

    /// The `count` nearest that answered, nearest first, each with the length of the shortest chain of questions to it.
    #[must_use]
    pub fn nearest(&self, count: usize) -> Vec<Candidate> {
        let answered =
            |search: &Search| search.alive().filter(|c| c.has_answered()).copied().take(count).collect();
        let mut all: Vec<Candidate> = self.paths.first().map(answered).unwrap_or_default();
        if self.paths.len() > 1 {
            all.extend(self.paths[1..].iter().flat_map(answered));
            all.sort_by_key(|c| (c.distance, c.node));
            all.truncate(count);
        }
        // Other paths may have heard of it on a shorter way, though only one asked it.
        for found in &mut all {
            let heard = self.paths.iter().filter_map(|path| path.depth_of(found.node));
            found.depth = heard.min().unwrap_or(found.depth);
        }
        all
    }

    /// Length of the shortest chain of questions to a node, over all paths; 0 for one that nobody told of.
    #[must_use]
    pub fn depth_of(&self, node: NodeId) -> u16 {
        self.paths.iter().filter_map(|path| path.depth_of(node)).min().unwrap_or(0)
    }

    /// Questions asked.
    #[must_use]
    pub fn asked(&self) -> u32 {
        self.paths.iter().map(Search::asked).sum()
    }

    /// Questions not answered.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.paths.iter().map(Search::failures).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::id::Id;
    use super::*;
    use astrarium_node::{Domain, Seed};
    use proptest::prelude::*;

    proptest! {
        /// No contact is asked twice, on one path or on two, in any random graph; and all paths end.
        #[test]
        fn paths_share_nobody(n in 2_u64..150, paths in 1_usize..9, width in 1_usize..17, seed: u64) {
            let mut luck = Seed(seed).stream(Domain::protocol(0), 0, 0);
            let target = Id::random(&mut luck);
            let ids: Vec<Id> = (0..n).map(|_| Id::random(&mut luck)).collect();
            let mut some = |count: usize| -> Vec<(Distance, NodeId)> {
                let mut some: Vec<_> = (0..count)
                    .map(|_| luck.below(n) as usize)
                    .map(|i| (ids[i].distance(target), NodeId::from(i)))
                    .collect();
                some.sort_unstable();
                some.dedup();
                some
            };
            let mut lookup = Disjoint::new(Limits { alpha: 2, width }, paths, &some(16));
            let mut asked = Vec::new();
            while !lookup.is_finished() {
                let mut round = Vec::new();
                while let Some((path, node)) = lookup.next_question() {
                    round.push((path, node));
                }
                if lookup.is_finished() {
                    break;
                }
                prop_assert!(!round.is_empty(), "stuck");
                for (path, node) in round {
                    asked.push(node);
                    prop_assert!(lookup.answered(path, node, some(16)));
                }
            }
            let all = asked.len();
            asked.sort_unstable();
            asked.dedup();
            prop_assert_eq!((asked.len(), lookup.asked() as usize), (all, all));
            prop_assert!(lookup.nearest(16).windows(2).all(|w| w[0].distance < w[1].distance));
        }
    }
}

//! One iterative search as a pure state machine: contacts in, questions out.
//!
//! Like an iterator, it knows no network and no time: [`Search::next_question`] says whom to ask, [`Search::answered`] and
//! [`Search::failed`] say what came of it. The rules (network specification §6.11, Maymounkov & Mazières 2002 §2.3): up to α
//! questions under way; the nearest of the `width` nearest that was not asked yet is next; the search ends when those `width` have
//! all answered. Who fails makes room for the next one.
//!
//! *Depth* counts sequential questions: contacts from the own table have depth 0, contacts in an answer of a contact of depth d
//! have d + 1. The depth at which the nearest contact was first heard of is the number of rounds; asking it is one hop more.

use astrarium_node::NodeId;

use super::config::Config;
use super::id::Distance;

/// How a search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Questions under way at the same time.
    pub alpha: usize,
    /// So many nearest must have answered.
    pub width: usize,
}

/// A contact of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Distance from the target.
    pub distance: Distance,
    /// Who.
    pub node: NodeId,
    /// Length of the chain of questions that led here.
    pub depth: u16,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    Waiting,
    Answered,
    Failed,
    /// Asked by another path of the same lookup: it does not exist for this one.
    Elsewhere,
}

impl Candidate {
    /// Whether it was ever asked here.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        matches!(self.state, State::Waiting | State::Answered | State::Failed)
    }

    fn is_ours(&self) -> bool {
        !matches!(self.state, State::Failed | State::Elsewhere)
    }

    /// Whether it is up, by its own word.
    #[must_use]
    pub fn has_answered(&self) -> bool {
        self.state == State::Answered
    }
}

/// A search for the contacts nearest to a point.
#[derive(Debug, Clone)]
pub struct Search {
    limits: Limits,
    /// By distance. Those once asked stay, so nobody is asked twice.
    candidates: Vec<Candidate>,
    waiting: u32,
    asked: u32,
    failures: u32,
}

impl Search {
    /// A search that starts from these contacts.
    #[must_use]
    pub fn new(limits: Limits, start: impl IntoIterator<Item = (Distance, NodeId)>) -> Self {
        let mut search = Self { limits, candidates: Vec::new(), waiting: 0, asked: 0, failures: 0 };
        for (distance, node) in start {
            search.learn(distance, node, 0);
        }
        search
    }

    /// Whom to ask next; to be called until it says nobody. `elsewhere` tells whom another path has asked: they are passed over,
    /// as if they did not exist.
    pub fn next_question(&mut self, mut elsewhere: impl FnMut(NodeId) -> bool) -> Option<NodeId> {
        if self.waiting as usize >= self.limits.alpha || self.asked >= Config::MAX_RPCS {
            return None;
        }
        let mut counted = 0;
        for candidate in self.candidates.iter_mut().filter(|c| c.is_ours()) {
            if candidate.state == State::Fresh && elsewhere(candidate.node) {
                candidate.state = State::Elsewhere;
                continue;
            }
            counted += 1;
            if counted > self.limits.width {
                break;
            }
            if candidate.state != State::Fresh {
                continue;
            }
            candidate.state = State::Waiting;
            self.waiting += 1;
            self.asked += 1;
            return Some(candidate.node);
        }
        None
    }

    /// `from` answered with these contacts. False when it was not asked, or has answered or failed before: then nothing changes.
    pub fn answered(&mut self, from: NodeId, contacts: impl IntoIterator<Item = (Distance, NodeId)>) -> bool {
        let Some(at) = self.settle(from, State::Answered) else { return false };
        let depth = self.candidates[at].depth.saturating_add(1);
        for (distance, node) in contacts {
            self.learn(distance, node, depth);
        }
        true
    }

    /// `from` did not answer. False when nothing was expected of it.
    pub fn failed(&mut self, from: NodeId) -> bool {
        let settled = self.settle(from, State::Failed).is_some();
        self.failures += u32::from(settled);
        settled
    }

    /// True when the `width` nearest have all answered, or nobody may be asked any more.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let open = |c: &Candidate| matches!(c.state, State::Fresh | State::Waiting);
        let exhausted = self.asked >= Config::MAX_RPCS && self.waiting == 0;
        exhausted || !self.alive().take(self.limits.width).any(open)
    }

    /// Contacts that have not failed and were not asked elsewhere, nearest first.
    pub fn alive(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|c| c.is_ours())
    }

    /// Whether it has asked this node.
    #[must_use]
    pub fn has_asked(&self, node: NodeId) -> bool {
        self.candidates.iter().any(|c| c.node == node && c.was_asked())
    }

    /// Length of the shortest chain of questions by which it heard of this node.
    #[must_use]
    pub fn depth_of(&self, node: NodeId) -> Option<u16> {
        self.candidates.iter().find(|c| c.node == node).map(|c| c.depth)
    }

    /// Questions asked so far.
    #[must_use]
    pub fn asked(&self) -> u32 {
        self.asked
    }

    /// Questions that were not answered.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    fn settle(&mut self, node: NodeId, state: State) -> Option<usize> {
        let at = self.candidates.iter().position(|c| c.node == node && c.state == State::Waiting)?;
        self.candidates[at].state = state;
        self.waiting -= 1;
        Some(at)
    }

    fn learn(&mut self, distance: Distance, node: NodeId, depth: u16) {
        let Err(at) = self.candidates.binary_search_by(|c| (c.distance, c.node).cmp(&(distance, node)))
        else {
            return;
        };
        // Enough for `width` answers even when most fail; an adversary cannot make it grow.
        let room = 8 * self.limits.width + 64;
        if at >= room {
            return;
        }
        self.candidates.insert(at, Candidate { distance, node, depth, state: State::Fresh });
        if self.candidates.len() > room && self.candidates.last().is_some_and(|c| c.state == State::Fresh) {
            self.candidates.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::id::Id;
    use super::*;
    use astrarium_node::{Domain, Seed};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Runs a search over a graph; answers come back in an order drawn from `seed`. Returns the search and everybody asked, in order.
    fn run(
        ids: &[Id],
        edges: &[Vec<usize>],
        down: &[bool],
        target: Id,
        limits: Limits,
        k: usize,
        seed: u64,
    ) -> (Search, Vec<NodeId>) {
        let mut luck = Seed(seed).stream(Domain::protocol(0), 0, 0);
        let known = |node: usize| {
            let mut known: Vec<_> =
                edges[node].iter().map(|&n| (ids[n].distance(target), NodeId::from(n))).collect();
            known.sort_unstable();
            known.truncate(k);
            known
        };
        let mut search = Search::new(limits, known(0));
        let (mut open, mut asked) = (Vec::new(), Vec::new());
        loop {
            while let Some(node) = search.next_question(|_| false) {
                open.push(node);
                asked.push(node);
                assert!(open.len() <= limits.alpha);
            }
            if search.is_finished() {
                return (search, asked);
            }
            assert!(!open.is_empty(), "neither finished nor waiting");
            let node = open.swap_remove(luck.below(open.len() as u64) as usize);
            if down[node.index()] {
                assert!(search.failed(node) && !search.failed(node));
            } else {
                assert!(search.answered(node, known(node.index())) && !search.answered(node, []));
            }
        }
    }

    proptest! {
        /// In any graph it ends and asks nobody twice. Where every node knows somebody in each part of the space that holds anybody
        /// (Kademlia's condition), it finds the nearest.
        #[test]
        fn searches_end_ask_once_and_find(
            n in 2_usize..120, alpha in 1_usize..6, width in 1_usize..21, per_bucket in 1_usize..4, seed: u64,
            target: [u8; 32], random_graph: bool, dead in 0.0_f64..0.5,
        ) {
            let mut luck = Seed(seed).stream(Domain::protocol(1), 0, 0);
            let ids: Vec<Id> = (0..n).map(|_| Id::random(&mut luck)).collect();
            let target = Id::from_bytes(target);
            let edges: Vec<Vec<usize>> = (0..n).map(|me| {
                if random_graph {
                    return (0..4).map(|_| luck.below(n as u64) as usize).collect();
                }
                let mut order: Vec<usize> = (0..n).filter(|&o| o != me).collect();
                luck.shuffle(&mut order);
                let mut taken = vec![0; 256];
                order.retain(|&o| {
                    let slot = &mut taken[ids[me].distance(ids[o]).log2().unwrap()];
                    *slot += 1;
                    *slot <= per_bucket
                });
                order
            }).collect();
            let down: Vec<bool> =
                (0..n).map(|_| random_graph && luck.unit() < dead).collect();
            let (search, asked) = run(&ids, &edges, &down, target, Limits { alpha, width }, per_bucket.max(width), seed);
            prop_assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len(), "asked twice");
            prop_assert_eq!(search.asked() as usize, asked.len());
            if !random_graph {
                let nearest = (1..n).min_by_key(|&i| ids[i].distance(target)).unwrap();
                let me = ids[0].distance(target) < ids[nearest].distance(target);
                let first = search.alive().next().map(|c| c.node.index());
                prop_assert!(me || first == Some(nearest), "found {:?} instead of {}", first, nearest);
                prop_assert!(search.alive().take(width).all(Candidate::has_answered));
            }
        }
    }

    #[test]
    fn an_adversary_who_invents_ever_nearer_contacts_is_not_asked_for_ever() {
        let mut search = Search::new(Limits { alpha: 3, width: 16 }, [(distance(1 << 40), NodeId(0))]);
        let mut invented = 0_u32;
        while !search.is_finished() {
            let node = search.next_question(|_| false).unwrap();
            invented += 20;
            let nearer =
                (0..20).map(|i| (distance((1 << 40) - u64::from(invented + i)), NodeId(invented + i)));
            assert!(search.answered(node, nearer));
        }
        assert_eq!(search.asked(), Config::MAX_RPCS);
    }

    #[test]
    fn depth_is_the_chain_of_questions() {
        let mut search = Search::new(Limits { alpha: 1, width: 1 }, [(distance(100), NodeId(1))]);
        for (node, next) in [(1, 2), (2, 3)] {
            assert_eq!(search.next_question(|_| false), Some(NodeId(node)));
            search.answered(NodeId(node), [(distance(100 / u64::from(next)), NodeId(next))]);
        }
        assert_eq!(search.alive().next().map(|c| (c.node, c.depth)), Some((NodeId(3), 2)));
    }

    fn distance(d: u64) -> Distance {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&d.to_be_bytes());
        Id::from_bytes(bytes).distance(Id::default())
    }
}

//! Whom to believe: answers in, a verdict out.

use std::sync::Arc;

use astrarium_node::NodeId;

use super::message::ChainSpace;

/// What one seed said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who said it.
    pub from: NodeId,
    /// Which chain space it named.
    pub space: ChainSpace,
    /// Whom it named.
    pub contacts: Arc<[NodeId]>,
}

/// What answers amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This chain space has more votes than any other; these are the contacts of its voters, in order and once each.
    Kept {
        /// What most named.
        space: ChainSpace,
        /// By its voters.
        contacts: Vec<NodeId>,
    },
    /// Two chain spaces have equally many votes, and none has more.
    Tie,
    /// Fewer answers than are to be compared.
    TooFew,
}

/// Compares answers: at least `quorum` of them. The order of the answers does not matter.
#[must_use]
pub fn judge(answers: &[Answer], quorum: usize) -> Verdict {
    if answers.len() < quorum.max(1) {
        return Verdict::TooFew;
    }
    let votes = |space: ChainSpace| answers.iter().filter(|a| a.space == space).count();
    let most = answers.iter().map(|a| votes(a.space)).max().unwrap_or(0);
    let mut best = answers.iter().map(|a| a.space).filter(|&space| votes(space) == most);
    let Some(space) = best.next() else { return Verdict::TooFew };
    if best.any(|other| other != space) {
        return Verdict::Tie;
    }
    let voters = answers.iter().filter(|a| a.space == space);
    let mut contacts: Vec<NodeId> = voters.flat_map(|a| a.contacts.iter().copied()).collect();
    contacts.sort_unstable();
    contacts.dedup();
    Verdict::Kept { space, contacts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(from: u32, tip: u64) -> Answer {
        Answer {
            from: NodeId(from),
            space: ChainSpace { tip, height: 9 },
            contacts: Arc::new([NodeId(from + 100), NodeId(7)]),
        }
    }

    #[test]
    fn two_of_three_decide_and_ties_do_not() {
        let answers = [answer(1, 5), answer(2, 6), answer(3, 5)];
        let Verdict::Kept { space, contacts } = judge(&answers, 2) else { panic!("no majority") };
        assert_eq!((space.tip, contacts), (5, vec![NodeId(7), NodeId(101), NodeId(103)]));
        assert_eq!(judge(&answers[..2], 2), Verdict::Tie);
        assert_eq!(judge(&answers[..1], 2), Verdict::TooFew);
        assert_eq!(judge(&[], 0), Verdict::TooFew);
    }

    proptest! {
        /// Whoever keeps a chain space has it from more seeds than any other was named by, in any order of the answers.
        #[test]
        fn the_order_of_answers_does_not_matter(tips in prop::collection::vec(0_u64..4, 0..9), turn in 0_usize..9) {
            let answers: Vec<Answer> = tips.iter().enumerate().map(|(i, &tip)| answer(i as u32, tip)).collect();
            let mut turned = answers.clone();
            turned.rotate_left(turn.min(answers.len()));
            prop_assert_eq!(judge(&answers, 2), judge(&turned, 2));
            if let Verdict::Kept { space, .. } = judge(&answers, 2) {
                let votes = |tip| tips.iter().filter(|&&t| t == tip).count();
                prop_assert!((0..4).filter(|&t| t != space.tip).all(|t| votes(t) < votes(space.tip)));
            }
        }
    }
}

//! What must hold, must happen, and must come back.

use std::collections::BTreeMap;

use astrarium_engine::{AfterHeal, Always, Fault, Finding, Observer, Sight, Sometimes, last_end};
use astrarium_node::{NodeId, Span, Time};

use crate::election::{Event, Replica};

/// What happened in one term.
#[derive(Debug, Clone, Default)]
struct Term {
    candidates: u32,
    /// The first leader, since when.
    leader: Option<(NodeId, Time)>,
    leaders: u32,
}

/// Watches the elections of one run.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    agreement: Always,
    elected: Sometimes,
    contested: Sometimes,
    elects_again: Option<AfterHeal>,
    /// When the last fault ends.
    heals: Option<Time>,
    terms: BTreeMap<u64, Term>,
}

impl Watch {
    /// For a run with this fault plan; liveness is demanded so soon after its end.
    pub(crate) fn new(plan: &[Fault], heal_within: Span) -> Self {
        Self {
            agreement: Always::new("agreement"),
            elected: Sometimes::new("elected"),
            contested: Sometimes::new("contested"),
            elects_again: (!plan.is_empty()).then(|| AfterHeal::new("elects-again", heal_within)),
            heals: last_end(plan),
            terms: BTreeMap::new(),
        }
    }

    fn stood(&mut self, term: u64, now: Time) {
        let entry = self.terms.entry(term).or_default();
        entry.candidates += 1;
        if entry.candidates > 1 {
            self.contested.saw(now);
        }
    }

    fn elected(&mut self, node: NodeId, term: u64, votes: usize, now: Time) {
        let entry = self.terms.entry(term).or_default();
        entry.leaders += 1;
        let (first, since) = *entry.leader.get_or_insert((node, now));
        self.agreement.check(now, first == node, || {
            format!("{node} leads term {term} with {votes} votes, but {first} has led it since {since}")
        });
        self.elected.saw(now);
        if let Some(oracle) = &mut self.elects_again {
            oracle.reached(now);
        }
    }

    /// The verdicts of a run that ended at `end`.
    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        let mut findings = vec![self.agreement.finding(), self.elected.finding(), self.contested.finding()];
        findings.extend(self.elects_again.as_ref().map(|oracle| oracle.finding(end)));
        findings
    }

    /// The metrics of a run.
    pub(crate) fn metrics(&self) -> Vec<(&'static str, f64)> {
        let count = |held: fn(&Term) -> bool| self.terms.values().filter(|term| held(term)).count() as f64;
        let disagreements = count(|term| term.leaders > 1);
        let mut metrics = vec![
            ("disagreement", f64::from(u8::from(disagreements > 0.0))),
            ("disagreements", disagreements),
            ("elections", count(|term| term.leaders > 0)),
            ("contested_terms", count(|term| term.candidates > 1)),
        ];
        let took = self.elects_again.as_ref().and_then(AfterHeal::took);
        metrics.extend(took.map(|took| ("heal_time_s", took.as_secs_f64())));
        metrics
    }
}

impl Observer<Replica> for Watch {
    fn on_indication(&mut self, node: NodeId, event: &Event, sight: &Sight<'_, Replica>) {
        match *event {
            Event::Stood { term } => self.stood(term, sight.now()),
            Event::Elected { term, votes } => self.elected(node, term, votes, sight.now()),
        }
    }

    fn on_fault(&mut self, _: &str, _: bool, sight: &Sight<'_, Replica>) {
        if let Some(oracle) = self.elects_again.as_mut().filter(|_| self.heals == Some(sight.now())) {
            oracle.healed(sight.now());
        }
    }

    /// Two leaders of one term seen by two parts are a violation that neither part saw; the later one is the witness.
    fn merge(&mut self, other: Self) {
        self.agreement.merge(other.agreement);
        self.elected.merge(other.elected);
        self.contested.merge(other.contested);
        if let (Some(mine), Some(theirs)) = (&mut self.elects_again, other.elects_again) {
            mine.merge(theirs);
        }
        for (number, theirs) in other.terms {
            let mine = self.terms.entry(number).or_default();
            mine.candidates += theirs.candidates;
            mine.leaders += theirs.leaders;
            match (mine.leader, theirs.leader) {
                (Some(a), Some(b)) if a.0 != b.0 => {
                    let (first, later) = if (a.1, a.0) <= (b.1, b.0) { (a, b) } else { (b, a) };
                    self.agreement.check(later.1, false, || {
                        let ((first, since), later) = (first, later.0);
                        format!("{later} leads term {number}, but {first} has led it since {since}")
                    });
                    mine.leader = Some(first);
                }
                (None, leader) => mine.leader = leader,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_engine::Verdict;

    fn at(s: u64) -> Time {
        Time::ZERO + Span::from_secs(s)
    }

    fn watch() -> Watch {
        Watch::new(&[], Span::from_secs(1))
    }

    #[test]
    fn two_leaders_of_one_term_are_witnessed() {
        let mut one = watch();
        one.elected(NodeId(1), 7, 3, at(2));
        one.elected(NodeId(2), 8, 3, at(3));
        assert_eq!(one.findings(at(9))[0].verdict, Verdict::Holds);
        one.elected(NodeId(4), 7, 3, at(4));
        let witness =
            "at 4.000000000 s: node 4 leads term 7 with 3 votes, but node 1 has led it since 2.000000000 s";
        assert_eq!(one.findings(at(9))[0].verdict, Verdict::Violated { witness: witness.to_owned() });
        assert!(one.metrics().contains(&("disagreements", 1.0)));
    }

    #[test]
    fn leaders_seen_by_different_parts_disagree_after_the_merge() {
        let (mut left, mut right) = (watch(), watch());
        left.elected(NodeId(1), 7, 3, at(2));
        right.elected(NodeId(4), 7, 3, at(1));
        let mut other_way = right.clone();
        other_way.merge(left.clone());
        left.merge(right);
        assert_eq!(left.findings(at(9)), other_way.findings(at(9)));
        let witness = "at 2.000000000 s: node 1 leads term 7, but node 4 has led it since 1.000000000 s";
        assert_eq!(left.findings(at(9))[0].verdict, Verdict::Violated { witness: witness.to_owned() });
    }
}

//! Oracles: promises that observers keep an eye on (design §6).
//!
//! An oracle is a small state that an [`Observer`](crate::Observer) feeds and finally turns into a [`Finding`]. Oracles merge,
//! as observers do: the earliest witness wins.

use astrarium_node::{Span, Time};

use crate::verdict::{Finding, Promise, Verdict};

/// Safety: must hold whenever it is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Always {
    name: &'static str,
    checks: u64,
    broken: Option<(Time, String)>,
    level: Option<f64>,
}

impl Always {
    /// An oracle with this stable name.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, checks: 0, broken: None, level: None }
    }

    /// One check; the witness is only put into words when the check fails, and only the first is kept.
    pub fn check(&mut self, now: Time, holds: bool, witness: impl FnOnce() -> String) {
        self.checks += 1;
        if !holds && self.broken.is_none() {
            self.broken = Some((now, witness()));
        }
    }

    /// Notes how near the run came to violation, in `0.0..=1.0`; the greatest is kept.
    pub fn approach(&mut self, level: f64) {
        self.level = Some(self.level.map_or(level, |l| l.max(level)));
    }

    /// Combines two parts of one run.
    pub fn merge(&mut self, other: Self) {
        self.checks += other.checks;
        self.broken = earliest(self.broken.take(), other.broken);
        if let Some(level) = other.level {
            self.approach(level);
        }
    }

    /// The verdict at the end of the run: unknown when nothing was ever checked.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let verdict = match &self.broken {
            Some((at, witness)) => Verdict::Violated { witness: format!("at {at}: {witness}") },
            None if self.checks == 0 => Verdict::Unknown { reason: "never checked".to_owned() },
            None => Verdict::Holds,
        };
        let level = if self.broken.is_some() { Some(1.0) } else { self.level };
        Finding { oracle: self.name, promise: Promise::Always, verdict, level }
    }
}

/// Non-triviality: must have happened at least once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sometimes {
    name: &'static str,
    first: Option<Time>,
}

impl Sometimes {
    /// An oracle with this stable name.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, first: None }
    }

    /// It happened.
    pub fn saw(&mut self, now: Time) {
        self.first = Some(self.first.map_or(now, |first| first.min(now)));
    }

    /// Combines two parts of one run.
    pub fn merge(&mut self, other: Self) {
        if let Some(first) = other.first {
            self.saw(first);
        }
    }

    /// The verdict at the end of the run.
    #[must_use]
    pub fn finding(&self) -> Finding {
        let verdict = match self.first {
            Some(_) => Verdict::Holds,
            None => Verdict::Violated { witness: "it never happened: the run proves nothing".to_owned() },
        };
        Finding { oracle: self.name, promise: Promise::Sometimes, verdict, level: None }
    }
}

/// Liveness: must happen within a bound once the last fault has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AfterHeal {
    name: &'static str,
    bound: Span,
    healed: Option<Time>,
    reached: Option<Time>,
}

impl AfterHeal {
    /// An oracle with this stable name and bound.
    #[must_use]
    pub fn new(name: &'static str, bound: Span) -> Self {
        Self { name, bound, healed: None, reached: None }
    }

    /// The last fault ended now; what was reached before does not count.
    pub fn healed(&mut self, now: Time) {
        self.healed = Some(self.healed.map_or(now, |healed| healed.max(now)));
        self.reached = self.reached.filter(|&reached| Some(reached) >= self.healed);
    }

    /// The good state is there now; the first time after healing counts.
    pub fn reached(&mut self, now: Time) {
        if self.healed.is_some_and(|healed| now >= healed) && self.reached.is_none_or(|reached| now < reached)
        {
            self.reached = Some(now);
        }
    }

    /// Time from healing to the good state, once it is there.
    #[must_use]
    pub fn took(&self) -> Option<Span> {
        Some(self.reached?.since(self.healed?))
    }

    /// Combines two parts of one run.
    pub fn merge(&mut self, other: Self) {
        if let Some(healed) = other.healed {
            self.healed(healed);
        }
        if let Some(reached) = other.reached {
            self.reached(reached);
        }
    }

    /// The verdict of a run that ended at `end`: unknown when it ended before the bound had passed.
    #[must_use]
    pub fn finding(&self, end: Time) -> Finding {
        let bound = self.bound;
        let verdict = match (self.healed, self.took()) {
            (None, _) => Verdict::Unknown { reason: "no fault ended during the run".to_owned() },
            (Some(_), Some(took)) if took <= bound => Verdict::Holds,
            (Some(healed), Some(took)) => {
                Verdict::Violated { witness: format!("{took} after healing at {healed}, bound {bound}") }
            }
            (Some(healed), None) if end.since(healed) <= bound => {
                Verdict::Unknown { reason: format!("the run ended within {bound} of healing at {healed}") }
            }
            (Some(healed), None) => Verdict::Violated {
                witness: format!("not reached by {end}, healing at {healed}, bound {bound}"),
            },
        };
        Finding { oracle: self.name, promise: Promise::AfterHeal, verdict, level: None }
    }
}

fn earliest(a: Option<(Time, String)>, b: Option<(Time, String)>) -> Option<(Time, String)> {
    [a, b].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Time {
        Time::ZERO + Span::from_secs(s)
    }

    #[test]
    fn always_keeps_the_first_witness_in_any_merge_order() {
        let broken = |s, word: &str| {
            let mut oracle = Always::new("safety");
            oracle.check(at(s), false, || word.to_owned());
            oracle
        };
        let (mut ab, mut ba) = (broken(2, "late"), broken(1, "early"));
        ab.merge(broken(1, "early"));
        ba.merge(broken(2, "late"));
        assert_eq!(ab, ba);
        assert_eq!(ab.finding().verdict, Verdict::Violated { witness: "at 1.000000000 s: early".to_owned() });
        assert!(matches!(Always::new("unused").finding().verdict, Verdict::Unknown { .. }));
    }

    #[test]
    fn after_heal_counts_from_the_last_healing() {
        let mut oracle = AfterHeal::new("converges", Span::from_secs(10));
        oracle.reached(at(1));
        assert_eq!(oracle.took(), None);
        oracle.healed(at(5));
        oracle.reached(at(8));
        assert_eq!(oracle.took(), Some(Span::from_secs(3)));
        oracle.healed(at(20));
        assert_eq!(oracle.took(), None);
        assert!(matches!(oracle.finding(at(25)).verdict, Verdict::Unknown { .. }));
        assert!(matches!(oracle.finding(at(31)).verdict, Verdict::Violated { .. }));
        oracle.reached(at(30));
        assert_eq!(oracle.finding(at(99)).verdict, Verdict::Holds);
    }

    #[test]
    fn a_vacuous_run_is_violated_not_passed() {
        let mut oracle = Sometimes::new("forked");
        assert!(!oracle.finding().verdict.is_tolerable());
        oracle.saw(at(1));
        assert_eq!(oracle.finding().verdict, Verdict::Holds);
    }
}

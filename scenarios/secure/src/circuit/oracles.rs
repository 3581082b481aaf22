//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `delivered-once` | always | a message arrives once, at the user for whom it was meant, after it was sent |
//! | `unlinked` | always | through two relays or more: who hands a message over is a relay, and not the one that its source talks to |
//! | `relayed` | sometimes | a message arrived through a circuit (when circuits have relays) |
//! | `both-ends` | sometimes | a circuit had a first and a last relay of the coalition (when it has two relays, and circuits at least two) |
//! | `carries-again` | after heal | a message arrives within 60 s of the end of the last fault (with faults) |

use astrarium_engine::{AfterHeal, Always, Finding, Sometimes};
use astrarium_node::{NodeId, Span, Time};

use crate::item::Item;

/// Time for somebody to make a circuit around what is gone: two of three tries of 10 s each may fail.
const RECOVERY: Span = Span::from_secs(60);

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    once: Always,
    unlinked: Option<Always>,
    relayed: Option<Sometimes>,
    both_ends: Option<Sometimes>,
    heals: Option<AfterHeal>,
}

/// What a run's oracles depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expectations {
    /// Relays of a circuit.
    pub(crate) hops: usize,
    /// Relays of the coalition.
    pub(crate) hostile: usize,
    /// There are faults; when the last one ends, if it does.
    pub(crate) faults: Option<Option<Time>>,
}

impl Oracles {
    pub(crate) fn new(expect: Expectations) -> Self {
        let heals = expect.faults.map(|end| {
            let mut oracle = AfterHeal::new("carries-again", RECOVERY);
            if let Some(end) = end {
                oracle.healed(end);
            }
            oracle
        });
        let able = expect.hops == 1 && expect.hostile >= 1 || expect.hops >= 2 && expect.hostile >= 2;
        Self {
            once: Always::new("delivered-once"),
            unlinked: (expect.hops >= 2).then(|| Always::new("unlinked")),
            relayed: (expect.hops >= 1).then(|| Sometimes::new("relayed")),
            both_ends: able.then(|| Sometimes::new("both-ends")),
            heals,
        }
    }

    /// A message arrived at `at`; `good` says whether it was meant for there, sent by now, and new.
    pub(crate) fn delivered(&mut self, now: Time, at: NodeId, item: &Item, good: bool) {
        self.once.check(now, good, || format!("{at} received {item:?}, again or not meant for it"));
        if let Some(oracle) = &mut self.relayed {
            oracle.saw(now);
        }
        if let Some(oracle) = &mut self.heals {
            oracle.reached(now);
        }
    }

    /// Who handed a message over; `links` says whether it knows the source.
    pub(crate) fn handed_over(&mut self, now: Time, by: NodeId, item: &Item, links: bool) {
        if let Some(oracle) = &mut self.unlinked {
            oracle.check(now, !links, || format!("{by} handed {item:?} over and knows its source"));
        }
    }

    pub(crate) fn both_ends(&mut self, now: Time) {
        if let Some(oracle) = &mut self.both_ends {
            oracle.saw(now);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.once.merge(other.once);
        if let (Some(mine), Some(theirs)) = (&mut self.unlinked, other.unlinked) {
            mine.merge(theirs);
        }
        for (mine, theirs) in [(&mut self.relayed, other.relayed), (&mut self.both_ends, other.both_ends)] {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                mine.merge(theirs);
            }
        }
        if let (Some(mine), Some(theirs)) = (&mut self.heals, other.heals) {
            mine.merge(theirs);
        }
    }

    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        let mut findings = vec![self.once.finding()];
        findings.extend(self.unlinked.as_ref().map(Always::finding));
        findings.extend([&self.relayed, &self.both_ends].into_iter().flatten().map(Sometimes::finding));
        findings.extend(self.heals.as_ref().map(|oracle| oracle.finding(end)));
        findings
    }
}

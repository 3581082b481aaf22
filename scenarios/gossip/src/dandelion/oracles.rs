//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `public-once` | always | a transaction becomes public once at each node, and only one that somebody made |
//! | `fluffed` | always | where nothing is lost every transaction that is old enough is public in the end (I11) |
//! | `stemmed` | sometimes | a transaction is made public by another node than its source (with a stem) |
//! | `unmasked` | sometimes | the coalition blames the right node (with an adversary) |

use astrarium_engine::{Always, Finding, Sometimes};
use astrarium_node::{NodeId, Time};

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    once: Always,
    fluffed: Option<Always>,
    stemmed: Option<Sometimes>,
    unmasked: Option<Sometimes>,
}

/// What a run's oracles depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expectations {
    /// Nothing is lost and nobody fails.
    pub(crate) calm: bool,
    /// There is a stem.
    pub(crate) stem: bool,
    /// There is an adversary.
    pub(crate) attacked: bool,
}

impl Oracles {
    pub(crate) fn new(expect: Expectations) -> Self {
        Self {
            once: Always::new("public-once"),
            fluffed: expect.calm.then(|| Always::new("fluffed")),
            stemmed: expect.stem.then(|| Sometimes::new("stemmed")),
            unmasked: expect.attacked.then(|| Sometimes::new("unmasked")),
        }
    }

    pub(crate) fn public(&mut self, node: NodeId, first: bool, owner: NodeId, now: Time) {
        self.once
            .check(now, first, || format!("{node} holds the transaction of {owner} for new a second time"));
    }

    pub(crate) fn stemmed(&mut self, now: Time) {
        if let Some(stemmed) = &mut self.stemmed {
            stemmed.saw(now);
        }
    }

    pub(crate) fn unmasked(&mut self, now: Time) {
        if let Some(unmasked) = &mut self.unmasked {
            unmasked.saw(now);
        }
    }

    /// A transaction that is old enough: is it public?
    pub(crate) fn end(&mut self, owner: NodeId, public: bool, now: Time) {
        if let Some(fluffed) = &mut self.fluffed {
            fluffed.check(now, public, || format!("the transaction of {owner} never became public"));
        }
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![self.once.finding()];
        findings.extend(self.fluffed.as_ref().map(Always::finding));
        findings.extend(self.stemmed.as_ref().map(Sometimes::finding));
        findings.extend(self.unmasked.as_ref().map(Sometimes::finding));
        findings
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.once.merge(other.once);
        if let (Some(mine), Some(theirs)) = (&mut self.fluffed, other.fluffed) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.stemmed, other.stemmed) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.unmasked, other.unmasked) {
            mine.merge(theirs);
        }
    }
}

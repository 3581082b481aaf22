//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `quorum` | always | a phase passes only when a quorum of the committee has delivered its proposal |
//! | `once` | always | a leader passes each phase once, in order |
//! | `attacked` | sometimes | with an attack: the coalition did flood somebody, in time or too late |
//! | `decided` | sometimes | without: some round was decided |

use astrarium_engine::{Always, Finding, Sometimes};
use astrarium_node::Time;

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    quorum: Always,
    once: Always,
    attacked: Option<Sometimes>,
    decided: Option<Sometimes>,
}

impl Oracles {
    /// For rounds (or petitions) with or without an attack.
    pub(crate) fn new(attack: bool, rounds: bool) -> Self {
        Self {
            quorum: Always::new("quorum"),
            once: Always::new("once"),
            attacked: attack.then(|| Sometimes::new("attacked")),
            decided: (!attack && rounds).then(|| Sometimes::new("decided")),
        }
    }

    /// A leader says that a phase has passed; `expected` is the next one, `delivered` who has its proposal.
    pub(crate) fn passed(&mut self, now: Time, at: (u64, u8), expected: u8, delivered: u32, quorum: u32) {
        let (round, phase) = at;
        self.quorum.check(now, delivered >= quorum, || {
            format!("phase {phase} of round {round} passed, but only {delivered} of {quorum} know of it")
        });
        self.once.check(now, phase == expected, || {
            format!("phase {phase} of round {round} passed, but phase {expected} was due")
        });
    }

    pub(crate) fn decided(&mut self, now: Time) {
        if let Some(oracle) = &mut self.decided {
            oracle.saw(now);
        }
    }

    pub(crate) fn attacked(&mut self, now: Time) {
        if let Some(oracle) = &mut self.attacked {
            oracle.saw(now);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.quorum.merge(other.quorum);
        self.once.merge(other.once);
        for (mine, theirs) in [(&mut self.attacked, other.attacked), (&mut self.decided, other.decided)] {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                mine.merge(theirs);
            }
        }
    }

    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![self.quorum.finding(), self.once.finding()];
        findings.extend([&self.attacked, &self.decided].into_iter().flatten().map(Sometimes::finding));
        findings
    }
}

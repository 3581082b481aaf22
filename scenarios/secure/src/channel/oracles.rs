//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `authentic` | always | the server takes from a client only what that client has sent to it (N44) |
//! | `no-plaintext` | always | I14: with the channel on, no datagram of a host carries anything that the channel has not sealed |
//! | `delivered` | sometimes | a message arrived (unless a man in the middle or a flood is there to prevent it) |
//! | `struck` | sometimes | the attack met somebody (when there is one) |
//! | `talks-again` | after heal | a message arrives within 5 s of the end of the last fault (with faults) |

use astrarium_engine::{AfterHeal, Always, Finding, Sometimes};
use astrarium_node::{NodeId, Span, Time};

use crate::item::Item;

/// Time to notice that a session is lost and to make a new one: a second of patience, and a handshake with two retries.
const RECOVERY: Span = Span::from_secs(5);

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    authentic: Always,
    sealed: Option<Always>,
    delivered: Option<Sometimes>,
    struck: Option<Sometimes>,
    heals: Option<AfterHeal>,
}

/// What a run's oracles depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expectations {
    /// The channel is on.
    pub(crate) sealed: bool,
    /// There is an attack.
    pub(crate) attacked: bool,
    /// Nothing is there to keep all messages from arriving.
    pub(crate) arrives: bool,
    /// There are faults; when the last one ends, if it does.
    pub(crate) faults: Option<Option<Time>>,
}

impl Oracles {
    pub(crate) fn new(expect: Expectations) -> Self {
        let heals = expect.faults.map(|end| {
            let mut oracle = AfterHeal::new("talks-again", RECOVERY);
            if let Some(end) = end {
                oracle.healed(end);
            }
            oracle
        });
        Self {
            authentic: Always::new("authentic"),
            sealed: expect.sealed.then(|| Always::new("no-plaintext")),
            delivered: expect.arrives.then(|| Sometimes::new("delivered")),
            struck: expect.attacked.then(|| Sometimes::new("struck")),
            heals,
        }
    }

    /// A message arrived at `at`; `sent` says whether its alleged sender had sent it to there by now.
    pub(crate) fn delivered(&mut self, now: Time, at: NodeId, from: NodeId, item: &Item, sent: bool) {
        self.authentic
            .check(now, sent, || format!("{at} took {item:?} from {from}, which never sent that there"));
        if let Some(oracle) = &mut self.delivered {
            oracle.saw(now);
        }
        if let Some(oracle) = &mut self.heals {
            oracle.reached(now);
        }
    }

    /// A datagram left a host.
    pub(crate) fn on_wire(&mut self, now: Time, from: NodeId, plain: bool) {
        if let Some(oracle) = &mut self.sealed {
            oracle.check(now, !plain, || format!("{from} sent a datagram in plain text"));
        }
    }

    pub(crate) fn struck(&mut self, now: Time) {
        if let Some(oracle) = &mut self.struck {
            oracle.saw(now);
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.authentic.merge(other.authentic);
        if let (Some(mine), Some(theirs)) = (&mut self.sealed, other.sealed) {
            mine.merge(theirs);
        }
        for (mine, theirs) in [(&mut self.delivered, other.delivered), (&mut self.struck, other.struck)] {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                mine.merge(theirs);
            }
        }
        if let (Some(mine), Some(theirs)) = (&mut self.heals, other.heals) {
            mine.merge(theirs);
        }
    }

    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        let mut findings = vec![self.authentic.finding()];
        findings.extend(self.sealed.as_ref().map(Always::finding));
        findings.extend([&self.delivered, &self.struck].into_iter().flatten().map(Sometimes::finding));
        findings.extend(self.heals.as_ref().map(|oracle| oracle.finding(end)));
        findings
    }
}

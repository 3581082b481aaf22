//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `agreed-chain` | always | what an honest node takes over ends in a block of the agreed chain |
//! | `heavier` | always | the weight of an honest node's chain only grows |
//! | `fetched` | sometimes | a node gets blocks from another |
//! | `deceived` | sometimes | an honest node asked for what the adversary claims (with an adversary) |
//! | `syncs-again` | after heal | a node gets blocks within two minutes of the last fault (when the plan's faults end) |

use astrarium_engine::{AfterHeal, Always, Fault, Finding, Sometimes, last_end};
use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_overlay::block_sync::Top;

/// A node must have got a block so long after the last fault.
const HEAL_BOUND: Span = Span::from_secs(120);

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    agreed: Always,
    heavier: Always,
    fetched: Sometimes,
    deceived: Option<Sometimes>,
    again: Option<AfterHeal>,
    healed: Option<Time>,
}

impl Oracles {
    pub(crate) fn new(attacked: bool, plan: &[Fault]) -> Self {
        Self {
            agreed: Always::new("agreed-chain"),
            heavier: Always::new("heavier"),
            fetched: Sometimes::new("fetched"),
            deceived: attacked.then(|| Sometimes::new("deceived")),
            again: last_end(plan).map(|_| AfterHeal::new("syncs-again", HEAL_BOUND)),
            healed: last_end(plan),
        }
    }

    /// A node's chain ends elsewhere now: in a block of the agreed chain? Heavier than before?
    pub(crate) fn advanced(
        &mut self,
        node: NodeId,
        top: Top,
        agreed: bool,
        before: u64,
        fetched: bool,
        now: Time,
    ) {
        self.agreed.check(now, agreed, || {
            format!("{node} ends at height {} in a block that is not agreed", top.height)
        });
        self.heavier.check(now, top.weight > before, || {
            format!("{node} fell from weight {before} to {}", top.weight)
        });
        if fetched {
            self.fetched.saw(now);
        }
        if let (Some(again), Some(healed), true) = (&mut self.again, self.healed, fetched)
            && now >= healed
        {
            again.healed(healed);
            again.reached(now);
        }
    }

    /// An honest node fell for the adversary.
    pub(crate) fn deceived(&mut self, now: Time) {
        if let Some(deceived) = &mut self.deceived {
            deceived.saw(now);
        }
    }

    /// The verdicts of a run that ended at `end`.
    pub(crate) fn findings(&mut self, end: Time) -> Vec<Finding> {
        let mut findings = vec![self.agreed.finding(), self.heavier.finding(), self.fetched.finding()];
        findings.extend(self.deceived.as_ref().map(Sometimes::finding));
        if let Some(again) = &mut self.again {
            if let Some(healed) = self.healed.filter(|&healed| healed <= end) {
                again.healed(healed);
            }
            findings.push(again.finding(end));
        }
        findings
    }

    /// Adds what another part of the same run has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.agreed.merge(other.agreed);
        self.heavier.merge(other.heavier);
        self.fetched.merge(other.fetched);
        if let (Some(mine), Some(theirs)) = (&mut self.deceived, other.deceived) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.again, other.again) {
            mine.merge(theirs);
        }
    }
}

//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `delivered-once` | always | a node that stays up and remembers delivers an item once, and only items that were published (I10) |
//! | `complete` | always | where nothing is lost, nobody is down and everybody relays to all, every item reaches all by the end (I10) |
//! | `relayed` | sometimes | a node gets an item from somebody who is not its source |
//! | `deceived` | sometimes | an honest node waits for, or asks for, what the adversary announced (with an adversary) |
//! | `spreads-again` | after heal | an item published after the last fault reaches 95 % (when the plan's faults end) |

use astrarium_engine::{AfterHeal, Always, Fault, Finding, Sometimes, last_end};
use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_overlay::gossip::ItemId;

/// An item must have spread this long after the last fault.
const HEAL_BOUND: Span = Span::from_secs(120);

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    once: Always,
    complete: Option<Always>,
    relayed: Sometimes,
    deceived: Option<Sometimes>,
    again: Option<AfterHeal>,
    healed_at: Option<Time>,
}

/// What a run's oracles depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expectations {
    /// Every item must reach everybody.
    pub(crate) complete: bool,
    /// There is an adversary.
    pub(crate) attacked: bool,
}

impl Oracles {
    pub(crate) fn new(expect: Expectations, plan: &[Fault]) -> Self {
        Self {
            once: Always::new("delivered-once"),
            complete: expect.complete.then(|| Always::new("complete")),
            relayed: Sometimes::new("relayed"),
            deceived: expect.attacked.then(|| Sometimes::new("deceived")),
            again: last_end(plan).map(|_| AfterHeal::new("spreads-again", HEAL_BOUND)),
            healed_at: last_end(plan),
        }
    }

    /// A node delivers an item: for the first time, of those that were published?
    pub(crate) fn delivered(&mut self, node: NodeId, id: ItemId, first: bool, published: bool, now: Time) {
        self.once.check(now, first && published, || {
            let what = if published { "a second time" } else { "although nobody published it" };
            format!("{node} delivers item {} {what}", id.0)
        });
    }

    /// A node got an item of somebody else than its source.
    pub(crate) fn relayed(&mut self, now: Time) {
        self.relayed.saw(now);
    }

    /// An honest node fell for the adversary.
    pub(crate) fn deceived(&mut self, now: Time) {
        if let Some(deceived) = &mut self.deceived {
            deceived.saw(now);
        }
    }

    /// A fault ended.
    pub(crate) fn healed(&mut self, now: Time) {
        if let Some(again) = self.again.as_mut().filter(|_| self.healed_at.is_some_and(|at| now >= at)) {
            again.healed(now);
        }
    }

    /// An item of that age has reached 95 %.
    pub(crate) fn spread(&mut self, published: Time, now: Time) {
        if let Some(again) = self.again.as_mut().filter(|_| self.healed_at.is_some_and(|at| published >= at))
        {
            again.reached(now);
        }
    }

    /// At the end: how many items reached everybody, of how many.
    pub(crate) fn end(&mut self, reached_all: usize, items: usize, now: Time) {
        if let Some(complete) = &mut self.complete {
            complete.check(now, reached_all == items, || {
                format!("{} of {items} items did not reach everybody", items - reached_all)
            });
        }
    }

    /// The verdicts.
    pub(crate) fn findings(&self, now: Time) -> Vec<Finding> {
        let mut findings = vec![self.once.finding(), self.relayed.finding()];
        findings.extend(self.complete.as_ref().map(Always::finding));
        findings.extend(self.deceived.as_ref().map(Sometimes::finding));
        findings.extend(self.again.as_ref().map(|again| again.finding(now)));
        findings
    }

    /// Adds what another part of the same run has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.once.merge(other.once);
        self.relayed.merge(other.relayed);
        if let (Some(mine), Some(theirs)) = (&mut self.complete, other.complete) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.deceived, other.deceived) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.again, other.again) {
            mine.merge(theirs);
        }
    }
}

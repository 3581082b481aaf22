//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `in-order` | always | messages of a class arrive in the order in which they were offered, each once |
//! | `bounded` | always | no queue is longer than its capacity |
//! | `nobody-starves` | always | every class that is offered is delivered, whatever the load |
//! | `delivered` | sometimes | a message arrived |
//! | `waited` | sometimes | a message waited behind others (when more is offered than the link carries) |
//! | `refused` | sometimes | a queue was full (likewise) |

use astrarium_engine::{Always, Finding, Sometimes};
use astrarium_node::{NodeId, Time};

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    order: Always,
    bounded: Always,
    starves: Always,
    delivered: Sometimes,
    waited: Option<Sometimes>,
    refused: Option<Sometimes>,
}

impl Oracles {
    pub(crate) fn new(overload: bool) -> Self {
        Self {
            order: Always::new("in-order"),
            bounded: Always::new("bounded"),
            starves: Always::new("nobody-starves"),
            delivered: Sometimes::new("delivered"),
            waited: overload.then(|| Sometimes::new("waited")),
            refused: overload.then(|| Sometimes::new("refused")),
        }
    }

    /// A message arrived after those before it?
    pub(crate) fn delivered(&mut self, node: NodeId, number: u64, after: Option<u64>, now: Time) {
        self.delivered.saw(now);
        self.order.check(now, after.is_none_or(|after| after < number), || {
            format!("{node} gets message {number} after {after:?} of the same class")
        });
    }

    /// The queues of a sender at the moment.
    pub(crate) fn queues(&mut self, node: NodeId, waiting: [usize; 3], capacity: usize, now: Time) {
        self.bounded
            .check(now, waiting.iter().all(|w| *w <= capacity), || format!("{node} queues {waiting:?}"));
        if let (Some(waited), true) = (&mut self.waited, waiting.iter().any(|w| *w > 0)) {
            waited.saw(now);
        }
    }

    /// A message was refused.
    pub(crate) fn refused(&mut self, now: Time) {
        if let Some(refused) = &mut self.refused {
            refused.saw(now);
        }
    }

    /// At the end: by class, whether any was offered, and whether any was delivered.
    pub(crate) fn end(&mut self, offered: [bool; 3], delivered: [bool; 3], now: Time) {
        let starved = (0..3).find(|&class| offered[class] && !delivered[class]);
        self.starves.check(now, starved.is_none(), || format!("nothing of class {starved:?} was delivered"));
    }

    /// The verdicts.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![
            self.order.finding(),
            self.bounded.finding(),
            self.starves.finding(),
            self.delivered.finding(),
        ];
        findings.extend(self.waited.as_ref().map(Sometimes::finding));
        findings.extend(self.refused.as_ref().map(Sometimes::finding));
        findings
    }

    /// Adds what another part of the same run has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.order.merge(other.order);
        self.bounded.merge(other.bounded);
        self.starves.merge(other.starves);
        self.delivered.merge(other.delivered);
        if let (Some(mine), Some(theirs)) = (&mut self.waited, other.waited) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.refused, other.refused) {
            mine.merge(theirs);
        }
    }
}

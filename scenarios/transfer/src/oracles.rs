//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `unmodified` | always | what arrives was sent, by this sender to this recipient, and not later than it arrives |
//! | `once-in-order` | always | reliable transports deliver each message at most once, those of one connection in order and without a gap (network/I4); what a flow has lost with a connection that ended, was refused, or lost in a crash is no gap |
//! | `window` | always | what a sender has in flight fits its window (network/I5) |
//! | `delivered` | sometimes | a message arrived |
//! | `repaired` | sometimes | a reliable transport sent something again; judged when at least 20 losses were to be expected, so that a run without any has a probability below 3e-9 |
//! | `resumes` | after heal | with faults: messages arrive again |

use astrarium_engine::{AfterHeal, Always, Finding, Sometimes};
use astrarium_node::collections::Set;
use astrarium_node::{NodeId, Span, Time};

use crate::flows::Flows;
use crate::item::Item;
use crate::settings::Promise;

/// How soon after the last fault a message must arrive: a dead link is given up after a minute, and opened again within seconds.
const RESUMES: Span = Span::from_secs(90);

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    unmodified: Always,
    once: Option<Always>,
    window: Option<Always>,
    delivered: Sometimes,
    repaired: Option<Sometimes>,
    resumes: Option<AfterHeal>,
    /// Least number that may arrive next, by flow; unless messages may overtake one another.
    next: Vec<u32>,
    /// Then: what has arrived.
    seen: Option<Set<(u32, u32)>>,
    /// Flows of which messages may be missing.
    torn: Vec<bool>,
}

impl Oracles {
    /// For so many flows.
    pub(crate) fn new(
        flows: usize,
        promise: Promise,
        fresh: bool,
        losses_certain: bool,
        faults: bool,
    ) -> Self {
        let reliable = promise == Promise::InOrder;
        Self {
            unmodified: Always::new("unmodified"),
            once: (promise != Promise::Nothing).then(|| Always::new("once-in-order")),
            window: reliable.then(|| Always::new("window")),
            delivered: Sometimes::new("delivered"),
            repaired: (reliable && losses_certain).then(|| Sometimes::new("repaired")),
            resumes: faults.then(|| AfterHeal::new("resumes", RESUMES)),
            next: vec![0; flows],
            seen: (fresh || promise == Promise::Once).then(Set::default),
            torn: vec![false; flows],
        }
    }

    /// Messages of this flow may be missing from now on.
    pub(crate) fn tear(&mut self, flow: u32) {
        if let Some(torn) = self.torn.get_mut(flow as usize) {
            *torn = true;
        }
    }

    /// A node crashed: any message may be missing from now on.
    pub(crate) fn tear_all(&mut self) {
        self.torn.fill(true);
    }

    /// A message arrived.
    pub(crate) fn arrived(&mut self, flows: &Flows, at: NodeId, from: NodeId, item: Item, now: Time) {
        let genuine = flows.holds(item)
            && flows.sender(item.flow) == from
            && flows.recipient(item.flow) == at
            && flows.sent_at(item) <= now;
        self.unmodified.check(now, genuine, || format!("{at} got {item:?} from {from}"));
        self.delivered.saw(now);
        if let Some(resumes) = &mut self.resumes {
            resumes.reached(now);
        }
        let (Some(once), Some(next)) = (&mut self.once, self.next.get_mut(item.flow as usize)) else {
            return;
        };
        if let Some(seen) = &mut self.seen {
            let first = seen.insert((item.flow, item.number));
            return once.check(now, first, || format!("{at} got {item:?} twice"));
        }
        let torn = self.torn.get(item.flow as usize).is_some_and(|torn| *torn);
        let due = if torn { item.number >= *next } else { item.number == *next };
        once.check(now, due, || format!("{at} got {item:?} when number {next} was due"));
        *next = (*next).max(item.number.saturating_add(1));
    }

    /// A sender has so much in flight.
    pub(crate) fn in_flight(&mut self, sender: NodeId, (flight, window): (u64, u64), now: Time) {
        if let Some(oracle) = &mut self.window {
            oracle
                .check(now, flight <= window, || format!("{sender} has {flight} in flight, window {window}"));
        }
    }

    /// The last fault so far has ended.
    pub(crate) fn healed(&mut self, now: Time) {
        if let Some(resumes) = &mut self.resumes {
            resumes.healed(now);
        }
    }

    /// At the end of the run: so much was sent again.
    pub(crate) fn close(&mut self, now: Time, retransmissions: u64) {
        if let Some(repaired) = self.repaired.as_mut().filter(|_| retransmissions > 0) {
            repaired.saw(now);
        }
    }

    /// The verdicts of a run that ended now.
    pub(crate) fn findings(&self, end: Time) -> Vec<Finding> {
        let mut findings = vec![self.unmodified.finding(), self.delivered.finding()];
        findings.extend(self.once.as_ref().map(Always::finding));
        findings.extend(self.window.as_ref().map(Always::finding));
        findings.extend(self.repaired.as_ref().map(Sometimes::finding));
        findings.extend(self.resumes.as_ref().map(|r| r.finding(end)));
        findings
    }

    /// Adds what another part of the same run has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.unmodified.merge(other.unmodified);
        self.delivered.merge(other.delivered);
        if let (Some(mine), Some(theirs)) = (&mut self.once, other.once) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.window, other.window) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.repaired, other.repaired) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.resumes, other.resumes) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.seen, other.seen) {
            mine.extend(theirs);
        }
        for (mine, theirs) in self.torn.iter_mut().zip(other.torn) {
            *mine |= theirs;
        }
        for (mine, theirs) in self.next.iter_mut().zip(other.next) {
            *mine = (*mine).max(theirs);
        }
    }
}

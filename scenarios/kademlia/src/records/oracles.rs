//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `only-what-was-put` | always | where records prove themselves, a get brings the record that was put, or none |
//! | `nothing-lost` | always | in a static, honest, undisturbed network every get of a record that was put brings it |
//! | `asked-others` | sometimes | a get brought what the asker did not hold itself |
//! | `met-adversary` | sometimes | a corrupt node answered a FIND_VALUE (when there are corrupt nodes that misbehave) |
//! | `recovers` | after heal | a get that began after the last fault succeeds within ten minutes |

use astrarium_engine::{AfterHeal, Always, Finding, Sometimes};
use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_overlay::kademlia::Got;

/// Time that gets have to succeed again once faults are over.
const RECOVERY: Span = Span::from_secs(600);

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    genuine: Option<Always>,
    fixed: Option<Always>,
    asked: Sometimes,
    met: Option<Sometimes>,
    recovers: Option<AfterHeal>,
    healed: Option<Time>,
}

/// What a run's oracles depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expectations {
    /// Records prove themselves.
    pub(crate) certified: bool,
    /// Nothing is in the way of anybody.
    pub(crate) calm: bool,
    /// Corrupt nodes misbehave.
    pub(crate) attacked: bool,
    /// The plan has faults; if all end, the last one's end.
    pub(crate) faults: Option<Option<Time>>,
}

/// How a get ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With the record that was put.
    Genuine,
    /// With another value.
    Forged,
    /// With nothing.
    Nothing,
}

impl Oracles {
    pub(crate) fn new(expect: Expectations) -> Self {
        Self {
            genuine: expect.certified.then(|| Always::new("only-what-was-put")),
            fixed: expect.calm.then(|| Always::new("nothing-lost")),
            asked: Sometimes::new("asked-others"),
            met: expect.attacked.then(|| Sometimes::new("met-adversary")),
            recovers: expect.faults.map(|_| AfterHeal::new("recovers", RECOVERY)),
            healed: expect.faults.flatten(),
        }
    }

    /// A get ended; `stored` when the record had been put before it began.
    pub(crate) fn got(&mut self, node: NodeId, got: &Got, ending: Ending, stored: bool, now: Time) {
        if let Some(genuine) = &mut self.genuine {
            genuine.check(now, ending != Ending::Forged, || {
                format!("get {} of {node} brought a forgery", got.query)
            });
        }
        if let Some(fixed) = self.fixed.as_mut().filter(|_| stored) {
            fixed.check(now, ending == Ending::Genuine, || {
                format!("get {} of {node} brought nothing", got.query)
            });
        }
        if ending == Ending::Genuine && got.rpcs > 0 {
            self.asked.saw(now);
        }
        if let (Some(recovers), Some(healed), Ending::Genuine) = (&mut self.recovers, self.healed, ending)
            && now >= healed + got.took
        {
            recovers.healed(healed);
            recovers.reached(now);
        }
    }

    /// A corrupt node answered a FIND_VALUE.
    pub(crate) fn met(&mut self, now: Time) {
        if let Some(met) = &mut self.met {
            met.saw(now);
        }
    }

    /// The verdicts of a run that ended at `end`.
    pub(crate) fn findings(&mut self, end: Time) -> Vec<Finding> {
        let mut findings = vec![self.asked.finding()];
        findings.extend(self.genuine.as_ref().map(Always::finding));
        findings.extend(self.fixed.as_ref().map(Always::finding));
        findings.extend(self.met.as_ref().map(Sometimes::finding));
        if let Some(recovers) = &mut self.recovers {
            if let Some(healed) = self.healed.filter(|&healed| healed <= end) {
                recovers.healed(healed);
            }
            findings.push(recovers.finding(end));
        }
        findings
    }

    /// Adds what another part of the same run has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.asked.merge(other.asked);
        for (mine, theirs) in [(&mut self.genuine, other.genuine), (&mut self.fixed, other.fixed)] {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                mine.merge(theirs);
            }
        }
        if let (Some(mine), Some(theirs)) = (&mut self.met, other.met) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.recovers, other.recovers) {
            mine.merge(theirs);
        }
    }
}

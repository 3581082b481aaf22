//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `once` | always | a member delivers a message at most once, and nobody but members delivers (invariant I10) |
//! | `bounded-hops` | always | the grid delivers within three hops, mesh and star within one |
//! | `reached-all` | sometimes | some message reached every live member |
//! | `everybody` | always | with no loss, no dead member and no fault, every message reaches everybody (I10) |
//! | `reaches-again` | after heal | once the last fault has ended, a message made then reaches every live member within the bound |

use astrarium_engine::{AfterHeal, Always, Finding, Sometimes};
use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_overlay::group::Overlay;
use astrarium_runner::Params;

use super::world::World;

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    once: Always,
    hops: Option<(Always, u16)>,
    reached: Option<Sometimes>,
    everybody: Option<Always>,
    again: Option<AfterHeal>,
    /// Faults that have not ended, and when the last one did.
    disturbed: usize,
    healed: Option<Time>,
}

impl Oracles {
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        let outsider = params.text("workload.origin") == "outsider";
        let most = match world.config.overlay {
            // To a head or an entrance, down its column, along a row.
            Overlay::Grid { .. } => Some(3),
            Overlay::Mesh | Overlay::Star => Some(1 + u16::from(outsider)),
            _ => None,
        };
        let endless = params.faults().iter().any(|fault| !fault.has("for"));
        let faults = params.faults().len();
        let calm = faults == 0
            && params.share("workload.dead") == 0.0
            && params.text("network.loss.kind") == "none"
            && params.span("network.clock.offset").is_zero()
            && !params.has("network.buffer.up")
            && params.text("network.fidelity") == "message";
        // Whoever is spared can be reached; below that, or with few messages, a run may go without luck.
        let hopeful = calm || (faults > 0 && !endless);
        Self {
            once: Always::new("once"),
            hops: most.map(|most| (Always::new("bounded-hops"), most)),
            reached: hopeful.then(|| Sometimes::new("reached-all")),
            everybody: calm.then(|| Always::new("everybody")),
            again: (faults > 0 && !endless).then(|| {
                AfterHeal::new("reaches-again", params.span("workload.spacing") * 4 + Span::from_secs(10))
            }),
            disturbed: faults,
            healed: None,
        }
    }

    /// Somebody delivered a message; `before`: not for the first time; `member`: whether it may.
    pub(crate) fn delivered(
        &mut self,
        now: Time,
        node: NodeId,
        number: u32,
        before: bool,
        member: bool,
        hops: u16,
    ) {
        self.once.check(now, !before && member, || {
            let why = if member { "again" } else { "and is no member" };
            format!("{node} delivered message {number} {why}")
        });
        if let Some((oracle, most)) = &mut self.hops {
            oracle.check(now, hops <= *most, || format!("{node} was reached after {hops} hops"));
        }
    }

    /// All live members have a message that was made then.
    pub(crate) fn complete(&mut self, now: Time, made: Time) {
        if let Some(reached) = &mut self.reached {
            reached.saw(now);
        }
        if self.healed.is_some_and(|healed| made >= healed)
            && let Some(again) = &mut self.again
        {
            again.reached(now);
        }
    }

    /// A fault of the scenario has ended.
    pub(crate) fn fault_ended(&mut self, now: Time) {
        self.disturbed = self.disturbed.saturating_sub(1);
        if self.disturbed == 0 {
            self.healed = Some(now);
            if let Some(again) = &mut self.again {
                again.healed(now);
            }
        }
    }

    /// The run is over: so many live members delivered a message of so many.
    pub(crate) fn over(&mut self, now: Time, number: usize, reached: usize, live: usize) {
        if let Some(oracle) = &mut self.everybody {
            oracle.check(now, reached == live, || format!("message {number} reached {reached} of {live}"));
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.once.merge(other.once);
        if let (Some((mine, _)), Some((theirs, _))) = (&mut self.hops, other.hops) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.reached, other.reached) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.everybody, other.everybody) {
            mine.merge(theirs);
        }
        if let (Some(mine), Some(theirs)) = (&mut self.again, other.again) {
            mine.merge(theirs);
        }
    }

    pub(crate) fn findings(&self, now: Time) -> Vec<Finding> {
        let mut findings = vec![self.once.finding()];
        findings.extend(self.hops.iter().map(|(oracle, _)| oracle.finding()));
        findings.extend(self.reached.iter().map(Sometimes::finding));
        findings.extend(self.everybody.iter().map(Always::finding));
        findings.extend(self.again.iter().map(|again| again.finding(now)));
        findings
    }
}

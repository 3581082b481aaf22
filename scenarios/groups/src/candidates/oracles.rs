//! What must hold in every run.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `least` | always | what is chosen is the least ticket of those that came in time |
//! | `once` | always | a round is decided at most once |
//! | `all-delivered` | always | nobody gives up where nothing is lost, dropped or disturbed |
//! | `dropped` | sometimes | with an attack: hostile relays did drop candidates |
//! | `late` | sometimes | with a window shorter than the way of some: a candidate came too late |
//! | `chooses-again` | after heal | once the last fault has ended, a round that begins then is decided within an interval and a window |

use astrarium_engine::{AfterHeal, Always, Finding, Sometimes};
use astrarium_node::Time;
use astrarium_runner::Params;

use super::world::World;

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    least: Always,
    once: Always,
    delivered: Option<Always>,
    dropped: Option<Sometimes>,
    late: Option<Sometimes>,
    again: Option<AfterHeal>,
    /// Faults that have not ended, and when the last one did.
    disturbed: usize,
    healed: Option<Time>,
}

impl Oracles {
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        let faults = params.faults().len();
        let endless = params.faults().iter().any(|fault| !fault.has("for"));
        let attack = !world.coalition.is_empty();
        let calm = faults == 0
            && !attack
            && params.text("network.loss.kind") == "none"
            && params.text("network.bandwidth.kind") == "unlimited"
            && params.text("network.latency.kind") == "constant";
        // Where ways differ a lot and the window is a tenth of a second, somebody is late.
        let short = !calm
            && params.text("network.latency.kind") != "constant"
            && params.span("protocol.window").as_millis_f64() <= 100.0;
        Self {
            least: Always::new("least"),
            once: Always::new("once"),
            delivered: calm.then(|| Always::new("all-delivered")),
            dropped: attack.then(|| Sometimes::new("dropped")),
            late: short.then(|| Sometimes::new("late")),
            again: (faults > 0 && !endless)
                .then(|| AfterHeal::new("chooses-again", world.interval * 2 + world.config.window)),
            disturbed: faults,
            healed: None,
        }
    }

    /// A collector chose; `before`: not for the first time; `least`: the best it could.
    pub(crate) fn chosen(&mut self, now: Time, round: u64, begins: Time, before: bool, least: bool) {
        self.least.check(now, least, || format!("round {round} was given to another than the least ticket"));
        self.once.check(now, !before, || format!("round {round} was decided twice"));
        if let Some(oracle) = &mut self.delivered {
            oracle.check(now, true, String::new);
        }
        if self.healed.is_some_and(|healed| begins >= healed)
            && let Some(again) = &mut self.again
        {
            again.reached(now);
        }
    }

    pub(crate) fn gave_up(&mut self, now: Time) {
        if let Some(oracle) = &mut self.delivered {
            oracle.check(now, false, || "a client gave up in a network that loses nothing".to_owned());
        }
    }

    pub(crate) fn saw_drop(&mut self, now: Time) {
        if let Some(oracle) = &mut self.dropped {
            oracle.saw(now);
        }
    }

    pub(crate) fn saw_late(&mut self, now: Time) {
        if let Some(oracle) = &mut self.late {
            oracle.saw(now);
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

    pub(crate) fn merge(&mut self, other: Self) {
        self.least.merge(other.least);
        self.once.merge(other.once);
        if let (Some(mine), Some(theirs)) = (&mut self.delivered, other.delivered) {
            mine.merge(theirs);
        }
        for (mine, theirs) in [(&mut self.dropped, other.dropped), (&mut self.late, other.late)] {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                mine.merge(theirs);
            }
        }
        if let (Some(mine), Some(theirs)) = (&mut self.again, other.again) {
            mine.merge(theirs);
        }
    }

    pub(crate) fn findings(&self, now: Time) -> Vec<Finding> {
        let mut findings = vec![self.least.finding(), self.once.finding()];
        findings.extend(self.delivered.iter().map(Always::finding));
        findings.extend([&self.dropped, &self.late].into_iter().flatten().map(Sometimes::finding));
        findings.extend(self.again.iter().map(|again| again.finding(now)));
        findings
    }
}

//! Faults are data with ids: they can be shrunk, and they compose with adversaries (design §6).

use std::sync::Arc;

use astrarium_net::Disturbance;
use astrarium_node::{NodeId, Time};

/// One fault of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Name in the scenario; unique.
    pub id: String,
    /// When it begins.
    pub at: Time,
    /// When it ends, for faults that end.
    pub until: Option<Time>,
    /// What happens.
    pub action: FaultAction,
}

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultAction {
    /// Nodes crash; with `until` they come up again then.
    Crash {
        /// Which nodes.
        nodes: Arc<[NodeId]>,
        /// Whether they find their disk when they come up again (`on_restart`), or start from nothing (`on_start`).
        keep_state: bool,
    },
    /// The network is disturbed until the fault ends.
    Disturb(Disturbance),
    /// Local clocks jump. Timers already set keep their (monotonic) deadlines.
    ClockStep {
        /// Which nodes.
        nodes: Arc<[NodeId]>,
        /// By so many nanoseconds, either way.
        by_ns: i64,
    },
}

/// When the last fault of a plan ends, if all of them end: from then on liveness may be demanded.
#[must_use]
pub fn last_end(plan: &[Fault]) -> Option<Time> {
    plan.iter()
        .map(|fault| match fault.action {
            FaultAction::ClockStep { .. } => Some(fault.at),
            _ => fault.until,
        })
        .collect::<Option<Vec<Time>>>()?
        .into_iter()
        .max()
}

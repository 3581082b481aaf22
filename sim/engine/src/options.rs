//! How a run is executed, as opposed to what is simulated: nothing here may change a digest except `order_seed`.

use std::ops::Range;

/// Which pending-event set drives a run. All give the same digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QueueKind {
    /// Chosen from the number of nodes by measurement (see `queue`).
    #[default]
    Auto,
    /// Ordered map: slow, obviously right; the reference of the property tests.
    Reference,
    /// Binary heap: best below about a thousand pending events.
    Heap,
    /// Bucketed ring with overflow heap: best above.
    Ring,
}

impl QueueKind {
    /// Every concrete kind, for tests and for `verify`.
    pub const CONCRETE: [Self; 3] = [Self::Reference, Self::Heap, Self::Ring];

    /// Stable lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Reference => "reference",
            Self::Heap => "heap",
            Self::Ring => "ring",
        }
    }
}

/// How to execute one run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunOptions {
    /// The pending-event set.
    pub queue: QueueKind,
    /// Explores other orders of simultaneous events; 0 is the default order.
    pub order_seed: u64,
    /// When set, the simulation is cloned after this many events and the clone carries on (snapshot/restore in
    /// the middle); the digest must not change.
    pub snapshot_at: Option<u64>,
    /// Record a digest checkpoint every this many events (0 = none).
    pub checkpoint_every: u64,
    /// Record the events with these indices (0 = first processed event) in full.
    pub record: Range<u64>,
}

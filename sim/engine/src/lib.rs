//! The discrete-event engine: event queue, kernel, CPU queues, faults, adversary, observers, digest, snapshots.

mod digest;
mod options;
mod verdict;

pub use digest::{Checkpoint, Digest, Divergence, EventRecord, common_prefix, first_difference};
pub use options::{QueueKind, RunOptions};
pub use verdict::{Finding, Promise, Verdict};

//! The discrete-event engine (design §3, §6): a total order of events, a pending-event set, nodes with processor queues, one
//! coalition of corrupt nodes, faults as data, observers and oracles, digests, snapshots.
//!
//! The way of an event: [`queue`] → `step` (`dispatch.rs`) → the network's word on arrival → processor queue → honest handler or
//! [`Adversary`] → effects → the network's word on departure → [`queue`].
//!
//! *Architecture invariant:* nothing here depends on what the nodes are; nothing in a protocol depends on this crate.

mod adversary;
mod builder;
mod cpu;
mod digest;
mod dispatch;
mod fault;
mod flight;
mod input;
mod key;
mod node;
mod observer;
mod options;
mod oracle;
mod pending;
pub mod queue;
mod recorder;
mod simulation;
mod timers;
mod verdict;
mod workload;

pub use adversary::{Adversary, Hands, Honest};
pub use builder::{Builder, Factory};
pub use cpu::{CpuModel, Processor};
pub use digest::{Checkpoint, Digest, Divergence, EventRecord, common_prefix, first_difference};
pub use fault::{Fault, FaultAction, last_end};
pub use input::Input;
pub use key::Key;
pub use observer::{Observer, Sight};
pub use options::{QueueKind, RunOptions};
pub use oracle::{AfterHeal, Always, Sometimes};
pub use simulation::{Drops, Pause, Simulation};
pub use verdict::{Finding, Promise, Verdict};
pub use workload::{Arrival, Workload};

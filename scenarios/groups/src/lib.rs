//! Delivery inside groups, and floods of traffic against them.
//!
//! System `group-multicast` measures what the overlays of a group cost and reach: messages, hops, coverage under dead members and loss,
//! delay, load of the origin; messages from outside; clocks that disagree; pulses and false suspicions. System `dos` lets committees
//! work in rounds while a coalition floods the members that it can find out in time.
//!
//! System `candidates` lets clients send candidates over relays that may drop them to a committee that waits for late ones.
//!
//! All systems have the same rooms:
//!
//! | question | file |
//! |---|---|
//! | what a scenario can set and what a run measures | `spec.rs` |
//! | one run, from parameters to outcome | `experiment.rs` |
//! | who takes part | `world.rs` |
//! | the load | `workload.rs` |
//! | what is measured | `metrics.rs` |
//! | what must hold | `oracles.rs` |
//! | strategies (not of `group-multicast`) | `attacks/` |
//!
//! *Architecture invariant:* what a message reached, and when, is read off what honest members deliver.

mod candidates;
mod dos;
mod multicast;
mod sample;

pub use candidates::Candidates;
pub use dos::Dos;
pub use multicast::Multicast;

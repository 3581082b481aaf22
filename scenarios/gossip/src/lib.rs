//! Dissemination to all, and the anonymity of its sources.
//!
//! System `gossip`: items are published at random nodes and spread by flood, inventory, epidemic, mesh, transaction sync, or as
//! digests with bodies from a few holders. Measured: how long it takes, how often each node gets the same item, what it costs.
//! System `dandelion`: transactions start on a stem (or spread by plain diffusion), and a coalition of spies guesses their sources.
//!
//! | question | file |
//! |---|---|
//! | what a scenario can set and what a run measures | `gossip/spec.rs`, `dandelion/spec.rs` |
//! | one run, from parameters to outcome | `gossip/experiment.rs`, `dandelion/experiment.rs` |
//! | who takes part | `gossip/world.rs`, `dandelion/world.rs` |
//! | what is published when | `gossip/workload.rs`, `dandelion/workload.rs` |
//! | what is measured | `gossip/metrics.rs` with `gossip/waves.rs`, `dandelion/metrics.rs` |
//! | what must hold | `gossip/oracles.rs`, `dandelion/oracles.rs` |
//! | strategies of the adversary | `attacks/` |
//!
//! *Architecture invariant:* who is deceived, late or unmasked is read off what honest nodes did and what the coalition's own nodes
//! received, never out of the state of honest nodes it does not control.

mod attacks;
mod blocks;
mod dandelion;
mod gossip;
mod priorities;

pub use blocks::BlockSystem;
pub use dandelion::Dandelion;
pub use gossip::Gossip;
pub use priorities::PrioritySystem;

//! System `records`: put and get in a Kademlia network, static, under churn, and among hostile holders.
//!
//! | question | file |
//! |---|---|
//! | what a scenario can set and what a run measures | `spec.rs` |
//! | one run, from parameters to outcome | `experiment.rs` |
//! | puts and gets | `workload.rs` |
//! | what corrupt holders do | `hostile.rs` |
//! | what is measured, and what must hold | `metrics.rs`, `oracles.rs` |
//!
//! Nodes, tables and network are those of system `kademlia` (`../world.rs`).

mod experiment;
mod hostile;
mod metrics;
mod oracles;
mod spec;
mod workload;

pub use experiment::RecordSystem;

//! Experiments on Nakamoto consensus: propagation, stale blocks, partitions, churn, and what attackers win.
//!
//! | question | file |
//! |---|---|
//! | what a scenario can set and what a run measures | `spec.rs` |
//! | one run, from parameters to outcome | `experiment.rs` |
//! | who takes part: nodes, hash shares, network, coalition | `world.rs` |
//! | load | `workload.rs` |
//! | what is measured | `metrics.rs`; how a height spreads `waves.rs`; which blocks exist `blocks.rs` |
//! | what must hold | `oracles.rs` |
//! | strategies of an adversary | `attacks/` |
//!
//! *Architecture invariant:* experiments look at nodes through observers and never touch them; success of an attack is read
//! off honest nodes.

mod attacks;
mod blocks;
mod experiment;
mod metrics;
mod oracles;
mod spec;
mod waves;
mod workload;
mod world;

pub use experiment::Nakamoto;

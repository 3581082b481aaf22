//! System `priorities`: pairs of nodes, each with more to send than its link carries, and what the send queues make of it.

mod experiment;
mod metrics;
mod note;
mod oracles;
mod spec;
mod workload;
mod world;

pub use experiment::PrioritySystem;

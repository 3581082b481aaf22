//! System `group-multicast`: one group in a larger network, and messages to all of it.

mod experiment;
mod metrics;
mod oracles;
mod spec;
mod workload;
mod world;

pub use experiment::Multicast;

//! System `circuit`.

mod experiment;
mod metrics;
mod oracles;
mod spec;
mod workload;
mod world;

pub(crate) use world::Node;

pub use experiment::CircuitSystem;

//! System `gossip`.

mod experiment;
mod metrics;
mod oracles;
mod spec;
mod translate;
mod waves;
mod workload;
mod world;

pub(crate) use waves::Wave;
pub(crate) use world::Node;

pub use experiment::Gossip;

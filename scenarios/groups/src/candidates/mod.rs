//! System `candidates`: clients send candidates to a committee over relays, some of which drop them, and the committee waits for late ones.

mod attacks;
mod experiment;
mod metrics;
mod oracles;
mod spec;
mod workload;
mod world;

pub use experiment::Candidates;

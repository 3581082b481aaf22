//! System `block-sync`: nodes that lag behind fetch blocks from their neighbours; some neighbours claim what they do not have.

mod experiment;
mod metrics;
mod oracles;
mod spec;
mod workload;
mod world;

pub(crate) use world::{Node, World};

pub use experiment::BlockSystem;

//! System `secure`.

mod carrier;
mod experiment;
mod metrics;
mod oracles;
mod path;
mod spec;
mod workload;
mod world;

pub(crate) use carrier::Carrier;
pub(crate) use path::Packet;
pub(crate) use world::{Node, Rec, SERVER, World};

pub use experiment::Channel;

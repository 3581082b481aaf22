//! Closed forms: what theory says a metric should be at a point of a sweep.
//!
//! One file per family, each with its formula and source. The [`registry`] gives them the names that scenario files use in
//! `theory = "…"`.

pub mod candidates;
mod candidates_named;
pub mod circuit;
pub mod dandelion;
pub mod fec;
pub mod gossip;
mod gossip_named;
pub mod graphs;
pub mod groups;
mod groups_named;
mod inputs;
pub mod kademlia;
mod kademlia_named;
pub mod nat;
mod nat_named;
pub mod queueing;
pub mod race;
mod registry;
pub mod secure;
pub mod selfish;
pub mod stale;
pub mod tails;
pub mod tcp;
pub mod victims;

pub use inputs::Inputs;
pub use registry::{Reference, Theory, find, names, registry};

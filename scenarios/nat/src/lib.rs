//! Classification of middleboxes and the success of traversal: who can reach whom, by which way of punching, how fast.
//!
//! Hosts behind the devices of a population log in at a rendezvous, find out what they stand behind, and try to reach random
//! others with one small message. An attempt has succeeded when the answer is back: what counts is a path that carries messages
//! both ways, not what the machines believe.
//!
//! The whitepaper (004 §3.4.1, Table 3.1) sets 30 % of others against its own 96 %. The scenarios beside this crate take both apart:
//! `nat.toml` runs every way of punching on both populations, `nat-order.toml` and `nat-timing.toml` how much the order of the first
//! packets matters, `nat-classification.toml` and `nat-matrix.toml` what follows from the devices alone, `nat-birthday.toml` what
//! guessing adds, `nat-policy.toml` and `nat-recording.toml` what comes of attempts by the classes of RFC 3489, `nat-ttl.toml` where
//! the search for the time to live ends, `nat-mapped.toml` explicit port mappings, `nat-relay.toml` what relays cost, `nat-reach.toml`
//! what all that does for a network in which some hosts are public, `nat-poison.toml`, `nat-outage.toml` and `nat-relay-hog.toml`
//! the attacks.
//!
//! | question | file |
//! |---|---|
//! | what a scenario can set and what a run measures | `spec.rs` |
//! | one run, from parameters to outcome | `experiment.rs` |
//! | who takes part: hosts, rendezvous, relays, network | `world.rs` |
//! | the program on top of each host | `caller.rs` |
//! | who calls whom | `workload.rs` |
//! | attacks | `attacks/` |
//! | what is measured | `metrics.rs`, `paths.rs`, `classes.rs`, `poisoned.rs` |
//! | what must hold | `oracles.rs` |
//!
//! *Architecture invariant:* success is read off the messages that arrived; which device a host has is known to the metrics and never
//! to the host.

mod attacks;
mod caller;
mod classes;
mod experiment;
mod metrics;
mod oracles;
mod paths;
mod poisoned;
mod spec;
mod workload;
mod world;

pub use caller::{Call, Caller, Hello, Outcome};
pub use experiment::{Nat, experiment};

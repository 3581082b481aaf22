//! Lookups in a distributed hash table, static, under churn and under attack; and how nodes join.
//!
//! * `kademlia.toml`: rounds, hops and requests of lookups in static tables, for n from 100 to 100,000 and k = 1, 8, 20.
//! * `kademlia-zv.toml`: the same for ZV Chain's profile, and the defect of its FINDNODE (network/C32, G4).
//! * `kademlia-churn.toml`: success, latency and stale contacts against the mean session.
//! * `kademlia-timeout.toml`: the shipped time limit of an answer against the delays between regions.
//! * `kademlia-partition.toml`: the network falls apart and heals.
//! * `records*.toml`: put and get, static, under churn, after a loss of nodes, and among hostile holders (network/C32).
//! * `kademlia-routing.toml`, `kademlia-eclipse.toml`, `kademlia-grind.toml`: attacks, each with its honest baseline.
//!
//! *Static tables* are those that a long-running network has: every bucket holds k random members of its range, or all when they are
//! fewer. A lookup for a node then succeeds always, and its cost is a matter of n and k alone. *Rounds* are the sequential questions until
//! the target was heard of; *hops* are one more, the question to the target itself.
//!
//! | question | file |
//! |---|---|
//! | what a scenario can set and what a run measures | `spec.rs` |
//! | one run, from parameters to outcome | `experiment.rs` |
//! | identities, hosts, coalition, nodes | `world.rs`, `grind.rs` |
//! | who is nearest, and static tables | `ring.rs` |
//! | lookups | `workload.rs` |
//! | what corrupt nodes do | `attacks/` |
//! | what a routing attack has to beat | `routing.rs` |
//! | what is measured | `metrics.rs` |
//! | what must hold | `oracles.rs` |
//! | system `bootstrap` | `joining/` |
//! | system `records` | `records/` |
//!
//! *Architecture invariant:* success is read off results and honest tables, never out of the coalition's books.

mod attacks;
mod experiment;
mod grind;
mod joining;
mod metrics;
mod oracles;
mod records;
mod ring;
mod routing;
mod spec;
mod workload;
mod world;

pub use experiment::KademliaSystem;
pub use joining::BootstrapSystem;
pub use records::RecordSystem;

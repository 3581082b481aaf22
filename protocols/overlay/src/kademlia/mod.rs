//! Kademlia: a distributed hash table (Maymounkov & Mazières 2002).
//!
//! [`Kademlia`] is a layer on the boundary of the transports: below it may be bare datagrams or any session. Two profiles of one
//! machine: `zv` as ZV Chain ships it (17 buckets of 16, the nearest ones merged; contacts are never evicted) and `std` as
//! libp2p and the paper have it (256 buckets of 20; two failures evict and promote a replacement).
//!
//! | network specification | file |
//! |---|---|
//! | §3 identities, XOR metric, KadContact | `id.rs`, `table.rs` |
//! | §4 `kad_*`, `neighbours_*`, `per_ip_limit` | `config.rs` |
//! | §5 PING, PONG, FINDNODE, NEIGHBORS | `message.rs` |
//! | §6.11 `lookup` as a pure state machine | `search.rs` |
//! | §6.11 `disjoint(d)`: S/Kademlia (Baumgart & Mies 2007) | `disjoint.rs` |
//! | §6.11 exchanges with time limits | `rpc.rs` |
//! | §6.11 neighbours within [min, max] | `neighbours.rs` |
//! | §6.11 the node: joining, refresh, checks | `service.rs`, `node.rs`, `upkeep.rs` |
//! | put and get: records, their holders, republishing (C32; the paper's §2.3, §2.5) | `record.rs`, `storage.rs`, `values.rs` |
//!
//! *What a node knows.* A real contact is an identity of 32 bytes with an endpoint. Here contacts are node numbers, and identities are
//! read from a [`Directory`] that all nodes of a run share: an encoding of the same knowledge in an eighth of the memory. The rule
//! that keeps it honest: a node reads only the identities of contacts that it holds or was just sent. That an identity belongs
//! to its node needs no check: it is the hash of a key, and the owner signs (PING).

mod config;
mod disjoint;
mod id;
mod message;
mod neighbours;
mod node;
mod record;
mod rpc;
mod search;
mod service;
mod storage;
mod table;
mod upkeep;
mod values;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod values_tests;

pub use config::{Config, ConfigError, FindNodeKey};
pub use disjoint::Disjoint;
pub use id::{Directory, Distance, Id};
pub use message::Message;
pub use neighbours::Neighbours;
pub use node::{Dropped, Kademlia, Timer};
pub use record::Record;
pub use search::{Candidate, Limits, Search};
pub use service::{Event, Found, Got, Request, Target};
pub use table::{Contact, Heard, Table};

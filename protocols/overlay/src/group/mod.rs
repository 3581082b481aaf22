//! Delivery inside a group: row–column grid, two-layer Kademlia, mesh, star, tree (network specification §6.12, §6.16).
//!
//! A group is a list of members that everybody in it knows ([`Roster`]). A member casts a message to all others along one of
//! five overlays; outsiders enter a message through a few entrance members; members send contributions back up to the origin of a
//! cast, merged on the way. Every member delivers a message once, and does each of its duties in spreading it once.
//!
//! | overlay | who sends to whom | source |
//! |---|---|---|
//! | grid | members in rows of s = max(4, ⌈√n⌉): the origin to its column and its row, ⌈s/2⌉ − 1 members of its row to their columns and the row, members of those columns to their rows | ZV Chain, `group.go` |
//! | kad2 | a broadcast over the buckets of a Kademlia table of the members, r contacts per bucket | ZV Chain whitepaper §3.4.2, read literally |
//! | mesh, star | the origin to all | Cypherium Fig. 3A |
//! | flood | everybody to its neighbours: the baseline without groups | network specification §6.13 |
//! | tree | node i to f·i + 1 … f·i + f, counted from the origin | Cypherium Fig. 3B |
//!
//! | question | file |
//! |---|---|
//! | parameters | `config.rs` |
//! | messages, their sizes and encoding | `message.rs`, `codec.rs` |
//! | who is in a group, and where | `roster.rs` |
//! | who sends to whom (pure) | `grid.rs`, `kad2.rs`, `tree.rs` |
//! | what was seen before | `seen.rs` |
//! | contributions on their way up | `reduce.rs` |
//! | the layer | `layer.rs`, `spread.rs`, `upward.rs` |
//! | rounds of a committee, on top | `committee.rs` |
//!
//! *Architecture invariant:* the layer stands on the boundary of the transports and repairs nothing that they lose: over bare
//! datagrams a lost message is lost, and only the overlay's redundancy covers it.

mod codec;
pub mod committee;
mod config;
mod grid;
mod kad2;
mod layer;
mod message;
mod reduce;
mod roster;
mod seen;
mod spread;
mod tree;
mod upward;

pub use config::{Config, ConfigError, Overlay};
pub use grid::Grid;
pub use kad2::{Table, key};
pub use layer::{Counters, Event, Group, Request, Timer};
pub use message::{Body, Data, GroupId, Kind, Message, MessageId};
pub use roster::Roster;
pub use tree::Tree;

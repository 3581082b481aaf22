//! Dissemination to all: flood, inventory, epidemics, mesh, transaction sync, bodies from holders.
//!
//! One layer, [`Gossip`], over the boundary of the transports. What is the same in every mode – who the neighbours are, what has
//! been seen, delivering once – is in one place; a mode only decides whom to tell what, and when. (Rejected: one layer type for
//! each mode. They would share the store and the messages anyway, and whoever stands above would be generic over all of them.)
//!
//! | what | file | source |
//! |---|---|---|
//! | parameters | `config.rs` | network specification §4 |
//! | messages and their sizes | `message.rs` | §5 |
//! | items, and those seen | `item.rs`, `store.rs` | §3 SeenCache |
//! | neighbours, and choosing among them | `peers.rs` | N39, N45 |
//! | flood with a fan-out | `flood.rs` | §6.13 |
//! | INV, GETDATA, BODY; push; compact | `inventory.rs` | §6.13; Bitcoin; SimBlock |
//! | push, pull, push–pull rounds | `epidemic.rs` | §6.13; Demers et al. 1987 |
//! | mesh with lazy gossip | `mesh.rs`, `mesh_links.rs` | §6.14; GossipSub 1.1, 1.2 |
//! | announce and request transactions | `sync.rs` | §6.13; ZV Chain `tx_sync.go` |
//! | hash to all, body from holders | `holders.rs` | N46 |
//!
//! *Architecture invariant:* an item is delivered upwards at most once while it is remembered, whatever peers send.

mod config;
mod core;
mod epidemic;
mod flood;
mod holders;
mod inventory;
mod item;
mod layer;
mod mesh;
mod mesh_links;
mod message;
mod peers;
mod stats;
mod store;
mod sync;

pub use config::{
    Config, ConfigError, EpidemicConfig, Exchange, Fanout, HoldersConfig, InventoryConfig, Life, MeshConfig,
    Mode, Relay, SyncConfig,
};
pub use item::{Blob, Item, ItemId};
pub use layer::{Event, Gossip, Request, Timer};
pub use message::{Ids, Message};
pub use peers::Peers;
pub use stats::Stats;

#[cfg(test)]
mod tests;

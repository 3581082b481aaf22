//! Block synchronisation: whoever lags behind learns of heavier chains from its neighbours and fetches them by ranges.
//!
//! Every node tells its neighbours its top (TOP: digest, height, weight) at an even pace. At another even pace it asks the neighbour with
//! the heaviest claim for the next blocks (BLOCK_REQ, BLOCK_RESP); who does not answer in time is passed over for the next heaviest.
//!
//! | what | file | source |
//! |---|---|---|
//! | parameters | `config.rs` | network specification §4; ZV Chain `block_sync.go`, `peer_manager.go` |
//! | blocks, and blank ones for studies | `block.rs` | |
//! | the own chain | `chain.rs` | |
//! | messages and their sizes | `message.rs` | network specification §5 |
//! | neighbours' claims, and how they keep them | `candidates.rs` | `peer_manager.go` |
//! | fetching: ranges, forks, adoption | `fetch.rs` | `block_sync.go` |
//! | the layer | `layer.rs` | N23, §6.13 |
//!
//! *A claim is free.* A weight in TOP is not proved by anything; only blocks are. So a neighbour that claims much and delivers nothing costs
//! one `timeout` each time it is asked; [`Config::patience`] bounds how often that is. *Forks* are resolved by going back in growing steps
//! until the blocks link to the own chain; the other branch is kept aside, bounded, until it is the heavier one.
//!
//! *Architecture invariant:* the own chain is always linked from genesis to top, and its weight never falls.

mod block;
mod candidates;
mod chain;
mod config;
mod fetch;
mod layer;
mod message;

pub use block::{BlankBlock, Block};
pub use chain::Chain;
pub use config::{Config, ConfigError};
pub use layer::{BlockSync, Event, Request, Stats, Timer};
pub use message::{Message, Top};

#[cfg(test)]
mod tests;

//! Dandelion: a transaction walks along a stem before it is made public, so that whoever hears it first is seldom its source
//! (Venkatakrishnan, Fanti, Viswanath 2017; Fanti et al. 2018, "Dandelion++"; BIP 156; network specification §6.15).
//!
//! | what | file |
//! |---|---|
//! | parameters | `config.rs` |
//! | messages and their sizes | `message.rs` |
//! | who gets whose stem transactions in this epoch | `routes.rs` |
//! | the layer, with gossip inside for the fluff | `layer.rs` |
//!
//! *Architecture invariant:* a transaction that entered the stem here is public in the end, or this node is down: the embargo sees to
//! it (I11). Nothing is told upwards about a stem transaction of somebody else before it is public.

mod config;
mod layer;
mod message;
mod routes;

pub use config::{Config, ConfigError, Routing};
pub use layer::{Dandelion, Event, Fluffed, Stats, Timer};
pub use message::Message;

#[cfg(test)]
mod tests;

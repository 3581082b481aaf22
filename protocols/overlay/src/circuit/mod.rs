//! Circuits: messages that travel through a few relays, each of which knows only its neighbours (network specification N31; onion
//! routing after Goldschlag, Reed, Syverson 1996 and Tor; one-pass tunnel building as in I2P).
//!
//! ```text
//! source ── Build(onion) ──▶ r1 ── Build ──▶ r2 ── Build ──▶ r3       each opens one layer: its keys, and who comes next
//! source ◀──────────────── Built, one more layer at each relay ── r3
//! source ── Data, three layers ──▶ r1 ── two ──▶ r2 ── one ──▶ r3 ── the message, plain ──▶ destination
//! ```
//!
//! All cells are 512 bytes, whatever is in them; what a layer adds is taken from the room for the message. A source has one circuit at
//! a time, for all its messages, until it asks for a fresh one or the circuit is too old. With guards the first relay is always one of
//! a few that the source chose once.
//!
//! | what | file |
//! |---|---|
//! | parameters and counts | `config.rs` |
//! | cells, with their sizes | `message.rs` |
//! | layers of encryption, symbolic | `onion.rs` |
//! | the layer | `layer.rs` |
//! | the source's side | `source.rs` |
//! | the relay's side, and what it remembers | `relay.rs`, `table.rs` |
//!
//! Rejected: telescoping (Tor's EXTEND): a round trip per relay, and nothing that the experiments here ask about depends on it. Not
//! modelled: answers on the way back, flow control, streams within a circuit; the network between relays is the transport's business.
//!
//! *Architecture invariant:* a relay acts on nothing but the layer that its own key opens, and keeps nothing of the rest.

mod config;
mod layer;
mod message;
mod onion;
mod relay;
mod source;
mod table;

pub use config::{Config, Stats};
pub use layer::{Circuits, Event, Request, Timer};
pub use message::{Body, CELL, Cell, MAX_HOPS, Message, capacity};
pub use onion::{HopKeys, Layer as OnionLayer, Onion, Parcel, RelayKey, Wrapped};

#[cfg(test)]
mod tests;

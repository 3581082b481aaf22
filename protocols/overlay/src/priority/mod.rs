//! Send queues by priority, between any protocol and its transport (network specification N33; ZV Chain's `send_list.go`).
//!
//! For each peer there are three queues of messages, one a class. Messages leave in rounds of ten, at most 5 high, 3 medium and 2 low, so
//! that no class starves; a class that has nothing to send leaves its places to the others. Where a queue is full the newest
//! message is refused, and whoever sent it is told. At most ten messages of a peer are on their way at a time: what waits further down can
//! no longer be overtaken.
//!
//! | what | file |
//! |---|---|
//! | parameters | `config.rs` |
//! | the queues of one peer, and whose turn it is | `lane.rs` |
//! | the layer | `layer.rs` |
//!
//! *When is a message on its way no longer?* The shipped code is told by its library that the send window of the session has drained. The
//! boundary of the transports has no such report, so the layer keeps a pace: a message is taken to be gone when its bytes have had the
//! time they need at `rate`. (Rejected: acknowledgements of its own, which would cost messages that the original does not send.)
//!
//! *Architecture invariant:* a message is handed down, refused, or waits; never two of these, and messages of one class to one peer
//! leave in the order in which they came.

mod config;
mod lane;
mod layer;

pub use config::{Config, ConfigError};
pub use layer::{Counts, Priority, Timer};

#[cfg(test)]
mod tests;

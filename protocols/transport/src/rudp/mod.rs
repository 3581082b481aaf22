//! Reliable UDP: one machine for the whole KCP family and its comparators (network specification §6.7, N25, N35, N38, N43).
//!
//! - [`Config`]: every parameter, and the named [`Profile`]s;
//! - [`Packet`]: the datagrams, with acknowledgements, window probes and segments that *refer* to messages;
//! - `outbox.rs`: messages that wait, by class, and how they are cut into segments;
//! - `flight.rs`: segments sent and not yet acknowledged – retransmission rules;
//! - `inbox.rs`: segments received – order, duplicates, acknowledgements owed;
//! - `session.rs`: one session, the flush; `opening.rs`: how sessions begin, end and are told apart; `layer.rs`: the layer;
//! - `slices.rs`: the one comparator that is no such machine.
//!
//! Where a KCP profile is chosen the machine behaves as the KCP library does, tick for tick: a millisecond clock, flushes on
//! multiples of `interval`, acknowledgements and segments packed in the library's order. Two things differ from a program built on the
//! library and are said here once. Ticks lie on multiples of `interval` of the node's clock, as if one loop of the
//! process served all sessions. And messages are cut into segments when the window has room, not when they are handed over, so that
//! an urgent message can still overtake; the segments are the same.
//!
//! *Architecture invariant:* the sender's and the receiver's queues are bounded by the windows and by the limits of [`Config`]; a
//! datagram that does not fit the session is dropped and counted by cause, whatever it says.

mod config;
mod congestion;
mod counters;
mod flight;
mod inbox;
mod layer;
mod opening;
mod outbox;
mod packet;
mod probe;
mod rto;
mod session;
mod slices;
mod writer;

pub use config::{Config, Profile, TickMode};
pub use counters::Counters;
pub use layer::{Rudp, Status, Timer};
pub use packet::{AckRun, Content, Format, Marks, Packet, Push};

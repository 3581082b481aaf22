//! One or many messages between nodes over a chosen transport and path; transports beside each other.
//!
//! A *flow* is a sender, a recipient and a number of equal messages, one every `spacing`. Two nodes are one flow. The transports are
//! those of `astrarium-protocol-transport`, on the modelled network packet by packet – or, at `fidelity = "message"`, the closed
//! form of the same transport with one event per message. A scenario may name a baseline: the same flows are then run once more
//! over that, with the same seed, and the ratio of the latencies is a metric of the run.
//!
//! | question | file |
//! |---|---|
//! | what a scenario can set and what a run measures | `spec/` |
//! | from parameters to transports, and back to complaints | `settings.rs` |
//! | what a transport is at message fidelity | `closed_form.rs` |
//! | who sends what to whom, and when | `flows.rs` |
//! | what is sent | `item.rs` |
//! | what this experiment asks of a transport | `carrier.rs` |
//! | one run, from parameters to outcome | `experiment.rs` |
//! | what is measured | `metrics.rs`, `figures.rs` |
//! | what must hold | `oracles.rs` |
//!
//! *Architecture invariant:* everything measured is read at the upper boundary of the transport ([`Event`]) or at the wire; what only
//! a transport knows (its retransmissions) comes from its own counters.
//!
//! [`Event`]: astrarium_protocol_transport::Event

mod carrier;
mod closed_form;
mod experiment;
mod figures;
mod flows;
mod item;
mod metrics;
mod oracles;
mod settings;
mod spec;

pub use experiment::{Transfer, experiment};

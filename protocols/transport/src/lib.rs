//! Transports: how a node gets messages to another one.
//!
//! Every transport is a layer with the same upper boundary ([`Request`], [`Event`]), so what stands on one stands on all:
//! bare datagrams, one reliable-UDP machine that serves many profiles, TCP as the baseline, and a secure channel beneath any
//! of them.
//!
//! *Architecture invariant:* segments refer to messages and never copy them; what a segment weighs on the wire is counted as if
//! it carried the bytes.

pub mod datagram;
pub mod fec;
pub mod rudp;
pub mod secure;
mod service;
pub mod tcp;

pub use service::{Class, Down, Event, Message, Request};

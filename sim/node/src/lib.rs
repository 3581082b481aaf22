//! The contract between a protocol and its world (design §2, §3).
//!
//! A protocol is a [`Layer`] (or a [`Stack`] of them): handlers that turn inputs into effects, with a context ([`Cx`]) that
//! offers the local clock, randomness named by identity, and symbolic processor cost – and nothing else. The engine runs
//! thousands of them; [`driver::Cluster`] runs a few by hand; a UDP host could run one for real.
//!
//! *Architecture invariant:* protocol crates depend on this crate and on lower protocol crates only.

mod address;
pub mod collections;
pub mod cpu;
pub mod driver;
pub mod hash;
mod id;
mod layer;
mod message;
pub mod random;
mod stack;
mod time;
mod ziggurat;

pub use address::{Endpoint, Header, Ip, LISTEN_PORT};
pub use cpu::{CostTable, Op};
pub use id::NodeId;
pub use layer::{Cx, Env, Fx, Layer, TimerCmd};
pub use message::{Class, Datagram, Protocol, Received, Wire};
pub use random::{Domain, Probability, Seed, Stream};
pub use stack::{Stack, StackTimer};
pub use time::{Span, Time};

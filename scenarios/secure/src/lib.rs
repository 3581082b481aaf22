//! Who listens on the way: the secure channel against attackers on its path, and circuits of relays against relays that conspire.
//!
//! System `secure`: clients send to a server through the channel, over bare datagrams or reliable UDP, and everything passes a router. A
//! coalition sits at that router: it records and later steals keys, or replaces keys in handshakes; or it floods the server with
//! handshakes that never end. System `circuit`: users send to each other through circuits of relays, some of which compare what goes in
//! with what comes out.
//!
//! | question | file |
//! |---|---|
//! | what a scenario can set and what a run measures | `channel/spec.rs`, `circuit/spec.rs` |
//! | one run, from parameters to outcome | `channel/experiment.rs`, `circuit/experiment.rs` |
//! | who takes part | `channel/world.rs` with `channel/path.rs`, `circuit/world.rs` |
//! | who sends what when | `channel/workload.rs`, `circuit/workload.rs` |
//! | what is measured | `channel/metrics.rs`, `circuit/metrics.rs` |
//! | what must hold | `channel/oracles.rs`, `circuit/oracles.rs` |
//! | strategies of the adversary | `attacks/` |
//!
//! *Where an attacker on the path sits.* The engine gives a coalition the inputs of its own nodes and nothing else: there is no wire to
//! tap. So the path is made of nodes: all datagrams between hosts go to a router, which forwards them. Who controls the router sees
//! every datagram with its addresses, and may drop, change or invent some; who does not, sees none. (Rejected: letting the coalition
//! read what the engine carries; its powers would be those of a god, and no test could tell what it must not see.)
//!
//! *Architecture invariant:* an attacker reads with keys that it made or that were in a machine it seized, through the same methods as
//! their owners; what it has read is read off its own notes.

mod attacks;
mod channel;
mod circuit;
mod item;

pub use channel::Channel;
pub use circuit::CircuitSystem;

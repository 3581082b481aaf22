//! Candidates of clients on their way to a committee, over common nodes that relay them, and a committee that waits for late ones
//! (Cypherium: requests over common nodes, Fig. 2; the waiting window after step 840; network specification N48 and N53).
//!
//! A round is announced with a challenge. Each client has one ticket for it, a number that anybody can check and nobody can choose, and sends it
//! as its candidate to the round's collector: over a relay that it picks at random, so that the committee's members need not be reachable for everybody. A relay may
//! drop what it is given; so the collector confirms to the client itself, and a client that hears nothing tries another relay, up to
//! [`Config::tries`]. The collector chooses the least ticket among those it has when its window closes; what comes later is confirmed, and of no use.
//!
//! | question | file |
//! |---|---|
//! | what is sent, and how long it is | `message.rs` |
//! | the layer: client, relay and collector | `layer.rs` |

mod layer;
mod message;
#[cfg(test)]
mod tests;

pub use layer::{Config, Counters, Event, Relaying, Request, Timer, WindowFrom};
pub use message::{Candidate, Message};

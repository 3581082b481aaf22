//! Transports in closed form: what a reliable transport makes of loss and windows, without an event per packet.
//!
//! In `message` fidelity a message over a lossy path is lost, unless a transport repairs it. Here the repair is time: the whole
//! life of a message – waiting for the window, segments in line at the bottleneck, losses, their detection by later acknowledgements or by
//! timeout, retransmissions lost again, delivery in order – is worked out at the moment of sending. One event delivers the message.
//!
//! The specification's form (network §6.2) is a maximum of independent delays and a cap by Mathis' rate; a recursion over segments came
//! next. Both were too crude in the tail: the 95th percentile stands on the edge between two steps of the latency's distribution, and
//! on which side depends on which acknowledgement revealed what. So this is the machine of the protocol itself, for one direction,
//! reduced to what decides on times. It is fast because there is nothing else in it: the path keeps the order, so the recipient is worked
//! out at the moment of sending, and the only events left are acknowledgements – a queue that is in order by itself – and one timer.
//! What remains approximate: who sends later is unknown, so a loss near the end of a message is detected by the
//! acknowledgements of messages like it that come at the usual gap of this connection (`foresight.rs`); acknowledgements do not queue; packets that
//! overtake each other on a path with jitter do so in time, not in the recipient's order.
//!
//! *Architecture invariant:* state is per directed pair in use, and each draw belongs to the message that is sent.

mod connection;
mod foresight;
mod gap;
mod model;
mod path;
mod rudp;
mod slices;
mod tcp;

#[cfg(test)]
mod tests;

pub(crate) use connection::{Connection, Law};
pub use model::{Backoff, RudpModel, SliceModel, SlowStart, TcpModel, TransportModel};
pub(crate) use path::{Line, Path};

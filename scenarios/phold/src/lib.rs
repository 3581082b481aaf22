//! PHOLD (Fujimoto 1990), the standard workload of discrete-event simulators: a fixed population of messages hops between nodes
//! for ever, each hop to a uniformly chosen node after an exponential time.
//!
//! Increments have a minimum of 1 ms and a mean of 50 ms (design §10). [`bare`] measures the pending-event set alone, [`engine`]
//! the whole path: dispatch to nodes, identity-named randomness, the network's word on departure and arrival, shuffled ties,
//! digest.

pub mod bare;
pub mod engine;

use astrarium_node::{Span, Stream};

/// Shortest increment.
pub const INCREMENT_MIN: Span = Span::from_millis(1);
/// Mean increment, the minimum included.
pub const INCREMENT_MEAN: Span = Span::from_millis(50);

/// One increment.
#[inline]
pub fn increment(stream: &mut Stream) -> Span {
    let beyond = (INCREMENT_MEAN.as_nanos() - INCREMENT_MIN.as_nanos()) as f64;
    // By way of a signed integer: one instruction on most processors, where the unsigned conversion is a dozen.
    INCREMENT_MIN + Span::from_nanos((beyond * stream.exponential()) as i64 as u64)
}

//! Protocols for tests: a puppet that does what it is told and notes what it sees, and a gossip that keeps the engine busy.
#![allow(dead_code, unreachable_pub)] // Every test program uses its own part of this.

pub mod gossip;
pub mod post;
pub mod puppet;

use astrarium_engine::{Arrival, Workload};
use astrarium_net::{LatencyModel, Modelled, NetConfig};
use astrarium_node::{NodeId, Protocol, Seed, Span, Time};

/// So many milliseconds after the start.
pub fn ms(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

/// A loss-free network of so many nodes with a constant delay of 10 ms.
pub fn constant(nodes: usize) -> Modelled {
    built(
        NetConfig { latency: LatencyModel::Constant(Span::from_millis(10)), ..NetConfig::new(nodes) },
        Seed(1),
    )
}

/// The network of a configuration that must be right.
pub fn built(config: NetConfig, seed: Seed) -> Modelled {
    config.build(seed).unwrap_or_else(|e| panic!("{e}")).0
}

/// Requests at given times, which must not fall.
#[derive(Debug, Clone)]
pub struct Plan<P: Protocol>(std::collections::VecDeque<Arrival<P>>);

impl<P: Protocol> Plan<P> {
    pub fn new(requests: impl IntoIterator<Item = (Time, u32, P::Above)>) -> Self {
        let arrival = |(at, node, request)| Arrival { at, node: NodeId(node), request };
        Self(requests.into_iter().map(arrival).collect())
    }
}

impl<P: Protocol> Workload<P> for Plan<P> {
    fn next(&mut self) -> Option<Arrival<P>> {
        self.0.pop_front()
    }
}

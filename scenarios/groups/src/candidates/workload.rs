//! The load: for each round its collector is asked to collect, then every client to send its candidate, all at the same moment.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::NodeId;
use astrarium_protocol_overlay::relaying::Request;

use super::world::{Node, World};

/// The rounds of a run, one request after the other.
#[derive(Debug, Clone)]
pub(crate) struct Rounds {
    world: Arc<World>,
    round: u64,
    /// The next to be asked: 0 the collector, then the clients.
    place: usize,
}

impl Rounds {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self { world: Arc::clone(world), round: 0, place: 0 }
    }
}

impl Workload<Node> for Rounds {
    fn next(&mut self) -> Option<Arrival<Node>> {
        let (world, round) = (&self.world, self.round);
        if round >= world.rounds {
            return None;
        }
        let (at, challenge, collector) =
            (world.begins(round), world.challenge(round), world.collector(round));
        let client: Option<NodeId> = self.place.checked_sub(1).map(|at| world.clients[at]);
        (self.round, self.place) =
            if self.place == world.clients.len() { (round + 1, 0) } else { (round, self.place + 1) };
        let bytes = world.bytes;
        Some(match client {
            None => Arrival { at, node: collector, request: Request::Collect { round, challenge } },
            Some(node) => {
                Arrival { at, node, request: Request::Submit { round, challenge, collector, bytes } }
            }
        })
    }
}

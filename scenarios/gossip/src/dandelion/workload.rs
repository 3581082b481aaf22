//! The load: one transaction of each honest node, in random order, at even distances.

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Span, Time};
use astrarium_protocol_overlay::gossip::{Blob, ItemId};
use astrarium_runner::Params;

use super::world::{Node, World};

/// When the first transaction is made: all nodes have started.
pub(crate) const BEGIN: Span = Span::from_secs(1);

/// The transaction of a node.
pub(crate) fn id_of(node: NodeId) -> ItemId {
    ItemId(u64::from(node.0))
}

/// Whose transaction this is.
pub(crate) fn owner_of(id: ItemId) -> NodeId {
    // Identities are numbers of nodes.
    NodeId(id.0 as u32)
}

/// What is left to do.
#[derive(Debug, Clone)]
pub(crate) struct Transactions {
    order: Vec<NodeId>,
    gap: Span,
    bytes: u32,
    next: usize,
}

impl Transactions {
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        let mut order = world.honest.to_vec();
        world.seed.stream(Domain::WORKLOAD, 0, 0).shuffle(&mut order);
        // Below 4 GiB; see `world::check`.
        Self {
            order,
            gap: params.span("workload.gap"),
            bytes: params.bytes("workload.bytes") as u32,
            next: 0,
        }
    }

    /// When each node makes its transaction, by number of the node.
    pub(crate) fn times(&self, nodes: u32) -> Vec<Time> {
        let mut times = vec![Time::ZERO; nodes as usize];
        for (place, node) in self.order.iter().enumerate() {
            times[node.index()] = self.at(place);
        }
        times
    }

    fn at(&self, place: usize) -> Time {
        Time::ZERO + BEGIN + self.gap * place as u64
    }
}

impl Workload<Node> for Transactions {
    fn next(&mut self) -> Option<Arrival<Node>> {
        let node = *self.order.get(self.next)?;
        let at = self.at(self.next);
        self.next += 1;
        Some(Arrival { at, node, request: Blob { id: id_of(node), bytes: self.bytes } })
    }
}

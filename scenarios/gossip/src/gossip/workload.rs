//! The load: items published at random honest nodes, at even distances.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Seed, Span, Time};
use astrarium_protocol_overlay::gossip::{Blob, ItemId, Request};
use astrarium_runner::Params;

use super::world::{Node, World};

/// Purpose of the draw of an item's source among the draws of the load.
const SOURCE: u64 = 0;

/// What is published when, and where.
#[derive(Debug, Clone)]
pub(crate) struct Publications {
    seed: Seed,
    sources: Arc<[NodeId]>,
    start: Time,
    gap: Span,
    bytes: u32,
    items: u32,
    next: u32,
}

/// The identity of the item of this number.
pub(crate) fn id_of(number: u32) -> ItemId {
    ItemId(u64::from(number))
}

/// The number of a published item; `None` for others.
pub(crate) fn number_of(id: ItemId, items: u32) -> Option<u32> {
    u32::try_from(id.0).ok().filter(|number| *number < items)
}

impl Publications {
    /// The load that the scenario asks for.
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        Self {
            seed: world.seed,
            sources: world.honest().into(),
            start: Time::ZERO + params.span("workload.start"),
            gap: Span::from_secs_f64(1.0 / params.per_second("workload.rate")),
            // Below 4 GiB and ten million; see `world::check` and the declaration.
            bytes: params.bytes("workload.bytes") as u32,
            items: params.count("workload.items") as u32,
            next: 0,
        }
    }

    /// When an item is published.
    pub(crate) fn at(&self, number: u32) -> Time {
        // Before anything else there is nobody to publish: nodes start at time zero.
        (self.start + self.gap * u64::from(number)).max(Time::from_nanos(1))
    }

    /// Where an item is published.
    pub(crate) fn source(&self, number: u32) -> NodeId {
        let mut draws = self.seed.stream(Domain::WORKLOAD, SOURCE, u64::from(number));
        self.sources[draws.below(self.sources.len() as u64) as usize]
    }

    /// Number of items.
    pub(crate) fn items(&self) -> u32 {
        self.items
    }

    /// Length of an item in bytes.
    pub(crate) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// From the first publication until one gap after the last.
    pub(crate) fn duration(&self) -> Span {
        self.gap * u64::from(self.items)
    }

    /// The first publication.
    pub(crate) fn begin(&self) -> Time {
        self.at(0)
    }
}

impl Workload<Node> for Publications {
    fn next(&mut self) -> Option<Arrival<Node>> {
        let number = self.next;
        if number >= self.items {
            return None;
        }
        self.next += 1;
        let request = Request::Publish(Blob { id: id_of(number), bytes: self.bytes });
        Some(Arrival { at: self.at(number), node: self.source(number), request })
    }
}

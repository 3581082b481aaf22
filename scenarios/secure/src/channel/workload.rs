//! The load: each client sends to the server at even distances, from a random moment on.

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Span, Time};
use astrarium_protocol_transport::Request;
use astrarium_runner::Params;

use super::carrier::Carrier;
use super::world::{Node, SERVER, World};
use crate::item::Item;

/// What is left to do.
#[derive(Debug, Clone)]
pub(crate) struct Messages {
    /// Clients by the moment at which they begin.
    order: Vec<(Span, NodeId)>,
    /// The same moments by number of the client (0 for the server).
    phases: Vec<Span>,
    start: Time,
    spacing: Span,
    messages: u64,
    bytes: u32,
    next: u64,
}

impl Messages {
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        let spacing = params.span("workload.spacing");
        let phase = |id: NodeId| {
            let mut luck = world.seed.stream(Domain::WORKLOAD, u64::from(id.0), 0);
            (Span::from_nanos(luck.below(spacing.as_nanos().max(1))), id)
        };
        let mut order: Vec<_> = world.clients().map(phase).collect();
        let phases = std::iter::once(Span::ZERO).chain(order.iter().map(|(phase, _)| *phase)).collect();
        order.sort_unstable();
        Self {
            order,
            phases,
            start: Time::ZERO + params.span("workload.start"),
            spacing,
            // Bounded by their declarations.
            messages: params.count("workload.messages") as u64,
            bytes: params.bytes("workload.bytes") as u32,
            next: 0,
        }
    }

    /// When a client sends a message.
    pub(crate) fn at(&self, client: u32, number: u32) -> Time {
        self.start + self.phases[client as usize] + self.spacing * u64::from(number)
    }

    /// Time between two messages of a client.
    pub(crate) fn spacing(&self) -> Span {
        self.spacing
    }

    /// Messages that a client has sent before this time.
    pub(crate) fn sent_before(&self, client: u32, now: Time) -> u64 {
        let first = self.at(client, 0);
        if now <= first {
            return 0;
        }
        (now.since(first).as_nanos().div_ceil(self.spacing.as_nanos())).min(self.messages)
    }

    /// Length of a message.
    pub(crate) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Whether a client sends this item.
    pub(crate) fn includes(&self, item: &Item) -> bool {
        (1..self.phases.len()).contains(&(item.sender as usize)) && u64::from(item.number) < self.messages
    }
}

impl<T: Carrier> Workload<Node<T>> for Messages {
    fn next(&mut self) -> Option<Arrival<Node<T>>> {
        let clients = self.order.len() as u64;
        let (round, place) = (self.next.checked_div(clients)?, (self.next % clients) as usize);
        if round >= self.messages {
            return None;
        }
        self.next += 1;
        let (_, node) = self.order[place];
        // At most 1e8 messages of a client.
        let item = Item { sender: node.0, number: round as u32, bytes: self.bytes };
        Some(Arrival { at: self.at(node.0, item.number), node, request: Request::send(SERVER, item) })
    }
}

//! Who sends what to whom, and when.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Protocol, Seed, Span, Time};
use astrarium_protocol_transport::{Event, Request};

use crate::item::Item;

/// When the first flow begins; the engine has no event at time zero but the start of the nodes.
const BEGIN: Time = Time::from_nanos(1);

/// How flows lie on the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Node 2k sends to node 2k + 1.
    Pairs,
    /// Every node from 1 on sends to node 0.
    Server,
}

/// The load of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Load {
    /// How flows lie on the nodes.
    pub(crate) shape: Shape,
    /// Number of nodes.
    pub(crate) nodes: u32,
    /// Messages per flow, at least 1.
    pub(crate) messages: u32,
    /// Length of each in bytes, at least 1.
    pub(crate) bytes: u32,
    /// Time between two messages of a flow.
    pub(crate) spacing: Span,
    /// Share of the flows that send all their messages; the others send one.
    pub(crate) active: f64,
    /// Each message is followed by the end of its connection.
    pub(crate) close: bool,
}

/// All flows of a run.
#[derive(Debug, Clone)]
pub(crate) struct Flows {
    load: Load,
    /// When each flow begins.
    begins: Arc<[Time]>,
    /// Flows in the order in which they begin.
    order: Arc<[u32]>,
    /// So many flows, the first ones, send all their messages.
    active: u32,
}

impl Flows {
    /// The first flow begins at once, each other one at a random moment of the first spacing.
    pub(crate) fn new(load: Load, seed: Seed) -> Self {
        let count = match load.shape {
            Shape::Pairs => load.nodes / 2,
            Shape::Server => load.nodes - 1,
        };
        let begins: Arc<[Time]> = (0..count)
            .map(|flow| match load.spacing.as_nanos() {
                0 => BEGIN,
                _ if flow == 0 => BEGIN,
                spacing => {
                    let offset = seed.stream(Domain::WORKLOAD, u64::from(flow), 0).below(spacing);
                    BEGIN + Span::from_nanos(offset)
                }
            })
            .collect();
        let mut order: Vec<u32> = (0..count).collect();
        order.sort_by_key(|&flow| (begins[flow as usize], flow));
        // A share is at most 1.
        let active = (libm::ceil(load.active * f64::from(count) - 1e-9) as u32).clamp(1, count);
        Self { load, begins, order: order.into(), active }
    }

    /// Number of flows.
    pub(crate) fn len(&self) -> usize {
        self.begins.len()
    }

    /// What there is to do.
    pub(crate) fn load(&self) -> &Load {
        &self.load
    }

    /// Messages that a flow sends.
    pub(crate) fn messages_of(&self, flow: u32) -> u32 {
        if flow < self.active { self.load.messages } else { 1 }
    }

    /// Messages of all flows.
    pub(crate) fn total(&self) -> u64 {
        // At most 10^7 flows of at most 10^7 messages.
        u64::from(self.active) * u64::from(self.load.messages) + (self.len() as u64 - u64::from(self.active))
    }

    /// Sender of a flow.
    pub(crate) fn sender(&self, flow: u32) -> NodeId {
        match self.load.shape {
            Shape::Pairs => NodeId(2 * flow),
            Shape::Server => NodeId(flow + 1),
        }
    }

    /// Recipient of a flow.
    pub(crate) fn recipient(&self, flow: u32) -> NodeId {
        match self.load.shape {
            Shape::Pairs => NodeId(2 * flow + 1),
            Shape::Server => NodeId(0),
        }
    }

    /// The flow from one node to another.
    pub(crate) fn between(&self, sender: NodeId, recipient: NodeId) -> Option<u32> {
        let flow = match self.load.shape {
            Shape::Pairs => sender.0 / 2,
            Shape::Server => sender.0.checked_sub(1)?,
        };
        let known = (flow as usize) < self.len();
        (known && self.sender(flow) == sender && self.recipient(flow) == recipient).then_some(flow)
    }

    /// Whether a node sends items.
    pub(crate) fn is_sender(&self, node: NodeId) -> bool {
        match self.load.shape {
            Shape::Pairs => node.0.is_multiple_of(2),
            Shape::Server => node.0 > 0,
        }
    }

    /// When an item is handed to the transport.
    pub(crate) fn sent_at(&self, item: Item) -> Time {
        self.begins[item.flow as usize] + self.load.spacing * u64::from(item.number)
    }

    /// Whether this is an item that its flow sends.
    pub(crate) fn holds(&self, item: Item) -> bool {
        (item.flow as usize) < self.len()
            && item.number < self.messages_of(item.flow)
            && item.bytes == self.load.bytes
    }
}

/// Hands the items to the transports.
#[derive(Debug, Clone)]
pub(crate) struct Hand {
    flows: Flows,
    /// Number of the message that all flows are at.
    number: u32,
    /// Position in the order of flows.
    at: usize,
    /// The item before is to be followed by the end of its connection.
    close: Option<(Time, u32)>,
}

impl Hand {
    pub(crate) fn new(flows: &Flows) -> Self {
        Self { flows: flows.clone(), number: 0, at: 0, close: None }
    }

    /// The next item, in the order of time: no flow begins later than a spacing after the first.
    fn next_item(&mut self) -> Option<Item> {
        while self.number < self.flows.load.messages {
            while let Some(&flow) = self.flows.order.get(self.at) {
                self.at += 1;
                if self.number < self.flows.messages_of(flow) {
                    return Some(Item { flow, number: self.number, bytes: self.flows.load.bytes });
                }
            }
            (self.number, self.at) = (self.number + 1, 0);
        }
        None
    }
}

impl<P: Protocol<Above = Request<Item>, Up = Event<Item>>> Workload<P> for Hand {
    fn next(&mut self) -> Option<Arrival<P>> {
        if let Some((at, flow)) = self.close.take() {
            let request = Request::Close { peer: self.flows.recipient(flow) };
            return Some(Arrival { at, node: self.flows.sender(flow), request });
        }
        let item = self.next_item()?;
        let at = self.flows.sent_at(item);
        self.close = self.flows.load.close.then_some((at, item.flow));
        let request = Request::send(self.flows.recipient(item.flow), item);
        Some(Arrival { at, node: self.flows.sender(item.flow), request })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_protocol_transport::datagram::Udp;

    const LOAD: Load = Load {
        shape: Shape::Server,
        nodes: 51,
        messages: 4,
        bytes: 10,
        spacing: Span::from_millis(20),
        active: 0.1,
        close: false,
    };

    fn arrivals(load: Load) -> Vec<Arrival<Udp<Item>>> {
        let mut hand = Hand::new(&Flows::new(load, Seed(3)));
        std::iter::from_fn(|| Workload::<Udp<Item>>::next(&mut hand)).collect()
    }

    #[test]
    fn items_come_in_order_of_time_and_are_complete() {
        let all = arrivals(LOAD);
        assert!(all.is_sorted_by_key(|a| a.at));
        // Five flows send four, the other 45 one.
        assert_eq!(all.len(), 5 * 4 + 45);
        assert_eq!(all.len() as u64, Flows::new(LOAD, Seed(3)).total());
        assert!(all.iter().all(|a| a.node.0 > 0));
    }

    #[test]
    fn a_single_flow_begins_at_once_and_keeps_its_spacing() {
        let all = arrivals(Load { shape: Shape::Pairs, nodes: 2, active: 1.0, ..LOAD });
        let at: Vec<u64> = all.iter().map(|a| a.at.as_nanos() - 1).collect();
        assert_eq!(at, [0, 20_000_000, 40_000_000, 60_000_000]);
    }

    #[test]
    fn fresh_connections_are_closed_behind_every_message() {
        let all = arrivals(Load { shape: Shape::Pairs, nodes: 2, active: 1.0, close: true, ..LOAD });
        let closes = all.iter().filter(|a| matches!(a.request, Request::Close { peer: NodeId(1) })).count();
        assert_eq!((all.len(), closes), (8, 4));
    }
}

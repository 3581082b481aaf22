//! Announce transactions that do not exist, fifty every five seconds, to all neighbours; answer no request.

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_net::Topology;
use astrarium_node::{Datagram, NodeId, Span};
use astrarium_protocol_overlay::gossip::{Ids, ItemId, Message};

use crate::gossip::Node;

/// Time between two announcements, and their length: what the honest rules allow.
const INTERVAL: Span = Span::from_secs(5);
const BATCH: u64 = 50;
/// Marks identities of nothing; those of the load are small.
const NOTHING: u64 = 1 << 63;
/// Purpose of the draws of invented identities.
const INVENT: u64 = 1;

/// A coalition of spammers.
#[derive(Debug, Clone)]
pub(crate) struct SyncSpam {
    nodes: Arc<[NodeId]>,
    topology: Topology,
    rounds: u32,
}

impl SyncSpam {
    pub(crate) fn new(nodes: &Arc<[NodeId]>, topology: &Topology) -> Self {
        Self { nodes: Arc::clone(nodes), topology: topology.clone(), rounds: 0 }
    }
}

impl Adversary<Node> for SyncSpam {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Node>) {
        hands.wake(INTERVAL, 0);
    }

    fn on_input(&mut self, _node: NodeId, _input: Input<Node>, _hands: &mut Hands<'_, Node>) {}

    fn on_wake(&mut self, _token: u32, hands: &mut Hands<'_, Node>) {
        self.rounds = self.rounds.wrapping_add(1);
        for &node in self.nodes.iter() {
            let mut draws = hands.stream(INVENT, u64::from(self.rounds) << 32 | u64::from(node.0));
            let ids: Vec<ItemId> = (0..BATCH).map(|_| ItemId(NOTHING | draws.word() >> 1)).collect();
            let message = Message::Notify(Ids::of(&ids));
            hands.send(node, Datagram::Many(self.topology.peers(node), message));
        }
        hands.wake(INTERVAL, 0);
    }
}

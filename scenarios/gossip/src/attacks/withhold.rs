//! Announce every item as soon as it is heard of, and never send it.
//!
//! A hostile node need not wait for the body, so its announcement overtakes those of honest relays; whoever asks it first loses one
//! `inv_timeout`.

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::collections::Set;
use astrarium_node::{Datagram, NodeId, Received};
use astrarium_protocol_overlay::gossip::{Ids, ItemId, Message};

use crate::gossip::Node;

/// A coalition of announcers.
#[derive(Debug, Clone)]
pub(crate) struct Withhold {
    nodes: Arc<[NodeId]>,
    /// What each of its nodes has announced.
    announced: Set<(NodeId, ItemId)>,
}

impl Withhold {
    pub(crate) fn new(nodes: &Arc<[NodeId]>) -> Self {
        Self { nodes: Arc::clone(nodes), announced: Set::default() }
    }
}

impl Adversary<Node> for Withhold {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        let Input::Message(Received { from, message: Message::Inv(ids) }) = input else { return };
        for &id in ids.as_slice() {
            if !self.announced.insert((node, id)) {
                continue;
            }
            let neighbours = hands.state(node).upper.neighbours(node);
            for to in neighbours.into_iter().filter(|to| *to != from) {
                hands.send(node, Datagram::One(to, Message::Inv(Ids::One(id))));
            }
        }
    }
}

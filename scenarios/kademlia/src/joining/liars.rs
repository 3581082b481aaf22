//! Lying seeds (AD-BOOT): corrupt seeds answer joiners with each other as contacts, and perhaps an invented chain space.

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::{Datagram, NodeId, Received};
use astrarium_protocol_overlay::bootstrap::{ChainSpace, Config, Message};

use super::world::{Node, TRUE};

/// A chain that does not exist, longer than the one that does.
const INVENTED: ChainSpace = ChainSpace { tip: 666, height: 1_000_000 };

/// The coalition of corrupt seeds.
#[derive(Debug, Clone)]
pub(crate) struct Liars {
    nodes: Arc<[NodeId]>,
    /// What they say; `None`: the truth.
    lie: Option<ChainSpace>,
}

impl Liars {
    /// These seeds; `lie` is the name of what they say.
    pub(crate) fn new(nodes: Arc<[NodeId]>, lie: &str) -> Self {
        let lie = match lie {
            "space" => Some(INVENTED),
            "contacts" => Some(TRUE),
            _ => None,
        };
        Self { nodes, lie }
    }
}

impl Adversary<Node> for Liars {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        match (input, self.lie) {
            (Input::Message(Received { from, message: Message::Request { genesis } }), Some(space)) => {
                let contacts = self.nodes.iter().copied().take(Config::MAX_CONTACTS).collect();
                hands.send(node, Datagram::One(from, Message::Response { genesis, contacts, space }));
            }
            (other, _) => hands.honest(node, other),
        }
    }
}

//! Relays that drop what they are given to pass on (network specification N48). They do everything else as honest nodes do.

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::{NodeId, Received};
use astrarium_protocol_overlay::relaying::Message;

use crate::candidates::world::{Node, World};

/// The coalition.
#[derive(Debug, Clone)]
pub(crate) struct Dropping {
    nodes: Arc<[NodeId]>,
    dropped: u64,
}

impl Dropping {
    pub(crate) fn new(world: &World) -> Self {
        Self { nodes: Arc::clone(&world.coalition), dropped: 0 }
    }

    /// Candidates dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Adversary<Node> for Dropping {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        if matches!(input, Input::Message(Received { message: Message::Submit { .. }, .. })) {
            self.dropped += 1;
        } else {
            hands.honest(node, input);
        }
    }
}

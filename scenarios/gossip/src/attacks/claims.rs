//! Claim the heaviest chain, and deliver nothing, or blocks that are none.
//!
//! A TOP costs nothing, so the coalition always wins the comparison of weights; each look of a victim that trusts it costs the victim a
//! timeout. Success is what joiners lose in time: read off their chains.

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::{Datagram, NodeId, Received, Span};
use astrarium_protocol_overlay::block_sync::{BlankBlock, Message, Top};
use astrarium_protocol_overlay::gossip::ItemId;

use crate::blocks::{Node, World};

/// Height and weight of the chain that does not exist.
const IMMENSE: u64 = 1 << 40;
/// The first claims are out before anybody looks.
const AT_ONCE: Span = Span::from_millis(1);

/// A coalition of claimers.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    nodes: Arc<[NodeId]>,
    world: Arc<World>,
    forges: bool,
}

impl Claims {
    pub(crate) fn new(world: &Arc<World>, forges: bool) -> Self {
        Self { nodes: Arc::clone(&world.coalition), world: Arc::clone(world), forges }
    }
}

impl Adversary<Node> for Claims {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Node>) {
        hands.wake(AT_ONCE, 0);
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        let Input::Message(Received { from, message: Message::Ask { from: height, .. } }) = input else {
            return;
        };
        if self.forges {
            let block =
                BlankBlock::new(ItemId(height), height, IMMENSE, 1_000, 0).with_id(ItemId(height + 1));
            hands.send(node, Datagram::One(from, Message::Blocks([block].into())));
        }
    }

    fn on_wake(&mut self, token: u32, hands: &mut Hands<'_, Node>) {
        for &node in self.nodes.iter() {
            let top = Top { id: ItemId(u64::from(node.0)), height: IMMENSE, weight: IMMENSE };
            let honest =
                self.world.peers(node).iter().copied().filter(|&peer| !hands.controls(peer)).collect();
            hands.send(node, Datagram::Many(honest, Message::Top(top)));
        }
        hands.wake(self.world.config.announce_interval, token.wrapping_add(1));
    }
}

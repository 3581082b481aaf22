//! Corrupt holders: they hide what they hold, or answer with another value. In all else they follow the protocol.
//!
//! Everything is legal: answers to questions that they were asked. The honest baseline is the same scenario with strategy `none`.

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::{Datagram, NodeId, Received};
use astrarium_protocol_overlay::kademlia::{Id, Message, Record};

use crate::ring::Ring;
use crate::world::{Node, World};

/// What corrupt nodes answer to FIND_VALUE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Misdeed {
    None,
    Hide,
    Forge,
}

/// Marks the contents of forged records; those of the load are small.
const FORGED: u64 = 1 << 63;

/// A coalition of corrupt holders.
#[derive(Debug, Clone)]
pub(crate) struct Hostile {
    nodes: Arc<[NodeId]>,
    /// The same by identity.
    ring: Arc<Ring>,
    k: usize,
    world: Arc<World>,
    misdeed: Misdeed,
    bytes: u32,
}

impl Hostile {
    /// For a world, by the name of the strategy; forged records are as long as real ones.
    pub(crate) fn new(world: &Arc<World>, strategy: &str, bytes: u32) -> Self {
        Self {
            nodes: Arc::clone(&world.coalition),
            ring: Arc::new(Ring::new(&world.directory, world.coalition.iter().copied())),
            k: world.config.k,
            world: Arc::clone(world),
            misdeed: match strategy {
                "hide" => Misdeed::Hide,
                "forge" => Misdeed::Forge,
                _ => Misdeed::None,
            },
            bytes,
        }
    }

    fn answer(&self, node: NodeId, exchange: u32, key: Id) -> Message {
        if self.misdeed == Misdeed::Forge {
            let record = Record { key, content: FORGED, bytes: self.bytes };
            return Message::Value { exchange, record };
        }
        let contacts = self.ring.nearest(key, self.k, |other| other != node).into();
        Message::Neighbours { exchange, contacts }
    }
}

impl Adversary<Node> for Hostile {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        match input {
            Input::Message(Received { from, message: Message::FindValue { exchange, key } })
                if self.misdeed != Misdeed::None && !self.world.is_corrupt(from) =>
            {
                hands.send(node, Datagram::One(from, self.answer(node, exchange, key)));
            }
            other => hands.honest(node, other),
        }
    }
}

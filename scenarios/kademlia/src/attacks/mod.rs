//! What corrupt nodes do: one coalition, three strategies, built from two misdeeds.
//!
//! | strategy | misdeeds | source | succeeds when |
//! |---|---|---|---|
//! | `route` | answer FINDNODE with the corrupt contacts nearest to the key | AD-ROUTE | a lookup does not find its honest target |
//! | `eclipse` | the same, and dial the victims | AD-ECLIPSE | all neighbours of a victim are corrupt |
//! | `grind` | the same, with identities made nearest to one key | AD-IDGRIND | all results of a lookup for the key are corrupt |
//!
//! Everything is legal: messages of the protocol, sent by nodes with identities of their own, which are the hashes of their names. The
//! honest baseline is the same scenario with strategy `none`, where corrupt nodes follow the protocol.

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::{Datagram, NodeId, Received, Span};
use astrarium_protocol_overlay::kademlia::Message;

use crate::ring::Ring;
use crate::world::{Node, World};

/// A coalition of corrupt nodes.
#[derive(Debug, Clone)]
pub(crate) struct Coalition {
    nodes: Arc<[NodeId]>,
    /// The same by identity: the nearest to a key are named in answers.
    ring: Arc<Ring>,
    k: usize,
    world: Arc<World>,
    /// Answers FINDNODE with its own.
    misleads: bool,
    /// Whom it dials, and how often.
    dials: Option<(Arc<[NodeId]>, Span)>,
}

impl Coalition {
    /// For a world, by the name of the strategy. `victims` are dialled every `redial` by strategy `eclipse`.
    pub(crate) fn new(world: &Arc<World>, strategy: &str, victims: &Arc<[NodeId]>, redial: Span) -> Self {
        let eclipse = strategy == "eclipse";
        Self {
            nodes: Arc::clone(&world.coalition),
            ring: Arc::new(Ring::new(&world.directory, world.coalition.iter().copied())),
            k: world.config.k,
            world: Arc::clone(world),
            misleads: strategy != "none",
            dials: eclipse.then(|| (Arc::clone(victims), redial)),
        }
    }
}

impl Adversary<Node> for Coalition {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Node>) {
        if let Some((_, redial)) = self.dials {
            hands.wake(redial, 0);
        }
    }

    fn on_input(&mut self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        match input {
            Input::Message(Received { from, message: Message::FindNode { exchange, target } })
                if self.misleads && !self.world.is_corrupt(from) =>
            {
                let contacts = self.ring.nearest(target, self.k, |other| other != node).into();
                hands.send(node, Datagram::One(from, Message::Neighbours { exchange, contacts }));
            }
            other => hands.honest(node, other),
        }
    }

    /// Every corrupt node dials every victim. The answers go to the honest handlers, which know of no dial and drop them: a node that
    /// was accepted stays a neighbour as long as it answers pings.
    fn on_wake(&mut self, token: u32, hands: &mut Hands<'_, Node>) {
        let Some((victims, redial)) = self.dials.clone() else { return };
        for &node in self.nodes.iter() {
            for &victim in victims.iter() {
                hands.send(node, Datagram::One(victim, Message::Ping { auth: true, dial: true }));
            }
        }
        hands.wake(redial, token.wrapping_add(1));
    }
}

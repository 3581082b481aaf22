//! A machine that can forge addresses sends "peer → victim" to the victims' listening ports, again before the records expire.
//!
//! It knows what a public list of sockets says: the outer address of each host, and the port that all listen on. A device that keeps
//! records of unsolicited packets then holds the reply tuple of a later punch for taken, and moves the punch to another port.

use std::sync::Arc;

use astrarium_engine::Hands;
use astrarium_node::{Datagram, Endpoint, Header, NodeId, Span};
use astrarium_protocol_overlay::traversal::{Body, Packet, Token};
use astrarium_runner::Params;

use crate::world::{Node, World, victims};

/// Greatest time to live: the packets shall arrive.
const TTL: u8 = 255;

/// The attack.
#[derive(Debug, Clone)]
pub(crate) struct Poison {
    machine: NodeId,
    every: Span,
    victims: Vec<Endpoint>,
    /// All hosts' listening sockets, as seen from outside.
    sockets: Arc<[(NodeId, Endpoint)]>,
}

impl Poison {
    /// On the victims that the scenario chooses.
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        let socket = |host| Endpoint::new(world.network.public_ip(host), world.config.listen_port);
        Self {
            machine: world.attacker,
            every: params.span("adversary.every"),
            victims: victims(world, params.share("adversary.share")).map(socket).collect(),
            sockets: (0..world.hosts).map(NodeId).map(|host| (host, socket(host))).collect(),
        }
    }

    pub(super) fn nodes(&self) -> Vec<NodeId> {
        vec![self.machine]
    }

    pub(super) fn begin(&self, hands: &mut Hands<'_, Node>) {
        hands.wake(self.every, 0);
    }

    pub(super) fn strike(&self, hands: &mut Hands<'_, Node>) {
        for &dst in &self.victims {
            for &(id, src) in self.sockets.iter().filter(|(_, src)| *src != dst) {
                // It does not know the secret of any attempt.
                let body = Body::Punch { id, token: Token { session: 1, nonce: 0 } };
                let packet = Packet { header: Header { src, dst, ttl: TTL }, body };
                hands.send(self.machine, Datagram::One(NodeId::ADDRESSED, packet));
            }
        }
        hands.wake(self.every, 0);
    }
}

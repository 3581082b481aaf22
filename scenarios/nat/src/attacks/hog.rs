//! A machine with a slot at every relay opens circuits to itself, one per port, until none is left, and again when they expire.

use astrarium_engine::Hands;
use astrarium_node::{Datagram, Endpoint, Header, NodeId, Span};
use astrarium_protocol_overlay::traversal::{Body, Ends, Packet};

use crate::world::{Node, World};

/// Time between two rounds: an expired circuit is soon taken again.
const EVERY: Span = Span::from_secs(2);

/// Its first port.
const FIRST_PORT: u16 = 20_000;

/// The attack.
#[derive(Debug, Clone)]
pub(crate) struct Hog {
    machine: NodeId,
    own: Endpoint,
    relays: Vec<Endpoint>,
    /// One more than a relay grants.
    circuits: u16,
}

impl Hog {
    /// On all relays of the world.
    pub(crate) fn new(world: &World) -> Self {
        Self {
            machine: world.attacker,
            own: Endpoint::new(world.network.public_ip(world.attacker), FIRST_PORT),
            relays: world.relays.iter().map(|(_, socket)| *socket).collect(),
            // Capped: a relay without limits cannot be exhausted.
            circuits: world.config.relay.circuits.min(1_000) as u16 + 1,
        }
    }

    pub(super) fn nodes(&self) -> Vec<NodeId> {
        vec![self.machine]
    }

    pub(super) fn strike(&self, hands: &mut Hands<'_, Node>) {
        let ends = |circuit| Ends { from: self.machine, to: self.machine, circuit };
        for &dst in &self.relays {
            self.send(0, dst, Body::RelayReserve(ends(0)), hands);
            for port in 0..self.circuits {
                // Any number will do: it is the other end that asks for the secret, and that is the machine itself.
                self.send(port, dst, Body::RelayOpen(ends(u32::from(port) + 1)), hands);
            }
        }
        hands.wake(EVERY, 0);
    }

    fn send(&self, port: u16, dst: Endpoint, body: Body<crate::Hello>, hands: &mut Hands<'_, Node>) {
        let src = Endpoint::new(self.own.ip, self.own.port + port);
        let packet = Packet { header: Header { src, dst, ttl: 128 }, body };
        hands.send(self.machine, Datagram::One(NodeId::ADDRESSED, packet));
    }
}

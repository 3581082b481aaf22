//! Handshakes that never end, from addresses that do not exist (AD-HS-FLOOD).

use astrarium_engine::Hands;
use astrarium_node::{Datagram, NodeId, Span, Time};
use astrarium_protocol_transport::secure::keys::Ephemeral;
use astrarium_protocol_transport::secure::{Prologue, Record};
use astrarium_runner::Params;

use crate::channel::{Carrier, Node, Packet, SERVER, World};

/// Its draws, among those of the adversary; the counter is the number of the message.
const FORGERY: u64 = 3;
/// Forged addresses are drawn from so many.
const ADDRESSES: u64 = 1 << 24;

/// The attack.
#[derive(Debug, Clone)]
pub(crate) struct Flood {
    machine: NodeId,
    router: NodeId,
    chain: u64,
    /// First number that is no node's.
    nobody: u32,
    mean: Span,
    sent: u64,
    struck: Option<Time>,
}

impl Flood {
    pub(super) fn new(params: &Params, world: &World) -> Self {
        Self {
            machine: world.machine(),
            router: world.router(),
            chain: world.config.chain,
            nobody: world.participants(),
            mean: Span::from_secs_f64(1.0 / params.per_second("adversary.rate")),
            sent: 0,
            struck: None,
        }
    }

    pub(super) fn machine(&self) -> NodeId {
        self.machine
    }

    pub(super) fn struck(&self) -> Option<Time> {
        self.struck
    }

    pub(super) fn begin<T: Carrier>(&self, hands: &mut Hands<'_, Node<T>>) {
        hands.wake(self.mean, 0);
    }

    pub(super) fn strike<T: Carrier>(&mut self, hands: &mut Hands<'_, Node<T>>) {
        let mut luck = hands.stream(FORGERY, self.sent);
        self.sent += 1;
        self.struck.get_or_insert(hands.now());
        // Below 2^24 more than 100,002 nodes.
        let src = NodeId(self.nobody + luck.below(ADDRESSES) as u32);
        let prologue = Prologue { session: luck.word() as u32, chain: self.chain, time: hands.now() };
        let body = Record::Hello { prologue, key: Ephemeral::generate(&mut luck).public(), cookie: 0 };
        hands.send(self.machine, Datagram::One(self.router, Packet { src, dst: SERVER, body }));
        hands.wake(self.mean.scale(luck.exponential()), 0);
    }
}

//! The path between hosts: every datagram goes to a router, which forwards it.
//!
//! A packet carries the addresses that an IP header carries; whoever makes it writes the source, and nobody checks (there is no ingress
//! filtering, RFC 2827). Its bytes are those of the headers that the network charges to every datagram.

use std::marker::PhantomData;

use astrarium_node::{Cx, Datagram, Layer, NodeId, Protocol, Received, Wire};
use astrarium_protocol_transport::Message;

/// A datagram on its way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Packet<M> {
    /// Who sent it, as it says.
    pub(crate) src: NodeId,
    /// Whom it is for.
    pub(crate) dst: NodeId,
    /// The datagram.
    pub(crate) body: M,
}

impl<M: Wire> Wire for Packet<M> {
    fn wire_len(&self) -> u32 {
        self.body.wire_len()
    }

    fn kind(&self) -> &'static str {
        self.body.kind()
    }
}

/// What a node is to the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Sends everything to this router.
    Host(NodeId),
    /// Forwards to the nodes below this number; drops the rest.
    Router(u32),
}

/// The layer.
#[derive(Debug, Clone)]
pub(crate) struct Path<M> {
    role: Role,
    strays: u64,
    of: PhantomData<M>,
}

impl<M> Path<M> {
    pub(crate) const fn new(role: Role) -> Self {
        Self { role, strays: 0, of: PhantomData }
    }

    /// Packets for nobody, or for somebody else.
    pub(crate) const fn strays(&self) -> u64 {
        self.strays
    }
}

impl<M: Message> Path<M> {
    fn put(&self, dst: NodeId, body: M, cx: &mut Cx<'_, Self>) {
        let src = cx.me();
        let hop = match self.role {
            Role::Host(router) => router,
            Role::Router(_) => dst,
        };
        cx.send(Datagram::One(hop, Packet { src, dst, body }));
    }
}

impl<M: Message> Layer for Path<M> {
    type Above = Datagram<M>;
    type Up = Received<M>;
    type Down = Datagram<Packet<M>>;
    type Below = Received<Packet<M>>;
    type Timer = NoTimer;

    fn on_start(&mut self, _cx: &mut Cx<'_, Self>) {}

    fn on_request(&mut self, request: Datagram<M>, cx: &mut Cx<'_, Self>) {
        match request {
            Datagram::One(to, body) => self.put(to, body, cx),
            Datagram::Many(to, body) => to.iter().for_each(|to| self.put(*to, body.clone(), cx)),
        }
    }

    fn on_indication(
        &mut self,
        Received { message: packet, .. }: Received<Packet<M>>,
        cx: &mut Cx<'_, Self>,
    ) {
        match self.role {
            _ if packet.dst == cx.me() => {
                cx.indicate(Received { from: packet.src, message: packet.body });
            }
            Role::Router(nodes) if packet.dst.0 < nodes => cx.send(Datagram::One(packet.dst, packet)),
            Role::Router(_) | Role::Host(_) => self.strays += 1,
        }
    }

    fn on_timer(&mut self, timer: NoTimer, _cx: &mut Cx<'_, Self>) {
        match timer {}
    }
}

impl<M: Message> Protocol for Path<M> {
    type Msg = Packet<M>;
}

/// A path needs no timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum NoTimer {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Item;
    use astrarium_node::driver::Cluster;
    use astrarium_node::{Seed, Span, Time};

    /// Two hosts and a router: what is sent arrives after two legs, from whom it says; what is for nobody is dropped and counted.
    #[test]
    fn everything_passes_the_router() {
        let router = NodeId(2);
        let roles = [Role::Host(router), Role::Host(router), Role::Router(2)];
        let mut net: Cluster<Path<Item>> =
            Cluster::start(roles.map(Path::new).to_vec(), Span::from_millis(50), Seed(1));
        let item = Item { sender: 0, number: 1, bytes: 10 };
        net.request(NodeId(0), Datagram::Many([NodeId(1), NodeId(7)].into(), item));
        net.deliver(NodeId(0), router, Packet { src: NodeId(99), dst: NodeId(1), body: item });
        net.run_until(Time::ZERO + Span::from_secs(1));
        let heard: Vec<_> =
            net.indications.iter().map(|(at, node, got)| (at.as_nanos(), node.0, got.from.0)).collect();
        assert_eq!(heard, [(50_000_000, 1, 99), (100_000_000, 1, 0)]);
        assert_eq!((net.node(router).strays(), net.sent[0].3.wire_len()), (1, 10));
        net.deliver(router, NodeId(0), Packet { src: NodeId(1), dst: NodeId(1), body: item });
        assert_eq!(net.node(NodeId(0)).strays(), 1);
    }
}

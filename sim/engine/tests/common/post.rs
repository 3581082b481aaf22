//! The smallest addressed protocol: sends packets as told, answers what asks for it, and indicates every header it sees.

use astrarium_engine::{Observer, Sight};
use astrarium_node::{Cx, Datagram, Endpoint, Header, Ip, Layer, NodeId, Protocol, Received, Time, Wire};

/// A packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Packet {
    pub header: Header,
    pub tag: u32,
    pub bytes: u32,
    /// The recipient sends it back to its source.
    pub answer: bool,
}

impl Wire for Packet {
    fn wire_len(&self) -> u32 {
        self.bytes
    }

    fn header(&self) -> Option<&Header> {
        Some(&self.header)
    }

    fn header_mut(&mut self) -> Option<&mut Header> {
        Some(&mut self.header)
    }
}

/// A packet of 100 bytes that asks for an answer.
pub fn packet(tag: u32, src: Endpoint, dst: Endpoint) -> Packet {
    Packet { header: Header { src, dst, ttl: 128 }, tag, bytes: 100, answer: true }
}

pub const fn at(ip: Ip, port: u16) -> Endpoint {
    Endpoint::new(ip, port)
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Post;

impl Layer for Post {
    type Above = Packet;
    type Up = Received<Packet>;
    type Down = Datagram<Packet>;
    type Below = Received<Packet>;
    type Timer = ();

    fn on_start(&mut self, _: &mut Cx<'_, Self>) {}

    fn on_restart(&mut self, _: &mut Cx<'_, Self>) {}

    fn on_request(&mut self, packet: Packet, cx: &mut Cx<'_, Self>) {
        cx.send(Datagram::One(NodeId::ADDRESSED, packet));
    }

    fn on_indication(&mut self, received: Received<Packet>, cx: &mut Cx<'_, Self>) {
        cx.indicate(received.clone());
        let packet = received.message;
        if packet.answer {
            let header = Header { src: packet.header.dst, dst: packet.header.src, ttl: 128 };
            cx.send(Datagram::One(NodeId::ADDRESSED, Packet { header, answer: false, ..packet }));
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Cx<'_, Self>) {}
}

impl Protocol for Post {
    type Msg = Packet;
}

/// What arrived: when, where, what.
#[derive(Debug, Clone, Default)]
pub struct Log(pub Vec<(Time, NodeId, Packet)>);

impl Observer<Post> for Log {
    fn on_indication(&mut self, node: NodeId, received: &Received<Packet>, sight: &Sight<'_, Post>) {
        assert_eq!(received.from, NodeId::ADDRESSED, "only the header tells the sender");
        self.0.push((sight.now(), node, received.message));
    }

    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.sort_by_key(|&(at, ..)| at);
    }
}

//! Scripted paths, and what was sent and heard on them.

use astrarium_node::NodeId;
use astrarium_protocol_transport::rudp::{Config, Marks, Packet, Profile, Rudp};
use astrarium_protocol_transport::{Down, Event};

use crate::pair::{B, Note, Pair, ms};

pub(crate) type Rules = Pair<Rudp<Note>>;

/// 50 ms each way; `lost(n)` tells whether the sender's n-th datagram is lost.
pub(crate) fn pair(config: Config, mut lost: impl FnMut(NodeId, u32) -> bool + 'static) -> Rules {
    let mut count = [0; 2];
    Pair::new(Rudp::new(config), Rudp::new(config), move |_, from, _| {
        count[from.index()] += 1;
        if lost(from, count[from.index()] - 1) { vec![] } else { vec![ms(50)] }
    })
}

pub(crate) fn turbo() -> Config {
    Config::profile(Profile::KcpTurbo)
}

/// Whole milliseconds at which a node sent a datagram of this kind.
pub(crate) fn times(pair: &Rules, node: NodeId, of: impl Fn(&Packet<Note>) -> bool) -> Vec<u64> {
    let sent = pair.sent.iter().filter(|(_, from, packet)| *from == node && of(packet));
    sent.map(|(time, _, _)| time.as_nanos() / 1_000_000).collect()
}

pub(crate) fn carries(sn: u32) -> impl Fn(&Packet<Note>) -> bool {
    move |packet| packet.data.iter().any(|push| push.sn == sn)
}

pub(crate) fn downs(pair: &Rules, of: NodeId) -> Vec<(u64, Down, Vec<u32>)> {
    let events = pair.heard.iter().filter(|(_, node, _)| *node == of);
    events
        .filter_map(|(time, _, event)| match event {
            Event::PeerDown { reason, undelivered, .. } => {
                let numbers = undelivered.iter().map(|message| message.number).collect();
                Some((time.as_nanos() / 1_000_000, *reason, numbers))
            }
            _ => None,
        })
        .collect()
}

pub(crate) fn delivered_ms(pair: &Rules, node: NodeId) -> Vec<(u64, u32)> {
    pair.delivered(node).into_iter().map(|(time, number)| (time.as_nanos() / 1_000_000, number)).collect()
}

/// An empty datagram of A's session with B, as B would send it.
pub(crate) fn from_b(pair: &Rules) -> Packet<Note> {
    let status = pair.nodes[0].status(B).expect("a session");
    Packet {
        conv: status.conv,
        una: status.snd_una,
        ts: 0,
        window: 128,
        marks: Marks::NONE,
        format: pair.nodes[0].config().format,
        crypt_overhead: 0,
        acks: Default::default(),
        data: Default::default(),
    }
}

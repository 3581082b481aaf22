//! Stem and fluff on a few nodes driven by hand.

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Probability, Seed, Span, Stack, Time, Wire};
use astrarium_protocol_transport::datagram::Udp;

use super::*;
use crate::gossip::{self, Blob, Fanout, Gossip, ItemId, Mode, Peers};

type Node = Stack<Dandelion<Blob>, Udp<Message<Blob>>>;

const TX: Blob = Blob { id: ItemId(5), bytes: 250 };

/// Everybody knows everybody; the stem goes from i to i + 1.
fn ring(config: Config, nodes: u32) -> Cluster<Node> {
    assert_eq!(config.validate(), Ok(()));
    let fluff = Arc::new(gossip::Config::new(Mode::Flood { fanout: Fanout::All, relay: -1 }));
    let config = Arc::new(config);
    let node = |me: u32| {
        let peers: Arc<[NodeId]> = (0..nodes).filter(|i| *i != me).map(NodeId).collect();
        let next: Arc<[NodeId]> = [NodeId((me + 1) % nodes)].into();
        let gossip = Gossip::new(Arc::clone(&fluff), Peers::list(peers));
        Stack::new(Dandelion::new(Arc::clone(&config), next, gossip), Udp::new())
    };
    Cluster::start((0..nodes).map(node).collect(), Span::from_millis(50), Seed(3))
}

fn secs(s: u64) -> Time {
    Time::ZERO + Span::from_secs(s)
}

fn public(cluster: &Cluster<Node>) -> Vec<NodeId> {
    let of = |(_, node, event): &(Time, NodeId, Event<Blob>)| {
        matches!(event, Event::Public { .. }).then_some(*node)
    };
    let mut nodes: Vec<NodeId> = cluster.indications.iter().filter_map(of).collect();
    nodes.sort_unstable();
    nodes
}

fn fluffed(cluster: &Cluster<Node>) -> Vec<(NodeId, Fluffed)> {
    let of = |(_, node, event): &(Time, NodeId, Event<Blob>)| match event {
        Event::Fluffing { why, .. } => Some((*node, *why)),
        Event::Public { .. } => None,
    };
    cluster.indications.iter().filter_map(of).collect()
}

fn stems(cluster: &Cluster<Node>) -> usize {
    cluster.sent.iter().filter(|(_, _, _, message)| matches!(message, Message::Stem(_))).count()
}

#[test]
fn own_transactions_take_one_step_at_least() {
    let mut cluster = ring(Config { stem: Probability::ZERO, ..Config::default() }, 6);
    cluster.request(NodeId(2), TX);
    cluster.run_until(secs(5));
    assert_eq!((stems(&cluster), fluffed(&cluster)), (1, vec![(NodeId(3), Fluffed::Coin)]));
    assert_eq!(public(&cluster).len(), 6);
    assert!((0..6).all(|i| cluster.node(NodeId(i)).upper.waiting() == 0));
}

#[test]
fn a_loop_ends_the_stem() {
    let mut cluster = ring(Config { stem: Probability::ONE, ..Config::default() }, 6);
    cluster.request(NodeId(2), TX);
    cluster.run_until(secs(5));
    assert_eq!((stems(&cluster), fluffed(&cluster)), (6, vec![(NodeId(2), Fluffed::Loop)]));
    assert_eq!(public(&cluster).len(), 6);
}

/// Node 4 swallows the stem: one of those before it makes the transaction public, after ten seconds at the earliest.
#[test]
fn the_embargo_makes_up_for_a_lost_stem() {
    let mut cluster = ring(Config { stem: Probability::ONE, ..Config::default() }, 6);
    cluster.filter(|_, _, to, message| to != NodeId(4) || !matches!(message, Message::Stem(_)));
    cluster.request(NodeId(2), TX);
    cluster.run_until(secs(9));
    assert_eq!(public(&cluster), []);
    cluster.run_until(secs(200));
    let [(first, Fluffed::Embargo)] = fluffed(&cluster)[..] else { panic!("{:?}", fluffed(&cluster)) };
    assert!([2, 3].contains(&first.0));
    assert_eq!(public(&cluster).len(), 6);
}

#[test]
fn without_destinations_it_is_plain_diffusion() {
    let mut cluster = ring(Config { destinations: 0, ..Config::default() }, 4);
    cluster.request(NodeId(1), TX);
    cluster.run_until(secs(1));
    assert_eq!((stems(&cluster), public(&cluster).len()), (0, 4));
}

#[test]
fn a_full_stempool_keeps_nothing_back() {
    let mut cluster = ring(Config { stempool: 2, stem: Probability::ONE, ..Config::default() }, 3);
    for i in 0..5 {
        cluster.request(NodeId(0), Blob { id: ItemId(i), bytes: 9 });
    }
    assert!(cluster.node(NodeId(0)).upper.waiting() <= 2);
    assert_eq!(cluster.node(NodeId(0)).upper.stats().overflow, 3);
    cluster.run_until(secs(300));
    assert_eq!(public(&cluster).len(), 15);
}

#[test]
fn what_is_public_does_not_return_to_the_stem() {
    let mut cluster = ring(Config { stem: Probability::ZERO, ..Config::default() }, 4);
    cluster.request(NodeId(0), TX);
    cluster.run_until(secs(2));
    let before = cluster.sent.len();
    cluster.deliver(NodeId(1), NodeId(2), Message::Stem(TX));
    cluster.request(NodeId(0), TX);
    cluster.run_until(secs(100));
    assert_eq!((cluster.sent.len(), cluster.node(NodeId(2)).upper.stats().late), (before, 1));
}

#[test]
fn a_stem_transaction_weighs_its_frame_and_body() {
    assert_eq!(Message::Stem(TX).wire_len(), 258);
    let fluff = gossip::Message::Body(TX);
    assert_eq!(Message::Fluff(fluff.clone()).wire_len(), fluff.wire_len());
}

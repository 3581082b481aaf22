//! Groups through the contract: who gets what, how often, and what is dropped.

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Seed, Span, Stack, Time, Wire};
use astrarium_protocol_overlay::group::{
    Body, Config, Counters, Data, Event, Group, GroupId, Kind, Message, MessageId, Overlay, Request, Roster,
};
use astrarium_protocol_overlay::liveness::Pulse;
use astrarium_protocol_transport::datagram::Udp;
use proptest::prelude::*;

/// Numbers that add up on the way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sum {
    value: u64,
    signer: Option<NodeId>,
    about: Option<u64>,
}

impl Wire for Sum {
    fn wire_len(&self) -> u32 {
        8
    }
}

impl Body for Sum {
    fn is_authentic(&self, source: NodeId) -> bool {
        self.signer.is_none_or(|signer| signer == source)
    }

    fn business(&self) -> Option<u64> {
        self.about
    }

    fn merge(&mut self, other: &Self) {
        self.value += other.value;
    }
}

type Node = Stack<Group<Sum>, Udp<Message<Sum>>>;

const GROUP: GroupId = GroupId(9);
const OVERLAYS: [Overlay; 6] = [
    Overlay::Grid { row_min: 4 },
    Overlay::Kad2 { redundancy: 1 },
    Overlay::Kad2 { redundancy: 2 },
    Overlay::Mesh,
    Overlay::Star,
    Overlay::Tree { fanout: 3 },
];

fn sum(value: u64) -> Sum {
    Sum { value, signer: None, about: None }
}

fn at(seconds: u64) -> Time {
    Time::ZERO + Span::from_secs(seconds)
}

/// `members` members and one outsider, the last node.
fn cluster(config: Config, members: u32) -> Cluster<Node> {
    config.validate().unwrap();
    let config = Arc::new(config);
    let nodes = (0..=members).map(|_| Stack::new(Group::new(config.clone()), Udp::new())).collect();
    let mut cluster = Cluster::start(nodes, Span::from_millis(50), Seed(3));
    let roster = Roster::new((0..members).map(NodeId));
    for id in 0..members {
        cluster.request(NodeId(id), Request::Open { group: GROUP, roster: roster.clone() });
    }
    cluster.indications.clear();
    cluster
}

fn with(overlay: Overlay) -> Config {
    Config { overlay, ..Config::default() }
}

/// How often each node delivered.
fn deliveries(cluster: &Cluster<Node>, nodes: u32) -> Vec<usize> {
    let to = |id| cluster.indications.iter().filter(move |(_, n, e)| *n == NodeId(id) && is_delivery(e));
    (0..nodes).map(|id| to(id).count()).collect()
}

fn is_delivery(event: &Event<Sum>) -> bool {
    matches!(event, Event::Delivered { .. })
}

fn counters(cluster: &Cluster<Node>, node: u32) -> Counters {
    *cluster.node(NodeId(node)).upper.counters()
}

proptest! {
    /// I10: with no loss and nobody dead all get it, everybody once, whatever the overlay, the size and the origin.
    #[test]
    fn everybody_delivers_exactly_once(which in 0..OVERLAYS.len(), members in 1_u32..70, origin in any::<u32>()) {
        let mut cluster = cluster(with(OVERLAYS[which]), members);
        cluster.request(NodeId(origin % members), Request::Cast { group: GROUP, body: sum(1) });
        cluster.run_until(at(10));
        prop_assert!(deliveries(&cluster, members).iter().all(|&times| times == 1));
    }

    /// The same for a message from outside.
    #[test]
    fn a_message_from_outside_reaches_everybody_once(which in 0..OVERLAYS.len(), members in 1_u32..70) {
        let mut cluster = cluster(with(OVERLAYS[which]), members);
        let roster = Roster::new((0..members).map(NodeId));
        let request = Request::Enter { group: GROUP, roster, connected: None, body: sum(1) };
        cluster.request(NodeId(members), request);
        cluster.run_until(at(10));
        let mut times = deliveries(&cluster, members + 1);
        prop_assert_eq!(times.pop(), Some(0));
        prop_assert!(times.iter().all(|&times| times == 1), "{:?}", times);
    }

    /// At most once under any loss and any duplication.
    #[test]
    fn nobody_delivers_twice_under_loss_and_duplication(which in 0..OVERLAYS.len(), fate in any::<u64>()) {
        let mut cluster = cluster(with(OVERLAYS[which]), 30);
        let mut luck = Seed(fate).stream(astrarium_node::Domain::LOSS, 0, 0);
        cluster.filter(move |_, _, _, _| luck.below(10) > 1);
        cluster.request(NodeId(7), Request::Cast { group: GROUP, body: sum(1) });
        cluster.run_until(at(1));
        let again: Vec<_> = cluster.sent.clone();
        for (_, from, to, message) in again {
            cluster.deliver(from, to, message);
        }
        cluster.run_until(at(2));
        prop_assert!(deliveries(&cluster, 30).iter().all(|&times| times <= 1));
    }

    /// Contributions of all arrive at the origin exactly once, whoever casts.
    #[test]
    fn contributions_add_up(which in 0..OVERLAYS.len(), members in 1_u32..70, origin in any::<u32>()) {
        let mut cluster = cluster(with(OVERLAYS[which]), members);
        let source = NodeId(origin % members);
        for id in 0..members {
            let body = sum(u64::from(id));
            cluster.request(NodeId(id), Request::Contribute { group: GROUP, source, id: MessageId(5), body });
        }
        cluster.run_until(at(10));
        let last = cluster.indications.iter().rev().find_map(|(_, node, event)| match event {
            Event::Reduced { contributors, body, .. } => Some((*node, *contributors, body.value)),
            _ => None,
        });
        prop_assert_eq!(last, Some((source, members, u64::from(members) * u64::from(members - 1) / 2)));
    }
}

/// The grid's message counts of network specification §8 for the origin at each position, averaged by hand: with full rows of s in m rows and
/// h columns besides the origin's, (s − 1 + m − 1)·(1 + h) + (m − 1)(s − 1)(1 + h) messages. A hundred members: 99·(1 + h).
#[test]
fn a_grid_of_a_hundred_sends_99_messages_per_column_used() {
    for origin in [0, 37, 99] {
        let mut cluster = cluster(with(OVERLAYS[0]), 100);
        cluster.request(NodeId(origin), Request::Cast { group: GROUP, body: sum(1) });
        cluster.run_until(at(1));
        let heads =
            cluster.sent.iter().filter(|(.., m)| matches!(m, Message::Data(d) if d.kind == Kind::Group));
        let heads = heads.count();
        assert!((3..=4).contains(&heads), "{heads}");
        assert_eq!(cluster.sent.len(), 99 * (1 + heads));
        let hops = cluster.indications.iter().map(|(_, _, e)| match e {
            Event::Delivered { hops, .. } => u64::from(*hops),
            _ => 0,
        });
        // 18 at one hop, 81 at two.
        assert_eq!(hops.sum::<u64>(), 180);
    }
}

#[test]
fn a_spanning_tree_sends_one_message_per_member() {
    for overlay in [OVERLAYS[1], OVERLAYS[3], OVERLAYS[4], OVERLAYS[5]] {
        let mut cluster = cluster(with(overlay), 50);
        cluster.request(NodeId(11), Request::Cast { group: GROUP, body: sum(1) });
        cluster.run_until(at(10));
        assert_eq!(cluster.sent.len(), 49, "{overlay:?}");
    }
}

#[test]
fn the_same_business_is_delivered_once_whoever_says_it() {
    let mut cluster = cluster(with(OVERLAYS[0]), 20);
    for origin in [3, 4] {
        let body = Sum { about: Some(77), ..sum(1) };
        cluster.request(NodeId(origin), Request::Cast { group: GROUP, body });
        cluster.run_until(at(u64::from(origin)));
    }
    // The second origin delivers its own all the same: it asked for it.
    assert_eq!(deliveries(&cluster, 20).iter().sum::<usize>(), 21);
}

fn data(kind: Kind, source: u32) -> Data<Sum> {
    let source = NodeId(source);
    Data { kind, group: GROUP, source, id: MessageId(1), expiry: at(60), hops: 0, body: sum(1) }
}

#[test]
fn what_cannot_be_is_dropped_and_counted_by_cause() {
    let mut cluster = cluster(with(OVERLAYS[0]), 20);
    let outsider = NodeId(20);
    let mut expect = Counters::default();
    let mut tell = |from: NodeId, data: Data<Sum>, expect: &Counters| {
        cluster.deliver(from, NodeId(0), Message::Data(data));
        assert_eq!(counters(&cluster, 0), *expect);
    };
    expect.unknown_group += 1;
    tell(NodeId(1), Data { group: GroupId(8), ..data(Kind::Row, 1) }, &expect);
    expect.foreign += 1;
    tell(outsider, data(Kind::Group, 1), &expect);
    expect.forged += 1;
    tell(NodeId(1), Data { body: Sum { signer: Some(NodeId(4)), ..sum(1) }, ..data(Kind::Row, 1) }, &expect);
    // A leaf has one contribution, not two; nobody has none; and the same one is not counted twice.
    for contributors in [0, 2, u32::MAX] {
        expect.malformed += 1;
        tell(NodeId(5), data(Kind::Up { contributors }, 0), &expect);
    }
    tell(NodeId(5), data(Kind::Up { contributors: 1 }, 0), &expect);
    expect.malformed += 1;
    tell(NodeId(5), data(Kind::Up { contributors: 1 }, 0), &expect);
    expect.delivered += 1;
    tell(NodeId(1), data(Kind::Row, 1), &expect);
    expect.duplicates += 1;
    tell(NodeId(1), data(Kind::Row, 1), &expect);
    cluster.run_until(at(61));
    cluster.deliver(NodeId(1), NodeId(0), Message::Data(data(Kind::Row, 1)));
    expect.expired += 1;
    assert_eq!(counters(&cluster, 0), expect);
}

#[test]
fn groups_are_bounded_and_only_for_members() {
    let mut cluster = cluster(Config { groups_max: 2, ..Config::default() }, 4);
    let roster = Roster::new((0..4).map(NodeId));
    for group in 10..12 {
        cluster.request(NodeId(0), Request::Open { group: GroupId(group), roster: roster.clone() });
    }
    cluster.request(NodeId(4), Request::Open { group: GroupId(10), roster });
    cluster.request(NodeId(0), Request::Close { group: GroupId(10) });
    cluster.request(NodeId(0), Request::Cast { group: GroupId(10), body: sum(1) });
    let events: Vec<_> = cluster.indications.iter().map(|(_, node, event)| (node.0, event.clone())).collect();
    let expected = [
        (0, Event::Ready { group: GroupId(10) }),
        (0, Event::Declined { group: GroupId(11) }),
        (4, Event::Declined { group: GroupId(10) }),
    ];
    assert_eq!(events, expected);
    assert_eq!(counters(&cluster, 0).unknown_group, 1);
}

/// Inner node 1 of a tree with fan-out 3 falls silent. After three pulses its parent reaches its children directly, and they
/// answer their grandparent.
#[test]
fn a_dead_inner_node_is_bridged_once_it_is_suspected() {
    let config = Config { pulse: Some(Span::from_secs(5)), ..with(Overlay::Tree { fanout: 3 }) };
    let mut cluster = cluster(config, 40);
    let dead = NodeId(1);
    cluster.filter(move |_, from, to, _| from != dead && to != dead);
    let reach = |cluster: &mut Cluster<Node>, until| {
        cluster.indications.clear();
        cluster.request(NodeId(0), Request::Cast { group: GROUP, body: sum(1) });
        cluster.run_until(until);
        deliveries(cluster, 40).iter().sum::<usize>()
    };
    // Its subtree: 1, three children, nine grandchildren.
    assert_eq!(reach(&mut cluster, at(1)), 40 - 13);
    cluster.run_until(at(60));
    assert_eq!(reach(&mut cluster, at(61)), 39);
    cluster.indications.clear();
    for id in (0..40).filter(|&id| id != dead.0) {
        let (source, id, node) = (NodeId(0), MessageId(5), NodeId(id));
        cluster.request(node, Request::Contribute { group: GROUP, source, id, body: sum(1) });
    }
    cluster.run_until(at(70));
    let most = cluster.indications.iter().filter_map(|(_, _, event)| match event {
        Event::Reduced { contributors, .. } => Some(*contributors),
        _ => None,
    });
    assert_eq!(most.max(), Some(39));
}

/// Without pulses an inner node gives up on a silent child after a level's time, and what comes later still goes up.
#[test]
fn late_contributions_go_up_by_themselves() {
    let mut cluster = cluster(with(Overlay::Tree { fanout: 2 }), 7);
    let contribute = |cluster: &mut Cluster<Node>, id: u32| {
        let (source, cast) = (NodeId(0), MessageId(5));
        cluster.request(NodeId(id), Request::Contribute { group: GROUP, source, id: cast, body: sum(1) });
    };
    (0..6).for_each(|id| contribute(&mut cluster, id));
    cluster.run_until(at(5));
    contribute(&mut cluster, 6);
    cluster.run_until(at(6));
    let told: Vec<u32> = cluster
        .indications
        .iter()
        .filter_map(|(_, _, event)| match event {
            Event::Reduced { contributors, .. } => Some(*contributors),
            _ => None,
        })
        .collect();
    assert_eq!(told.last(), Some(&7), "{told:?}");
    assert_eq!(counters(&cluster, 2).late, 1);
}

#[test]
fn pulses_weigh_24_bytes_and_messages_165_and_their_body() {
    assert_eq!(Message::<Sum>::Pulse(Pulse { view: 0, seq: 0 }).wire_len(), 24);
    assert_eq!(Message::Data(data(Kind::Row, 1)).wire_len(), 173);
}

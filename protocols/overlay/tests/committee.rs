//! Rounds of a committee through the contract.

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Seed, Span, Stack, Time, Wire};
use astrarium_protocol_overlay::group::committee::{Ballot, Committee, Event, Request};
use astrarium_protocol_overlay::group::{
    Config, Data, Group, GroupId, Kind, Message, MessageId, Overlay, Request as Below, Roster,
};
use astrarium_protocol_transport::datagram::Udp;

type Node = Stack<Committee, Stack<Group<Ballot>, Udp<Message<Ballot>>>>;

const GROUP: GroupId = GroupId(1);
const MEMBERS: u32 = 10;

fn cluster(overlay: Overlay) -> Cluster<Node> {
    let config = Arc::new(Config { overlay, ..Config::default() });
    let node = |_| Stack::new(Committee::new(), Stack::new(Group::new(config.clone()), Udp::new()));
    let nodes = (0..=MEMBERS).map(node).collect();
    let mut cluster = Cluster::start(nodes, Span::from_millis(50), Seed(1));
    let roster = Roster::new((0..MEMBERS).map(NodeId));
    for id in 0..MEMBERS {
        let open = Below::Open { group: GROUP, roster: roster.clone() };
        cluster.request(NodeId(id), Request::Group(open));
    }
    cluster
}

fn lead(cluster: &mut Cluster<Node>, leader: u32, quorum: u32) {
    let request = Request::Lead { group: GROUP, round: 7, phases: 3, quorum, bytes: 500 };
    cluster.request(NodeId(leader), request);
}

/// (milliseconds, phase) of what leaders report.
fn passed(cluster: &Cluster<Node>) -> Vec<(u64, u8)> {
    let of = |(at, _, event): &(Time, NodeId, Event)| match event {
        Event::Passed { round: 7, phase } => Some((at.as_nanos() / 1_000_000, *phase)),
        _ => None,
    };
    cluster.indications.iter().filter_map(of).collect()
}

#[test]
fn a_phase_takes_a_way_out_and_a_way_back() {
    for overlay in [Overlay::Star, Overlay::Mesh] {
        let mut cluster = cluster(overlay);
        lead(&mut cluster, 3, 7);
        cluster.run_until(Time::ZERO + Span::from_secs(5));
        assert_eq!(passed(&cluster), [(100, 0), (200, 1), (300, 2)], "{overlay:?}");
    }
    // Two levels: two ways out, two back; inner nodes wait for all below them.
    let mut cluster = cluster(Overlay::Tree { fanout: 3 });
    lead(&mut cluster, 3, 10);
    cluster.run_until(Time::ZERO + Span::from_secs(5));
    assert_eq!(passed(&cluster), [(200, 0), (400, 1), (600, 2)]);
}

#[test]
fn without_a_quorum_nothing_passes() {
    let mut cluster = cluster(Overlay::Star);
    // Six of ten can be heard, the leader included.
    cluster.filter(|_, from, to, _| from.0 < 6 && to.0 < 6);
    lead(&mut cluster, 3, 7);
    cluster.run_until(Time::ZERO + Span::from_secs(60));
    assert_eq!(passed(&cluster), []);
    lead(&mut cluster, 3, 6);
    cluster.run_until(Time::ZERO + Span::from_secs(120));
    assert_eq!(passed(&cluster).len(), 3);
}

#[test]
fn one_member_does_not_make_a_quorum_by_repeating_itself() {
    let mut cluster = cluster(Overlay::Star);
    cluster.filter(|_, _, to, _| to == NodeId(4));
    lead(&mut cluster, 3, 3);
    cluster.run_until(Time::ZERO + Span::from_secs(1));
    let answer = |m: &Message<Ballot>| matches!(m, Message::Data(Data { kind: Kind::Up { .. }, .. }));
    let (_, from, to, message) = cluster.sent.iter().find(|(.., m)| answer(m)).cloned().unwrap();
    for _ in 0..5 {
        cluster.deliver(from, to, message.clone());
    }
    assert_eq!(passed(&cluster), []);
    let counters = *cluster.node(NodeId(3)).lower.upper.counters();
    assert_eq!(counters.malformed, 4);
}

#[test]
fn petitions_in_a_foreign_name_cost_a_check_and_go_no_further() {
    let mut cluster = cluster(Overlay::Star);
    let petition = |signer| {
        Message::Data(Data {
            kind: Kind::Enter,
            group: GROUP,
            source: NodeId(MEMBERS),
            id: MessageId(signer),
            expiry: Time::ZERO + Span::from_secs(60),
            hops: 0,
            body: Ballot::Petition { number: 1, signer: NodeId(signer as u32), bytes: 10 },
        })
    };
    cluster.deliver(NodeId(MEMBERS), NodeId(0), petition(5));
    assert_eq!((cluster.node(NodeId(0)).lower.upper.counters().forged, cluster.sent.len()), (1, 0));
    cluster.deliver(NodeId(MEMBERS), NodeId(0), petition(u64::from(MEMBERS)));
    assert_eq!(cluster.sent.len(), 9);
}

#[test]
fn ballots_weigh_what_their_fields_do() {
    let signer = NodeId(1);
    assert_eq!(Ballot::Proposal { round: 1, phase: 0, signer, bytes: 600 }.wire_len(), 706);
    assert_eq!(Ballot::Answer { round: 1, phase: 0 }.wire_len(), 121);
    assert_eq!(
        Ballot::Petition { number: 1, signer, bytes: 16 }.wire_len(),
        Ballot::Answer { round: 1, phase: 0 }.wire_len()
    );
}

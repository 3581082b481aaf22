//! Joiners, seeds and members over bare datagrams, driven by hand.

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Seed, Span, Stack, Time};
use astrarium_protocol_transport::datagram::Udp;

use super::*;

type Node = Stack<Bootstrap, Udp<Message>>;

const TRUE: ChainSpace = ChainSpace { tip: 1, height: 10 };
const FALSE: ChainSpace = ChainSpace { tip: 2, height: 99 };

fn config(genesis: u64, quorum: usize) -> Arc<Config> {
    let (timeout, retry) = (Span::from_secs(1), Span::from_secs(10));
    Arc::new(Config { genesis, quorum, timeout, retry, attempts: 3, probe: true })
}

/// Node 0 joins by nodes 1 to 3, which follow these chain spaces; node 4, in the segment of node 0, is a member.
fn cluster(spaces: [Option<ChainSpace>; 3], genesis: u64) -> Cluster<Node> {
    let member = |space| Some(Membership { contacts: Arc::new([NodeId(9)]), space });
    let nobody: Arc<[NodeId]> = Arc::new([]);
    let seed = |space: Option<ChainSpace>| {
        Bootstrap::new(config(genesis, 2), nobody.clone(), nobody.clone(), space.and_then(member))
    };
    let mut nodes =
        vec![Bootstrap::new(config(7, 2), (1..4).map(NodeId).collect(), Arc::new([NodeId(4)]), None)];
    nodes.extend(spaces.map(seed));
    nodes.push(Bootstrap::new(config(7, 2), nobody.clone(), nobody.clone(), member(TRUE)));
    let stacks = nodes.into_iter().map(|node| Stack::new(node, Udp::new())).collect();
    Cluster::start(stacks, Span::from_millis(50), Seed(3))
}

fn run(mut cluster: Cluster<Node>) -> (Cluster<Node>, Vec<Event>) {
    cluster.run_until(Time::ZERO + Span::from_secs(100));
    let of_joiner = |(_, node, event): &(Time, NodeId, Event)| (*node == NodeId(0)).then(|| event.clone());
    let events = cluster.indications.iter().filter_map(of_joiner).collect();
    (cluster, events)
}

#[test]
fn the_majority_of_three_seeds_is_kept_and_then_told_to_others() {
    let (mut cluster, events) = run(cluster([Some(TRUE), Some(FALSE), Some(TRUE)], 7));
    let [Event::Joined { contacts, space, way, took }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&contacts[..], *space, *way), (&[NodeId(1), NodeId(3), NodeId(9)][..], TRUE, Way::Seeds));
    assert_eq!(*took, Span::from_millis(100), "one round trip");
    cluster.deliver(NodeId(4), NodeId(0), Message::Request { genesis: 7 });
    let told = cluster.sent.last().unwrap();
    assert!(matches!(&told.3, Message::Response { contacts, space: TRUE, .. } if contacts[0] == NodeId(0)));
}

#[test]
fn one_answer_is_not_enough_and_ties_decide_nothing() {
    for (spaces, want) in [
        ([Some(TRUE), None, None], Failure::NoAnswer),
        ([Some(TRUE), Some(FALSE), None], Failure::Contradiction),
    ] {
        let (cluster, events) = run(cluster(spaces, 7));
        let failed = |last| Event::Failed { why: want, last };
        assert_eq!(events, [failed(false), failed(false), failed(true)]);
        assert_eq!(cluster.node(NodeId(0)).upper.membership(), None);
    }
}

#[test]
fn without_seeds_of_the_same_chain_only_the_segment_helps() {
    let (_, events) = run(cluster([Some(FALSE); 3], 8));
    let [Event::Joined { space: TRUE, way: Way::Segment, .. }] = &events[..] else { panic!("{events:?}") };
    let mut alone = cluster([None; 3], 7);
    alone.filter(|_, _, to, _| to != NodeId(4));
    let (_, events) = run(alone);
    assert_eq!(events.last(), Some(&Event::Failed { why: Failure::NoAnswer, last: true }));
}

#[test]
fn answers_nobody_asked_for_are_dropped_and_counted() {
    let mut cluster = cluster([None, None, None], 7);
    let lie = || Message::Response { genesis: 7, contacts: Arc::new([NodeId(u32::MAX)]), space: FALSE };
    cluster.deliver(NodeId(2), NodeId(0), lie());
    cluster.call(NodeId(0), |node, cx| {
        astrarium_node::Layer::on_timer(node, astrarium_node::StackTimer::Upper(Timer::Retry), cx)
    });
    // A stranger, a seed twice, and a seed of another chain.
    cluster.deliver(NodeId(4), NodeId(0), lie());
    cluster.deliver(NodeId(2), NodeId(0), lie());
    cluster.deliver(NodeId(2), NodeId(0), lie());
    cluster.deliver(
        NodeId(3),
        NodeId(0),
        Message::Response { genesis: 8, contacts: Arc::new([]), space: FALSE },
    );
    assert_eq!(cluster.node(NodeId(0)).upper.dropped(), 4);
    assert_eq!(cluster.node(NodeId(0)).upper.membership(), None, "one seed is not a majority");
}

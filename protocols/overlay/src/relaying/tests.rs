//! Conversations of a client, relays and a collector.

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Seed, Span, Stack, Time, Wire};
use astrarium_protocol_transport::datagram::Udp;

use super::*;

type Node = Stack<Relaying, Udp<Message>>;

/// Node 0 collects, 1 to 4 relay, 5 to 7 are clients.
const COLLECTOR: NodeId = NodeId(0);
const CHALLENGE: u64 = 77;

fn ms(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

fn cluster(from: WindowFrom) -> Cluster<Node> {
    let config = Arc::new(Config {
        committee: [COLLECTOR].into(),
        relays: (1..5).map(NodeId).collect(),
        tries: 3,
        retry: Span::from_millis(100),
        window: Span::from_millis(50),
        from,
        candidates_max: 3,
    });
    let nodes = (0..8).map(|_| Stack::new(Relaying::new(config.clone()), Udp::new())).collect();
    Cluster::start(nodes, Span::from_millis(10), Seed(3))
}

fn collect(cluster: &mut Cluster<Node>) {
    cluster.request(COLLECTOR, Request::Collect { round: 1, challenge: CHALLENGE });
}

fn submit(cluster: &mut Cluster<Node>, client: u32) {
    let request = Request::Submit { round: 1, challenge: CHALLENGE, collector: COLLECTOR, bytes: 100 };
    cluster.request(NodeId(client), request);
}

fn events(cluster: &Cluster<Node>, node: u32) -> Vec<(Time, Event)> {
    cluster.indications.iter().filter(|(_, id, _)| id.0 == node).map(|(at, _, event)| (*at, *event)).collect()
}

#[test]
fn a_candidate_goes_over_a_relay_and_the_collector_confirms_it_itself() {
    let mut cluster = cluster(WindowFrom::Start);
    collect(&mut cluster);
    submit(&mut cluster, 5);
    cluster.run_until(ms(500));
    assert_eq!(events(&cluster, 5), [(ms(30), Event::Confirmed { round: 1, tries: 1 })]);
    let candidate = Candidate::new(1, CHALLENGE, NodeId(5), 100);
    let chosen = Event::Chosen { round: 1, origin: NodeId(5), ticket: candidate.ticket, among: 1 };
    assert_eq!(events(&cluster, 0), [(ms(20), Event::Arrived { candidate, late: false }), (ms(50), chosen)]);
    assert_eq!(cluster.sent.len(), 3);
    let sizes: Vec<u32> = cluster.sent.iter().map(|(.., message)| message.wire_len()).collect();
    assert_eq!(sizes, [328, 296, 113]);
}

/// The first two relays drop it: a hundred milliseconds each. No relay is tried twice.
#[test]
fn a_client_tries_other_relays_until_one_works() {
    let mut cluster = cluster(WindowFrom::Start);
    let mut dropped = 0;
    cluster.filter(move |_, _, _, message| {
        let drop = matches!(message, Message::Forward(_)) && dropped < 2;
        dropped += u32::from(drop);
        !drop
    });
    collect(&mut cluster);
    submit(&mut cluster, 5);
    cluster.run_until(ms(900));
    assert_eq!(events(&cluster, 5), [(ms(230), Event::Confirmed { round: 1, tries: 3 })]);
    let mut tried: Vec<NodeId> =
        cluster.sent.iter().filter(|(_, from, ..)| from.0 == 5).map(|(_, _, to, _)| *to).collect();
    tried.sort();
    tried.dedup();
    assert_eq!(tried.len(), 3);
    // The window was over and empty: the first candidate is the choice.
    assert!(
        matches!(events(&cluster, 0)[..], [(_, Event::Arrived { late: false, .. }), (at, Event::Chosen { .. })] if at == ms(220))
    );
}

#[test]
fn a_client_gives_up_when_all_its_relays_have_failed() {
    let mut cluster = cluster(WindowFrom::Start);
    cluster.filter(|_, _, _, message| !matches!(message, Message::Forward(_)));
    submit(&mut cluster, 5);
    cluster.run_until(ms(900));
    assert_eq!(events(&cluster, 5), [(ms(300), Event::GaveUp { round: 1 })]);
    assert_eq!(cluster.sent.iter().filter(|(_, from, ..)| from.0 == 5).count(), 3);
}

/// Clients 5, 6, 7 send at 0, 40 and 60 ms; candidates take 20 ms. A window of 50 ms from the start sees the first, one from the first
/// arrival (70 ms) the first two.
#[test]
fn the_least_ticket_within_the_window_is_chosen_and_later_ones_are_late() {
    for (from, seen) in [(WindowFrom::Start, &[5_u32][..]), (WindowFrom::First, &[5, 6])] {
        let mut cluster = cluster(from);
        collect(&mut cluster);
        for (at, client) in [(0, 5), (40, 6), (60, 7)] {
            cluster.run_until(ms(at));
            submit(&mut cluster, client);
        }
        cluster.run_until(ms(400));
        let ticket = |client: &u32| (Candidate::ticket_of(CHALLENGE, NodeId(*client)), *client);
        let best = seen.iter().map(ticket).min().unwrap().1;
        let chosen = events(&cluster, 0).into_iter().find_map(|(_, event)| match event {
            Event::Chosen { origin, among, .. } => Some((origin.0, among as usize)),
            _ => None,
        });
        assert_eq!(chosen, Some((best, seen.len())), "{from:?}");
        let late = events(&cluster, 0)
            .iter()
            .filter(|(_, e)| matches!(e, Event::Arrived { late: true, .. }))
            .count();
        assert_eq!(late, 3 - seen.len());
        assert!((5..8).all(|client| matches!(events(&cluster, client)[..], [(_, Event::Confirmed { .. })])));
    }
}

#[test]
fn what_is_forged_misdirected_repeated_or_too_much_is_dropped_and_counted() {
    let mut cluster = cluster(WindowFrom::Start);
    collect(&mut cluster);
    let good = Candidate::new(1, CHALLENGE, NodeId(5), 100);
    let bad = [
        Candidate { ticket: 0, ..good },
        Candidate { origin: NodeId(6), ..good },
        Candidate::new(1, CHALLENGE + 1, NodeId(5), 100),
        Candidate { round: 2, ..good },
        good,
        good,
        Candidate::new(1, CHALLENGE, NodeId(6), 100),
        Candidate::new(1, CHALLENGE, NodeId(7), 100),
        Candidate::new(1, CHALLENGE, NodeId(4), 100),
    ];
    for candidate in bad {
        cluster.deliver(NodeId(5), COLLECTOR, Message::Forward(candidate));
    }
    let expected = Counters { forged: 3, unknown: 1, duplicates: 1, crowded: 1, ..Counters::default() };
    assert_eq!(*cluster.node(COLLECTOR).upper.counters(), expected);
    cluster.deliver(NodeId(5), NodeId(1), Message::Submit { to: NodeId(7), candidate: good });
    assert_eq!(cluster.node(NodeId(1)).upper.counters().misdirected, 1);
    // A receipt from somebody else, or for nothing, changes nothing.
    submit(&mut cluster, 5);
    cluster.deliver(NodeId(2), NodeId(5), Message::Receipt { round: 1 });
    cluster.deliver(COLLECTOR, NodeId(5), Message::Receipt { round: 9 });
    assert!(events(&cluster, 5).is_empty());
    assert_eq!(cluster.node(NodeId(5)).upper.counters().unknown, 2);
}

#[test]
fn rounds_under_way_are_bounded() {
    let mut cluster = cluster(WindowFrom::Start);
    for round in 0..100 {
        let request = Request::Submit { round, challenge: CHALLENGE, collector: COLLECTOR, bytes: 1 };
        cluster.request(NodeId(5), request);
        cluster.request(COLLECTOR, Request::Collect { round, challenge: CHALLENGE });
    }
    assert_eq!(events(&cluster, 5).len(), 84);
    cluster.run_until(ms(900));
    assert_eq!(events(&cluster, 5).iter().filter(|(_, e)| matches!(e, Event::Confirmed { .. })).count(), 16);
}

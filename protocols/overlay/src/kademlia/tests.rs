//! Nodes among nodes, over bare datagrams, driven by hand.

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Seed, Span, Stack, Time};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_protocol_transport::rudp::{self, Rudp};

use super::*;

type Node = Stack<Kademlia, Udp<Message>>;

const RTT: Span = Span::from_millis(100);

fn directory(n: usize) -> Directory {
    Directory::new((0..n).map(|i| Id::hash(&i.to_le_bytes())).collect())
}

/// Nodes that know nothing but node 0.
fn strangers(n: usize, config: &Config) -> Cluster<Node> {
    let make = Kademlia::maker(config.clone(), directory(n)).unwrap();
    let seeds: Arc<[NodeId]> = Arc::new([NodeId(0)]);
    let nodes = (0..n).map(|_| Stack::new(make(Arc::clone(&seeds), Table::new()), Udp::new()));
    Cluster::start(nodes.collect(), Span::from_nanos(RTT.as_nanos() / 2), Seed(7))
}

fn seconds(s: u64) -> Time {
    Time::ZERO + Span::from_secs(s)
}

fn found(cluster: &Cluster<Node>) -> Vec<Found> {
    let found = |(_, _, event): &(Time, NodeId, Event)| match event {
        Event::Found(found) => Some(found.clone()),
        _ => None,
    };
    cluster.indications.iter().filter_map(found).collect()
}

fn lookup(cluster: &mut Cluster<Node>, from: u32, query: u64, to: u32) {
    cluster.request(NodeId(from), Request::Lookup { query, target: Target::Node(NodeId(to)) });
}

#[test]
fn strangers_join_by_one_seed_and_find_each_other() {
    for config in [Config::zv(), Config::std()] {
        let n = 60;
        let mut cluster = strangers(n, &config);
        cluster.run_until(seconds(400));
        for id in (0..n).map(NodeId::from) {
            let node = &cluster.node(id).upper;
            assert_eq!(node.table().flaw(id, &directory(n), &config), None);
            assert!(node.table().len() >= 30, "{id} knows {}", node.table().len());
        }
        for query in 0..n as u64 {
            lookup(&mut cluster, query as u32, query, (query as u32 * 7 + 13) % n as u32);
        }
        cluster.run_until(seconds(420));
        let found = found(&cluster);
        assert_eq!(found.len(), n);
        for Found { query, contacts, rpcs, failures, .. } in found {
            let target = NodeId((query as u32 * 7 + 13) % n as u32);
            let own = target == NodeId(query as u32);
            assert!(own || contacts.first() == Some(&target), "lookup {query}");
            assert!(rpcs as usize >= contacts.len() && failures == 0);
        }
        assert!(
            (0..n).all(|i| cluster.node(NodeId::from(i)).upper.lookups() <= 1),
            "only a refresh may be under way"
        );
    }
}

#[test]
fn a_lookup_without_anybody_up_ends_after_one_timeout_per_contact() {
    let config = Config { alpha: 1, maintain: false, ..Config::zv() };
    let make = Kademlia::maker(config.clone(), directory(3)).unwrap();
    let node = |contacts: &[u32]| {
        let mut table = Table::new();
        let mut contacts: Vec<(u8, NodeId)> = contacts
            .iter()
            .map(|&c| {
                let apart =
                    directory(3).key(NodeId(0)).unwrap().distance(directory(3).key(NodeId(c)).unwrap());
                (Table::bucket(apart.log2().unwrap(), config.buckets), NodeId(c))
            })
            .collect();
        contacts.sort_by_key(|&(bucket, _)| std::cmp::Reverse(bucket));
        for run in contacts.chunk_by(|a, b| a.0 == b.0) {
            table.append(run[0].0, &run.iter().map(|c| c.1).collect::<Vec<_>>());
        }
        Stack::new(make(Arc::new([]), table), Udp::new())
    };
    let mut cluster = Cluster::start(vec![node(&[1, 2]), node(&[]), node(&[])], RTT, Seed(1));
    cluster.filter(|_, _, _, _| false);
    lookup(&mut cluster, 0, 5, 1);
    cluster.run_until(seconds(10));
    let found = found(&cluster);
    assert_eq!((found.len(), found[0].contacts.len(), found[0].failures), (1, 0, 2));
    assert_eq!(found[0].took, Span::from_secs(1), "two timeouts of half a second, one after the other");
}

#[test]
fn what_was_not_asked_for_is_dropped_and_counted() {
    let mut cluster = strangers(3, &Config { maintain: false, ..Config::zv() });
    let contacts: Arc<[NodeId]> = (0..20).map(|i| NodeId(4_000_000_000 + i)).collect();
    let forged = Message::Neighbours { exchange: 0, contacts };
    cluster.deliver(NodeId(2), NodeId(1), forged.clone());
    cluster.deliver(NodeId(2), NodeId(1), Message::Pong { verified: true, accepted: true });
    let dropped = cluster.node(NodeId(1)).upper.dropped();
    assert_eq!((dropped.unsolicited, dropped.unknown_contact), (2, 0));

    // The same contacts in an answer that was asked for.
    cluster.request(NodeId(1), Request::Join { contacts: Arc::new([NodeId(2)]) });
    cluster.deliver(NodeId(2), NodeId(1), Message::Pong { verified: true, accepted: true });
    cluster.deliver(NodeId(0), NodeId(1), forged.clone());
    cluster.deliver(
        NodeId(2),
        NodeId(1),
        Message::Neighbours { exchange: 1, contacts: (0..20).map(|i| NodeId(4_000_000_000 + i)).collect() },
    );
    let dropped = cluster.node(NodeId(1)).upper.dropped();
    assert_eq!((dropped.unsolicited, dropped.unknown_contact, dropped.too_many), (3, 16, 4));
    assert!(cluster.node(NodeId(1)).upper.table().is_empty(), "tables without upkeep stay as they are");
}

#[test]
fn a_restarted_node_has_forgotten_all_and_proves_itself_again() {
    let mut cluster = strangers(2, &Config::zv());
    cluster.run_until(seconds(20));
    assert!(cluster.node(NodeId(1)).upper.table().get(NodeId(0)).is_some_and(|c| c.bonded));
    let before = cluster.sent.len();
    cluster.call(NodeId(1), astrarium_node::Layer::on_restart);
    assert!(cluster.node(NodeId(1)).upper.table().is_empty());
    cluster.run_until(seconds(60));
    assert!(cluster.node(NodeId(1)).upper.table().get(NodeId(0)).is_some());
    let auth = |m: &Message| matches!(m, Message::Ping { auth: true, .. });
    assert!(cluster.sent[before..].iter().any(|(_, from, _, m)| *from == NodeId(1) && auth(m)));
}

#[test]
fn neighbours_stay_within_their_limits_on_both_sides() {
    let n = 40;
    let config = Config { neighbours: Some((4, 8)), ..Config::zv() };
    let mut cluster = strangers(n, &config);
    cluster.run_until(seconds(200));
    let present = |id: usize| cluster.node(NodeId::from(id)).upper.neighbours().present().to_vec();
    for id in 0..n {
        let mine = present(id);
        assert!((4..=8).contains(&mine.len()), "node {id} has {} neighbours", mine.len());
        for peer in mine {
            assert!(present(peer.index()).contains(&NodeId::from(id)), "{peer} does not know of it");
        }
    }
}

/// The same layer over sessions, of which every twentieth packet is lost: nothing is missed, because the transport repeats.
#[test]
fn over_reliable_sessions_loss_is_invisible() {
    type Reliable = Stack<Kademlia, Rudp<Message>>;
    let n = 30;
    let config = Config { rpc_timeout: Span::from_secs(5), ..Config::std() };
    let make = Kademlia::maker(config, directory(n)).unwrap();
    let transport = || Rudp::new(rudp::Config::profile(rudp::Profile::KcpTurbo));
    let nodes = (0..n).map(|_| Stack::new(make(Arc::new([NodeId(0)]), Table::new()), transport()));
    let mut cluster: Cluster<Reliable> = Cluster::start(nodes.collect(), Span::from_millis(50), Seed(9));
    let mut packets = 0_u64;
    cluster.filter(move |_, _, _, _| {
        packets += 1;
        !u64::is_multiple_of(packets, 20)
    });
    cluster.run_until(seconds(60));
    for query in 0..n as u64 {
        let target = Target::Node(NodeId((query as u32 + 7) % n as u32));
        cluster.request(NodeId(query as u32), Request::Lookup { query, target });
    }
    cluster.run_until(seconds(90));
    let mut found = 0;
    for (_, _, event) in &cluster.indications {
        if let Event::Found(Found { target: Target::Node(target), contacts, failures, .. }) = event {
            assert_eq!((contacts.first(), *failures), (Some(target), 0));
            found += 1;
        }
    }
    assert_eq!(found, n);
}

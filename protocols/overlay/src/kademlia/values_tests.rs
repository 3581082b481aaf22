//! Put and get among nodes over bare datagrams, driven by hand.

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Seed, Span, Stack, Time};
use astrarium_protocol_transport::datagram::Udp;

use super::*;

type Node = Stack<Kademlia, Udp<Message>>;

const N: usize = 60;

fn directory() -> Directory {
    Directory::new((0..N).map(|i| Id::hash(&i.to_le_bytes())).collect())
}

fn seconds(s: u64) -> Time {
    Time::ZERO + Span::from_secs(s)
}

/// Nodes that have joined by node 0 and know each other, at 400 s.
fn joined(config: &Config) -> Cluster<Node> {
    let make = Kademlia::maker(config.clone(), directory()).unwrap();
    let seeds: Arc<[NodeId]> = Arc::new([NodeId(0)]);
    let nodes = (0..N).map(|_| Stack::new(make(Arc::clone(&seeds), Table::new()), Udp::new()));
    let mut cluster = Cluster::start(nodes.collect(), Span::from_millis(50), Seed(7));
    cluster.run_until(seconds(400));
    cluster
}

fn put(cluster: &mut Cluster<Node>, node: u32, record: Record) {
    cluster.request(NodeId(node), Request::Put { query: 1, record });
    cluster.run_until(cluster.now() + Span::from_secs(10));
}

/// What `node` gets for a key.
fn get(cluster: &mut Cluster<Node>, node: u32, key: Id) -> Got {
    cluster.request(NodeId(node), Request::Get { query: 2, key });
    cluster.run_until(cluster.now() + Span::from_secs(20));
    let got = cluster.indications.iter().rev().find_map(|(_, _, event)| match event {
        Event::Got(got) => Some(got.clone()),
        _ => None,
    });
    got.unwrap()
}

/// Nodes by their distance from a key.
fn nearest(key: Id) -> Vec<NodeId> {
    let mut all: Vec<NodeId> = (0..N).map(NodeId::from).collect();
    all.sort_by_key(|&node| directory().key(node).unwrap().distance(key));
    all
}

fn holders(cluster: &Cluster<Node>, key: Id) -> Vec<NodeId> {
    let holds = |&node: &NodeId| cluster.node(node).upper.holds(key, cluster.now()).is_some();
    nearest(key).into_iter().filter(holds).collect()
}

fn stores(cluster: &Cluster<Node>) -> usize {
    cluster.sent.iter().filter(|(_, _, _, m)| matches!(m, Message::Store { .. })).count()
}

const RECORD: fn() -> Record = || Record::new(42, 1_000);

#[test]
fn a_record_is_held_by_the_k_nearest_and_found_by_all() {
    let config = Config { republish: None, record_life: Span::from_secs(3_000), ..Config::std() };
    let mut cluster = joined(&config);
    let key = RECORD().key;
    put(&mut cluster, 5, RECORD());
    let near = &nearest(key)[..20];
    let expected: Vec<NodeId> =
        if near.contains(&NodeId(5)) { nearest(key)[..21].to_vec() } else { near.to_vec() };
    assert_eq!(holders(&cluster, key), expected);
    assert!(cluster.indications.iter().any(|(_, node, event)| *node == NodeId(5)
        && matches!(event, Event::Stored { holders, .. } if *holders as usize == expected.len())));
    for node in 0..N as u32 {
        let got = get(&mut cluster, node, key);
        assert_eq!((got.record, got.failures), (Some(RECORD()), 0), "node {node}");
        assert_eq!(got.rpcs == 0, holders(&cluster, key).contains(&NodeId(node)), "who holds it asks nobody");
    }
    cluster.run_until(seconds(3_411));
    let got = get(&mut cluster, 3, key);
    assert_eq!(
        (got.record, got.rpcs >= 20),
        (None, true),
        "it has expired, and all of the nearest were asked"
    );
}

/// Half of the holders are gone; the others put it again, at those that are nearest now.
#[test]
fn republishing_heals_and_only_one_holder_does_it() {
    let config = Config { republish: Some(Span::from_secs(300)), check: Span::from_secs(2), ..Config::std() };
    let mut cluster = joined(&config);
    let key = RECORD().key;
    put(&mut cluster, 5, RECORD());
    let before = stores(&cluster);
    cluster.run_until(seconds(3_410));
    let rounds = (stores(&cluster) - before) as f64 / 20.0;
    // The 20 holders wait for 300 to 375 s; the first one's lookup takes one, in which another's time may come.
    assert!((8.0..=15.0).contains(&rounds), "{rounds} in ten intervals");
    let gone: Vec<NodeId> = nearest(key)[..10].to_vec();
    let down = gone.clone();
    cluster.filter(move |_, from, to, _| !down.contains(&from) && !down.contains(&to));
    cluster.run_until(seconds(4_400));
    let alive: Vec<NodeId> = nearest(key).into_iter().filter(|node| !gone.contains(node)).collect();
    let holding = holders(&cluster, key);
    assert!(alive[..20].iter().all(|node| holding.contains(node)), "{holding:?}");
}

#[test]
fn forged_and_unasked_records_are_dropped_and_counted() {
    let mut cluster = joined(&Config { records: 2, ..Config::std() });
    let forged = Record { content: 43, ..RECORD() };
    let life = Span::from_secs(100);
    let to = NodeId(1);
    let base = cluster.node(to).upper.dropped();
    cluster.deliver(NodeId(2), to, Message::Store { exchange: 1, life, record: forged });
    cluster.deliver(NodeId(2), to, Message::Value { exchange: 900_000, record: RECORD() });
    cluster.deliver(NodeId(2), to, Message::Stored { exchange: 900_000, kept: true });
    for content in 0..3 {
        let record = Record::new(content, 10);
        cluster.deliver(NodeId(2), to, Message::Store { exchange: 2, life, record });
    }
    let node = &cluster.node(to).upper;
    let now = node.dropped();
    assert_eq!((now.forged - base.forged, now.unsolicited - base.unsolicited, now.no_room), (1, 2, 1));
    assert_eq!((node.records(), node.holds(forged.key, cluster.now())), (2, None));
    let answers: Vec<bool> = cluster
        .sent
        .iter()
        .rev()
        .filter_map(|(.., m)| match m {
            Message::Stored { kept, .. } => Some(*kept),
            _ => None,
        })
        .take(4)
        .collect();
    assert_eq!(answers, [false, true, true, false], "latest first");
}

/// The first one asked answers with another value under the right key: its answer counts for nothing where records prove themselves.
#[test]
fn a_forger_is_believed_only_where_nothing_proves_a_record() {
    for certified in [true, false] {
        let mut cluster = joined(&Config { certified, ..Config::std() });
        let key = RECORD().key;
        put(&mut cluster, 5, RECORD());
        let asker = *nearest(key).last().unwrap();
        let sent = cluster.sent.len();
        cluster.request(asker, Request::Get { query: 9, key });
        let (to, exchange) = cluster.sent[sent..]
            .iter()
            .find_map(|(_, from, to, m)| match m {
                Message::FindValue { exchange, .. } if *from == asker => Some((*to, *exchange)),
                _ => None,
            })
            .unwrap();
        let forged = Record { content: 43, ..RECORD() };
        cluster.deliver(to, asker, Message::Value { exchange, record: forged });
        cluster.deliver(to, asker, Message::Value { exchange, record: RECORD() });
        cluster.run_until(cluster.now() + Span::from_secs(20));
        let got: Vec<Got> = cluster
            .indications
            .iter()
            .filter_map(|(_, _, event)| match event {
                Event::Got(got) if got.query == 9 => Some(got.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].record, Some(if certified { RECORD() } else { forged }));
        assert_eq!(cluster.node(asker).upper.dropped().forged, u32::from(certified));
    }
}

#[test]
fn puts_and_gets_are_bounded() {
    let mut cluster = joined(&Config::std());
    cluster.filter(|_, _, _, _| false);
    for query in 0..200 {
        cluster.request(NodeId(1), Request::Put { query, record: Record::new(query, 10) });
        cluster.request(NodeId(2), Request::Get { query, key: Record::new(query, 10).key });
    }
    let refused = |node| {
        let refused =
            |(_, n, event): &&(Time, NodeId, Event)| *n == node && matches!(event, Event::Refused { .. });
        cluster.indications.iter().filter(refused).count()
    };
    assert!(
        refused(NodeId(1)) >= 200 - Config::MAX_LOOKUPS && refused(NodeId(2)) >= 200 - Config::MAX_LOOKUPS
    );
    cluster.run_until(cluster.now() + Span::from_secs(60));
    assert!((1..3).all(|node| cluster.node(NodeId(node)).upper.lookups() <= 1), "all have ended");
}

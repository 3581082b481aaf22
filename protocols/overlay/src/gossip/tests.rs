//! Modes alone, on a few nodes driven by hand.

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{NodeId, Seed, Span, Stack, Time};
use astrarium_protocol_transport::datagram::Udp;

use super::*;

type Node = Stack<Gossip<Blob>, Udp<Message<Blob>>>;

const ITEM: Blob = Blob { id: ItemId(1), bytes: 1024 };

fn secs(s: u64) -> Time {
    Time::ZERO + Span::from_secs(s)
}

/// A cluster on these undirected links, messages taking 50 ms.
fn cluster(mode: Mode, nodes: u32, links: &[(u32, u32)]) -> Cluster<Node> {
    let config = Arc::new(Config::new(mode));
    assert_eq!(config.validate(), Ok(()));
    let peers = |me: u32| -> Arc<[NodeId]> {
        let other = |&(a, b): &(u32, u32)| if a == me { Some(b) } else { (b == me).then_some(a) };
        let mut peers: Vec<NodeId> = links.iter().filter_map(other).map(NodeId).collect();
        peers.sort_unstable();
        peers.into()
    };
    let node = |me| Stack::new(Gossip::new(Arc::clone(&config), Peers::list(peers(me))), Udp::new());
    Cluster::start((0..nodes).map(node).collect(), Span::from_millis(50), Seed(7))
}

fn complete(nodes: u32) -> Vec<(u32, u32)> {
    (0..nodes).flat_map(|a| (a + 1..nodes).map(move |b| (a, b))).collect()
}

fn publish(cluster: &mut Cluster<Node>, node: u32, item: Blob) {
    cluster.request(NodeId(node), Request::Publish(item));
}

/// Who delivered an item, and when.
fn deliveries(cluster: &Cluster<Node>, id: ItemId) -> Vec<(NodeId, Time)> {
    let of = |(at, node, event): &(Time, NodeId, Event<Blob>)| match event {
        Event::Delivered { item, .. } if item.id == id => Some((*node, *at)),
        _ => None,
    };
    let mut all: Vec<_> = cluster.indications.iter().filter_map(of).collect();
    all.sort_unstable();
    all
}

fn count(cluster: &Cluster<Node>, kind: &str) -> usize {
    use astrarium_node::Wire;
    cluster.sent.iter().filter(|(_, _, _, message)| message.kind() == kind).count()
}

fn stats(cluster: &Cluster<Node>, node: u32) -> Stats {
    *cluster.node(NodeId(node)).upper.stats()
}

const FLOOD: Mode = Mode::Flood { fanout: Fanout::All, relay: -1 };

fn inventory(relay: Relay, trickle: Span) -> Mode {
    Mode::Inventory(InventoryConfig { relay, trickle, timeout: Span::from_secs(5) })
}

#[test]
fn a_flood_crosses_every_link_both_ways_less_a_tree() {
    for (links, nodes) in [(complete(6), 6), (vec![(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)], 5)] {
        let mut cluster = cluster(FLOOD, nodes, &links);
        publish(&mut cluster, 0, ITEM);
        cluster.run_until(secs(10));
        assert_eq!(deliveries(&cluster, ITEM.id).len(), nodes as usize);
        let received: u64 = (0..nodes).map(|i| stats(&cluster, i).received).sum();
        assert_eq!(received, 2 * links.len() as u64 - (u64::from(nodes) - 1));
        publish(&mut cluster, 3, ITEM);
        cluster.run_until(secs(20));
        assert_eq!(deliveries(&cluster, ITEM.id).len(), nodes as usize, "known already: nothing happens");
    }
}

#[test]
fn a_relay_count_ends_a_flood() {
    let line: Vec<(u32, u32)> = (0..9).map(|i| (i, i + 1)).collect();
    for (relay, reach) in [(0, 1), (1, 2), (3, 4), (-1, 10)] {
        let mut cluster = cluster(Mode::Flood { fanout: Fanout::All, relay }, 10, &line);
        publish(&mut cluster, 0, ITEM);
        cluster.run_until(secs(10));
        assert_eq!(deliveries(&cluster, ITEM.id).len(), reach, "relay count {relay}");
    }
}

#[test]
fn a_fanout_limits_what_one_relay_sends() {
    for (fanout, copies) in [(Fanout::AtMost(3), 3), (Fanout::Root, 4), (Fanout::AtMost(100), 11)] {
        let mut cluster = cluster(Mode::Flood { fanout, relay: 1 }, 12, &complete(12));
        publish(&mut cluster, 0, ITEM);
        cluster.run_until(secs(1));
        assert_eq!(count(&cluster, "data"), copies);
    }
}

/// INV, GETDATA, BODY: three delays a hop, and one body for each node.
#[test]
fn inventory_asks_once() {
    let mut cluster = cluster(inventory(Relay::Inventory, Span::ZERO), 5, &complete(5));
    publish(&mut cluster, 2, ITEM);
    cluster.run_until(secs(1));
    let all = deliveries(&cluster, ITEM.id);
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|&(node, at)| node == NodeId(2) || at == Time::ZERO + Span::from_millis(150)));
    assert_eq!((count(&cluster, "body"), count(&cluster, "getdata")), (4, 4));
}

/// Node 0 announces and stays silent; node 2, who gets the item from elsewhere, announces later and is asked after the timeout.
#[test]
fn a_silent_announcer_costs_one_timeout() {
    let mut cluster = cluster(inventory(Relay::Inventory, Span::ZERO), 3, &[(0, 1), (1, 2)]);
    cluster.filter(|_, from, to, message| {
        !(from == NodeId(1) && to == NodeId(0) && matches!(message, Message::GetData(_)))
    });
    cluster.deliver(NodeId(0), NodeId(1), Message::Inv(Ids::One(ITEM.id)));
    publish(&mut cluster, 2, ITEM);
    cluster.run_until(secs(4));
    assert_eq!(deliveries(&cluster, ITEM.id).len(), 1);
    cluster.run_until(secs(6));
    let (_, at) = deliveries(&cluster, ITEM.id).into_iter().find(|(node, _)| *node == NodeId(1)).unwrap();
    assert_eq!(at, secs(5) + Span::from_millis(100));
    assert_eq!((stats(&cluster, 1).asked, stats(&cluster, 1).asked_again), (1, 1));
}

#[test]
fn who_does_not_have_it_says_so_and_the_next_is_asked_at_once() {
    let mut cluster = cluster(inventory(Relay::Inventory, Span::ZERO), 3, &[(0, 1), (1, 2)]);
    cluster.deliver(NodeId(0), NodeId(1), Message::Inv(Ids::One(ITEM.id)));
    publish(&mut cluster, 2, ITEM);
    cluster.run_until(secs(1));
    assert_eq!(deliveries(&cluster, ITEM.id).len(), 3);
    assert!(count(&cluster, "notfound") == 1 && stats(&cluster, 0).unknown == 1);
}

#[test]
fn what_nobody_asked_for_is_dropped_and_counted() {
    let mut cluster = cluster(inventory(Relay::Inventory, Span::ZERO), 2, &[(0, 1)]);
    for message in [
        Message::Body(ITEM),
        Message::Compact { item: ITEM, bytes: 9 },
        Message::Missing { item: ITEM, bytes: 9 },
        Message::Data { item: ITEM, relay: -1 },
        Message::GetMissing(ITEM.id),
        Message::GetData(Ids::One(ITEM.id)),
        Message::Graft,
    ] {
        cluster.deliver(NodeId(0), NodeId(1), message);
    }
    cluster.run_until(secs(9));
    assert_eq!(deliveries(&cluster, ITEM.id), []);
    let Stats { unsolicited, foreign, unknown, .. } = stats(&cluster, 1);
    assert_eq!((unsolicited, foreign, unknown), (2, 3, 2));
}

#[test]
fn unsolicited_push_takes_one_delay_a_hop() {
    let mut cluster = cluster(inventory(Relay::Push, Span::ZERO), 4, &[(0, 1), (1, 2), (2, 3)]);
    publish(&mut cluster, 0, ITEM);
    cluster.run_until(secs(1));
    assert_eq!(deliveries(&cluster, ITEM.id)[3].1, Time::ZERO + Span::from_millis(150));
}

/// With certain failure every compact copy needs two more delays and the missing bytes.
#[test]
fn compact_relay_fetches_what_is_missing() {
    for (failure_ppm, missing, ms) in [(0, 0, 150), (1_000_000, 1, 250)] {
        let relay = Relay::Compact { bytes: 300, failure_ppm, missing_ppm: 100_000 };
        let mut cluster = cluster(inventory(relay, Span::ZERO), 2, &[(0, 1)]);
        publish(&mut cluster, 0, ITEM);
        cluster.run_until(secs(1));
        assert_eq!(deliveries(&cluster, ITEM.id)[1].1, Time::ZERO + Span::from_millis(ms));
        assert_eq!((count(&cluster, "compact"), count(&cluster, "missing")), (1, missing));
    }
}

/// Mean of 200 exponential delays of mean 2 s: standard error 0.14 s; five of them.
#[test]
fn trickle_delays_each_neighbour_on_its_own() {
    let star: Vec<(u32, u32)> = (1..=200).map(|leaf| (0, leaf)).collect();
    let mut cluster = cluster(inventory(Relay::Push, Span::from_secs(2)), 201, &star);
    publish(&mut cluster, 0, ITEM);
    cluster.run_until(secs(60));
    let all = deliveries(&cluster, ITEM.id);
    let mean = all[1..].iter().map(|(_, at)| at.as_secs_f64() - 0.05).sum::<f64>() / 200.0;
    assert!(all.len() == 201 && (mean - 2.0).abs() < 0.7, "{mean}");
}

fn epidemic(exchange: Exchange, life: Life, fanout: u32) -> Mode {
    Mode::Epidemic(EpidemicConfig { exchange, fanout, interval: Span::from_secs(1), life })
}

#[test]
fn every_exchange_reaches_everybody_in_rounds() {
    for exchange in [Exchange::Push, Exchange::Pull, Exchange::PushPull] {
        let mut cluster = cluster(epidemic(exchange, Life::Rounds(u32::MAX), 1), 20, &complete(20));
        publish(&mut cluster, 0, ITEM);
        cluster.run_until(secs(40));
        let all = deliveries(&cluster, ITEM.id);
        assert_eq!(all.len(), 20, "{exchange:?}");
        let late = if exchange == Exchange::Push { 50_000_000 } else { 150_000_000 };
        assert!(all.iter().all(|(_, at)| at.as_nanos() % 1_000_000_000 <= late), "{exchange:?}");
    }
}

#[test]
fn infect_and_die_sends_f_copies_and_stops() {
    let mut cluster = cluster(epidemic(Exchange::Push, Life::InfectAndDie, 3), 30, &complete(30));
    publish(&mut cluster, 0, ITEM);
    cluster.run_until(secs(60));
    assert_eq!(count(&cluster, "data"), 3 * deliveries(&cluster, ITEM.id).len());
}

/// Two nodes: a copy lives for so many rounds, back and forth.
#[test]
fn balls_live_for_their_rounds() {
    let mut cluster = cluster(epidemic(Exchange::Push, Life::BallsAndBins(5), 1), 2, &[(0, 1)]);
    publish(&mut cluster, 0, ITEM);
    cluster.run_until(secs(30));
    assert_eq!(count(&cluster, "data"), 5);
}

#[test]
fn lists_that_are_not_in_order_or_too_long_are_refused() {
    let mut cluster = cluster(epidemic(Exchange::Pull, Life::Rounds(9), 1), 2, &[(0, 1)]);
    let ids: Vec<ItemId> = (0..5).rev().map(ItemId).collect();
    cluster.deliver(NodeId(0), NodeId(1), Message::Digest { ids: Ids::of(&ids), ask: true });
    let long: Vec<ItemId> = (0..5_000).map(ItemId).collect();
    cluster.deliver(NodeId(0), NodeId(1), Message::Digest { ids: Ids::of(&long), ask: true });
    assert_eq!(stats(&cluster, 1).over_limit, 2);
    assert_eq!(count(&cluster, "getdata"), 0);
}

#[test]
fn the_mesh_grows_to_its_bounds_and_repairs_itself() {
    let config = MeshConfig { degree: 3, low: 2, high: 5, ..MeshConfig::default() };
    let mut cluster = cluster(Mode::Mesh(config), 12, &complete(12));
    cluster.run_until(secs(10));
    for i in 0..12 {
        let links = cluster.node(NodeId(i)).upper.mesh();
        assert!((2..=5).contains(&links.len()), "{links:?}");
        let mutual = |peer: &NodeId| cluster.node(*peer).upper.mesh().contains(&NodeId(i));
        assert!(links.iter().all(mutual), "links are mutual");
    }
    let (me, gone) = (NodeId(0), cluster.node(NodeId(0)).upper.mesh()[0]);
    cluster.deliver(gone, me, Message::Prune { backoff: Span::from_secs(60) });
    cluster.deliver(gone, me, Message::Graft);
    assert!(!cluster.node(me).upper.mesh().contains(&gone), "it must stay away for a while");
    cluster.run_until(secs(20));
    assert!(cluster.node(me).upper.mesh().len() >= 2);
}

#[test]
fn who_missed_the_push_is_healed_by_gossip() {
    let config = MeshConfig { degree: 3, low: 2, high: 5, flood_publish: false, ..MeshConfig::default() };
    let mut cluster = cluster(Mode::Mesh(config), 12, &complete(12));
    cluster.run_until(secs(10));
    // Nothing is pushed to node 5; it may still ask.
    let mut asked = false;
    cluster.filter(move |_, from, to, message| {
        asked |= from == NodeId(5) && matches!(message, Message::IWant(_));
        asked || to != NodeId(5) || !matches!(message, Message::Data { .. })
    });
    publish(&mut cluster, 0, ITEM);
    cluster.run_until(secs(20));
    assert_eq!(deliveries(&cluster, ITEM.id).len(), 12);
    assert!(count(&cluster, "iwant") > 0 && count(&cluster, "idontwant") > 0);
}

#[test]
fn an_ihave_flood_is_heeded_ten_times_a_heartbeat() {
    let mut cluster = cluster(Mode::Mesh(MeshConfig::default()), 2, &[(0, 1)]);
    cluster.run_until(secs(3));
    for i in 0..40 {
        cluster.deliver(NodeId(0), NodeId(1), Message::IHave(Ids::One(ItemId(100 + i))));
    }
    assert_eq!((count(&cluster, "iwant"), stats(&cluster, 1).over_limit), (10, 30));
}

#[test]
fn sync_announces_fifty_at_a_time_and_transfers_them_once() {
    let mut cluster = cluster(Mode::Sync(SyncConfig::default()), 3, &complete(3));
    for i in 0..120 {
        publish(&mut cluster, 0, Blob { id: ItemId(i), bytes: 250 });
    }
    cluster.run_until(secs(6));
    let longest = cluster.sent.iter().filter_map(|(_, _, _, m)| match m {
        Message::Notify(ids) => Some(ids.as_slice().len()),
        _ => None,
    });
    assert_eq!(longest.max(), Some(50));
    cluster.run_until(secs(60));
    assert_eq!(cluster.indications.len(), 3 * 120);
    assert_eq!((1..3).map(|i| stats(&cluster, i).duplicates).sum::<u64>(), 0);
}

/// Who announces fifty and sends nothing is asked once, and then ignored for a minute.
#[test]
fn an_empty_promise_is_not_believed_again() {
    let mut cluster = cluster(Mode::Sync(SyncConfig::default()), 2, &[(0, 1)]);
    for round in 0..12_u64 {
        let ids: Vec<ItemId> = (0..50).map(|i| ItemId(1_000 * round + i)).collect();
        cluster.deliver(NodeId(0), NodeId(1), Message::Notify(Ids::of(&ids)));
        cluster.run_until(secs(5 * (round + 1)));
    }
    let Stats { asked, distrusted, .. } = stats(&cluster, 1);
    assert!(asked <= 150 && distrusted >= 8, "{asked} {distrusted}");
}

#[test]
fn bodies_come_from_holders_once_each() {
    for cached in [false, true] {
        let holders: Arc<[NodeId]> = [NodeId(1), NodeId(2)].into();
        let config = HoldersConfig { holders, cached, timeout: Span::from_secs(5) };
        let ring: Vec<(u32, u32)> = (0..8).map(|i| (i, (i + 1) % 8)).collect();
        let mut cluster = cluster(Mode::Holders(config), 8, &ring);
        publish(&mut cluster, 4, ITEM);
        cluster.run_until(secs(4));
        assert_eq!(deliveries(&cluster, ITEM.id).len(), 8, "cached = {cached}");
        let heard = cluster.indications.iter().filter(|(_, _, e)| matches!(e, Event::Heard { .. })).count();
        assert_eq!((heard, count(&cluster, "body")), (8, 7));
        let served = |m: &Message<Blob>| matches!(m, Message::Body(_));
        let by_others =
            cluster.sent.iter().filter(|(_, from, _, m)| served(m) && ![1, 2, 4].contains(&from.0)).count();
        assert_eq!(by_others > 0, cached);
    }
}

#[test]
fn a_restart_forgets_what_was_seen() {
    let mut cluster = cluster(FLOOD, 2, &[(0, 1)]);
    publish(&mut cluster, 0, ITEM);
    cluster.run_until(secs(1));
    cluster.call(NodeId(1), astrarium_node::Layer::on_restart);
    assert!(!cluster.node(NodeId(1)).upper.knows(ITEM.id) && cluster.node(NodeId(0)).upper.knows(ITEM.id));
}

#[test]
fn impossible_parameters_are_named() {
    let flood = Mode::Flood { fanout: Fanout::AtMost(0), relay: -1 };
    let mesh = Mode::Mesh(MeshConfig { degree: 20, ..MeshConfig::default() });
    for (mode, parameter) in
        [(flood, "fanout"), (mesh, "degree"), (epidemic(Exchange::Pull, Life::InfectAndDie, 1), "life")]
    {
        assert_eq!(Config::new(mode).validate().map_err(|e| e.parameter), Err(parameter));
    }
}

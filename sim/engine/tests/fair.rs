//! Access links that serve their peers in turns, end to end: schedules worked out by hand, who loses when a buffer is full, and that nothing
//! is lost or made up on the way.

mod common;

use std::sync::Arc;

use astrarium_engine::{Builder, Digest, Honest, QueueKind, RunOptions, Simulation};
use astrarium_net::{Bandwidth, Discipline, Fidelity, LatencyModel, LossModel, Modelled, NetConfig, Traffic};
use astrarium_node::{NodeId, Seed, Span, Time};
use common::gossip::Gossip;
use common::puppet::{Journal, Note, Order, Puppet, note, orders};
use common::{Plan, built, ms};

/// A byte takes a nanosecond up and a microsecond down; 10 ms of way.
fn network(discipline: Discipline) -> NetConfig {
    NetConfig {
        latency: LatencyModel::Constant(Span::from_millis(10)),
        bandwidth: Bandwidth::Constant { up: 8_000_000_000, down: 8_000_000 },
        discipline,
        ..NetConfig::new(4)
    }
}

type Run = Simulation<Puppet, Modelled, Honest, Journal, Plan<Puppet>>;

fn run(config: NetConfig, requests: Vec<(Time, u32, Vec<Order>)>) -> Run {
    let mut run = Builder::new(config.nodes, Seed(1), built(config, Seed(1)), |_| Puppet::default())
        .observer(Journal::default())
        .workload(Plan::new(requests))
        .build();
    run.run_until(ms(10_000));
    run
}

/// A message of 1000 bytes on the wire.
fn kilo(tag: u32) -> Note {
    Note { bytes: 972, ..note(tag) }
}

/// Node 1 sends five messages at 1 ms, node 2 one a little later.
fn five_against_one() -> Vec<(Time, u32, Vec<Order>)> {
    let five = (0..5).map(|i| Order::Send(0, kilo(10 + i))).collect();
    vec![(ms(1), 1, five), (ms(1) + Span::from_nanos(2_500), 2, vec![Order::Send(0, kilo(20))])]
}

fn micros(us: u64) -> Time {
    Time::ZERO + Span::from_micros(us)
}

/// The first message reaches the downlink at 11.001 ms and has it until 12.001. Then both peers wait, node 1 since 11.002. Credits of 1500: node 1 sends
/// one and keeps 500, node 2 sends its own, and node 1 has the link to itself.
#[test]
fn a_downlink_serves_senders_in_turns() {
    let fair = run(network(Discipline::Fair), five_against_one());
    let times = [12_001, 13_001, 14_001, 15_001, 16_001, 17_001].map(micros);
    let tags = [10, 11, 20, 12, 13, 14];
    assert_eq!(fair.observer().notes(0), times.into_iter().zip(tags).collect::<Vec<_>>());
    // First come, first served: node 2's comes after the first two of node 1, and the third, which is on the way at the same time.
    let fifo = run(network(Discipline::Fifo), five_against_one());
    let order: Vec<u32> = fifo.observer().notes(0).into_iter().map(|(_, tag)| tag).collect();
    assert_eq!(order, [10, 11, 12, 20, 13, 14]);
    assert_eq!(fifo.observer().notes(0).last(), fair.observer().notes(0).last(), "both are never idle");
}

/// The uplink has a millisecond per 1000 bytes. Node 1 sends a datagram of seven packets to node 0 and a small one to node 2, which
/// waits for the packet in service, and for one turn of the other.
#[test]
fn an_uplink_serves_recipients_in_turns() {
    let config = NetConfig {
        bandwidth: Bandwidth::Constant { up: 8_000_000, down: 8_000_000_000 },
        fidelity: Fidelity::Packet,
        ..network(Discipline::Fair)
    };
    let send = || {
        let large = Order::Send(0, Note { bytes: 9_000, ..note(1) });
        vec![(ms(1), 1, vec![large, Order::Send(2, kilo(2))])]
    };
    // 1500 in service, 1500 in the turn of node 0, 1000 of its own: 4 ms, the way, and 1 us down.
    let fair = run(config.clone(), send());
    assert_eq!(fair.observer().notes(2), [(ms(15) + Span::from_micros(1), 2)]);
    // 9008 bytes and seven headers of 20 are 9148; then 1000.
    let fifo = run(NetConfig { discipline: Discipline::Fifo, ..config }, send());
    assert_eq!(fifo.observer().notes(2), [(micros(1_000 + 10_148 + 10_001), 2)]);
    // The large one has its last packet sent a millisecond later than first come, first served.
    let last = |run: &Run| run.observer().notes(0)[0].0;
    assert_eq!(last(&fair).since(last(&fifo)), Span::from_millis(1));
}

/// Room for three packets, one in service included. Node 1 sends eight: three stay. Then node 2 comes, and the last of node 1's goes.
#[test]
fn a_full_buffer_is_taken_from_the_longest_queue() {
    let requests = |_| {
        let eight = (0..8).map(|i| Order::Send(0, kilo(10 + i))).collect();
        vec![(ms(1), 1, eight), (ms(1) + Span::from_nanos(8_500), 2, vec![Order::Send(0, kilo(20))])]
    };
    let arrived = |discipline| {
        let config = NetConfig { buffer_down: Some(3_000), ..network(discipline) };
        let run = run(config, requests(discipline));
        let tags: Vec<u32> = run.observer().notes(0).into_iter().map(|(_, tag)| tag).collect();
        (tags, run.network().traffic().drops.downlink_full)
    };
    assert_eq!(arrived(Discipline::Fair), (vec![10, 11, 20], 6));
    assert_eq!(arrived(Discipline::Fifo), (vec![10, 11, 12], 6));
}

/// A broadcast takes its turns too, and messages of many packets are put together again.
#[test]
fn broadcasts_and_fragments_arrive_whole() {
    let config = NetConfig {
        bandwidth: Bandwidth::Constant { up: 8_000_000, down: 8_000_000 },
        fidelity: Fidelity::Packet,
        ..network(Discipline::Fair)
    };
    let to: Arc<[NodeId]> = [NodeId(1), NodeId(2), NodeId(3)].into();
    let run = run(config, vec![orders(ms(1), 0, [Order::Broadcast(to, Note { bytes: 4_000, ..note(7) })])]);
    let at: Vec<Time> = (1..4).flat_map(|node| run.observer().notes(node)).map(|(at, _)| at).collect();
    // 3 × (4008 + 60) bytes take 12.204 ms up. Node 1's
    // first goes at once, its second in the first round, its last (1068 bytes) in the next one: 1500 + 3 × 1500 + 1068. It takes as long down.
    assert_eq!(at.len(), 3);
    assert_eq!(at.iter().max(), Some(&micros(1_000 + 12_204 + 10_000 + 1_068)));
    assert_eq!(run.observer().notes(1)[0].0, micros(1_000 + 6_000 + 1_068 + 10_000 + 1_068));
}

/// Twelve gossips behind narrow links, with loss and duplicates.
fn busy(options: RunOptions) -> (Digest, Traffic) {
    let config = NetConfig {
        bandwidth: Bandwidth::Constant { up: 400_000, down: 300_000 },
        loss: LossModel::Bernoulli { p: 0.05 },
        duplicate: 0.05,
        buffer_up: Some(4_000),
        buffer_down: Some(4_000),
        mtu: 200,
        fidelity: Fidelity::Packet,
        ..NetConfig { nodes: 12, ..network(Discipline::Fair) }
    };
    let mut run = Builder::new(12, Seed(3), built(config, Seed(3)), |_| Gossip::new(12))
        .workload(Plan::new((1..30).map(|i| (ms(10 * i), (i % 12) as u32, i))))
        .options(options)
        .build();
    run.run_until(ms(1_000));
    (run.digest(), *run.network().traffic())
}

#[test]
fn the_digest_depends_on_neither_queue_nor_snapshot_and_pieces_are_conserved() {
    let (digest, traffic) = busy(RunOptions::default());
    assert!(traffic.drops.uplink_full > 100 && traffic.drops.downlink_full > 100, "{traffic:?}");
    assert!(traffic.offered + traffic.duplicated >= traffic.delivered + traffic.drops.total());
    // 4000 bytes at 200 each wait before and behind each of twelve nodes at most; the way takes 10 ms.
    assert!(traffic.in_flight() < 12 * 60, "{traffic:?}");
    for queue in QueueKind::CONCRETE {
        for snapshot_at in [None, Some(1), Some(997), Some(5_000)] {
            let options = RunOptions { queue, snapshot_at, ..RunOptions::default() };
            assert_eq!(busy(options), (digest, traffic), "{queue:?} {snapshot_at:?}");
        }
    }
}

/// Where nothing ever waits, turns change nothing.
#[test]
fn idle_links_are_as_they_are_without_turns() {
    let requests = || (1..50).map(|i| orders(ms(20 * i), 1, [Order::Send(0, kilo(i as u32))])).collect();
    let config = |discipline| NetConfig { fidelity: Fidelity::Packet, ..network(discipline) };
    let (fair, fifo) = (run(config(Discipline::Fair), requests()), run(config(Discipline::Fifo), requests()));
    assert_eq!(fair.observer().notes(0), fifo.observer().notes(0));
}

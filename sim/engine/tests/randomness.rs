//! Luck is named by identity (design §3): one node, message or draw more changes nobody else's fate.

mod common;

use std::collections::BTreeMap;

use astrarium_engine::{Builder, RunOptions};
use astrarium_net::{Jitter, LatencyModel, LossModel, NetConfig};
use astrarium_node::{NodeId, Seed, Span, Time};
use common::puppet::{Journal, Order, Puppet, note, orders};
use common::{Plan, built, ms};

/// Runs puppets over a random network until all is quiet.
fn journal(nodes: usize, requests: Vec<(Time, u32, Vec<Order>)>, order_seed: u64) -> Journal {
    let config = NetConfig {
        latency: LatencyModel::Uniform { min: Span::from_millis(10), max: Span::from_millis(90) },
        jitter: Jitter::Uniform { max: Span::from_millis(3) },
        loss: LossModel::Bernoulli { p: 0.2 },
        duplicate: 0.1,
        ..NetConfig::new(nodes)
    };
    let mut run = Builder::new(nodes, Seed(9), built(config, Seed(9)), |_| Puppet::default())
        .observer(Journal::default())
        .workload(Plan::new(requests))
        .options(RunOptions { order_seed, ..RunOptions::default() })
        .build();
    run.run_until(ms(100_000));
    run.observer().clone()
}

/// Arrivals by tag: when, where, and the recipient's luck while it handled it.
fn fates(journal: &Journal) -> BTreeMap<u32, Vec<(Time, NodeId, u64)>> {
    let mut fates: BTreeMap<u32, Vec<_>> = BTreeMap::new();
    for &(at, node, entry) in &journal.seen {
        if let common::puppet::Seen::Note { tag, .. } = entry.what {
            fates.entry(tag).or_default().push((at, node, entry.luck));
        }
    }
    fates
}

/// A message every 3 ms, from and to everybody, tagged by its number.
fn traffic() -> Vec<(Time, u32, Vec<Order>)> {
    (1..300)
        .map(|i| orders(ms(3 * u64::from(i)), i % 5, [Order::Send((i + 1 + i / 5 % 4) % 5, note(i))]))
        .collect()
}

#[test]
fn the_test_network_loses_and_duplicates() {
    let fates = fates(&journal(5, traffic(), 0));
    assert!(fates.len() < 280, "{} of 299 arrived", fates.len());
    assert!(fates.values().any(|copies| copies.len() > 1));
}

#[test]
fn another_node_changes_nothing() {
    assert_eq!(fates(&journal(5, traffic(), 0)), fates(&journal(9, traffic(), 0)));
}

/// Extra messages between the others, timers and broadcasts of the same senders included.
#[test]
fn another_message_changes_no_other_fate() {
    let baseline = fates(&journal(5, traffic(), 0));
    let mut more = traffic();
    for i in 1..100 {
        let everybody: Vec<NodeId> = (0..5).filter(|&n| n != i % 5).map(NodeId).collect();
        let extra = [
            Order::Send((i + 1) % 5, note(1_000 + i)),
            Order::Broadcast(everybody.into(), note(2_000 + i)),
            Order::Set(7, Span::from_millis(2)),
        ];
        // One millisecond after each third message of the baseline.
        more.push(orders(ms(9 * u64::from(i) + 1), i % 5, extra));
    }
    more.sort_by_key(|&(at, ..)| at);
    let mut richer = fates(&journal(5, more, 0));
    richer.retain(|&tag, _| tag < 1_000);
    assert_eq!(richer, baseline);
}

/// Another order of simultaneous events is not another luck: what nothing is simultaneous with keeps its fate.
#[test]
fn the_order_of_ties_changes_no_fate() {
    assert_eq!(fates(&journal(5, traffic(), 0)), fates(&journal(5, traffic(), 77)));
}

#[test]
fn a_broadcast_draws_for_each_recipient() {
    let to: Vec<NodeId> = (1..5).map(NodeId).collect();
    let requests =
        (1..200).map(|i| orders(ms(200 * u64::from(i)), 0, [Order::Broadcast(to.clone().into(), note(i))]));
    let fates = fates(&journal(5, requests.collect(), 0));
    let delays: std::collections::BTreeSet<u64> = fates
        .iter()
        .flat_map(|(&tag, all)| all.iter().map(move |f| f.0.since(ms(200 * u64::from(tag))).as_nanos()))
        .collect();
    assert!(delays.len() > 600, "{} different delays", delays.len());
}

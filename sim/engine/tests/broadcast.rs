//! A broadcast waits as one entry and is otherwise nothing but its single messages.

mod common;

use std::sync::Arc;

use astrarium_engine::{Builder, Fault, FaultAction};
use astrarium_net::{Bandwidth, Disturbance, Fidelity, LatencyModel, Modelled, NetConfig};
use astrarium_node::{NodeId, Seed, Span};
use common::puppet::{Journal, Note, Order, Puppet, Seen, note, orders};
use common::{Plan, built, constant, ms};

const NODES: u32 = 200;

fn everybody() -> Arc<[NodeId]> {
    (1..NODES).map(NodeId).collect()
}

fn one_by_one(note: Note) -> Vec<Order> {
    (1..NODES).map(|to| Order::Send(to, note)).collect()
}

fn journal(network: Modelled, order: Vec<Order>) -> (Journal, usize) {
    let mut run = Builder::new(NODES as usize, Seed(1), network, |_| Puppet::default())
        .observer(Journal::default())
        .workload(Plan::new([(ms(1), 0, order), orders(ms(1), 0, [])]))
        .build();
    // Past the request and the one after it, before the first arrival.
    run.run_until(ms(2));
    let pending = run.pending();
    run.run_until(ms(60_000));
    (run.observer().clone(), pending)
}

#[test]
fn one_entry_whatever_the_number_of_recipients() {
    let (broadcast, pending) =
        journal(constant(NODES as usize), vec![Order::Broadcast(everybody(), note(1))]);
    assert_eq!(pending, 1);
    assert_eq!(broadcast.sent, [(ms(1), NodeId(0), 1, 199)]);
    let (single, pending) = journal(constant(NODES as usize), one_by_one(note(1)));
    assert_eq!((pending, single.sent.len()), (199, 199));
}

/// On links of their own rates the recipients get the message one after the other; the order of recipients is the order on
/// the uplink. Same arrivals, same order, as for single messages.
#[test]
fn a_broadcast_arrives_as_single_messages_would() {
    let rates = Bandwidth::Constant { up: 8_000_000, down: 4_000_000 };
    let slow = NetConfig { bandwidth: rates, ..NetConfig::new(NODES as usize) };
    let packets = NetConfig { fidelity: Fidelity::Packet, buffer_up: Some(1 << 20), ..slow.clone() };
    let constant =
        NetConfig { latency: LatencyModel::Constant(Span::from_millis(7)), ..NetConfig::new(NODES as usize) };
    // One packet; and two packets, which fly as letters of their own in packet fidelity.
    for bytes in [1_000, 2_500] {
        for config in [&slow, &packets, &constant] {
            let note = Note { bytes, ..note(5) };
            let (broadcast, _) =
                journal(built(config.clone(), Seed(1)), vec![Order::Broadcast(everybody(), note)]);
            let (single, _) = journal(built(config.clone(), Seed(1)), one_by_one(note));
            let arrivals = |journal: &Journal| {
                journal.seen.iter().filter(|(_, _, e)| e.what != Seen::Orders).copied().collect::<Vec<_>>()
            };
            assert_eq!(arrivals(&broadcast).len(), 200 + 199, "all started, all but the sender got it");
            let same = arrivals(&broadcast) == arrivals(&single);
            assert!(same, "{bytes} bytes, {:?} fidelity: arrivals differ", config.fidelity);
        }
    }
}

/// Recipients that are down or cut off are skipped, the others are not.
#[test]
fn a_broadcast_passes_over_the_dead_and_the_cut_off() {
    let fault = |id: &str, action| Fault { id: id.into(), at: ms(0), until: None, action };
    let marks = (0..NODES).map(|node| u8::from(node >= 150)).collect();
    let mut run = Builder::new(NODES as usize, Seed(1), constant(NODES as usize), |_| Puppet::default())
        .observer(Journal::default())
        .workload(Plan::new([orders(ms(1), 0, [Order::Broadcast(everybody(), note(1))])]))
        .faults(vec![
            fault("split", FaultAction::Disturb(Disturbance::Partition { marks })),
            fault("crash", FaultAction::Crash { nodes: [NodeId(7), NodeId(9)].into(), keep_state: true }),
        ])
        .build();
    run.run_until(ms(100));
    let got = |node| !run.observer().notes(node).is_empty();
    assert!((1..NODES).all(|node| got(node) == (node < 150 && node != 7 && node != 9)));
    assert_eq!(run.network().traffic().drops.partition, 50);
}

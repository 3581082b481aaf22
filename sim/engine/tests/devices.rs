//! Device classes, end to end: what nodes of each class send, compute, and who comes and goes.

mod common;

use astrarium_engine::{Builder, CpuModel, Processor};
use astrarium_net::{Bandwidth, ChurnModel, DeviceClass, Devices, LatencyModel, NetConfig, SpanDistribution};
use astrarium_node::{CostTable, NodeId, Seed, Span, Time};
use common::puppet::{Journal, Note, Order, Puppet, note, orders};
use common::{Plan, built, ms};

const NODES: usize = 200;
const SEED: Seed = Seed(9);
/// A fifth each of light, heavy and super nodes, a tenth each of stores and gateways; the rest has no class.
const DEVICES: Devices = Devices::new([0.2, 0.2, 0.2, 0.1, 0.1]);

fn network() -> NetConfig {
    NetConfig {
        devices: DEVICES,
        latency: LatencyModel::Constant(Span::from_millis(10)),
        bandwidth: Bandwidth::Constant { up: 40_000_000, down: 1_000_000_000 },
        ..NetConfig::new(NODES)
    }
}

fn class(node: usize) -> Option<DeviceClass> {
    DEVICES.class(SEED, NodeId::from(node))
}

/// Every node sends 60,000 bytes in one datagram at a time of its own to one gateway, which takes them as fast as the fastest send.
#[test]
fn nodes_send_at_the_rate_of_their_class() {
    let gateway = (0..NODES).find(|&node| class(node) == Some(DeviceClass::Gateway)).unwrap();
    let senders: Vec<usize> = (0..NODES).filter(|&node| node != gateway).collect();
    let at = |node: usize| ms(1_000 * (node as u64 + 1));
    let send = |&node: &usize| {
        let load = Note { bytes: 60_000, ..note(node as u32) };
        orders(at(node), node as u32, [Order::Send(gateway as u32, load)])
    };
    let mut run = Builder::new(NODES, SEED, built(network(), SEED), |_| Puppet::default())
        .observer(Journal::default())
        .workload(Plan::new(senders.iter().map(send)))
        .build();
    run.run_until(ms(1_000_000));
    let arrived = run.observer().notes(gateway as u32);
    assert_eq!(arrived.len(), senders.len());
    let bits = astrarium_net::wire_bytes(60_000, 1_500) as f64 * 8.0;
    let mut seen = Vec::new();
    for (when, node) in arrived {
        let node = node as usize;
        let taken = when.since(at(node)).as_secs_f64() - 0.010;
        let rate = class(node).and_then(DeviceClass::rates).map_or(40e6, |(up, _)| up as f64);
        // The last packet of 1500 bytes goes down at 1 Gbit/s once it is up: 12 us.
        let measured = bits / taken;
        assert!((measured / rate - 1.0).abs() < 0.03, "{:?}: {measured} bit/s, not {rate}", class(node));
        seen.push(class(node));
    }
    for one in DeviceClass::ALL {
        assert!(seen.contains(&Some(one)), "nobody is {one:?}");
    }
}

/// Hashing a block takes a millisecond on the reference core: 3.33 ms on a light node, half a millisecond on a super one.
#[test]
fn nodes_compute_at_the_speed_of_their_class() {
    let processor = |node| {
        let (cores, speed) = class(node).map_or((1, 1.0), DeviceClass::processor);
        Processor { cores, speed }
    };
    let costs = CostTable { version: "test", hash_block: Span::from_millis(1), ..CostTable::FREE };
    let cpu = CpuModel { costs, nodes: (0..NODES).map(processor).collect(), ..CpuModel::default() };
    let requests = (0..NODES).map(|node| orders(ms(10 * (node as u64 + 1)), node as u32, [Order::Work(1)]));
    let mut run = Builder::new(NODES, SEED, built(network(), SEED), |_| Puppet::default())
        .observer(Journal::default())
        .workload(Plan::new(requests))
        .cpu(cpu)
        .build();
    run.run_until(ms(10_000));
    for (at, node, entry) in run.observer().seen.iter().filter(|(at, ..)| *at > Time::ZERO) {
        let speed = processor(node.index()).speed;
        let taken = at.since(ms(10 * (u64::from(node.0) + 1))).as_millis_f64();
        assert!((taken - 1.0 / speed).abs() < 1e-5, "{node} {entry:?}: {taken} ms at speed {speed}");
    }
}

#[test]
fn of_nodes_with_a_class_only_light_ones_come_and_go() {
    let short = SpanDistribution::Exponential { mean: Span::from_millis(100) };
    let churn = ChurnModel { share: 1.0, session: short, absence: short, devices: DEVICES };
    let mut run = Builder::new(NODES, SEED, built(network(), SEED), |_| Puppet::default())
        .observer(Journal::default())
        .churn(churn)
        .build();
    run.run_until(ms(2_000));
    for node in 0..NODES {
        let moved = run.observer().lives.iter().any(|(_, id, _)| id.index() == node);
        assert_eq!(moved, class(node).is_none_or(|class| class == DeviceClass::Light), "{:?}", class(node));
    }
}

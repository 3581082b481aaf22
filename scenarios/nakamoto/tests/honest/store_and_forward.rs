//! A line of nodes, engine and network together: when a block is at each node, to the nanosecond.
//!
//! By hand, with L = 50 ms of propagation delay per link, for a BLOCK message of 100,000 bytes: a bulk message of
//! ⌈100,000 / 1,472⌉ = 68 datagrams with 28 bytes of headers each, 101,904 bytes on the wire; the first is 1,500 bytes, the
//! last 1,376 + 28 = 1,404. Links pass on the packets as they come, nodes the whole message. Up at 8 Mbit/s all of it takes
//! 101.904 ms, and the last packet then needs 0.5616 ms down at 20 Mbit/s: 152.4656 ms per hop. Up at 20 and down at 8
//! Mbit/s the first packet is up after 0.6 ms, and from then on the downlink is busy for 101.904 ms: 152.504 ms per hop.

use std::sync::Arc;

use astrarium_engine::{Builder, Observer, Sight};
use astrarium_net::{Bandwidth, NetConfig, TopologyKind};
use astrarium_node::{NodeId, Seed, Span, Time};
use astrarium_protocol_nakamoto::{Block, Config, Indication, Node, Relay, Retarget};

const NODES: usize = 8;

/// When each node knew the first block.
#[derive(Clone, Default)]
struct Arrivals(Vec<(NodeId, Time)>);

impl Observer<Node> for Arrivals {
    fn on_indication(&mut self, node: NodeId, indication: &Indication, sight: &Sight<'_, Node>) {
        if matches!(indication, Indication::TipChanged { height: 1, .. }) {
            self.0.push((node, sight.now()));
        }
    }

    fn finished(&self) -> bool {
        self.0.len() == NODES
    }

    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Nanoseconds from node to node along the line; node 0 finds the block.
fn hops(relay: Relay, block_message: u32, up: u64, down: u64) -> Vec<u64> {
    let mut net = NetConfig::new(NODES);
    net.topology = TopologyKind::Line;
    net.bandwidth = Bandwidth::Constant { up, down };
    let (network, topology) = net.build(Seed(1)).unwrap();
    let config = Config {
        block_bytes: block_message,
        relay,
        retarget: Retarget::Never,
        block_interval: Span::from_secs(86_400),
        ..Config::default()
    };
    let (genesis, config) = (Block::genesis(&config), Arc::new(config));
    let factory = move |id: NodeId| {
        let share = if id == NodeId(0) { 1.0 } else { 0.0 };
        Node::new(config.clone(), genesis.clone(), topology.peers(id), share)
    };
    let mut simulation = Builder::new(NODES, Seed(1), network, factory).observer(Arrivals::default()).build();
    simulation.run_until(Time::MAX);
    let arrivals = &simulation.observer().0;
    assert!(arrivals.iter().enumerate().all(|(i, (node, _))| node.index() == i), "{arrivals:?}");
    arrivals.windows(2).map(|pair| (pair[1].1 - pair[0].1).as_nanos()).collect()
}

#[test]
fn pushed_blocks_arrive_when_the_slower_link_is_done() {
    assert_eq!(hops(Relay::Push, 100_000, 8_000_000, 20_000_000), [152_465_600; NODES - 1]);
    assert_eq!(hops(Relay::Push, 100_000, 20_000_000, 8_000_000), [152_504_000; NODES - 1]);
}

/// 1,028 bytes up at 8 Mbit/s: 1.028 ms, down at 20 Mbit/s: 0.4112 ms.
#[test]
fn a_block_of_one_packet_takes_its_time_twice() {
    assert_eq!(hops(Relay::Push, 1_000, 8_000_000, 20_000_000), [51_439_200; NODES - 1]);
}

/// INV and GETDATA are 37 + 28 = 65 bytes: 65 µs up, 26 µs down, and 50 ms on the way, each.
#[test]
fn fetched_blocks_take_two_small_messages_more() {
    assert_eq!(
        hops(Relay::Inventory, 100_000, 8_000_000, 20_000_000),
        [152_465_600 + 2 * 50_091_000; NODES - 1]
    );
}

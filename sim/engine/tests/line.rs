//! Store and forward along a line, to the nanosecond: the sum is done by hand.

mod common;

use std::sync::Arc;

use astrarium_engine::{Builder, Observer, Sight};
use astrarium_net::{Bandwidth, Fidelity, LatencyModel, NetConfig};
use astrarium_node::{Cx, Datagram, Layer, NodeId, Protocol, Received, Seed, Span, Time, Wire};
use common::{Plan, built, ms};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Block(u32);

impl Wire for Block {
    fn wire_len(&self) -> u32 {
        self.0
    }
}

/// Passes on what it got from the left, once it has all of it.
#[derive(Debug, Clone)]
struct Relay;

impl Layer for Relay {
    type Above = u32;
    type Up = ();
    type Down = Datagram<Block>;
    type Below = Received<Block>;
    type Timer = ();

    fn on_start(&mut self, _: &mut Cx<'_, Self>) {}

    fn on_request(&mut self, bytes: u32, cx: &mut Cx<'_, Self>) {
        let to = NodeId(cx.me().0 + 1);
        cx.send(Datagram::One(to, Block(bytes)));
    }

    fn on_indication(&mut self, Received { message, .. }: Received<Block>, cx: &mut Cx<'_, Self>) {
        cx.indicate(());
        if cx.me().0 < 4 {
            let to = NodeId(cx.me().0 + 1);
            cx.send(Datagram::Many(Arc::from([to]), message));
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Cx<'_, Self>) {}
}

impl Protocol for Relay {
    type Msg = Block;
}

#[derive(Debug, Clone, Default)]
struct Arrivals(Vec<(Time, NodeId)>);

impl Observer<Relay> for Arrivals {
    fn on_indication(&mut self, node: NodeId, (): &(), sight: &Sight<'_, Relay>) {
        self.0.push((sight.now(), node));
    }

    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Times at which nodes 1 … 4 have the whole message, sent by node 0 at 1 ms.
fn arrivals(bytes: u32, up: u64, down: u64, fidelity: Fidelity) -> Vec<u64> {
    let config = NetConfig {
        latency: LatencyModel::Constant(Span::from_millis(30)),
        bandwidth: Bandwidth::Constant { up, down },
        fidelity,
        buffer_up: Some(1 << 24),
        buffer_down: Some(1 << 24),
        ..NetConfig::new(5)
    };
    let mut run = Builder::new(5, Seed(1), built(config, Seed(1)), |_| Relay)
        .observer(Arrivals::default())
        .workload(Plan::new([(ms(1), 0, bytes)]))
        .build();
    run.run_until(ms(100_000));
    assert_eq!(run.observer().0.iter().map(|a| a.1.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    run.observer().0.iter().map(|a| a.0.since(ms(1)).as_nanos()).collect()
}

/// 1,000 bytes and 28 of headers: 8,224 bits at 8 Mbit/s up are 1.028 ms, at 4 Mbit/s down 2.056 ms. Each hop stores all
/// of it: 1.028 + 30 + 2.056 = 33.084 ms.
#[test]
fn one_packet_takes_both_serialisations_and_the_delay_at_each_hop() {
    for fidelity in [Fidelity::Message, Fidelity::Packet] {
        let times = arrivals(1_000, 8_000_000, 4_000_000, fidelity);
        assert_eq!(times, [33_084_000, 66_168_000, 99_252_000, 132_336_000], "{fidelity:?}");
    }
}

/// 60,000 bytes are one datagram in fragments of 1,480 bytes: (60,000 + 8)/1,480 = 40.5, so 41 packets and 60,008 + 41 · 20 =
/// 60,828 bytes on the wire. 100,000 bytes are too long for a datagram and go in segments of 1,472 bytes: 68 packets, 100,000 + 68 · 28 =
/// 101,904 bytes. At 8 Mbit/s a byte takes 1,000 ns. The downlink begins when the first packet (1,500 bytes) is complete, 1.5 ms
/// and the delay after the departure; it is never idle then, so a hop ends a whole train later.
#[test]
fn a_train_of_packets_is_pipelined_into_the_downlink() {
    let cases = [
        (60_000, 8_000_000, 1_500_000 + 30_000_000 + 60_828_000),
        (100_000, 8_000_000, 1_500_000 + 30_000_000 + 101_904_000),
        // Half the rate: a byte takes 2,000 ns.
        (100_000, 4_000_000, 1_500_000 + 30_000_000 + 2 * 101_904_000),
    ];
    for (bytes, down, hop) in cases {
        for fidelity in [Fidelity::Message, Fidelity::Packet] {
            let times = arrivals(bytes, 8_000_000, down, fidelity);
            assert_eq!(times, [hop, 2 * hop, 3 * hop, 4 * hop], "{bytes} bytes, {down} bit/s, {fidelity:?}");
        }
    }
}

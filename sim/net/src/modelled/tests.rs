//! The packet path: closed forms to the nanosecond, conservation, disturbances, and both fidelities against each other.

use super::*;
use crate::access::LOOKBACK;
use crate::config::Bandwidth;
use crate::latency::{Jitter, LatencyModel, Reorder, Spread};
use crate::link::LossModel;
use crate::region::Regions;
use std::collections::BTreeMap;

mod disturbed;

const SEED: Seed = Seed(77);
const MBIT: u64 = 1_000_000;

fn ms(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

fn parcel(from: u32, to: u32, bytes: u32) -> Parcel {
    Parcel { from: NodeId(from), to: NodeId(to), bytes, tag: 0 }
}

fn rated(nodes: usize, up: u64, down: u64) -> NetConfig {
    NetConfig { bandwidth: Bandwidth::Constant { up, down }, ..NetConfig::new(nodes) }
}

/// Drives a network as the engine does: departures and arrivals in time order, every piece to its end.
struct Run {
    net: Modelled,
    queue: BTreeMap<(Time, u64), Step>,
    steps: u64,
    /// When each parcel is complete, by its position in the input; absent when a piece was lost.
    done: BTreeMap<usize, Time>,
    events: u64,
}

#[derive(Clone, Copy)]
enum Step {
    Depart(usize, Parcel),
    Land(usize, Landing),
}

impl Run {
    fn of(config: &NetConfig, parcels: &[(Time, Parcel)]) -> Self {
        let (net, _) = config.build(SEED).unwrap();
        let mut run = Self { net, queue: BTreeMap::new(), steps: 0, done: BTreeMap::new(), events: 0 };
        for (index, &(at, parcel)) in parcels.iter().enumerate() {
            run.push(at, Step::Depart(index, parcel));
        }
        run.go();
        run
    }

    fn push(&mut self, at: Time, step: Step) {
        self.steps += 1;
        self.queue.insert((at, self.steps), step);
    }

    fn go(&mut self) {
        // Of each parcel under way: which pieces are missing, and when the latest of the others was finished.
        let mut open: BTreeMap<usize, (Vec<bool>, Time)> = BTreeMap::new();
        while let Some(((now, _), step)) = self.queue.pop_first() {
            let (index, landing) = match step {
                Step::Depart(index, parcel) => {
                    self.depart(now, index, &parcel);
                    continue;
                }
                Step::Land(index, landing) => (index, landing),
            };
            self.events += 1;
            let at = match self.net.arrive(now, &landing) {
                Arrival::Deliver => now,
                Arrival::Later(at) => {
                    assert!(at > now);
                    self.events += 1;
                    at
                }
                Arrival::Drop => continue,
                Arrival::Wait => panic!("links serve in order"),
            };
            let (missing, latest) =
                open.entry(index).or_insert_with(|| (vec![true; landing.pieces.into()], Time::ZERO));
            if std::mem::replace(&mut missing[usize::from(landing.piece)], false) {
                *latest = at.max(*latest);
            }
            if !missing.contains(&true) {
                self.done.insert(index, *latest);
            }
        }
        let traffic = self.net.traffic();
        assert_eq!(traffic.in_flight(), 0, "every piece is delivered or dropped: {traffic:?}");
    }

    fn depart(&mut self, now: Time, index: usize, parcel: &Parcel) {
        let mut transits = Vec::new();
        self.net.depart(now, parcel, &mut transits);
        for t in transits {
            assert!(t.at >= now + self.net.lookahead(), "the lookahead is a lower bound");
            let Parcel { from, to, bytes, .. } = *parcel;
            self.push(t.at, Step::Land(index, Landing { from, to, bytes, piece: t.piece, pieces: t.pieces }));
        }
    }

    fn delays(&self, parcels: &[(Time, Parcel)]) -> Vec<f64> {
        parcels
            .iter()
            .enumerate()
            .filter_map(|(i, (sent, _))| self.done.get(&i).map(|at| at.since(*sent).as_millis_f64()))
            .collect()
    }
}

/// By hand: 1000 bytes + 28 of headers at 8 Mbit/s is 1,028,000 ns, at 4 Mbit/s 2,056,000 ns; 50 ms on the way.
#[test]
fn one_packet_is_stored_and_forwarded_to_the_nanosecond() {
    let run = Run::of(&rated(2, 8 * MBIT, 4 * MBIT), &[(ms(7), parcel(0, 1, 1000))]);
    assert_eq!(run.done[&0].as_nanos(), 7_000_000 + 1_028_000 + 50_000_000 + 2_056_000);
    assert_eq!(run.events, 1, "an uncontended message is one event");
}

/// A line of five nodes that pass on a block of 100,000 bytes when they have it all: 68 segments of 1472 bytes (the last has
/// 1376) with 28 bytes of headers. Up- and downlink of 10 Mbit/s: the downlink begins with the first complete packet, so a
/// hop takes first packet (1500 B: 1,200,000 ns) + 50 ms + all packets (101,904 B: 81,523,200 ns). Packet fidelity says the
/// same: the last packet leaves at 81,523,200 and takes 50 ms, but packets queue behind the 1500-byte ones before it.
#[test]
fn a_line_of_nodes_takes_the_sum_of_its_hops() {
    let hop = 1_200_000 + 50_000_000 + 81_523_200;
    for fidelity in [Fidelity::Message, Fidelity::Packet] {
        let config = NetConfig {
            fidelity,
            topology: TopologyKind::Line,
            buffer_up: Some(1 << 20),
            ..rated(5, 10 * MBIT, 10 * MBIT)
        };
        let (mut net, topology) = config.build(SEED).unwrap();
        let mut now = Time::ZERO;
        for node in 0..4 {
            assert!(topology.linked(NodeId(node), NodeId(node + 1)));
            let mut transits = Vec::new();
            net.depart(now, &parcel(node, node + 1, 100_000), &mut transits);
            let mut last = now;
            for t in transits {
                let landing = Landing {
                    from: NodeId(node),
                    to: NodeId(node + 1),
                    bytes: 100_000,
                    piece: t.piece,
                    pieces: t.pieces,
                };
                last = match net.arrive(t.at, &landing) {
                    Arrival::Deliver => t.at,
                    Arrival::Later(at) => at,
                    Arrival::Drop | Arrival::Wait => panic!("nothing is lost or out of order here"),
                };
            }
            now = last;
        }
        assert_eq!(now.as_nanos(), 4 * hop, "{fidelity:?}");
    }
}

/// Eight copies of 100,000 bytes (101,904 on the wire, 40,761,600 ns at 20 Mbit/s) share the uplink: copy i is the i-th.
#[test]
fn a_broadcast_is_serialised_on_the_uplink() {
    let config = NetConfig {
        bandwidth: Bandwidth::Constant { up: 20 * MBIT, down: 1_000_000 * MBIT },
        ..NetConfig::new(9)
    };
    let copies: Vec<_> = (1..9).map(|to| (Time::ZERO, parcel(0, to, 100_000))).collect();
    let run = Run::of(&config, &copies);
    for i in 0..8 {
        // The last packet (1404 B) takes 11.232 ns on the fast downlink, rounded up.
        assert_eq!(run.done[&i].as_nanos(), 40_761_600 * (i as u64 + 1) + 50_000_000 + 12, "copy {i}");
    }
}

/// Three senders at once: the recipient has everything when the downlink has done the sum of the work, whatever arrives first,
/// small messages pass a large one only within the lookback, and nothing is served twice.
#[test]
fn the_downlink_conserves_work() {
    let config = rated(20, 1_000_000 * MBIT, 10 * MBIT);
    // 1,000,000 bytes: 680 segments, 1,019,040 bytes on the wire, 815,232,000 ns; 1000 bytes: 822,400 ns.
    let mut parcels = vec![(Time::ZERO, parcel(1, 0, 1_000_000))];
    parcels.extend((2..12).map(|i| (Time::ZERO + Span::from_millis(u64::from(i) * 20), parcel(i, 0, 1000))));
    let run = Run::of(&config, &parcels);
    let all = run.done.values().max().copied().unwrap_or(Time::ZERO).as_nanos();
    let expected = 50_000_000 + 815_232_000 + 10 * 822_400;
    assert!((expected..expected + 100).contains(&all), "{all} instead of {expected}");
    // They began after the block, so they wait for it.
    assert!(run.done[&0] < run.done[&1], "first come, first served");

    // A small message whose first bit comes 1 ms after a 4 ms one passes it; both end when the work is done.
    let four_ms = 5000 - 28 * 4;
    let parcels = [(Time::ZERO, parcel(1, 0, four_ms)), (ms(1), parcel(2, 0, 97))];
    let run = Run::of(&config, &parcels);
    assert!(run.done[&1] < run.done[&0] && run.done[&0] < ms(50) + Span::from_nanos(LOOKBACK));
    let work = Packets::of(four_ms, 1500).all().total + 125;
    assert!(run.done[&0].as_nanos().abs_diff(50_000_000 + work * 800) < 20, "{}", run.done[&0]);
}

#[test]
fn full_queues_drop_the_tail() {
    let config = NetConfig { buffer_up: Some(10_000), fidelity: Fidelity::Packet, ..rated(3, MBIT, MBIT) };
    let burst: Vec<_> = (0..20).map(|i| (Time::ZERO, Parcel { tag: i, ..parcel(0, 1, 972) })).collect();
    let run = Run::of(&config, &burst);
    // Ten packets of 1000 bytes fit.
    assert_eq!(run.done.keys().copied().collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert_eq!(run.net.traffic().drops.uplink_full, 10);
    let down = NetConfig { buffer_down: Some(5_000), buffer_up: None, ..config };
    let senders = NetConfig { nodes: 30, ..down };
    let crowd: Vec<_> = (1..21).map(|from| (Time::ZERO, parcel(from, 0, 972))).collect();
    assert_eq!(Run::of(&senders, &crowd).net.traffic().drops.downlink_full, 15);
}

/// The short answer is the long one, on the fast path and off it.
#[test]
fn fate_tells_what_depart_does() {
    let lossy = NetConfig { loss: LossModel::Bernoulli { p: 0.5 }, duplicate: 0.5, ..NetConfig::new(9) };
    for config in [NetConfig::new(9), NetConfig { fidelity: Fidelity::Packet, ..lossy.clone() }, lossy] {
        let (mut long, _) = config.build(SEED).unwrap();
        let mut short = long.clone();
        for i in 0..200 {
            let parcel = Parcel { tag: u64::from(i), ..parcel(i % 9, 3, i * 20) };
            let (mut transits, mut pieces) = (Vec::new(), vec![Transit { at: ms(1), piece: 0, pieces: 1 }]);
            long.depart(ms(5), &parcel, &mut transits);
            let fate = short.fate(ms(5), &parcel, &mut pieces);
            assert_eq!(fate, Fate::of(&transits));
            if fate == Fate::Pieces {
                assert_eq!(pieces, transits);
            }
        }
        assert_eq!(long.traffic(), short.traffic());
    }
}

#[test]
fn dont_fragment_drops_what_is_too_big() {
    let config = NetConfig { oversize: Oversize::Drop, ..NetConfig::new(2) };
    let run = Run::of(&config, &[(ms(0), parcel(0, 1, 1472)), (ms(1), parcel(0, 1, 1473))]);
    assert_eq!(run.done.len(), 1);
    assert_eq!(run.net.traffic().drops.too_big, 1);
}

#[test]
fn duplicates_are_counted_and_harmless_to_the_count() {
    let config = NetConfig { duplicate: 0.2, ..NetConfig::new(2) };
    let parcels: Vec<_> = (0..20_000).map(|i| (Time::from_nanos(i * 1000), parcel(0, 1, 100))).collect();
    let run = Run::of(&config, &parcels);
    let share = run.net.traffic().duplicated as f64 / 20_000.0;
    // Five standard errors (1 in 2 million).
    assert!((share - 0.2).abs() < 5.0 * 0.002_83, "{share}");
    assert_eq!(run.done.len(), 20_000);
}

/// Mean and 95 % quantile of the delay, and the share that arrives, in both fidelities, over sizes, rates and losses. 3,000
/// messages per cell, far enough apart not to queue: the laws are the same, so both samples agree within noise – delays within
/// 2 %, shares within five standard errors of a difference.
#[test]
fn fidelities_agree() {
    for (bytes, up, down) in [(300, 10, 10), (4_000, 10, 40), (30_000, 20, 5), (150_000, 5, 50)] {
        for loss in [
            LossModel::None,
            LossModel::Bernoulli { p: 0.002 },
            LossModel::GilbertElliott { p: 0.001, r: 0.2, k: 1.0, h: 0.5 },
        ] {
            let sample = |fidelity| {
                let config = NetConfig {
                    fidelity,
                    loss,
                    latency: LatencyModel::regions(Regions::bitcoin_2019(), Spread::Pareto),
                    jitter: Jitter::Uniform { max: Span::from_millis(10) },
                    buffer_up: Some(1 << 20),
                    buffer_down: Some(1 << 20),
                    ..rated(60, up * MBIT, down * MBIT)
                };
                let parcels: Vec<_> = (0..3000)
                    .map(|i| (ms(u64::from(i) * 600), parcel(i % 60, (i * 7 + 1) % 60, bytes)))
                    .collect();
                let run = Run::of(&config, &parcels);
                let mut delays = run.delays(&parcels);
                delays.sort_by(f64::total_cmp);
                let n = delays.len() as f64;
                (delays.iter().sum::<f64>() / n, delays[(n * 0.95) as usize], n / 3000.0)
            };
            let (whole, split) = (sample(Fidelity::Message), sample(Fidelity::Packet));
            let what = format!("{bytes} B, {up}/{down} Mbit/s, {loss:?}: {whole:?} against {split:?}");
            assert!((whole.0 / split.0 - 1.0).abs() < 0.02, "mean of {what}");
            assert!((whole.1 / split.1 - 1.0).abs() < 0.02, "p95 of {what}");
            assert!((whole.2 - split.2).abs() < 5.0 * (2.0 * 0.25 / 3000.0_f64).sqrt(), "arrivals of {what}");
        }
    }
}

#[test]
fn fifo_keeps_the_order_of_a_pair_and_reordering_breaks_it() {
    let jittery = NetConfig { jitter: Jitter::Uniform { max: Span::from_millis(30) }, ..NetConfig::new(3) };
    let parcels: Vec<_> = (0..2000).map(|i| (ms(i), parcel(0, 1, 100))).collect();
    let inversions = |config: &NetConfig| {
        let run = Run::of(config, &parcels);
        let times: Vec<Time> = (0..2000).map(|i| run.done[&i]).collect();
        times.windows(2).filter(|w| w[0] >= w[1]).count()
    };
    assert!(inversions(&jittery) > 500);
    let fifo = NetConfig { fifo: true, ..jittery };
    assert_eq!(inversions(&fifo), 0);
    let reorder = NetConfig {
        reorder: Reorder { p: 0.05, extra: Span::from_millis(20) },
        jitter: Jitter::None,
        ..fifo
    };
    // Each held back is passed by its successor, unless that is held back too: 2000 · 0.05 · 0.95 = 95 ± 5 · 9.4.
    assert!(inversions(&reorder).abs_diff(95) < 47);
}

#[test]
fn fates_are_named_by_identity_not_by_order() {
    let config = NetConfig {
        latency: LatencyModel::regions(Regions::bitcoin_2019(), Spread::Pareto),
        loss: LossModel::Bernoulli { p: 0.3 },
        ..NetConfig::new(50)
    };
    let (mut forwards, _) = config.build(SEED).unwrap();
    let (mut backwards, _) = config.build(SEED).unwrap();
    let fate = |net: &mut Modelled, i: u32| {
        let mut transits = Vec::new();
        net.depart(
            ms(u64::from(i) / 3),
            &Parcel { tag: u64::from(i % 3), ..parcel(i % 50, (i + 1) % 50, 100) },
            &mut transits,
        );
        transits
    };
    let there: Vec<_> = (0..500).map(|i| fate(&mut forwards, i)).collect();
    let mut back: Vec<_> = (0..500).rev().map(|i| fate(&mut backwards, i)).collect();
    back.reverse();
    assert_eq!(there, back);
    forwards.reseed(Seed(78));
    assert_ne!(there, (0..500).map(|i| fate(&mut forwards, i)).collect::<Vec<_>>());
}

#[test]
fn attributes_of_a_file_override_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edges");
    std::fs::write(&path, "0 1 5 0 1e6\n1 2 7 1\n2 3\n").unwrap();
    let file = crate::topology::FileGraph::edge_list(&path).unwrap();
    let config = NetConfig { topology: TopologyKind::File(Arc::new(file)), ..NetConfig::new(4) };
    let parcels = [
        (ms(0), parcel(0, 1, 97)),
        (ms(0), Parcel { tag: 1, ..parcel(0, 1, 97) }),
        (ms(0), parcel(1, 2, 97)),
        (ms(0), parcel(3, 2, 97)),
    ];
    let run = Run::of(&config, &parcels);
    // 125 bytes at 1 Mbit/s: 1 ms each on the link's own queue.
    assert_eq!([run.done[&0], run.done[&1]], [ms(6), ms(7)]);
    assert_eq!(run.done.get(&2), None, "lost for sure");
    assert_eq!(run.done[&3], ms(50));
    assert_eq!(run.net.lookahead(), Span::from_millis(5));
    assert_eq!(run.net.expected_latency(NodeId(2), NodeId(1)), Span::from_millis(7));
}

#[test]
fn state_per_node_is_small() {
    assert!(size_of::<Access>() + size_of::<(u64, u64)>() + size_of::<u16>() <= 64);
    let plain = NetConfig::new(1_000_000).build(SEED).unwrap().0;
    assert!(plain.access.is_empty() && plain.regions.is_empty());
}

#[test]
fn impossible_combinations_are_refused() {
    let why = |config: NetConfig| config.check().unwrap_err().to_string();
    let base = || NetConfig::new(10);
    let aws = || Arc::new(Regions::aws_2019());
    assert!(why(NetConfig::new(0)).starts_with("network.nodes = 0"));
    assert!(why(NetConfig { mtu: 40, ..base() }).starts_with("network.mtu = 40"));
    assert!(why(NetConfig { duplicate: 1.5, ..base() }).starts_with("network.duplicate = 1.5"));
    assert!(why(NetConfig { bandwidth: Bandwidth::Regions(aws()), ..base() }).contains("latencies only"));
    let mixed = NetConfig {
        latency: LatencyModel::regions(Regions::aws_2019(), Spread::Fixed),
        bandwidth: Bandwidth::Regions(Arc::new(Regions::bitcoin_2019())),
        ..base()
    };
    assert!(why(mixed).contains("other regions than network.latency"));
    assert!(
        why(NetConfig { buffer_down: Some(1000), ..base() }).starts_with("network.buffer.down = 1000 bytes")
    );
    assert!(why(rated(10, 0, 5)).contains("rate of zero"));
    let frozen = LossModel::GilbertElliott { p: 0.0, r: 0.0, k: 1.0, h: 0.0 };
    assert!(why(NetConfig { loss: frozen, ..base() }).contains("both zero"));
}

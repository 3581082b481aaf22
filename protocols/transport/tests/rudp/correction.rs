//! Forward error correction: the code itself, groups by hand, residual loss against its closed form, and below reliable UDP.

use std::sync::Arc;

use astrarium_node::{
    CostTable, Cx, Datagram, Domain, Env, Fx, Layer, NodeId, Probability, Received, Seed, Span, Stack,
    Stream, Time, Wire,
};
use astrarium_protocol_transport::Request;
use astrarium_protocol_transport::fec::{Config, Fec, HEADER_BYTES, Parity, Shard};
use astrarium_protocol_transport::rudp::{self, Profile, Rudp};
use proptest::prelude::*;
use reed_solomon_erasure::galois_8::ReedSolomon;

use crate::pair::{A, B, Note, Pair, at_ms, ms, note};

/// One sender and one receiver without a clock of their own.
struct Link {
    env: Env,
    sender: Fec<Note>,
    receiver: Fec<Note>,
    now: Time,
    n: u64,
}

impl Link {
    fn new(config: Config) -> Self {
        let fec = Fec::new(config);
        let env = Env::new(Seed(1), CostTable::REFERENCE);
        Self { env, sender: fec.clone(), receiver: fec, now: Time::ZERO, n: 0 }
    }

    fn call<R>(
        &mut self,
        me: NodeId,
        body: impl FnOnce(&mut Self, &mut Env, &mut Fx<Fec<Note>>) -> R,
    ) -> (R, Fx<Fec<Note>>) {
        self.n += 1;
        let mut env = self.env.clone();
        env.begin(self.now, me, self.n);
        let mut fx = Fx::new();
        let result = body(self, &mut env, &mut fx);
        self.env = env;
        (result, fx)
    }

    /// Sends a datagram; what leaves.
    fn send(&mut self, message: Note) -> Vec<Shard<Note>> {
        let ((), fx) = self.call(A, |link, env, fx| {
            link.sender.on_request(Datagram::One(B, message), &mut Cx::new(env, fx));
        });
        shards(fx)
    }

    /// Receives a shard; what is handed up, and the processor time charged.
    fn receive(&mut self, shard: Shard<Note>) -> (Vec<u32>, Span) {
        let (spent, fx) = self.call(B, |link, env, fx| {
            link.receiver.on_indication(Received { from: A, message: shard }, &mut Cx::new(env, fx));
            env.spent()
        });
        (fx.up.into_iter().map(|received| received.message.number).collect(), spent)
    }

    /// A group of `k` datagrams of 100, 101, … bytes with its parity.
    fn group(&mut self, first: u32, k: u32) -> Vec<Shard<Note>> {
        (0..k).flat_map(|i| self.send(note(first + i, 100 + i))).collect()
    }
}

fn shards(fx: Fx<Fec<Note>>) -> Vec<Shard<Note>> {
    let to_b = |datagram| match datagram {
        Datagram::One(B, shard) => shard,
        other => panic!("to one node: {other:?}"),
    };
    fx.down.into_iter().map(to_b).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// What the symbolic code assumes, on real bytes: any k of k + r shards restore the data, k − 1 do not.
    #[test]
    fn reed_solomon_restores_from_any_k(
        (k, r) in prop::sample::select(vec![(10, 3), (10, 1), (8, 4), (1, 1), (3, 7)]),
        bytes in prop::collection::vec(any::<u8>(), 1..64),
        seed in any::<u64>(),
    ) {
        let code = ReedSolomon::new(k, r).expect("a code");
        let mut luck = Seed(seed).stream(Domain::LOSS, 0, 0);
        let mut all: Vec<Vec<u8>> = (0..k + r).map(|i| bytes.iter().map(|b| b.wrapping_mul(i as u8 + 1) ^ i as u8).collect()).collect();
        code.encode(&mut all).expect("shards of one length");
        let kept = luck.sample((k + r) as u64, k);
        let only = |kept: &[u64]| -> Vec<Option<Vec<u8>>> {
            (0..k + r).map(|i| kept.contains(&(i as u64)).then(|| all[i].clone())).collect()
        };
        let mut some = only(&kept);
        code.reconstruct(&mut some).expect("k shards suffice");
        prop_assert_eq!(some.into_iter().flatten().collect::<Vec<_>>(), all.clone());
        prop_assert!(code.reconstruct(&mut only(&kept[1..])).is_err());
    }

    /// The layer on the same pattern: everything with k shards or more, only what came by itself with fewer.
    #[test]
    fn a_group_is_whole_with_any_k_shards(
        (k, r) in prop::sample::select(vec![(10_u8, 3_u8), (10, 1), (8, 4), (1, 1), (3, 7), (200, 55)]),
        lost in any::<u64>(),
        share in 0.0_f64..0.6,
        shuffled in any::<bool>(),
    ) {
        let mut link = Link::new(Config::new(k, r));
        let mut luck = Seed(lost).stream(Domain::LOSS, 1, 1);
        let mut arriving = link.group(0, u32::from(k));
        prop_assert_eq!(arriving.len(), usize::from(k) + usize::from(r));
        arriving.retain(|_| !luck.chance(Probability::new(share)));
        if shuffled {
            luck.shuffle(&mut arriving);
        }
        let by_itself = arriving.iter().filter(|shard| matches!(shard, Shard::Data { .. })).count();
        let enough = arriving.len() >= usize::from(k);
        let mut got: Vec<u32> = arriving.into_iter().flat_map(|shard| link.receive(shard).0).collect();
        got.sort_unstable();
        got.dedup();
        prop_assert_eq!(got.len(), if enough { usize::from(k) } else { by_itself });
    }
}

#[test]
fn a_group_by_hand() {
    let mut link = Link::new(Config::new(3, 2));
    let group = link.group(0, 3);
    assert_eq!(group.iter().map(Wire::wire_len).collect::<Vec<_>>(), [108, 109, 110, 110, 110]);
    assert_eq!(HEADER_BYTES, 8);
    // Datagrams 0 and 2 are lost. The first parity makes two of three; the second restores both, in order.
    assert_eq!(link.receive(group[1].clone()), (vec![1], Span::ZERO));
    assert_eq!(link.receive(group[3].clone()).0, [0; 0]);
    // 3 + 2 datagrams of 102 bytes pass through the decoder: one KiB.
    assert_eq!(link.receive(group[4].clone()), (vec![0, 2], CostTable::REFERENCE.erasure_kib));
    // What comes late is not delivered again.
    assert_eq!(link.receive(group[0].clone()).0, [0; 0]);
    assert_eq!(link.receive(group[4].clone()).0, [0; 0]);
    let counters = link.receiver.counters();
    assert_eq!((counters.received, counters.rebuilt, counters.stale, counters.malformed), (1, 2, 2, 0));
}

#[test]
fn a_completed_group_ends_the_hope_for_older_ones() {
    let mut link = Link::new(Config::new(2, 1));
    let (old, new) = (link.group(0, 2), link.group(10, 2));
    assert_eq!(link.receive(old[0].clone()).0, [0]);
    assert_eq!(link.receive(new[0].clone()).0, [10]);
    assert_eq!(link.receive(new[1].clone()).0, [11]);
    // Parity of the older group comes too late, its datagrams are still good.
    assert_eq!(link.receive(old[2].clone()).0, [0; 0]);
    assert_eq!(link.receive(old[1].clone()).0, [1]);
}

#[test]
fn sparse_traffic_gets_no_parity_but_numbers_go_on() {
    let mut link = Link::new(Config { gap: ms(100), ..Config::new(2, 1) });
    assert_eq!(link.send(note(0, 10)).len(), 1);
    link.now = at_ms(100);
    let late = link.send(note(1, 10));
    assert_eq!(late.len(), 1);
    link.now = at_ms(110);
    let next = link.send(note(2, 10));
    link.now = at_ms(209);
    let full = link.send(note(3, 10));
    assert_eq!(full.len(), 2);
    let number = |shard: &Shard<Note>| match shard {
        Shard::Data { group, .. } | Shard::Parity { group, .. } => *group,
        Shard::Plain(_) => panic!("numbered"),
    };
    assert_eq!(number(&next[0]), number(&late[0]) + 1);
    assert_eq!((link.sender.counters().parity_sent, link.sender.counters().parity_skipped), (1, 1));
}

#[test]
fn a_partial_group_is_closed_after_a_while() {
    let config = Config { flush_after: Some(ms(20)), ..Config::new(10, 2) };
    let mut pair = Pair::new(Carrier::new(config), Carrier::new(config), |_, from, shard: &Shard<_>| {
        // Of two datagrams the first is lost.
        let lost = from == A && matches!(shard, Shard::Data { index: 0, .. });
        if lost { vec![] } else { vec![ms(5)] }
    });
    pair.request(A, Datagram::One(B, note(1, 100)));
    pair.request(A, Datagram::One(B, note(2, 100)));
    pair.run_until(at_ms(1_000));
    let heard: Vec<(Time, u32)> =
        pair.heard.iter().map(|(time, _, received)| (*time, received.message.number)).collect();
    assert_eq!(heard, [(at_ms(5), 2), (at_ms(25), 1)]);
}

type Carrier = Fec<Note>;

#[test]
fn switched_off_it_adds_nothing() {
    let mut link = Link::new(Config::OFF);
    let shards = link.group(0, 20);
    assert_eq!(shards.len(), 20);
    assert_eq!(shards[3], Shard::Plain(note(3, 103)));
    assert_eq!(shards[3].wire_len(), 103);
    assert_eq!(link.receive(shards[3].clone()).0, [3]);
}

#[test]
fn malformed_shards_are_dropped_and_counted() {
    let mut link = Link::new(Config::new(3, 2));
    let parity = |data: usize| Parity { data: Arc::from(vec![note(9, 9); data]), longest: 9 };
    let forged = [
        Shard::Data { group: 1, index: 3, message: note(0, 1) },
        Shard::Parity { group: 1, index: 2, parity: parity(3) },
        Shard::Parity { group: 1, index: 5, parity: parity(3) },
        Shard::Parity { group: 1, index: 3, parity: parity(0) },
        Shard::Parity { group: 1, index: 3, parity: parity(4) },
    ];
    let count = forged.len() as u64;
    for shard in forged {
        assert_eq!(link.receive(shard).0, [0; 0]);
    }
    assert_eq!(link.receiver.counters().malformed, count);
}

/// Share of datagrams missing behind the layer.
fn residual(config: Config, datagrams: u32, mut lost: impl FnMut() -> bool) -> f64 {
    let mut link = Link::new(config);
    let mut arrived = 0;
    for i in 0..datagrams {
        for shard in link.send(note(i, 1_000)) {
            if !lost() {
                arrived += link.receive(shard).0.len();
            }
        }
    }
    1.0 - arrived as f64 / f64::from(datagrams)
}

fn bernoulli(mut luck: Stream, p: f64) -> impl FnMut() -> bool {
    move || luck.chance(Probability::new(p))
}

/// Loss and residual loss.
type Point = (f64, f64);

#[test]
fn residual_loss_is_binomial() {
    // Reference values of network specification §6.8: p · P(Binomial(k + r − 1, p) ≥ r). The missing of a group come together, so the
    // count of losses is overdispersed; the tolerance is 4 standard errors with that factor (at most r + 1 … 4), a false-alarm rate below
    // 1e-4 per line. Lines with an expectation below 200 losses are left to the closed form.
    let cases: [(u8, u8, [Point; 3]); 4] = [
        (10, 1, [(0.01, 9.6e-4), (0.05, 2.0e-2), (0.1, 6.5e-2)]),
        (10, 3, [(0.01, 2.1e-6), (0.05, 9.8e-4), (0.1, 1.1e-2)]),
        (8, 4, [(0.01, 3.1e-8), (0.05, 7.8e-5), (0.1, 1.9e-3)]),
        (1, 1, [(0.01, 1e-4), (0.05, 2.5e-3), (0.1, 1e-2)]),
    ];
    let datagrams = 400_000;
    let mut lines = 0;
    for (k, r, points) in cases {
        for (p, expected) in points {
            if expected * f64::from(datagrams) < 200.0 {
                continue;
            }
            lines += 1;
            let luck = Seed(3).stream(Domain::LOSS, u64::from(k) << 8 | u64::from(r), (p * 1e3) as u64);
            let measured = residual(Config::new(k, r), datagrams, bernoulli(luck, p));
            let error = (expected * f64::from(datagrams) * f64::from(r + 1)).sqrt() / f64::from(datagrams);
            // Reference values have two digits.
            let tolerance = 4.0 * error + 0.05 * expected;
            println!("({k},{r}) p = {p}: {measured:.3e}, expected {expected:.1e} ± {tolerance:.1e}");
            assert!((measured - expected).abs() < tolerance, "({k},{r}) p = {p}: {measured}");
        }
    }
    assert_eq!(lines, 8);
}

#[test]
fn bursts_defeat_short_groups() {
    // Gilbert–Elliott with the same stationary loss of 4.76 %: bursts of 5 on average.
    let mut luck = Seed(5).stream(Domain::LOSS, 0, 0);
    let mut bad = false;
    let (enter, leave) = (Probability::new(0.01), Probability::new(0.2));
    let burst = move || {
        bad = if bad { !luck.chance(leave) } else { luck.chance(enter) };
        bad
    };
    let independent =
        residual(Config::new(10, 3), 400_000, bernoulli(Seed(6).stream(Domain::LOSS, 0, 0), 0.0476));
    let bursty = residual(Config::new(10, 3), 400_000, burst);
    println!("independent {independent:.2e}, bursty {bursty:.2e}");
    assert!(independent < 1.2e-3 && bursty > 20.0 * independent && bursty < 0.0476);
}

type Node = Stack<Rudp<Note>, Fec<rudp::Packet<Note>>>;

#[test]
fn reliable_udp_stands_on_it() {
    let run = |fec: Config| {
        let config = rudp::Config { queue_messages: 2_000, ..rudp::Config::profile(Profile::ZvPaper) };
        let node: Node = Stack::new(Rudp::new(config), Fec::new(fec));
        let mut luck = Seed(9).stream(Domain::LOSS, 0, 0);
        let mut pair = Pair::new(node.clone(), node, move |_, _, _| {
            if luck.chance(Probability::new(0.05)) { vec![] } else { vec![ms(50)] }
        });
        pair.keep_sent = false;
        for i in 0..2_000 {
            pair.run_until(at_ms(5 * u64::from(i)));
            pair.request(A, Request::send(B, note(i, 1_200)));
        }
        pair.run_until(at_ms(30_000));
        assert_eq!(pair.numbers(B), (0..2_000).collect::<Vec<_>>());
        let waits = pair
            .delivered(B)
            .iter()
            .map(|(time, n)| time.since(at_ms(5 * u64::from(*n))).as_millis_f64())
            .sum::<f64>();
        (
            waits / 2_000.0,
            pair.nodes[1].lower.counters().rebuilt,
            pair.nodes[0].upper.counters().retransmissions(),
        )
    };
    let (without, none, repeated) = run(Config::OFF);
    let (with, rebuilt, seldom) = run(Config::new(10, 3));
    println!(
        "mean latency without {without:.1} ms, with {with:.1} ms; rebuilt {rebuilt}; sent again {repeated}, {seldom}"
    );
    assert_eq!(none, 0);
    assert!(rebuilt > 50 && with < without, "parity saves time: {with} against {without} ms");
}

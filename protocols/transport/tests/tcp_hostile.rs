//! What must never harm TCP: lost, doubled, disordered, old, forged and senseless segments.

mod tcp_path;
mod tcp_script;

use astrarium_node::{NodeId, Span, Time};
use astrarium_protocol_transport::tcp::{Config, Congestion, Dropped, Flags, PORT, Pooling, Segment, Tcp};
use astrarium_protocol_transport::{Event, Request};
use proptest::prelude::*;
use tcp_script::{A, B, Blob, MSS, Pair, delivered, ms, plain, start};

type Seg = Segment<Blob>;

/// A connection over which one message has gone, and B's last acknowledgement.
fn warm(config: &Config) -> (Pair, Seg) {
    let mut pair = start(config);
    pair.request(A, Request::send(B, Blob(0, 100)));
    pair.run_until(ms(1000));
    let last = pair.sent.iter().rev().find(|s| s.1 == B).expect("an acknowledgement").3.clone();
    (pair, last)
}

fn dropped(pair: &Pair) -> Dropped {
    pair.node(A).counters().dropped
}

#[test]
fn segments_that_do_not_fit_are_dropped_and_counted_by_cause() {
    type Forge = fn(&mut Seg);
    type Cause = fn(&Dropped) -> u64;
    let cases: [(&str, Forge, Cause); 9] = [
        ("wrong port here", |s| s.destination = 9, |d| d.unknown),
        ("wrong port there", |s| s.source = 9, |d| d.unknown),
        ("beyond the window", |s| s.sequence = s.sequence.wrapping_add(1 << 29), |d| d.window),
        ("never sent", |s| s.acknowledgement = s.acknowledgement.wrapping_add(1), |d| d.acknowledgement),
        ("old clock", |s| s.timestamp = s.timestamp.wrapping_sub(500), |d| d.timestamp),
        (
            "blind reset",
            |s| {
                s.flags = Flags::RST;
                s.sequence = s.sequence.wrapping_add(5);
            },
            |d| d.challenge,
        ),
        ("blind SYN", |s| s.flags = Flags::SYN, |d| d.challenge),
        ("no acknowledgement", |s| s.flags = Flags(0), |d| d.malformed),
        ("SYN and FIN", |s| s.flags = Flags::SYN.with(Flags::FIN), |d| d.malformed),
    ];
    for (name, forge, cause) in cases {
        let (mut pair, mut segment) = warm(&Config::newreno());
        forge(&mut segment);
        pair.deliver(B, A, segment);
        assert_eq!(cause(&dropped(&pair)), 1, "{name}");
        assert_eq!(dropped(&pair).total(), 1, "{name}");
        // The connection is as good as before.
        pair.request(A, Request::send(B, Blob(1, 100)));
        pair.run_until(ms(3000));
        assert_eq!(delivered(&pair).last(), Some(&(ms(1050), 1)), "{name}");
    }
}

#[test]
fn references_and_ranges_that_lie_are_dropped() {
    let (mut pair, ack) = warm(&Config::newreno());
    let mut lying = pair.sent.iter().find(|s| s.3.length > 0).expect("data").3.clone();
    lying.ends[0].offset = lying.length + 1;
    pair.deliver(A, B, lying);
    assert_eq!(pair.node(B).counters().dropped.malformed, 1);
    for (from, to) in [(5, 5), (9, 2), (0, 1 << 30)] {
        let mut forged = ack.clone();
        forged.blocks = Default::default();
        assert!(
            forged.blocks.push(ack.acknowledgement.wrapping_add(from), ack.acknowledgement.wrapping_add(to))
        );
        pair.deliver(B, A, forged);
    }
    assert_eq!(dropped(&pair).malformed, 3);
    assert_eq!(delivered(&pair).len(), 1);
}

#[test]
fn an_old_segment_is_not_delivered_twice() {
    let (mut pair, _) = warm(&Config::newreno());
    let mut old = pair.sent.iter().find(|s| s.3.length > 0).expect("data").3.clone();
    // With a fresh clock, so that its age alone speaks against it.
    old.timestamp = old.timestamp.wrapping_add(500);
    pair.deliver(A, B, old);
    assert_eq!(delivered(&pair).len(), 1);
    assert_eq!(pair.node(B).counters().duplicates, 1);
}

#[test]
fn an_exact_reset_ends_the_connection() {
    let (mut pair, mut segment) = warm(&Config::newreno());
    segment.flags = Flags::RST;
    pair.deliver(B, A, segment);
    assert_eq!(pair.node(A).connections(), 0);
}

#[test]
fn strangers_get_a_reset_and_resets_get_nothing() {
    let (mut pair, segment) = warm(&Config::newreno());
    let stray = Seg { source: 50_000, destination: PORT, ..segment };
    pair.deliver(B, A, stray.clone());
    assert!(pair.sent.last().expect("answer").3.flags.has(Flags::RST));
    let sent = pair.sent.len();
    pair.deliver(B, A, Seg { flags: Flags::RST, ..stray });
    assert_eq!(pair.sent.len(), sent);
    assert_eq!((pair.node(A).counters().resets, dropped(&pair).unknown), (1, 2));
}

/// SYNs from everywhere fill the table up to its limit and no further; connections that exist go on.
#[test]
fn a_flood_of_syns_is_bounded() {
    let config = Config { max_connections: 50, ..Config::newreno() };
    let (mut pair, _) = warm(&config);
    let syn = pair.sent[0].3.clone();
    pair.filter(|_, _, to, _| to == B);
    for port in 0..200 {
        pair.deliver(A, B, Seg { source: 50_000 + port, ..syn.clone() });
    }
    assert_eq!(pair.node(B).connections(), 50);
    assert_eq!(pair.node(B).counters().dropped.overflow, 151);
    // Half-open ones give up after a minute.
    pair.run_until(ms(100_000));
    assert_eq!(pair.node(B).connections(), 1);
}

/// A window that closes stops the sender, which asks with doubling pauses and goes on when it opens.
#[test]
fn a_closed_window_is_probed_until_it_opens() {
    let (mut pair, mut ack) = warm(&Config { min_rto: Span::from_millis(200), ..plain() });
    pair.filter(|_, from, _, _| from == B);
    ack.window = 0;
    pair.deliver(B, A, ack.clone());
    pair.request(A, Request::send(B, Blob(1, 3 * MSS)));
    let before = pair.sent.len();
    pair.run_until(ms(5000));
    // The timeout is 275 ms after two samples of 100: 100 + 4·37.5 = 250; a third would lower it further. Pauses 1, 2, 4, 8 times.
    let probes: Vec<Time> = pair.sent[before..].iter().map(|s| s.0).collect();
    assert_eq!(probes, [250, 750, 1750, 3750].map(|after| ms(1000 + after)));
    assert!(pair.sent[before..].iter().all(|s| s.3.length == 0));
    assert_eq!(pair.node(A).counters().window_probes, 4);
    ack.window = u16::MAX;
    pair.deliver(B, A, ack);
    assert_eq!(pair.sent.last().map(|s| s.3.length), Some(MSS));
}

/// One segment that fits, then nothing: no tiny segments (silly window).
#[test]
fn a_tiny_window_is_not_filled_with_tiny_segments() {
    let (mut pair, mut ack) = warm(&plain());
    pair.filter(|_, from, _, _| from == B);
    // Scale 7 at the default buffer: 2 · 128 bytes.
    ack.window = 2;
    pair.deliver(B, A, ack);
    pair.request(A, Request::send(B, Blob(1, 3 * MSS)));
    assert_eq!(pair.sent.last().map(|s| s.3.length), Some(0));
    // After a timeout, and nothing better: what fits.
    pair.run_until(ms(2200));
    assert_eq!(pair.sent.last().map(|s| s.3.length), Some(256));
}

fn config() -> impl Strategy<Value = Config> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 1_u32..4, any::<bool>(), 2_000_u64..60_000).prop_map(
        |(cubic, sack, tail_probe, delayed_ack, per_message, receive_buffer)| Config {
            congestion: if cubic { Congestion::Cubic } else { Congestion::NewReno },
            pooling: if per_message { Pooling::PerMessage } else { Pooling::Kept },
            sack,
            tail_probe,
            delayed_ack,
            receive_buffer,
            min_rto: Span::from_millis(200),
            max_rto: Span::from_secs(5),
            // SYNs are data here, too: with a loss of 40 % six tries fail once in a hundred.
            syn_tries: 16,
            data_retries: 64,
            ..Config::newreno()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// I4: with any loss, duplication and reordering every message arrives exactly once, and in order on a kept connection; I5 holds
    /// at every step; and no message is left in a buffer.
    #[test]
    fn messages_arrive_once_and_in_order(
        config in config(),
        sizes in prop::collection::vec(0_u32..9000, 1..25),
        loss in 0.0_f64..0.4,
        duplicate in 0.0_f64..0.3,
        jitter in 0_u64..60,
        seed in any::<u64>(),
    ) {
        use tcp_path::{Blob, Link, Path};
        let mut link = Link::new(5_000_000, Span::from_millis(20), loss);
        link.duplicate = duplicate;
        link.jitter = Span::from_millis(jitter);
        let mut path = Path::new(Tcp::new(config.clone()), Tcp::new(config.clone()), link.clone(), link, seed);
        for (n, size) in sizes.iter().enumerate() {
            let at = ms(n as u64 * 30);
            path.ask(at, A, Request::send(B, Blob(n as u32, *size)));
            path.ask(at, B, Request::send(A, Blob(1000 + n as u32, *size)));
        }
        while path.step(ms(3_600_000)) {
            for (me, peer) in [(A, B), (B, A)] {
                if let Some((una, next, edge)) = path.node(me).positions(peer) {
                    prop_assert!(una <= next && next <= edge + 2, "{una} {next} {edge}");
                }
            }
        }
        for (to, base) in [(B, 0), (A, 1000)] {
            let mut got: Vec<u32> = path
                .indications
                .iter()
                .filter(|i| i.1 == to)
                .filter_map(|i| match &i.2 {
                    Event::Delivered { message, .. } => Some(message.0),
                    _ => None,
                })
                .collect();
            if config.pooling == Pooling::PerMessage {
                got.sort_unstable();
            }
            prop_assert_eq!(got, (base..base + sizes.len() as u32).collect::<Vec<_>>());
        }
    }

    /// Any segment at all, at any state: no panic, and each is counted. Segments derive from real ones, so that many get far.
    #[test]
    fn no_segment_can_break_a_connection(
        forged in prop::collection::vec(
            (0_usize..40, 0_u8..32, -3000_i32..3000, -3000_i32..3000, 0_u32..3000, any::<u16>(), -400_i32..400),
            1..60,
        ),
        sack in any::<bool>(),
        opener in any::<bool>(),
    ) {
        let config = Config { sack, min_rto: Span::from_millis(200), ..Config::newreno() };
        let mut pair = start(&config);
        pair.request(if opener { A } else { B }, Request::send(if opener { B } else { A }, Blob(0, 20_000)));
        for (step, (pick, flags, sequence, acknowledgement, length, window, clock)) in forged.into_iter().enumerate() {
            pair.run_until(ms(step as u64 * 17));
            let Some((_, from, to, base)) = pair.sent.get(pick).cloned() else { continue };
            let mut segment = base;
            segment.flags = Flags(flags);
            segment.sequence = segment.sequence.wrapping_add_signed(sequence);
            segment.acknowledgement = segment.acknowledgement.wrapping_add_signed(acknowledgement);
            segment.length = length;
            segment.window = window;
            segment.timestamp = segment.timestamp.wrapping_add_signed(clock);
            segment.blocks.push(segment.acknowledgement, segment.acknowledgement.wrapping_add(length));
            pair.deliver(from, to, segment);
        }
        pair.run_until(ms(300_000));
        prop_assert!(pair.node(A).connections() <= 2 && pair.node(B).connections() <= 2);
    }
}

/// What a node is sent by itself or for itself makes no connection.
#[test]
fn a_node_does_not_connect_to_itself() {
    let mut pair = start(&Config::newreno());
    pair.request(A, Request::send(A, Blob(0, 1)));
    assert!(matches!(pair.indications[..], [(_, NodeId(0), Event::Refused { .. })]));
}

//! Each rule once, on a scripted path: times computed by hand from the specification.

use astrarium_node::{NodeId, Span, Time, Wire};
use astrarium_protocol_transport::rudp::{
    AckRun, Config, Content, Marks, Packet, Profile, Push, Rudp, TickMode,
};
use astrarium_protocol_transport::{Down, Request};

use crate::pair::{A, B, Note, Pair, at_ms, ms, note};
use crate::script::{carries, delivered_ms, downs, from_b, pair, times, turbo};

#[test]
fn two_later_acknowledgements_bring_a_lost_segment_back() {
    // Acknowledged at once. Segment 0 is lost at 0; 1 and 2, sent at 20 and 40, are acknowledged at 120 and 140.
    let config = Config { flush_on_io: true, ..turbo() };
    let mut pair = pair(config, |from, n| from == A && n == 0);
    for i in 0..5 {
        pair.run_until(at_ms(20 * u64::from(i)));
        pair.request(A, Request::send(B, note(i, 1_000)));
    }
    pair.run_until(at_ms(1_000));
    assert_eq!(times(&pair, A, carries(0)), [0, 140]);
    assert_eq!(delivered_ms(&pair, B), [(190, 0), (190, 1), (190, 2), (190, 3), (190, 4)]);
    let counters = pair.nodes[0].counters();
    assert_eq!((counters.retransmissions_fast, counters.retransmissions_timeout), (1, 0));
}

#[test]
fn timeouts_grow_as_nodelay_says() {
    // First timeout 200 ms. 0: an eighth more at first, then doubled; 1: half of itself more; 2: half of 200 ms more.
    let expected: [(u8, &[u64]); 3] = [
        (0, &[0, 230, 630, 1_430, 3_030]),
        (1, &[0, 200, 500, 950, 1_630, 2_650]),
        (2, &[0, 200, 500, 900, 1_400, 2_000]),
    ];
    for (nodelay, expected) in expected {
        let mut pair = pair(Config { nodelay, ..turbo() }, |_, _| true);
        pair.request(A, Request::send(B, note(0, 100)));
        pair.run_until(at_ms(expected[expected.len() - 1] + 100));
        assert_eq!(times(&pair, A, carries(0)), expected, "nodelay {nodelay}");
    }
}

#[test]
fn fast_retransmission_ends_at_the_limit() {
    // Segment 0 never gets through; every later one is acknowledged at once and on its own. With a limit of 2 it is sent fast while it
    // has been sent at most twice: the third and later transmissions wait for timeouts.
    for (fastlimit, fast) in [(2, 2), (3, 3), (1, 1)] {
        let config = Config { flush_on_io: true, resend: 1, fastlimit, nodelay: 0, ..turbo() };
        let mut pair = Pair::new(Rudp::new(config), Rudp::new(config), |_, _, packet: &Packet<Note>| {
            if carries(0)(packet) { vec![] } else { vec![ms(50)] }
        });
        for i in 0..100 {
            pair.run_until(at_ms(10 * u64::from(i)));
            pair.request(A, Request::send(B, note(i, 100)));
        }
        pair.run_until(at_ms(1_100));
        assert_eq!(pair.nodes[0].counters().retransmissions_fast, fast, "limit {fastlimit}");
    }
}

#[test]
fn a_closed_window_is_probed_at_growing_intervals() {
    let mut pair = pair(turbo(), |from, _| from == A);
    pair.request(A, Request::send(B, note(0, 100)));
    pair.run_until(at_ms(100));
    let closed = Packet { window: 0, una: 1, ..from_b(&pair) };
    pair.inject(A, closed.clone());
    pair.request(A, Request::send(B, note(1, 100)));
    // The flush at 100 finds the window closed; 5 s later the first probe, then 7.5 s, then 11.25 s. Silence would end it first.
    for at in [10_000, 20_000, 23_000] {
        pair.run_until(at_ms(at));
        pair.inject(A, closed.clone());
    }
    pair.run_until(at_ms(30_000));
    let asks = times(&pair, A, |packet| packet.marks.has(Marks::ASK));
    assert_eq!(asks, [5_100, 12_600, 23_850]);
    assert_eq!(times(&pair, A, carries(1)), [0; 0]);
    // The window opens: the segment leaves with the next tick.
    pair.inject(A, Packet { window: 5, una: 1, ..from_b(&pair) });
    pair.run_until(at_ms(30_020));
    assert_eq!(times(&pair, A, carries(1)), [30_000]);
}

#[test]
fn a_probe_is_answered_with_the_window() {
    let mut pair = pair(turbo(), |_, _| false);
    pair.request(A, Request::send(B, note(0, 100)));
    pair.run_until(at_ms(203));
    let ask = Packet { marks: Marks::ASK, ..from_b(&pair) };
    pair.inject(A, ask);
    pair.run_until(at_ms(300));
    assert_eq!(times(&pair, A, |packet| packet.marks.has(Marks::TELL)), [210]);
}

#[test]
fn a_window_that_was_full_is_announced_when_it_opens() {
    // A part as long as the window fills it; delivering the part empties it, and the next flush says so.
    let config = Config { stream: true, recv_window: 32, ..turbo() };
    let mut pair = pair(config, |_, _| false);
    pair.request(A, Request::send(B, note(0, 100)));
    pair.run_until(at_ms(203));
    let mut packet = from_b(&pair);
    for sn in 0..32 {
        let content = if sn == 31 { Content::End(note(5, 3_200)) } else { Content::Middle };
        packet.data.push(Push { sn, len: 100, frg: 31 - sn as u8, content });
    }
    pair.inject(A, packet);
    assert_eq!(pair.numbers(A), [5]);
    pair.run_until(at_ms(220));
    let (_, _, told) = pair.sent.iter().find(|(_, _, packet)| packet.marks.has(Marks::TELL)).expect("told");
    assert_eq!((told.window, told.una, told.ack_count()), (32, 32, 32));
}

#[test]
fn the_congestion_window_grows_by_one_per_datagram_and_falls_to_one() {
    // Ticks every 10 ms, round trip 100 + the tick of the acknowledgement. The first flush only opens the window.
    let config = Config { no_congestion_window: false, ..turbo() };
    let mut pair = pair(config, |from, n| from == A && n == 0);
    for i in 0..20 {
        pair.request(A, Request::send(B, note(i, 1_376)));
    }
    pair.run_until(at_ms(5));
    assert_eq!(pair.nodes[0].status(B).map(|s| s.congestion_window), Some(1));
    assert_eq!(times(&pair, A, |packet| !packet.data.is_empty()), [0; 0]);
    // Segment 0 leaves with the tick at 10, is lost, and times out at 210: the window is 1 again.
    pair.run_until(at_ms(215));
    assert_eq!(times(&pair, A, carries(0)), [10, 210]);
    // Arrives at 260, is acknowledged at 260 or 270, and two go out.
    pair.run_until(at_ms(400));
    assert_eq!(pair.nodes[0].status(B).map(|s| s.congestion_window), Some(2));
    assert_eq!(times(&pair, A, carries(1)), times(&pair, A, carries(2)));
    pair.run_until(at_ms(5_000));
    assert_eq!(pair.numbers(B), (0..20).collect::<Vec<_>>());
}

#[test]
fn a_segment_sent_twenty_times_kills_the_session() {
    let config = Config { nodelay: 2, dead_after: 0, ..turbo() };
    let mut pair = pair(config, |_, n| n > 0);
    for i in 0..3 {
        pair.request(A, Request::send(B, note(i, 100)));
        pair.run_until(at_ms(200 * u64::from(i + 1)));
    }
    pair.run_until(at_ms(600_000));
    assert_eq!(times(&pair, A, carries(1)).len(), 20);
    let downs = downs(&pair, A);
    assert_eq!(downs.len(), 1);
    // Message 0 and its acknowledgement got through; the others come back.
    assert_eq!((downs[0].1, &downs[0].2[..]), (Down::DeadLink, &[1, 2][..]));
}

#[test]
fn malformed_datagrams_change_nothing() {
    let mut pair = pair(turbo(), |_, _| false);
    pair.request(A, Request::send(B, note(0, 100)));
    pair.run_until(at_ms(300));
    let before = pair.nodes[0].status(B);
    let good = from_b(&pair);
    let mut forged = Vec::new();
    forged.push(Packet { una: good.una + 1, ..good.clone() });
    for (sn, count) in [(1, 1), (0, 2), (0, 0), (5, 1), (0, u32::MAX), (u32::MAX - 1, 7)] {
        let mut packet = good.clone();
        packet.acks.push(AckRun { sn, ts: 0, count });
        forged.push(packet);
    }
    let count = forged.len() as u64;
    for packet in forged {
        pair.inject(A, packet);
    }
    assert_eq!(pair.nodes[0].status(B), before);
    assert_eq!(pair.nodes[0].counters().malformed, count);
    // A segment outside the window, and one that claims more fragments than a part can have.
    for (sn, frg) in [(128, 0), (0, 127), (0, 255)] {
        let mut packet = good.clone();
        packet.data.push(Push { sn, len: 10, frg, content: Content::End(note(66, 10)) });
        pair.inject(A, packet);
    }
    let counters = *pair.nodes[0].counters();
    assert_eq!((counters.outside_window, counters.malformed), (1, count + 2));
    assert_eq!(pair.numbers(A), [0; 0]);
    // Of another session: dropped whole.
    let mut other = Packet { conv: good.conv + 1, ..good };
    other.data.push(Push { sn: 0, len: 10, frg: 0, content: Content::End(note(66, 10)) });
    pair.inject(A, other);
    assert_eq!(pair.nodes[0].counters().wrong_session, 1);
    assert_eq!(pair.numbers(A), [0; 0]);
}

#[test]
fn the_encoded_length_is_the_wire_length() {
    for profile in [Profile::KcpTurbo, Profile::Qcp, Profile::ZvPaper] {
        let config = Config::profile(profile);
        let mut pair = pair(config, |_, n| n % 7 == 3);
        for i in 0..60 {
            pair.run_until(at_ms(3 * u64::from(i)));
            pair.request(A, Request::send(B, note(i, 37 * i)));
            pair.request(B, Request::send(A, note(i, 5 * i)));
        }
        pair.request(A, Request::Close { peer: B });
        pair.run_until(at_ms(20_000));
        assert!(pair.sent.len() > 100);
        for (_, _, packet) in &pair.sent {
            assert_eq!(packet.encode().len(), packet.wire_len() as usize, "{packet:?}");
            assert!(packet.wire_len() <= config.mtu + u32::from(config.crypt_overhead));
        }
        let bytes: u64 = pair.sent.iter().map(|(_, _, packet)| u64::from(packet.wire_len())).sum();
        let counted: u64 = pair.nodes.iter().map(|node| node.counters().bytes_sent).sum();
        assert_eq!(counted, bytes, "{profile:?}");
    }
}

#[test]
fn serving_by_deadline_sends_the_same_with_fewer_ticks() {
    let run = |tick_mode| {
        // Nothing arrives at the instant of a tick, where the order would be a tie.
        let mut count = [0; 2];
        let config = Config { tick_mode, ..turbo() };
        let mut pair = Pair::new(Rudp::new(config), Rudp::new(config), move |_, from, _| {
            count[from.index()] += 1;
            if count[from.index()] % 9 == 4 { vec![] } else { vec![Span::from_micros(50_700)] }
        });
        for i in 0..50 {
            pair.run_until(at_ms(100 * u64::from(i)) + Span::from_micros(3_300));
            pair.request(A, Request::send(B, note(i, 300)));
        }
        pair.run_until(at_ms(60_000));
        let mut sent: Vec<(Time, NodeId, u32, u32)> = pair
            .sent
            .iter()
            .map(|(time, from, packet)| (*time, *from, packet.una, packet.wire_len()))
            .collect();
        // Two nodes that tick at one time do so in no particular order.
        sent.sort_unstable();
        (sent, pair.nodes[0].counters().ticks)
    };
    let ((naive, often), (deadline, seldom)) = (run(TickMode::Naive), run(TickMode::Deadline));
    assert_eq!(naive, deadline);
    assert!(often == 6_001 && seldom < 200, "{often} and {seldom} ticks");
}

#[test]
fn long_messages_travel_in_parts() {
    // 200,000 bytes: four parts of at most 47 · 1376 bytes, 146 segments in all.
    let mut pair = pair(turbo(), |_, _| false);
    pair.request(A, Request::send(B, note(0, 200_000)));
    pair.request(A, Request::send(B, note(1, 0)));
    pair.run_until(at_ms(3_000));
    assert_eq!(pair.numbers(B), [0, 1]);
    let pushes: Vec<&Push<Note>> = pair.sent.iter().flat_map(|(_, _, packet)| &packet.data).collect();
    assert_eq!(pushes.len(), 146 + 1);
    assert_eq!(pushes.iter().map(|push| u32::from(push.len)).sum::<u32>(), 200_000);
    assert_eq!(pushes.iter().filter(|push| push.frg == 0).count(), 4 + 1);
    assert_eq!(pushes.iter().map(|push| push.frg).max(), Some(46));
}

#[test]
fn a_compressor_shortens_what_is_sent() {
    let mut pair = pair(Config { compress_ratio: 0.5, ..turbo() }, |_, _| false);
    pair.request(A, Request::send(B, note(0, 1_001)));
    pair.run_until(at_ms(1_000));
    let first = &pair.sent[0].2;
    assert_eq!(first.wire_len(), 24 + 501);
    assert_eq!(pair.nodes[1].counters().payload_delivered, 1_001);
}

#[test]
fn profiles_have_names_and_are_valid() {
    for (profile, name) in Profile::ALL {
        assert_eq!((Profile::from_name(name), profile.name()), (Some(profile), name));
        assert_eq!(Config::profile(profile).validate(), Ok(()), "{name}");
    }
    assert_eq!(Profile::from_name("kcp"), None);
    let wrong = [
        Config { nodelay: 3, ..turbo() },
        Config { interval: 0, ..turbo() },
        Config { recv_window: 127, ..turbo() },
        Config { mtu: 49, ..turbo() },
        Config { compress_ratio: f64::NAN, ..turbo() },
        Config { min_rto: 70_000, ..turbo() },
    ];
    for config in wrong {
        assert!(config.validate().is_err(), "{config:?}");
    }
}

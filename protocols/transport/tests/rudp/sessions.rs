//! How sessions begin and end, and who may speak when.

use astrarium_protocol_transport::rudp::{Config, Content, Marks, Packet, Profile, Push, Rudp};
use astrarium_protocol_transport::{Class, Down, Event, Request};

use crate::pair::{A, B, at_ms, ms, note};
use crate::script::{Rules, downs, from_b, pair, times, turbo};

#[test]
fn every_profile_delivers_a_message() {
    for (profile, name) in Profile::ALL {
        let mut pair = pair(Config::profile(profile), |_, _| false);
        pair.request(A, Request::send(B, note(1, 5_000)));
        pair.request(A, Request::send(B, note(2, 200_000)));
        pair.run_until(at_ms(20_000));
        assert_eq!(pair.numbers(B), [1, 2], "{name}");
    }
}

#[test]
fn a_restarted_peer_is_noticed() {
    let mut pair = pair(turbo(), |_, _| false);
    pair.request(A, Request::send(B, note(1, 100)));
    pair.run_until(at_ms(300));
    pair.restart(B);
    pair.request(A, Request::send(B, note(2, 100)));
    pair.run_until(at_ms(1_000));
    let down = pair.heard.iter().find_map(|(_, node, event)| match event {
        Event::PeerDown { reason, undelivered, .. } if *node == A => Some((*reason, undelivered.clone())),
        _ => None,
    });
    assert_eq!(down, Some((Down::Reset, vec![note(2, 100)])));
    pair.request(A, Request::send(B, note(3, 100)));
    pair.run_until(pair.now() + ms(500));
    assert_eq!(pair.numbers(B), [1, 3]);
}

#[test]
fn a_late_duplicate_does_not_revive_a_closed_session() {
    let mut pair = pair(turbo(), |_, _| false);
    pair.request(A, Request::send(B, note(1, 100)));
    pair.request(A, Request::Close { peer: B });
    pair.run_until(at_ms(1_000));
    assert_eq!(pair.nodes.each_ref().map(Rudp::sessions), [0, 0]);
    let first = pair.sent[0].2.clone();
    pair.inject(B, first);
    pair.run_until(at_ms(2_000));
    assert_eq!(pair.numbers(B), [1]);
    assert_eq!(pair.nodes[1].counters().wrong_session, 1);
}

#[test]
fn silence_kills_and_signs_of_life_keep() {
    let mut quiet = pair(turbo(), |_, _| false);
    quiet.request(A, Request::send(B, note(0, 100)));
    quiet.run_until(at_ms(120_000));
    assert_eq!((downs(&quiet, A).len(), downs(&quiet, B).len()), (0, 0));
    // Last sent at 0 (A): a sign of life each 10 s.
    let pings = times(&quiet, A, |packet| packet.marks.has(Marks::PING));
    assert_eq!(pings[..3], [10_000, 20_000, 30_000]);

    let mut cut = pair(turbo(), |_, n| n > 0);
    cut.request(A, Request::send(B, note(0, 100)));
    cut.run_until(at_ms(120_000));
    // A last heard from B at 110 or before: dead at the tick after 30 s. B heard at 50.
    let (a, b) = (downs(&cut, A), downs(&cut, B));
    assert_eq!((a[0].1, b[0].1), (Down::Silent, Down::Silent));
    assert!((30_050..=30_120).contains(&a[0].0) && (30_050..=30_060).contains(&b[0].0), "{a:?} {b:?}");

    let mut nobody = pair(turbo(), |_, _| true);
    nobody.request(A, Request::send(B, note(7, 100)));
    nobody.run_until(at_ms(120_000));
    assert_eq!(downs(&nobody, A), [(30_000, Down::Unreachable, vec![7])]);
}

#[test]
fn closing_delivers_first() {
    let mut pair = pair(turbo(), |from, n| from == A && n == 0);
    pair.request(A, Request::send(B, note(0, 5_000)));
    pair.request(A, Request::Close { peer: B });
    pair.request(A, Request::send(B, note(1, 100)));
    pair.run_until(at_ms(3_000));
    assert_eq!(pair.numbers(B), [0]);
    assert_eq!(pair.nodes[0].counters().refused, 1);
    let (a, b) = (downs(&pair, A), downs(&pair, B));
    assert_eq!((a.len(), a[0].1, a[0].2.len()), (1, Down::Closed, 0));
    assert_eq!((b.len(), b[0].1, b[0].2.len()), (1, Down::Closed, 0));
    // What cannot be delivered is given back after 10 s.
    let mut cut = pair_cut();
    cut.request(A, Request::send(B, note(0, 100)));
    cut.request(A, Request::Close { peer: B });
    cut.run_until(at_ms(20_000));
    assert_eq!(downs(&cut, A), [(10_000, Down::Closed, vec![0])]);
}

fn pair_cut() -> Rules {
    pair(turbo(), |_, _| true)
}

#[test]
fn both_may_open_at_once() {
    // At the same instant, and 7 ms apart: each way's messages arrive once, in order, in one session.
    for gap in [0, 7, 49, 60] {
        let mut pair = pair(turbo(), |_, _| false);
        pair.run_until(at_ms(1_000));
        for i in 0..3 {
            pair.request(A, Request::send(B, note(i, 2_000)));
        }
        pair.run_until(at_ms(1_000 + gap));
        for i in 10..13 {
            pair.request(B, Request::send(A, note(i, 2_000)));
        }
        pair.run_until(at_ms(4_000));
        assert_eq!((pair.numbers(B), pair.numbers(A)), (vec![0, 1, 2], vec![10, 11, 12]), "gap {gap} ms");
        let key = |node: usize, peer| pair.nodes[node].status(peer).map(|status| status.conv);
        assert_eq!(key(0, B), key(1, A), "gap {gap} ms");
        assert!(downs(&pair, A).is_empty() && downs(&pair, B).is_empty(), "gap {gap} ms");
    }
}

#[test]
fn a_node_whose_clock_ran_backwards_learns_the_newest_key() {
    let mut pair = pair(turbo(), |_, _| false);
    pair.run_until(at_ms(5_000));
    pair.request(A, Request::send(B, note(0, 100)));
    pair.run_until(at_ms(6_000));
    // B restarts and opens a session with a key as if its clock stood at 1 s.
    pair.restart(B);
    let mut open = from_b(&pair);
    (open.conv, open.marks, open.una) = (1_000, Marks::OPENING, 0);
    open.data.push(Push { sn: 0, len: 100, frg: 0, content: Content::End(note(9, 100)) });
    pair.inject(A, open);
    pair.run_until(at_ms(6_040));
    let (_, _, answer) = pair.sent.iter().rev().find(|(_, from, _)| *from == A).expect("an answer");
    assert!(answer.marks.has(Marks::RESET));
    assert_eq!((answer.conv, answer.una), (1_000, 5_000));
    assert_eq!(pair.numbers(A), [0; 0]);
    // Its own clock is right in truth; what it sends next opens a newer session.
    pair.request(B, Request::send(A, note(1, 100)));
    pair.run_until(at_ms(7_000));
    assert_eq!(pair.numbers(A), [1]);
    assert_eq!(downs(&pair, A)[0].1, Down::Reset);
}

#[test]
fn a_reset_that_names_a_newer_key_renames_the_opening() {
    let mut pair = pair(turbo(), |from, n| from == A && n == 0);
    pair.run_until(at_ms(1_000));
    pair.request(A, Request::send(B, note(0, 3_000)));
    pair.run_until(at_ms(1_001));
    let reset = Packet { marks: Marks::RESET, una: 77_000, ..from_b(&pair) };
    pair.inject(A, reset);
    pair.run_until(at_ms(2_000));
    assert_eq!(pair.nodes[0].status(B).map(|status| status.conv), Some(77_001));
    assert_eq!(pair.numbers(B), [0]);
}

#[test]
fn urgent_messages_overtake_in_rounds_of_five_three_two() {
    // The window holds one segment per round trip, so the order of sending is the order of the queues.
    let config = Config { send_window: 1, flush_on_io: true, ..turbo() };
    let mut pair = pair(config, |_, _| false);
    pair.request(A, Request::send(B, note(0, 10)));
    for i in 0..10 {
        for (class, base) in [(Class::Low, 300), (Class::Medium, 200), (Class::High, 100)] {
            pair.request(A, Request::Send { to: B, message: note(base + i, 10), class });
        }
    }
    pair.run_until(at_ms(10_000));
    let classes: Vec<u32> = pair.numbers(B).iter().map(|number| number / 100).collect();
    let round = |high, medium, low| [vec![1; high], vec![2; medium], vec![3; low]].concat();
    // Message 0 took one of the medium places of the first round.
    let first = [vec![0], round(5, 2, 2)].concat();
    assert_eq!(classes[..10], first);
    assert_eq!(classes[10..20], round(5, 3, 2));
    let rest = pair.numbers(B);
    assert_eq!(rest.len(), 31);
    for class in 1..=3 {
        let of_class: Vec<u32> = rest.iter().copied().filter(|n| n / 100 == class).collect();
        assert!(of_class.is_sorted(), "in order within a class: {of_class:?}");
    }
}

#[test]
fn a_full_queue_refuses() {
    let mut pair = pair(turbo(), |_, _| true);
    for i in 0..1_000 {
        pair.request(A, Request::send(B, note(i, 1_000)));
    }
    // Two windows of segments, or 256 messages if that is more.
    let refused = pair.heard.iter().filter(|(_, _, event)| matches!(event, Event::Refused { .. })).count();
    assert_eq!(refused, 1_000 - 256);
    assert_eq!(pair.nodes[0].counters().refused, refused as u64);
}

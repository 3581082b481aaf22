//! What reliable UDP is compared with: the slice transport, and an approximation of ENet.

use astrarium_node::Wire;
use astrarium_protocol_transport::rudp::{Config, Marks, Packet, Profile};
use astrarium_protocol_transport::{Down, Request};

use crate::pair::{A, B, Note, at_ms, ms, note};
use crate::script::{Rules, delivered_ms, downs, pair, times};

fn slices() -> Config {
    Config::profile(Profile::HcSlice)
}

fn is_data(packet: &Packet<Note>) -> bool {
    !packet.data.is_empty()
}

#[test]
fn slices_leave_at_once_and_a_bitmap_answers() {
    let mut pair = pair(slices(), |_, _| false);
    pair.request(A, Request::send(B, note(1, 5_000)));
    pair.run_until(at_ms(1_000));
    assert_eq!(delivered_ms(&pair, B), [(50, 1)]);
    let lengths: Vec<u32> = pair.sent.iter().map(|(_, _, packet)| packet.wire_len()).collect();
    // Four slices of 1,024 and one of 904 bytes behind 64 bytes each; five bits make a byte.
    assert_eq!(lengths, [1_088, 1_088, 1_088, 1_088, 968, 65]);
    assert_eq!(times(&pair, B, |packet| !packet.acks.is_empty()), [50]);
}

#[test]
fn what_is_missing_is_sent_again_after_ten_seconds() {
    // Slice 1 is lost. The bitmap says so when the last slice has arrived.
    let mut pair = pair(slices(), |from, n| from == A && n == 1);
    pair.request(A, Request::send(B, note(1, 3_000)));
    pair.request(A, Request::send(B, note(2, 100)));
    pair.run_until(at_ms(60_000));
    // No order is promised.
    assert_eq!(delivered_ms(&pair, B), [(50, 2), (10_050, 1)]);
    assert_eq!(times(&pair, A, is_data), [0, 0, 0, 0, 10_000]);
    assert_eq!(pair.nodes[0].counters().retransmissions(), 1);
}

#[test]
fn after_three_sendings_a_message_is_given_up() {
    let mut pair = pair(slices(), |_, _| true);
    pair.request(A, Request::send(B, note(1, 100)));
    pair.request(A, Request::Close { peer: B });
    pair.run_until(at_ms(100_000));
    assert_eq!(times(&pair, A, is_data), [0, 10_000, 20_000]);
    assert_eq!(pair.nodes[0].counters().abandoned, 1);
    assert_eq!(downs(&pair, A), [(30_000, Down::Closed, vec![])]);
}

#[test]
fn a_lost_bitmap_does_not_deliver_twice() {
    let mut pair = pair(slices(), |from, n| from == B && n == 0);
    pair.request(A, Request::send(B, note(1, 2_000)));
    pair.run_until(at_ms(60_000));
    assert_eq!(pair.numbers(B), [1]);
    assert_eq!(times(&pair, A, is_data), [0, 0, 10_000, 10_000]);
    assert_eq!(pair.nodes[1].counters().duplicates_received, 2);
}

#[test]
fn a_restarted_sender_of_slices_begins_anew() {
    let mut pair = pair(slices(), |_, _| false);
    pair.run_until(at_ms(10));
    pair.request(A, Request::send(B, note(1, 2_000)));
    pair.run_until(at_ms(1_000));
    let old = pair.sent[0].2.clone();
    pair.restart(A);
    pair.request(A, Request::send(B, note(2, 2_000)));
    pair.run_until(at_ms(2_000));
    assert_eq!(pair.numbers(B), [1, 2]);
    pair.inject(B, old);
    assert_eq!(pair.nodes[1].counters().wrong_session, 1);
}

#[test]
fn malformed_slices_are_dropped() {
    let mut pair = pair(slices(), |_, _| false);
    pair.request(A, Request::send(B, note(1, 3_000)));
    pair.run_until(at_ms(1_000));
    let good = pair.sent[0].2.clone();
    let mut beyond = good.clone();
    beyond.data[0].sn = 3;
    let none = Packet { window: 0, ..good.clone() };
    let many = Packet { window: 8_193, ..good.clone() };
    for packet in [beyond, none, many] {
        pair.inject(B, packet);
    }
    assert_eq!(pair.nodes[1].counters().malformed, 3);
    // Another number of slices for a message that is not complete.
    let fresh = Packet { una: 7, ..good };
    pair.inject(B, fresh.clone());
    pair.inject(B, Packet { window: 5, ..fresh });
    assert_eq!(pair.nodes[1].counters().malformed, 4);
    assert_eq!(pair.numbers(B), [1]);
    // Longer than a bitmap: refused.
    pair.request(A, Request::send(B, note(9, 8 * 1_024 * 1_024 + 1)));
    assert_eq!(pair.nodes[0].counters().refused, 1);
}

fn enet() -> Rules {
    pair(Config::profile(Profile::Enet), |_, _| false)
}

#[test]
fn enet_shakes_hands_first() {
    let mut pair = enet();
    pair.request(A, Request::send(B, note(1, 500)));
    pair.run_until(at_ms(400));
    // Opening at 0, answered at the service tick at 50 or 51, data at 100 – 102: one and a half round trips.
    let (at, _) = delivered_ms(&pair, B)[0];
    assert!((150..=153).contains(&at), "{at} ms");
    let opening = &pair.sent[0].2;
    assert!(opening.marks.has(Marks::PING) && opening.marks.has(Marks::OPENING) && opening.wire_len() == 12);
    let data = pair.sent.iter().find(|(_, _, packet)| is_data(packet)).expect("data");
    assert_eq!(data.2.wire_len(), 4 + 6 + 500);
}

#[test]
fn enet_gives_up_an_unanswered_handshake() {
    let mut pair = pair(Config::profile(Profile::Enet), |_, _| true);
    pair.request(A, Request::send(B, note(1, 500)));
    pair.run_until(at_ms(20_000));
    // Five tries from 200 ms on, each wait half as long again: 0, 200, 500, 950, 1,625; then 2,637.
    assert_eq!(times(&pair, A, |_| true), [0, 200, 500, 950, 1_625]);
    assert_eq!(downs(&pair, A), [(2_637, Down::Unreachable, vec![1])]);
}

#[test]
fn enet_keeps_to_32_kib_in_flight_and_doubles_its_timeout() {
    let mut pair = enet();
    pair.request(A, Request::send(B, note(1, 100_000)));
    pair.run_until(at_ms(130));
    let sent: u32 =
        pair.sent.iter().flat_map(|(_, _, packet)| &packet.data).map(|push| u32::from(push.len)).sum();
    assert!((32 * 1_024..32 * 1_024 + 1_400).contains(&sent), "{sent} bytes");
    pair.run_until(at_ms(1_000));
    assert_eq!(pair.numbers(B), [1]);
    // With samples of 100 ms the timeout is 100 + 4 · deviation; nothing gets through any more, so it doubles.
    pair.path = Box::new(|_, _, _| vec![]);
    pair.request(A, Request::send(B, note(2, 100)));
    pair.run_until(pair.now() + ms(10_000));
    let again = times(&pair, A, |packet| packet.data.iter().any(|push| push.len == 100));
    let waits: Vec<u64> = again.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.len() >= 4, "{again:?}");
    for wait in waits.windows(2).skip(1) {
        assert_eq!(wait[1], 2 * wait[0], "{again:?}");
    }
}

//! The recursion on scripted paths: timelines by hand.

use super::{Connection, Law, Line, Path, RudpModel, SlowStart, TcpModel, TransportModel};
use astrarium_node::Span;

const MS: u64 = 1_000_000;
const FREE: Line = Line { bps: 0, buffer: None, busy: 0, further: 0, back: 0 };

/// 50 ms each way; the packets of these numbers, counted from 1 on the way there, are lost.
struct Script {
    sent: u32,
    lost: Vec<u32>,
}

impl Path for Script {
    fn forward(&mut self) -> Option<u64> {
        self.sent += 1;
        (!self.lost.contains(&self.sent)).then_some(50 * MS)
    }

    fn backward(&mut self) -> Option<u64> {
        Some(50 * MS)
    }
}

fn kcp() -> Law {
    Law::new(&TransportModel::Rudp(RudpModel::KCP)).unwrap()
}

fn tcp() -> Law {
    let model = TcpModel {
        mss: 1448,
        header: 24,
        initial_window: 10,
        window: 1000,
        min_rto: Span::from_millis(200),
        initial_rto: Span::from_secs(1),
        delayed_ack: 1,
        delayed_ack_timeout: Span::from_millis(40),
        quick_acks: 1,
        cubic: false,
        slow_start: SlowStart::Standard,
        prr: true,
        careful_timer: false,
        tail_probe: false,
        byte_counting: 0,
        idle_restart: true,
        fresh: false,
    };
    Law::new(&TransportModel::Tcp(model)).unwrap()
}

/// Sends messages of so many bytes a second apart; latencies in ms.
fn latencies(law: &Law, bytes: u64, messages: u64, lost: &[u32], line: Line) -> Vec<f64> {
    let mut connection = Connection::new(law);
    let mut path = Script { sent: 0, lost: lost.to_vec() };
    (0..messages)
        .map(|i| {
            let now = i * 1000 * MS;
            let at = connection.carry(law, now, bytes, &line, &mut path).at.unwrap();
            (at - now) as f64 / 1e6
        })
        .collect()
}

/// Timers are looked at every 10 ms. After two round trips of 100 ms the deviation is 50, then ⌊150/4⌋ = 37: timeout 248. In the steady state
/// it is 110; lost twice costs 110 and 165.
#[test]
fn a_lone_segment_waits_for_its_timer() {
    assert_eq!(latencies(&kcp(), 200, 3, &[3], FREE), [50.0, 50.0, 300.0]);
    let steady = latencies(&kcp(), 200, 12, &[12], FREE);
    assert_eq!((steady[10], steady[11]), (50.0, 160.0));
    let twice = latencies(&kcp(), 200, 12, &[12, 13], FREE);
    assert_eq!(twice[11], 50.0 + 110.0 + 170.0);
}

/// Four segments, the first lost: the second later acknowledgement, after 100 ms, sends it again.
#[test]
fn later_acknowledgements_reveal_a_loss() {
    assert_eq!(latencies(&kcp(), 4 * 1376, 1, &[1], FREE), [150.0]);
}

/// 70 segments: handshake 100, then 10, 20, 40 in three round trips, the last of them one way.
#[test]
fn slow_start_doubles_and_a_resting_window_begins_again() {
    let bytes = 70 * 1448;
    assert_eq!(latencies(&tcp(), bytes, 2, &[], FREE), [350.0, 250.0]);
}

/// 1 Mbit/s: 1,428 bytes take 11.424 ms.
#[test]
fn segments_stand_in_line_at_the_bottleneck() {
    let line = Line { bps: 1_000_000, buffer: None, busy: 0, further: 0, back: 0 };
    let got = latencies(&kcp(), 2 * 1376, 1, &[], line);
    assert!((got[0] - (50.0 + 2.0 * 11.424)).abs() < 1e-6, "{got:?}");
}

/// Messages keep their order: the second one waits for the first, which waits for its timer of 200 ms.
#[test]
fn delivery_is_in_order() {
    let law = kcp();
    let mut connection = Connection::new(&law);
    let mut path = Script { sent: 0, lost: vec![1] };
    let first = connection.carry(&law, 0, 200, &FREE, &mut path).at.unwrap();
    let second = connection.carry(&law, 20 * MS, 200, &FREE, &mut path).at.unwrap();
    assert_eq!((first, second), (250 * MS, 250 * MS));
}

/// Lost SYNs cost 1 and 3 s.
#[test]
fn lost_handshakes_back_off() {
    assert_eq!(latencies(&tcp(), 100, 1, &[1, 2], FREE), [3150.0]);
    let mut connection = Connection::new(&tcp());
    let mut path = Script { sent: 0, lost: (1..=6).collect() };
    assert_eq!(connection.carry(&tcp(), 0, 100, &FREE, &mut path).at, None);
}

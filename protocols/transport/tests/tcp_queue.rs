//! TCP through a bottleneck with a finite queue: slow start that ends in time, and recovery that does not lose what it repeats.

mod tcp_path;

use astrarium_node::{Span, Time};
use astrarium_protocol_transport::Request;
use astrarium_protocol_transport::tcp::{Config, Counters, SlowStart, Tcp};
use tcp_path::{A, B, Blob, Link, Path, delivered};

/// A transfer of 1 MB over 10 Mbit/s and 20 ms one way with so many packets of queue: its time in ms, and the sender's counters. The path holds
/// 34 segments besides the queue.
fn transfer(config: &Config, queue: usize) -> (f64, Counters) {
    let link = Link { queue, ..Link::new(10_000_000, Span::from_millis(20), 0.0) };
    let ends = (Tcp::new(config.clone()), Tcp::new(config.clone()));
    let mut path = Path::new(ends.0, ends.1, link.clone(), link, 1);
    path.ask(Time::ZERO, A, Request::send(B, Blob(0, 1_000_000)));
    path.run_until(Time::ZERO + Span::from_secs(60));
    (delivered(&path)[0].0.since(Time::ZERO).as_millis_f64(), *path.node(A).counters())
}

fn cubic(slow_start: SlowStart) -> Config {
    Config {
        slow_start,
        min_rto: Span::from_millis(200),
        delayed_ack_timeout: Span::from_millis(200),
        ..Config::cubic()
    }
}

/// A queue of 200 packets: slow start overruns it and the path, 234 segments, and loses. HyStart leaves when a round begins with a round
/// trip's worth of queue, HyStart++ slows down when it notices some milliseconds (and reaches the limit in its last cautious round). The line is never idle: 80 ms of handshake and first
/// flight, 691 segments of 1.2 ms, and less than a round trip of waiting for the window to open.
#[test]
fn hystart_leaves_slow_start_before_the_queue_overflows() {
    let (_, standard) = transfer(&cubic(SlowStart::Standard), 200);
    assert!(standard.fast > 20, "{}", standard.fast);
    for scheme in [SlowStart::HyStart, SlowStart::HyStartPlusPlus] {
        let (time, counters) = transfer(&cubic(scheme), 200);
        assert!(counters.retransmissions() <= 1, "{scheme:?}: {}", counters.retransmissions());
        assert!((880.0..1000.0).contains(&time), "{scheme:?}: {time} ms");
    }
}

/// A queue of 20 packets: the window at the loss is twice what the path holds, and even 0.7 of it is too much. Packets are conserved below
/// the threshold, so repairs are not lost again and no timer expires.
#[test]
fn recovery_from_an_overshoot_needs_no_timeout() {
    for queue in [20, 50] {
        let (time, counters) = transfer(&cubic(SlowStart::HyStart), queue);
        assert!(counters.recoveries > 0);
        assert_eq!(counters.timeouts, 0, "{queue} packets");
        assert!(time < 1000.0, "{queue} packets: {time} ms");
    }
}

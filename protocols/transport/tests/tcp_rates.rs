//! TCP under random loss, in virtual time: sustained goodput against Mathis and PFTK, and the message latencies of the network
//! specification (table of C9).

mod tcp_path;

use astrarium_node::{Span, Time};
use astrarium_protocol_transport::Request;
use astrarium_protocol_transport::tcp::{Config, Tcp};
use tcp_path::{A, B, Blob, Link, Path, delivered, mean_and_p99};

const OWD: Span = Span::from_millis(50);

fn at_ms(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

/// Mean and 99th percentile of latency in ms of `count` messages of `bytes` every `spacing` over a connection that is open.
fn stream(config: &Config, loss: f64, count: u32, bytes: u32, spacing: Span, seed: u64) -> (f64, f64) {
    let link = Link::new(0, OWD, loss);
    let mut path = Path::new(Tcp::new(config.clone()), Tcp::new(config.clone()), link.clone(), link, seed);
    path.ask(Time::ZERO, A, Request::send(B, Blob(u32::MAX, 1)));
    let start = at_ms(20_000);
    for i in 0..count {
        path.ask(start + spacing * u64::from(i), A, Request::send(B, Blob(i, bytes)));
    }
    path.run_until(start + spacing * u64::from(count) + Span::from_secs(120));
    let latencies = delivered(&path)
        .iter()
        .filter(|(_, n)| *n != u32::MAX)
        .map(|(at, n)| at.since(start + spacing * u64::from(*n)).as_millis_f64())
        .collect::<Vec<_>>();
    assert_eq!(latencies.len(), count as usize);
    mean_and_p99(latencies)
}

/// Steady goodput in Mbit/s over so many minutes, after a warm-up of one: MSS 1460, round trip 100 ms, loss on data only, all bytes
/// counted, every segment acknowledged (the forms' b = 1).
fn goodput(loss: f64, minutes: u64, seed: u64) -> f64 {
    let config = Config {
        min_rto: Span::from_millis(200),
        mss: 1460,
        byte_counting: 2,
        delayed_ack: 1,
        ..Config::newreno()
    };
    let ends = (Tcp::new(config.clone()), Tcp::new(config));
    let mut path = Path::new(ends.0, ends.1, Link::new(0, OWD, loss), Link::new(0, OWD, 0.0), seed);
    path.ask(Time::ZERO, A, Request::send(B, Blob(0, 2_000_000_000)));
    let acknowledged = |path: &Path<Tcp<Blob>>| path.node(A).positions(B).expect("open").0;
    path.run_until(at_ms(60_000));
    let before = acknowledged(&path);
    path.run_until(at_ms(60_000 * (minutes + 1)));
    (acknowledged(&path) - before) as f64 * 8.0 / (minutes as f64 * 60e6)
}

/// Network specification V5. PFTK (Padhye, Firoiu, Towsley, Kurose 1998, eq. 30) with b = 1 and T0 = 200 ms, computed apart:
/// 4.504, 1.369, 0.5146 Mbit/s. Mathis with √1.5: 4.523 and 1.430; at 5 % it gives 0.640, out of its range, since it knows no
/// timeouts. Standard errors, from eight seeds: 1.6, 2.3 and 1.5 %; the bias against PFTK was 4, −4 and −6 %. With the tolerance of
/// 10 % a false alarm is rarer than one seed in 100, and the seed is fixed.
#[test]
fn sustained_goodput_under_loss_agrees_with_theory() {
    for (loss, minutes, pftk, mathis) in
        [(0.001, 60, 4.504, Some(4.523)), (0.01, 10, 1.369, Some(1.430)), (0.05, 10, 0.5146, None)]
    {
        let measured = goodput(loss, minutes, 3);
        assert!((measured / pftk - 1.0).abs() < 0.10, "loss {loss}: {measured} Mbit/s, PFTK {pftk}");
        if let Some(mathis) = mathis {
            assert!(
                (measured / mathis - 1.0).abs() < 0.15,
                "loss {loss}: {measured} Mbit/s, Mathis {mathis}"
            );
        }
    }
}

/// Rows of the specification's table that do not depend on whether waiting messages share a segment (here they do): 50 messages
/// of 200 B per second and 1 of 1 kB, round trip 100 ms, loss both ways. Means in ms within 10 %; 20,000 messages each leave a
/// standard error of 2 % at most. The other rows stand in the scenario that compares transports.
#[test]
fn message_latencies_are_those_of_the_specification() {
    let sack = Config { min_rto: Span::from_millis(200), ..Config::newreno() };
    let cubic = Config { min_rto: Span::from_millis(200), tail_probe: true, ..Config::cubic() };
    let (dense, sparse) = ((200, Span::from_millis(20)), (1000, Span::from_secs(1)));
    for (config, (bytes, spacing), loss, mean) in [
        (&sack, dense, 0.0, 50.0),
        (&sack, dense, 0.001, 51.5),
        (&sack, dense, 0.01, 68.4),
        (&cubic, dense, 0.001, 50.7),
        (&cubic, dense, 0.01, 57.3),
        (&cubic, dense, 0.02, 68.0),
        (&sack, sparse, 0.01, 51.8),
        (&sack, sparse, 0.05, 62.0),
        (&cubic, sparse, 0.05, 61.2),
    ] {
        let (measured, _) = stream(config, loss, 20_000, bytes, spacing, 1);
        assert!((measured / mean - 1.0).abs() < 0.10, "{bytes} B, loss {loss}: {measured} ms, table {mean}");
    }
}

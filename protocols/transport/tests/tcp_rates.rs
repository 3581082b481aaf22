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

#[test]
fn probe() {
    let sack = Config { min_rto: Span::from_millis(200), ..Config::newreno() };
    let cubic = Config { min_rto: Span::from_millis(200), tail_probe: true, ..Config::cubic() };
    for p in [0.0, 0.001, 0.01, 0.02, 0.05, 0.1] {
        let a = stream(&sack, p, 20_000, 200, Span::from_millis(20), 1);
        let b = stream(&cubic, p, 20_000, 200, Span::from_millis(20), 1);
        println!("50/s p={p}: sack {:.1}/{:.0} cubic+tlp {:.1}/{:.0}", a.0, a.1, b.0, b.1);
    }
    for p in [0.01, 0.05, 0.1] {
        let a = stream(&sack, p, 20_000, 1000, Span::from_secs(1), 1);
        let b = stream(&cubic, p, 20_000, 1000, Span::from_secs(1), 1);
        println!("1/s p={p}: sack {:.1}/{:.0} cubic+tlp {:.1}/{:.0}", a.0, a.1, b.0, b.1);
    }
    for (p, want) in [(0.001, 4.52), (0.01, 1.43), (0.05, 0.64)] {
        for (bc, da) in [(2, 2), (2, 1)] {
            let config = Config { min_rto: Span::from_millis(200), mss: 1460, byte_counting: bc, delayed_ack: da, ..Config::newreno() };
            let mut path = Path::new(Tcp::new(config.clone()), Tcp::new(config), Link::new(0, OWD, p), Link::new(0, OWD, 0.0), 3);
            path.ask(Time::ZERO, A, Request::send(B, Blob(0, 2_000_000_000)));
            path.run_until(at_ms(3000_000));
            let bytes = path.node(A).positions(B).unwrap().0;
            println!("p={p} bc={bc} da={da}: {:.3} Mbit/s, want {want} {:?}", bytes as f64 * 8.0 / 3000e6, path.node(A).counters());
        }
    }
}

/// The grid of the acceptance conditions, to be laid beside an established packet simulator.
#[test]
#[ignore = "prints a table"]
fn grid() {
    for (name, base) in [("newreno", Config::newreno()), ("cubic", Config::cubic())] {
        let config = Config { min_rto: Span::from_millis(200), delayed_ack_timeout: Span::from_millis(200), ..base };
        for loss in [0.0, 0.001, 0.01] {
            for rate in [10, 100] {
                for owd in [20, 50, 100] {
                    for bytes in [10_000, 100_000, 1_000_000] {
                        let seeds = if loss > 0.0 { 41 } else { 1 };
                        let mut times: Vec<f64> = (0..seeds)
                            .map(|seed| {
                                let link = Link::new(rate * 1_000_000, Span::from_millis(owd), loss);
                                let ends = (Tcp::new(config.clone()), Tcp::new(config.clone()));
                                let mut path = Path::new(ends.0, ends.1, link.clone(), link, seed);
                                path.ask(Time::ZERO, A, Request::send(B, Blob(0, bytes)));
                                path.run_until(at_ms(600_000));
                                delivered(&path)[0].0.since(Time::ZERO).as_millis_f64()
                            })
                            .collect();
                        times.sort_by(f64::total_cmp);
                        println!("{name} {loss} {rate}Mbps {owd} {bytes} {:.1}", times[times.len() / 2]);
                    }
                }
            }
        }
    }
}

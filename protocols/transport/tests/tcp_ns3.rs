//! Completion times of TCP transfers against ns-3 under the same options: network specification §6.10, acceptance of the network issue.
//!
//! The reference is `data/ns3-3.37.csv`; `peers/ns3` holds the program that made it and says how, `docs/validation.md` what was found. Each row
//! is run here on the path of `tcp_path` and its median must lie within 15 % of ns-3's, within 25 % from 1 % loss on.
//!
//! Without loss both are deterministic. With loss the medians of both have errors: at 1 % and 1 MB completion times spread over a factor of
//! five, and the standard error of a median of 201 runs is 5 % or so. The seeds are fixed, so there is no false alarm of a given version;
//! another choice of seeds would raise one in a few hundred rows at the present deviations.

mod tcp_path;

use astrarium_node::{Span, Time};
use astrarium_protocol_transport::Request;
use astrarium_protocol_transport::tcp::{Config, Tcp};
use tcp_path::{A, B, Blob, Link, Path, delivered};

const REFERENCE: &str = include_str!("data/ns3-3.37.csv");
/// Runs of a row with loss.
const RUNS: u64 = 201;

struct Row<'a> {
    congestion: &'a str,
    rate: u64,
    one_way: Span,
    loss: f64,
    bytes: u32,
    queue: &'a str,
    median_ms: f64,
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    REFERENCE.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |index: usize| fields[index].parse::<f64>().expect("a number");
        Row {
            congestion: fields[0],
            rate: number(1) as u64 * 1_000_000,
            one_way: Span::from_millis(number(2) as u64),
            loss: number(3),
            bytes: number(4) as u32,
            queue: fields[5],
            median_ms: number(7),
        }
    })
}

/// The options of the reference; all others are those of `transfer`.
fn config(congestion: &str) -> Config {
    let base = if congestion == "cubic" { Config::cubic() } else { Config::newreno() };
    Config {
        mss: 1448,
        initial_window: 10,
        min_rto: Span::from_millis(200),
        delayed_ack: 2,
        delayed_ack_timeout: Span::from_millis(200),
        careful_timer: false,
        ..base
    }
}

fn link(row: &Row<'_>) -> Link {
    let link = Link::new(row.rate, row.one_way, row.loss);
    let limit = |unit| row.queue.strip_suffix(unit).map(|n| n.parse::<usize>().expect("a limit"));
    match (limit("kB"), limit("p")) {
        (Some(kilobytes), _) => Link { queue_bytes: kilobytes as u64 * 1000, ..link },
        (_, Some(packets)) => Link { queue: packets, ..link },
        _ => panic!("queue {}", row.queue),
    }
}

/// Median completion time in ms.
fn median(row: &Row<'_>) -> f64 {
    let end = Time::ZERO + Span::from_secs(600);
    let runs = if row.loss > 0.0 { RUNS } else { 1 };
    let mut times: Vec<f64> = (0..runs)
        .map(|seed| {
            let ends = (Tcp::new(config(row.congestion)), Tcp::new(config(row.congestion)));
            let mut path = Path::new(ends.0, ends.1, link(row), link(row), seed);
            path.ask(Time::ZERO, A, Request::send(B, Blob(0, row.bytes)));
            while delivered(&path).is_empty() && path.step(end) {}
            delivered(&path).first().map_or(600e3, |(at, _)| at.since(Time::ZERO).as_millis_f64())
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[test]
fn completion_times_agree_with_ns3() {
    let mut count = 0;
    let far: Vec<String> = rows()
        .filter_map(|row| {
            count += 1;
            let measured = median(&row);
            let deviation = measured / row.median_ms - 1.0;
            let limit = if row.loss < 0.01 { 0.15 } else { 0.25 };
            (deviation.abs() > limit).then(|| {
                format!(
                    "{} {} Mbit/s {} loss {} {} B queue {}: {measured:.1} ms, ns-3 {:.1} ms, {:+.1} %",
                    row.congestion,
                    row.rate / 1_000_000,
                    row.one_way,
                    row.loss,
                    row.bytes,
                    row.queue,
                    row.median_ms,
                    100.0 * deviation
                )
            })
        })
        .collect();
    assert!(count > 300, "{count} rows");
    assert!(far.is_empty(), "{} of {count} rows are too far off:\n{}", far.len(), far.join("\n"));
}

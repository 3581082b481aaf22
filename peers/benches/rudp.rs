//! Reliable UDP at packet level on the whole engine: `cargo bench -p astrarium-peers --bench rudp`.
//!
//! Pairs of nodes move bulk messages over the modelled network; every datagram is an event with its own delay and, in the second
//! half of the table, its own loss. Counted are *segments*: data segments and acknowledgements that arrive, as they do in
//! KCP, where an acknowledgement is a segment of its own. Beside it stand what costs the time: datagrams and engine events. Rounds are
//! interleaved and the best of each is taken, for machines are noisy.
#![allow(missing_docs, reason = "a program")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark measures wall time")]

use std::time::Instant;

use astrarium_engine::{Builder, QueueKind, RunOptions, Simulation};
use astrarium_net::{Bandwidth, Fidelity, LatencyModel, LossModel, Modelled, NetConfig};
use astrarium_node::{Cx, Layer, NodeId, Seed, Span, Stack, Time, Wire};
use astrarium_protocol_transport::rudp::{Config, Counters, Profile, Rudp};
use astrarium_protocol_transport::{Class, Event, Request};

const PAIRS: u32 = 8;
const MESSAGES: u32 = 40;
const ROUNDS: usize = 9;

/// A message of this many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Bulk(u32);

impl Wire for Bulk {
    fn wire_len(&self) -> u32 {
        self.0
    }
}

/// Sends its messages when it starts, if it is an even node, and counts what arrives.
#[derive(Debug, Clone)]
struct Source {
    bytes: u32,
    received: u32,
}

impl Layer for Source {
    type Above = ();
    type Up = ();
    type Down = Request<Bulk>;
    type Below = Event<Bulk>;
    type Timer = ();

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        if cx.me().0.is_multiple_of(2) {
            let to = NodeId(cx.me().0 + 1);
            for _ in 0..MESSAGES {
                cx.send(Request::Send { to, message: Bulk(self.bytes), class: Class::Medium });
            }
        }
    }

    fn on_request(&mut self, (): (), _: &mut Cx<'_, Self>) {}

    fn on_indication(&mut self, event: Event<Bulk>, _: &mut Cx<'_, Self>) {
        if let Event::Delivered { .. } = event {
            self.received += 1;
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Cx<'_, Self>) {}
}

type Node = Stack<Source, Rudp<Bulk>>;

/// One setting.
struct Case {
    name: &'static str,
    config: Config,
    bytes: u32,
    loss: f64,
}

struct Score {
    segments: u64,
    datagrams: u64,
    events: u64,
    seconds: f64,
}

fn network(loss: f64) -> Modelled {
    let mut config = NetConfig::new(2 * PAIRS as usize);
    config.fidelity = Fidelity::Packet;
    config.latency = LatencyModel::Constant(Span::from_millis(10));
    config.bandwidth = Bandwidth::Constant { up: 1_000_000_000, down: 1_000_000_000 };
    // What a window can put on the link at once; a full queue is not the question here.
    (config.buffer_up, config.buffer_down) = (Some(10_000_000), Some(10_000_000));
    config.loss = if loss > 0.0 { LossModel::Bernoulli { p: loss } } else { LossModel::None };
    config.build(Seed(1)).expect("a plain network").0
}

fn run(case: &Case) -> Score {
    let (config, bytes) = (case.config, case.bytes);
    let mut simulation: Simulation<Node, Modelled> =
        Builder::new(2 * PAIRS as usize, Seed(1), network(case.loss), move |_| {
            Stack::new(Source { bytes, received: 0 }, Rudp::new(config))
        })
        .options(RunOptions { queue: QueueKind::Ring, ..RunOptions::default() })
        .build();
    let start = Instant::now();
    let mut until = Time::ZERO;
    while done(&simulation) < MESSAGES * PAIRS && until < Time::ZERO + Span::from_secs(600) {
        until += Span::from_millis(100);
        simulation.run_until(until);
    }
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(done(&simulation), MESSAGES * PAIRS, "{}: everything arrives", case.name);
    let total = |count: fn(&Counters) -> u64| -> u64 { counters(&simulation).map(|c| count(&c)).sum() };
    Score {
        segments: total(|c| c.segments_received + c.acks_received),
        datagrams: total(|c| c.datagrams_sent),
        events: simulation.events(),
        seconds,
    }
}

fn counters(simulation: &Simulation<Node, Modelled>) -> impl Iterator<Item = Counters> + '_ {
    (0..2 * PAIRS).map(|id| *simulation.node(NodeId(id)).lower.counters())
}

fn done(simulation: &Simulation<Node, Modelled>) -> u32 {
    (0..2 * PAIRS).map(|id| simulation.node(NodeId(id)).upper.received).sum()
}

fn main() {
    let turbo = Config { send_window: 1024, recv_window: 1024, ..Config::profile(Profile::KcpTurbo) };
    let shipped = Config::profile(Profile::ZvPaper);
    let cases = [
        Case { name: "turbo, window 1024, 1 MB", config: turbo, bytes: 1_000_000, loss: 0.0 },
        Case { name: "turbo, window 1024, 1 MB, 1 % loss", config: turbo, bytes: 1_000_000, loss: 0.01 },
        Case { name: "ack at once, window 128, 1 MB", config: shipped, bytes: 1_000_000, loss: 0.0 },
        Case {
            name: "ack at once, window 128, 1 MB, 1 % loss",
            config: shipped,
            bytes: 1_000_000,
            loss: 0.01,
        },
    ];
    let mut best: Vec<Option<Score>> = cases.iter().map(|_| None).collect();
    for _ in 0..ROUNDS {
        for (case, best) in cases.iter().zip(&mut best) {
            let score = run(case);
            if best.as_ref().is_none_or(|b| score.seconds < b.seconds) {
                *best = Some(score);
            }
        }
    }
    println!("{:<42} {:>12} {:>12} {:>12} {:>9}", "", "segments/s", "datagrams/s", "events/s", "seconds");
    for (case, score) in cases.iter().zip(best.iter().flatten()) {
        let rate = |n: u64| n as f64 / score.seconds / 1e6;
        println!(
            "{:<42} {:>10.2} M {:>10.2} M {:>10.2} M {:>9.3}",
            case.name,
            rate(score.segments),
            rate(score.datagrams),
            rate(score.events),
            score.seconds
        );
    }
}

//! `message` fidelity beside `packet` fidelity: how near, and how much faster. `cargo bench -p astrarium-scenarios-transfer`.
//!
//! Each cell of the grid (transport × size × one-way delay × loss) carries the same messages, far apart, over two nodes in both fidelities. The
//! rounds of the two are interleaved and the best of each is taken, for machines are noisy. Arguments: `quick` (a coarse
//! grid), `accuracy` (many messages, one round), `only=NAME` (one transport).
#![allow(missing_docs, reason = "a program")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "a benchmark measures wall time")]

use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use astrarium_engine::RunOptions;
use astrarium_runner::{
    Files, LoadOptions, Outcome, Registry, RunContext, Scenario, Vocabulary, replica_seed,
};

const TRANSPORTS: [(&str, &str); 4] = [
    ("kcp_turbo", "rudp"),
    ("zv_shipped", "rudp"),
    ("tcp-newreno", "tcp-newreno"),
    ("tcp-cubic", "tcp-cubic"),
];
const SIZES: [u64; 5] = [200, 1_000, 10_000, 100_000, 1_000_000];
const DELAYS: [u64; 3] = [10, 50, 100];
const LOSSES: [f64; 5] = [0.0, 0.001, 0.01, 0.03, 0.05];

struct Cell {
    name: &'static str,
    kind: &'static str,
    bytes: u64,
    delay: u64,
    loss: f64,
    messages: u64,
}

/// One fidelity of one cell.
struct Score {
    seconds: f64,
    mean: f64,
    p95: f64,
}

fn scenario(cell: &Cell, fidelity: &str) -> Scenario {
    let Cell { name, kind, bytes, delay, loss, messages } = cell;
    let profile = if *kind == "rudp" { name } else { "kcp_turbo" };
    let text = format!(
        r#"
name = "fidelity"
system = "transfer"
about = "one cell of the grid"
stop = {{ time = "10000000 s" }}
[network]
nodes = 2
latency = {{ kind = "constant", one_way = "{delay} ms" }}
bandwidth = {{ kind = "constant", up = "20 Mbit/s", down = "50 Mbit/s" }}
loss = {{ kind = "bernoulli", p = {loss} }}
fidelity = "{fidelity}"
[protocol]
transport = "{kind}"
profile = "{profile}"
message_bytes = {bytes}
messages = {messages}
spacing = "97.7713 s"
delayed_ack_timeout = "40 ms"
keepalive = "1 h"
dead_after = "1 d"
"#
    );
    let mut registry = Registry::new();
    registry.register(astrarium_scenarios_transfer::experiment());
    let vocabulary = Vocabulary { theories: &[] };
    let options = LoadOptions::default();
    Scenario::from_text(&text, Path::new("fidelity.toml"), Files::default(), &registry, vocabulary, &options)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Seconds that this process has had a processor, where the system tells; else wall time.
fn clock() -> f64 {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    std::fs::read_to_string("/proc/self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
        .map_or_else(|| BEGIN.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

fn run(scenario: &Scenario) -> Score {
    let (files, interrupt) = (Files::default(), AtomicBool::new(false));
    let seed = replica_seed(scenario.seed, 0);
    let context =
        RunContext { seed, options: RunOptions::default(), files: &files, interrupt: &interrupt, tape: None };
    let begin = clock();
    let outcome: Outcome =
        scenario.experiment().run(&scenario.points[0].params, &context).unwrap_or_else(|e| panic!("{e:?}"));
    let seconds = clock() - begin;
    let metric =
        |name: &str| outcome.metrics.iter().find(|(n, _)| *n == name).map_or(f64::NAN, |&(_, value)| value);
    Score { seconds, mean: metric("message_latency_mean_ms"), p95: metric("message_latency_p95_ms") }
}

/// Sums of wall time.
#[derive(Default)]
struct Sums {
    packet: f64,
    message: f64,
    logs: f64,
    cells: u32,
    worst: (f64, f64),
}

impl Sums {
    fn add(&mut self, packet: &Score, message: &Score) {
        self.packet += packet.seconds;
        self.message += message.seconds;
        self.logs += (packet.seconds / message.seconds).ln();
        self.cells += 1;
        let off = |ratio: f64| (ratio - 1.0).abs();
        self.worst.0 = self.worst.0.max(off(message.mean / packet.mean));
        self.worst.1 = self.worst.1.max(off(message.p95 / packet.p95));
    }

    fn print(&self, name: &str) {
        println!(
            "{name:<22} time {:8.3} s / {:7.3} s = {:5.1}x   geometric mean {:5.1}x   worst mean {:4.1} %  p95 {:4.1} %",
            self.packet,
            self.message,
            self.packet / self.message,
            (self.logs / f64::from(self.cells.max(1))).exp(),
            100.0 * self.worst.0,
            100.0 * self.worst.1
        );
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    let only = arguments.iter().find_map(|argument| argument.strip_prefix("only="));
    let accuracy = has("accuracy");
    let (mut all, mut by_size) = (Sums::default(), SIZES.map(|_| Sums::default()));
    println!(
        "transport      bytes  delay  loss     packet    message  ratio | mean: packet  message ratio | p95: packet  message ratio"
    );
    for (name, kind) in TRANSPORTS {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let mut own = Sums::default();
        for (bytes, sums) in SIZES.into_iter().zip(&mut by_size) {
            for delay in DELAYS {
                for loss in LOSSES {
                    if has("quick") && (delay != 50 || loss == 0.001 || loss == 0.03) {
                        continue;
                    }
                    let messages = if accuracy { if bytes < 50_000 { 20_000 } else { 4_000 } } else { 1_000 };
                    let cell = Cell { name, kind, bytes, delay, loss, messages };
                    let (packet, message) = compare(&cell, if accuracy { 1 } else { 3 });
                    for sums in [&mut all, &mut own, &mut *sums] {
                        sums.add(&packet, &message);
                    }
                }
            }
        }
        own.print(name);
    }
    for (bytes, sums) in SIZES.into_iter().zip(&by_size) {
        sums.print(&format!("{bytes} B"));
    }
    all.print("the grid");
}

fn compare(cell: &Cell, rounds: usize) -> (Score, Score) {
    let scenarios = [scenario(cell, "packet"), scenario(cell, "message")];
    let mut best: [Option<Score>; 2] = [None, None];
    for _ in 0..rounds {
        for (scenario, best) in scenarios.iter().zip(&mut best) {
            let score = run(scenario);
            if best.as_ref().is_none_or(|best| score.seconds < best.seconds) {
                *best = Some(score);
            }
        }
    }
    let [Some(packet), Some(message)] = best else { panic!("no rounds") };
    println!(
        "{:<12} {:>8} {:>4} ms {:>5} {:>8.2} ms {:>7.3} ms {:>6.1} | {:>10.2} {:>9.2} {:>6.3} | {:>10.2} {:>9.2} {:>6.3}{}",
        cell.name,
        cell.bytes,
        cell.delay,
        cell.loss,
        packet.seconds * 1e3,
        message.seconds * 1e3,
        packet.seconds / message.seconds,
        packet.mean,
        message.mean,
        message.mean / packet.mean,
        packet.p95,
        message.p95,
        message.p95 / packet.p95,
        if (message.p95 / packet.p95 - 1.0).abs() > 0.1 { " <<" } else { "" }
    );
    (packet, message)
}

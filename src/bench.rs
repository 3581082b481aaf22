//! `bench`: what this machine does per second.
//!
//! The peers' figures come from `cargo bench -p astrarium-peers`, which needs their crates; this verb needs nothing.
#![allow(clippy::disallowed_types, reason = "a benchmark measures wall time")]

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use astrarium_engine::{QueueKind, RunOptions};
use astrarium_node::Seed;
use astrarium_runner::{Files, LoadOptions, RunContext, Scenario, replica_seed};
use astrarium_scenarios_phold::{bare::Hold, engine};

use crate::cli::{BenchArgs, Format};
use crate::{Failure, Outcome, interrupt, shelf};

/// Nodes of the whole-engine PHOLD.
const NODES: u32 = 1_000;
/// The protocol workload.
const PROTOCOL: &str = "scenarios/nakamoto/propagation.toml";

/// One measured line.
struct Line {
    workload: String,
    pending: u32,
    /// Events per second, median of the rounds.
    rate: f64,
}

/// `bench`
pub(crate) fn bench(args: &BenchArgs, out: &mut impl Write) -> Outcome {
    if let Some(bad) = args.pending.iter().find(|&&pending| pending == 0 || pending > 10_000_000) {
        return Err(Failure::input(format!("--pending {bad}: expected 1 to 10000000 pending events")));
    }
    let mut lines = Vec::new();
    for &pending in &args.pending {
        let events = u64::from(pending).clamp(500_000, 4_000_000);
        let mut measure = |workload: &str, run: &mut dyn FnMut() -> f64| {
            let rates = (0..args.rounds).map(|_| run()).collect();
            lines.push(Line { workload: workload.to_owned(), pending, rate: median(rates) });
        };
        for kind in [QueueKind::Ring, QueueKind::Heap] {
            measure(&format!("hold, {} alone", kind.name()), &mut || {
                let mut hold = Hold::new(kind, pending, Seed(1));
                timed(events, |n| {
                    black_box(hold.run(n));
                })
            });
        }
        measure("PHOLD, whole engine", &mut || {
            let options = RunOptions { queue: QueueKind::Ring, ..RunOptions::default() };
            let mut simulation = engine::phold(NODES, pending, Seed(1), options);
            timed(events, |n| {
                black_box(engine::run(&mut simulation, n));
            })
        });
    }
    lines.push(protocol(args.rounds)?);
    print(&lines, args.format, out)?;
    Ok(0)
}

/// Warms up, then measures; events per second.
fn timed(events: u64, mut run: impl FnMut(u64)) -> f64 {
    run(events / 2);
    let start = Instant::now();
    run(events);
    events as f64 / start.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// One run of a real protocol: block propagation among miners, smoke size.
fn protocol(rounds: u32) -> Result<Line, Failure> {
    let registry = shelf::registry();
    let theories = shelf::theories();
    let text =
        shelf::SCENARIOS.iter().find(|shipped| shipped.path == PROTOCOL).map_or("", |shipped| shipped.text);
    let options = LoadOptions { size: Some("smoke".to_owned()), ..LoadOptions::default() };
    let vocabulary = shelf::vocabulary(&theories);
    let files = Files::default();
    let scenario = Scenario::from_text(text, PROTOCOL.as_ref(), files, &registry, vocabulary, &options)?;
    let mut rates = Vec::new();
    for _ in 0..rounds {
        let context = RunContext {
            tape: None,
            seed: replica_seed(scenario.seed, 0),
            options: RunOptions::default(),
            files: &scenario.files,
            interrupt: interrupt::listen(),
        };
        let start = Instant::now();
        let outcome = scenario
            .experiment()
            .run(&scenario.points[0].params, &context)
            .map_err(|why| Failure::with_code(3, why))?;
        rates.push(outcome.events as f64 / start.elapsed().as_secs_f64());
    }
    Ok(Line { workload: "nakamoto propagation, smoke".to_owned(), pending: 0, rate: median(rates) })
}

fn print(lines: &[Line], format: Format, out: &mut impl Write) -> Result<(), Failure> {
    match format {
        Format::Table => {
            writeln!(out, "{:<30} {:>10} {:>16} {:>10}", "workload", "pending", "events/s", "ns/event")?;
            for Line { workload, pending, rate } in lines {
                let pending = if *pending == 0 { String::new() } else { pending.to_string() };
                writeln!(out, "{workload:<30} {pending:>10} {rate:>16.0} {:>10.1}", 1e9 / rate)?;
            }
        }
        Format::Csv => {
            writeln!(out, "workload,pending,events_per_second")?;
            for Line { workload, pending, rate } in lines {
                writeln!(out, "\"{workload}\",{pending},{rate}")?;
            }
        }
        Format::Json => {
            let rows: Vec<_> = lines
                .iter()
                .map(|l| serde_json::json!({"workload": l.workload, "pending": l.pending, "events_per_second": l.rate}))
                .collect();
            writeln!(out, "{}", serde_json::json!(rows))?;
        }
    }
    Ok(())
}

//! Runs the first replica of every point of a scenario file once, on one thread, and prints what it measured and how long it
//! took: `cargo run --release --example once -- propagation.toml full`.

#![allow(clippy::disallowed_types, reason = "wall time is what this measures")]

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use astrarium_engine::RunOptions;
use astrarium_runner::{Files, LoadOptions, Registry, RunContext, Scenario, Vocabulary, replica_seed};
use astrarium_scenarios_nakamoto::Nakamoto;

/// Closed forms are compared by `check`, not here: their names only have to be known.
const THEORIES: &[&str] = &[
    "certain",
    "double-spend",
    "majority-threshold",
    "nakamoto-double-spend",
    "reorg",
    "reorg-within",
    "selfish-mining",
    "selfish-mining-threshold",
    "stale-rate",
    "stale-rate-lower",
    "stale-rate-upper",
];

fn main() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let path = PathBuf::from(args.next().ok_or("usage: once SCENARIO.toml [SIZE] [KEY=VALUE …]")?);
    let size = args.next().filter(|size| size != "default");
    let options = LoadOptions { size, sets: args.collect(), ..LoadOptions::default() };
    let mut registry = Registry::new();
    registry.register(Nakamoto::new());
    let vocabulary = Vocabulary { theories: THEORIES };
    let scenario = Scenario::load(&path, &registry, vocabulary, &options).map_err(|e| e.to_string())?;
    let files = Files { base: path.parent().map(PathBuf::from).unwrap_or_default() };
    let interrupt = AtomicBool::new(false);
    for point in &scenario.points {
        let seed = replica_seed(scenario.seed, 0);
        let context = RunContext {
            seed,
            options: RunOptions::default(),
            files: &files,
            interrupt: &interrupt,
            tape: None,
        };
        let begin = Instant::now();
        let outcome = scenario.experiment().run(&point.params, &context).map_err(|e| e.to_string())?;
        let seconds = begin.elapsed().as_secs_f64();
        let pace = outcome.events as f64 / seconds / 1e6;
        println!("{}: {} events in {seconds:.3} s, {pace:.2} M/s", point.label(), outcome.events);
        for (name, value) in &outcome.metrics {
            println!("    {name} = {value:.4}");
        }
        for finding in &outcome.findings {
            println!("    {} {}: {:?}", finding.promise, finding.oracle, finding.verdict);
        }
    }
    Ok(())
}

//! Scenarios in tests: from a text to outcomes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use astrarium_engine::{RunOptions, Verdict};
use astrarium_runner::{
    Files, LoadOptions, Outcome, Params, Registry, RunContext, Scenario, Vocabulary, replica_seed,
};
use astrarium_scenarios_nakamoto::Nakamoto;

/// Closed forms that the shipped files name.
const THEORIES: &[&str] =
    &["double-spend", "reorg", "selfish-mining", "stale-rate", "stale-rate-lower", "stale-rate-upper"];

/// Resolves a scenario's text, as if it lay in this crate's folder.
pub(crate) fn scenario(text: &str, size: Option<&str>) -> Scenario {
    let mut registry = Registry::new();
    registry.register(Nakamoto::new());
    let options = LoadOptions { size: size.map(str::to_owned), ..LoadOptions::default() };
    let files = Files { base: PathBuf::from(env!("CARGO_MANIFEST_DIR")) };
    let vocabulary = Vocabulary { theories: THEORIES };
    match Scenario::from_text(text, Path::new("test.toml"), files, &registry, vocabulary, &options) {
        Ok(scenario) => scenario,
        Err(why) => panic!("{why}"),
    }
}

/// Runs one replica of a point.
pub(crate) fn run(scenario: &Scenario, params: &Params, replica: u64, options: RunOptions) -> Outcome {
    let interrupt = AtomicBool::new(false);
    let files = Files { base: PathBuf::from(env!("CARGO_MANIFEST_DIR")) };
    let seed = replica_seed(scenario.seed, replica);
    let context = RunContext { seed, options, files: &files, interrupt: &interrupt };
    match Arc::clone(scenario.experiment()).run(params, &context) {
        Ok(outcome) => outcome,
        Err(why) => panic!("{why}"),
    }
}

/// The first replica of the first point of a scenario.
pub(crate) fn outcome(text: &str) -> Outcome {
    let scenario = scenario(text, None);
    run(&scenario, &scenario.points[0].params, 0, RunOptions::default())
}

/// A metric that must have been observed.
pub(crate) fn metric(outcome: &Outcome, name: &str) -> f64 {
    let found = outcome.metrics.iter().find(|(n, _)| *n == name);
    found.unwrap_or_else(|| panic!("no {name} in {:?}", outcome.metrics)).1
}

/// The verdict of an oracle that must have watched.
pub(crate) fn verdict(outcome: &Outcome, oracle: &str) -> Verdict {
    let found = outcome.findings.iter().find(|finding| finding.oracle == oracle);
    found.unwrap_or_else(|| panic!("no {oracle} in {:?}", outcome.findings)).verdict.clone()
}

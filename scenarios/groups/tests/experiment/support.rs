//! Scenarios for the tests, and what their runs measured.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use astrarium_engine::{RunOptions, Verdict};
use astrarium_runner::{
    Files, LoadOptions, Outcome, Registry, RunContext, Scenario, Vocabulary, replica_seed,
};

/// Names of closed forms that the shipped files use.
const VOCABULARY: Vocabulary<'static> = Vocabulary {
    theories: &[
        "clock-expiry",
        "entrance",
        "false-suspicion",
        "fifo-goodput",
        "group-completion",
        "group-coverage",
        "group-hops",
        "group-messages",
        "md1-wait",
    ],
};

/// Twenty of fifty nodes.
pub(crate) const GROUP: &str = r#"
name = "test"
system = "group-multicast"
about = "for a test"
stop = { time = "30 s" }
[network]
nodes = 50
[workload]
members = 20
messages = 5
"#;

/// Committees of ten of fifty nodes.
pub(crate) const DOS: &str = r#"
name = "test"
system = "dos"
about = "for a test"
stop = { time = "40 s" }
[network]
nodes = 50
bandwidth = { kind = "constant", up = "20 Mbit/s", down = "2 Mbit/s" }
buffer = { down = "64 KiB" }
[protocol]
members = 10
[workload]
rounds = 3
[adversary]
nodes = 20
bytes = "16 B"
reaction = "0 s"
"#;

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(astrarium_scenarios_groups::Multicast::new());
    registry.register(astrarium_scenarios_groups::Dos::new());
    registry
}

fn options(size: Option<&str>, sets: &[&str]) -> LoadOptions {
    let sets = sets.iter().map(|s| s.to_string()).collect();
    LoadOptions { size: size.map(str::to_owned), sets, ..LoadOptions::default() }
}

/// A text with these settings, or what is wrong with them.
pub(crate) fn scenario(text: &str, sets: &[&str]) -> Result<Scenario, String> {
    let path = Path::new("test.toml");
    Scenario::from_text(text, path, Files::default(), &registry(), VOCABULARY, &options(None, sets))
        .map_err(|e| e.to_string())
}

/// Every shipped file.
pub(crate) fn files() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "toml") && !path.ends_with("Cargo.toml"))
        .collect();
    files.sort();
    files
}

/// A shipped file in a size, with settings.
pub(crate) fn shipped(path: &Path, size: Option<&str>, sets: &[&str]) -> Scenario {
    Scenario::load(path, &registry(), VOCABULARY, &options(size, sets)).unwrap_or_else(|e| panic!("{e}"))
}

/// One replica of a point.
pub(crate) fn outcome(scenario: &Scenario, point: usize, replica: u64) -> Outcome {
    let (files, interrupt) = (Files::default(), AtomicBool::new(false));
    let seed = replica_seed(scenario.seed, replica);
    let context = RunContext { seed, options: RunOptions::default(), files: &files, interrupt: &interrupt };
    scenario.experiment().run(&scenario.points[point].params, &context).unwrap()
}

/// One replica of the only point of a text; no oracle may be violated. Returns the metrics.
pub(crate) fn run(text: &str, sets: &[&str]) -> Vec<(&'static str, f64)> {
    let scenario = scenario(text, sets).unwrap_or_else(|e| panic!("{e}"));
    let outcome = outcome(&scenario, 0, 0);
    for finding in &outcome.findings {
        assert!(!matches!(finding.verdict, Verdict::Violated { .. }), "{finding:?}");
    }
    outcome.metrics
}

/// A metric; `None` when it was not observed.
pub(crate) fn metric(metrics: &[(&'static str, f64)], name: &str) -> Option<f64> {
    metrics.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
}

//! Scenarios for the tests, and what their runs measured.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use astrarium_engine::{RunOptions, Verdict};
use astrarium_runner::{
    Files, LoadOptions, Outcome, Registry, RunContext, Scenario, Vocabulary, replica_seed,
};

/// Names of closed forms that the shipped files use.
const VOCABULARY: Vocabulary<'static> = Vocabulary { theories: &["victims"] };

/// A small world with the paper's ten neighbours.
pub(crate) const SMALL: &str = r#"
name = "test"
system = "victims"
about = "for a test"
replicas = 1
stop = { time = "1201 s" }
[network]
nodes = 200
[workload]
users = 400
poll = "1200 s"
watch = false
"#;

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(astrarium_scenarios_victims::experiment());
    registry
}

/// The small world with these settings, or what is wrong with them.
pub(crate) fn scenario(sets: &[&str]) -> Result<Scenario, String> {
    let options =
        LoadOptions { sets: sets.iter().map(|s| s.to_string()).collect(), ..LoadOptions::default() };
    Scenario::from_text(SMALL, Path::new("test.toml"), Files::default(), &registry(), VOCABULARY, &options)
        .map_err(|e| e.to_string())
}

/// A shipped file in a size, with settings.
pub(crate) fn shipped(file: &str, size: Option<&str>, sets: &[&str]) -> Scenario {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    let sets = sets.iter().map(|s| s.to_string()).collect();
    let options = LoadOptions { size: size.map(str::to_owned), sets, ..LoadOptions::default() };
    Scenario::load(&path, &registry(), VOCABULARY, &options).unwrap_or_else(|e| panic!("{e}"))
}

/// One replica of the only point; no oracle may be violated.
pub(crate) fn run(scenario: &Scenario, replica: u64) -> Outcome {
    let (files, interrupt) = (Files::default(), AtomicBool::new(false));
    let seed = replica_seed(scenario.seed, replica);
    let context = RunContext { seed, options: RunOptions::default(), files: &files, interrupt: &interrupt };
    let outcome = scenario.experiment().run(&scenario.points[0].params, &context).unwrap();
    for finding in &outcome.findings {
        assert!(!matches!(finding.verdict, Verdict::Violated { .. }), "{finding:?}");
    }
    outcome
}

/// A metric of a run; `None` when it was not observed.
pub(crate) fn metric(outcome: &Outcome, name: &str) -> Option<f64> {
    outcome.metrics.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
}

/// A metric in so many replicas, as far as it was observed.
pub(crate) fn sample(scenario: &Scenario, replicas: u64, name: &str) -> Vec<f64> {
    (0..replicas).filter_map(|replica| metric(&run(scenario, replica), name)).collect()
}

/// Mean and standard error of a sample.
pub(crate) fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

fn choose(n: u128, k: u128) -> u128 {
    // Exact at every step; below 2^127 for ten of 10,000.
    (0..k).fold(1, |c, i| c * (n - i) / (i + 1))
}

/// Probability that at least `least` of `n` draws without replacement from `all` things are among the `marked`: whole numbers.
pub(crate) fn hypergeometric(all: u128, marked: u128, n: u128, least: u128) -> f64 {
    let ways = |i| {
        if i > marked || n - i > all - marked { 0 } else { choose(marked, i) * choose(all - marked, n - i) }
    };
    (least..=n).map(ways).sum::<u128>() as f64 / choose(all, n) as f64
}

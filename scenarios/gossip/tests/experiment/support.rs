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
        "first-spy-precision",
        "flood-coverage",
        "flood-delay",
        "flood-receipts",
        "infect-and-die",
        "isolated",
        "precision-bound",
        "precision-floor",
        "push-pull-rounds",
        "push-rounds",
        "share",
        "stem-intercepted",
        "supernode",
        "sync-bound",
    ],
};

/// A small world of system `gossip`.
pub(crate) const GOSSIP: &str = r#"
name = "test"
system = "gossip"
about = "for a test"
stop = { time = "100 s" }
[network]
nodes = 60
topology = { kind = "regular", degree = 6 }
[protocol]
mode = "flood"
[workload]
items = 3
"#;

/// A small world of system `dandelion`.
pub(crate) const DANDELION: &str = r#"
name = "test"
system = "dandelion"
about = "for a test"
stop = { time = "480 s" }
[network]
nodes = 60
topology = { kind = "regular", degree = 6 }
"#;

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(astrarium_scenarios_gossip::Gossip::default());
    registry.register(astrarium_scenarios_gossip::Dandelion::default());
    registry
}

fn options(size: Option<&str>, sets: &[&str]) -> LoadOptions {
    let sets = sets.iter().map(|s| s.to_string()).collect();
    LoadOptions { size: size.map(str::to_owned), sets, ..LoadOptions::default() }
}

/// A small world with these settings, or what is wrong with them.
pub(crate) fn scenario(text: &str, sets: &[&str]) -> Result<Scenario, String> {
    let path = Path::new("test.toml");
    Scenario::from_text(text, path, Files::default(), &registry(), VOCABULARY, &options(None, sets))
        .map_err(|e| e.to_string())
}

/// A shipped file in a size, with settings.
pub(crate) fn shipped(file: &str, size: Option<&str>, sets: &[&str]) -> Scenario {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    Scenario::load(&path, &registry(), VOCABULARY, &options(size, sets)).unwrap_or_else(|e| panic!("{e}"))
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

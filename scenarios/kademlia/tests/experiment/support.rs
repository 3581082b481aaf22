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
        "eclipse",
        "kademlia-not-known",
        "kademlia-rounds",
        "kademlia-table",
        "lying-bootstrap",
        "lying-bootstrap-all",
        "member-in-segment",
        "routing-attack",
        "routing-attack-paths",
    ],
};

/// Every shipped file.
pub(crate) const SHIPPED: [&str; 10] = [
    "bootstrap-segment.toml",
    "bootstrap.toml",
    "kademlia-churn.toml",
    "kademlia-eclipse.toml",
    "kademlia-grind.toml",
    "kademlia-partition.toml",
    "kademlia-routing.toml",
    "kademlia-timeout.toml",
    "kademlia-zv.toml",
    "kademlia.toml",
];

/// A small static network.
pub(crate) const LOOKUPS: &str = r#"
name = "test"
system = "kademlia"
about = "for a test"
replicas = 1
stop = { time = "1 h" }
[network]
nodes = 300
[workload]
lookups = 500
"#;

/// Some who join.
pub(crate) const JOINING: &str = r#"
name = "test"
system = "bootstrap"
about = "for a test"
replicas = 1
stop = { time = "5 min" }
[network]
nodes = 400
[protocol]
seeds = 50
quorum = 1
[workload]
members = 50
"#;

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(astrarium_scenarios_kademlia::KademliaSystem::default());
    registry.register(astrarium_scenarios_kademlia::BootstrapSystem::default());
    registry
}

/// A text with these settings, or what is wrong with them.
pub(crate) fn scenario(text: &str, sets: &[&str]) -> Result<Scenario, String> {
    let options =
        LoadOptions { sets: sets.iter().map(|s| s.to_string()).collect(), ..LoadOptions::default() };
    Scenario::from_text(text, Path::new("test.toml"), Files::default(), &registry(), VOCABULARY, &options)
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
pub(crate) fn run(text: &str, sets: &[&str], replica: u64) -> Outcome {
    let scenario = scenario(text, sets).unwrap_or_else(|e| panic!("{e}"));
    let (files, interrupt) = (Files::default(), AtomicBool::new(false));
    let seed = replica_seed(scenario.seed, replica);
    let context = RunContext { seed, options: RunOptions::default(), files: &files, interrupt: &interrupt };
    let outcome = scenario.experiment().run(&scenario.points[0].params, &context).unwrap();
    for finding in &outcome.findings {
        assert!(!matches!(finding.verdict, Verdict::Violated { .. }), "{finding:?}");
    }
    outcome
}

/// A metric of a run.
pub(crate) fn metric(outcome: &Outcome, name: &str) -> f64 {
    let found = outcome.metrics.iter().find(|(n, _)| *n == name);
    found.unwrap_or_else(|| panic!("{name} was not observed: {:?}", outcome.metrics)).1
}

/// Mean of a metric over replicas.
pub(crate) fn mean(text: &str, sets: &[&str], replicas: u64, name: &str) -> f64 {
    let total: f64 = (0..replicas).map(|replica| metric(&run(text, sets, replica), name)).sum();
    total / replicas as f64
}

//! Scenarios for the tests, and what their runs measured.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use astrarium_engine::{RunOptions, Verdict};
use astrarium_runner::{
    Files, LoadOptions, Outcome, Registry, RunContext, Scenario, Vocabulary, replica_seed,
};

const VOCABULARY: Vocabulary<'static> = Vocabulary { theories: &[] };

/// One message between two nodes, 50 ms apart.
const SMALL: &str = r#"
name = "test"
system = "transfer"
about = "for a test"
stop = { time = "1000 s" }
[network]
nodes = 2
latency = { kind = "constant", one_way = "50 ms" }
[protocol]
transport = "udp"
message_bytes = 1000
"#;

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(astrarium_scenarios_transfer::experiment());
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
pub(crate) fn run(sets: &[&str]) -> Outcome {
    let scenario = scenario(sets).unwrap_or_else(|e| panic!("{sets:?}\n{e}"));
    let (files, interrupt) = (Files::default(), AtomicBool::new(false));
    let seed = replica_seed(scenario.seed, 0);
    let context = RunContext { seed, options: RunOptions::default(), files: &files, interrupt: &interrupt };
    let outcome = scenario.experiment().run(&scenario.points[0].params, &context).unwrap();
    for finding in &outcome.findings {
        assert!(!matches!(finding.verdict, Verdict::Violated { .. }), "{sets:?}: {finding:?}");
    }
    outcome
}

/// A metric of a run; `None` when it was not observed.
pub(crate) fn metric(outcome: &Outcome, name: &str) -> Option<f64> {
    outcome.metrics.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
}

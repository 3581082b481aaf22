//! Scenarios for the tests of this crate.

use astrarium_runner::testing::{self, Lab, sound_run};
use astrarium_runner::{Outcome, Scenario};
use astrarium_scenarios_kademlia::{BootstrapSystem, KademliaSystem, RecordSystem};

/// Names of closed forms that the shipped files use.
const THEORIES: &[&str] = &[
    "eclipse",
    "kademlia-not-known",
    "kademlia-rounds",
    "kademlia-table",
    "lying-bootstrap",
    "lying-bootstrap-all",
    "member-in-segment",
    "routing-attack",
    "routing-attack-paths",
    "share",
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

/// Records in a small static network.
pub(crate) const RECORDS: &str = r#"
name = "test"
system = "records"
about = "for a test"
replicas = 1
stop = { time = "1 h" }
[network]
nodes = 200
[protocol]
republish = "0 s"
[workload]
puts = 50
gets = 300
"#;

pub(crate) fn lab() -> Lab {
    Lab::new(env!("CARGO_MANIFEST_DIR"), THEORIES)
        .with(KademliaSystem::default())
        .with(BootstrapSystem::default())
        .with(RecordSystem::default())
}

/// A text with these settings, or what is wrong with them.
pub(crate) fn scenario(text: &str, sets: &[&str]) -> Result<Scenario, String> {
    lab().scenario(text, None, sets)
}

/// One replica of a text with these settings; no oracle may be violated.
pub(crate) fn run(text: &str, sets: &[&str], replica: u64) -> Outcome {
    sound_run(&scenario(text, sets).unwrap_or_else(|e| panic!("{e}")), replica)
}

/// Mean over replicas of a metric that all of them observe.
pub(crate) fn mean(text: &str, sets: &[&str], replicas: u64, name: &str) -> f64 {
    let total: f64 = (0..replicas).map(|replica| testing::observed(&run(text, sets, replica), name)).sum();
    total / replicas as f64
}

//! Scenarios for the tests of this crate.

use astrarium_runner::Scenario;
use astrarium_runner::testing::Lab;
use astrarium_scenarios_gossip::{Dandelion, Gossip};

/// Names of closed forms that the shipped files use.
const THEORIES: &[&str] = &[
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
];

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

pub(crate) fn lab() -> Lab {
    Lab::new(env!("CARGO_MANIFEST_DIR"), THEORIES).with(Gossip::default()).with(Dandelion::default())
}

/// A small world with these settings, or what is wrong with them.
pub(crate) fn scenario(text: &str, sets: &[&str]) -> Result<Scenario, String> {
    lab().scenario(text, None, sets)
}

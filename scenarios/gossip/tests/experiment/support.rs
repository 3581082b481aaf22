//! Scenarios for the tests of this crate.

use astrarium_runner::Scenario;
use astrarium_runner::testing::Lab;
use astrarium_scenarios_gossip::{BlockSystem, Dandelion, Gossip, PrioritySystem};

/// Names of closed forms that the shipped files use.
const THEORIES: &[&str] = &[
    "block-sync-capacity",
    "block-sync-least",
    "block-sync-most",
    "first-spy-precision",
    "flood-coverage",
    "flood-delay",
    "flood-receipts",
    "infect-and-die",
    "isolated",
    "precision-bound",
    "precision-floor",
    "priority-drop-high",
    "priority-drop-low",
    "priority-drop-medium",
    "push-pull-rounds",
    "push-rounds",
    "share",
    "stem-intercepted",
    "supernode",
    "sync-bound",
    "tx-bandwidth",
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

/// A node that is behind, among others.
pub(crate) const BLOCKS: &str = r#"
name = "test"
system = "block-sync"
about = "for a test"
stop = { time = "10 min", synced = true }
[network]
nodes = 12
topology = { kind = "complete" }
[workload]
height = 100
"#;

/// A pair of nodes with a slow link.
pub(crate) const QUEUES: &str = r#"
name = "test"
system = "priorities"
about = "for a test"
stop = { time = "60 s" }
[network]
nodes = 2
bandwidth = { kind = "constant", up = "1 Mbit/s", down = "100 Mbit/s" }
[workload]
load = 3
"#;

pub(crate) fn lab() -> Lab {
    Lab::new(env!("CARGO_MANIFEST_DIR"), THEORIES)
        .with(BlockSystem::default())
        .with(Dandelion::default())
        .with(Gossip::default())
        .with(PrioritySystem::default())
}

/// A small world with these settings, or what is wrong with them.
pub(crate) fn scenario(text: &str, sets: &[&str]) -> Result<Scenario, String> {
    lab().scenario(text, None, sets)
}

//! Scenarios for the tests of this crate.

use astrarium_runner::testing::{Lab, sound_run};
use astrarium_runner::{Outcome, Scenario};
use astrarium_scenarios_groups::{Candidates, Dos, Multicast};

/// Names of closed forms that the shipped files use.
const THEORIES: &[&str] = &[
    "clock-expiry",
    "entrance",
    "fair-goodput",
    "false-suspicion",
    "fifo-goodput",
    "group-completion",
    "group-coverage",
    "group-hops",
    "group-messages",
    "md1-wait",
    "priority-wait",
    "relay-delivery",
    "window-best",
];

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

/// Three rounds of ten clients over five relays.
pub(crate) const CANDIDATES: &str = r#"
name = "test"
system = "candidates"
about = "for a test"
[network]
nodes = 20
[workload]
committee = 2
relays = 5
clients = 10
rounds = 3
"#;

pub(crate) fn lab() -> Lab {
    Lab::new(env!("CARGO_MANIFEST_DIR"), THEORIES)
        .with(Multicast::new())
        .with(Dos::new())
        .with(Candidates::new())
}

/// A text with these settings, or what is wrong with them.
pub(crate) fn scenario(text: &str, sets: &[&str]) -> Result<Scenario, String> {
    lab().scenario(text, None, sets)
}

/// The first replica of a text with these settings; no oracle may be violated.
pub(crate) fn run(text: &str, sets: &[&str]) -> Outcome {
    sound_run(&scenario(text, sets).unwrap_or_else(|e| panic!("{e}")), 0)
}

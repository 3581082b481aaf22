//! Scenarios for the tests of this crate.

use astrarium_runner::Scenario;
use astrarium_runner::testing::Lab;
use astrarium_scenarios_secure::{Channel, CircuitSystem};

/// Names of closed forms that the shipped files use.
const THEORIES: &[&str] =
    &["both-ends", "circuit-exposed", "circuit-latency", "exposed-by-theft", "hs-flood-failure"];

/// A small world of system `secure`: 25 ms to the router and from it.
pub(crate) const SECURE: &str = r#"
name = "test"
system = "secure"
about = "for a test"
stop = { time = "40 s" }
[network]
nodes = 6
latency = { kind = "constant", one_way = "25 ms" }
[workload]
messages = 30
"#;

/// A small world of system `circuit`.
pub(crate) const CIRCUIT: &str = r#"
name = "test"
system = "circuit"
about = "for a test"
stop = { time = "150 s" }
[network]
nodes = 60
latency = { kind = "uniform", min = "30 ms", max = "70 ms" }
[protocol]
relays = 10
[workload]
circuits = 5
gap = "24 s"
"#;

pub(crate) fn lab() -> Lab {
    Lab::new(env!("CARGO_MANIFEST_DIR"), THEORIES).with(Channel::default()).with(CircuitSystem::default())
}

/// A small world with these settings, or what is wrong with them.
pub(crate) fn scenario(text: &str, sets: &[&str]) -> Result<Scenario, String> {
    lab().scenario(text, None, sets)
}

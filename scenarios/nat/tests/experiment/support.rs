//! Scenarios for the tests of this crate.

use astrarium_engine::RunOptions;
use astrarium_runner::testing::{Lab, run};
use astrarium_runner::{Outcome, Scenario};

/// Names of closed forms that the shipped files use.
const THEORIES: &[&str] = &[
    "nat-birthday",
    "nat-port-arithmetic",
    "nat-port-marginal",
    "nat-punch",
    "nat-reach",
    "nat-stun-arithmetic",
    "nat-stun-marginal-port-restricted",
    "nat-stun-marginal-symmetric",
];

/// Six kinds of devices in equal shares, enough pairs for every cell of the matrix.
const SMALL: &str = r#"
name = "test"
system = "nat"
about = "for a test"
[network]
nodes = 150
latency = { kind = "constant", one_way = "50 ms" }
[network.nat]
kind = "devices"
mapping = ["eim", "eim", "eim", "conntrack", "conntrack", "apdm"]
filtering = ["eif", "adf", "apdf", "apdf", "apdf", "apdf"]
allocation = ["random", "random", "random", "preserve", "preserve", "random"]
record_unsolicited = [false, false, false, false, true, false]
share = 1.0
[protocol]
attempt_symmetric = true
[workload]
pairs = 1000
"#;

pub(crate) fn lab() -> Lab {
    Lab::new(env!("CARGO_MANIFEST_DIR"), THEORIES).with(astrarium_scenarios_nat::experiment())
}

/// One replica of the only point, whatever the oracles say.
pub(crate) fn judged(scenario: &Scenario) -> Outcome {
    run(scenario, &scenario.points[0].params, 0, RunOptions::default())
}

/// The small world with these settings, or what is wrong with them.
pub(crate) fn scenario(sets: &[&str]) -> Result<Scenario, String> {
    lab().scenario(SMALL, None, sets)
}

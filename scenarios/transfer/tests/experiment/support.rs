//! Scenarios for the tests of this crate.

use astrarium_runner::testing::{Lab, sound_run};
use astrarium_runner::{Outcome, Scenario};

/// One message between two nodes, 50 ms apart.
pub(crate) const SMALL: &str = r#"
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

pub(crate) fn lab() -> Lab {
    Lab::new(env!("CARGO_MANIFEST_DIR"), &[]).with(astrarium_scenarios_transfer::experiment())
}

/// The small world with these settings, or what is wrong with them.
pub(crate) fn scenario(sets: &[&str]) -> Result<Scenario, String> {
    lab().scenario(SMALL, None, sets)
}

/// The first replica of the small world with these settings; no oracle may be violated.
pub(crate) fn run(sets: &[&str]) -> Outcome {
    sound_run(&scenario(sets).unwrap_or_else(|e| panic!("{sets:?}\n{e}")), 0)
}

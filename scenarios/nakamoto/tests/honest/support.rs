//! Scenarios for the tests of this crate.

use astrarium_engine::RunOptions;
use astrarium_runner::testing::{self, Lab};
use astrarium_runner::{Outcome, Scenario};
use astrarium_scenarios_nakamoto::Nakamoto;

/// Closed forms that the shipped files name.
const THEORIES: &[&str] =
    &["double-spend", "reorg", "selfish-mining", "stale-rate", "stale-rate-lower", "stale-rate-upper"];

pub(crate) fn lab() -> Lab {
    Lab::new(env!("CARGO_MANIFEST_DIR"), THEORIES).with(Nakamoto::new())
}

/// A text in a size, which must be right.
pub(crate) fn scenario(text: &str, size: Option<&str>) -> Scenario {
    lab().scenario(text, size, &[]).unwrap_or_else(|why| panic!("{why}"))
}

/// The first replica of the first point of a text, whatever its oracles say.
pub(crate) fn outcome(text: &str) -> Outcome {
    let scenario = scenario(text, None);
    testing::run(&scenario, &scenario.points[0].params, 0, RunOptions::default())
}

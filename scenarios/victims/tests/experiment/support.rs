//! Scenarios for the tests of this crate, and the law of their victims.

use astrarium_runner::Scenario;
use astrarium_runner::testing::Lab;

/// A small world with the paper's ten neighbours.
pub(crate) const SMALL: &str = r#"
name = "test"
system = "victims"
about = "for a test"
replicas = 1
stop = { time = "1201 s" }
[network]
nodes = 200
[workload]
users = 400
poll = "1200 s"
watch = false
"#;

pub(crate) fn lab() -> Lab {
    Lab::new(env!("CARGO_MANIFEST_DIR"), &["victims"]).with(astrarium_scenarios_victims::experiment())
}

/// The small world with these settings, or what is wrong with them.
pub(crate) fn scenario(sets: &[&str]) -> Result<Scenario, String> {
    lab().scenario(SMALL, None, sets)
}

fn choose(n: u128, k: u128) -> u128 {
    // Exact at every step; below 2^127 for ten of 10,000.
    (0..k).fold(1, |c, i| c * (n - i) / (i + 1))
}

/// Probability that at least `least` of `n` draws without replacement from `all` things are among the `marked`: whole numbers.
pub(crate) fn hypergeometric(all: u128, marked: u128, n: u128, least: u128) -> f64 {
    let ways = |i| {
        if i > marked || n - i > all - marked { 0 } else { choose(marked, i) * choose(all - marked, n - i) }
    };
    (least..=n).map(ways).sum::<u128>() as f64 / choose(all, n) as f64
}

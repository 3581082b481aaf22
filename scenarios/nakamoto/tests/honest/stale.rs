//! The stale rate of a network against the bounds of theory for the propagation measured in the same run.

use astrarium_engine::RunOptions;
use astrarium_runner::testing::{observed, run};

use super::support::scenario;

const TEXT: &str = r#"
    name = "stale"
    system = "nakamoto"
    about = "test"
    stop = { blocks = 600 }
    [network]
    nodes = 40
    topology = { kind = "random", degree = 4 }
    latency = { kind = "regions", table = "bitcoin-2019" }
    [protocol]
    block_interval = "30 s"
    block_size = "1 kB"
    retarget = "never"
    [oracle]
    agreement_depth = 1000
    forks = true
    [sweep]
    "protocol.block_interval" = ["10 s", "2 s"]
"#;

/// Σ over replicas; x̄ and x_Δ in units of the interval. Bounds written down anew from their definition: s = E/(1+E), with
/// E ≤ x̄ and E ≥ 1 − e^(−(x̄ − x_Δ²)). 4 × 590 heights: the standard error of E is √(E/2,360); five of them as margin.
#[test]
fn stale_blocks_are_as_many_as_the_measured_propagation_allows() {
    let scenario = scenario(TEXT, None);
    for (point, interval_ms) in scenario.points.iter().zip([10_000.0, 2_000.0]) {
        let replicas: Vec<_> =
            (0..4).map(|r| run(&scenario, &point.params, r, RunOptions::default())).collect();
        let mean = |name| replicas.iter().map(|outcome| observed(outcome, name)).sum::<f64>() / 4.0;
        let (stale, x) = (mean("stale_rate"), mean("propagation_mean_ms") / interval_ms);
        let slowest = mean("propagation_max_ms") / interval_ms;
        let extra = stale / (1.0 - stale);
        let margin = 5.0 * libm::sqrt(x / 2_360.0);
        let least = 1.0 - libm::exp(-(x - slowest * slowest).max(0.0));
        assert!(extra <= x + margin && extra >= least - margin, "{least} ≤ {extra} ≤ {x} ± {margin}");
        assert!(extra > 0.3 * x, "{extra} of {x}: the run says something");
    }
}

//! The shipped scenarios in smoke size: they resolve in every size, end, measure, and break no promise.

use astrarium_engine::{RunOptions, Verdict};
use astrarium_runner::Outcome;
use astrarium_runner::testing::{observed, run, verdict};

use super::support::scenario;

/// All replicas of all points.
fn smoke(text: &str) -> Vec<Outcome> {
    for size in [None, Some("full")] {
        assert!(scenario(text, size).runs() > 0);
    }
    let scenario = scenario(text, Some("smoke"));
    let all = |point: &astrarium_runner::Point| {
        (0..scenario.replicas)
            .map(|r| run(&scenario, &point.params, r, RunOptions::default()))
            .collect::<Vec<_>>()
    };
    let outcomes: Vec<Outcome> = scenario.points.iter().flat_map(all).collect();
    for outcome in &outcomes {
        assert!(outcome.findings.iter().all(|f| f.verdict.is_tolerable()), "{:?}", outcome.findings);
        let declared = |name| scenario.system().metric(name).is_some();
        assert!(outcome.metrics.iter().all(|(name, value)| declared(name) && value.is_finite()));
        let mut names: Vec<_> = outcome.metrics.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
    outcomes
}

#[test]
fn propagation() {
    let outcomes = smoke(include_str!("../../propagation.toml"));
    let p50: Vec<f64> = outcomes.iter().map(|outcome| observed(outcome, "propagation_p50_ms")).collect();
    assert!(p50[2] > 3.0 * p50[0], "535 kB against 1 kB: {p50:?}");
    for outcome in &outcomes {
        assert_eq!((outcome.series.len(), observed(outcome, "coverage")), (100, 1.0));
        assert!(outcome.series.is_sorted_by(|a, b| a.x <= b.x && a.y < b.y));
    }
}

#[test]
fn stale_rate() {
    for outcome in smoke(include_str!("../../stale-rate.toml")) {
        assert!(observed(&outcome, "stale_rate") < 0.5);
        assert!(observed(&outcome, "propagation_mean_ms") <= observed(&outcome, "propagation_max_ms"));
    }
}

#[test]
fn partition() {
    for outcome in smoke(include_str!("../../partition.toml")) {
        assert_eq!(verdict(&outcome, "convergence"), Verdict::Holds);
        assert_eq!(verdict(&outcome, "sides-grew"), Verdict::Holds);
        assert!(observed(&outcome, "heal_ms") > 0.0);
        assert!(observed(&outcome, "reorg_depth_max") >= 2.0, "hours apart leave something to undo");
        assert!(observed(&outcome, "confirmation_latency_s") > 0.0);
    }
}

#[test]
fn churn() {
    for outcome in smoke(include_str!("../../churn.toml")) {
        assert!(observed(&outcome, "coverage") > 0.9);
    }
}

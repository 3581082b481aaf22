//! A run is a function of parameters and seed: not of the queue, nor of a snapshot in the middle.

use astrarium_engine::{QueueKind, RunOptions};
use astrarium_runner::testing::run;

use super::support::scenario;

const TEXT: &str = r#"
    name = "everything"
    system = "nakamoto"
    about = "test"
    stop = { time = "3 h" }
    [network]
    nodes = 25
    topology = { kind = "random", degree = 3 }
    latency = { kind = "regions", table = "bitcoin-2019" }
    bandwidth = { kind = "regions", table = "bitcoin-2019" }
    loss = { kind = "bernoulli", p = 0.0001 }
    clock = { offset = "1 s", drift = 50.0 }
    churn = { kind = "exponential", share = 0.5, session = "1 h", absence = "10 min" }
    [protocol]
    block_interval = "60 s"
    block_size = "100 kB"
    relay = "compact"
    inv_timeout = "20 s"
    hash_distribution = { kind = "zipf", exponent = 1.0 }
    [node]
    costs = "reference"
    [workload]
    rate = "0.2 tx/s"
    [[fault]]
    kind = "partition"
    at = "30 min"
    for = "30 min"
    split = [0.5, 0.5]
    [[fault]]
    kind = "crash"
    at = "80 min"
    for = "5 min"
    share = 0.2
    keep_state = false
    [[fault]]
    kind = "clock-step"
    at = "100 min"
    share = 0.5
    by = "10 s"
"#;

#[test]
fn queues_and_snapshots_change_nothing() {
    let scenario = scenario(TEXT, None);
    let once = |options| run(&scenario, &scenario.points[0].params, 0, options);
    let plain = once(RunOptions::default());
    assert!(plain.events > 10_000, "{} events", plain.events);
    assert!(plain.findings.iter().all(|finding| finding.verdict.is_tolerable()), "{:?}", plain.findings);
    for queue in QueueKind::CONCRETE {
        let other = once(RunOptions { queue, snapshot_at: Some(plain.events / 2), ..RunOptions::default() });
        assert_eq!(
            (other.digest, other.metrics, other.events),
            (plain.digest, plain.metrics.clone(), plain.events)
        );
    }
    assert_ne!(run(&scenario, &scenario.points[0].params, 1, RunOptions::default()).digest, plain.digest);
}

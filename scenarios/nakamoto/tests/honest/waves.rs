//! Propagation metrics of a scenario against the same hand computation: a line whose first node finds everything.

use astrarium_engine::Verdict;
use astrarium_runner::testing::{observed, verdict};

use super::support::outcome;

/// 101 nodes in a line; blocks of `size` bytes once a day, so that they never meet.
fn line(size: u32) -> String {
    let weights: Vec<String> =
        (0..101).map(|node| if node == 0 { "1.0" } else { "0.0" }.to_owned()).collect();
    format!(
        r#"
        name = "line"
        system = "nakamoto"
        about = "test"
        stop = {{ blocks = 5 }}
        [network]
        nodes = 101
        topology = "line"
        bandwidth = {{ kind = "constant", up = "8 Mbit/s", down = "20 Mbit/s" }}
        [protocol]
        block_interval = "1 d"
        block_size = "{size} B"
        relay = "push"
        hash_distribution = {{ kind = "weights", weights = [{}] }}
        "#,
        weights.join(", ")
    )
}

/// Half of 101 nodes is the 51st, 50 hops away, and so on: a percentile is a number of hops. The times per hop are those of
/// `store_and_forward.rs`.
#[test]
fn percentiles_grow_with_the_block_as_serialisation_demands() {
    for (size, hop_ms) in [(1_000, 51.439_2), (20_000, 70.603_2), (100_000, 152.465_6)] {
        let outcome = outcome(&line(size));
        for (name, hops) in
            [("propagation_p50_ms", 50.0), ("propagation_p90_ms", 90.0), ("propagation_p99_ms", 99.0)]
        {
            let measured = observed(&outcome, name);
            assert!((measured - hops * hop_ms).abs() < 1e-6, "{size} B, {name}: {measured}");
        }
        // The only miner knows its blocks at once.
        assert_eq!(observed(&outcome, "propagation_mean_ms"), 0.0);
        assert_eq!(observed(&outcome, "coverage"), 1.0);
        assert_eq!((observed(&outcome, "blocks"), observed(&outcome, "reorg_count")), (6.0, 0.0));
        assert_eq!(verdict(&outcome, "valid-chain"), Verdict::Holds);
    }
}

/// Every node but the first is sent each block once: 100/101 bodies per node and block. The sixth block, whose finding ends
/// the run, is counted as found but has only left the first node.
#[test]
fn traffic_is_counted_per_node_and_block() {
    let outcome = outcome(&line(20_000));
    let expected = 20_000.0 * (5.0 * 100.0 + 1.0) / (101.0 * 6.0);
    let bytes = observed(&outcome, "bytes_block");
    assert!((bytes - expected).abs() < 1e-6, "{bytes} instead of {expected}");
    assert_eq!(observed(&outcome, "bytes_total"), bytes);
    assert!((observed(&outcome, "duplicates") - 1.0 / 606.0).abs() < 1e-12, "the one that is under way");
}

/// Padding of 20,000 − 101 bytes stands for 79 transactions of 250 bytes; six blocks.
#[test]
fn throughput_counts_what_padding_stands_for() {
    let outcome = outcome(&line(20_000));
    let expected = 6.0 * 79.0 / (outcome.end_ns as f64 / 1e9);
    assert!((observed(&outcome, "throughput_tps") / expected - 1.0).abs() < 1e-12);
}

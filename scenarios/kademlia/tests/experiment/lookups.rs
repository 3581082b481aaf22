//! Lookups without an attack.

use astrarium_runner::testing::observed;

use crate::support::{LOOKUPS, mean, run};

/// References: the same algorithm written apart from this code (tables and walks drawn in Python, 6,000 to 20,000 lookups in one set of tables
/// each). Means of 8 networks of 500 lookups; standard errors, between networks included, are below 0.02 rounds (0.06 for k = 1) and
/// 0.1 requests: tolerances are more than three of them.
#[test]
fn static_lookups_cost_what_the_reference_says() {
    for (n, k, rounds, rpcs) in [
        (100, 1, 2.338, 3.34),
        (100, 20, 0.350, 20.00),
        (1_000, 1, 3.919, 4.92),
        (1_000, 8, 1.254, 10.89),
        (1_000, 20, 0.898, 21.54),
    ] {
        let (n, k) = (format!("network.nodes={n}"), format!("protocol.k={k}"));
        let sets = ["protocol.profile='std'", n.as_str(), k.as_str()];
        let got = mean(LOOKUPS, &sets, 8, "rounds_mean");
        let within = if sets[2] == "protocol.k=1" { 0.25 } else { 0.06 };
        assert!((got - rounds).abs() < within, "{sets:?}: {got} rounds instead of {rounds}");
        let got = mean(LOOKUPS, &sets, 8, "rpcs_mean");
        assert!((got - rpcs).abs() < 0.35, "{sets:?}: {got} requests instead of {rpcs}");
    }
}

#[test]
fn every_static_lookup_succeeds_for_nodes_and_for_keys() {
    for sets in [
        &["workload.target='node'"][..],
        &["workload.target='key'"],
        &["workload.target='key'", "protocol.profile='std'", "protocol.k=1"],
        &["workload.target='node'", "protocol.paths=4"],
        &["workload.target='node'", "protocol.alpha=1", "protocol.width=1"],
    ] {
        let outcome = run(LOOKUPS, sets, 1);
        assert_eq!(
            (observed(&outcome, "lookup_success"), observed(&outcome, "lookups_ended")),
            (1.0, 1.0),
            "{sets:?}"
        );
        assert_eq!(observed(&outcome, "lookup_stale"), 0.0);
        assert_eq!(observed(&outcome, "hops_mean"), observed(&outcome, "rounds_mean") + 1.0);
    }
}

/// With one question at a time, each takes a round trip of 100 ms.
#[test]
fn time_is_round_trips() {
    let outcome = run(LOOKUPS, &["protocol.alpha=1"], 0);
    let (time, rpcs) = (observed(&outcome, "latency_mean_ms"), observed(&outcome, "rpcs_mean"));
    assert!((time - 100.0 * rpcs).abs() < 1e-6, "{time} ms for {rpcs} requests");
}

/// Amplification of FINDNODE, network specification §9: 48 bytes draw 1488.
#[test]
fn an_answer_is_thirty_one_times_the_question() {
    assert_eq!(observed(&run(LOOKUPS, &[], 0), "amplification"), 31.0);
}

#[test]
fn joined_tables_serve_as_well_as_filled_ones() {
    let sets = |tables| ["network.nodes=100", tables, "workload.begin='10 min'", "workload.lookups=200"];
    for tables in ["protocol.tables='joined'", "protocol.tables='filled'"] {
        for profile in ["protocol.profile='zv'", "protocol.profile='std'"] {
            let sets: Vec<&str> = sets(tables).into_iter().chain([profile]).collect();
            let outcome = run(LOOKUPS, &sets, 2);
            assert_eq!(observed(&outcome, "joined_share"), 1.0, "{sets:?}");
            assert!(observed(&outcome, "lookup_success") >= 0.99, "{sets:?}: {:?}", outcome.metrics);
        }
    }
}

/// Who never evicts asks the dead for ever: under churn its lookups take longer and meet more silence.
#[test]
fn eviction_pays_under_churn() {
    let sets = |profile| {
        let churn = "network.churn={ kind = 'weibull', shape = 0.5, session = '20 min', absence = '10 min' }";
        let load = [
            "workload.begin='30 min'",
            "workload.spacing='2 s'",
            "network.nodes=150",
            "protocol.tables='filled'",
        ];
        [churn, profile].into_iter().chain(load).collect::<Vec<_>>()
    };
    let zv = run(LOOKUPS, &sets("protocol.profile='zv'"), 0);
    let std = run(LOOKUPS, &sets("protocol.profile='std'"), 0);
    assert!(observed(&zv, "table_stale") > 1.5 * observed(&std, "table_stale"));
    assert!(observed(&zv, "lookup_stale") > 1.5 * observed(&std, "lookup_stale"));
    assert!(observed(&zv, "latency_p50_ms") > observed(&std, "latency_p50_ms"));
    for outcome in [zv, std] {
        assert!(observed(&outcome, "lookup_success") > 0.85, "{:?}", outcome.metrics);
    }
}

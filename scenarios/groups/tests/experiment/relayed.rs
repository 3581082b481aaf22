//! What runs of `candidates` measure: an honest baseline, relays that drop, windows too short.

use astrarium_runner::testing::{assert_deterministic, metric, observed};

use crate::support::{CANDIDATES, run, scenario};

fn set(sets: &[&str], name: &str) -> f64 {
    observed(&run(CANDIDATES, sets), name)
}

/// Two hops of 50 ms there, one back; the window is a second.
#[test]
fn without_an_attack_every_candidate_arrives_and_the_best_is_chosen() {
    let metrics = run(CANDIDATES, &[]);
    for (name, value) in [
        ("delivery_share", 1.0),
        ("best_share", 1.0),
        ("tries_mean", 1.0),
        ("late_share", 0.0),
        ("dropped", 0.0),
    ] {
        assert_eq!(metric(&metrics, name), Some(value), "{name}");
    }
    assert!((metric(&metrics, "confirm_ms").unwrap() - 150.0).abs() < 1e-3);
    assert!((metric(&metrics, "choice_ms").unwrap() - 1_000.0).abs() < 1e-3);
    assert!((set(&["workload.relays=0"], "confirm_ms") - 100.0).abs() < 1e-3);
}

#[test]
fn relays_that_drop_are_survived_by_more_tries_than_there_are_of_them() {
    let drop = ["adversary.strategy=drop", "adversary.share=0.4"];
    // Two of five drop: a third try always works.
    assert_eq!(set(&[drop[0], drop[1], "protocol.tries=3"], "delivery_share"), 1.0);
    assert!(set(&[drop[0], drop[1], "protocol.tries=1"], "delivery_share") < 1.0);
    assert_eq!(set(&[drop[0], "adversary.share=1.0"], "delivery_share"), 0.0);
    assert_eq!(set(&[drop[0], "adversary.share=1.0"], "unchosen"), 3.0);
}

#[test]
fn a_window_shorter_than_the_way_takes_the_first_that_comes() {
    let metrics = run(CANDIDATES, &["protocol.window=10 ms", "workload.rounds=50"]);
    let best = metric(&metrics, "best_share").unwrap();
    // All ways are equal: the first of ten that is handled is the best one time in ten.
    assert!(best < 0.5, "{best}");
    assert!((metric(&metrics, "late_share").unwrap() - 0.9).abs() < 1e-9);
}

#[test]
fn impossible_combinations_are_rejected_by_key() {
    let cases = [
        (vec!["network.nodes=16"], "network.nodes"),
        (vec!["workload.relays=0", "adversary.strategy=drop"], "adversary.strategy"),
        (vec!["workload.bytes=1 MB"], "workload.bytes"),
        (vec!["protocol.window=10 s"], "protocol.window"),
        (vec!["network.topology={ kind = \"ring\" }"], "network.topology"),
    ];
    for (sets, key) in cases {
        let error = scenario(CANDIDATES, &sets).err().unwrap_or_else(|| panic!("{sets:?} was accepted"));
        assert!(error.contains(key), "{sets:?}: {error}");
    }
}

#[test]
fn runs_pass_the_matrix() {
    let sets = [
        "adversary.strategy=drop",
        "network.latency={ kind = \"uniform\", min = \"5 ms\", max = \"2 s\" }",
        "replicas=2",
    ];
    assert_deterministic(&scenario(CANDIDATES, &sets).unwrap());
}

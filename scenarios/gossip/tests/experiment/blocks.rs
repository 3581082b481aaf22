//! Block synchronisation, against what can be counted by hand.

use astrarium_runner::testing::{metric, observed, sound_run};

use crate::support::{BLOCKS, scenario};

fn measured(sets: &[&str], name: &str) -> f64 {
    observed(&sound_run(&scenario(BLOCKS, sets).unwrap(), 0), name)
}

/// 100 blocks in 7 answers of 16: six looks of 3 s after the first, which is at most 6 s after the start.
#[test]
fn answers_come_a_look_apart_or_at_once() {
    let literal = measured(&["protocol.eager=false"], "sync_ms");
    assert!((18_000.0..24_500.0).contains(&literal), "{literal}");
    let eager = measured(&[], "sync_ms");
    assert!((700.0..7_000.0).contains(&eager), "{eager}");
    for sets in [&["protocol.eager=false"][..], &[]] {
        assert_eq!(measured(sets, "requests"), 7.0);
    }
}

/// One of twelve claims everything: 5 s are lost at each look, so that answers are 6 s apart.
#[test]
fn a_claimer_doubles_the_time_and_patience_bounds_that() {
    let attacked = ["protocol.eager=false", "adversary.strategy='claim'", "adversary.share=0.08"];
    let with = |patience| {
        let sets: Vec<&str> = attacked.iter().copied().chain([patience]).collect();
        (measured(&sets, "sync_ms"), measured(&sets, "unanswered"))
    };
    let (endless, lost) = with("protocol.patience=-1");
    assert!((33_000.0..48_000.0).contains(&endless) && lost >= 6.0, "{endless} {lost}");
    let (patient, lost) = with("protocol.patience=1");
    assert!(patient < endless - 9_000.0 && lost <= 2.0, "{patient} {lost}");
    let forger = ["protocol.eager=false", "adversary.strategy='forge'", "adversary.share=0.08"];
    let outcome = sound_run(&scenario(BLOCKS, &forger).unwrap(), 0);
    assert_eq!((observed(&outcome, "unanswered"), observed(&outcome, "forged")), (0.0, 1.0));
    assert!(observed(&outcome, "sync_ms") < 24_500.0);
}

#[test]
fn joiners_give_up_a_lighter_branch() {
    let sets = ["workload.behind=30", "workload.fork=20", "workload.joiners=3"];
    let outcome = sound_run(&scenario(BLOCKS, &sets).unwrap(), 0);
    assert_eq!((observed(&outcome, "given_up"), observed(&outcome, "synced_share")), (20.0, 1.0));
}

/// 8 blocks a second, 16 in an answer, an answer every 3 s: 5.3 a second are learned.
#[test]
fn one_answer_a_look_bounds_what_is_learned() {
    let sets = |eager| {
        [
            "workload.rate='8 /s'",
            "workload.blocks=640",
            "stop.time='90 s'",
            "stop.synced=false",
            "workload.joiners=0",
            eager,
        ]
    };
    let learned = measured(&sets("protocol.eager=false"), "learned_rate");
    assert!((4.8..=16.0 / 3.0 + 0.2).contains(&learned), "{learned}");
    assert!(measured(&sets("protocol.eager=true"), "learned_rate") > 7.0);
}

#[test]
fn after_a_partition_blocks_are_fetched_again() {
    let text = format!(
        "{BLOCKS}\n[[fault]]\nkind = \"partition\"\nat = \"1 ns\"\nfor = \"60 s\"\nsplit = [0.5, 0.5]\n"
    );
    let sets = ["workload.blocks=40", "workload.rate='0.25 /s'", "stop.synced=false", "stop.time='6 min'"];
    let outcome = sound_run(&scenario(&text, &sets).unwrap(), 0);
    assert_eq!((observed(&outcome, "lag_blocks"), observed(&outcome, "synced_share")), (0.0, 1.0));
    assert!(metric(&outcome, "block_t95_ms").is_some());
    assert!(outcome.findings.iter().any(|f| f.oracle == "syncs-again"));
}

#[test]
fn impossible_blocks_name_the_key() {
    for (sets, key, word) in [
        (&["workload.behind=101"][..], "workload.behind", "100 blocks"),
        (&["workload.behind=10", "workload.fork=10"], "workload.fork", "lighter"),
        (&["workload.joiners=12"], "workload.joiners", "12 nodes"),
        (&["adversary.strategy='claim'", "adversary.share=0.95"], "workload.joiners", "corrupt"),
        (&["workload.bytes='5 GiB'"], "workload.bytes", "longer"),
        (&["workload.height=1000000", "network.nodes=1000"], "workload.height", "keep"),
        (&["workload.rate='0 /s'"], "workload.rate", "no blocks"),
        (&["protocol.batch=0"], "protocol.batch", "whole number"),
    ] {
        let complaint = scenario(BLOCKS, sets).err().unwrap_or_else(|| panic!("{sets:?} was accepted"));
        assert!(complaint.contains(key) && complaint.contains(word), "{sets:?}: {complaint}");
    }
}

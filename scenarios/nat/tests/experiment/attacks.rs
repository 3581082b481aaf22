//! Attacks: when they met somebody, and when they did not.

use astrarium_engine::Verdict;
use astrarium_runner::testing::{metric, verdict};
use astrarium_runner::{Outcome, Scenario};

use crate::support::{judged, lab, scenario};

/// Whether the oracle `struck` has seen the attack.
fn struck(outcome: &Outcome) -> bool {
    verdict(outcome, "struck") == Verdict::Holds
}

fn poison(sets: &[&str]) -> Scenario {
    let always = ["adversary.strategy='record-poisoning'", "protocol.fresh_sockets=false"];
    let small = ["sweep.adversary.strategy=['record-poisoning']", "sweep.protocol.fresh_sockets=[false]"];
    let all: Vec<&str> = always.into_iter().chain(small).chain(sets.iter().copied()).collect();
    lab().shipped("nat-poison.toml", Some("smoke"), &all)
}

#[test]
fn planted_records_strike() {
    let outcome = judged(&poison(&[]));
    assert!(struck(&outcome));
    assert!(metric(&outcome, "victim_failure").unwrap() > 0.95);
}

#[test]
fn an_attacker_that_never_fires_strikes_nobody() {
    let outcome = judged(&poison(&["adversary.every='1 d'"]));
    assert!(!struck(&outcome));
    assert_eq!(metric(&outcome, "victim_failure"), Some(0.0));
}

/// Judged by what devices do: here the recording kind is the first.
#[test]
fn the_number_of_a_device_does_not_matter() {
    let devices = "network.nat={ kind = 'devices', mapping = ['conntrack'], filtering = ['apdf'], \
        allocation = ['preserve'], record_unsolicited = [true], share = 1.0 }";
    let sets = [
        devices,
        "adversary.strategy='record-poisoning'",
        "adversary.share=0.5",
        "protocol.fresh_sockets=false",
        "workload.warmup='30 s'",
    ];
    let outcome = judged(&scenario(&sets).unwrap());
    assert!(struck(&outcome));
    assert!(metric(&outcome, "victim_failure").unwrap() > 0.95);
}

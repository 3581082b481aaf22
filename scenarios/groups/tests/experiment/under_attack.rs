//! What runs of `dos` measure: an honest baseline, and what breaks it.

use astrarium_runner::testing::{metric, observed};

use crate::support::{DOS, run};

fn set(sets: &[&str], name: &str) -> f64 {
    observed(&run(DOS, sets), name)
}

#[test]
fn without_an_attack_rounds_take_their_round_trips_and_signatures() {
    let outcome = run(DOS, &["protocol.processor=free", "network.bandwidth=unlimited"]);
    assert_eq!(metric(&outcome, "miss_share"), Some(0.0));
    // Three phases of 100 ms there and back.
    assert!((metric(&outcome, "decide_ms").unwrap() - 300.0).abs() < 1e-3);
    assert_eq!(metric(&outcome, "attack_messages"), Some(0.0));
    let checked = set(&["network.bandwidth=unlimited"], "decide_ms");
    assert!(checked > 300.5 && checked < 320.0, "{checked}");
}

#[test]
fn a_flood_of_the_leaders_link_stops_rounds_and_one_of_a_wide_link_does_not() {
    let flood = "adversary.strategy=volume";
    assert_eq!(set(&[flood, "adversary.rate=20 Mbit/s"], "miss_share"), 1.0);
    assert_eq!(set(&[flood, "adversary.rate=1 Mbit/s"], "miss_share"), 0.0);
    assert_eq!(set(&[flood, "adversary.rate=20 Mbit/s"], "hit_share"), 1.0);
}

#[test]
fn a_flood_of_forged_signatures_stops_a_slow_leader() {
    let cpu = ["adversary.strategy=cpu", "protocol.speed=0.05", "network.bandwidth=unlimited"];
    // 2.4 ms a signature: 417 per second are all that a core can check.
    let outcome = run(DOS, &[cpu[0], cpu[1], cpu[2], "adversary.messages=4000 tx/s"]);
    assert_eq!(metric(&outcome, "miss_share"), Some(1.0));
    assert!(metric(&outcome, "forged").unwrap() > 1_000.0);
    assert_eq!(set(&[cpu[0], cpu[1], cpu[2], "adversary.messages=100 tx/s"], "miss_share"), 0.0);
}

#[test]
fn who_comes_too_late_or_stays_with_the_first_committee_stops_nothing_more() {
    let flood = ["adversary.strategy=volume", "adversary.rate=20 Mbit/s"];
    assert_eq!(set(&[flood[0], flood[1], "adversary.reaction=5 s"], "miss_share"), 0.0);
    let stays = set(&[flood[0], flood[1], "adversary.aim=stay"], "miss_share");
    // The first of three rounds, unless the same node leads another one.
    assert!(stays < 0.7, "{stays}");
}

#[test]
fn hidden_addresses_protect_until_the_key_is_shared() {
    let hidden = ["adversary.strategy=volume", "adversary.rate=20 Mbit/s", "protocol.encrypted=true"];
    assert_eq!(set(&[hidden[0], hidden[1], hidden[2], "protocol.key_shared=5 s"], "miss_share"), 0.0);
    assert_eq!(set(&[hidden[0], hidden[1], hidden[2], "protocol.key_shared=1 s"], "miss_share"), 1.0);
}

#[test]
fn petitions_are_all_delivered_when_nobody_attacks() {
    let sets = ["workload.kind=petitions", "protocol.members=1", "network.bandwidth=unlimited"];
    let outcome = run(DOS, &sets);
    assert_eq!(metric(&outcome, "goodput_share"), Some(1.0));
    assert!(metric(&outcome, "cpu_wait").unwrap() < 0.1);
}

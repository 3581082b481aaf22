//! System `nat` as a scenario runs it: the matrix of pairs, refused combinations, determinism.

mod attacks;
mod attempts;
mod support;

use astrarium_runner::testing::{assert_deterministic, metric, sound_run};

use support::{lab, scenario};

/// Network specification §6.5: the two that cannot be joined are d6 and a filter per peer socket.
fn possible(a: usize, b: usize) -> bool {
    !((a == 6 && b >= 3) || (b == 6 && a >= 3))
}

/// V15 on the network model's devices, all 36 ordered pairs, exact. The protocol's own tests do the same on devices of their own.
#[test]
fn every_pair_of_devices_does_as_the_matrix_says() {
    for (mode, late) in [("ttl", false), ("simultaneous", false), ("sequential", true)] {
        let set = format!("protocol.mode='{mode}'");
        let outcome = sound_run(&scenario(&[&set]).unwrap(), 0);
        for a in 1..=6 {
            for b in 1..=6 {
                let spoilt = late && b == 5 && (3..=5).contains(&a);
                let want = if possible(a, b) && !spoilt { 1.0 } else { 0.0 };
                let got = metric(&outcome, &format!("success_d{a}_d{b}"));
                assert_eq!(got, Some(want), "{mode}: d{a} calls d{b}");
            }
        }
    }
}

#[test]
fn impossible_combinations_name_the_key() {
    for (set, key, word) in [
        ("network.topology='star'", "network.topology", "complete"),
        (
            "network.churn={ kind = 'exponential', session = '1 d', absence = '1 h' }",
            "network.churn",
            "not modelled",
        ),
        ("protocol.relay_fallback=true", "protocol.relay_fallback", "relay"),
        ("adversary.strategy='relay-hog'", "adversary.strategy", "relay"),
        ("adversary.strategy='rendezvous-outage'", "adversary.until", "outage"),
        ("adversary.strategy='record-poisoning'", "adversary.share", "victim"),
        ("workload.pairs=9000000", "workload.pairs", "11175 pairs"),
        ("network.transport={ kind = 'rudp' }", "network.transport", "datagrams"),
        ("protocol.policy='rfc-3489'", "protocol.attempt_symmetric", "port rule"),
        ("protocol.mode='magic'", "protocol.mode", "ttl"),
    ] {
        let complaint = scenario(&[set]).err().unwrap_or_else(|| panic!("{set} was accepted"));
        assert!(complaint.contains(key) && complaint.contains(word), "{set}: {complaint}");
    }
}

#[test]
fn every_size_of_every_file_is_sound() {
    lab().assert_files_are_sound();
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let small = ["network.nodes=60", "workload.pairs=40", "replicas=1"];
    for file in ["nat.toml", "nat-outage.toml", "nat-poison.toml", "nat-relay-hog.toml"] {
        assert_deterministic(&lab().shipped(file, Some("smoke"), &small));
    }
}

//! Who tries: by the port rule, by RFC 3489; and what needs no try.

use astrarium_runner::testing::{metric, sound_run};

use crate::support::{judged, scenario};

/// d1 … d6 by what RFC 3489 reads: 2 is port-restricted, 3 symmetric.
const CLASSES: [u8; 6] = [0, 1, 2, 2, 3, 3];

/// All 36 ordered pairs, exact: by class the records of d5 cost what the paper's 56.20 % says, whatever the order of packets.
#[test]
fn by_rfc_3489_symmetric_hosts_meet_only_those_that_heed_no_port() {
    for mode in ["ttl", "simultaneous", "sequential"] {
        let set = format!("protocol.mode='{mode}'");
        let sets = [set.as_str(), "protocol.policy='rfc-3489'", "protocol.attempt_symmetric=false"];
        let outcome = sound_run(&scenario(&sets).unwrap(), 0);
        for (a, mine) in CLASSES.into_iter().enumerate() {
            for (b, other) in CLASSES.into_iter().enumerate() {
                let tried = mine.max(other) < 3 || mine.min(other) < 2;
                let got = metric(&outcome, &format!("success_d{}_d{}", a + 1, b + 1));
                assert_eq!(got, Some(f64::from(u8::from(tried))), "{mode}: d{} calls d{}", a + 1, b + 1);
            }
        }
    }
}

#[test]
fn by_the_port_rule_symmetric_hosts_do_not_try() {
    let outcome = sound_run(&scenario(&["protocol.attempt_symmetric=false"]).unwrap(), 0);
    assert_eq!(metric(&outcome, "success_d6_d1"), Some(0.0));
    assert_eq!(metric(&outcome, "success_d1_d6"), Some(0.0));
    assert_eq!(metric(&outcome, "success_d5_d4"), Some(1.0));
}

/// With the defaults of network and protocol: the port that is mapped is the one that hosts listen on.
#[test]
fn hosts_with_a_mapped_port_are_as_good_as_public() {
    let all = sound_run(&scenario(&["network.nat.mapped=1.0", "protocol.mode='none'"]).unwrap(), 0);
    assert_eq!(metric(&all, "punch_success"), Some(1.0));
    // Also those that share a device: each has an outer port of its own.
    let shared = ["network.nat.mapped=1.0", "network.nat.hosts=3", "protocol.mode='none'"];
    let outcome = sound_run(&scenario(&shared).unwrap(), 0);
    // Housemates would need a hairpin, which these devices lack.
    assert!(metric(&outcome, "punch_success").unwrap() > 0.97);
}

#[test]
fn two_hosts_make_a_pair() {
    // Whether the two can talk depends on their devices.
    let outcome = judged(&scenario(&["network.nodes=2", "workload.pairs=1"]).unwrap());
    assert!(metric(&outcome, "reach_success").is_some());
    let complaint = scenario(&["network.nodes=2", "workload.pairs=2"]).err().unwrap();
    assert!(complaint.contains("2 hosts make 1 pairs") && complaint.contains("at most 1"), "{complaint}");
}

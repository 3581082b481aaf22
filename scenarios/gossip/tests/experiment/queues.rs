//! Send queues under load, against what quotas say.

use astrarium_runner::testing::{metric, observed, sound_run};

use crate::support::{QUEUES, scenario};

/// Load 3 of 0.2 : 0.3 : 0.5 for places 5 : 3 : 2. 40 s are 5,000 messages delivered and 10,000 dropped: standard errors below 0.02.
#[test]
fn classes_share_a_link_by_their_places() {
    let outcome = sound_run(&scenario(QUEUES, &[]).unwrap(), 0);
    for (name, want, within) in [
        ("drop_high", 1.0 / 6.0, 0.06),
        ("drop_medium", 2.0 / 3.0, 0.04),
        ("drop_low", 1.0 - 0.2 / 1.5, 0.03),
        ("share_high", 0.5, 0.01),
        ("share_medium", 0.3, 0.01),
        ("share_low", 0.2, 0.01),
        ("utilisation", 1.0, 0.01),
    ] {
        let got = observed(&outcome, name);
        assert!((got - want).abs() < within, "{name}: {got} instead of {want}");
    }
    assert!(observed(&outcome, "delay_high_ms") < observed(&outcome, "delay_low_ms"));
}

#[test]
fn one_queue_drops_all_classes_alike() {
    let outcome = sound_run(&scenario(QUEUES, &["protocol.scheme='fifo'"]).unwrap(), 0);
    for name in ["drop_high", "drop_medium", "drop_low"] {
        let got = observed(&outcome, name);
        assert!((got - 2.0 / 3.0).abs() < 0.05, "{name}: {got}");
    }
}

#[test]
fn an_idle_link_drops_and_delays_nothing() {
    let outcome = sound_run(&scenario(QUEUES, &["workload.load=0.3"]).unwrap(), 0);
    assert_eq!((metric(&outcome, "drop_low"), metric(&outcome, "drop_high")), (Some(0.0), Some(0.0)));
    // 8 ms on the link and 50 ms to the other side, and half a message before it.
    let delay = observed(&outcome, "delay_low_ms");
    assert!((58.0..64.0).contains(&delay), "{delay}");
}

#[test]
fn impossible_queues_name_the_key() {
    for (sets, key, word) in [
        (&["network.nodes=3"][..], "network.nodes", "even"),
        (&["workload.high=0.8"], "workload.medium", "less than nothing"),
        (&["workload.warmup='60 s'"], "workload.warmup", "nothing would be counted"),
        (&["workload.bytes='5 GiB'"], "workload.bytes", "longer"),
        (&["workload.load=1000", "stop.time='365 d'"], "workload.load", "more messages"),
        (&["protocol.quota_low=0"], "protocol.quota_low", "whole number"),
    ] {
        let complaint = scenario(QUEUES, sets).err().unwrap_or_else(|| panic!("{sets:?} was accepted"));
        assert!(complaint.contains(key) && complaint.contains(word), "{sets:?}: {complaint}");
    }
}

//! The closed form of message fidelity against the machines, packet by packet: mean and 95th percentile of the latency.
//!
//! Both sides are samples of one law: with several thousand messages the means scatter by 1 to 2 % and the percentiles, away from a step of the
//! distribution, by 1 %. Five percent are a false alarm in fewer than one seed of a thousand per case; the seeds are fixed.

use astrarium_runner::testing::metric;

use crate::support::run;

const TOLERANCE: f64 = 0.05;

/// Asserts that mean and 95th percentile agree for these settings.
fn agree(case: &str, sets: &[&str], tolerance: f64) {
    let common = [
        "baseline.kind='packet'",
        "network.fidelity='message'",
        "network.bandwidth={ kind = 'constant', up = '20 Mbit/s', down = '50 Mbit/s' }",
        "protocol.delayed_ack_timeout='40 ms'",
        "stop.time='10000000 s'",
        "protocol.keepalive='1 h'",
        "protocol.dead_after='1 d'",
    ];
    let outcome = run(&[&common[..], sets].concat());
    let ratio = |name| metric(&outcome, name).unwrap_or_else(|| panic!("{case}: no {name}"));
    let ratios = [ratio("latency_ratio"), ratio("latency_p95_ratio")];
    let off = ratios.map(|ratio| (ratio - 1.0).abs());
    println!("{case}: {ratios:.3?}");
    assert!(off.iter().all(|off| *off <= tolerance), "{case}: mean {:.3}, p95 {:.3}", ratios[0], ratios[1]);
}

fn loss(p: &str) -> String {
    format!("network.loss={{ kind = 'bernoulli', p = {p} }}")
}

/// Transport × size × loss, messages far apart. (One segment at 5 % stands on the step of its own percentile, and is left out.)
#[test]
fn the_machines_are_met_over_loss_and_size() {
    for (profile, kind) in
        [("kcp_turbo", "rudp"), ("zv_shipped", "rudp"), ("", "tcp-newreno"), ("", "tcp-cubic")]
    {
        for (bytes, p, messages) in [
            (200, "0.03", 20_000),
            (10_000, "0.01", 20_000),
            (100_000, "0.05", 3_000),
            (1_000_000, "0.01", 400),
        ] {
            let profile = if profile.is_empty() { "kcp_turbo" } else { profile };
            let sets = [
                format!("protocol.transport='{kind}'"),
                format!("protocol.profile='{profile}'"),
                format!("protocol.message_bytes={bytes}"),
                format!("protocol.messages={messages}"),
                "protocol.spacing='97.7713 s'".to_owned(),
                loss(p),
            ];
            let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
            agree(&format!("{kind} {profile} {bytes} B {p}"), &sets, TOLERANCE);
        }
    }
}

/// Every profile of reliable UDP has its closed form: streams, handshakes, slices, correction.
#[test]
fn every_profile_is_met() {
    let plain = ["kcp_default", "kcp_normal", "kcp_fast_test", "enet", "hc_slice"]
        .map(|name| (name, "kept", TOLERANCE));
    // A group of correction that spans two messages hands over data of the first with the second, and its time stamp makes the estimate
    // of the round trip run away: with kept sessions means are those of few enormous values. (How a closed session says farewell is not in the
    // closed form, hence more room.)
    let corrected = ["zv_paper", "qcp"].map(|name| (name, "per_message", 0.1));
    for (profile, pooling, tolerance) in plain.into_iter().chain(corrected) {
        for (bytes, messages) in [(10_000, 10_000), (200_000, 1_000)] {
            let sets = [
                "protocol.transport='rudp'".to_owned(),
                format!("protocol.profile='{profile}'"),
                format!("protocol.pooling='{pooling}'"),
                format!("protocol.message_bytes={bytes}"),
                format!("protocol.messages={messages}"),
                "protocol.spacing='97.7713 s'".to_owned(),
                loss("0.03"),
            ];
            let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
            agree(&format!("{profile} {bytes} B"), &sets, tolerance);
        }
    }
}

/// Streams of messages over reliable UDP, where a loss is revealed by the messages after it and holds them up.
#[test]
fn streams_are_met() {
    for (bytes, spacing) in [(500, "20 ms"), (20_000, "50 ms")] {
        let sets = [
            "protocol.transport='rudp'".to_owned(),
            "protocol.profile='zv_paper'".to_owned(),
            "protocol.fec=[]".to_owned(),
            format!("protocol.message_bytes={bytes}"),
            "protocol.messages=20000".to_owned(),
            format!("protocol.spacing='{spacing}'"),
            loss("0.02"),
        ];
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        agree(&format!("{bytes} B every {spacing}"), &sets, TOLERANCE);
    }
}

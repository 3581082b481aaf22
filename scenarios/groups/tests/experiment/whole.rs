//! What runs of `group-multicast` measure.

use astrarium_runner::testing::{metric, observed};

use crate::support::{GROUP, run};

fn set(sets: &[&str], name: &str) -> f64 {
    observed(&run(GROUP, sets), name)
}

#[test]
fn every_overlay_reaches_everybody_at_its_price() {
    for (overlay, messages) in [("mesh", 19.0), ("star", 19.0), ("tree", 19.0)] {
        let outcome = run(GROUP, &[&format!("protocol.overlay={overlay}")]);
        assert_eq!(metric(&outcome, "messages"), Some(messages), "{overlay}");
        assert_eq!(metric(&outcome, "duplicates"), Some(0.0), "{overlay}");
        assert_eq!(metric(&outcome, "coverage"), Some(1.0), "{overlay}");
        assert_eq!(metric(&outcome, "outsider_load"), Some(0.0), "{overlay}");
    }
    // 19 copies per column used, of which there are 2 or 3.
    let grid = set(&["protocol.overlay=grid"], "messages");
    assert!((38.0..=57.0).contains(&grid), "{grid}");
}

#[test]
fn a_flood_sends_twice_the_links_less_one_per_node() {
    let flood = ["protocol.overlay=flood", "workload.members=50", "network.topology={ kind = \"ring\" }"];
    // 2·50 − 49.
    assert_eq!(set(&flood, "messages"), 51.0);
    assert_eq!(set(&flood, "hops_max"), 25.0);
}

#[test]
fn delays_are_hops_times_the_constant_delay() {
    let outcome = run(GROUP, &["protocol.overlay=mesh", "network.latency.one_way=70 ms"]);
    for name in ["delay_mean_ms", "delay_p50_ms", "delay_p99_ms", "delay_max_ms", "first_hop_ms"] {
        assert!((metric(&outcome, name).unwrap() - 70.0).abs() < 1e-9, "{name}");
    }
    assert_eq!(metric(&outcome, "hops_mean"), Some(0.95));
}

#[test]
fn the_origin_uploads_what_it_sends() {
    let outcome = run(GROUP, &["protocol.overlay=star", "workload.bytes=1 kB"]);
    assert_eq!(metric(&outcome, "origin_bytes"), Some(19.0 * 1165.0));
}

#[test]
fn dead_members_are_missed_by_nobody_and_break_trees() {
    let dead = ["workload.dead=0.4", "workload.members=50", "protocol.overlay=mesh"];
    assert_eq!(set(&dead, "coverage"), 1.0);
    let tree = set(&["workload.dead=0.4", "workload.members=50", "protocol.overlay=tree"], "coverage");
    assert!(tree < 0.95, "{tree}");
}

#[test]
fn reliable_udp_reaches_all_under_loss_and_bare_datagrams_do_not() {
    let lossy = ["network.loss={ kind = \"bernoulli\", p = 0.2 }", "protocol.overlay=star"];
    assert!(set(&lossy, "coverage") < 0.95);
    assert_eq!(set(&[lossy[0], lossy[1], "protocol.transport=rudp"], "coverage"), 1.0);
}

#[test]
fn clocks_that_disagree_more_than_messages_live_reject_them() {
    let skew = ["network.clock.offset=60 s", "workload.origin=each", "protocol.overlay=mesh"];
    let share = set(&skew, "expired_share");
    // Q(60/85) = 0.24.
    assert!((0.05..0.5).contains(&share), "{share}");
    assert_eq!(set(&["protocol.overlay=mesh"], "expired_share"), 0.0);
}

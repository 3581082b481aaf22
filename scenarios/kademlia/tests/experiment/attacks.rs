//! Attacks succeed where theory says so, and their baselines do not.

use astrarium_runner::testing::observed;

use crate::support::{LOOKUPS, mean, run};

#[test]
fn the_shipped_key_breaks_lookups() {
    // V11 at N = 200: 0.45 ± 0.05.
    let success =
        mean(LOOKUPS, &["network.nodes=200", "protocol.find_node_key='raw_as_shipped'"], 4, "lookup_success");
    assert!((0.40..0.50).contains(&success), "{success}");
}

/// One greedy path fails when somebody on it is corrupt; the expectation is read off the same tables, so the difference has the standard error
/// of the coalition's draw: 0.02 for 4 × 500 lookups. Disjoint paths help.
#[test]
fn a_routing_attack_wins_on_one_path_and_loses_on_eight() {
    let greedy = ["adversary.share=0.5", "protocol.width=1", "protocol.alpha=1", "network.nodes=1000"];
    let with = |more: &[&'static str]| greedy.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    let honest = with(&["adversary.strategy='none'"]);
    assert_eq!(mean(LOOKUPS, &honest, 1, "lookup_success"), 1.0);
    let one = with(&["adversary.strategy='route'"]);
    let (got, want) = (mean(LOOKUPS, &one, 4, "lookup_success"), mean(LOOKUPS, &one, 4, "honest_path_share"));
    assert!((got - want).abs() < 0.08 && got < 0.65, "{got} instead of {want}");
    let eight = with(&["adversary.strategy='route'", "protocol.paths=8"]);
    assert!(mean(LOOKUPS, &eight, 4, "lookup_success") > got + 0.25);
}

#[test]
fn an_eclipse_needs_hosts() {
    let eclipse = |more: &[&'static str]| {
        let base = [
            "stop.time='180 s'",
            "network.nodes=150",
            "protocol.tables='filled'",
            "protocol.neighbours_min=8",
            "protocol.neighbours_max=8",
            "protocol.per_ip_limit=4",
            "adversary.share=0.3",
            "adversary.restart='60 s'",
            "workload.begin='150 s'",
            "workload.lookups=20",
        ];
        let sets: Vec<&str> = base.into_iter().chain(more.iter().copied()).collect();
        observed(&run(LOOKUPS, &sets, 0), "eclipsed_share")
    };
    assert!(eclipse(&["adversary.strategy='none'"]) < 0.02, "0.3^8 is 7e-5");
    assert!(eclipse(&["adversary.strategy='eclipse'"]) > 0.85);
    assert!(eclipse(&["adversary.strategy='eclipse'", "adversary.hosts=1"]) < 0.05);
}

#[test]
fn ground_identities_own_their_key() {
    let outcome = run(LOOKUPS, &["adversary.strategy='grind'", "network.nodes=200"], 0);
    assert_eq!(observed(&outcome, "hijacked_share"), 1.0);
    assert!(observed(&outcome, "grind_trials") > 16.0);
}

//! Combinations that no range can exclude are refused with the key to blame.

use crate::support::scenario;

#[test]
fn impossible_combinations_name_the_key() {
    for (set, key, word) in [
        ("workload.neighbours=201", "workload.neighbours", "201 neighbours"),
        ("workload.threshold=0.0", "workload.threshold", "everybody a victim"),
        ("network.topology='star'", "network.topology", "complete"),
        (
            "network.churn={ kind = 'exponential', session = '1 d', absence = '1 h' }",
            "network.churn",
            "not modelled",
        ),
        ("adversary.share=1.5", "adversary.share", "share"),
        ("workload.rule='longest'", "workload.rule", "heaviest"),
    ] {
        let complaint = scenario(&[set]).err().unwrap_or_else(|| panic!("{set} was accepted"));
        assert!(complaint.contains(key) && complaint.contains(word), "{set}: {complaint}");
    }
}

//! Combinations that no range can exclude are refused with the key to blame.

use crate::support::{JOINING, LOOKUPS, scenario};

#[test]
fn impossible_lookups_name_the_key() {
    for (sets, key, word) in [
        (&["protocol.seeds=300"][..], "protocol.seeds", "300 seeds"),
        (&["network.topology='star'"], "network.topology", "complete"),
        (&["network.churn={ kind = 'exponential' }"], "protocol.tables", "come and go"),
        (&["adversary.strategy='eclipse'"], "protocol.neighbours_max", "eclipsed"),
        (
            &["protocol.neighbours_min=9", "protocol.neighbours_max=8", "protocol.tables='filled'"],
            "protocol.neighbours",
            "out of range",
        ),
        (&["protocol.neighbours_min=9"], "protocol.neighbours_min", "greatest number"),
        (&["protocol.neighbours_max=9"], "protocol.tables", "nobody dials"),
        (&["adversary.share=0.999"], "adversary.share", "corrupt"),
        (&["network.nodes=4"], "network.nodes", "give at least"),
        (&["network.transport={ kind = 'tcp' }"], "network.transport", "datagrams"),
        (&["adversary.strategy='grind'", "network.nodes=20"], "network.nodes", "too few"),
        (&["adversary.strategy='grind'", "adversary.share=0.2"], "adversary.share", "sets the number"),
        (&["protocol.k=0"], "protocol.k", "whole number"),
    ] {
        let complaint = scenario(LOOKUPS, sets).err().unwrap_or_else(|| panic!("{sets:?} was accepted"));
        assert!(complaint.contains(key) && complaint.contains(word), "{sets:?}: {complaint}");
    }
}

#[test]
fn impossible_joining_names_the_key() {
    for (set, key, word) in [
        ("network.nodes=100", "network.nodes", "nobody joins"),
        ("protocol.ask=51", "protocol.ask", "51 seeds"),
        ("protocol.quorum=4", "protocol.quorum", "4 answers"),
        ("protocol.segment=3", "protocol.segment", "segments of 3"),
        ("network.topology='star'", "network.topology", "complete"),
        ("network.transport={ kind = 'tcp' }", "network.transport", "datagrams"),
        ("network.churn={ kind = 'exponential' }", "network.churn", "not modelled"),
    ] {
        let complaint = scenario(JOINING, &[set]).err().unwrap_or_else(|| panic!("{set} was accepted"));
        assert!(complaint.contains(key) && complaint.contains(word), "{set}: {complaint}");
    }
}

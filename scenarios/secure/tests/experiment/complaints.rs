//! Combinations that no range can exclude are refused with the key to blame.

use crate::support::{CIRCUIT, SECURE, scenario};

#[test]
fn impossible_combinations_name_the_key() {
    for (text, sets, key, word) in [
        (
            SECURE,
            &["adversary.strategy='hs-flood'", "protocol.encryption=false"][..],
            "adversary.strategy",
            "handshakes",
        ),
        (SECURE, &["adversary.strategy='tap'", "adversary.at='40 s'"], "adversary.at", "after the end"),
        (SECURE, &["adversary.strategy='hs-flood'", "adversary.rate='0 /s'"], "adversary.rate", "range"),
        (SECURE, &["workload.bytes='2 MB'"], "workload.bytes", "1 MB"),
        (SECURE, &["network.nodes=200000"], "network.nodes", "one server"),
        (SECURE, &["network.topology='ring'"], "network", "topology"),
        (CIRCUIT, &["protocol.relays=59"], "protocol.relays", "users"),
        (CIRCUIT, &["protocol.relays=3"], "protocol.hops", "number of relays"),
        (CIRCUIT, &["protocol.guards=11"], "protocol.guards", "number of relays"),
        (CIRCUIT, &["workload.bytes='418 B'"], "workload.bytes", "cell"),
        (CIRCUIT, &["workload.gap='5 s'"], "workload.gap", "too short"),
        (CIRCUIT, &["protocol.hops=0", "adversary.strategy='correlate'"], "adversary.strategy", "no relay"),
        (CIRCUIT, &["workload.circuits=1000000"], "workload.circuits", "too many"),
    ] {
        let complaint = scenario(text, sets).err().unwrap_or_else(|| panic!("{sets:?} was accepted"));
        assert!(complaint.contains(key) && complaint.contains(word), "{sets:?}: {complaint}");
    }
}

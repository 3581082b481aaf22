//! Impossible combinations are named, with what would help.

use crate::support::{DOS, GROUP, scenario};

#[test]
fn impossible_combinations_are_rejected_by_key() {
    let cases = [
        (GROUP, vec!["workload.members=51"], "workload.members"),
        (GROUP, vec!["workload.members=50", "workload.origin=outsider"], "workload.origin"),
        (GROUP, vec!["workload.origin=each", "workload.dead=0.1"], "workload.origin"),
        (GROUP, vec!["network.topology={ kind = \"ring\" }"], "network.topology"),
        (GROUP, vec!["protocol.overlay=flood", "workload.members=50"], "network.topology"),
        (GROUP, vec!["protocol.overlay=flood", "network.topology={ kind = \"ring\" }"], "workload.members"),
        (DOS, vec!["protocol.members=40", "adversary.strategy=cpu"], "network.nodes"),
        (DOS, vec!["adversary.targets=11"], "adversary.targets"),
        (DOS, vec!["protocol.quorum=0.0"], "protocol.quorum"),
        (DOS, vec!["workload.rate=10000000 tx/s"], "workload.rate"),
        (DOS, vec!["adversary.bytes=200 MB"], "adversary.bytes"),
        (DOS, vec!["network.topology={ kind = \"ring\" }"], "network"),
        (DOS, vec!["network.transport={ kind = \"rudp\" }"], "network.transport"),
        (GROUP, vec!["network.transport={ kind = \"tcp\" }"], "network.transport"),
    ];
    for (text, sets, key) in cases {
        let error = scenario(text, &sets).err().unwrap_or_else(|| panic!("{sets:?} was accepted"));
        assert!(error.contains(key), "{sets:?}: {error}");
    }
    assert!(scenario(GROUP, &[]).is_ok() && scenario(DOS, &[]).is_ok());
}

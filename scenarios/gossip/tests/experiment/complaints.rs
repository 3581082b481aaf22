//! Combinations that no range can exclude are refused with the key to blame.

use crate::support::{DANDELION, GOSSIP, scenario};

#[test]
fn impossible_combinations_name_the_key() {
    for (text, sets, key, word) in [
        (GOSSIP, &["protocol.membership='full'", "protocol.mode='mesh'"][..], "protocol.membership", "mesh"),
        (GOSSIP, &["adversary.strategy='withhold'"], "adversary.strategy", "flood"),
        (GOSSIP, &["protocol.mode={ kind = 'holders', holders = 61 }"], "protocol.mode.holders", "60 nodes"),
        (GOSSIP, &["protocol.mode={ kind = 'mesh', degree = 20 }"], "protocol.mode.degree", "range"),
        (
            GOSSIP,
            &["protocol.mode={ kind = 'epidemic', exchange = 'pull', life = 'infect-and-die' }"],
            "protocol.mode.life",
            "pushed",
        ),
        (GOSSIP, &["workload.rate='0 /s'"], "workload.rate", "above zero"),
        (GOSSIP, &["protocol.seen_capacity=2"], "protocol.seen_capacity", "at least 3"),
        (DANDELION, &["stop.time='30 s'", "workload.gap='1 s'"], "stop.time", "is over before"),
        (DANDELION, &["adversary.share=1.0"], "adversary.share", "nobody honest"),
        (
            DANDELION,
            &["protocol.scheme='diffusion'", "adversary.strategy='stem-drop'"],
            "adversary.strategy",
            "no stem",
        ),
    ] {
        let complaint = scenario(text, sets).err().unwrap_or_else(|| panic!("{sets:?} was accepted"));
        assert!(complaint.contains(key) && complaint.contains(word), "{sets:?}: {complaint}");
    }
}

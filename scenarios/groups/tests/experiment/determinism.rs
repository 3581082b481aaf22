//! Same seed, same run: whatever the queue, the order of maps, the number of threads, a snapshot in the middle. And no oracle is violated.

use astrarium_runner::testing::{assert_deterministic, sound_run};

use crate::support::{DOS, GROUP, lab, scenario};

#[test]
fn runs_pass_the_matrix() {
    let texts = [
        (GROUP, vec!["protocol.overlay=grid", "network.loss={ kind = \"bernoulli\", p = 0.1 }"]),
        (GROUP, vec!["protocol.overlay=kad2", "workload.dead=0.3"]),
        (GROUP, vec!["protocol.overlay=tree", "protocol.pulse=1 s", "protocol.transport=rudp"]),
        (DOS, vec!["adversary.strategy=volume", "adversary.rate=4 Mbit/s"]),
        (DOS, vec!["adversary.strategy=cpu", "protocol.overlay=tree"]),
    ];
    for (text, mut sets) in texts {
        sets.push("replicas=2");
        assert_deterministic(&scenario(text, &sets).unwrap());
    }
}

#[test]
fn every_size_of_every_file_is_sound_and_the_first_point_of_smoke_breaks_no_promise() {
    lab().assert_files_are_sound();
    for file in lab().files() {
        let outcome = sound_run(&lab().shipped(&file, Some("smoke"), &[]), 0);
        assert!(!outcome.findings.is_empty(), "{file}");
    }
}

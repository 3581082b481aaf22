//! Same seed, same run: whatever the queue, the order of maps, the number of threads, a snapshot in the middle. And no oracle is violated.

use std::sync::atomic::AtomicBool;

use astrarium_engine::Verdict;
use astrarium_runner::verify;

use crate::support::{DOS, GROUP, files, outcome, scenario, shipped};

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
        let report = verify(&scenario(text, &sets).unwrap(), &AtomicBool::new(false)).unwrap();
        for check in &report.checks {
            assert!(check.mismatch.is_none(), "{sets:?}: {check:?}");
        }
    }
}

#[test]
fn every_size_of_every_file_is_sound_and_the_first_point_of_smoke_breaks_no_promise() {
    assert!(files().len() >= 18);
    for file in files() {
        for size in [None, Some("smoke"), Some("full")] {
            let scenario = shipped(&file, size, &[]);
            assert!(scenario.runs() > 0 && !scenario.points.is_empty(), "{file:?} {size:?}");
        }
        let found = outcome(&shipped(&file, Some("smoke"), &[]), 0, 0).findings;
        assert!(!found.is_empty(), "{file:?}");
        for finding in found {
            assert!(!matches!(finding.verdict, Verdict::Violated { .. }), "{file:?}: {finding:?}");
        }
    }
}

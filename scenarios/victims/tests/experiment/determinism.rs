//! Same seed, same run: whatever the queue, the order of maps, the number of threads, a snapshot in the middle.

use std::sync::atomic::AtomicBool;

use astrarium_runner::verify;

use crate::support::shipped;

#[test]
fn shipped_scenarios_pass_the_matrix() {
    let small = ["network.nodes=300", "workload.users=30", "replicas=2", "sweep.adversary.share=[0.3, 0.9]"];
    for file in ["victims.toml", "victims-eclipse.toml"] {
        let report = verify(&shipped(file, Some("smoke"), &small), &AtomicBool::new(false)).unwrap();
        for check in &report.checks {
            assert!(check.mismatch.is_none(), "{file}: {check:?}");
        }
    }
}

#[test]
fn every_size_of_every_file_is_sound() {
    for file in ["victims.toml", "victims-eclipse.toml"] {
        for size in [None, Some("smoke"), Some("full")] {
            let scenario = shipped(file, size, &[]);
            assert!(scenario.runs() > 0 && !scenario.points.is_empty(), "{file} {size:?}");
        }
    }
}

//! The shipped files: sound in every size, and the same run under every way of running it.

use std::sync::atomic::AtomicBool;

use astrarium_runner::verify;

use crate::support::shipped;

const FILES: [&str; 9] = [
    "transfer.toml",
    "transport-bulk.toml",
    "transport-comparison.toml",
    "transport-fec.toml",
    "transport-fidelity.toml",
    "transport-fresh.toml",
    "transport-jitter.toml",
    "transport-server.toml",
    "transport-sparse.toml",
];

#[test]
fn every_size_of_every_file_is_sound() {
    for file in FILES {
        for size in [None, Some("smoke"), Some("full")] {
            let scenario = shipped(file, size, &[]);
            assert!(scenario.runs() > 0 && !scenario.points.is_empty(), "{file} {size:?}");
        }
    }
}

#[test]
fn transfers_pass_the_matrix() {
    let small = ["replicas=2", "sweep.protocol.message_bytes=['100 kB']", "sweep.network.loss.p=[0.05]"];
    let report = verify(&shipped("transfer.toml", Some("smoke"), &small), &AtomicBool::new(false)).unwrap();
    for check in &report.checks {
        assert!(check.mismatch.is_none(), "{check:?}");
    }
}

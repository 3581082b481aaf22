//! Same seed, same run: whatever the queue, the order of maps, the number of threads, a snapshot in the middle.

use std::sync::atomic::AtomicBool;

use astrarium_runner::verify;

use crate::support::{DANDELION, GOSSIP, scenario, shipped};

const FILES: [&str; 13] = [
    "dandelion.toml",
    "diffusion.toml",
    "epidemics.toml",
    "flood.toml",
    "gossip.toml",
    "hash-broadcast.toml",
    "infect-and-die.toml",
    "mesh-duplicates.toml",
    "mesh.toml",
    "stem-drop.toml",
    "sync-spam.toml",
    "txsync.toml",
    "withhold.toml",
];

#[test]
fn every_mode_passes_the_matrix() {
    for mode in [
        "'flood'",
        "{ kind = 'flood', fanout = 3 }",
        "{ kind = 'inventory', trickle = '1 s' }",
        "{ kind = 'inventory', relay = 'compact' }",
        "{ kind = 'epidemic', exchange = 'push-pull' }",
        "'mesh'",
        "'sync'",
        "{ kind = 'holders', holders = 4, cached = true }",
    ] {
        let scenario = scenario(GOSSIP, &[&format!("protocol.mode={mode}")]).unwrap();
        for check in &verify(&scenario, &AtomicBool::new(false)).unwrap().checks {
            assert!(check.mismatch.is_none(), "{mode}: {check:?}");
        }
    }
    for strategy in ["spy", "stem-drop", "supernode"] {
        let scenario = scenario(DANDELION, &[&format!("adversary.strategy='{strategy}'")]).unwrap();
        for check in &verify(&scenario, &AtomicBool::new(false)).unwrap().checks {
            assert!(check.mismatch.is_none(), "{strategy}: {check:?}");
        }
    }
}

#[test]
fn every_size_of_every_file_is_sound() {
    for file in FILES {
        for size in [None, Some("smoke"), Some("full")] {
            let scenario = shipped(file, size, &[]);
            assert!(scenario.runs() > 0 && !scenario.points.is_empty(), "{file} {size:?}");
        }
    }
}

//! Same seed, same run: whatever the queue, the order of maps, the number of threads, a snapshot in the middle.

use astrarium_runner::testing::assert_deterministic;

use crate::support::{BLOCKS, DANDELION, GOSSIP, QUEUES, lab, scenario};

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
        assert_deterministic(&scenario(GOSSIP, &[&format!("protocol.mode={mode}")]).unwrap());
    }
    for strategy in ["spy", "stem-drop", "supernode"] {
        assert_deterministic(&scenario(DANDELION, &[&format!("adversary.strategy='{strategy}'")]).unwrap());
    }
    for strategy in ["none", "claim", "forge"] {
        let sets = [&*format!("adversary.strategy='{strategy}'"), "adversary.share=0.2", "workload.fork=10"];
        assert_deterministic(&scenario(BLOCKS, &sets).unwrap());
    }
    assert_deterministic(&scenario(QUEUES, &["stop.time='30 s'"]).unwrap());
}

#[test]
fn every_size_of_every_file_is_sound() {
    lab().assert_files_are_sound();
}

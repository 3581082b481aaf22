//! Same seed, same run: whatever the queue, the order of maps, the number of threads, a snapshot in the middle.

use astrarium_runner::testing::assert_deterministic;

use crate::support::lab;

#[test]
fn shipped_scenarios_pass_the_matrix() {
    let small = ["network.nodes=300", "workload.users=30", "replicas=2", "sweep.adversary.share=[0.3, 0.9]"];
    for file in lab().files() {
        assert_deterministic(&lab().shipped(&file, Some("smoke"), &small));
    }
}

#[test]
fn every_size_of_every_file_is_sound() {
    lab().assert_files_are_sound();
}

//! The shipped files: sound in every size, and the same run under every way of running it.

use astrarium_runner::testing::assert_deterministic;

use crate::support::lab;

#[test]
fn every_size_of_every_file_is_sound() {
    lab().assert_files_are_sound();
}

#[test]
fn transfers_pass_the_matrix() {
    let small = ["replicas=2", "sweep.protocol.message_bytes=['100 kB']", "sweep.network.loss.p=[0.05]"];
    assert_deterministic(&lab().shipped("transfer.toml", Some("smoke"), &small));
}

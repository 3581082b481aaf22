//! Same seed, same run: whatever the queue, the order of maps, the number of threads, a snapshot in the middle.

use astrarium_runner::testing::assert_deterministic;

use crate::support::{CIRCUIT, SECURE, lab, scenario};

#[test]
fn every_strategy_passes_the_matrix() {
    for sets in [
        &["adversary.strategy='tap'", "adversary.loot='memory'", "protocol.rekey_after='5 s'"][..],
        &["adversary.strategy='mitm'", "protocol.handshake_auth=false", "protocol.transport='rudp'"],
        &["adversary.strategy='hs-flood'", "adversary.rate='500 tx/s'"],
        &["protocol.transport='rudp'", "network.loss={ kind = 'bernoulli', p = 0.1 }"],
    ] {
        assert_deterministic(&scenario(SECURE, sets).unwrap());
    }
    for sets in [&["adversary.strategy='correlate'", "adversary.share=0.3"][..], &["protocol.guards=2"]] {
        assert_deterministic(&scenario(CIRCUIT, sets).unwrap());
    }
}

#[test]
fn every_size_of_every_file_is_sound() {
    lab().assert_files_are_sound();
}

//! Same seed, same run: whatever the queue, the order of maps, the number of threads, a snapshot in the middle.

use astrarium_runner::testing::assert_deterministic;

use crate::support::lab;

#[test]
fn shipped_scenarios_pass_the_matrix() {
    for file in lab().files() {
        // As small as each allows: what is checked does not depend on size.
        let sets: &[&str] = match file.as_str() {
            "bootstrap.toml" => &["network.nodes=420", "sweep.protocol.ask=3", "sweep.adversary.share=0.3"],
            "bootstrap-segment.toml" => &["sweep.protocol.segment=4", "sweep.workload.members=60"],
            "kademlia-churn.toml" => {
                &["stop.time='20 min'", "workload.begin='60 s'", "sweep.network.churn.session='10 min'"]
            }
            "kademlia-partition.toml" => &["network.nodes=60", "stop.time='18 min'", "workload.lookups=300"],
            "kademlia-eclipse.toml" => &["network.nodes=100", "sweep.adversary.share=0.3"],
            "kademlia-routing.toml" | "kademlia-timeout.toml" => {
                &["network.nodes=200", "workload.lookups=100"]
            }
            "records-churn.toml" => &[
                "network.nodes=60",
                "stop.time='40 min'",
                "workload.begin='5 min'",
                "workload.gets_begin='10 min'",
                "workload.gets=100",
                "sweep.network.churn.session='30 min'",
            ],
            "records-hostile.toml" => &["network.nodes=200", "sweep.adversary.share=0.3"],
            "records.toml" => &["sweep.network.nodes=200", "workload.puts=50", "workload.gets=100"],
            _ => &["sweep.network.nodes=200", "workload.lookups=100"],
        };
        let sets: Vec<&str> = sets.iter().copied().chain(["replicas=2"]).collect();
        assert_deterministic(&lab().shipped(&file, Some("smoke"), &sets));
    }
}

#[test]
fn every_size_of_every_file_is_sound() {
    lab().assert_files_are_sound();
}

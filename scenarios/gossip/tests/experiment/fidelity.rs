//! Both fidelities of the network give the same dissemination (network specification V14).

use astrarium_runner::testing::{observed, sound_run};

use crate::support::{GOSSIP, scenario};

/// Inventory relay of 1 KB with the regions of 2019, seed for seed: times to reach a half and 95 % differ by less than a tenth.
#[test]
fn packets_and_messages_spread_alike() {
    let times = |fidelity: &str, mode: &str| {
        let sets = [
            format!("network.fidelity='{fidelity}'"),
            format!("protocol.mode='{mode}'"),
            "network.nodes=300".to_owned(),
            "network.topology={ kind = 'random', degree = 8 }".to_owned(),
            "network.latency={ kind = 'regions', table = 'bitcoin-2019' }".to_owned(),
            "network.bandwidth={ kind = 'regions', table = 'bitcoin-2019' }".to_owned(),
            "workload.items=4".to_owned(),
            "workload.rate='0.1 /s'".to_owned(),
        ];
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        let outcome = sound_run(&scenario(GOSSIP, &sets).unwrap(), 0);
        ["cover_t50_ms", "cover_t95_ms"].map(|name| observed(&outcome, name))
    };
    for mode in ["inventory", "flood"] {
        let (message, packet) = (times("message", mode), times("packet", mode));
        for (m, p) in message.iter().zip(packet) {
            assert!((p / m - 1.0).abs() < 0.1, "{mode}: {packet:?} against {message:?}");
        }
    }
}

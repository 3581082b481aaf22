//! What ships with the command: systems, closed forms and scenarios.

use astrarium_runner::{Registry, Vocabulary};
use astrarium_scenarios_canary::Canary;
use astrarium_scenarios_gossip::{BlockSystem, Dandelion, Gossip, PrioritySystem};
use astrarium_scenarios_groups::{Candidates, Dos, Multicast};
use astrarium_scenarios_kademlia::{BootstrapSystem, KademliaSystem, RecordSystem};
use astrarium_scenarios_nakamoto::Nakamoto;
use astrarium_scenarios_nat::Nat;
use astrarium_scenarios_secure::{Channel, CircuitSystem};
use astrarium_scenarios_transfer::Transfer;
use astrarium_scenarios_victims::Victims;

/// Every system.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(Canary::default());
    registry.register(BlockSystem::default());
    registry.register(Candidates::default());
    registry.register(Dandelion::default());
    registry.register(Dos::default());
    registry.register(Gossip::default());
    registry.register(Multicast::default());
    registry.register(BootstrapSystem::default());
    registry.register(KademliaSystem::default());
    registry.register(Nakamoto::default());
    registry.register(Nat::default());
    registry.register(PrioritySystem::default());
    registry.register(RecordSystem::default());
    registry.register(Channel::default());
    registry.register(CircuitSystem::default());
    registry.register(Transfer::default());
    registry.register(Victims::default());
    registry
}

/// Names of the closed forms that scenarios may set beside their results.
pub(crate) fn theories() -> Vec<&'static str> {
    astrarium_analysis::theory::names()
}

/// The names that only analysis knows.
pub(crate) fn vocabulary<'a>(theories: &'a [&'a str]) -> Vocabulary<'a> {
    Vocabulary { theories }
}

/// A scenario file that ships with the command.
pub(crate) struct Shipped {
    /// Path in the repository.
    pub(crate) path: &'static str,
    /// Its text.
    pub(crate) text: &'static str,
}

macro_rules! shipped {
    ($($path:literal),* $(,)?) => {
        &[$(Shipped { path: $path, text: include_str!(concat!("../", $path)) }),*]
    };
}

/// Every shipped scenario, by path. A test compares this with the folders.
pub(crate) const SCENARIOS: &[Shipped] = shipped![
    "scenarios/canary/healthy.toml",
    "scenarios/canary/liveness.toml",
    "scenarios/canary/nondeterminism.toml",
    "scenarios/canary/safety.toml",
    "scenarios/gossip/bitcoin.toml",
    "scenarios/gossip/block-capacity.toml",
    "scenarios/gossip/block-sync.toml",
    "scenarios/gossip/dandelion.toml",
    "scenarios/gossip/diffusion.toml",
    "scenarios/gossip/epidemics.toml",
    "scenarios/gossip/fidelity.toml",
    "scenarios/gossip/flood.toml",
    "scenarios/gossip/gossip.toml",
    "scenarios/gossip/hash-broadcast.toml",
    "scenarios/gossip/infect-and-die.toml",
    "scenarios/gossip/mesh-duplicates.toml",
    "scenarios/gossip/mesh.toml",
    "scenarios/gossip/priorities.toml",
    "scenarios/gossip/stem-drop.toml",
    "scenarios/gossip/sync-spam.toml",
    "scenarios/gossip/tx-load.toml",
    "scenarios/gossip/txsync.toml",
    "scenarios/gossip/withhold.toml",
    "scenarios/groups/candidates-cut.toml",
    "scenarios/groups/candidates-relay.toml",
    "scenarios/groups/candidates-window.toml",
    "scenarios/groups/committee-region.toml",
    "scenarios/groups/committee.toml",
    "scenarios/groups/dos-cpu.toml",
    "scenarios/groups/dos-fair-rounds.toml",
    "scenarios/groups/dos-fair.toml",
    "scenarios/groups/dos-hidden.toml",
    "scenarios/groups/dos-link.toml",
    "scenarios/groups/dos-priority-wait.toml",
    "scenarios/groups/dos-priority.toml",
    "scenarios/groups/dos-rate.toml",
    "scenarios/groups/dos.toml",
    "scenarios/groups/group-bodies.toml",
    "scenarios/groups/group-clocks.toml",
    "scenarios/groups/group-entrance.toml",
    "scenarios/groups/group-flood.toml",
    "scenarios/groups/group-kad2.toml",
    "scenarios/groups/group-loss.toml",
    "scenarios/groups/group-multicast.toml",
    "scenarios/groups/group-partition-oneway.toml",
    "scenarios/groups/group-partition.toml",
    "scenarios/groups/group-pulse.toml",
    "scenarios/groups/group-rudp.toml",
    "scenarios/groups/tree-fault.toml",
    "scenarios/groups/tree.toml",
    "scenarios/kademlia/bootstrap-segment.toml",
    "scenarios/kademlia/bootstrap.toml",
    "scenarios/kademlia/kademlia-churn.toml",
    "scenarios/kademlia/kademlia-eclipse.toml",
    "scenarios/kademlia/kademlia-grind.toml",
    "scenarios/kademlia/kademlia-partition.toml",
    "scenarios/kademlia/kademlia-routing.toml",
    "scenarios/kademlia/kademlia-timeout.toml",
    "scenarios/kademlia/kademlia-zv.toml",
    "scenarios/kademlia/kademlia.toml",
    "scenarios/kademlia/records-churn.toml",
    "scenarios/kademlia/records-hostile.toml",
    "scenarios/kademlia/records.toml",
    "scenarios/nakamoto/churn.toml",
    "scenarios/nakamoto/double-spend-real.toml",
    "scenarios/nakamoto/double-spend.toml",
    "scenarios/nakamoto/fifty-one.toml",
    "scenarios/nakamoto/partition.toml",
    "scenarios/nakamoto/propagation.toml",
    "scenarios/nakamoto/selfish-mining-real.toml",
    "scenarios/nakamoto/selfish-mining.toml",
    "scenarios/nakamoto/stale-rate.toml",
    "scenarios/nat/nat-birthday.toml",
    "scenarios/nat/nat-classification.toml",
    "scenarios/nat/nat-mapped.toml",
    "scenarios/nat/nat-matrix.toml",
    "scenarios/nat/nat-order.toml",
    "scenarios/nat/nat-outage.toml",
    "scenarios/nat/nat-poison.toml",
    "scenarios/nat/nat-policy.toml",
    "scenarios/nat/nat-reach.toml",
    "scenarios/nat/nat-recording.toml",
    "scenarios/nat/nat-relay-hog.toml",
    "scenarios/nat/nat-relay.toml",
    "scenarios/nat/nat-timing.toml",
    "scenarios/nat/nat-ttl.toml",
    "scenarios/nat/nat.toml",
    "scenarios/secure/circuit-guards.toml",
    "scenarios/secure/circuit-latency.toml",
    "scenarios/secure/circuit.toml",
    "scenarios/secure/secure-flood.toml",
    "scenarios/secure/secure-loss.toml",
    "scenarios/secure/secure-mitm.toml",
    "scenarios/secure/secure-tap.toml",
    "scenarios/secure/secure-theft.toml",
    "scenarios/secure/secure.toml",
    "scenarios/transfer/transfer.toml",
    "scenarios/transfer/transport-bulk.toml",
    "scenarios/transfer/transport-comparison.toml",
    "scenarios/transfer/transport-delay.toml",
    "scenarios/transfer/transport-fec.toml",
    "scenarios/transfer/transport-fidelity.toml",
    "scenarios/transfer/transport-fresh.toml",
    "scenarios/transfer/transport-jitter.toml",
    "scenarios/transfer/transport-server.toml",
    "scenarios/transfer/transport-sparse.toml",
    "scenarios/victims/victims-eclipse.toml",
    "scenarios/victims/victims.toml",
];

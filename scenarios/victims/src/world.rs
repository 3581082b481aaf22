//! The world of a run: W full nodes, a coalition among them, one honest miner, and users.
//!
//! Nodes 0 … W − 1 are full nodes, users follow. Who is in the coalition is drawn; the honest node of the lowest number mines with
//! all honest hash power and sends its blocks to every honest node itself: how blocks spread is not the question here, and a
//! chain without stale blocks is the pure race of the closed forms.

use std::sync::Arc;

use astrarium_net::{ClockModel, Modelled, NetConfig, TopologyKind};
use astrarium_node::{Domain, NodeId, Seed};
use astrarium_protocol_nakamoto::{
    Block, Config, ConfigError, FollowRule, LightClient, LightConfig, Node, Participant, Relay, Retarget,
};
use astrarium_runner::network::{complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params};

/// Purpose of the draw of the coalition among the draws of the adversary.
const COALITION: u64 = 0;

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// Root of all draws.
    pub(crate) seed: Seed,
    /// Rules of the chain.
    pub(crate) config: Arc<Config>,
    /// What the users do.
    pub(crate) light: Arc<LightConfig>,
    /// The block everybody starts from.
    pub(crate) genesis: Arc<Block>,
    /// Number of full nodes.
    pub(crate) full: u32,
    /// Number of users.
    pub(crate) clients: u32,
    /// Full nodes of the adversary, by number.
    pub(crate) coalition: Arc<[NodeId]>,
    /// The honest miner; `None` when no node is honest.
    pub(crate) miner: Option<NodeId>,
    /// Hash share of the honest miner.
    pub(crate) honest_hash: f64,
    /// The network in its initial state.
    pub(crate) network: Modelled,
    /// Clocks of all.
    pub(crate) clocks: ClockModel,
}

impl World {
    /// Builds the world of a run.
    ///
    /// # Errors
    /// What [`check`] finds.
    pub(crate) fn new(params: &Params, files: &Files, seed: Seed) -> Result<Self, Complaint> {
        let net = net(params, files)?;
        let (network, _) = net.build(seed).map_err(|error| complaint_of(&error))?;
        let config = config(params)?;
        // Both at most ten million by their declaration.
        let (full, clients) = (params.count("network.nodes") as u32, params.count("workload.users") as u32);
        let coalition = coalition(seed, full, params.share("adversary.share"));
        let backed = params.text("adversary.backing") == "nakamoto";
        Ok(Self {
            seed,
            genesis: Block::genesis(&config),
            config: Arc::new(config),
            light: Arc::new(light(params)?),
            full,
            clients,
            miner: first_honest(full, &coalition),
            coalition: coalition.into(),
            // Without backing the whole hash power is honest: the adversary needs none.
            honest_hash: if backed { 1.0 - params.share("adversary.share") } else { 1.0 },
            network,
            clocks: net.clock,
        })
    }

    /// Number of all participants.
    pub(crate) fn participants(&self) -> usize {
        (self.full + self.clients) as usize
    }

    /// Numbers of the users.
    pub(crate) fn users(&self) -> std::ops::Range<u32> {
        self.full..self.full + self.clients
    }

    /// Honest full nodes but the miner: those who get the miner's blocks.
    pub(crate) fn audience(&self, miner: NodeId) -> Arc<[NodeId]> {
        let honest = |id: &NodeId| *id != miner && self.coalition.binary_search(id).is_err();
        (0..self.full).map(NodeId).filter(honest).collect()
    }

    /// Makes the initial state of each participant, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Participant + Send + Sync + 'static {
        let (config, genesis, light) = (self.config.clone(), self.genesis.clone(), self.light.clone());
        let (full, miner, hash) = (self.full, self.miner, self.honest_hash);
        let nobody: Arc<[NodeId]> = Arc::new([]);
        move |id| {
            if id.0 >= full {
                return Participant::Light(LightClient::new(light.clone(), config.clone(), &genesis));
            }
            let share = if miner == Some(id) { hash } else { 0.0 };
            Participant::Full(Node::new(config.clone(), genesis.clone(), nobody.clone(), share))
        }
    }
}

/// Number of adversarial nodes among `full`: the share, to the nearest whole node (as the closed form counts).
pub(crate) fn adversarial(full: u32, share: f64) -> usize {
    // A share is at most 1.
    libm::round(share * f64::from(full)) as usize
}

/// Least number of `neighbours` that is a share of at least `threshold`.
pub(crate) fn least(threshold: f64, neighbours: usize) -> usize {
    // 0.9 · 30 is a little more than 27 in floating point.
    libm::ceil(threshold * neighbours as f64 - 1e-9).max(1.0) as usize
}

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    let (nodes, neighbours) = (params.count("network.nodes"), params.count("workload.neighbours"));
    if neighbours > nodes {
        let problem =
            format!("{neighbours} neighbours are wanted, but there are {nodes} nodes to choose from");
        return Err(Complaint::new("workload.neighbours", problem, "give at most network.nodes"));
    }
    if params.share("workload.threshold") <= 0.0 {
        let help = "give a share above 0; the whitepaper's is 0.9";
        return Err(Complaint::new("workload.threshold", "makes everybody a victim", help));
    }
    if params.text("network.topology.kind") != "complete" {
        let help = "leave `topology` out, or set it to \"complete\"";
        let problem = "is not \"complete\", but users choose among all nodes and blocks go to all directly";
        return Err(Complaint::new("network.topology", problem, help));
    }
    if params.text("network.churn.kind") != "none" {
        let help = "leave `churn` out; single nodes can crash by [[fault]]";
        return Err(Complaint::new("network.churn", "is not modelled by this system", help));
    }
    config(params)?;
    light(params)?;
    net(params, files).map(|_| ())
}

/// The network of nodes and users together.
fn net(params: &Params, files: &Files) -> Result<NetConfig, Complaint> {
    let net = net_config(params, files)?;
    let nodes = net.nodes + params.count("workload.users");
    let net = NetConfig { nodes, topology: TopologyKind::Complete, ..net };
    net.check().map_err(|error| complaint_of(&error))?;
    Ok(net)
}

fn config(params: &Params) -> Result<Config, Complaint> {
    let config = Config {
        block_interval: params.span("protocol.block_interval"),
        // Shortest blocks, no padding: what blocks weigh is not the question.
        block_bytes: Config::MIN_BLOCK_BYTES + 1_000,
        // A branch that has parted keeps the difficulty at which it parted.
        retarget: Retarget::Never,
        relay: Relay::Push,
        ..Config::default()
    };
    config.validate().map(|()| config).map_err(|error| out_of_range(&error))
}

fn light(params: &Params) -> Result<LightConfig, Complaint> {
    let neighbours = params.count("workload.neighbours");
    let rule = match params.text("workload.rule") {
        "majority" => {
            // The client asks for more than a share: a share half a neighbour below the least number.
            let least = least(params.share("workload.threshold"), neighbours);
            FollowRule::Majority((least as f64 - 0.5) / neighbours as f64)
        }
        _ => FollowRule::Heaviest,
    };
    let light = LightConfig {
        // Bounded by their declarations, far below 2^32.
        directory: params.count("network.nodes") as u32,
        neighbours: neighbours as u32,
        poll_interval: params.span("workload.poll"),
        rule,
        confirmations: params.count("workload.confirmations") as u32,
    };
    light.validate().map(|()| light).map_err(|error| out_of_range(&error))
}

fn out_of_range(error: &ConfigError) -> Complaint {
    let key = match error.parameter {
        "block_interval" => "protocol.block_interval",
        "poll_interval" => "workload.poll",
        "neighbours" => "workload.neighbours",
        "majority" => "workload.threshold",
        _ => "workload.confirmations",
    };
    Complaint::new(key, "is out of range", error.expected)
}

/// The adversary's nodes: exactly their number, drawn without replacement, in order.
fn coalition(seed: Seed, full: u32, share: f64) -> Vec<NodeId> {
    let mut draws = seed.stream(Domain::ADVERSARY, COALITION, 0);
    let mut order: Vec<NodeId> = (0..full).map(NodeId).collect();
    // The whole order is drawn and a part of it taken: a greater share has the nodes of a smaller one and some more.
    draws.shuffle(&mut order);
    order.truncate(adversarial(full, share));
    order.sort_unstable();
    order
}

fn first_honest(full: u32, coalition: &[NodeId]) -> Option<NodeId> {
    (0..full).map(NodeId).find(|id| coalition.binary_search(id).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_whole_neighbours() {
        // In whole numbers: ceil(9 n / 10).
        for n in 1..=1_000 {
            assert_eq!(least(0.9, n), (9 * n).div_ceil(10), "n = {n}");
        }
        assert_eq!((least(1.0, 10), least(1e-12, 10), least(0.5, 3)), (10, 1, 2));
    }

    #[test]
    fn a_coalition_has_its_exact_size_and_grows_by_joining() {
        let small = coalition(Seed(5), 1_000, 0.3);
        let large = coalition(Seed(5), 1_000, 0.55);
        assert_eq!((small.len(), large.len()), (300, 550));
        assert!(small.iter().all(|id| large.binary_search(id).is_ok()));
        assert_ne!(small, coalition(Seed(6), 1_000, 0.3));
        assert_eq!(first_honest(3, &coalition(Seed(1), 3, 1.0)), None);
    }
}

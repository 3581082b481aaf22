//! The world of a run: who takes part, with how much hash power, over which network.
//!
//! Nodes are numbered: the merchant is node 0, other honest nodes follow, the coalition's come last. Everything is a function
//! of parameters and seed; nothing is drawn in order of creation.

use std::sync::Arc;

use astrarium_engine::CpuModel;
use astrarium_net::{ChurnModel, ClockModel, Modelled, Topology};
use astrarium_node::{CostTable, NodeId, Probability, Seed};
use astrarium_protocol_nakamoto::{Block, Config, Node, Participant, Relay, Retarget};
use astrarium_runner::{Complaint, Files, Params, Value, network};

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// Root of all draws.
    pub(crate) seed: Seed,
    /// Parameters of the protocol, the same for all nodes.
    pub(crate) config: Arc<Config>,
    /// The block everybody starts from.
    pub(crate) genesis: Arc<Block>,
    /// Share of the hash power of each node; sums to 1.
    pub(crate) shares: Arc<[f64]>,
    /// Who is connected to whom.
    pub(crate) topology: Topology,
    /// The network in its initial state.
    pub(crate) network: Modelled,
    /// Nodes of the adversary, with `adversary.share` of the hash power in equal parts. Empty in an honest run.
    pub(crate) coalition: Vec<NodeId>,
    /// An honest node that sells.
    pub(crate) merchant: NodeId,
    /// Nodes that come and go.
    pub(crate) churn: ChurnModel,
    /// Local clocks.
    pub(crate) clocks: ClockModel,
}

impl World {
    /// Builds the world of a run.
    ///
    /// # Errors
    /// What [`check`] finds, and a random topology that stays in parts.
    pub(crate) fn new(params: &Params, files: &Files, seed: Seed) -> Result<Self, Complaint> {
        let config = config(params)?;
        let nodes = params.count("network.nodes");
        let honest = honest_nodes(params)?;
        let shares = hash_shares(params, nodes, honest)?;
        let net = network::net_config(params, files)?;
        let (churn, clocks) = (net.churn, net.clock);
        let (network, topology) = net.build(seed).map_err(|error| network::complaint_of(&error))?;
        Ok(Self {
            seed,
            genesis: Block::genesis(&config),
            config: Arc::new(config),
            shares: shares.into(),
            topology,
            network,
            coalition: (honest..nodes).map(NodeId::from).collect(),
            merchant: NodeId(0),
            churn,
            clocks,
        })
    }

    /// Number of nodes, the coalition's included.
    pub(crate) fn nodes(&self) -> usize {
        self.shares.len()
    }

    /// Honest nodes, by number.
    pub(crate) fn honest(&self) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        (0..self.nodes() - self.coalition.len()).map(NodeId::from)
    }

    /// Makes the initial state of each node, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Participant + Send + Sync + 'static {
        let (config, genesis) = (Arc::clone(&self.config), Arc::clone(&self.genesis));
        let (shares, topology) = (Arc::clone(&self.shares), self.topology.clone());
        move |id| {
            let share = shares.get(id.index()).copied().unwrap_or(0.0);
            Participant::Full(Node::new(config.clone(), genesis.clone(), topology.peers(id), share))
        }
    }
}

/// Most nodes of a complete graph: their lists of neighbours take 4 bytes per pair, 400 MB here.
const MOST_COMPLETE: usize = 10_000;

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    config(params)?;
    let nodes = params.count("network.nodes");
    if params.text("network.topology.kind") == "complete" && nodes > MOST_COMPLETE {
        let problem = format!("{nodes} nodes that all know each other keep {} neighbours each", nodes - 1);
        let help = format!("take at most {MOST_COMPLETE} nodes, or a sparser topology such as random");
        return Err(Complaint::new("network.nodes", problem, help));
    }
    hash_shares(params, params.count("network.nodes"), honest_nodes(params)?)?;
    network::net_config(params, files).map(|_| ())
}

/// The processors of the nodes.
pub(crate) fn processors(params: &Params) -> CpuModel {
    let costs = if params.text("node.costs") == "reference" { CostTable::REFERENCE } else { CostTable::FREE };
    // At most 128 by its declaration.
    CpuModel { costs, cores: params.count("node.cores") as u8, ..CpuModel::default() }
}

/// Whether an adversary takes part.
pub(crate) fn is_attacked(params: &Params) -> bool {
    params.text("adversary.strategy") != "none"
}

fn config(params: &Params) -> Result<Config, Complaint> {
    let retarget = match params.text("protocol.retarget.kind") {
        "window" => Retarget::Every(params.count("protocol.retarget.window") as u32),
        _ => Retarget::Never,
    };
    let relay = match params.text("protocol.relay") {
        "push" => Relay::Push,
        "compact" => Relay::Compact,
        _ => Relay::Inventory,
    };
    let size = params.bytes("protocol.block_size");
    let config = Config {
        block_interval: params.span("protocol.block_interval"),
        // Shorter than the shortest block means: no padding.
        block_bytes: u32::try_from(size).unwrap_or(u32::MAX).max(Config::MIN_BLOCK_BYTES),
        retarget,
        relay,
        inv_timeout: params.opt_span("protocol.inv_timeout"),
        trickle: params.span("protocol.trickle"),
        mempool_bytes: params.bytes("protocol.mempool"),
        compact_failure: Probability::new(params.share("protocol.compact_failure")),
        max_time_ahead: params.span("protocol.max_time_ahead"),
        ..Config::default()
    };
    match config.validate() {
        Ok(()) => Ok(config),
        Err(error) => Err(Complaint::new(key_of(error.parameter), "is out of range", error.expected)),
    }
}

/// The scenario's key for a parameter of the protocol crate.
fn key_of(parameter: &str) -> &'static str {
    match parameter {
        "block_interval" => "protocol.block_interval",
        "block_bytes" => "protocol.block_size",
        "retarget_window" => "protocol.retarget.window",
        "inv_timeout" => "protocol.inv_timeout",
        _ => "protocol",
    }
}

/// Number of honest nodes.
fn honest_nodes(params: &Params) -> Result<usize, Complaint> {
    let nodes = params.count("network.nodes");
    if !is_attacked(params) {
        if params.share("adversary.share") > 0.0 {
            let help = "choose an `adversary.strategy`, or set the share to 0";
            return Err(Complaint::new(
                "adversary.share",
                "gives hash power to an adversary that does nothing",
                help,
            ));
        }
        return Ok(nodes);
    }
    let corrupt = params.count("adversary.nodes");
    if corrupt >= nodes {
        let problem = format!("{corrupt} of {nodes} nodes belong to the adversary: nobody is left to attack");
        return Err(Complaint::new("adversary.nodes", problem, "leave at least one honest node"));
    }
    Ok(nodes - corrupt)
}

/// Hash share of every node: the honest ones' by `protocol.hash_distribution`, the coalition's in equal parts.
fn hash_shares(params: &Params, nodes: usize, honest: usize) -> Result<Vec<f64>, Complaint> {
    let corrupt_share = if honest < nodes { params.share("adversary.share") } else { 0.0 };
    let miners = match params.count("protocol.miners") {
        0 => honest,
        miners if miners > honest => {
            let problem = format!("{miners} miners, but only {honest} honest nodes");
            return Err(Complaint::new("protocol.miners", problem, "lower it, or 0 for all of them"));
        }
        miners => miners,
    };
    let weights = weights(params, miners)?;
    let total: f64 = weights.iter().sum();
    let mut shares = vec![0.0; nodes];
    for (share, weight) in shares[honest - miners..honest].iter_mut().zip(&weights) {
        *share = (1.0 - corrupt_share) * weight / total;
    }
    // `honest < nodes` whenever there is something to share out.
    shares[honest..].iter_mut().for_each(|share| *share = corrupt_share / (nodes - honest) as f64);
    Ok(shares)
}

fn weights(params: &Params, miners: usize) -> Result<Vec<f64>, Complaint> {
    match params.text("protocol.hash_distribution.kind") {
        "zipf" => {
            let exponent = params.number("protocol.hash_distribution.exponent");
            Ok((1..=miners).map(|rank| libm::pow(rank as f64, -exponent)).collect())
        }
        "weights" => {
            let key = "protocol.hash_distribution.weights";
            let weights: Vec<f64> = params.list(key).iter().filter_map(Value::as_f64).collect();
            if weights.len() != miners {
                let problem = format!("{} weights for {miners} honest miners", weights.len());
                return Err(Complaint::new(key, problem, "give one for each, or set protocol.miners"));
            }
            if weights.iter().sum::<f64>() <= 0.0 {
                return Err(Complaint::new(
                    key,
                    "no miner has any hash power",
                    "give at least one weight above zero",
                ));
            }
            Ok(weights)
        }
        _ => Ok(vec![1.0; miners]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(nodes: i64, miners: i64, adversary: Option<(f64, i64)>, kind: &str) -> Params {
        let (share, corrupt) = adversary.unwrap_or((0.0, 1));
        let text = |word: &str| Value::Text(word.to_owned());
        Params::from_values([
            ("network.nodes", Value::Integer(nodes)),
            ("protocol.miners", Value::Integer(miners)),
            ("protocol.hash_distribution.kind", text(kind)),
            ("protocol.hash_distribution.exponent", Value::Number(1.0)),
            ("adversary.strategy", text(if adversary.is_some() { "reorg" } else { "none" })),
            ("adversary.share", Value::Number(share)),
            ("adversary.nodes", Value::Integer(corrupt)),
        ])
    }

    fn shares(params: &Params) -> Vec<f64> {
        let honest = honest_nodes(params).unwrap_or_else(|why| panic!("{why:?}"));
        hash_shares(params, params.count("network.nodes"), honest).unwrap_or_else(|why| panic!("{why:?}"))
    }

    fn close(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
    }

    #[test]
    fn the_coalition_has_its_share_and_the_miners_the_rest() {
        assert!(close(&shares(&params(4, 0, None, "equal")), &[0.25; 4]));
        assert!(close(&shares(&params(5, 0, Some((0.4, 2)), "equal")), &[0.2, 0.2, 0.2, 0.2, 0.2]));
        assert!(close(&shares(&params(5, 2, Some((0.4, 1)), "equal")), &[0.0, 0.0, 0.3, 0.3, 0.4]));
        assert!(close(&shares(&params(3, 0, Some((1.0, 1)), "equal")), &[0.0, 0.0, 1.0]));
    }

    /// 1 : 1/2 : 1/3 is 6/11, 3/11, 2/11.
    #[test]
    fn pools_are_harmonic() {
        let expected = [6.0 / 11.0, 3.0 / 11.0, 2.0 / 11.0];
        assert!(close(&shares(&params(3, 0, None, "zipf")), &expected));
    }
}

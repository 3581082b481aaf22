//! The world of a run: chains, joiners, a coalition, a network.

use std::sync::Arc;

use astrarium_net::{ChurnModel, ClockModel, Modelled, Topology};
use astrarium_node::{Domain, NodeId, Seed, Stack};
use astrarium_protocol_overlay::block_sync::{BlankBlock, BlockSync, Chain, Config, Message};
use astrarium_protocol_overlay::gossip::{Item, Peers};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_runner::network::{complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params};

/// A node: block synchronisation over bare datagrams. The modelled network in message fidelity loses nothing unless told to.
pub(crate) type Node = Stack<BlockSync<BlankBlock>, Udp<Message<BlankBlock>>>;

/// Who makes blocks: always honest, always up to date.
pub(crate) const MAKER: NodeId = NodeId(0);
/// Purpose of the draw of the coalition among the draws of the adversary.
const COALITION: u64 = 2;
/// Purpose of the draw of the joiners among the draws of the load.
const JOINERS: u64 = 3;
/// Salt of the blocks of the joiners' own branch.
const FORK: u32 = 1;

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) config: Config,
    pub(crate) nodes: u32,
    topology: Topology,
    /// The chain that honest nodes agree on, those blocks included that are still to be made.
    pub(crate) blocks: Arc<[BlankBlock]>,
    /// How many of them are there at the start.
    pub(crate) height: u64,
    /// Nodes that are behind, sorted.
    pub(crate) joiners: Arc<[NodeId]>,
    /// What they have instead.
    behind: Chain<BlankBlock>,
    /// Nodes of the adversary, sorted.
    pub(crate) coalition: Arc<[NodeId]>,
    pub(crate) network: Modelled,
    pub(crate) churn: ChurnModel,
    pub(crate) clocks: ClockModel,
}

impl World {
    /// Builds the world of a run.
    ///
    /// # Errors
    /// What [`check`] finds, and a random topology that stays in parts.
    pub(crate) fn new(params: &Params, files: &Files, seed: Seed) -> Result<Self, Complaint> {
        let net = net_config(params, files)?;
        let (network, topology) = net.build(seed).map_err(|error| complaint_of(&error))?;
        // At most ten million by its declaration.
        let nodes = params.count("network.nodes") as u32;
        let height = params.count("workload.height") as u64;
        let blocks =
            chain(height + params.count("workload.blocks") as u64, params.bytes("workload.bytes") as u32);
        let coalition = coalition(params, nodes, seed);
        Ok(Self {
            seed,
            config: config(params)?,
            nodes,
            topology,
            behind: behind(params, &blocks),
            joiners: joiners(params, nodes, &coalition, seed).into(),
            blocks: blocks.into(),
            height,
            coalition: coalition.into(),
            network,
            churn: net.churn,
            clocks: net.clock,
        })
    }

    /// Makes the initial state of each node, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Node + Send + Sync + 'static {
        let world = self.clone();
        let config = Arc::new(self.config);
        let full = chain_of(&self.blocks[..self.height as usize]);
        move |id| {
            let chain = if world.joiners.binary_search(&id).is_ok() { &world.behind } else { &full };
            let peers = Peers::list(world.topology.peers(id));
            Stack::new(BlockSync::new(Arc::clone(&config), peers, chain.clone()), Udp::new())
        }
    }

    /// Neighbours of a node.
    pub(crate) fn peers(&self, node: NodeId) -> Arc<[NodeId]> {
        self.topology.peers(node)
    }
}

/// The agreed chain.
fn chain(blocks: u64, bytes: u32) -> Vec<BlankBlock> {
    let mut parent = BlankBlock::GENESIS;
    let block = |height| {
        let block = BlankBlock::new(parent, height, 1, bytes, 0);
        parent = block.id();
        block
    };
    (1..=blocks).map(block).collect()
}

fn chain_of(blocks: &[BlankBlock]) -> Chain<BlankBlock> {
    let mut chain = Chain::new(BlankBlock::GENESIS);
    blocks.iter().for_each(|block| {
        chain.append(*block);
    });
    chain
}

/// What joiners have: a part of the agreed chain, and perhaps a branch of their own.
fn behind(params: &Params, blocks: &[BlankBlock]) -> Chain<BlankBlock> {
    let common = params.count("workload.height") - lacking(params);
    let mut chain = chain_of(&blocks[..common]);
    for _ in 0..params.count("workload.fork") {
        let top = chain.top();
        let bytes = params.bytes("workload.bytes") as u32;
        chain.append(BlankBlock::new(top.id, top.height + 1, 1, bytes, FORK));
    }
    chain
}

/// Blocks that joiners lack.
fn lacking(params: &Params) -> usize {
    let height = params.count("workload.height");
    params.opt_integer("workload.behind").and_then(|n| usize::try_from(n).ok()).unwrap_or(height)
}

fn config(params: &Params) -> Result<Config, Complaint> {
    let config = Config {
        announce_interval: params.span("protocol.announce_interval"),
        sync_interval: params.span("protocol.sync_interval"),
        timeout: params.span("protocol.timeout"),
        // At most 1024 by its declaration.
        batch: params.count("protocol.batch") as u32,
        eager: params.flag("protocol.eager"),
        patience: u32::try_from(params.integer("protocol.patience")).ok(),
        penalty: params.span("protocol.penalty"),
        ..Config::default()
    };
    config.validate().map(|()| config).map_err(|error| {
        Complaint::new(format!("protocol.{}", error.parameter), "is out of range", error.expected)
    })
}

/// Anybody but the maker; a greater share has the nodes of a smaller one and some more.
fn coalition(params: &Params, nodes: u32, seed: Seed) -> Vec<NodeId> {
    if params.text("adversary.strategy") == "none" {
        return Vec::new();
    }
    let mut order: Vec<NodeId> = (1..nodes).map(NodeId).collect();
    seed.stream(Domain::ADVERSARY, COALITION, 0).shuffle(&mut order);
    order.truncate(libm::round(params.share("adversary.share") * f64::from(nodes)) as usize);
    order.sort_unstable();
    order
}

fn joiners(params: &Params, nodes: u32, coalition: &[NodeId], seed: Seed) -> Vec<NodeId> {
    let mut honest: Vec<NodeId> =
        (1..nodes).map(NodeId).filter(|id| coalition.binary_search(id).is_err()).collect();
    seed.stream(Domain::WORKLOAD, JOINERS, 0).shuffle(&mut honest);
    honest.truncate(params.count("workload.joiners"));
    honest.sort_unstable();
    honest
}

/// Most block numbers kept for all nodes together: 16 bytes and a few more each.
const MOST_BLOCKS: usize = 50_000_000;

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    let (nodes, height) = (params.count("network.nodes"), params.count("workload.height"));
    let blocks = height + params.count("workload.blocks");
    if nodes.saturating_mul(blocks) > MOST_BLOCKS {
        let problem = format!("{nodes} nodes would keep {blocks} blocks each");
        let help = format!("keep nodes × (height + blocks) below {MOST_BLOCKS}");
        return Err(Complaint::new("workload.height", problem, help));
    }
    let lacking = lacking(params);
    if lacking > height {
        let problem = format!("is more than the {height} blocks that there are");
        return Err(Complaint::new("workload.behind", problem, "give at most workload.height"));
    }
    if params.count("workload.fork") > 0 && params.count("workload.fork") >= lacking {
        let problem = "is not lighter than what the joiners lack: nobody would give it up";
        return Err(Complaint::new("workload.fork", problem, "give fewer than workload.behind"));
    }
    if u32::try_from(params.bytes("workload.bytes")).is_err() {
        let problem = "is longer than a message can be";
        return Err(Complaint::new("workload.bytes", problem, "give less than 4 GiB"));
    }
    if params.per_second("workload.rate") <= 0.0 {
        return Err(Complaint::new(
            "workload.rate",
            "makes no blocks",
            "give a rate above zero, or workload.blocks = 0",
        ));
    }
    let share =
        if params.text("adversary.strategy") == "none" { 0.0 } else { params.share("adversary.share") };
    let corrupt = libm::round(share * nodes as f64) as usize;
    if corrupt + params.count("workload.joiners") + 1 > nodes {
        let problem =
            format!("and {corrupt} corrupt nodes and one that has all blocks are more than {nodes} nodes");
        return Err(Complaint::new("workload.joiners", problem, "give fewer joiners, or a smaller share"));
    }
    config(params)?;
    net_config(params, files).map(|_| ())
}

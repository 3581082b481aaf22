//! The world of a run: nodes on a network, a coalition among them, holders of bodies.

use std::sync::Arc;

use astrarium_net::{ChurnModel, ClockModel, Modelled, Topology};
use astrarium_node::{Domain, NodeId, Seed, Stack};
use astrarium_protocol_overlay::gossip::{Blob, Config, Gossip, Message, Peers};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_runner::network::{complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params};

use super::translate;

/// A node: gossip over bare datagrams. The modelled network in message fidelity loses nothing unless told to.
pub(crate) type Node = Stack<Gossip<Blob>, Udp<Message<Blob>>>;

/// Purpose of the draw of the coalition among the draws of the adversary.
const COALITION: u64 = 0;
/// Purpose of the draw of the holders among the draws of the load.
const HOLDERS: u64 = 1;

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// Root of all draws.
    pub(crate) seed: Seed,
    /// Parameters of the protocol.
    pub(crate) config: Arc<Config>,
    /// Number of nodes.
    pub(crate) nodes: u32,
    /// Who is connected to whom; nobody asks when membership is full.
    pub(crate) topology: Topology,
    /// Whether everybody knows everybody.
    pub(crate) full: bool,
    /// Nodes that hold bodies, in mode `holders`.
    pub(crate) holders: Arc<[NodeId]>,
    /// Nodes of the adversary, sorted.
    pub(crate) coalition: Arc<[NodeId]>,
    /// The network in its initial state.
    pub(crate) network: Modelled,
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
        let net = net_config(params, files)?;
        let (network, topology) = net.build(seed).map_err(|error| complaint_of(&error))?;
        // At most ten million by its declaration.
        let nodes = params.count("network.nodes") as u32;
        let holders: Arc<[NodeId]> = holders(params, nodes, seed).into();
        Ok(Self {
            seed,
            config: Arc::new(translate::config(params, Arc::clone(&holders))?),
            nodes,
            topology,
            full: params.text("protocol.membership") == "full",
            holders,
            coalition: coalition(params, nodes, seed).into(),
            network,
            churn: net.churn,
            clocks: net.clock,
        })
    }

    /// Makes the initial state of each node, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Node + Send + Sync + 'static {
        let (config, topology, full, nodes) =
            (Arc::clone(&self.config), self.topology.clone(), self.full, self.nodes);
        move |id| {
            let peers = if full { Peers::everybody(nodes) } else { Peers::list(topology.peers(id)) };
            Stack::new(Gossip::new(Arc::clone(&config), peers), Udp::new())
        }
    }

    /// Honest nodes, by number.
    pub(crate) fn honest(&self) -> Vec<NodeId> {
        (0..self.nodes).map(NodeId).filter(|id| self.coalition.binary_search(id).is_err()).collect()
    }
}

fn holders(params: &Params, nodes: u32, seed: Seed) -> Vec<NodeId> {
    if params.text("protocol.mode.kind") != "holders" {
        return Vec::new();
    }
    let mut draws = seed.stream(Domain::WORKLOAD, HOLDERS, 0);
    let mut chosen = draws.sample(u64::from(nodes), params.count("protocol.mode.holders"));
    chosen.sort_unstable();
    // Below `nodes`.
    chosen.into_iter().map(|id| NodeId(id as u32)).collect()
}

fn coalition(params: &Params, nodes: u32, seed: Seed) -> Vec<NodeId> {
    if params.text("adversary.strategy") == "none" {
        return Vec::new();
    }
    let mut draws = seed.stream(Domain::ADVERSARY, COALITION, 0);
    let mut order: Vec<NodeId> = (0..nodes).map(NodeId).collect();
    // The whole order is drawn and a part of it taken: a greater share has the nodes of a smaller one and some more.
    draws.shuffle(&mut order);
    order.truncate(libm::round(params.share("adversary.share") * f64::from(nodes)) as usize);
    order.sort_unstable();
    order
}

/// Most nodes of a complete topology: their lists of neighbours take 4 bytes per pair.
const MOST_COMPLETE: usize = 10_000;
/// Most pairs of item and node: which node has which item takes one bit each.
const MOST_PAIRS: usize = 1_000_000_000;

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    let nodes = params.count("network.nodes");
    let (mode, strategy) = (params.text("protocol.mode.kind"), params.text("adversary.strategy"));
    let full = params.text("protocol.membership") == "full";
    if full && !["epidemic", "holders", "flood"].contains(&mode) {
        let help = "set it to \"topology\", or choose mode epidemic";
        let problem = format!("is \"full\", but mode {mode} keeps state about each neighbour");
        return Err(Complaint::new("protocol.membership", problem, help));
    }
    if !full && params.text("network.topology.kind") == "complete" && nodes > MOST_COMPLETE {
        let problem = format!("{nodes} nodes that all know each other keep {} neighbours each", nodes - 1);
        let help = format!("take at most {MOST_COMPLETE} nodes, a sparser topology, or membership \"full\"");
        return Err(Complaint::new("network.nodes", problem, help));
    }
    if nodes.saturating_mul(params.count("workload.items")) > MOST_PAIRS {
        let problem = "is too many for so many nodes: which node has which item is kept";
        let help = format!("keep nodes × items below {MOST_PAIRS}");
        return Err(Complaint::new("workload.items", problem, help));
    }
    if params.per_second("workload.rate") <= 0.0 {
        return Err(Complaint::new("workload.rate", "publishes nothing", "give a rate above zero"));
    }
    if u32::try_from(params.bytes("workload.bytes")).is_err() {
        return Err(Complaint::new(
            "workload.bytes",
            "is longer than a message can be",
            "give less than 4 GiB",
        ));
    }
    check_adversary(mode, strategy, params.share("adversary.share"))?;
    check_memory(params, mode)?;
    check_holders(params, nodes)?;
    translate::config(params, Arc::from([NodeId(0)]))?;
    net_config(params, files).map(|_| ())
}

/// A flood stops because nodes remember what they have passed on: who forgets an item that is still about passes it on again, for ever.
fn check_memory(params: &Params, mode: &str) -> Result<(), Complaint> {
    let capacity = params.count("protocol.seen_capacity");
    let fresh = params.per_second("workload.rate") * params.span("protocol.seen_ttl").as_secs_f64();
    // At most 10^7 by the declaration of items.
    let about = (libm::ceil(fresh) as usize).saturating_add(1).min(params.count("workload.items"));
    if mode != "flood" || capacity >= about {
        return Ok(());
    }
    let problem = format!(
        "= {capacity}, but {about} items are about at a time, and a flood of forgotten ones never ends"
    );
    Err(Complaint::new("protocol.seen_capacity", problem, format!("give at least {about}")))
}

fn check_adversary(mode: &str, strategy: &str, share: f64) -> Result<(), Complaint> {
    let fits = match strategy {
        "withhold" => mode == "inventory",
        "sync-spam" => mode == "sync",
        _ => true,
    };
    if !fits {
        let problem = format!("\"{strategy}\" has nothing to announce in mode {mode}");
        let help = "withhold goes with mode inventory, sync-spam with mode sync";
        return Err(Complaint::new("adversary.strategy", problem, help));
    }
    if share >= 1.0 && strategy != "none" {
        return Err(Complaint::new("adversary.share", "leaves nobody honest", "give a share below 1"));
    }
    Ok(())
}

fn check_holders(params: &Params, nodes: usize) -> Result<(), Complaint> {
    if params.text("protocol.mode.kind") == "holders" && params.count("protocol.mode.holders") > nodes {
        let problem = format!("are more than the {nodes} nodes");
        return Err(Complaint::new("protocol.mode.holders", problem, "give at most network.nodes"));
    }
    Ok(())
}

//! The world of a run: nodes on a network, spies among them or around them.

use std::sync::Arc;

use astrarium_net::{ClockModel, Modelled, NetConfig, Topology};
use astrarium_node::{Domain, NodeId, Probability, Seed, Stack};
use astrarium_protocol_overlay::dandelion::{Config, ConfigError, Dandelion, Message, Routing};
use astrarium_protocol_overlay::gossip::{self, Blob, Gossip, InventoryConfig, Mode, Peers, Relay};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_runner::network::{complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params, load_fits};

use super::workload::BEGIN;

/// A node: stem and fluff over bare datagrams.
pub(crate) type Node = Stack<Dandelion<Blob>, Udp<Message<Blob>>>;

/// Purpose of the draw of the coalition among the draws of the adversary.
const COALITION: u64 = 0;

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    /// Root of all draws.
    pub(crate) seed: Seed,
    config: Arc<Config>,
    fluff: Arc<gossip::Config>,
    /// Nodes of the topology; identities of a supernode follow.
    inside: u32,
    /// All nodes.
    pub(crate) nodes: u32,
    topology: Topology,
    /// Nodes of the adversary, sorted.
    pub(crate) coalition: Arc<[NodeId]>,
    /// All others, in order.
    pub(crate) honest: Arc<[NodeId]>,
    /// The network in its initial state.
    pub(crate) network: Modelled,
    /// Local clocks.
    pub(crate) clocks: ClockModel,
}

impl World {
    /// Builds the world of a run.
    ///
    /// # Errors
    /// What [`check`] finds, and a random topology that stays in parts.
    pub(crate) fn new(params: &Params, files: &Files, seed: Seed) -> Result<Self, Complaint> {
        let inside = net_config(params, files)?;
        let outside = if params.text("adversary.strategy") == "supernode" {
            params.count("adversary.theta")
        } else {
            0
        };
        let (_, topology) = inside.build(seed).map_err(|error| complaint_of(&error))?;
        // The topology is that of the nodes inside; the supernode is linked to all of them.
        let net = NetConfig {
            nodes: inside.nodes + outside,
            topology: astrarium_net::TopologyKind::Complete,
            ..inside
        };
        let (network, _) = net.build(seed).map_err(|error| complaint_of(&error))?;
        // Bounded by their declarations.
        let (inside, nodes) = (topology.len() as u32, net.nodes as u32);
        let coalition = coalition(params, inside, nodes, seed);
        let honest: Vec<NodeId> =
            (0..nodes).map(NodeId).filter(|id| coalition.binary_search(id).is_err()).collect();
        Ok(Self {
            seed,
            config: Arc::new(config(params)?),
            fluff: Arc::new(fluff(params)),
            inside,
            nodes,
            topology,
            coalition: coalition.into(),
            honest: honest.into(),
            network,
            clocks: net.clock,
        })
    }

    /// Makes the initial state of each node, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Node + Send + Sync + 'static {
        let (config, fluff, topology) =
            (Arc::clone(&self.config), Arc::clone(&self.fluff), self.topology.clone());
        let (inside, nodes) = (self.inside, self.nodes);
        move |id| {
            let outbound = topology.peers(id);
            let all: Arc<[NodeId]> = if id.0 >= inside {
                (0..inside).map(NodeId).collect()
            } else {
                outbound.iter().copied().chain((inside..nodes).map(NodeId)).collect()
            };
            let gossip = Gossip::new(Arc::clone(&fluff), Peers::list(all));
            Stack::new(Dandelion::new(Arc::clone(&config), outbound, gossip), Udp::new())
        }
    }
}

fn coalition(params: &Params, inside: u32, nodes: u32, seed: Seed) -> Vec<NodeId> {
    match params.text("adversary.strategy") {
        "none" => Vec::new(),
        "supernode" => (inside..nodes).map(NodeId).collect(),
        _ => {
            let mut order: Vec<NodeId> = (0..inside).map(NodeId).collect();
            // The whole order is drawn and a part of it taken: a greater share has the nodes of a smaller one and some more.
            seed.stream(Domain::ADVERSARY, COALITION, 0).shuffle(&mut order);
            order.truncate(libm::round(params.share("adversary.share") * f64::from(inside)) as usize);
            order.sort_unstable();
            order
        }
    }
}

fn config(params: &Params) -> Result<Config, Complaint> {
    let stemmed = params.text("protocol.scheme") == "dandelion";
    let config = Config {
        stem: Probability::new(params.share("protocol.stem_p")),
        destinations: if stemmed { params.count("protocol.destinations") as u32 } else { 0 },
        epoch: params.span("protocol.epoch"),
        embargo_min: params.span("protocol.embargo_min"),
        embargo_mean: params.span("protocol.embargo_mean"),
        routing: if params.text("protocol.routing") == "per-hop" {
            Routing::PerHop
        } else {
            Routing::PerInbound
        },
        ..Config::default()
    };
    let blame =
        |e: ConfigError| Complaint::new(format!("protocol.{}", e.parameter), "is out of range", e.expected);
    config.validate().map(|()| config).map_err(blame)
}

/// Diffusion: each neighbour is sent the transaction after an exponential delay of its own.
fn fluff(params: &Params) -> gossip::Config {
    gossip::Config::new(Mode::Inventory(InventoryConfig {
        relay: Relay::Push,
        trickle: params.span("protocol.trickle"),
        timeout: astrarium_node::Span::from_secs(5),
    }))
}

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    if params.text("network.topology.kind") == "complete" && params.count("network.nodes") > 5_000 {
        let help = "take a sparser topology such as regular, or fewer nodes";
        return Err(Complaint::new(
            "network.topology",
            "is complete, and every node keeps all others as neighbours",
            help,
        ));
    }
    if params.text("network.churn.kind") != "none" {
        let help = "leave `churn` out; single nodes can crash by [[fault]]";
        return Err(Complaint::new("network.churn", "is not modelled by this system", help));
    }
    let last = BEGIN + params.span("workload.gap") * (params.count("network.nodes") as u64).saturating_sub(1);
    load_fits(params, last, "the last transaction is made")?;
    let inside = ["spy", "stem-drop"].contains(&params.text("adversary.strategy"));
    let spies = libm::round(params.share("adversary.share") * params.count("network.nodes") as f64);
    if inside && spies as usize >= params.count("network.nodes") {
        return Err(Complaint::new("adversary.share", "leaves nobody honest", "give a share below 1"));
    }
    if u32::try_from(params.bytes("workload.bytes")).is_err() {
        return Err(Complaint::new(
            "workload.bytes",
            "is longer than a message can be",
            "give less than 4 GiB",
        ));
    }
    if params.text("adversary.strategy") == "stem-drop" && params.text("protocol.scheme") == "diffusion" {
        return Err(Complaint::new(
            "adversary.strategy",
            "finds no stem in diffusion",
            "set protocol.scheme = \"dandelion\"",
        ));
    }
    config(params)?;
    net_config(params, files).map(|_| ())
}

//! The world of a run: relays, a coalition among them, and users.

use std::sync::Arc;

use astrarium_engine::CpuModel;
use astrarium_net::{ClockModel, Modelled};
use astrarium_node::{CostTable, Domain, NodeId, Seed, Span, Stack};
use astrarium_protocol_overlay::circuit::{Circuits, Config, Message, RelayKey, capacity};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_protocol_transport::secure::keys::Ephemeral;
use astrarium_runner::network::{complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params, faults, load_fits};

use super::workload::BEGIN;
use crate::attacks::Craft;
use crate::item::Item;

/// A node: circuits over bare datagrams.
pub(crate) type Node = Stack<Circuits<Item>, Udp<Message<Item>>>;

/// Draws of the relays' keys, among those that place things.
const RELAY_KEYS: u64 = 0xc1c;
/// Draw of the coalition, among those of the adversary.
const COALITION: u64 = 4;
/// Most messages of a run: all are planned beforehand.
const MOST: usize = 20_000_000;

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) nodes: u32,
    /// Nodes below this number are relays.
    pub(crate) relays: u32,
    pub(crate) config: Arc<Config>,
    secrets: Arc<[Ephemeral]>,
    /// Relays of the adversary, sorted.
    pub(crate) coalition: Arc<[NodeId]>,
    pub(crate) craft: Craft,
    pub(crate) network: Modelled,
    pub(crate) clocks: ClockModel,
}

impl World {
    /// Builds the world of a run.
    ///
    /// # Errors
    /// What [`check`] finds.
    pub(crate) fn new(params: &Params, files: &Files, seed: Seed) -> Result<Self, Complaint> {
        let net = net_config(params, files)?;
        let (network, _) = net.build(seed).map_err(|error| complaint_of(&error))?;
        // Bounded by their declarations.
        let relays = params.count("protocol.relays") as u32;
        let key =
            |id: u32| Ephemeral::generate(&mut seed.stream(Domain::PLACEMENT, u64::from(id), RELAY_KEYS));
        let config = config(params)?;
        Ok(Self {
            seed,
            nodes: net.nodes as u32,
            relays,
            secrets: (0..relays).map(key).collect(),
            coalition: coalition(params, relays, seed).into(),
            craft: Craft {
                relays,
                hops: config.hops as u32,
                leg: params.span("adversary.leg"),
                window: params.span("adversary.window"),
            },
            config: Arc::new(config),
            network,
            clocks: net.clock,
        })
    }

    /// The users.
    pub(crate) fn users(&self) -> impl Iterator<Item = NodeId> + use<> {
        (self.relays..self.nodes).map(NodeId)
    }

    /// Whether a relay is the adversary's.
    pub(crate) fn is_hostile(&self, id: NodeId) -> bool {
        self.coalition.binary_search(&id).is_ok()
    }

    /// What cryptography costs.
    pub(crate) fn cpu() -> CpuModel {
        CpuModel { costs: CostTable::REFERENCE, ..CpuModel::default() }
    }

    /// Makes the initial state of each node, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Node + Send + Sync + 'static {
        let (config, secrets) = (Arc::clone(&self.config), Arc::clone(&self.secrets));
        let known =
            |(id, secret): (usize, &Ephemeral)| RelayKey { id: NodeId::from(id), key: secret.public() };
        let directory: Arc<[RelayKey]> = secrets.iter().enumerate().map(known).collect();
        move |id| {
            let secret = secrets.get(id.index()).cloned();
            Stack::new(Circuits::new(Arc::clone(&config), Arc::clone(&directory), secret), Udp::new())
        }
    }
}

fn coalition(params: &Params, relays: u32, seed: Seed) -> Vec<NodeId> {
    if params.text("adversary.strategy") == "none" {
        return Vec::new();
    }
    let mut order: Vec<NodeId> = (0..relays).map(NodeId).collect();
    // The whole order is drawn and a part of it taken: a greater share has the relays of a smaller one and some more.
    seed.stream(Domain::ADVERSARY, COALITION, 0).shuffle(&mut order);
    order.truncate(libm::round(params.share("adversary.share") * f64::from(relays)) as usize);
    order.sort_unstable();
    order
}

fn config(params: &Params) -> Result<Config, Complaint> {
    // Bounded by their declarations.
    let config = Config {
        hops: params.count("protocol.hops"),
        guards: params.count("protocol.guards"),
        patience: params.span("protocol.patience"),
        tries: params.count("protocol.tries") as u32,
        // The load asks for every circuit; none is too old.
        lifetime: Span::from_secs(600).max(params.span("workload.gap")),
        ..Config::default()
    };
    match config.problem(params.count("protocol.relays")) {
        None => Ok(config),
        Some((key, expected)) => {
            Err(Complaint::new(format!("protocol.{key}"), "is out of range", format!("give {expected}")))
        }
    }
}

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    let (nodes, relays) = (params.count("network.nodes"), params.count("protocol.relays"));
    if relays + 2 > nodes {
        let problem = format!("= {relays}, but two of {nodes} nodes must be users");
        return Err(Complaint::new("protocol.relays", problem, "give fewer relays, or more nodes"));
    }
    if params.text("network.topology.kind") != "complete" || params.text("network.churn.kind") != "none" {
        let problem = "has a topology or churn, which this system does not use";
        let help = "leave `topology` and `churn` out; nodes can crash by [[fault]]";
        return Err(Complaint::new("network", problem, help));
    }
    let config = config(params)?;
    let most = capacity(config.hops);
    if !(1..=u64::from(most)).contains(&params.bytes("workload.bytes")) {
        return Err(Complaint::new(
            "workload.bytes",
            "does not fit into a cell",
            format!("give 1 B to {most} B"),
        ));
    }
    let messages = params.count("workload.circuits").saturating_mul(params.count("workload.messages"));
    if messages.saturating_mul(nodes - relays) > MOST {
        let help = format!("keep users × circuits × messages below {MOST}");
        return Err(Complaint::new("workload.circuits", "makes too many messages for one run", help));
    }
    // The messages of a circuit are sent before the next one is made, but for one circuit in many.
    let busy = params.span("workload.spacing") * (2 * params.count("workload.messages") as u64);
    if params.span("workload.gap") < busy {
        let help = "give at least 2 × workload.messages × workload.spacing";
        return Err(Complaint::new("workload.gap", "is too short for the messages of a circuit", help));
    }
    if params.text("adversary.strategy") == "correlate" && config.hops == 0 {
        let help = "set protocol.hops to 1 or more";
        return Err(Complaint::new("adversary.strategy", "finds no relay on the way", help));
    }
    let load = params.span("workload.gap") * params.count("workload.circuits") as u64;
    load_fits(params, BEGIN.saturating_add(load), "the last circuit is made")?;
    faults::check(params, nodes)?;
    net_config(params, files).map(|_| ())
}

//! The world of a run: hosts, the router between them, and the attacker's machine beside it.

use std::sync::Arc;

use astrarium_engine::CpuModel;
use astrarium_net::{ClockModel, Modelled, NetConfig, TopologyKind};
use astrarium_node::{CostTable, Domain, NodeId, Protocol, Seed, Span, Stack};
use astrarium_protocol_transport::secure::keys::Identity;
use astrarium_protocol_transport::secure::{Config, Record, Secure};
use astrarium_runner::network::{complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params, faults, load_fits};

use super::carrier::Carrier;
use super::path::{Path, Role};

/// A record of the channel below this transport.
pub(crate) type Rec<T> = Record<<T as Protocol>::Msg>;
/// A node: a transport on the channel on the path.
pub(crate) type Node<T> = Stack<T, Stack<Secure<<T as Protocol>::Msg>, Path<Rec<T>>>>;

/// Draws of static keys, among those that place things.
const STATIC_KEYS: u64 = 0x5ec;

/// The server; all other hosts are clients.
pub(crate) const SERVER: NodeId = NodeId(0);

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: Seed,
    /// Hosts; node 0 is the server.
    pub(crate) hosts: u32,
    pub(crate) config: Arc<Config>,
    identities: Arc<[Identity]>,
    pub(crate) cpu: CpuModel,
    pub(crate) network: Modelled,
    pub(crate) clocks: ClockModel,
}

impl World {
    /// Builds the world of a run.
    ///
    /// # Errors
    /// What [`check`] finds.
    pub(crate) fn new(params: &Params, files: &Files, seed: Seed) -> Result<Self, Complaint> {
        // Bounded by its declaration.
        let hosts = params.count("network.nodes") as u32;
        let net = net(params, files)?;
        let (network, _) = net.build(seed).map_err(|error| complaint_of(&error))?;
        let key = |id: usize| Identity::generate(&mut seed.stream(Domain::PLACEMENT, id as u64, STATIC_KEYS));
        Ok(Self {
            seed,
            hosts,
            config: Arc::new(config(params)?),
            identities: (0..net.nodes).map(key).collect(),
            cpu: cpu(params),
            network,
            clocks: net.clock,
        })
    }

    /// The router.
    pub(crate) const fn router(&self) -> NodeId {
        NodeId(self.hosts)
    }

    /// The attacker's machine.
    pub(crate) const fn machine(&self) -> NodeId {
        NodeId(self.hosts + 1)
    }

    /// All nodes.
    pub(crate) const fn participants(&self) -> u32 {
        self.hosts + 2
    }

    /// The clients.
    pub(crate) fn clients(&self) -> impl Iterator<Item = NodeId> + use<> {
        (1..self.hosts).map(NodeId)
    }

    /// Makes the initial state of each node, for the engine, with the transport that `transport` makes.
    pub(crate) fn factory<T: Carrier>(
        &self,
        transport: impl Fn() -> T + Send + Sync + 'static,
    ) -> impl Fn(NodeId) -> Node<T> + Send + Sync + 'static {
        let (config, identities) = (Arc::clone(&self.config), Arc::clone(&self.identities));
        let directory: Arc<[_]> = identities.iter().map(Identity::public).collect();
        let (router, all) = (self.router(), self.participants());
        move |id| {
            let identity = identities[id.index()].clone();
            let secure = Secure::new((*config).clone(), identity, Arc::clone(&directory));
            let role = if id == router { Role::Router(all) } else { Role::Host(router) };
            Stack::new(transport(), Stack::new(secure, Path::new(role)))
        }
    }
}

fn config(params: &Params) -> Result<Config, Complaint> {
    // Bounded by their declarations.
    let config = Config {
        enabled: params.flag("protocol.encryption"),
        authenticate: params.flag("protocol.handshake_auth"),
        rekey_after: params.span("protocol.rekey_after"),
        rekey_records: params.count("protocol.rekey_records") as u64,
        half_open_limit: params.count("protocol.cookie_after"),
        tries: params.count("protocol.tries") as u32,
        max_peers: 10_000_000,
        ..Config::default()
    };
    match config.problem() {
        None => Ok(config),
        Some((key, expected)) => {
            Err(Complaint::new(format!("protocol.{key}"), "is out of range", format!("give {expected}")))
        }
    }
}

fn cpu(params: &Params) -> CpuModel {
    let costs =
        if params.text("protocol.processor") == "free" { CostTable::FREE } else { CostTable::REFERENCE };
    // Bounded by their declarations.
    let (cores, queue_max) = (params.count("protocol.cores") as u8, params.count("protocol.backlog"));
    CpuModel { costs, cores, queue_max, ..CpuModel::default() }
}

/// The network of all participants.
fn net(params: &Params, files: &Files) -> Result<NetConfig, Complaint> {
    let net = net_config(params, files)?;
    let net = NetConfig { nodes: net.nodes + 2, topology: TopologyKind::Complete, ..net };
    net.check().map_err(|error| complaint_of(&error))?;
    Ok(net)
}

/// Most hosts: each has a key pair, and the server a session with each.
const MOST: usize = 100_000;

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    if params.count("network.nodes") > MOST {
        return Err(Complaint::new(
            "network.nodes",
            "is too many for one server",
            format!("give at most {MOST}"),
        ));
    }
    if params.text("network.topology.kind") != "complete" || params.text("network.churn.kind") != "none" {
        let problem = "has a topology or churn, which this system does not use";
        let help = "leave `topology` and `churn` out; everything passes one router, and nodes can crash by [[fault]]";
        return Err(Complaint::new("network", problem, help));
    }
    if !(1..=1_000_000).contains(&params.bytes("workload.bytes")) {
        return Err(Complaint::new("workload.bytes", "is out of range", "give 1 B to 1 MB"));
    }
    let encrypted = params.flag("protocol.encryption");
    match params.text("adversary.strategy") {
        "hs-flood" if !encrypted => {
            let help = "set protocol.encryption = true";
            return Err(Complaint::new("adversary.strategy", "needs handshakes to flood", help));
        }
        "hs-flood" if !(1.0..=1e6).contains(&params.per_second("adversary.rate")) => {
            return Err(Complaint::new("adversary.rate", "is out of range", "give 1 to 1e6 per second"));
        }
        "tap" => {
            let last = params.span("adversary.at").saturating_add(params.span("adversary.spread"));
            if last >= params.span("stop.time") {
                let problem = "lets the theft come after the end of the run";
                return Err(Complaint::new(
                    "adversary.at",
                    problem,
                    "give an earlier time, or a later `stop`",
                ));
            }
        }
        _ => {}
    }
    if params.span("workload.spacing") < Span::from_nanos(params.count("network.nodes") as u64) {
        return Err(Complaint::new("workload.spacing", "is too short for so many clients", "give more"));
    }
    config(params)?;
    // All messages of a client lie within so many times the distance of two.
    let load = params.span("workload.spacing") * params.count("workload.messages") as u64;
    load_fits(params, params.span("workload.start").saturating_add(load), "the last message is sent")?;
    faults::check(params, params.count("network.nodes") + 2)?;
    net(params, files).map(|_| ())
}

//! The world of a run: identities, hosts, coalition, tables, network.

use std::sync::Arc;

use astrarium_net::{ChurnModel, ClockModel, Modelled, NetConfig};
use astrarium_node::{Domain, NodeId, Seed, Stack, Time};
use astrarium_protocol_overlay::kademlia::{
    Config, ConfigError, Directory, FindNodeKey, Id, Kademlia, Message, Table,
};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_runner::network::{check_bare, complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params, RunError};

use crate::grind::{self, Ground};
use crate::ring::Ring;

/// A node of this system: the hash table on bare datagrams.
pub(crate) type Node = Stack<Kademlia, Udp<Message>>;

/// Families of draws of this system.
const NAMES: u64 = 0;
const TABLES: Domain = Domain::protocol(0x4b41);
/// Purpose of the draw of the coalition among the draws of the adversary.
const COALITION: u64 = 0;
/// First host of the coalition, when it shares hosts.
const CORRUPT_HOSTS: u32 = 0x8000_0000;

/// How tables begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tables {
    /// Full, and never changed.
    Static,
    /// Full, then kept up.
    Filled,
    /// Empty: nodes join by their seeds.
    Joined,
}

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) config: Config,
    pub(crate) tables: Tables,
    pub(crate) directory: Directory,
    /// All nodes by identity.
    pub(crate) ring: Arc<Ring>,
    /// Corrupt nodes, by number.
    pub(crate) coalition: Arc<[NodeId]>,
    /// By whom others join.
    pub(crate) seeds: Arc<[NodeId]>,
    /// The key of strategy `grind`, and what the grinding cost.
    pub(crate) ground: Option<Ground>,
    pub(crate) network: Modelled,
    pub(crate) churn: ChurnModel,
    pub(crate) clocks: ClockModel,
}

impl World {
    /// Builds the world of a run.
    ///
    /// # Errors
    /// What [`check`] finds, or a key that nobody can be nearest to.
    pub(crate) fn new(params: &Params, files: &Files, seed: Seed) -> Result<Self, RunError> {
        let net = net(params, files)?;
        let (network, _) = net.build(seed).map_err(|error| complaint_of(&error))?;
        let config = config(params)?;
        let nodes = params.count("network.nodes");
        let mut names: Vec<Id> = (0..nodes as u64).map(|i| name(seed, i)).collect();
        let grinding = params.text("adversary.strategy") == "grind";
        let coalition: Arc<[NodeId]> = if grinding {
            (nodes - config.k..nodes).map(NodeId::from).collect()
        } else {
            coalition(seed, nodes, params.share("adversary.share"), params.count("protocol.seeds"))
        };
        let ground = if grinding {
            let honest = nodes - config.k;
            let ground = grind::grind(seed, &names[..honest], config.k)
                .ok_or_else(|| RunError::Failed(grind::HOPELESS.to_owned()))?;
            names[honest..].copy_from_slice(&ground.names);
            Some(ground)
        } else {
            None
        };
        let directory = hosts(Directory::new(names), params, &coalition);
        let ring = Arc::new(Ring::new(&directory, (0..nodes).map(NodeId::from)));
        let tables = match params.text("protocol.tables") {
            "static" => Tables::Static,
            "filled" => Tables::Filled,
            _ => Tables::Joined,
        };
        Ok(Self {
            seed,
            config,
            tables,
            directory,
            ring,
            coalition,
            seeds: (0..params.count("protocol.seeds")).map(NodeId::from).collect(),
            ground,
            network,
            churn: net.churn,
            clocks: net.clock,
        })
    }

    /// Number of nodes.
    pub(crate) fn nodes(&self) -> usize {
        self.directory.len()
    }

    /// Whether a node is corrupt.
    pub(crate) fn is_corrupt(&self, node: NodeId) -> bool {
        self.coalition.binary_search(&node).is_ok()
    }

    /// Honest nodes that are nobody's seeds, by number: the first `count`.
    pub(crate) fn victims(&self, count: usize) -> Arc<[NodeId]> {
        let others = (self.seeds.len()..self.nodes()).map(NodeId::from);
        others.filter(|&node| !self.is_corrupt(node)).take(count).collect()
    }

    /// Makes the initial state of each node, for the engine.
    ///
    /// # Errors
    /// A parameter out of range.
    pub(crate) fn factory(&self) -> Result<impl Fn(NodeId) -> Node + Send + Sync + 'static, Complaint> {
        let make =
            Kademlia::maker(self.config.clone(), self.directory.clone()).map_err(|e| out_of_range(&e))?;
        let Self { seed, tables, .. } = *self;
        let (ring, directory, seeds) =
            (Arc::clone(&self.ring), self.directory.clone(), Arc::clone(&self.seeds));
        let (k, buckets) = (self.config.k, self.config.buckets);
        Ok(move |node: NodeId| {
            let table = match directory.key(node) {
                Some(key) if tables != Tables::Joined => {
                    ring.table(key, k, buckets, &mut seed.stream(TABLES, u64::from(node.0), 0))
                }
                _ => Table::new(),
            };
            Stack::new(make(Arc::clone(&seeds), table), Udp::new())
        })
    }
}

/// Public name of a node: the hash of its key, which is named by seed and number.
pub(crate) fn name(seed: Seed, number: u64) -> Id {
    let mut luck = seed.stream(Domain::PLACEMENT, number, NAMES);
    Id::random(&mut luck).hashed()
}

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    check_bare(params)?;
    let config = config(params)?;
    let (nodes, seeds) = (params.count("network.nodes"), params.count("protocol.seeds"));
    if seeds >= nodes {
        let problem = format!("{seeds} seeds, but there are {nodes} nodes");
        return Err(Complaint::new("protocol.seeds", problem, "give fewer than network.nodes"));
    }
    if params.text("network.topology.kind") != "complete" {
        let help = "leave `topology` out: who knows whom is what the tables say";
        return Err(Complaint::new("network.topology", "is not \"complete\"", help));
    }
    let churns = params.text("network.churn.kind") != "none";
    let fixed = params.text("protocol.tables") == "static";
    if churns && fixed {
        let help = "set protocol.tables to \"filled\" or \"joined\", or leave `churn` out";
        return Err(Complaint::new("protocol.tables", "is \"static\", but nodes come and go", help));
    }
    let strategy = params.text("adversary.strategy");
    if strategy == "grind" && nodes < 2 * config.k + seeds {
        let problem =
            format!("{nodes} nodes are too few to hold k = {} ground identities among others", config.k);
        return Err(Complaint::new("network.nodes", problem, "give at least 2 k + protocol.seeds"));
    }
    if strategy == "grind" && params.share("adversary.share") > 0.0 {
        let help = "leave `share` out: strategy \"grind\" has exactly k corrupt nodes";
        return Err(Complaint::new("adversary.share", "is given, but the strategy sets the number", help));
    }
    if strategy == "eclipse" && config.neighbours.is_none() {
        let help = "set protocol.neighbours_min and neighbours_max, for example 8 and 16";
        return Err(Complaint::new(
            "protocol.neighbours_max",
            "is 0, but neighbours are to be eclipsed",
            help,
        ));
    }
    if config.neighbours.is_some() && fixed {
        let help = "set protocol.tables to \"filled\" or \"joined\"";
        return Err(Complaint::new("protocol.tables", "is \"static\": nobody dials neighbours", help));
    }
    if seeds + 2 > nodes {
        let problem = format!("= {nodes}: with {seeds} seeds there are no two more nodes");
        return Err(Complaint::new("network.nodes", problem, format!("give at least {}", seeds + 2)));
    }
    let corrupt = (params.share("adversary.share") * nodes as f64) as usize;
    if corrupt + seeds + 2 > nodes {
        let problem =
            format!("makes {corrupt} of {nodes} nodes corrupt; {seeds} seeds and two more must be honest");
        return Err(Complaint::new("adversary.share", problem, "lower the share, or add nodes"));
    }
    net(params, files).map(|_| ())
}

fn net(params: &Params, files: &Files) -> Result<NetConfig, Complaint> {
    net_config(params, files)
}

/// The rules of the nodes.
fn config(params: &Params) -> Result<Config, Complaint> {
    let profile = match params.text("protocol.profile") {
        "zv" => Config::zv(),
        _ => Config::std(),
    };
    let whole = |key: &str| params.opt_integer(key).and_then(|v| usize::try_from(v).ok());
    let k = whole("protocol.k").unwrap_or(profile.k);
    let (min, max) = (params.count("protocol.neighbours_min"), params.count("protocol.neighbours_max"));
    let config = Config {
        k,
        alpha: params.count("protocol.alpha"),
        buckets: whole("protocol.buckets").unwrap_or(profile.buckets),
        replacements: params.count("protocol.replacements"),
        evict_after: match whole("protocol.evict_after") {
            None => profile.evict_after,
            Some(0) => None,
            // At most 255 by its declaration.
            Some(fails) => Some(fails as u8),
        },
        refresh: params.span("protocol.refresh"),
        check: params.span("protocol.check"),
        rpc_timeout: params.span("protocol.rpc_timeout"),
        find_node_key: match params.text("protocol.find_node_key") {
            "hashed" => FindNodeKey::Hashed,
            _ => FindNodeKey::RawAsShipped,
        },
        paths: params.count("protocol.paths"),
        width: whole("protocol.width").unwrap_or(k),
        per_ip_limit: Some(params.count("protocol.per_ip_limit")),
        maintain: params.text("protocol.tables") != "static",
        neighbours: (max > 0).then_some((min, max)),
        ..profile
    };
    let config = keeping(config, params);
    if max == 0 && min > 0 {
        let help = "set protocol.neighbours_max too";
        return Err(Complaint::new("protocol.neighbours_min", "is above the greatest number, 0", help));
    }
    config.validate().map(|()| config).map_err(|error| out_of_range(&error))
}

/// The rules of records, where the system has any.
fn keeping(config: Config, params: &Params) -> Config {
    if !params.has("protocol.record_life") {
        return config;
    }
    let republish = params.span("protocol.republish");
    Config {
        republish: (!republish.is_zero()).then_some(republish),
        record_life: params.span("protocol.record_life"),
        records: params.count("protocol.records"),
        certified: params.flag("protocol.certified"),
        ..config
    }
}

fn out_of_range(error: &ConfigError) -> Complaint {
    let key = match error.parameter {
        "neighbours" => "protocol.neighbours_max".to_owned(),
        other => format!("protocol.{other}"),
    };
    Complaint::new(key, "is out of range", error.expected)
}

/// Corrupt nodes: exactly their number, drawn without replacement among all but the seeds, in order. A greater share has the
/// nodes of a smaller one and some more.
fn coalition(seed: Seed, nodes: usize, share: f64, seeds: usize) -> Arc<[NodeId]> {
    let mut order: Vec<NodeId> = (seeds..nodes).map(NodeId::from).collect();
    seed.stream(Domain::ADVERSARY, COALITION, 0).shuffle(&mut order);
    // A share is at most 1.
    order.truncate(libm::round(share * nodes as f64) as usize);
    order.sort_unstable();
    order.into()
}

/// Puts the coalition on as many hosts as the scenario says.
fn hosts(directory: Directory, params: &Params, coalition: &[NodeId]) -> Directory {
    let shared = params.count("adversary.hosts");
    if shared == 0 {
        return directory;
    }
    let mut hosts: Vec<u32> = (0..directory.len() as u32).collect();
    for (i, node) in coalition.iter().enumerate() {
        hosts[node.index()] = CORRUPT_HOSTS + (i % shared) as u32;
    }
    directory.with_hosts(hosts)
}

/// A moment of the run.
pub(crate) fn moment(params: &Params, key: &str) -> Option<Time> {
    params.opt_span(key).map(|after| Time::ZERO + after)
}

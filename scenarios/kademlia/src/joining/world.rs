//! The world of a run: seeds first, then members, then joiners.

use std::sync::Arc;

use astrarium_net::{ClockModel, Modelled, TopologyKind};
use astrarium_node::{Domain, NodeId, Seed, Stack};
use astrarium_protocol_overlay::bootstrap::{Bootstrap, ChainSpace, Config, Membership, Message};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_runner::network::{check_bare, complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params};

/// A node of this system.
pub(crate) type Node = Stack<Bootstrap, Udp<Message>>;

/// What honest nodes follow.
pub(crate) const TRUE: ChainSpace = ChainSpace { tip: 1, height: 1_000 };
/// Any name does: all ask for the same chain.
const GENESIS: u64 = 1;
/// Members that a member knows.
const KNOWN: usize = 8;

/// Families of draws of this system.
const SEGMENTS: u64 = 1;
const PICKS: Domain = Domain::protocol(0x424f);
const COALITION: u64 = 0;

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) config: Arc<Config>,
    pub(crate) nodes: usize,
    pub(crate) seeds: usize,
    pub(crate) members: usize,
    ask: usize,
    /// Corrupt seeds, by number.
    pub(crate) corrupt: Arc<[NodeId]>,
    /// Segment mates of each node, by number.
    segments: Arc<[Arc<[NodeId]>]>,
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
        let (nodes, seeds) = (params.count("network.nodes"), params.count("protocol.seeds"));
        let mut order: Vec<NodeId> = (0..seeds).map(NodeId::from).collect();
        seed.stream(Domain::ADVERSARY, COALITION, 0).shuffle(&mut order);
        // A share is at most 1.
        order.truncate(libm::round(params.share("adversary.share") * seeds as f64) as usize);
        order.sort_unstable();
        Ok(Self {
            seed,
            config: Arc::new(config(params)),
            nodes,
            seeds,
            members: params.count("workload.members"),
            ask: params.count("protocol.ask"),
            corrupt: order.into(),
            segments: segments(seed, nodes, seeds, params.count("protocol.segment")),
            network,
            clocks: net.clock,
        })
    }

    /// Numbers of the joiners.
    pub(crate) fn joiners(&self) -> std::ops::Range<usize> {
        self.seeds + self.members..self.nodes
    }

    /// Whether a node is a corrupt seed.
    pub(crate) fn is_corrupt(&self, node: NodeId) -> bool {
        self.corrupt.binary_search(&node).is_ok()
    }

    /// The seeds that a joiner asks.
    pub(crate) fn picks(&self, node: NodeId) -> Arc<[NodeId]> {
        let mut luck = self.seed.stream(PICKS, u64::from(node.0), 0);
        luck.sample(self.seeds as u64, self.ask).into_iter().map(|seed| NodeId(seed as u32)).collect()
    }

    /// Makes the initial state of each node, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Node + Send + Sync + 'static {
        let world = self.clone();
        let nobody: Arc<[NodeId]> = Arc::new([]);
        move |node| {
            let joins = world.joiners().contains(&node.index());
            let seeds = if joins { world.picks(node) } else { Arc::clone(&nobody) };
            let membership = (!joins).then(|| Membership { contacts: world.known(node), space: TRUE });
            let segment = Arc::clone(&world.segments[node.index()]);
            Stack::new(Bootstrap::new(Arc::clone(&world.config), seeds, segment, membership), Udp::new())
        }
    }

    /// Some members.
    fn known(&self, node: NodeId) -> Arc<[NodeId]> {
        let mut luck = self.seed.stream(PICKS, u64::from(node.0), 1);
        let some = luck.sample(self.members as u64, KNOWN);
        some.into_iter().map(|member| NodeId::from(self.seeds + member as usize)).collect()
    }
}

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    check_bare(params)?;
    let net = net_config(params, files)?;
    if net.topology != TopologyKind::Complete {
        let help = "leave `topology` out: anybody can be asked";
        return Err(Complaint::new("network.topology", "is not \"complete\"", help));
    }
    if params.text("network.churn.kind") != "none" {
        let help = "leave `churn` out; single nodes can crash by [[fault]]";
        return Err(Complaint::new("network.churn", "is not modelled by this system", help));
    }
    let (nodes, seeds) = (params.count("network.nodes"), params.count("protocol.seeds"));
    let members = params.count("workload.members");
    if seeds + members >= nodes {
        let problem =
            format!("{nodes} nodes are no more than {seeds} seeds and {members} members: nobody joins");
        return Err(Complaint::new(
            "network.nodes",
            problem,
            "give more than protocol.seeds + workload.members",
        ));
    }
    let (ask, quorum) = (params.count("protocol.ask"), params.count("protocol.quorum"));
    if ask > seeds {
        let problem = format!("{ask} seeds are asked, but there are {seeds}");
        return Err(Complaint::new("protocol.ask", problem, "give at most protocol.seeds"));
    }
    if quorum > ask {
        let problem = format!("{quorum} answers are compared, but {ask} seeds are asked");
        return Err(Complaint::new("protocol.quorum", problem, "give at most protocol.ask"));
    }
    let (others, segment) = (nodes - seeds, params.count("protocol.segment"));
    if !others.is_multiple_of(segment) {
        let problem = format!("{others} nodes cannot be divided into segments of {segment}");
        return Err(Complaint::new(
            "protocol.segment",
            problem,
            "give a divisor of network.nodes − protocol.seeds",
        ));
    }
    Ok(())
}

fn config(params: &Params) -> Config {
    Config {
        genesis: GENESIS,
        quorum: params.count("protocol.quorum"),
        timeout: params.span("protocol.timeout"),
        retry: params.span("protocol.retry"),
        // At most 1000 by its declaration.
        attempts: params.count("protocol.attempts") as u32,
        probe: params.flag("protocol.probe"),
    }
}

/// Who shares a segment with whom: all but the seeds in random groups.
fn segments(seed: Seed, nodes: usize, seeds: usize, size: usize) -> Arc<[Arc<[NodeId]>]> {
    let mut order: Vec<NodeId> = (seeds..nodes).map(NodeId::from).collect();
    seed.stream(Domain::PLACEMENT, SEGMENTS, 0).shuffle(&mut order);
    let nobody: Arc<[NodeId]> = Arc::new([]);
    let mut mates = vec![nobody; nodes];
    for group in order.chunks(size) {
        for &node in group {
            mates[node.index()] = group.iter().copied().filter(|&mate| mate != node).collect();
        }
    }
    mates.into()
}

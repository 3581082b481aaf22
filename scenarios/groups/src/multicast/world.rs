//! The world of a run: nodes, among them a group, some of whose members are dead.

use std::sync::Arc;

use astrarium_engine::{Fault, FaultAction};
use astrarium_net::{ClockModel, Modelled};
use astrarium_node::{Domain, NodeId, Probability, Seed, Span, Time};
use astrarium_protocol_overlay::group::{Config, ConfigError, Overlay, Roster};
use astrarium_runner::network::{check_bare, complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params, faults, load_fits};

use super::workload::Schedule;

/// Purposes of draws among those of the load.
const MEMBERS: u64 = 0;
const OUTSIDER: u64 = 1;
/// Purpose of the draws of who is dead, among those of faults; the counter is the member's place.
const DEAD: u64 = u64::MAX;

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) config: Arc<Config>,
    /// The group; its first member is the origin of runs with one origin.
    pub(crate) roster: Arc<Roster>,
    /// What each node opens: for a flood its neighbours and itself, else nothing of its own.
    pub(crate) neighbourhoods: Arc<[Arc<Roster>]>,
    /// Whether each node is a dead member.
    pub(crate) dead: Arc<[bool]>,
    /// A node outside the group, if there is one.
    pub(crate) outsider: Option<NodeId>,
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
        let (network, topology) = net.build(seed).map_err(|error| complaint_of(&error))?;
        let nodes = net.nodes;
        let members = params.count("workload.members");
        let mut order: Vec<u32> = (0..nodes as u32).collect();
        // The whole order is drawn: a larger group has the members of a smaller one and some more.
        seed.stream(Domain::WORKLOAD, MEMBERS, 0).shuffle(&mut order);
        let (inside, outside) = order.split_at(members);
        let death = Probability::new(params.share("workload.dead"));
        let mut dead = vec![false; nodes];
        // The first member is the origin, which lives, unless somebody outside is.
        let spared = usize::from(params.text("workload.origin") != "outsider");
        for (place, &member) in inside.iter().enumerate().skip(spared) {
            dead[member as usize] = seed.stream(Domain::FAULT, DEAD, place as u64).chance(death);
        }
        let pick = seed.stream(Domain::WORKLOAD, OUTSIDER, 0).below(outside.len().max(1) as u64);
        let around = |id: NodeId| Roster::new(topology.peers(id).iter().copied().chain([id]));
        let flood = params.text("protocol.overlay") == "flood";
        let neighbourhoods =
            if flood { (0..nodes).map(|id| around(NodeId::from(id))).collect() } else { Arc::default() };
        Ok(Self {
            neighbourhoods,
            seed,
            config: Arc::new(config(params)?),
            roster: Roster::new(inside.iter().map(|&id| NodeId(id))),
            dead: dead.into(),
            outsider: outside.get(pick as usize).map(|&id| NodeId(id)),
            network,
            clocks: net.clock,
        })
    }

    /// Number of nodes.
    pub(crate) fn nodes(&self) -> usize {
        self.dead.len()
    }

    pub(crate) fn is_dead(&self, node: NodeId) -> bool {
        self.dead[node.index()]
    }

    /// What a member opens.
    pub(crate) fn opens(&self, member: NodeId) -> &Arc<Roster> {
        self.neighbourhoods.get(member.index()).unwrap_or(&self.roster)
    }

    /// Members that live.
    pub(crate) fn live(&self) -> usize {
        self.roster.members().iter().filter(|&&m| !self.is_dead(m)).count()
    }

    /// The scenario's faults, and the dead members.
    pub(crate) fn faults(&self, params: &Params) -> Result<Vec<Fault>, Complaint> {
        let mut plan = faults::plan(params, self.nodes(), self.seed)?;
        let nodes: Arc<[NodeId]> =
            self.roster.members().iter().copied().filter(|&m| self.is_dead(m)).collect();
        if !nodes.is_empty() {
            let action = FaultAction::Crash { nodes, keep_state: true };
            let at = Time::ZERO + Span::from_nanos(1);
            plan.push(Fault { id: "dead-members".to_owned(), at, until: None, action });
        }
        Ok(plan)
    }
}

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    check_bare(params)?;
    let (nodes, members) = (params.count("network.nodes"), params.count("workload.members"));
    if members > nodes {
        let problem = format!("{members} members are wanted, but there are {nodes} nodes");
        return Err(Complaint::new("workload.members", problem, "give at most network.nodes"));
    }
    let outsider = params.text("workload.origin") == "outsider";
    if outsider && members == nodes {
        let help = "give more network.nodes than workload.members";
        return Err(Complaint::new("workload.origin", "is an outsider, but all nodes are members", help));
    }
    if params.text("workload.origin") == "each" && params.share("workload.dead") > 0.0 {
        let help = "take workload.origin = \"one\": the origin of a run never is dead";
        return Err(Complaint::new("workload.origin", "would let dead members make messages", help));
    }
    check_flood(params, nodes, members)?;
    if params.text("network.churn.kind") != "none" {
        let help = "leave `churn` out; members can be dead (workload.dead) or crash ([[fault]])";
        return Err(Complaint::new("network.churn", "is not modelled by this system", help));
    }
    let schedule = Schedule::new(params);
    let last = schedule.at(schedule.messages.saturating_sub(1)).since(Time::ZERO);
    load_fits(params, last, "the last message is made")?;
    faults::check(params, nodes)?;
    config(params)?;
    net_config(params, files).map(|_| ())
}

/// A flood is along the links of the topology and reaches all; nothing else uses it.
fn check_flood(params: &Params, nodes: usize, members: usize) -> Result<(), Complaint> {
    let complete = params.text("network.topology.kind") == "complete";
    match (params.text("protocol.overlay") == "flood", complete) {
        (false, false) => {
            let help = "leave `topology` out: members reach each other over the network's paths";
            Err(Complaint::new("network.topology", "is only used by protocol.overlay = \"flood\"", help))
        }
        (true, true) => {
            let help = "give one, such as { kind = \"random\", degree = 8 }";
            Err(Complaint::new("network.topology", "is complete, but a flood goes along its links", help))
        }
        (true, false) if members != nodes || params.text("workload.origin") == "outsider" => {
            let problem = format!("must be network.nodes = {nodes}: a flood reaches everybody");
            Err(Complaint::new("workload.members", problem, "set it to that, and the origin to a member"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn config(params: &Params) -> Result<Config, Complaint> {
    // Bounded by their declarations, far below 2^32.
    let small = |key: &str| params.count(key) as u32;
    let config = Config {
        overlay: match params.text("protocol.overlay") {
            "grid" => Overlay::Grid { row_min: small("protocol.row_min") },
            "kad2" => Overlay::Kad2 { redundancy: small("protocol.redundancy") },
            "mesh" => Overlay::Mesh,
            "star" => Overlay::Star,
            "flood" => Overlay::Flood,
            _ => Overlay::Tree { fanout: small("protocol.fanout") },
        },
        expiry: params.span("protocol.expiry"),
        entrances: params.opt_integer("protocol.entrances").map(|n| n as u32),
        pulse: params.opt_span("protocol.pulse"),
        missed: small("protocol.missed"),
        ..Config::default()
    };
    config.validate().map(|()| config).map_err(|ConfigError { parameter, expected }| {
        Complaint::new(format!("protocol.{parameter}"), "is out of range", format!("give {expected}"))
    })
}

//! The world of a run: a coalition, committees drawn among the other nodes, and when each is known.

use std::sync::Arc;

use astrarium_engine::{CpuModel, Processor};
use astrarium_net::{ClockModel, Devices, Modelled};
use astrarium_node::{CostTable, Domain, NodeId, Seed, Span, Stack, Time};
use astrarium_protocol_overlay::group::committee::{Ballot, Committee};
use astrarium_protocol_overlay::group::{Config, Group, GroupId, Message, Overlay, Roster};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_runner::network::{check_bare, complaint_of, net_config, processors};
use astrarium_runner::{Complaint, Files, Params, faults, load_fits};

/// A node: a committee's rounds on a group on bare datagrams.
pub(crate) type Node = Stack<Committee, Stack<Group<Ballot>, Udp<Message<Ballot>>>>;

/// Purposes of draws among those of the load: who is in the coalition (counter 0), in which committee (its round).
const COALITION: u64 = 10;
const COMMITTEE: u64 = 11;

/// One round, and its committee.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    pub(crate) group: GroupId,
    /// The first of the list leads.
    pub(crate) roster: Arc<Roster>,
    /// Its members know of it.
    pub(crate) opens: Time,
    pub(crate) begins: Time,
    pub(crate) deadline: Time,
    /// Outsiders know its members' addresses.
    pub(crate) exposed: Time,
}

impl Round {
    pub(crate) fn leader(&self) -> NodeId {
        self.roster.placed(0)
    }
}

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) nodes: usize,
    pub(crate) config: Arc<Config>,
    pub(crate) coalition: Arc<[NodeId]>,
    pub(crate) rounds: Arc<[Round]>,
    pub(crate) quorum: u32,
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
        let net = net_config(params, files)?;
        let (network, _) = net.build(seed).map_err(|error| complaint_of(&error))?;
        let mut order: Vec<u32> = (0..net.nodes as u32).collect();
        seed.stream(Domain::WORKLOAD, COALITION, 0).shuffle(&mut order);
        let honest = order.split_off(coalition(params));
        let coalition = order.into_iter().map(NodeId).collect();
        let petitions = params.text("workload.kind") == "petitions";
        let count = if petitions { 1 } else { params.count("workload.rounds") };
        let rounds = (0..count as u64).map(|number| round(params, seed, &honest, number)).collect();
        Ok(Self {
            seed,
            nodes: net.nodes,
            config: Arc::new(config(params)),
            coalition,
            rounds,
            quorum: quorum(params),
            cpu: cpu(params, &net.devices, net.nodes, seed),
            network,
            clocks: net.clock,
        })
    }

    /// Makes the initial state of each node, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Node + Send + Sync + 'static {
        let config = Arc::clone(&self.config);
        move |_| Stack::new(Committee::new(), Stack::new(Group::new(config.clone()), Udp::new()))
    }
}

/// Nodes of the coalition; nobody without an attack.
fn coalition(params: &Params) -> usize {
    if params.text("adversary.strategy") == "none" { 0 } else { params.count("adversary.nodes") }
}

/// When a round begins.
fn round_begins(params: &Params, number: u64) -> Time {
    Time::ZERO + params.span("workload.start") + params.span("workload.interval") * number
}

fn round(params: &Params, seed: Seed, honest: &[u32], number: u64) -> Round {
    let begins = round_begins(params, number);
    let opens = Time::ZERO + begins.since(Time::ZERO + params.span("protocol.disclosure"));
    let mut luck = seed.stream(Domain::WORKLOAD, COMMITTEE, number);
    let members = luck.sample(honest.len() as u64, params.count("protocol.members"));
    let hidden =
        if params.flag("protocol.encrypted") { params.span("protocol.key_shared") } else { Span::ZERO };
    Round {
        group: GroupId(number),
        roster: Roster::new(members.into_iter().map(|at| NodeId(honest[at as usize]))),
        opens,
        begins,
        deadline: begins + params.span("protocol.deadline"),
        exposed: opens + hidden,
    }
}

fn quorum(params: &Params) -> u32 {
    let members = params.count("protocol.members") as f64;
    // At most 10,000 members.
    libm::ceil(params.share("protocol.quorum") * members - 1e-9).max(1.0) as u32
}

fn cpu(params: &Params, devices: &Devices, nodes: usize, seed: Seed) -> CpuModel {
    let costs = match params.text("protocol.processor") {
        "free" => CostTable::FREE,
        // A dropped message costs no more than its check: parsing is part of it.
        _ => CostTable::REFERENCE,
    };
    let usual = Processor { cores: 1, speed: params.number("protocol.speed") };
    CpuModel {
        costs,
        speed: usual.speed,
        nodes: processors(devices, usual, nodes, seed),
        queue_max: params.count("protocol.queue"),
        classes: params.flag("protocol.priorities"),
        ..CpuModel::default()
    }
}

fn config(params: &Params) -> Config {
    let overlay = match params.text("protocol.overlay") {
        "grid" => Overlay::Grid { row_min: 4 },
        "tree" => Overlay::Tree { fanout: params.count("protocol.fanout") as u32 },
        _ => Overlay::Star,
    };
    Config { overlay, ..Config::default() }
}

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    check_bare(params)?;
    let (nodes, members) = (params.count("network.nodes"), params.count("protocol.members"));
    let petitions = params.text("workload.kind") == "petitions";
    // Petitions come from at least one node that is neither.
    let needed = members + coalition(params) + usize::from(petitions);
    if needed > nodes {
        let problem = format!("= {nodes}, but committee, coalition and clients need {needed} nodes");
        return Err(Complaint::new("network.nodes", problem, format!("give at least {needed}")));
    }
    if params.count("adversary.targets") > members {
        let problem = format!("exceeds the {members} members of a committee");
        return Err(Complaint::new("adversary.targets", problem, "give at most protocol.members"));
    }
    if params.share("protocol.quorum") <= 0.0 {
        return Err(Complaint::new("protocol.quorum", "is nobody", "give a share above 0; 0.667 is usual"));
    }
    for key in ["adversary.messages", "workload.rate"] {
        let rate = params.per_second(key);
        if !(1e-6..=1e6).contains(&rate) {
            return Err(Complaint::new(key, format!("= {rate} per second"), "give 1e-6 to 1e6 per second"));
        }
    }
    let rate = params.bit_rate("adversary.rate");
    if !(1.0..=1e11).contains(&rate) {
        return Err(Complaint::new(
            "adversary.rate",
            format!("= {rate} bit/s"),
            "give 1 bit/s to 100 Gbit/s",
        ));
    }
    for key in ["adversary.bytes", "workload.bytes"] {
        if params.bytes(key) > 100_000_000 {
            return Err(Complaint::new(key, "is more than 100 MB", "give at most 100 MB"));
        }
    }
    if params.text("network.topology.kind") != "complete" || params.text("network.churn.kind") != "none" {
        let help = "leave `topology` and `churn` out; single nodes can crash by [[fault]]";
        return Err(Complaint::new(
            "network",
            "has a topology or churn, which this system does not use",
            help,
        ));
    }
    if !petitions {
        let last = round_begins(params, params.count("workload.rounds") as u64 - 1);
        let end = last.since(Time::ZERO) + params.span("protocol.deadline");
        load_fits(params, end, "the deadline of the last round")?;
    }
    faults::check(params, nodes)?;
    net_config(params, files).map(|_| ())
}

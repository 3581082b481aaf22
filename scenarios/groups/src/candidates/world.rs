//! The world of a run: a committee, relays, some of them hostile, and clients.

use std::sync::Arc;

use astrarium_net::{ClockModel, Modelled};
use astrarium_node::{Domain, NodeId, Seed, Span, Stack, Time};
use astrarium_protocol_overlay::relaying::{Config, Message, Relaying, WindowFrom};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_runner::network::{check_bare, complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params, faults};

/// A node: any of the roles, on bare datagrams.
pub(crate) type Node = Stack<Relaying, Udp<Message>>;

/// Purposes of draws among those of the load: who is what, and the challenge of a round (its number).
const ROLES: u64 = 30;
const CHALLENGE: u64 = 31;
/// The first round begins then.
const START: Span = Span::from_secs(1);

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) nodes: usize,
    pub(crate) config: Arc<Config>,
    pub(crate) clients: Arc<[NodeId]>,
    pub(crate) coalition: Arc<[NodeId]>,
    pub(crate) rounds: u64,
    pub(crate) interval: Span,
    pub(crate) bytes: u32,
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
        let mut order: Vec<NodeId> = (0..net.nodes).map(NodeId::from).collect();
        seed.stream(Domain::WORKLOAD, ROLES, 0).shuffle(&mut order);
        let (committee, rest) = order.split_at(params.count("workload.committee"));
        let (relays, rest) = rest.split_at(params.count("workload.relays"));
        let mut committee = committee.to_vec();
        committee.sort_unstable();
        let hostile = if params.text("adversary.strategy") == "drop" {
            libm::round(params.share("adversary.share") * relays.len() as f64) as usize
        } else {
            0
        };
        let config = Config {
            committee: committee.into(),
            relays: relays.into(),
            // Bounded by their declarations, far below 2^32.
            tries: params.count("protocol.tries") as u32,
            retry: params.span("protocol.retry"),
            window: params.span("protocol.window").max(Span::from_nanos(1)),
            from: match params.text("protocol.window_from") {
                "first" => WindowFrom::First,
                _ => WindowFrom::Start,
            },
            candidates_max: params.count("protocol.candidates_max") as u32,
        };
        Ok(Self {
            seed,
            nodes: net.nodes,
            config: Arc::new(config),
            clients: rest[..params.count("workload.clients")].into(),
            coalition: relays[..hostile].into(),
            rounds: params.count("workload.rounds") as u64,
            interval: params.span("workload.interval"),
            bytes: params.bytes("workload.bytes") as u32,
            network,
            clocks: net.clock,
        })
    }

    /// Makes the initial state of each node, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Node + Send + Sync + 'static {
        let config = Arc::clone(&self.config);
        move |_| Stack::new(Relaying::new(config.clone()), Udp::new())
    }

    /// When a round begins.
    pub(crate) fn begins(&self, round: u64) -> Time {
        Time::ZERO + START + self.interval * round
    }

    /// The run ends one interval after the beginning of the last round.
    pub(crate) fn end(&self) -> Time {
        self.begins(self.rounds)
    }

    /// What a round is about.
    pub(crate) fn challenge(&self, round: u64) -> u64 {
        self.seed.stream(Domain::WORKLOAD, CHALLENGE, round).word()
    }

    /// The member that collects in a round.
    pub(crate) fn collector(&self, round: u64) -> NodeId {
        let committee = &self.config.committee;
        committee[(round % committee.len() as u64) as usize]
    }
}

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    let roles = ["workload.committee", "workload.relays", "workload.clients"];
    let (nodes, needed) =
        (params.count("network.nodes"), roles.map(|key| params.count(key)).iter().sum::<usize>());
    if needed > nodes {
        let problem = format!("= {nodes}, but committee, relays and clients are {needed}");
        return Err(Complaint::new("network.nodes", problem, format!("give at least {needed}")));
    }
    if params.text("adversary.strategy") == "drop" && params.count("workload.relays") == 0 {
        let help = "give workload.relays, or set it to \"none\"";
        return Err(Complaint::new("adversary.strategy", "is of relays, of which there are none", help));
    }
    if params.bytes("workload.bytes") > 60_000 {
        return Err(Complaint::new("workload.bytes", "does not fit into a datagram", "give at most 60 kB"));
    }
    let (window, interval) = (params.span("protocol.window"), params.span("workload.interval"));
    if window >= interval {
        let problem = format!("= {window} is not over when the next round begins, after {interval}");
        return Err(Complaint::new("protocol.window", problem, "give less than workload.interval"));
    }
    for (key, kind) in [("network.topology", "complete"), ("network.churn", "none")] {
        if params.text(&format!("{key}.kind")) != kind {
            let help = "leave it out; single nodes can crash by [[fault]]";
            return Err(Complaint::new(key, "is not used by this system", help));
        }
    }
    check_bare(params)?;
    faults::check(params, nodes)?;
    net_config(params, files).map(|_| ())
}

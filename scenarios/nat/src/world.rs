//! The world of a run: hosts, then rendezvous servers, relays, and the attacker's machine, all on one network.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_net::{ClockModel, Modelled, NatConfig, NetConfig, Site, TopologyKind};
use astrarium_node::{Endpoint, NodeId, Seed, Span, Stack};
use astrarium_protocol_overlay::traversal::{Config, Mode, Policy, RelayLimits, ServerAddress, Traversal};
use astrarium_runner::network::{check_bare, complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params};

use crate::caller::{Caller, Hello};
use crate::workload;

/// A node: the program on top of traversal.
pub(crate) type Node = Stack<Caller, Traversal<Hello>>;

/// Ports of rendezvous servers (STUN's, and the next).
const SERVER_PORTS: [u16; 2] = [3478, 3479];

/// Port of relays.
const RELAY_PORT: u16 = 4000;

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: Seed,
    /// Number of hosts; their ids come first.
    pub(crate) hosts: u32,
    pub(crate) config: Arc<Config>,
    pub(crate) network: Modelled,
    pub(crate) clocks: ClockModel,
    /// Rendezvous servers with their addresses.
    pub(crate) servers: Vec<(NodeId, ServerAddress)>,
    /// Relays with their sockets.
    pub(crate) relays: Vec<(NodeId, Endpoint)>,
    /// The attacker's machine.
    pub(crate) attacker: NodeId,
    /// Number of the device of each host: d1 is 0; `None` is public.
    pub(crate) devices: Arc<[Option<usize>]>,
    /// Who calls whom.
    pub(crate) pairs: Arc<[(NodeId, NodeId)]>,
    pub(crate) both_ways: bool,
    pub(crate) warmup: Span,
    pub(crate) spacing: Span,
    pub(crate) patience: Span,
}

/// Ids of the machines that are no hosts.
struct Cast {
    hosts: u32,
    servers: u32,
    relays: u32,
}

impl Cast {
    fn new(params: &Params) -> Self {
        // Bounded by their declarations.
        Self {
            hosts: params.count("network.nodes") as u32,
            servers: params.count("protocol.rendezvous") as u32,
            relays: params.count("protocol.relays") as u32,
        }
    }

    fn servers(&self) -> impl Iterator<Item = NodeId> + use<> {
        (self.hosts..self.hosts + self.servers).map(NodeId)
    }

    fn relays(&self) -> impl Iterator<Item = NodeId> + use<> {
        let first = self.hosts + self.servers;
        (first..first + self.relays).map(NodeId)
    }

    fn attacker(&self) -> NodeId {
        NodeId(self.hosts + self.servers + self.relays)
    }

    fn nodes(&self) -> usize {
        self.attacker().index() + 1
    }
}

impl World {
    /// Builds the world of a run.
    ///
    /// # Errors
    /// What [`check`] finds.
    pub(crate) fn new(params: &Params, files: &Files, seed: Seed) -> Result<Self, Complaint> {
        let cast = Cast::new(params);
        let net = net(params, files, &cast)?;
        let (network, _) = net.build(seed).map_err(|error| complaint_of(&error))?;
        let servers: Vec<_> = cast.servers().map(|id| (id, server_address(&network, id))).collect();
        let relays: Vec<_> =
            cast.relays().map(|id| (id, Endpoint::new(network.public_ip(id), RELAY_PORT))).collect();
        let hosts = (0..cast.hosts).map(NodeId);
        let devices: Arc<[_]> = hosts.clone().map(|host| network.device_kind(host)).collect();
        let mut config = config(params)?;
        config.servers = servers.iter().map(|(_, address)| *address).collect();
        config.relays = relays.iter().map(|(_, socket)| *socket).collect();
        if params.flag("protocol.address_book") {
            let public = hosts.filter(|host| devices[host.index()].is_none());
            let listening = |host| (host, Endpoint::new(network.public_ip(host), config.listen_port));
            config.book = public.map(listening).collect::<BTreeMap<_, _>>();
        }
        Ok(Self {
            seed,
            hosts: cast.hosts,
            config: Arc::new(config),
            network,
            clocks: net.clock,
            servers,
            relays,
            attacker: cast.attacker(),
            devices,
            pairs: workload::draw(seed, cast.hosts, params.count("workload.pairs") as u32),
            both_ways: params.flag("workload.both_ways"),
            warmup: params.span("workload.warmup"),
            spacing: params.span("workload.spacing"),
            patience: params.span("workload.patience"),
        })
    }

    /// Number of all participants.
    pub(crate) fn participants(&self) -> usize {
        self.attacker.index() + 1
    }

    /// Number of calls of the workload.
    pub(crate) fn calls(&self) -> u32 {
        self.pairs.len() as u32 * if self.both_ways { 2 } else { 1 }
    }

    /// Makes the initial state of each participant, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Node + Send + Sync + 'static {
        let (config, patience) = (Arc::clone(&self.config), self.patience);
        let locals: Arc<[_]> =
            (0..self.participants()).map(|i| self.network.local_ip(NodeId::from(i))).collect();
        let (servers, relays) = (self.servers.clone(), self.relays.clone());
        move |id| {
            let config = Arc::clone(&config);
            let server = servers.iter().find(|(node, _)| *node == id);
            let relay = relays.iter().find(|(node, _)| *node == id);
            let traversal = match (server, relay) {
                (Some((_, address)), _) => Traversal::rendezvous(config, *address),
                (_, Some((_, socket))) => Traversal::relay(config, *socket),
                _ => Traversal::host(config, locals[id.index()]),
            };
            Stack::new(Caller::new(patience), traversal)
        }
    }
}

fn server_address(network: &Modelled, id: NodeId) -> ServerAddress {
    let first = network.public_ip(id);
    let second = network.extra_ips(id).next().unwrap_or(first);
    ServerAddress { ips: [first, second], ports: SERVER_PORTS }
}

/// Number of all participants of a world with these parameters.
pub(crate) fn participants(params: &Params) -> usize {
    Cast::new(params).nodes()
}

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    if params.text("network.topology.kind") != "complete" {
        let help = "leave `topology` out, or set it to \"complete\"";
        return Err(Complaint::new("network.topology", "is not \"complete\", but hosts name sockets", help));
    }
    if params.text("network.churn.kind") != "none" {
        let help = "leave `churn` out; single nodes can crash by [[fault]]";
        return Err(Complaint::new("network.churn", "is not modelled by this system", help));
    }
    check_bare(params)?;
    workload::check(params)?;
    check_policy(params)?;
    if params.count("protocol.relays") == 0 {
        for (key, wanted) in [
            ("protocol.relay_fallback", params.flag("protocol.relay_fallback")),
            ("adversary.strategy", params.text("adversary.strategy") == "relay-hog"),
        ] {
            if wanted {
                return Err(Complaint::new(key, "needs a relay", "set protocol.relays to 1 or more"));
            }
        }
    }
    let hosts = params.count("network.nodes") as f64;
    if params.text("adversary.strategy") == "record-poisoning"
        && libm::round(params.share("adversary.share") * hosts) < 1.0
    {
        let help = "give the share of the hosts that are victims, for example 0.2";
        return Err(Complaint::new("adversary.share", "leaves `record-poisoning` without a victim", help));
    }
    if params.text("adversary.strategy") == "rendezvous-outage"
        && params.span("adversary.until") <= params.span("adversary.from")
    {
        let problem = "is not after `adversary.from`: there would be no outage";
        return Err(Complaint::new("adversary.until", problem, "give a later time"));
    }
    config(params)?;
    net(params, files, &Cast::new(params)).map(|_| ())
}

/// What does not go with attempts by the classes of RFC 3489.
fn check_policy(params: &Params) -> Result<(), Complaint> {
    if params.text("protocol.policy") != "rfc-3489" {
        return Ok(());
    }
    if params.flag("protocol.attempt_symmetric") {
        let problem = "is about the port rule, but `protocol.policy` is \"rfc-3489\"";
        return Err(Complaint::new(
            "protocol.attempt_symmetric",
            problem,
            "set it to false, or leave it out",
        ));
    }
    if params.text("protocol.mode") == "birthday" {
        let help = "guess with policy \"port-rule\", or choose another mode";
        return Err(Complaint::new("protocol.mode", "guesses where the port rule reads `symmetric`", help));
    }
    Ok(())
}

/// The network of all participants: servers, relays and the attacker are public.
fn net(params: &Params, files: &Files, cast: &Cast) -> Result<NetConfig, Complaint> {
    let net = net_config(params, files)?;
    let machines = || cast.servers().chain(cast.relays()).chain([cast.attacker()]);
    let nat = NatConfig {
        sites: machines().map(|id| (id, Site::Public)).collect(),
        extra: cast.servers().map(|id| (id, 1)).collect(),
        ..net.nat
    };
    let net = NetConfig { nodes: cast.nodes(), topology: TopologyKind::Complete, nat, ..net };
    net.check().map_err(|error| complaint_of(&error))?;
    Ok(net)
}

fn config(params: &Params) -> Result<Config, Complaint> {
    let mode = match params.text("protocol.mode") {
        "none" => Mode::None,
        "simultaneous" => Mode::Simultaneous,
        "sequential" => Mode::Sequential,
        "birthday" => Mode::Birthday,
        _ => Mode::Ttl,
    };
    let config = Config {
        mode,
        policy: match params.text("protocol.policy") {
            "rfc-3489" => Policy::Rfc3489,
            _ => Policy::PortRule,
        },
        attempt_symmetric: params.flag("protocol.attempt_symmetric"),
        classify_rfc3489: params.flag("protocol.classify_rfc3489"),
        fresh_sockets: params.flag("protocol.fresh_sockets"),
        relay_fallback: params.flag("protocol.relay_fallback"),
        // One attempt is measured: the next one comes after the caller's patience, and after records have expired.
        backoff: Span::from_secs(30),
        call_delay: params.span("protocol.call_delay"),
        // Bounded by their declarations.
        ttl_probe_max: params.count("protocol.ttl_probe_max") as u8,
        ttl_margin: params.count("protocol.ttl_margin") as u8,
        birthday_probes: params.count("protocol.birthday_probes") as u32,
        relay: RelayLimits {
            slots: params.count("protocol.relay_slots") as u32,
            circuits: params.count("protocol.relay_circuits") as u32,
            bytes: params.bytes("protocol.relay_bytes"),
            time: params.span("protocol.relay_time"),
        },
        ..Config::default()
    };
    // Relays get their sockets from the network; that there is one is checked elsewhere.
    let sample = Config { relay_fallback: false, ..config.clone() };
    sample.validate().map(|()| config).map_err(|error| {
        Complaint::new(format!("protocol.{}", error.parameter), "is out of range", error.expected)
    })
}

/// Hosts that the attacker chooses: the first ones, so many; devices are drawn per host, so that is as good as any choice.
pub(crate) fn victims(world: &World, share: f64) -> impl Iterator<Item = NodeId> + use<> {
    // A share is at most 1.
    let count = libm::round(share * f64::from(world.hosts)) as u32;
    (0..count).map(NodeId)
}

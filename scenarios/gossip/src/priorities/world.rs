//! The world of a run: pairs of nodes, an even one that sends and the odd one after it.

use std::sync::Arc;

use astrarium_net::{ClockModel, Modelled};
use astrarium_node::{NodeId, Seed, Stack};
use astrarium_protocol_overlay::priority::{Config, Priority};
use astrarium_protocol_transport::Class;
use astrarium_protocol_transport::datagram::Udp;
use astrarium_runner::network::{complaint_of, net_config};
use astrarium_runner::{Complaint, Files, Params};

use super::note::Note;

/// A node: the queues over bare datagrams.
pub(crate) type Node = Stack<Priority<Note>, Udp<Note>>;

/// What a run starts from.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) seed: Seed,
    pub(crate) config: Arc<Config>,
    /// One queue for all classes.
    fifo: bool,
    pub(crate) nodes: u32,
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
        Ok(Self {
            seed,
            config: Arc::new(config(params)?),
            fifo: params.text("protocol.scheme") == "fifo",
            // At most ten million by its declaration.
            nodes: params.count("network.nodes") as u32,
            network,
            clocks: net.clock,
        })
    }

    /// Makes the initial state of each node, for the engine.
    pub(crate) fn factory(&self) -> impl Fn(NodeId) -> Node + Send + Sync + 'static {
        let (config, fifo) = (Arc::clone(&self.config), self.fifo);
        move |_| {
            let config = Arc::clone(&config);
            let queues =
                if fifo { Priority::classified(config, |_| Class::Medium) } else { Priority::new(config) };
            Stack::new(queues, Udp::new())
        }
    }
}

fn config(params: &Params) -> Result<Config, Complaint> {
    // Declared as at most a million, and a thousand.
    let quota = |class: &str| params.count(&format!("protocol.quota_{class}")) as u32;
    let classes = if params.text("protocol.scheme") == "fifo" { 3 } else { 1 };
    let config = Config {
        capacity: params.count("protocol.capacity") * classes,
        quotas: [quota("high"), quota("medium"), quota("low")],
        pending: params.count("protocol.pending"),
        ..Config::at_rate(params.bit_rate("protocol.rate") as u64)
    };
    config.validate().map(|()| config).map_err(|error| {
        Complaint::new(format!("protocol.{}", error.parameter), "is out of range", error.expected)
    })
}

/// Most messages of a run.
const MOST_MESSAGES: f64 = 1e9;

/// Messages that one sender offers per second.
pub(crate) fn offered(params: &Params) -> f64 {
    let bits = 8.0 * (params.bytes("workload.bytes") as f64 + f64::from(Config::at_rate(1).overhead));
    params.number("workload.load") * params.bit_rate("protocol.rate") / bits
}

/// Checks everything about a world that does not depend on the seed.
///
/// # Errors
/// The first impossible parameter or combination.
pub(crate) fn check(params: &Params, files: &Files) -> Result<(), Complaint> {
    let nodes = params.count("network.nodes");
    if !nodes.is_multiple_of(2) {
        let problem = format!("is {nodes}, but every sender has a receiver of its own");
        return Err(Complaint::new("network.nodes", problem, "give an even number"));
    }
    if params.share("workload.high") + params.share("workload.medium") > 1.0 {
        let help = "the shares of the high and the medium class add up to at most 1";
        return Err(Complaint::new("workload.medium", "leaves less than nothing for the low class", help));
    }
    if u32::try_from(params.bytes("workload.bytes")).is_err() {
        let problem = "is longer than a message can be";
        return Err(Complaint::new("workload.bytes", problem, "give less than 4 GiB"));
    }
    if params.span("workload.warmup") >= params.span("stop.time") {
        let problem = "lasts until the end of the run: nothing would be counted";
        return Err(Complaint::new("workload.warmup", problem, "give less than stop.time"));
    }
    if params.bit_rate("protocol.rate") < 1.0 {
        return Err(Complaint::new("protocol.rate", "is below a bit per second", "give a greater rate"));
    }
    if offered(params) * params.span("stop.time").as_secs_f64() * nodes as f64 / 2.0 > MOST_MESSAGES {
        let help = format!("keep senders × messages per second × stop.time below {MOST_MESSAGES}");
        return Err(Complaint::new("workload.load", "asks for more messages than a run can have", help));
    }
    config(params)?;
    net_config(params, files).map(|_| ())
}

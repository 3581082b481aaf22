//! The description of a network as plain data, and what it must satisfy.

use std::sync::Arc;

use astrarium_node::{Seed, Span};

use crate::churn::ChurnModel;
use crate::clock::ClockModel;
use crate::device::Devices;
use crate::error::NetError;
use crate::latency::{Jitter, LatencyModel, Reorder};
use crate::link::LossModel;
use crate::modelled::Modelled;
use crate::nat::NatConfig;
use crate::region::Regions;
use crate::topology::{NodeAttributes, Topology, TopologyKind};
use crate::transport::TransportModel;

/// What one event stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fidelity {
    /// A whole message; its packets by closed form.
    Message,
    /// One packet.
    Packet,
}

/// What happens to datagrams above the MTU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oversize {
    /// They are fragmented.
    Fragment,
    /// They are dropped, as with the "don't fragment" bit.
    Drop,
}

/// In which order an access link serves what waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discipline {
    /// First come, first served; a full queue drops what comes.
    Fifo,
    /// Peers in turns: deficit round robin with a quantum of one MTU (Shreedhar & Varghese 1995); when the buffer is full, the longest
    /// of the peers' queues loses its last packet.
    Fair,
}

/// Rates of the access links.
#[derive(Debug, Clone, PartialEq)]
pub enum Bandwidth {
    /// No limits: access links take no time.
    Unlimited,
    /// The same for every node, in bit/s, above zero.
    Constant {
        /// Uplink.
        up: u64,
        /// Downlink.
        down: u64,
    },
    /// By region.
    Regions(Arc<Regions>),
}

/// A network. The default is the simplest: complete, 50 ms, nothing lost, nothing limited.
#[derive(Debug, Clone, PartialEq)]
pub struct NetConfig {
    /// Number of nodes.
    pub nodes: usize,
    /// Who is connected to whom.
    pub topology: TopologyKind,
    /// Whether the topology may fall into parts.
    pub allow_disconnected: bool,
    /// One-way propagation delay.
    pub latency: LatencyModel,
    /// Delay added per packet.
    pub jitter: Jitter,
    /// Loss per packet.
    pub loss: LossModel,
    /// Probability that the path delivers a packet twice.
    pub duplicate: f64,
    /// Packets held back.
    pub reorder: Reorder,
    /// Whether packets of one directed pair keep their order unless the reordering draw says otherwise. Costs a table of all
    /// pairs in use.
    pub fifo: bool,
    /// Rates of the access links.
    pub bandwidth: Bandwidth,
    /// The order of their queues.
    pub discipline: Discipline,
    /// Limit of the uplink queue in bytes; `None` means: 256 KiB (110 ms at 19 Mbit/s) in packet fidelity, unlimited in
    /// message fidelity, where a queue shorter than one message would lose it every time.
    pub buffer_up: Option<u64>,
    /// Limit of the downlink queue in bytes; `None` as for the uplink.
    pub buffer_down: Option<u64>,
    /// Limit of the uplink queue in packets, besides the one that is being sent; without a limit in bytes it is the only one.
    pub packets_up: Option<u32>,
    /// Limit of the downlink queue in packets, likewise.
    pub packets_down: Option<u32>,
    /// Path MTU in bytes, 68 to 65,535.
    pub mtu: u32,
    /// What happens above the MTU.
    pub oversize: Oversize,
    /// What one event stands for.
    pub fidelity: Fidelity,
    /// What kinds of machines the nodes are.
    pub devices: Devices,
    /// Who stands behind which middlebox; for addressed messages.
    pub nat: NatConfig,
    /// What carries messages in message fidelity.
    pub transport: TransportModel,
    /// Local clocks; for whoever drives the nodes.
    pub clock: ClockModel,
    /// Churn; for whoever drives the nodes.
    pub churn: ChurnModel,
}

/// Default queue limit in packet fidelity: 256 KiB.
const PACKET_BUFFER: u64 = 256 << 10;
/// So long may a packet be held back: the fragments of a datagram travel as one train, which must not outlast reassembly (RFC 791).
const MOST_HELD_BACK: Span = Span::from_secs(30);
/// Most nodes of a network.
const MOST_NODES: usize = 10_000_000;

impl Default for NetConfig {
    fn default() -> Self {
        Self::new(2)
    }
}

impl NetConfig {
    /// The default network with this many nodes.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self {
            nodes,
            topology: TopologyKind::Complete,
            allow_disconnected: false,
            latency: LatencyModel::Constant(Span::from_millis(50)),
            jitter: Jitter::None,
            loss: LossModel::None,
            duplicate: 0.0,
            reorder: Reorder { p: 0.0, extra: Span::from_millis(20) },
            fifo: false,
            bandwidth: Bandwidth::Unlimited,
            discipline: Discipline::Fifo,
            buffer_up: None,
            buffer_down: None,
            packets_up: None,
            packets_down: None,
            mtu: 1500,
            oversize: Oversize::Fragment,
            fidelity: Fidelity::Message,
            devices: Devices::default(),
            nat: NatConfig::default(),
            transport: TransportModel::None,
            clock: ClockModel::default(),
            churn: ChurnModel::default(),
        }
    }

    /// Makes the network and its topology. Pure in (`self`, `seed`).
    ///
    /// # Errors
    /// What [`NetConfig::check`] finds, or a random topology that stays disconnected.
    pub fn build(&self, seed: Seed) -> Result<(Modelled, Topology), NetError> {
        self.check()?;
        let topology = Topology::build(&self.topology, self.nodes, self.allow_disconnected, seed)?;
        Ok((Modelled::new(self, seed)?, topology))
    }

    /// Looks for values and combinations that cannot be.
    ///
    /// # Errors
    /// The first one, with the field to blame.
    pub fn check(&self) -> Result<(), NetError> {
        if !(1..=MOST_NODES).contains(&self.nodes) {
            let problem = format!("= {}", self.nodes);
            return Err(NetError::config("nodes", problem, format!("give a number from 1 to {MOST_NODES}")));
        }
        if !(68..=65_535).contains(&self.mtu) {
            let help = "IPv4 carries packets of 68 to 65535 bytes";
            return Err(NetError::config("mtu", format!("= {}", self.mtu), help));
        }
        for (field, p) in [("duplicate", self.duplicate), ("reorder.p", self.reorder.p)] {
            if !(0.0..=1.0).contains(&p) {
                return Err(NetError::config(field, format!("= {p}"), "give a probability from 0 to 1"));
            }
        }
        if self.reorder.extra > MOST_HELD_BACK {
            let help = "fragments wait 30 s for one another: hold packets back for less";
            return Err(NetError::config("reorder.extra", format!("= {}", self.reorder.extra), help));
        }
        self.topology.check(self.nodes, self.allow_disconnected)?;
        self.latency.check(self.nodes)?;
        self.jitter.check()?;
        self.loss.check()?;
        self.check_bandwidth()?;
        self.check_regions_of_nodes()?;
        self.check_buffers()?;
        self.devices.check()?;
        self.nat.check(self.nodes)?;
        self.check_transport()?;
        self.clock.check()?;
        self.churn.check()
    }

    fn check_bandwidth(&self) -> Result<(), NetError> {
        match &self.bandwidth {
            Bandwidth::Constant { up: 0, .. } | Bandwidth::Constant { down: 0, .. } => Err(NetError::config(
                "bandwidth",
                "has a rate of zero",
                "give rates above zero, or `unlimited`",
            )),
            Bandwidth::Regions(regions) if regions.rates.is_none() => Err(NetError::config(
                "bandwidth.table",
                "names a table that has latencies only",
                "use bitcoin-2019 or bitcoin-2015, or constant rates",
            )),
            Bandwidth::Regions(regions) => match self.latency_regions() {
                Some(places) if places.by_node() || places.names != regions.names => Err(NetError::config(
                    "bandwidth.table",
                    "has other regions than network.latency",
                    "take latency and bandwidth from tables with the same regions",
                )),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Region names in a GraphML file must be names of the latency (or bandwidth) table.
    fn check_regions_of_nodes(&self) -> Result<(), NetError> {
        let names = self.placement().map(|r| r.names.as_slice()).unwrap_or_default();
        for (id, node) in self.node_attributes().iter().enumerate() {
            if let Some(region) = node.region.as_ref().filter(|r| !names.contains(r)) {
                let problem = format!("puts node {id} into the region `{region}`, which no table knows");
                let help = if names.is_empty() {
                    "give a latency of kind `regions`".to_string()
                } else {
                    format!("the regions are {}", names.join(", "))
                };
                return Err(NetError::config("topology.file", problem, help));
            }
        }
        Ok(())
    }

    /// A transport in closed form stands for packets that are not events.
    fn check_transport(&self) -> Result<(), NetError> {
        if !self.transport.is_none() && self.fidelity == Fidelity::Packet {
            let help = "set network.fidelity = \"message\", or run the transport itself as a layer";
            return Err(NetError::config(
                "transport",
                "is a closed form, but every packet is an event",
                help,
            ));
        }
        if !self.transport.is_none() && self.discipline == Discipline::Fair {
            let help = "set network.queue_disc = \"fifo\", or run the transport itself as a layer";
            return Err(NetError::config(
                "transport",
                "is a closed form for links that serve in order",
                help,
            ));
        }
        self.transport.check(self.mtu)
    }

    /// A queue that cannot hold one packet loses everything.
    fn check_buffers(&self) -> Result<(), NetError> {
        for (field, buffer) in [("buffer.up", self.buffer_up), ("buffer.down", self.buffer_down)] {
            if buffer.is_some_and(|b| b < u64::from(self.mtu)) {
                let help =
                    format!("a queue must hold at least one packet of network.mtu = {} bytes", self.mtu);
                return Err(NetError::config(field, format!("= {} bytes", buffer.unwrap_or(0)), help));
            }
        }
        Ok(())
    }

    fn latency_regions(&self) -> Option<&Arc<Regions>> {
        match &self.latency {
            LatencyModel::Regions { regions, .. } => Some(regions),
            _ => None,
        }
    }

    /// The table that says which node is in which region.
    pub(crate) fn placement(&self) -> Option<&Arc<Regions>> {
        self.latency_regions().or(match &self.bandwidth {
            Bandwidth::Regions(regions) => Some(regions),
            _ => None,
        })
    }

    /// What the topology's file says about nodes; empty without.
    pub(crate) fn node_attributes(&self) -> &[NodeAttributes] {
        match &self.topology {
            TopologyKind::File(graph) => graph.nodes(),
            _ => &[],
        }
    }

    /// The queue limits in force: uplink, downlink.
    pub(crate) fn buffers(&self) -> (Option<u64>, Option<u64>) {
        let default = (self.fidelity == Fidelity::Packet).then_some(PACKET_BUFFER);
        let bytes =
            |given: Option<u64>, packets: Option<u32>| given.or(default.filter(|_| packets.is_none()));
        (bytes(self.buffer_up, self.packets_up), bytes(self.buffer_down, self.packets_down))
    }
}

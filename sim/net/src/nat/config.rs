//! Middleboxes as plain data.

use std::sync::Arc;

use astrarium_node::{LISTEN_PORT, NodeId, Span};

use crate::error::NetError;

/// On what the outer port of a mapping depends (RFC 4787 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// On the inner socket alone: one outer port for all peers.
    EndpointIndependent,
    /// On the inner socket and the peer's address.
    AddressDependent,
    /// On the inner socket and the peer's socket.
    AddressAndPortDependent,
    /// As the one before; but what must be unique is only the reply's tuple (peer → outer port), so one outer port serves
    /// many inner sockets and peers, and with [`Allocation::Preserve`] the device looks endpoint-independent as long as no
    /// tuple is taken (Linux `nf_conntrack`).
    Conntrack,
}

/// Whose packets a mapping lets in (RFC 4787 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filtering {
    /// Everybody's.
    EndpointIndependent,
    /// Those of addresses that the inner socket has sent to.
    AddressDependent,
    /// Those of sockets that the inner socket has sent to.
    AddressAndPortDependent,
}

/// Which outer port a new mapping gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// The inner port, if it is free.
    Preserve,
    /// So many above the last one.
    Sequential {
        /// Distance, at least 1.
        step: u16,
    },
    /// A random one of 1024 … 65,535.
    Random,
}

/// Which of its outer addresses a device uses (RFC 4787 §4.1, REQ-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// The same one for all mappings of an inner address.
    Paired,
    /// Any one for each mapping.
    Arbitrary,
}

/// What a device does with a fragmented datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fragments {
    /// Puts it together, then translates it.
    Reassemble,
    /// Drops it: only the first fragment has ports.
    Drop,
}

/// What one kind of device does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NatDevice {
    /// On what outer ports depend.
    pub mapping: Mapping,
    /// Who is let in.
    pub filtering: Filtering,
    /// Which outer port is chosen.
    pub allocation: Allocation,
    /// Whether a packet that is not let in leaves a record for [`NatDevice::record_ttl`], which makes its reply tuple taken.
    pub record_unsolicited: bool,
    /// Life of such a record since its last packet; Linux conntrack, unreplied: 30 s.
    pub record_ttl: Span,
    /// Life of a mapping that nothing has come back through; Linux conntrack: 30 s.
    pub timeout_new: Span,
    /// Life of a mapping after that; Linux conntrack: 120 s.
    pub timeout_stream: Span,
    /// Whether packets that come in refresh the mapping (those that go out always do).
    pub refresh_in: bool,
    /// Whether packets from inside for the outer address are looped back.
    pub hairpin: bool,
    /// Most mappings, most records, and most peers of one mapping; at least 1.
    pub max_entries: u32,
    /// Hops from the network inside to the network outside, this device included. A firewall on the host itself has 0.
    pub hops: u8,
    /// What happens to fragments.
    pub fragments: Fragments,
    /// How many outer addresses it has, 1 to 64.
    pub pool: u8,
    /// Which of them a mapping gets.
    pub pooling: Pooling,
}

impl NatDevice {
    /// A device with the defaults of the specification: Linux's timeouts, no record, no hairpin, 4096 entries, one hop, one address.
    #[must_use]
    pub const fn new(mapping: Mapping, filtering: Filtering, allocation: Allocation) -> Self {
        Self {
            mapping,
            filtering,
            allocation,
            record_unsolicited: false,
            record_ttl: Span::from_secs(30),
            timeout_new: Span::from_secs(30),
            timeout_stream: Span::from_secs(120),
            refresh_in: true,
            hairpin: false,
            max_entries: 4096,
            hops: 1,
            fragments: Fragments::Reassemble,
            pool: 1,
            pooling: Pooling::Paired,
        }
    }

    fn check(&self, field: &'static str) -> Result<(), NetError> {
        if self.allocation == (Allocation::Sequential { step: 0 }) {
            return Err(NetError::config(
                field,
                "has a device that adds 0 to the last port",
                "give a step of 1 or more",
            ));
        }
        if self.max_entries == 0 {
            return Err(NetError::config(
                field,
                "has a device without room for any mapping",
                "allow at least 1 entry",
            ));
        }
        if !(1..=MOST_ADDRESSES).contains(&u32::from(self.pool)) {
            let problem = format!("has a device with {} outer addresses", self.pool);
            return Err(NetError::config(field, problem, format!("give 1 to {MOST_ADDRESSES}")));
        }
        let least = self.timeout_new.min(self.timeout_stream).min(self.record_ttl);
        if least.is_zero() {
            return Err(NetError::config(
                field,
                "has a device with a timeout of zero",
                "give timeouts above zero",
            ));
        }
        Ok(())
    }
}

/// A kind of device and its share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NatKind {
    /// Share among the sites behind a device; all shares sum to 1.
    pub share: f64,
    /// What it does.
    pub device: NatDevice,
}

/// The mixtures that reproduce the field survey of the ZV Chain whitepaper (§3.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Population {
    /// The unique split on the six device models that gives both classifications of the whitepaper: 5/7/58/30 % by RFC 3489 and
    /// 75/23/2 % by the port rule.
    A,
    /// The record of unsolicited packets on every device that preserves ports: a bound.
    B,
}

impl Population {
    /// The six devices d1 … d6 with their shares, in this order.
    #[must_use]
    pub fn kinds(self) -> Vec<NatKind> {
        Self::mixture(match self {
            Self::A => (0.47, 0.28),
            Self::B => (0.0, 0.75),
        })
    }

    /// What A and B have in common, with this share (0 to 1) of the devices that preserve ports recording: d5 of d4 and d5.
    #[must_use]
    pub fn recording(share: f64) -> Vec<NatKind> {
        const PRESERVING: f64 = 0.75;
        Self::mixture((PRESERVING - PRESERVING * share, PRESERVING * share))
    }

    /// The six devices with these shares of d4 and d5.
    fn mixture((quiet, recording): (f64, f64)) -> Vec<NatKind> {
        use Allocation::{Preserve, Random};
        use Filtering::{
            AddressAndPortDependent as Apdf, AddressDependent as Adf, EndpointIndependent as Eif,
        };
        use Mapping::{AddressAndPortDependent as Apdm, Conntrack, EndpointIndependent as Eim};
        let kind = |share, device| NatKind { share, device };
        let conntrack = NatDevice::new(Conntrack, Apdf, Preserve);
        vec![
            kind(0.05, NatDevice::new(Eim, Eif, Random)),
            kind(0.07, NatDevice::new(Eim, Adf, Random)),
            kind(0.11, NatDevice::new(Eim, Apdf, Random)),
            kind(quiet, conntrack),
            kind(recording, NatDevice { record_unsolicited: true, ..conntrack }),
            kind(0.02, NatDevice::new(Apdm, Apdf, Random)),
        ]
    }
}

/// A carrier's device in front of the devices of homes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carrier {
    /// Share of the neighbourhoods that have one.
    pub share: f64,
    /// Homes of a neighbourhood.
    pub homes: u32,
    /// What it does.
    pub device: NatDevice,
}

/// How a node is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Site {
    /// With an address of its own, unfiltered.
    Public,
    /// With an address of its own, behind a firewall that filters as this kind (an index) and translates nothing.
    Firewalled(u16),
    /// Behind a device of this kind.
    Behind(u16),
}

/// Who is behind what. The default is nobody behind anything.
#[derive(Debug, Clone, PartialEq)]
pub struct NatConfig {
    /// The kinds of devices; their shares sum to 1 (or there are none).
    pub kinds: Vec<NatKind>,
    /// Share of the sites that are behind a device.
    pub share: f64,
    /// Share of the other nodes that have a firewall: the kind is drawn by the same shares.
    pub firewall: f64,
    /// Nodes that share one device: consecutive ids.
    pub hosts: u32,
    /// Carrier-grade nesting.
    pub carrier: Option<Carrier>,
    /// Share of the nodes behind a device that have a port mapped explicitly (UPnP-like).
    pub mapped: f64,
    /// The port inside that is mapped, and outside for the first host of a site; further hosts get the ones above outside.
    /// Default [`LISTEN_PORT`].
    pub mapped_port: u16,
    /// How these nodes are connected, whatever the shares say: servers, or an experiment on chosen pairs.
    pub sites: Arc<[(NodeId, Site)]>,
    /// Nodes with more than one public address, and how many more; they must be [`Site::Public`] by `sites`.
    pub extra: Arc<[(NodeId, u32)]>,
    /// Hops through the core between nodes of one region (or without regions).
    pub hops_same: u8,
    /// Hops through the core between regions.
    pub hops_inter: u8,
}

impl Default for NatConfig {
    fn default() -> Self {
        Self {
            kinds: Vec::new(),
            share: 0.0,
            firewall: 0.0,
            hosts: 1,
            carrier: None,
            mapped: 0.0,
            mapped_port: LISTEN_PORT,
            sites: Arc::from([]),
            extra: Arc::from([]),
            hops_same: 8,
            hops_inter: 14,
        }
    }
}

/// Most addresses of one device, and most further addresses of one node.
const MOST_ADDRESSES: u32 = 64;

impl NatConfig {
    /// A population with this share of the sites behind devices.
    #[must_use]
    pub fn population(population: Population, share: f64) -> Self {
        Self { kinds: population.kinds(), share, ..Self::default() }
    }

    /// Whether anything but public addresses is asked for.
    #[must_use]
    pub fn is_none(&self) -> bool {
        let behind = |(_, site): &(NodeId, Site)| *site != Site::Public;
        self.share == 0.0 && self.firewall == 0.0 && !self.sites.iter().any(behind)
    }

    /// # Errors
    /// The first impossible value or combination.
    pub(crate) fn check(&self, nodes: usize) -> Result<(), NetError> {
        let carrier_share = self.carrier.map_or(0.0, |carrier| carrier.share);
        for (field, share) in [
            ("nat.share", self.share),
            ("nat.firewall", self.firewall),
            ("nat.mapped", self.mapped),
            ("nat.carrier_share", carrier_share),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return Err(NetError::config(field, format!("= {share}"), "give a share from 0 to 1"));
            }
        }
        if self.hosts == 0 || self.carrier.is_some_and(|carrier| carrier.homes == 0) {
            let field = if self.hosts == 0 { "nat.hosts" } else { "nat.carrier_homes" };
            return Err(NetError::config(field, "= 0", "a device stands in front of at least one"));
        }
        self.check_kinds()?;
        self.check_sites(nodes)?;
        self.check_extra()?;
        let port = u32::from(self.mapped_port);
        if self.mapped > 0.0 && (port == 0 || port + self.hosts > 65_536) {
            let help = "one port for each host of a site, from 1 to 65535";
            return Err(NetError::config("nat.mapped_port", format!("= {port}"), help));
        }
        crate::nat::plan::check_room(self, nodes)
    }

    fn check_kinds(&self) -> Result<(), NetError> {
        self.kinds.iter().try_for_each(|kind| kind.device.check("nat"))?;
        self.carrier.iter().try_for_each(|carrier| carrier.device.check("nat"))?;
        let total: f64 = self.kinds.iter().map(|kind| kind.share).sum();
        let sound = self.kinds.iter().all(|kind| (0.0..=1.0).contains(&kind.share));
        if !self.kinds.is_empty() && (!sound || (total - 1.0).abs() > 1e-9) {
            let problem = format!("sum to {total}");
            return Err(NetError::config("nat.shares", problem, "give shares from 0 to 1 that sum to 1"));
        }
        if self.kinds.is_empty() && !self.is_none() {
            return Err(NetError::config(
                "nat",
                "puts nodes behind devices of no kind",
                "give kinds of devices",
            ));
        }
        Ok(())
    }

    fn check_sites(&self, nodes: usize) -> Result<(), NetError> {
        for (node, site) in self.sites.iter() {
            if node.index() >= nodes {
                return Err(NetError::config(
                    "nat.sites",
                    format!("names {node}"),
                    format!("there are {nodes} nodes"),
                ));
            }
            let (Site::Behind(kind) | Site::Firewalled(kind)) = *site else { continue };
            if usize::from(kind) >= self.kinds.len() {
                let help = format!("there are {} kinds, numbered from 0", self.kinds.len());
                return Err(NetError::config("nat.sites", format!("names kind {kind}"), help));
            }
        }
        Ok(())
    }

    fn check_extra(&self) -> Result<(), NetError> {
        for (node, more) in self.extra.iter() {
            if *more > MOST_ADDRESSES {
                let help = format!("give at most {MOST_ADDRESSES} more");
                return Err(NetError::config(
                    "nat.extra",
                    format!("gives {node} {more} more addresses"),
                    help,
                ));
            }
            if !self.sites.contains(&(*node, Site::Public)) {
                let help = "put it into `sites` as public";
                return Err(NetError::config(
                    "nat.extra",
                    format!("names {node}, which may be behind a device"),
                    help,
                ));
            }
        }
        Ok(())
    }
}

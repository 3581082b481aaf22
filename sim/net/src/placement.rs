//! Where nodes are and how they are connected to the network: regions and rates, drawn or as a file says.

use std::borrow::Cow;
use std::sync::Arc;

use astrarium_node::{Domain, NodeId, Seed};

use crate::config::{Bandwidth, NetConfig};
use crate::device::{DeviceClass, Reach};
use crate::nat::{NatConfig, Site};
use crate::topology::NodeAttributes;

/// The region of every node: as the topology's file says, else drawn; empty when no table needs them. A node that shares an
/// address with another is where that one is: `housemates` are pairs of the two.
pub(crate) fn regions(
    config: &NetConfig,
    housemates: impl Iterator<Item = (NodeId, NodeId)>,
    seed: Seed,
) -> Arc<[u16]> {
    let Some(table) = config.placement() else { return Arc::from([]) };
    let given = config.node_attributes();
    let place = |node: usize| {
        let named = given.get(node).and_then(|a| a.region.as_ref());
        named
            .and_then(|name| table.names.iter().position(|n| n == name))
            // Tables have at most 2,000 rows.
            .map_or_else(|| table.place(seed, NodeId::from(node)), |index| index as u16)
    };
    let mut regions: Vec<u16> = (0..config.nodes).map(place).collect();
    housemates.for_each(|(node, host)| regions[node.index()] = regions[host.index()]);
    regions.into()
}

/// Undisturbed rates of every node, up and down, 0 for unlimited; empty when all are unlimited.
pub(crate) fn rates(config: &NetConfig, regions: &[u16], seed: Seed) -> Arc<[(u64, u64)]> {
    let given = config.node_attributes();
    let from_file = given.iter().any(|a| a.up_bps.is_some() || a.down_bps.is_some());
    if config.bandwidth == Bandwidth::Unlimited && !from_file && config.devices.is_none() {
        return Arc::from([]);
    }
    let rate = |node: usize| {
        let class = config.devices.class(seed, NodeId::from(node)).and_then(DeviceClass::rates);
        let (up, down) = class.unwrap_or_else(|| match &config.bandwidth {
            Bandwidth::Unlimited => (0, 0),
            Bandwidth::Constant { up, down } => (*up, *down),
            Bandwidth::Regions(table) => {
                let rates = table.rates.as_deref().unwrap_or_default();
                rates.get(usize::from(regions[node])).copied().unwrap_or((0, 0))
            }
        });
        let file = given.get(node);
        let own = |pick: fn(&NodeAttributes) -> Option<u64>| file.and_then(pick);
        (own(|a| a.up_bps).unwrap_or(up), own(|a| a.down_bps).unwrap_or(down))
    };
    (0..config.nodes).map(rate).collect()
}

/// What kinds of machines the nodes are; empty without classes.
pub(crate) fn classes(config: &NetConfig, seed: Seed) -> Arc<[Option<DeviceClass>]> {
    if config.devices.is_none() {
        return Arc::from([]);
    }
    (0..config.nodes).map(|node| config.devices.class(seed, NodeId::from(node))).collect()
}

/// Counter of the draw of the kind of a light node's middlebox among the draws of its place.
const KIND: u64 = 2;

/// Who stands behind which middlebox, with what the classes of the nodes say; what the configuration says of single nodes comes before.
pub(crate) fn sites(config: &NetConfig, seed: Seed) -> Cow<'_, NatConfig> {
    let kinds = &config.nat.kinds;
    if config.devices.is_none() || kinds.is_empty() {
        return Cow::Borrowed(&config.nat);
    }
    let kind = |node: NodeId| {
        let mut rest = seed.stream(Domain::PLACEMENT, u64::from(node.0), KIND).unit();
        let drawn = kinds.iter().position(|kind| {
            rest -= kind.share;
            rest < 0.0
        });
        // There are fewer than 2^16 kinds: they are listed by hand.
        drawn.or_else(|| kinds.iter().rposition(|kind| kind.share > 0.0)).unwrap_or(0) as u16
    };
    let site = |node: NodeId| match config.devices.class(seed, node)?.reach() {
        Reach::Drawn => None,
        Reach::Public => Some((node, Site::Public)),
        Reach::Behind => Some((node, Site::Behind(kind(node)))),
    };
    let by_class = (0..config.nodes).map(NodeId::from).filter_map(site);
    let sites = by_class.chain(config.nat.sites.iter().copied()).collect();
    Cow::Owned(NatConfig { sites, ..config.nat.clone() })
}

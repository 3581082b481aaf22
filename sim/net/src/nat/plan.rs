//! Who has which address, and who stands behind which device.
//!
//! Addresses are arithmetic, so a network without devices keeps nothing per node:
//!
//! | range | belongs to |
//! |---|---|
//! | 1.0.0.0 – 9.255.255.255 | the public network: nodes by number, further addresses of nodes, then devices by their block, again for every time they have got another address |
//! | 10/8 | nodes behind a device, by number |
//! | 100.64/10 | devices behind a carrier's device, by their block, likewise |
//!
//! Private addresses are thus unique in the whole network. In reality they repeat from site to site; the one effect of that – a
//! packet for a stranger's private address may reach a wrong host of the own site, which ignores it – is not modelled.

use astrarium_node::{Domain, Ip, NodeId, Probability, Seed};

use crate::error::NetError;
use crate::nat::config::{NatConfig, Site};

/// First public address, and how many there are.
const PUBLIC: (u32, u32) = (0x0100_0000, 9 << 24);
/// First private address of nodes, and how many there are.
const HOME: (u32, u32) = (0x0a00_0000, 1 << 24);
/// First address between homes and carriers (RFC 6598), and how many there are.
const SHARED: (u32, u32) = (0x6440_0000, 1 << 22);

/// Purposes of draws; the entity is the site, the neighbourhood or the node.
const DRAW_SITE: u64 = 0;
const DRAW_KIND: u64 = 1;
const DRAW_CARRIER: u64 = 2;
const DRAW_FIREWALL: u64 = 3;
const DRAW_MAPPED: u64 = 4;

/// No device.
const NONE: u32 = u32::MAX;

/// What never changes about a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Which kind; the carriers' comes after the others.
    pub(crate) kind: u16,
    /// Names it, in draws and in the address plan.
    pub(crate) block: u32,
    /// The node whose access link and region are those of the whole site.
    pub(crate) host: NodeId,
    /// The carrier's device it is behind.
    pub(crate) parent: Option<u32>,
    /// It guards the address of its one host and translates nothing.
    pub(crate) firewall: bool,
}

/// Whose an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Node(NodeId),
    /// By index.
    Device(u32),
}

/// A network in which addresses are delivered without translation: the public one, or the one inside a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Realm {
    Public,
    Inside(u32),
}

/// The address plan of a run. Immutable.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    nodes: u32,
    /// Owners of the further addresses.
    extra: Vec<NodeId>,
    /// Blocks: one for every site, then one for every neighbourhood.
    blocks: u32,
    /// Addresses of a block: what the device with most of them needs.
    stride: u32,
    /// The device of each block.
    by_block: Vec<u32>,
    /// The innermost device of each node; empty without devices.
    behind: Vec<u32>,
    pub(crate) spots: Vec<Spot>,
    /// Nodes whose [`NatConfig::mapped_port`] is mapped, with the port outside (that one, or one above it).
    pub(crate) mapped: Vec<(NodeId, u16)>,
}

/// Sites and neighbourhoods of a network.
fn blocks(config: &NatConfig, nodes: usize) -> (u64, u64) {
    let sites = (nodes as u64).div_ceil(u64::from(config.hosts));
    (sites, config.carrier.map_or(0, |carrier| sites.div_ceil(u64::from(carrier.homes))))
}

/// Outer addresses of the device that has most.
fn stride(config: &NatConfig) -> u32 {
    let devices =
        config.kinds.iter().map(|kind| &kind.device).chain(config.carrier.as_ref().map(|c| &c.device));
    devices.map(|device| u32::from(device.pool)).max().unwrap_or(1)
}

/// Whether the address ranges suffice.
pub(crate) fn check_room(config: &NatConfig, nodes: usize) -> Result<(), NetError> {
    let (sites, neighbourhoods) = blocks(config, nodes);
    let extra: u64 = config.extra.iter().map(|(_, more)| u64::from(*more)).sum();
    if nodes as u64 + extra + sites + neighbourhoods > u64::from(PUBLIC.1) {
        return Err(NetError::config(
            "nat",
            "needs more public addresses than there are",
            "take fewer nodes",
        ));
    }
    if neighbourhoods > 0 && sites > u64::from(SHARED.1) {
        let help = format!("100.64/10 has room for {} addresses of homes behind carriers", SHARED.1);
        return Err(NetError::config("nat.carrier_share", format!("nests {sites} homes"), help));
    }
    Ok(())
}

impl Plan {
    /// Draws who is behind what, for a configuration that has been checked.
    pub(crate) fn new(config: &NatConfig, nodes: usize, seed: Seed) -> Self {
        let mut extra = Vec::new();
        for &(node, more) in config.extra.iter() {
            extra.extend((0..more).map(|_| node));
        }
        // Nodes are at most ten million by their check, blocks no more than twice that.
        let mut plan = Self {
            nodes: nodes as u32,
            extra,
            blocks: 0,
            stride: stride(config),
            by_block: Vec::new(),
            behind: Vec::new(),
            spots: Vec::new(),
            mapped: Vec::new(),
        };
        if !config.is_none() {
            let (sites, neighbourhoods) = blocks(config, nodes);
            plan.blocks = (sites + neighbourhoods) as u32;
            plan.by_block = vec![NONE; plan.blocks as usize];
            plan.behind = vec![NONE; nodes];
            plan.settle(config, seed, sites as u32);
        }
        plan
    }

    /// Puts nodes behind devices.
    fn settle(&mut self, config: &NatConfig, seed: Seed, sites: u32) {
        let mut fixed: Vec<Option<Site>> = vec![None; self.nodes as usize];
        config.sites.iter().for_each(|(node, site)| fixed[node.index()] = Some(*site));
        for site in 0..sites {
            let drawn = self.draw_site(config, seed, site);
            // Nodes of one site that are told to be behind a device of another kind than drawn get it: the first one's.
            let first = site * config.hosts;
            for node in first..first.saturating_add(config.hosts).min(self.nodes) {
                let node = NodeId(node);
                match fixed[node.index()].unwrap_or_else(|| drawn.unwrap_or_else(|| open(config, seed, node)))
                {
                    Site::Public => {}
                    Site::Firewalled(kind) => self.guard(node, kind),
                    Site::Behind(kind) => self.place(config, seed, node, site, sites, kind),
                }
            }
        }
    }

    /// How the nodes of a site are connected, if all alike.
    fn draw_site(&self, config: &NatConfig, seed: Seed, site: u32) -> Option<Site> {
        let mut draws = seed.stream(Domain::MIDDLEBOX, u64::from(site), DRAW_SITE);
        draws.chance(Probability::new(config.share)).then(|| Site::Behind(draw_kind(config, seed, site)))
    }

    /// A firewall of a node's own.
    fn guard(&mut self, node: NodeId, kind: u16) {
        self.behind[node.index()] = self.spots.len() as u32;
        self.spots.push(Spot { kind, block: node.0, host: node, parent: None, firewall: true });
    }

    /// Behind the device of its site, which is made when its first node comes.
    fn place(&mut self, config: &NatConfig, seed: Seed, node: NodeId, site: u32, sites: u32, kind: u16) {
        if self.by_block[site as usize] == NONE {
            let parent = self.carrier_of(config, seed, site, sites, node);
            self.by_block[site as usize] = self.spots.len() as u32;
            self.spots.push(Spot { kind, block: site, host: node, parent, firewall: false });
        }
        self.behind[node.index()] = self.by_block[site as usize];
        let mut draws = seed.stream(Domain::MIDDLEBOX, u64::from(node.0), DRAW_MAPPED);
        if draws.chance(Probability::new(config.mapped)) {
            // Within 16 bits by its check.
            let place = (node.0 - site * config.hosts) as u16;
            self.mapped.push((node, config.mapped_port + place));
        }
    }

    /// The carrier's device of a site's neighbourhood, if there is one; made when its first home comes.
    fn carrier_of(
        &mut self,
        config: &NatConfig,
        seed: Seed,
        site: u32,
        sites: u32,
        host: NodeId,
    ) -> Option<u32> {
        let carrier = config.carrier?;
        let neighbourhood = site / carrier.homes;
        let mut draws = seed.stream(Domain::MIDDLEBOX, u64::from(neighbourhood), DRAW_CARRIER);
        if !draws.chance(Probability::new(carrier.share)) {
            return None;
        }
        let block = sites + neighbourhood;
        if self.by_block[block as usize] == NONE {
            self.by_block[block as usize] = self.spots.len() as u32;
            // Far fewer kinds than 65,535.
            let kind = config.kinds.len() as u16;
            self.spots.push(Spot { kind, block, host, parent: None, firewall: false });
        }
        Some(self.by_block[block as usize])
    }

    /// The innermost device of a node.
    pub(crate) fn device_of(&self, node: NodeId) -> Option<u32> {
        self.behind.get(node.index()).copied().filter(|&device| device != NONE)
    }

    /// The realm in which a node's address is valid, and its address there.
    pub(crate) fn seat(&self, node: NodeId) -> (Realm, Ip) {
        match self.device_of(node) {
            Some(device) if !self.spots[device as usize].firewall => {
                (Realm::Inside(device), Ip(HOME.0 + node.0))
            }
            _ => (Realm::Public, Ip(PUBLIC.0 + node.0)),
        }
    }

    /// The further addresses of a node.
    pub(crate) fn extra_of(&self, node: NodeId) -> impl Iterator<Item = Ip> + '_ {
        let mine = self.extra.iter().enumerate().filter(move |(_, owner)| **owner == node);
        // As many as the check allows.
        mine.map(|(index, _)| Ip(PUBLIC.0 + self.nodes + index as u32))
    }

    /// The realm outside a device.
    pub(crate) fn outside(&self, device: u32) -> Realm {
        self.spots[device as usize].parent.map_or(Realm::Public, Realm::Inside)
    }

    /// The first outer address of a device after so many changes.
    pub(crate) fn wan(&self, device: u32, changes: u32) -> Ip {
        let Spot { block, parent, firewall, host, .. } = self.spots[device as usize];
        if firewall {
            return Ip(PUBLIC.0 + host.0);
        }
        let (first, room) = if parent.is_some() {
            SHARED
        } else {
            let taken = self.nodes + self.extra.len() as u32;
            (PUBLIC.0 + taken, PUBLIC.1 - taken)
        };
        // After thousands of changes the addresses come again.
        let turn = changes % (room / self.stride / self.blocks);
        Ip(first + (turn * self.blocks + block) * self.stride)
    }

    /// Whom an address is for in a realm, by the plan: a device may have given it up ([`Plan::wan`] tells).
    pub(crate) fn owner(&self, realm: Realm, ip: Ip) -> Option<Owner> {
        let owner = self.owner_anywhere(ip)?;
        let valid = match owner {
            Owner::Node(node) => self.realm_of_node(node, ip),
            Owner::Device(device) => self.outside(device),
        };
        (valid == realm).then_some(owner)
    }

    fn realm_of_node(&self, node: NodeId, ip: Ip) -> Realm {
        let (realm, own) = self.seat(node);
        if own == ip { realm } else { Realm::Public }
    }

    /// The same, in whatever realm it is valid: private addresses are unique too.
    pub(crate) fn owner_anywhere(&self, ip: Ip) -> Option<Owner> {
        let within = |(first, count): (u32, u32)| ip.0.checked_sub(first).filter(|&number| number < count);
        if let Some(number) = within(HOME) {
            let device = self.device_of(NodeId(number))?;
            return (!self.spots[device as usize].firewall).then_some(Owner::Node(NodeId(number)));
        }
        if let Some(number) = within(SHARED) {
            let device =
                self.device_at(number).filter(|&device| self.spots[device as usize].parent.is_some());
            return device.map(Owner::Device);
        }
        let number = within(PUBLIC)?;
        if number < self.nodes {
            let node = NodeId(number);
            return match self.device_of(node) {
                None => Some(Owner::Node(node)),
                Some(device) => self.spots[device as usize].firewall.then_some(Owner::Device(device)),
            };
        }
        let number = number - self.nodes;
        if let Some(&node) = self.extra.get(number as usize) {
            return Some(Owner::Node(node));
        }
        let device = self.device_at(number - self.extra.len() as u32)?;
        self.spots[device as usize].parent.is_none().then_some(Owner::Device(device))
    }

    /// The device of the block that a number falls into.
    fn device_at(&self, number: u32) -> Option<u32> {
        let block = (number / self.stride).checked_rem(self.blocks)?;
        self.by_block.get(block as usize).copied().filter(|&device| device != NONE)
    }

    /// The outermost device on the way from this one to the public network.
    pub(crate) fn outermost(&self, device: u32) -> u32 {
        self.spots[device as usize].parent.unwrap_or(device)
    }

    /// The nodes behind devices, each with the node whose place in the network it shares.
    pub(crate) fn housemates(&self) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        let device = |node: usize| Some((NodeId::from(node), self.device_of(NodeId::from(node))?));
        (0..self.behind.len())
            .filter_map(device)
            .map(|(node, device)| (node, self.spots[self.outermost(device) as usize].host))
    }
}

/// How a node that is behind no device of its site is connected.
fn open(config: &NatConfig, seed: Seed, node: NodeId) -> Site {
    let mut draws = seed.stream(Domain::MIDDLEBOX, u64::from(node.0), DRAW_FIREWALL);
    if draws.chance(Probability::new(config.firewall)) {
        return Site::Firewalled(draw_kind(config, seed, node.0));
    }
    Site::Public
}

/// A kind by its share.
fn draw_kind(config: &NatConfig, seed: Seed, entity: u32) -> u16 {
    let point = seed.stream(Domain::MIDDLEBOX, u64::from(entity), DRAW_KIND).unit();
    let mut upto = 0.0;
    let reached = config.kinds.iter().position(|kind| {
        upto += kind.share;
        point <= upto
    });
    // Rounding may leave the sum a little below 1: the last kind that occurs takes the rest.
    let last = || config.kinds.iter().rposition(|kind| kind.share > 0.0).unwrap_or(0);
    reached.unwrap_or_else(last) as u16
}

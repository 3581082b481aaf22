//! The way of an addressed packet through the devices of both ends.
//!
//! Outward it climbs from its sender's realm until it is in one where the destination is valid; every device on the way
//! checks the time to live, maps, and rewrites the source. Inward it descends from there; every device finds the mapping, filters,
//! checks the time to live, and rewrites the destination. A packet for a device's own outer address from inside turns at that
//! device, if it loops at all. A packet for a private address of the sender's own site meets no device.
//!
//! Time to live (Linux): a device forwards, and makes or refreshes its mapping, only with at least 2 left on arrival. With h
//! hops to the outside a mapping needs ttl ≥ h + 1, and a packet reaches the far side's device with ttl ≥ h + core + 1.
//!
//! What is simpler than in reality: devices see a packet when its sender hands it to the uplink (if there is room), not when
//! the queue has passed it on; all hosts of a site have one place in the network, that of its first; and what they send to each
//! other takes the delay of the network as all else does.

use std::collections::BTreeSet;
use std::sync::Arc;

use astrarium_node::{Endpoint, Header, Ip, NodeId, Seed, Time};

use crate::nat::config::{Allocation, Fragments, Mapping, NatConfig, NatDevice};
use crate::nat::device::{Device, Luck, Refusal};
use crate::nat::plan::{Owner, Plan, Realm, Spot};
use crate::traffic::Drops;

/// What a device keeps at the moment, dead entries included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableLoad {
    /// Mappings.
    pub entries: usize,
    /// Records of unsolicited packets.
    pub records: usize,
    /// Peers of all mappings.
    pub peers: usize,
}

/// Why an addressed packet goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    Expired,
    Unroutable,
    Forged,
    Hairpin,
    Fragment,
    Refused(Refusal),
}

impl Stop {
    /// Its place in the counts.
    pub(crate) fn cause(self, drops: &mut Drops) -> &mut u64 {
        match self {
            Self::Expired => &mut drops.expired,
            Self::Unroutable => &mut drops.unroutable,
            Self::Forged => &mut drops.forged,
            Self::Hairpin => &mut drops.hairpin,
            Self::Fragment => &mut drops.fragment,
            Self::Refused(Refusal::Filtered) => &mut drops.filtered,
            Self::Refused(Refusal::TableFull) => &mut drops.table_full,
            Self::Refused(Refusal::NoPort) => &mut drops.no_port,
        }
    }
}

/// All middleboxes of a network.
#[derive(Debug, Clone)]
pub(crate) struct Boxes {
    /// Most parts of a run only read it.
    plan: Arc<Plan>,
    /// The kinds, the carriers' last; then each once more as a firewall.
    kinds: Arc<[NatDevice]>,
    devices: Vec<Device>,
    /// Changes of the outer address of each device.
    changes: Vec<u32>,
    hops_same: u8,
    hops_inter: u8,
}

impl Boxes {
    pub(crate) fn new(config: &NatConfig, nodes: usize, seed: Seed) -> Self {
        let plan = Plan::new(config, nodes, seed);
        let mut kinds: Vec<NatDevice> = config.kinds.iter().map(|kind| kind.device).collect();
        kinds.extend(config.carrier.map(|carrier| carrier.device));
        // One address inside and outside: sockets keep their ports, whatever the mapping of the kind.
        let guard = |device: &NatDevice| NatDevice {
            mapping: Mapping::EndpointIndependent,
            allocation: Allocation::Preserve,
            pool: 1,
            ..*device
        };
        kinds.extend(kinds.iter().map(guard).collect::<Vec<_>>());
        let count = plan.spots.len() as u32;
        let mut devices: Vec<Device> = (0..count).map(|device| Device::new(plan.wan(device, 0))).collect();
        for &(node, port) in &plan.mapped {
            if let Some(device) = plan.device_of(node) {
                devices[device as usize]
                    .fixed
                    .push((port, Endpoint::new(plan.seat(node).1, config.mapped_port)));
            }
        }
        Self {
            changes: vec![0; devices.len()],
            devices,
            plan: plan.into(),
            kinds: kinds.into(),
            hops_same: config.hops_same,
            hops_inter: config.hops_inter,
        }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What a device does.
    pub(crate) fn model(&self, device: u32) -> &NatDevice {
        model(&self.kinds, self.plan.spots[device as usize])
    }

    /// The (first) outer address of a device.
    pub(crate) fn wan(&self, device: u32) -> Ip {
        self.devices[device as usize].wan
    }

    pub(crate) fn load(&self, device: u32) -> TableLoad {
        let (entries, records, peers) = self.devices[device as usize].table.kept();
        TableLoad { entries, records, peers }
    }

    /// A packet leaves `from`: the node that stands for the place it goes to. `same_region` tells whether that node is in
    /// the sender's region; `fragmented` whether the packet is one of several.
    pub(crate) fn outward(
        &mut self,
        seed: Seed,
        now: Time,
        from: NodeId,
        fragmented: bool,
        header: &mut Header,
        same_region: impl FnOnce(NodeId) -> bool,
    ) -> Result<NodeId, Stop> {
        let plan = Arc::clone(&self.plan);
        let (mut realm, own) = plan.seat(from);
        let mut next = plan.device_of(from);
        if next.is_some() && header.src.ip != own {
            return Err(Stop::Forged);
        }
        let mut owner = self.owner(realm, header.dst.ip);
        // A firewall stands before its host in the same realm: everything passes it. Others only what is not for inside.
        while let Some(device) =
            next.filter(|&device| owner.is_none() || plan.spots[device as usize].firewall)
        {
            self.climb(seed, now, device, fragmented, header)?;
            realm = plan.outside(device);
            owner = self.owner(realm, header.dst.ip);
            next = plan.spots[device as usize].parent;
            if owner == Some(Owner::Device(device)) && !self.model(device).hairpin {
                return Err(Stop::Hairpin);
            }
        }
        let turn = owner.ok_or(Stop::Unroutable)?;
        let to = match turn {
            Owner::Node(node) => node,
            Owner::Device(device) => plan.spots[device as usize].host,
        };
        if realm == Realm::Public && !self.loops(from, turn) {
            let core = if same_region(to) { self.hops_same } else { self.hops_inter };
            // Spent on the way, and noticed at its end: the packet takes its sender's uplink all the same.
            header.ttl = header.ttl.saturating_sub(core);
        }
        Ok(to)
    }

    /// Whether a packet turns at the sender's own outermost device.
    fn loops(&self, from: NodeId, turn: Owner) -> bool {
        match turn {
            Owner::Node(node) => node == from,
            Owner::Device(device) => {
                self.plan.device_of(from).is_some_and(|mine| self.plan.outermost(mine) == device)
            }
        }
    }

    /// Through one device from inside.
    fn climb(
        &mut self,
        seed: Seed,
        now: Time,
        device: u32,
        fragmented: bool,
        header: &mut Header,
    ) -> Result<(), Stop> {
        let spot = self.plan.spots[device as usize];
        let model = model(&self.kinds, spot);
        if fragmented && model.fragments == Fragments::Drop {
            return Err(Stop::Fragment);
        }
        header.ttl = forwarded(header.ttl, model.hops)?;
        let (src, dst) = (header.src, header.dst);
        // Firewalls are named by their hosts, others by their sites.
        let luck = Luck { seed, name: u64::from(spot.block) << 1 | u64::from(spot.firewall) };
        let state = &mut self.devices[device as usize];
        header.src = state.outward(model, now.as_nanos(), src, dst, luck).map_err(Stop::Refused)?;
        Ok(())
    }

    /// A packet has come to the side of its destination: the node that gets it.
    pub(crate) fn inward(
        &mut self,
        now: Time,
        fragmented: bool,
        header: &mut Header,
    ) -> Result<NodeId, Stop> {
        if header.ttl == 0 {
            return Err(Stop::Expired);
        }
        // The address may have moved while the packet was under way.
        let mut owner = self.owner_anywhere(header.dst.ip).ok_or(Stop::Unroutable)?;
        loop {
            let device = match owner {
                Owner::Node(node) => return Ok(node),
                Owner::Device(device) => device,
            };
            self.descend(now, device, fragmented, header)?;
            let spot = self.plan.spots[device as usize];
            if spot.firewall {
                return Ok(spot.host);
            }
            owner = self.owner_anywhere(header.dst.ip).ok_or(Stop::Unroutable)?;
        }
    }

    /// Through one device from outside.
    fn descend(&mut self, now: Time, device: u32, fragmented: bool, header: &mut Header) -> Result<(), Stop> {
        let model = model(&self.kinds, self.plan.spots[device as usize]);
        if fragmented && model.fragments == Fragments::Drop {
            return Err(Stop::Fragment);
        }
        let (state, now) = (&mut self.devices[device as usize], now.as_nanos());
        let src = header.src;
        // Who has an address was asked before.
        let outer = state.own(model, header.dst).ok_or(Stop::Unroutable)?;
        let inner = state.inward(model, now, src, outer).map_err(Stop::Refused)?;
        // What dies here leaves the mapping as it was; what was refused above has left its record.
        header.ttl = forwarded(header.ttl, model.hops)?;
        state.admitted(model, now, src, outer);
        header.dst = inner;
        Ok(())
    }

    fn owner(&self, realm: Realm, ip: Ip) -> Option<Owner> {
        self.plan.owner(realm, ip).filter(|&owner| self.holds(owner, ip))
    }

    fn owner_anywhere(&self, ip: Ip) -> Option<Owner> {
        self.plan.owner_anywhere(ip).filter(|&owner| self.holds(owner, ip))
    }

    /// Whether a device still has the address.
    fn holds(&self, owner: Owner, ip: Ip) -> bool {
        match owner {
            Owner::Node(_) => true,
            Owner::Device(device) => {
                let socket = Endpoint::new(ip, 0);
                self.devices[device as usize].own(self.model(device), socket).is_some()
            }
        }
    }

    /// The devices of these nodes (or the carriers' in front of them) lose their tables, and get another outer address if `moved`.
    pub(crate) fn rebind(&mut self, nodes: &[NodeId], carrier: bool, moved: bool) {
        let own = nodes.iter().filter_map(|&node| self.plan.device_of(node));
        let parent = |device: u32| self.plan.spots[device as usize].parent;
        let hit: BTreeSet<u32> =
            own.filter_map(|own| if carrier { parent(own) } else { Some(own) }).collect();
        for device in hit {
            let state = &mut self.devices[device as usize];
            state.reboot();
            if moved {
                let changes = &mut self.changes[device as usize];
                *changes = changes.wrapping_add(1);
                state.wan = self.plan.wan(device, *changes);
            }
        }
    }
}

/// What a device does.
fn model(kinds: &[NatDevice], spot: Spot) -> &NatDevice {
    let guards = if spot.firewall { kinds.len() / 2 } else { 0 };
    &kinds[usize::from(spot.kind) + guards]
}

/// What is left of a time to live behind a device with so many hops.
fn forwarded(ttl: u8, hops: u8) -> Result<u8, Stop> {
    if ttl > hops { Ok(ttl - hops) } else { Err(Stop::Expired) }
}

//! Devices in a network: the address plan, populations, firewalls, and which pairs of devices reach each other.

use astrarium_node::{Header, NodeId, Time};

use super::*;
use crate::nat::boxes::{Boxes, Stop};
use crate::nat::plan::Owner;
use crate::nat::{Carrier, NatConfig, NatKind, Population, Site};

const SEED: Seed = Seed(21);

fn at(s: u64) -> Time {
    Time::from_nanos(s * SECOND)
}

/// A network of some nodes, with a clock.
struct World {
    boxes: Boxes,
    now: u64,
}

impl World {
    fn new(config: &NatConfig, nodes: usize) -> Self {
        config.check(nodes).unwrap();
        Self { boxes: Boxes::new(config, nodes, SEED), now: 0 }
    }

    /// A host of kind `a`, one of kind `b`, and a server with a second address.
    fn pair(kinds: Vec<NatKind>, a: u16, b: u16) -> Self {
        let config = NatConfig {
            kinds,
            sites: [
                (NodeId(0), Site::Behind(a)),
                (NodeId(1), Site::Behind(b)),
                (NodeId(2), Site::Public),
                (NodeId(3), Site::Public),
            ]
            .into(),
            extra: [(NodeId(2), 1)].into(),
            ..NatConfig::default()
        };
        Self::new(&config, 4)
    }

    fn local(&self, node: u32, port: u16) -> Endpoint {
        Endpoint::new(self.boxes.plan().seat(NodeId(node)).1, port)
    }

    fn wan(&self, node: u32) -> Ip {
        let plan = self.boxes.plan();
        plan.device_of(NodeId(node)).map_or(self.local(node, 0).ip, |device| self.boxes.wan(device))
    }

    /// Only as far as the sender's own devices: what a packet with a short time to live does. The source as the core sees it.
    fn launch(&mut self, node: u32, src: Endpoint, dst: Endpoint) -> Result<Header, Stop> {
        let mut header = Header { src, dst, ttl: 64 };
        self.boxes.outward(SEED, at(self.now), NodeId(node), false, &mut header, |_| true).map(|_| header)
    }

    /// All the way: who gets it, and the header it gets.
    fn send(&mut self, node: u32, src: Endpoint, dst: Endpoint) -> Result<(NodeId, Header), Stop> {
        let mut header = self.launch(node, src, dst)?;
        self.boxes.inward(at(self.now), false, &mut header).map(|node| (node, header))
    }
}

#[test]
fn addresses_are_unique_and_find_their_owners() {
    let config = NatConfig {
        hosts: 3,
        firewall: 0.3,
        carrier: Some(Carrier {
            share: 0.5,
            homes: 4,
            device: NatDevice { pool: 5, ..NatDevice::new(Eim, Apdf, Random) },
        }),
        extra: [(NodeId(7), 3)].into(),
        sites: [(NodeId(7), Site::Public)].into(),
        ..NatConfig::population(Population::A, 0.7)
    };
    let mut world = World::new(&config, 1_000);
    let mut seen = std::collections::BTreeSet::new();
    for node in 0..1_000 {
        assert!(seen.insert(world.local(node, 0).ip), "{node}");
    }
    let extra: Vec<Ip> = world.boxes.plan().extra_of(NodeId(7)).collect();
    assert_eq!(extra.len(), 3);
    assert!(extra.iter().all(|ip| seen.insert(*ip) && !ip.is_private()));
    for device in 0..world.boxes.plan().spots.len() as u32 {
        let spot = world.boxes.plan().spots[device as usize];
        let (wan, pool) = (world.boxes.wan(device), world.boxes.model(device).pool);
        for ip in (wan.0..wan.0 + u32::from(pool)).map(Ip) {
            assert_eq!(ip.is_private(), spot.parent.is_some());
            assert!(spot.firewall || seen.insert(ip), "{spot:?}");
            assert_eq!(world.boxes.plan().owner_anywhere(ip), Some(Owner::Device(device)));
        }
    }
    // Everybody is reachable where it may be: the extra addresses, too.
    for ip in extra {
        let src = world.local(0, 9);
        assert_eq!(world.send(0, src, Endpoint::new(ip, 80)).map(|(node, _)| node), Ok(NodeId(7)));
    }
}

/// Shares of sites and kinds among 100,000 nodes: within five standard errors each (1 in 2 million per share).
#[test]
fn populations_have_their_shares() {
    let n = 100_000;
    for population in [Population::A, Population::B] {
        let config = NatConfig::population(population, 0.8);
        let world = World::new(&config, n);
        let plan = world.boxes.plan();
        let mut counts = vec![0_u32; config.kinds.len()];
        plan.spots.iter().for_each(|spot| counts[usize::from(spot.kind)] += 1);
        let behind: u32 = counts.iter().sum();
        let near = |count: u32, of: f64, share: f64| {
            (f64::from(count) - of * share).abs() <= 5.0 * (of * share * (1.0 - share)).sqrt()
        };
        assert!(near(behind, n as f64, 0.8), "{behind}");
        for (kind, &count) in config.kinds.iter().zip(&counts) {
            assert!(near(count, f64::from(behind), kind.share), "{kind:?}: {count} of {behind}");
        }
    }
}

/// Who is behind what is named by the node: more nodes, or a greater share, leave it to the others.
#[test]
fn places_are_named_by_identity() {
    let kind = |share, nodes: usize| {
        let world = World::new(&NatConfig::population(Population::A, share), nodes);
        let kind = |node| {
            let plan = world.boxes.plan();
            plan.device_of(NodeId::from(node)).map(|device| plan.spots[device as usize].kind)
        };
        (0..500).map(kind).collect::<Vec<_>>()
    };
    let few = kind(0.4, 500);
    assert_eq!(few, kind(0.4, 5_000));
    let more = kind(0.6, 500);
    assert!(few.iter().zip(&more).all(|(few, more)| few.is_none() || few == more));
}

#[test]
fn firewalls_filter_and_translate_nothing() {
    for (filtering, asked_by_port, unasked) in [(Apdf, false, false), (Adf, true, false), (Eif, true, true)] {
        // A mapping that would change every port: a firewall does not.
        let device = NatDevice::new(Apdm, filtering, Random);
        let config = NatConfig {
            kinds: vec![NatKind { share: 1.0, device }],
            sites: [(NodeId(0), Site::Firewalled(0))].into(),
            ..NatConfig::default()
        };
        let mut world = World::new(&config, 3);
        let (guarded, server, stranger) = (world.local(0, 500), world.local(1, 80), world.local(2, 80));
        assert_eq!(world.wan(0), guarded.ip);
        assert_eq!(world.send(1, server, guarded), Err(Stop::Refused(Refusal::Filtered)));
        let (node, header) = world.send(0, guarded, server).unwrap();
        assert_eq!((node, header.src), (NodeId(1), guarded));
        assert_eq!(world.send(1, server, guarded).map(|(node, h)| (node, h.dst)), Ok((NodeId(0), guarded)));
        assert_eq!(world.send(1, Endpoint::new(server.ip, 81), guarded).is_ok(), asked_by_port);
        assert_eq!(world.send(2, stranger, guarded).is_ok(), unasked);
        assert_eq!(world.launch(0, stranger, server), Err(Stop::Forged));
    }
}

#[test]
fn a_moved_device_is_found_at_its_new_address_only() {
    let mut world = World::pair(Population::A.kinds(), 0, 1);
    let (inner, server) = (world.local(0, 500), world.local(2, 80));
    let (_, header) = world.send(0, inner, server).unwrap();
    let old = header.src;
    assert!(world.send(2, server, old).is_ok());
    world.boxes.rebind(&[NodeId(0)], false, true);
    assert_eq!(world.send(2, server, old), Err(Stop::Unroutable));
    let (_, header) = world.send(0, inner, server).unwrap();
    assert!(header.src.ip == world.wan(0) && header.src.ip != old.ip);
    assert_eq!(world.send(2, server, header.src).map(|(node, _)| node), Ok(NodeId(0)));
}

/// One side's socket: where it sits, and what its peer is told about it (the address for a symmetric device, whose port
/// nobody knows).
fn socket(world: &mut World, node: u32, kind: u16) -> (Endpoint, Endpoint) {
    let local = world.local(node, 500 + node as u16);
    let asked = world.local(2, 80);
    let seen = world.send(node, local, asked).map(|(_, header)| header.src).unwrap();
    // The port rule: devices that preserve ports keep the local one, the others that of the query.
    let port = if matches!(kind, 3 | 4) { local.port } else { seen.port };
    (local, Endpoint::new(seen.ip, port))
}

/// Whether a packet from one side is answered through what the other side sees of it.
fn meets(world: &mut World, from: (u32, Endpoint), to: (u32, Endpoint), told: Endpoint) -> bool {
    let Ok((node, header)) = world.send(from.0, from.1, told) else { return false };
    assert_eq!(node, NodeId(to.0));
    world.send(to.0, to.1, header.src).is_ok_and(|(node, _)| node == NodeId(from.0))
}

/// The pairwise matrix of hole punching follows from the devices alone (specification §6.5, V15). When both have opened
/// their door before anything arrives: all pairs but the symmetric device with those that filter by port. When the first one's
/// packet arrives before the other has sent: besides, none of those that filter by port reaches the device that records.
#[test]
fn reachability_follows_from_the_devices() {
    let filters_by_port = |kind| matches!(kind, 2..=4);
    for a in 0..6_u16 {
        for b in 0..6_u16 {
            let symmetric = (a == 5 && (b == 5 || filters_by_port(b))) || (b == 5 && filters_by_port(a));
            for sequential in [false, true] {
                let mut world = World::pair(Population::A.kinds(), a, b);
                let (inner_a, told_a) = socket(&mut world, 0, a);
                let (inner_b, told_b) = socket(&mut world, 1, b);
                world.now += 1;
                if sequential {
                    // Arrives, and is refused unless b lets everybody in.
                    let _ = world.send(0, inner_a, told_b);
                } else {
                    world.launch(0, inner_a, told_b).unwrap();
                }
                world.now += 1;
                world.launch(1, inner_b, told_a).unwrap();
                world.now += 1;
                let there = meets(&mut world, (0, inner_a), (1, inner_b), told_b);
                let back = meets(&mut world, (1, inner_b), (0, inner_a), told_a);
                let collides = sequential && b == 4 && filters_by_port(a);
                assert_eq!(there || back, !symmetric && !collides, "d{} d{} {sequential}", a + 1, b + 1);
            }
        }
    }
}

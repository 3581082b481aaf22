//! One device at a time: mapping, allocation, filters, timeouts, records, bounds.

use astrarium_node::{Endpoint, Ip, Seed, Span};

use super::device::{Device, Luck, Refusal};
use super::table::Outer;
use super::{Allocation, Filtering, Fragments, Mapping, NatDevice, Pooling};

mod network;
mod reference;

pub(super) use Allocation::{Preserve, Random, Sequential};
pub(super) use Filtering::{
    AddressAndPortDependent as Apdf, AddressDependent as Adf, EndpointIndependent as Eif,
};
pub(super) use Mapping::{
    AddressAndPortDependent as Apdm, AddressDependent as Adm, Conntrack, EndpointIndependent as Eim,
};

const WAN: Ip = Ip(0x0100_0001);
const SECOND: u64 = 1_000_000_000;

const fn inside(host: u32, port: u16) -> Endpoint {
    Endpoint::new(Ip(0x0a00_0000 + host), port)
}

const fn world(host: u32, port: u16) -> Endpoint {
    Endpoint::new(Ip(0x0500_0000 + host), port)
}

/// A device of one kind, with times in seconds.
struct Bench {
    model: NatDevice,
    device: Device,
}

impl Bench {
    fn new(model: NatDevice) -> Self {
        Self { model, device: Device::new(WAN) }
    }

    fn of(mapping: Mapping, filtering: Filtering, allocation: Allocation) -> Self {
        Self::new(NatDevice::new(mapping, filtering, allocation))
    }

    fn out(&mut self, s: u64, inner: Endpoint, dst: Endpoint) -> Result<u16, Refusal> {
        let source = self.source(s, inner, dst)?;
        assert_eq!(source.ip, WAN);
        Ok(source.port)
    }

    fn source(&mut self, s: u64, inner: Endpoint, dst: Endpoint) -> Result<Endpoint, Refusal> {
        self.device.outward(&self.model, s * SECOND, inner, dst, LUCK)
    }

    fn port(&mut self, s: u64, inner: Endpoint, dst: Endpoint) -> u16 {
        self.out(s, inner, dst).unwrap()
    }

    fn comes_in(&mut self, s: u64, src: Endpoint, port: u16) -> Result<Endpoint, Refusal> {
        self.comes_to(s, src, Endpoint::new(WAN, port))
    }

    fn comes_to(&mut self, s: u64, src: Endpoint, dst: Endpoint) -> Result<Endpoint, Refusal> {
        let outer: Outer = self.device.own(&self.model, dst).unwrap();
        let inner = self.device.inward(&self.model, s * SECOND, src, outer)?;
        self.device.admitted(&self.model, s * SECOND, src, outer);
        Ok(inner)
    }
}

const LUCK: Luck = Luck { seed: Seed(4), name: 0 };

/// Which of three mappings (another port of the same peer, another peer, another inner socket) reuse the port of the first.
#[test]
fn mappings_depend_on_what_they_say() {
    for (mapping, same) in [
        (Eim, [true, true, false]),
        (Adm, [true, false, false]),
        (Apdm, [false, false, false]),
        (Conntrack, [false, false, false]),
    ] {
        let mut bench = Bench::of(mapping, Apdf, Random);
        let first = bench.port(0, inside(1, 500), world(1, 80));
        let others = [
            bench.port(1, inside(1, 500), world(1, 81)),
            bench.port(1, inside(1, 500), world(2, 80)),
            bench.port(1, inside(1, 501), world(1, 80)),
        ];
        assert_eq!(others.map(|port| port == first), same, "{mapping:?}");
        assert_eq!(bench.port(2, inside(1, 500), world(1, 80)), first, "the mapping lives");
    }
}

/// The preserving devices keep a port as long as nobody else holds it – conntrack as long as the reply tuple is free.
#[test]
fn preserved_ports_are_given_once() {
    for (mapping, keeps_towards_another) in [(Eim, false), (Apdm, false), (Conntrack, true)] {
        let mut bench = Bench::of(mapping, Apdf, Preserve);
        assert_eq!(bench.port(0, inside(1, 500), world(1, 80)), 500);
        assert_ne!(bench.port(0, inside(2, 500), world(1, 80)), 500, "{mapping:?}");
        let other = bench.port(0, inside(3, 500), world(2, 80));
        assert_eq!(other == 500, keeps_towards_another, "{mapping:?}");
        // A dead mapping holds nothing.
        assert_eq!(bench.port(31, inside(4, 500), world(1, 80)), 500);
    }
}

#[test]
fn sequential_ports_step_and_wrap() {
    let mut bench = Bench::of(Apdm, Apdf, Sequential { step: 2 });
    let mut port = |host| bench.port(0, inside(1, 500), world(host, 80));
    assert_eq!([port(1), port(2), port(3)], [1025, 1027, 1029]);
    let mut bench = Bench::new(NatDevice { max_entries: 40_000, ..bench.model });
    let ports: Vec<u16> = (0..32_300).map(|host| bench.port(0, inside(1, 500), world(host, 80))).collect();
    let end = ports.iter().position(|&port| port == 65_535).unwrap();
    assert_eq!(ports[end + 1], 1025, "ports of the same inner socket are not taken from itself");
}

/// Who gets in – the peer's socket, another port of the peer, a stranger – once the inner socket has sent to the peer.
#[test]
fn filters_let_in_whom_they_say() {
    for (mapping, filtering, let_in) in [
        (Eim, Eif, [true, true, true]),
        (Eim, Adf, [true, true, false]),
        (Eim, Apdf, [true, false, false]),
        (Adm, Eif, [true, true, true]),
        (Adm, Adf, [true, true, false]),
        (Adm, Apdf, [true, false, false]),
        (Apdm, Eif, [true, true, true]),
        (Apdm, Adf, [true, true, false]),
        (Apdm, Apdf, [true, false, false]),
        (Conntrack, Apdf, [true, false, false]),
        // The reply tuple decides.
        (Conntrack, Eif, [true, false, false]),
    ] {
        let mut bench = Bench::of(mapping, filtering, Random);
        let port = bench.port(0, inside(1, 500), world(1, 80));
        let mut tries = |src| bench.comes_in(1, src, port) == Ok(inside(1, 500));
        let got = [tries(world(1, 80)), tries(world(1, 81)), tries(world(2, 80))];
        assert_eq!(got, let_in, "{mapping:?} {filtering:?}");
        assert_eq!(bench.comes_in(1, world(1, 80), port ^ 1), Err(Refusal::Filtered), "nobody has this port");
    }
}

#[test]
fn mappings_live_as_long_as_they_say() {
    let bench = || Bench::of(Eim, Apdf, Random);
    let (inner, peer) = (inside(1, 500), world(1, 80));
    // Nothing came back: 30 s.
    let mut new = bench();
    let port = new.port(0, inner, peer);
    assert!(new.comes_in(29, peer, port).is_ok());
    // Something did: 120 s from the last packet, either way.
    assert!(new.comes_in(148, peer, port).is_ok());
    assert_eq!(new.port(267, inner, peer), port);
    assert_eq!(new.comes_in(387, peer, port), Err(Refusal::Filtered), "267 s + 120 s is dead");
    assert_ne!(new.port(387, inner, peer), port);
    // What goes out refreshes an unanswered mapping for 30 s again.
    let mut new = bench();
    let port = new.port(0, inner, peer);
    assert_eq!((new.port(29, inner, peer), new.port(58, inner, peer)), (port, port));
    assert_eq!(new.comes_in(88, peer, port), Err(Refusal::Filtered));
    // Without refreshing by what comes in, an answer makes the next refresh longer, and nothing else.
    let mut outward_only = Bench::new(NatDevice { refresh_in: false, ..bench().model });
    let port = outward_only.port(0, inner, peer);
    assert!(outward_only.comes_in(10, peer, port).is_ok());
    assert_eq!(outward_only.comes_in(30, peer, port), Err(Refusal::Filtered));
    let port = outward_only.port(40, inner, peer);
    assert!(outward_only.comes_in(50, peer, port).is_ok());
    assert_eq!(outward_only.port(60, inner, peer), port);
    assert!(outward_only.comes_in(179, peer, port).is_ok());
    assert_eq!(outward_only.comes_in(180, peer, port), Err(Refusal::Filtered));
}

/// The side effect that spoils port prediction: a packet that is not let in takes the reply tuple for 30 s.
#[test]
fn a_record_of_an_unsolicited_packet_moves_the_port() {
    for (record_unsolicited, moved) in [(false, false), (true, true)] {
        let model = NatDevice { record_unsolicited, ..NatDevice::new(Conntrack, Apdf, Preserve) };
        let mut bench = Bench::new(model);
        let (inner, peer) = (inside(1, 500), world(1, 80));
        assert_eq!(bench.comes_in(0, peer, 500), Err(Refusal::Filtered));
        assert_eq!(bench.comes_in(20, peer, 500), Err(Refusal::Filtered));
        assert_eq!(bench.port(25, inner, world(1, 81)), 500, "another socket of the peer");
        // The second packet has refreshed the record.
        assert_eq!(bench.port(49, inner, peer) != 500, moved);
        assert_eq!(
            bench.port(50, inside(2, 500), peer) != 500,
            !moved,
            "after 30 s it is free, if nobody took it"
        );
    }
}

#[test]
fn explicit_mappings_are_open_to_all_and_for_ever() {
    let mut bench = Bench::of(Conntrack, Apdf, Preserve);
    bench.device.fixed.push((4000, inside(1, 4000)));
    assert_eq!(bench.comes_in(1_000_000, world(9, 9), 4000), Ok(inside(1, 4000)));
    assert_eq!(bench.port(5, inside(1, 4000), world(1, 80)), 4000);
    assert_ne!(bench.port(5, inside(2, 4000), world(1, 80)), 4000, "its port is taken for ever");
    bench.device.reboot();
    assert_eq!(bench.comes_in(2_000_000, world(9, 9), 4000), Ok(inside(1, 4000)));
}

/// Paired: one outer address for each inner one. Arbitrary: any, and each socket's port is its own on its address.
#[test]
fn pools_of_addresses_are_used_as_they_say() {
    for (pooling, most) in [(Pooling::Paired, 1), (Pooling::Arbitrary, 8)] {
        let mut bench = Bench::new(NatDevice { pool: 8, pooling, ..NatDevice::new(Apdm, Apdf, Preserve) });
        let mut used = std::collections::BTreeSet::new();
        for host in 1..=20 {
            let mut mine = std::collections::BTreeSet::new();
            for peer in 1..=60 {
                let source = bench.source(0, inside(host, 500), world(peer, 80)).unwrap();
                assert_eq!(bench.comes_to(1, world(peer, 80), source), Ok(inside(host, 500)));
                mine.insert(source.ip);
            }
            // Of 60 draws of 8 some address is missed with probability 8·(7/8)^60 = 0.3 %; the draws are fixed.
            assert_eq!(mine.len(), most, "{pooling:?}");
            used.extend(mine);
        }
        assert!(used.len() >= 7 && used.iter().all(|ip| (WAN.0..WAN.0 + 8).contains(&ip.0)), "{used:?}");
        assert_eq!(bench.device.own(&bench.model, Endpoint::new(Ip(WAN.0 + 8), 1)), None);
    }
}

#[test]
fn tables_are_bounded() {
    let mut bench = Bench::new(NatDevice {
        max_entries: 3,
        record_unsolicited: true,
        ..NatDevice::new(Eim, Apdf, Random)
    });
    // Peers of one mapping: the fourth has no place until the first three have been silent for the life of a stream.
    let out: Vec<_> =
        (1..=4).map(|host| bench.out(u64::from(host), inside(1, 1), world(host, 1)).is_ok()).collect();
    assert_eq!(out, [true, true, true, false]);
    for s in [20, 40, 60, 80, 100, 120] {
        bench.port(s, inside(1, 1), world(3, 1));
    }
    assert_eq!(bench.out(120, inside(1, 1), world(4, 1)), Err(Refusal::TableFull));
    let port = bench.port(121, inside(1, 1), world(4, 1));
    assert_eq!(bench.comes_in(121, world(1, 1), port), Err(Refusal::Filtered), "forgotten");
    assert!(bench.comes_in(121, world(3, 1), port).is_ok());
    // Mappings, and records.
    bench.port(122, inside(2, 1), world(1, 1));
    bench.port(123, inside(3, 1), world(1, 1));
    assert_eq!(bench.out(124, inside(4, 1), world(1, 1)), Err(Refusal::TableFull));
    assert!(bench.out(152, inside(4, 1), world(1, 1)).is_ok(), "the second has died");
    for n in 0..100 {
        assert_eq!(bench.comes_in(153, world(n, n as u16), 7), Err(Refusal::Filtered));
    }
    let (entries, records, _) = bench.device.table.kept();
    assert_eq!((entries, records), (3, 3));
}

/// Every port is given to one inner socket at most, and the device gives up instead of searching for ever.
#[test]
fn ports_run_out() {
    let mut bench = Bench::new(NatDevice { max_entries: 100_000, ..NatDevice::new(Eim, Eif, Random) });
    let mut held = std::collections::BTreeSet::new();
    let refused =
        (0..64_513_u32).find_map(|n| match bench.out(0, inside(n / 1000, (n % 1000) as u16), world(1, 1)) {
            Ok(port) => {
                assert!(held.insert(port) && port >= 1024, "{port}");
                None
            }
            Err(why) => Some(why),
        });
    assert_eq!(refused, Some(Refusal::NoPort));
    assert!(held.len() > 60_000, "{}", held.len());
}

#[test]
fn impossible_devices_are_refused() {
    use super::{NatConfig, NatKind, Population, Site};
    use astrarium_node::NodeId;
    let why = |nat: NatConfig| nat.check(10).unwrap_err().to_string();
    let device = NatDevice::new(Eim, Eif, Random);
    let kinds = |device| vec![NatKind { share: 1.0, device }];
    let of = |device| NatConfig { kinds: kinds(device), share: 1.0, ..NatConfig::default() };
    assert!(why(of(NatDevice { allocation: Sequential { step: 0 }, ..device })).contains("adds 0"));
    assert!(why(of(NatDevice { max_entries: 0, ..device })).contains("room"));
    assert!(why(of(NatDevice { pool: 0, ..device })).contains("with 0 outer addresses"));
    assert!(why(of(NatDevice { timeout_new: Span::ZERO, ..device })).contains("timeout of zero"));
    assert!(why(NatConfig { share: 1.5, ..of(device) }).starts_with("network.nat.share = 1.5"));
    assert!(why(NatConfig { hosts: 0, ..of(device) }).starts_with("network.nat.hosts = 0"));
    assert!(why(NatConfig { kinds: vec![], ..of(device) }).contains("of no kind"));
    let half = vec![NatKind { share: 0.5, device }];
    assert!(why(NatConfig { kinds: half, ..of(device) }).contains("sum to 0.5"));
    let site = |node, site| NatConfig { sites: [(NodeId(node), site)].into(), ..of(device) };
    assert!(why(site(10, Site::Public)).contains("there are 10 nodes"));
    assert!(why(site(1, Site::Behind(1))).contains("names kind 1"));
    assert!(why(NatConfig { extra: [(NodeId(1), 1)].into(), ..of(device) }).contains("as public"));
    assert!(
        why(NatConfig { mapped: 0.5, mapped_port: 65_535, hosts: 2, ..of(device) }).contains("mapped_port")
    );
    for population in [Population::A, Population::B] {
        assert_eq!(NatConfig::population(population, 0.8).check(10), Ok(()));
    }
    assert_eq!(device.fragments, Fragments::Reassemble);
}

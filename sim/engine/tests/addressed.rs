//! Addressed messages: translation both ways, hops to live, hairpin, carriers, fragments, forged sources, rebinding, snapshots.

mod common;

use std::sync::Arc;

use astrarium_engine::{Builder, Fault, FaultAction, Honest, RunOptions, Simulation};
use astrarium_net::{
    Allocation, Carrier, Disturbance, Fidelity, Filtering, Fragments, LatencyModel, LossModel, Mapping,
    Modelled, NatConfig, NatDevice, NatKind, NetConfig, Population, Site,
};
use astrarium_node::{NodeId, Seed, Span, Time};
use common::post::{Log, Packet, Post, at, packet};
use common::{Plan, built, ms};

type Run = Simulation<Post, Modelled, Honest, Log, Plan<Post>>;

const CONE: NatDevice =
    NatDevice::new(Mapping::EndpointIndependent, Filtering::AddressAndPortDependent, Allocation::Preserve);

/// Four hosts, 10 ms apart: 0 is public, the others as `sites` says.
fn config(device: NatDevice, sites: &[(u32, Site)]) -> NetConfig {
    let sites = sites.iter().map(|&(node, site)| (NodeId(node), site)).collect();
    NetConfig {
        latency: LatencyModel::Constant(Span::from_millis(10)),
        nat: NatConfig { kinds: vec![NatKind { share: 1.0, device }], sites, ..NatConfig::default() },
        ..NetConfig::new(4)
    }
}

fn behind(device: NatDevice) -> NetConfig {
    config(device, &[(1, Site::Behind(0)), (2, Site::Behind(0)), (3, Site::Behind(0))])
}

/// Runs packets, each sent by a node at a time.
fn run(config: &NetConfig, faults: Vec<Fault>, packets: &[(Time, u32, Packet)]) -> Run {
    let mut run = Builder::new(config.nodes, Seed(5), built(config.clone(), Seed(5)), |_| Post)
        .observer(Log::default())
        .workload(Plan::new(packets.iter().copied()))
        .faults(faults)
        .build();
    run.run_until(ms(600_000));
    let traffic = run.network().traffic();
    assert_eq!(traffic.in_flight(), 0, "every piece is delivered or dropped for one cause: {traffic:?}");
    run
}

/// Who got what, in order.
fn got(run: &Run) -> Vec<(u64, u32, u32)> {
    let row = |(at, node, packet): &(Time, NodeId, Packet)| (at.as_nanos() / 1_000_000, node.0, packet.tag);
    run.observer().0.iter().map(row).collect()
}

#[test]
fn a_question_goes_out_translated_and_its_answer_comes_back() {
    let config = behind(CONE);
    let net = built(config.clone(), Seed(5));
    let (inner, outer) = (at(net.local_ip(NodeId(1)), 500), at(net.public_ip(NodeId(1)), 500));
    let server = at(net.public_ip(NodeId(0)), 80);
    assert!(inner.ip.is_private() && !outer.ip.is_private() && net.local_ip(NodeId(0)) == server.ip);
    let run = run(&config, vec![], &[(ms(1), 1, packet(7, inner, server))]);
    assert_eq!(got(&run), [(11, 0, 7), (21, 1, 7)]);
    let headers: Vec<_> = run.observer().0.iter().map(|(.., packet)| packet.header).collect();
    // One hop to the outside and 8 through the core; on the way back likewise.
    assert_eq!((headers[0].src, headers[0].dst, headers[0].ttl), (outer, server, 119));
    assert_eq!((headers[1].src, headers[1].dst, headers[1].ttl), (server, inner, 119));
}

#[test]
fn nothing_comes_in_unasked_and_forged_sources_do_not_get_out() {
    let config = behind(CONE);
    let net = built(config.clone(), Seed(5));
    let victim = at(net.public_ip(NodeId(1)), 500);
    let server = at(net.public_ip(NodeId(0)), 80);
    let inner = at(net.local_ip(NodeId(1)), 500);
    let stranger = at(net.public_ip(NodeId(2)), 9);
    let run = run(
        &config,
        vec![],
        &[
            (ms(1), 0, packet(1, server, victim)),
            // A host with an address of its own may lie about it, a host behind a device may not.
            (ms(2), 0, packet(2, stranger, victim)),
            (ms(3), 2, packet(3, server, victim)),
            // After the victim has sent, the server gets in, and whoever pretends to be it.
            (ms(100), 1, Packet { answer: false, ..packet(4, inner, server) }),
            (ms(200), 0, Packet { answer: false, ..packet(5, server, victim) }),
            (ms(300), 0, packet(6, at(server.ip, 81), victim)),
            // Nobody has this address.
            (ms(400), 0, packet(7, server, at(net.local_ip(NodeId(1)), 500))),
        ],
    );
    assert_eq!(got(&run), [(110, 0, 4), (210, 1, 5)]);
    let drops = run.network().traffic().drops;
    assert_eq!((drops.filtered, drops.forged, drops.unroutable), (3, 1, 1));
    assert_eq!(drops.total(), 5);
}

#[test]
fn a_packet_that_expires_on_the_way_opens_its_own_door_only() {
    let config = behind(CONE);
    let net = built(config.clone(), Seed(5));
    let sock = |node: u32| (at(net.local_ip(NodeId(node)), 500), at(net.public_ip(NodeId(node)), 500));
    let ((inner, outer), (other, far)) = (sock(1), sock(2));
    let ttl = |ttl, tag, from, to| {
        let mut packet = Packet { answer: false, ..packet(tag, from, to) };
        packet.header.ttl = ttl;
        packet
    };
    let run = run(
        &config,
        vec![],
        &[
            (ms(1), 1, ttl(1, 1, inner, far)),
            // No mapping was made, so nothing comes back.
            (ms(100), 2, ttl(128, 2, other, outer)),
            (ms(200), 1, ttl(2, 3, inner, far)),
            (ms(300), 2, ttl(128, 4, other, outer)),
            // 1 hop out, 8 through the core, 1 in: 9 do not reach the far device, 10 do and are not forwarded, 11 arrive.
            (ms(400), 2, ttl(9, 5, other, outer)),
            (ms(500), 2, ttl(10, 6, other, outer)),
            (ms(600), 2, ttl(11, 7, other, outer)),
        ],
    );
    assert_eq!(got(&run), [(310, 1, 4), (610, 1, 7)]);
    let drops = run.network().traffic().drops;
    assert_eq!((drops.expired, drops.filtered), (4, 1));
}

#[test]
fn hosts_of_a_site_meet_at_home_or_by_hairpin() {
    let shared = |device| {
        let base = behind(device);
        NetConfig { nat: NatConfig { hosts: 4, ..base.nat.clone() }, ..base }
    };
    for (hairpin, through) in [(false, 0), (true, 1)] {
        let config = shared(NatDevice { hairpin, filtering: Filtering::EndpointIndependent, ..CONE });
        let net = built(config.clone(), Seed(5));
        assert_eq!(net.public_ip(NodeId(1)), net.public_ip(NodeId(2)));
        let (one, two) = (at(net.local_ip(NodeId(1)), 500), at(net.local_ip(NodeId(2)), 500));
        let server = at(net.public_ip(NodeId(0)), 80);
        let ask = |tag, from, to| Packet { answer: false, ..packet(tag, from, to) };
        let run = run(
            &config,
            vec![],
            &[
                (ms(1), 1, ask(1, one, two)),
                (ms(100), 1, ask(2, one, server)),
                // Its port is taken by the other host, so it gets another one.
                (ms(200), 2, ask(3, two, server)),
                (ms(300), 2, ask(4, two, at(net.public_ip(NodeId(1)), 500))),
            ],
        );
        let tags: Vec<u32> = run.observer().0.iter().map(|(.., packet)| packet.tag).collect();
        assert_eq!(tags[..3], [1, 2, 3]);
        assert_eq!(tags.len(), 3 + through);
        let headers: Vec<_> = run.observer().0.iter().map(|(.., packet)| packet.header).collect();
        assert_eq!((headers[0].src, headers[0].ttl), (one, 128), "no device between them");
        assert!(headers[1].src.port == 500 && headers[2].src.port != 500);
        assert_eq!(run.network().traffic().drops.hairpin, 1 - through as u64);
        if hairpin {
            // The source is the outer one, as a peer elsewhere would see it; two hops, none through the core.
            assert_eq!((headers[3].src, headers[3].dst, headers[3].ttl), (headers[2].src, one, 126));
        }
    }
}

#[test]
fn a_carriers_device_nests_those_of_homes() {
    let base = behind(CONE);
    let device = NatDevice { hops: 3, ..CONE };
    let nat = NatConfig { carrier: Some(Carrier { share: 1.0, homes: 4, device }), ..base.nat.clone() };
    let config = NetConfig { nat, ..base };
    let net = built(config.clone(), Seed(5));
    assert_eq!(net.translated(NodeId(1)), (true, true));
    assert_eq!(net.public_ip(NodeId(1)), net.public_ip(NodeId(3)));
    let server = at(net.public_ip(NodeId(0)), 80);
    let from = |node: u32, tag| packet(tag, at(net.local_ip(NodeId(node)), 500), server);
    let run = run(&config, vec![], &[(ms(1), 1, from(1, 1)), (ms(2), 2, from(2, 2))]);
    assert_eq!(got(&run), [(11, 0, 1), (12, 0, 2), (21, 1, 1), (22, 2, 2)]);
    let headers: Vec<_> = run.observer().0.iter().map(|(.., packet)| packet.header).collect();
    assert_eq!(headers[0].src.ip, headers[1].src.ip);
    assert_ne!(headers[0].src.port, headers[1].src.port, "the carrier's device shares one address");
    // 1 + 3 hops out, 8 through the core; and back.
    assert!(headers.iter().all(|header| header.ttl == 116));
    assert_eq!(headers[2].dst, at(net.local_ip(NodeId(1)), 500));
}

#[test]
fn fragments_are_translated_whole_or_dropped() {
    for fidelity in [Fidelity::Message, Fidelity::Packet] {
        for (fragments, arrive) in [(Fragments::Reassemble, true), (Fragments::Drop, false)] {
            let config = NetConfig { fidelity, ..behind(NatDevice { fragments, ..CONE }) };
            let net = built(config.clone(), Seed(5));
            let inner = at(net.local_ip(NodeId(1)), 500);
            let server = at(net.public_ip(NodeId(0)), 80);
            let big = Packet { bytes: 4000, ..packet(1, inner, server) };
            let run = run(&config, vec![], &[(ms(1), 1, big)]);
            assert_eq!(got(&run).len(), if arrive { 2 } else { 0 }, "{fidelity:?} {fragments:?}");
            let pieces = if fidelity == Fidelity::Packet { 3 } else { 1 };
            assert_eq!(run.network().traffic().drops.fragment, if arrive { 0 } else { pieces });
        }
    }
    // The far side's device drops them too.
    let config =
        NetConfig { fidelity: Fidelity::Packet, ..behind(NatDevice { fragments: Fragments::Drop, ..CONE }) };
    let net = built(config.clone(), Seed(5));
    let inner = at(net.local_ip(NodeId(1)), 500);
    let (server, outer) = (at(net.public_ip(NodeId(0)), 80), at(net.public_ip(NodeId(1)), 500));
    let open = Packet { answer: false, ..packet(1, inner, server) };
    let big = Packet { bytes: 4000, ..packet(2, server, outer) };
    let run = run(&config, vec![], &[(ms(1), 1, open), (ms(50), 0, big)]);
    assert_eq!(got(&run), [(11, 0, 1)]);
    assert_eq!(run.network().traffic().drops.fragment, 1);
}

#[test]
fn mappings_die_and_rebinding_kills_them() {
    let config = behind(NatDevice { allocation: Allocation::Random, ..CONE });
    let net = built(config.clone(), Seed(5));
    let inner = at(net.local_ip(NodeId(1)), 500);
    let server = at(net.public_ip(NodeId(0)), 80);
    let ask = |at: u64, tag| (ms(at), 1, packet(tag, inner, server));
    let fault = |moved| Fault {
        id: "rebind".into(),
        at: ms(1_000),
        until: None,
        action: FaultAction::Disturb(Disturbance::Rebind {
            nodes: Arc::from([NodeId(1)]),
            carrier: false,
            moved,
        }),
    };
    let sources = |faults, packets: &[_]| {
        let run = run(&config, faults, packets);
        let at_server = run.observer().0.iter().filter(|(_, node, _)| node.0 == 0);
        let sources: Vec<_> = at_server.map(|(.., packet)| packet.header.src).collect();
        let answers = run.observer().0.len() - sources.len();
        (sources, answers)
    };
    // Answered at 21 ms, the mapping lives for 120 s from the last packet either way.
    let (calm, _) = sources(vec![], &[ask(1, 1), ask(120_000, 2), ask(240_100, 3)]);
    assert!(calm[0] == calm[1] && calm[1] != calm[2]);
    let (rebooted, answers) = sources(vec![fault(false)], &[ask(1, 1), ask(995, 2), ask(2_000, 3)]);
    assert_eq!((rebooted[0], answers), (rebooted[1], 2), "the answer that was under way is lost");
    assert!(rebooted[2].ip == rebooted[0].ip && rebooted[2].port != rebooted[0].port);
    let (moved, _) = sources(vec![fault(true)], &[ask(1, 1), ask(995, 2), ask(2_000, 3)]);
    assert_ne!(moved[2].ip, moved[0].ip);
}

/// Everybody asks everybody in a population under loss: the digest does not depend on where a snapshot was taken, on the
/// queue, or on the seed of hash maps.
#[test]
fn snapshots_and_map_seeds_change_nothing() {
    let digest = |snapshot_at, map_seed| {
        astrarium_node::collections::set_map_seed(map_seed);
        let nat = NatConfig {
            hosts: 3,
            carrier: Some(Carrier { share: 0.5, homes: 4, device: CONE }),
            firewall: 0.5,
            ..NatConfig::population(Population::A, 0.8)
        };
        let config = NetConfig {
            nat,
            loss: LossModel::Bernoulli { p: 0.05 },
            fidelity: Fidelity::Packet,
            duplicate: 0.05,
            ..NetConfig::new(60)
        };
        let net = built(config, Seed(9));
        let packets: Vec<_> = (0..3_000_u32)
            .map(|i| {
                let (from, to) = (NodeId(i * 7 % 60), NodeId((i * 13 + 1) % 60));
                let (src, dst) = (at(net.local_ip(from), 500), at(net.public_ip(to), 500));
                let packet = packet(i, src, dst);
                (ms(u64::from(i) * 20), from.0, Packet { bytes: 100 + i % 5 * 1000, ..packet })
            })
            .collect();
        let mut run = Builder::new(60, Seed(9), net, |_| Post)
            .observer(Log::default())
            .workload(Plan::new(packets))
            .options(RunOptions { snapshot_at, ..RunOptions::default() })
            .build();
        run.run_until(Time::MAX);
        let traffic = *run.network().traffic();
        assert!(traffic.in_flight() == 0 && traffic.drops.filtered > 100 && run.observer().0.len() > 500);
        (run.digest(), run.observer().0.len(), traffic)
    };
    let plain = digest(None, 0);
    for (snapshot_at, map_seed) in [(Some(1_000), 0), (Some(4_321), 0), (None, 77)] {
        assert_eq!(digest(snapshot_at, map_seed), plain);
    }
}

/// What does not leave the sender makes no mapping, and what a partition stops leaves no record.
#[test]
fn devices_see_only_what_reaches_them() {
    use astrarium_net::Bandwidth;
    let slow = NetConfig {
        bandwidth: Bandwidth::Constant { up: 8_000, down: 8_000_000 },
        buffer_up: Some(1500),
        fidelity: Fidelity::Packet,
        ..behind(NatDevice::new(Mapping::Conntrack, Filtering::AddressAndPortDependent, Allocation::Preserve))
    };
    let net = built(slow.clone(), Seed(5));
    let inner = at(net.local_ip(NodeId(1)), 500);
    let server = at(net.public_ip(NodeId(0)), 80);
    let big =
        |tag| Packet { bytes: 1000, answer: false, ..packet(tag, inner, at(server.ip, 80 + tag as u16)) };
    let full = run(&slow, vec![], &[(ms(1), 1, big(0)), (ms(2), 1, big(1))]);
    assert_eq!((got(&full).len(), full.network().traffic().drops.uplink_full), (1, 1));
    assert_eq!(full.network().table_load(NodeId(1)).map(|load| load.entries), Some(1));

    let device = NatDevice {
        record_unsolicited: true,
        ..NatDevice::new(Mapping::Conntrack, Filtering::AddressAndPortDependent, Allocation::Preserve)
    };
    let config = behind(device);
    let net = built(config.clone(), Seed(5));
    let knock = packet(1, at(net.public_ip(NodeId(0)), 80), at(net.public_ip(NodeId(1)), 500));
    for (from, records) in [(5, 0), (50, 1)] {
        let marks = Arc::from([0_u8, 1, 1, 1]);
        let split = Fault {
            id: "split".into(),
            at: ms(from),
            until: None,
            action: FaultAction::Disturb(Disturbance::Partition { marks }),
        };
        let run = run(&config, vec![split], &[(ms(1), 0, knock)]);
        assert_eq!(run.network().table_load(NodeId(1)).map(|load| load.records), Some(records));
        assert_eq!(run.network().traffic().drops.total(), 1);
    }
}

/// Of a fragmented message that loses a fragment nothing arrives, and every fragment is accounted for.
#[test]
fn a_lost_fragment_loses_the_message() {
    let config = NetConfig {
        fidelity: Fidelity::Packet,
        loss: LossModel::Bernoulli { p: 0.2 },
        ..behind(NatDevice { allocation: Allocation::Random, ..CONE })
    };
    let net = built(config.clone(), Seed(5));
    let inner = at(net.local_ip(NodeId(1)), 500);
    let server = at(net.public_ip(NodeId(0)), 80);
    let big = |tag| Packet { bytes: 4000, answer: false, ..packet(tag, inner, server) };
    let packets: Vec<_> = (0..2_000).map(|i| (ms(u64::from(i) * 50), 1, big(i))).collect();
    let run = run(&config, vec![], &packets);
    // Three fragments: 0.8^3 = 0.512; five standard errors are 0.056 (1 in 2 million).
    let share = got(&run).len() as f64 / 2_000.0;
    assert!((share - 0.512).abs() < 0.056, "{share}");
    assert_eq!(run.network().traffic().offered, 6_000);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "a broadcast has no address")]
fn a_broadcast_by_address_is_an_error_of_the_protocol() {
    use astrarium_node::{Cx, Datagram, Layer, Protocol, Received};

    #[derive(Clone)]
    struct Shouter;

    impl Layer for Shouter {
        type Above = ();
        type Up = ();
        type Down = Datagram<Packet>;
        type Below = Received<Packet>;
        type Timer = ();

        fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
            let nowhere = at(astrarium_node::Ip(0), 0);
            cx.send(Datagram::Many([NodeId(0)].into(), packet(0, nowhere, nowhere)));
        }

        fn on_restart(&mut self, _: &mut Cx<'_, Self>) {}

        fn on_request(&mut self, (): (), _: &mut Cx<'_, Self>) {}

        fn on_indication(&mut self, _: Received<Packet>, _: &mut Cx<'_, Self>) {}

        fn on_timer(&mut self, (): (), _: &mut Cx<'_, Self>) {}
    }

    impl Protocol for Shouter {
        type Msg = Packet;
    }

    let mut run = Builder::new(2, Seed(1), built(NetConfig::new(2), Seed(1)), |_| Shouter).build();
    run.run_until(ms(1));
}

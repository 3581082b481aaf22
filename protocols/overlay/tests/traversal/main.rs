//! Traversal through naive devices: classes, the matrix of pairs, and what goes wrong.

mod device;
mod world;

use astrarium_node::{Endpoint, Header, NodeId, Span};
use astrarium_protocol_overlay::traversal::{
    Body, Config, Ends, Mode, NatClass, PortClass, RelayLimits, Token, TtlRange, Way,
};

use device::{KINDS, Kind};
use world::{SERVER, World, config, wan};

/// A survey takes less.
const SURVEY: Span = Span::from_secs(40);

/// Number of the first host.
const A: usize = 2;
const B: usize = 3;

fn pair(config: Config, a: Kind, b: Kind) -> World {
    let mut world = World::new(config, &[Some(a), Some(b)], 1);
    world.run(SURVEY);
    world
}

/// Whether a message gets from one to the other and back.
fn connects(world: &mut World) -> bool {
    world.say(A, B, 1);
    world.run(Span::from_secs(25));
    world.say(B, A, 2);
    world.run(Span::from_secs(1));
    world.arrived(A, B, 1) && world.arrived(B, A, 2)
}

/// Network specification §6.5: all pairs but d6 with d3, d4, d5, d6.
fn possible(a: Kind, b: Kind) -> bool {
    let port_bound = |k| matches!(k, Kind::D3 | Kind::D4 | Kind::D5 | Kind::D6);
    !((a == Kind::D6 && port_bound(b)) || (b == Kind::D6 && port_bound(a)))
}

#[test]
fn each_device_reads_as_its_classes() {
    let want = [
        (NatClass::FullCone, PortClass::Fixed),
        (NatClass::Restricted, PortClass::Fixed),
        (NatClass::PortRestricted, PortClass::Fixed),
        (NatClass::PortRestricted, PortClass::Host),
        (NatClass::Symmetric, PortClass::Host),
        (NatClass::Symmetric, PortClass::Symmetric),
    ];
    let config = Config { classify_rfc3489: true, ..config(Mode::Ttl) };
    let kinds: Vec<_> = KINDS.into_iter().map(Some).chain([None]).collect();
    let mut world = World::new(config, &kinds, 5);
    world.run(SURVEY);
    for (i, (nat, port)) in want.into_iter().enumerate() {
        let profile = *world.nodes[A + i].profile().unwrap();
        assert_eq!((profile.nat, profile.port.rule), (Some(nat), port), "{:?}", KINDS[i]);
        assert_eq!(profile.port.full, i == 0);
        let least = (port != PortClass::Symmetric).then_some(if i == 0 { 1 } else { 2 });
        assert_eq!(profile.ttl, Some(TtlRange { least, greatest: 9 }), "{:?}", KINDS[i]);
    }
    let public = world.nodes[A + 6].profile().unwrap();
    assert_eq!((public.nat, public.port.public), (Some(NatClass::Open), true));
}

#[test]
fn with_a_limited_time_to_live_the_matrix_is_that_of_the_devices() {
    for a in KINDS {
        for b in KINDS {
            let mut world = pair(config(Mode::Ttl), a, b);
            assert_eq!(connects(&mut world), possible(a, b), "{a:?} to {b:?}");
        }
    }
}

#[test]
fn simultaneous_punches_that_do_not_collide_do_as_well() {
    for a in KINDS {
        for b in KINDS {
            let mut world = pair(config(Mode::Simultaneous), a, b);
            assert_eq!(connects(&mut world), possible(a, b), "{a:?} to {b:?}");
        }
    }
}

#[test]
fn who_fires_late_behind_records_of_unsolicited_packets_is_lost() {
    for a in KINDS {
        for b in KINDS {
            let mut world = pair(config(Mode::Sequential), a, b);
            let early = matches!(a, Kind::D3 | Kind::D4 | Kind::D5);
            let want = possible(a, b) && !(early && b == Kind::D5);
            assert_eq!(connects(&mut world), want, "{a:?} to {b:?}");
        }
    }
}

#[test]
fn without_punching_only_open_doors_are_passed() {
    for b in KINDS {
        let mut world = pair(config(Mode::None), Kind::D4, b);
        assert_eq!(connects(&mut world), b == Kind::D1, "{b:?}");
    }
}

#[test]
fn the_papers_rule_does_not_attempt_what_it_cannot_predict() {
    let rule = Config { attempt_symmetric: false, ..config(Mode::Ttl) };
    for (a, b) in [(Kind::D6, Kind::D1), (Kind::D1, Kind::D6)] {
        let mut world = pair(rule.clone(), a, b);
        assert!(!connects(&mut world), "{a:?} to {b:?}");
        let tried = world.nodes[A].counts().not_attempted + world.nodes[B].counts().not_attempted;
        assert!(tried > 0);
    }
}

#[test]
fn public_hosts_reach_and_are_reached() {
    for mode in [Mode::Ttl, Mode::Simultaneous, Mode::Birthday] {
        for (a, b) in [(None, Some(Kind::D5)), (Some(Kind::D6), None), (None, None), (None, Some(Kind::D6))] {
            let mut world = World::new(config(mode), &[a, b], 3);
            world.run(SURVEY);
            assert!(connects(&mut world), "{mode:?} {a:?} to {b:?}");
        }
    }
    let mut book = config(Mode::Ttl);
    book.book.insert(NodeId::from(B), Endpoint::new(wan(B), book.listen_port));
    let mut world = World::new(book, &[Some(Kind::D6), None], 3);
    world.path(|_, to, _| (to.0 != 0).then_some(Span::from_millis(50)));
    assert!(connects(&mut world), "known sockets need no rendezvous");
}

#[test]
fn guessing_opens_what_cannot_be_predicted() {
    // 2048 guesses miss 256 of 64512 ports once in 3,400 tries; six tries with fixed seeds.
    let config = Config { birthday_probes: 2048, ..config(Mode::Birthday) };
    for (a, b) in [(Kind::D6, Kind::D3), (Kind::D4, Kind::D6), (Kind::D6, Kind::D5)] {
        for (a, b) in [(a, b), (b, a)] {
            let mut world = pair(config.clone(), a, b);
            world.say(A, B, 1);
            world.run(Span::from_secs(30));
            assert!(world.arrived(A, B, 1), "{a:?} to {b:?}");
            assert!(world.nodes[A].occupancy().1 <= 3, "sockets of a guess are closed");
            assert!(world.nodes[B].occupancy().1 <= 3, "sockets of a guess are closed");
        }
    }
    let mut world = pair(config, Kind::D6, Kind::D6);
    assert!(!connects(&mut world));
}

#[test]
fn what_waits_for_a_path_is_bounded_and_counted() {
    let mut world = pair(Config { queue: 3, ..config(Mode::Ttl) }, Kind::D6, Kind::D6);
    (0..5).for_each(|i| world.say(A, B, i));
    world.run(Span::from_secs(10));
    world.say(A, B, 9);
    let counts = world.nodes[A].counts();
    assert_eq!((counts.queue_full, counts.unreachable, counts.failed), (2, 3 + 1, 1));
}

#[test]
fn a_path_lives_by_signs_of_life_and_moves_when_the_device_forgets() {
    let mut world = pair(config(Mode::Ttl), Kind::D4, Kind::D1);
    assert!(connects(&mut world));
    world.reboot(A);
    world.run(Span::from_secs(45));
    world.say(A, B, 3);
    world.say(B, A, 4);
    world.run(Span::from_secs(1));
    assert!(world.arrived(A, B, 3) && world.arrived(B, A, 4));
    // Unused for two minutes and a sign of life: closed on both sides, sockets too.
    world.run(Span::from_secs(200));
    for host in [A, B] {
        let counts = world.nodes[host].counts();
        assert_eq!((world.nodes[host].occupancy(), counts.lost_paths), ((0, 1), 0));
    }
}

#[test]
fn a_path_dies_when_nothing_is_heard() {
    let mut world = pair(config(Mode::Ttl), Kind::D4, Kind::D4);
    assert!(connects(&mut world));
    world.path(|from, to, _| (from.0 < 2 || to.0 < 2).then_some(Span::from_millis(50)));
    for i in 10..110 {
        world.say(A, B, i);
        world.run(Span::from_secs(1));
    }
    let counts = world.nodes[A].counts();
    assert!(counts.lost_paths == 1 && counts.unreachable > 0, "{counts:?}");
}

#[test]
fn both_may_call_at_once() {
    for mode in [Mode::Ttl, Mode::Simultaneous] {
        for (a, b) in [(Kind::D4, Kind::D4), (Kind::D3, Kind::D2)] {
            let mut world = pair(config(mode), a, b);
            world.say(A, B, 1);
            world.say(B, A, 2);
            world.run(Span::from_secs(20));
            world.say(A, B, 3);
            world.say(B, A, 4);
            world.run(Span::from_secs(1));
            for (from, to, n) in [(A, B, 1), (B, A, 2), (A, B, 3), (B, A, 4)] {
                assert!(world.arrived(from, to, n), "{mode:?} {a:?} {b:?}: {n}");
            }
        }
    }
}

#[test]
fn a_relay_carries_what_punching_cannot_until_its_limits() {
    let limits = RelayLimits { bytes: 40, ..RelayLimits::default() };
    let config = Config {
        relay_fallback: true,
        relays: vec![Endpoint::new(wan(1), 4000)],
        relay: limits,
        ..config(Mode::Ttl)
    };
    let mut world = pair(config, Kind::D6, Kind::D5);
    assert!(connects(&mut world));
    let way = world.nodes[A].path(NodeId::from(B)).and_then(|path| path.way);
    assert!(matches!(way, Some(Way::Relayed { .. })), "{way:?}");
    for i in 10..20 {
        world.say(A, B, i);
    }
    world.run(Span::from_secs(1));
    let relay = world.nodes[1].counts();
    assert_eq!((relay.relay_bytes, relay.resets), (40, 1));
    world.say(A, B, 30);
    assert!(world.nodes[A].counts().unreachable > 0, "no new circuit at once");
    world.run(Span::from_secs(11));
    world.say(A, B, 31);
    world.run(Span::from_secs(10));
    assert!(world.arrived(A, B, 31));
}

#[test]
fn forged_and_replayed_packets_are_dropped_and_counted() {
    let mut world = pair(config(Mode::Ttl), Kind::D1, Kind::D1);
    assert!(connects(&mut world));
    let Some(Way::Direct { port, remote }) = world.nodes[B].path(NodeId::from(A)).unwrap().way else {
        panic!("no direct path")
    };
    // Full cones: everybody gets through to the socket, so the layer must tell.
    let Some(Way::Direct { remote: of_b, .. }) = world.nodes[A].path(NodeId::from(B)).unwrap().way else {
        panic!("no direct path")
    };
    let before = *world.nodes[B].counts();
    let stranger = Endpoint::new(wan(1), 9);
    let to = |src| Header { src, dst: of_b, ttl: 64 };
    world.inject(to(stranger), Body::Data(world::Note(66)));
    world.inject(to(stranger), Body::Punch { id: NodeId::from(A), token: Token { session: 1, nonce: 1 } });
    world.inject(to(stranger), Body::LoginOk { mapped: stranger });
    world.inject(to(stranger), Body::Probe { nonce: 1, ttl: 1 });
    world.run(Span::from_secs(1));
    let after = *world.nodes[B].counts();
    assert_eq!(after.unknown_source - before.unknown_source, 1);
    assert_eq!(after.unexpected - before.unexpected, 2);
    assert_eq!(after.forged - before.forged, 1);
    assert_eq!(world.nodes[B].path(NodeId::from(A)).unwrap().way, Some(Way::Direct { port, remote }));

    let now = world.now;
    let server = Header { src: stranger, dst: SERVER.main(), ttl: 64 };
    let (a, b) = (NodeId::from(A), NodeId::from(B));
    world.inject(server, Body::Login { id: a, time: now, signer: b });
    world.inject(server, Body::Login { id: a, time: astrarium_node::Time::ZERO, signer: a });
    world.inject(server, Body::ProbeRequest { nonce: 1, target: of_b });
    world.inject(
        server,
        Body::Connect { id: a, peer: b, class: PortClass::Host, nat: None, predicted: stranger, nonce: 5 },
    );
    world.run(Span::from_secs(1));
    let counts = world.nodes[0].counts();
    assert_eq!((counts.forged, counts.stale), (3, 1));
}

#[test]
fn a_record_planted_beforehand_spoils_the_punch_where_ports_can_be_foreseen() {
    for fresh in [false, true] {
        let config = Config { fresh_sockets: fresh, ..config(Mode::Ttl) };
        let mut world = pair(config.clone(), Kind::D4, Kind::D5);
        let port = config.listen_port;
        let header = Header { src: Endpoint::new(wan(A), port), dst: Endpoint::new(wan(B), port), ttl: 64 };
        let token = Token { session: 1, nonce: 1 };
        world.inject(header, Body::Punch { id: NodeId::from(A), token });
        world.run(Span::from_secs(10));
        // Fresh sockets have ports that nobody has sent to.
        assert_eq!(connects(&mut world), fresh);
        if !fresh {
            // By now the record has expired, and the peer counts as unreachable no more.
            world.run(Span::from_secs(35));
            assert!(connects(&mut world));
        }
    }
}

/// A public host that is known by its address, and a stranger that wants to be taken for another.
#[test]
fn a_call_without_a_rendezvous_must_be_signed_by_the_caller_and_be_new() {
    let mut book = config(Mode::Ttl);
    book.book.insert(NodeId::from(B), Endpoint::new(wan(B), book.listen_port));
    let port = book.listen_port;
    let mut world = World::new(book, &[Some(Kind::D4), None, None], 3);
    world.run(Span::from_secs(30));
    let (a, b, c) = (NodeId::from(A), NodeId::from(B), NodeId::from(B + 1));
    let before = *world.nodes[B].counts();
    let header = Header { src: Endpoint::new(wan(B + 1), 9), dst: Endpoint::new(wan(B), port), ttl: 64 };
    let time = world.now;
    let knock = |to, time, signer| Body::Knock { id: a, to, time, nonce: 7, signer };
    // Not A's key; A's key on a call of somebody else; long ago.
    world.inject(header, knock(b, time, c));
    world.inject(header, knock(c, time, a));
    world.inject(header, Body::Punch { id: a, token: Token { session: 0, nonce: 7 } });
    world.run(Span::from_secs(1));
    let counts = *world.nodes[B].counts();
    assert_eq!((counts.forged - before.forged, counts.unexpected - before.unexpected), (2, 1));
    assert!(world.nodes[B].path(a).is_none());
    // A's own call is believed; the same once more, from elsewhere, moves nothing.
    world.say(A, B, 1);
    world.run(Span::from_secs(5));
    assert!(world.arrived(A, B, 1));
    let way = world.nodes[B].path(a).unwrap().way;
    let replays = world.nodes[B].counts().stale;
    world.inject(header, knock(b, time, a));
    world.run(Span::from_secs(1));
    assert_eq!(world.nodes[B].path(a).unwrap().way, way);
    assert_eq!(world.nodes[B].counts().stale, replays + 1);
}

fn relayed() -> Config {
    let relays = vec![Endpoint::new(wan(1), 4000)];
    Config { relay_fallback: true, relays, ..config(Mode::Ttl) }
}

/// Whoever has a slot at no relay, knows no secret, and says that it is A.
#[test]
fn circuits_open_only_between_hosts_that_were_introduced() {
    let mut world = pair(relayed(), Kind::D6, Kind::D5);
    world.run(Span::from_secs(30));
    let (a, b) = (NodeId::from(A), NodeId::from(B));
    let relay = Endpoint::new(wan(1), 4000);
    let liar = Header { src: Endpoint::new(wan(0), 9), dst: relay, ttl: 64 };
    let before = *world.nodes[B].counts();
    world.inject(liar, Body::RelayOpen(Ends { from: a, to: b, circuit: 77 }));
    world.run(Span::from_secs(1));
    world.inject(liar, Body::RelayData { circuit: 77, from: a, message: world::Note(66) });
    world.run(Span::from_secs(1));
    let counts = *world.nodes[B].counts();
    assert_eq!((counts.forged - before.forged, counts.unknown_source - before.unknown_source), (1, 1));
    assert!(!world.arrived(A, B, 66) && world.nodes[B].path(a).is_none());
    // Nor does the relay believe an answer that the called one has not sent, or a sign of life of others.
    world.inject(liar, Body::RelayOpened(Ends { from: a, to: b, circuit: 1 }));
    world.inject(
        Header { src: Endpoint::new(wan(0), 10), ..liar },
        Body::RelayKeep(Ends { from: a, to: b, circuit: 77 }),
    );
    world.run(Span::from_secs(1));
    assert_eq!(world.nodes[1].counts().forged, 2);
    // The genuine one still gets through.
    assert!(connects(&mut world));
    let way = world.nodes[A].path(b).and_then(|path| path.way);
    assert!(matches!(way, Some(Way::Relayed { .. })), "{way:?}");
}

/// The answer must hold the other half of the secret: here the relay's own machine answers in the place of the called one.
#[test]
fn a_circuit_that_the_peer_has_not_answered_is_not_used() {
    let mut world = pair(relayed(), Kind::D6, Kind::D5);
    world.run(Span::from_secs(30));
    // Nothing but introductions and logins reaches the called one; the relay's openings do not.
    world.path(|_, to, body| {
        let kept = !(to == NodeId::from(B) && matches!(body, Body::RelayOpen(_)));
        kept.then_some(Span::from_millis(50))
    });
    world.say(A, B, 1);
    for _ in 0..20 {
        world.run(Span::from_millis(500));
        let relay = Endpoint::new(wan(1), 4000);
        let dst = world.nodes[A].mapped().unwrap();
        let ends = Ends { from: NodeId::from(A), to: NodeId::from(B), circuit: 5 };
        world.inject(
            Header { src: relay, dst: Endpoint::new(dst.ip, dst.port), ttl: 64 },
            Body::RelayOpened(ends),
        );
    }
    assert!(world.nodes[A].path(NodeId::from(B)).is_none_or(|path| path.way.is_none()));
    assert!(!world.arrived(A, B, 1));
}

/// The whitepaper's rule with relays: who does not try asks for an introduction, and then a relay.
#[test]
fn who_does_not_try_is_relayed() {
    let config = Config { attempt_symmetric: false, ..relayed() };
    for (a, b) in [(Kind::D6, Kind::D1), (Kind::D1, Kind::D6), (Kind::D6, Kind::D6)] {
        let mut world = pair(config.clone(), a, b);
        assert!(connects(&mut world), "{a:?} {b:?}");
        let way = world.nodes[A].path(NodeId::from(B)).and_then(|path| path.way);
        assert!(matches!(way, Some(Way::Relayed { .. })), "{a:?} {b:?}: {way:?}");
    }
}

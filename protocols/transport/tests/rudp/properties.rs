//! What holds on every path: exactly once, in order (I4), and the windows (I5).

use astrarium_node::{Domain, Probability, Seed, Span, Time};
use astrarium_protocol_transport::rudp::{Config, Content, Marks, Packet, Profile, Push, Rudp};
use astrarium_protocol_transport::{Class, Event, Request};
use proptest::prelude::*;

use crate::pair::{A, B, Note, Pair, at_ms, ms, note};

/// A path that loses, doubles and reorders.
#[derive(Debug, Clone)]
struct Weather {
    seed: u64,
    loss: f64,
    duplicate: f64,
    spread_ms: u64,
}

fn weather() -> impl Strategy<Value = Weather> {
    (any::<u64>(), 0.0..0.45, 0.0..0.3, 0_u64..120).prop_map(|(seed, loss, duplicate, spread_ms)| Weather {
        seed,
        loss,
        duplicate,
        spread_ms,
    })
}

fn profile() -> impl Strategy<Value = Config> {
    // The slice transport promises no order, and gives up.
    let reliable = Profile::ALL.into_iter().map(|(profile, _)| profile).filter(|p| *p != Profile::HcSlice);
    let names = prop::sample::select(reliable.collect::<Vec<_>>());
    (names, any::<bool>(), 2_u32..40, any::<bool>()).prop_map(|(profile, stream, window, flush_on_io)| {
        Config {
            stream,
            send_window: window,
            flush_on_io,
            // Nothing gives up, whatever the weather.
            dead_after: 0,
            dead_link: u32::MAX,
            ..Config::profile(profile)
        }
    })
}

type Node = Rudp<Note>;

fn pair(config: Config, weather: Weather) -> Pair<Node> {
    let mut luck = Seed(weather.seed).stream(Domain::LOSS, 0, 0);
    let (loss, twice) = (Probability::new(weather.loss), Probability::new(weather.duplicate));
    let mut pair = Pair::new(Rudp::new(config), Rudp::new(config), move |_, _, _| {
        let copies = if luck.chance(loss) { 0 } else { 1 + usize::from(luck.chance(twice)) };
        (0..copies).map(|_| ms(5 + luck.below(weather.spread_ms + 1)) + Span::from_micros(300)).collect()
    });
    pair.keep_sent = false;
    pair
}

fn check_windows(node: &Node, peer: astrarium_node::NodeId) {
    let Some(status) = node.status(peer) else { return };
    let flight = status.snd_nxt.wrapping_sub(status.snd_una);
    assert!(flight <= node.config().send_window.max(status.remote_window), "{status:?}");
    assert!(status.rto >= node.config().min_rto && status.rto <= node.config().max_rto, "{status:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn every_message_arrives_once_and_in_order(
        config in profile(),
        weather in weather(),
        sizes in prop::collection::vec(0_u32..9_000, 1..40),
        back in prop::collection::vec(0_u32..3_000, 0..20),
        spacing in 0_u64..40,
    ) {
        let mut pair = pair(config, weather);
        for step in 0..sizes.len().max(back.len()) {
            pair.run_until(at_ms(spacing * step as u64));
            // Numbers are positions, so order can be read off.
            if let Some(&bytes) = sizes.get(step) {
                pair.request(A, Request::send(B, note(step as u32, bytes)));
            }
            if let Some(&bytes) = back.get(step) {
                pair.request(B, Request::send(A, note(step as u32, bytes)));
            }
            check_windows(&pair.nodes[0], B);
            check_windows(&pair.nodes[1], A);
        }
        let mut until = pair.now();
        while pair.numbers(B).len() < sizes.len() || pair.numbers(A).len() < back.len() {
            until += Span::from_secs(5);
            prop_assert!(until < Time::ZERO + Span::from_secs(20_000), "everything arrives in the end");
            pair.run_until(until);
            check_windows(&pair.nodes[0], B);
            check_windows(&pair.nodes[1], A);
        }
        pair.run_until(until + Span::from_secs(60));
        prop_assert_eq!(pair.numbers(B), (0..sizes.len() as u32).collect::<Vec<_>>());
        prop_assert_eq!(pair.numbers(A), (0..back.len() as u32).collect::<Vec<_>>());
        let bad = pair.nodes.iter().map(|node| node.counters().malformed).sum::<u64>();
        prop_assert_eq!(bad, 0, "an honest peer is never malformed");
        // Nothing is left over: no timer but keepalives, nothing in flight.
        for (node, peer) in [(0, B), (1, A)] {
            if let Some(status) = pair.nodes[node].status(peer) {
                prop_assert_eq!((status.snd_una, status.waiting), (status.snd_nxt, 0));
            }
        }
    }

    #[test]
    fn classes_keep_their_own_order(weather in weather(), classes in prop::collection::vec(0_usize..3, 1..60)) {
        let config = Config { dead_after: 0, dead_link: u32::MAX, send_window: 4, ..Config::profile(Profile::KcpTurbo) };
        let mut pair = pair(config, weather);
        let all = [Class::High, Class::Medium, Class::Low];
        for (number, &class) in (0..).zip(&classes) {
            pair.request(A, Request::Send { to: B, message: note(number, 700), class: all[class] });
        }
        pair.run_until(Time::ZERO + Span::from_secs(3_000));
        let mut numbers = pair.numbers(B);
        for class in 0..3 {
            let of_class: Vec<u32> = numbers.iter().copied().filter(|n| classes[*n as usize] == class).collect();
            prop_assert!(of_class.is_sorted());
        }
        numbers.sort_unstable();
        prop_assert_eq!(numbers, (0..classes.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn no_datagram_makes_a_node_panic(
        weather in weather(),
        forged in prop::collection::vec(any_packet(), 1..60),
        crashes in prop::collection::vec((0_u32..2, 0_u64..3_000), 0..4),
    ) {
        let config = Config { queue_messages: 8, max_peers: 4, ..Config::profile(Profile::KcpTurbo) };
        let mut pair = pair(config, weather);
        let count = forged.len() as u64;
        for (i, packet) in (0..).zip(forged) {
            pair.run_until(at_ms(40 * i));
            for &(node, at) in &crashes {
                if at / 40 == i {
                    pair.restart(astrarium_node::NodeId(node));
                }
            }
            pair.request(A, Request::send(B, note(i as u32, 3_000)));
            if i % 11 == 7 {
                pair.request(B, Request::Close { peer: A });
            }
            // Forged datagrams of the true session hurt most.
            let conv = pair.nodes[0].status(B).map_or(packet.conv, |status| status.conv);
            pair.inject(B, Packet { conv: if i % 3 == 0 { packet.conv } else { conv }, ..packet.clone() });
            pair.inject(A, Packet { conv, ..packet });
        }
        pair.run_until(at_ms(40 * count + 400_000));
        for node in &pair.nodes {
            prop_assert!(node.sessions() <= 4);
        }
        // Whatever was forged, no message of A's arrives twice within one session's life at B: between two PeerUps.
        let mut seen = std::collections::BTreeSet::new();
        for (_, node, event) in &pair.heard {
            match event {
                Event::PeerUp { .. } if *node == B => seen.clear(),
                Event::Delivered { message, .. } if *node == B && message.bytes == 3_000 => {
                    prop_assert!(seen.insert(message.number), "message {} twice", message.number);
                }
                _ => {}
            }
        }
    }
}

fn any_packet() -> impl Strategy<Value = Packet<Note>> {
    let small = || prop_oneof![0_u32..8, any::<u32>()];
    let marks = prop::collection::vec(
        prop::sample::select(vec![
            Marks::NONE,
            Marks::ASK,
            Marks::TELL,
            Marks::PING,
            Marks::FIN,
            Marks::RESET,
            Marks::OPENING,
        ]),
        0..3,
    );
    let acks = prop::collection::vec((small(), small(), small()), 0..4);
    let data = prop::collection::vec((small(), any::<u16>(), any::<u8>()), 0..3);
    (small(), small(), small(), any::<u16>(), marks, acks, data).prop_map(
        |(conv, una, ts, window, marks, acks, data)| Packet {
            conv,
            una,
            ts,
            window,
            marks: marks.into_iter().fold(Marks::NONE, Marks::with),
            format: astrarium_protocol_transport::rudp::Format::Kcp,
            crypt_overhead: 0,
            acks: acks
                .into_iter()
                .map(|(sn, ts, count)| astrarium_protocol_transport::rudp::AckRun { sn, ts, count })
                .collect(),
            data: data
                .into_iter()
                .map(|(sn, len, frg)| Push { sn, len, frg, content: Content::End(note(9_999, 1)) })
                .collect(),
        },
    )
}

//! The queues over bare datagrams, driven by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{CostTable, Cx, Env, Fx, Layer, NodeId, Seed, Span, Stack, Time, Wire};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_protocol_transport::{Class, Down, Event, Request};
use proptest::prelude::*;

use super::*;

/// 97 bytes and 28 of headers: a millisecond at 1 Mbit/s.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Note(Class, u32);

impl Wire for Note {
    fn wire_len(&self) -> u32 {
        97
    }
}

type Node = Stack<Priority<Note>, Udp<Note>>;

const PEER: NodeId = NodeId(1);
const CLASSES: [Class; 3] = [Class::High, Class::Medium, Class::Low];

fn config() -> Config {
    Config::at_rate(1_000_000)
}

fn cluster(config: Config) -> Cluster<Node> {
    assert_eq!(config.validate(), Ok(()));
    let config = Arc::new(config);
    let node = || Stack::new(Priority::new(Arc::clone(&config)), Udp::new());
    Cluster::start(vec![node(), node(), node()], Span::from_millis(10), Seed(1))
}

fn offer(cluster: &mut Cluster<Node>, to: NodeId, class: Class, number: u32) {
    cluster.request(NodeId(0), Request::Send { to, message: Note(class, number), class });
}

fn counts(cluster: &Cluster<Node>) -> Counts {
    *cluster.node(NodeId(0)).upper.counts()
}

fn millis(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

/// All three queues are kept full for a second: every ten messages in a row are five, three and two.
#[test]
fn quotas_are_exact_under_saturation() {
    let mut cluster = cluster(config());
    let mut number = 0;
    for ms in 0..1000 {
        cluster.run_until(millis(ms));
        for class in CLASSES {
            for _ in 0..3 {
                number += 1;
                offer(&mut cluster, PEER, class, number);
            }
        }
    }
    // The first ones go before the others are there.
    let order: Vec<Class> = cluster.sent.iter().skip(20).map(|(.., note)| note.0).collect();
    assert!(order.len() > 950);
    let share = |class| order.iter().filter(|c| **c == class).count() as f64 / order.len() as f64;
    for (class, want) in CLASSES.into_iter().zip([0.5, 0.3, 0.2]) {
        assert!((share(class) - want).abs() < 0.005, "{class:?}: {}", share(class));
    }
    let begin = order.windows(2).position(|w| w == [Class::Low, Class::High]).unwrap() + 1;
    for round in order[begin..].chunks_exact(10) {
        let round: Vec<usize> = CLASSES.map(|c| round.iter().filter(|x| **x == c).count()).to_vec();
        assert_eq!(round, [5, 3, 2]);
    }
    let refused = counts(&cluster).refused;
    assert!(refused[0] < refused[1] && refused[1] < refused[2], "{refused:?}");
}

#[test]
fn a_lone_class_has_the_link_to_itself() {
    for class in CLASSES {
        let mut cluster = cluster(config());
        (0..200).for_each(|n| offer(&mut cluster, PEER, class, n));
        // Ten go at once, the others as those are gone: 190 ms.
        cluster.run_until(millis(189));
        assert_eq!(cluster.sent.len(), 199);
        cluster.run_until(millis(190));
        assert_eq!(cluster.sent.len(), 200);
    }
}

/// 10 on their way, 256 waiting: the 267th is refused, and given back.
#[test]
fn the_newest_is_refused_when_a_queue_is_full() {
    let mut cluster = cluster(config());
    (0..270).for_each(|n| offer(&mut cluster, PEER, Class::Low, n));
    let refused: Vec<u32> = cluster
        .indications
        .iter()
        .map(|(.., event)| match event {
            Event::Refused { to: PEER, message } => message.1,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(refused, [266, 267, 268, 269]);
    assert_eq!(cluster.node(NodeId(0)).upper.waiting(PEER), [0, 0, 256]);
    offer(&mut cluster, PEER, Class::High, 1000);
    assert_eq!(counts(&cluster).refused, [0, 0, 4], "other classes have room");
    cluster.run_until(millis(1));
    assert_eq!(cluster.sent.last().unwrap().3, Note(Class::High, 1000), "it overtook 256 others");
}

#[test]
fn peers_do_not_wait_for_each_other_and_are_bounded() {
    let mut cluster = cluster(Config { peers: 2, ..config() });
    (0..100).for_each(|n| offer(&mut cluster, PEER, Class::Low, n));
    offer(&mut cluster, NodeId(2), Class::Low, 500);
    assert_eq!(cluster.sent.last().unwrap().2, NodeId(2));
    offer(&mut cluster, NodeId(0), Class::Low, 600);
    assert_eq!(counts(&cluster).refused, [0, 0, 1]);
    cluster.run_until(millis(200));
    offer(&mut cluster, NodeId(0), Class::Low, 700);
    assert_eq!(counts(&cluster).refused, [0, 0, 1], "lanes end when they are idle");
}

/// The layer alone, without anything below it.
struct Bare {
    layer: Priority<Note>,
    env: Env,
    fx: Fx<Priority<Note>>,
}

impl Bare {
    fn call(&mut self, handler: impl FnOnce(&mut Priority<Note>, &mut Cx<'_, Priority<Note>>)) {
        self.env.begin(Time::ZERO, NodeId(0), 0);
        handler(&mut self.layer, &mut Cx::new(&mut self.env, &mut self.fx));
    }
}

#[test]
fn a_session_that_ends_returns_what_waited() {
    let (layer, env) = (Priority::new(Arc::new(config())), Env::new(Seed(1), CostTable::FREE));
    let mut bare = Bare { layer, env, fx: Fx::new() };
    for n in 0..12 {
        let class = if n == 11 { Class::High } else { Class::Low };
        let request = Request::Send { to: PEER, message: Note(class, n), class };
        bare.call(|layer, cx| layer.on_request(request, cx));
    }
    bare.call(|layer, cx| layer.on_request(Request::Close { peer: PEER }, cx));
    assert_eq!(bare.fx.down.len(), 10, "closing waits for what is queued");
    bare.fx.clear();
    let undelivered = vec![Note(Class::Low, 9)];
    let down = Event::PeerDown { peer: PEER, reason: Down::DeadLink, undelivered };
    bare.call(|layer, cx| layer.on_indication(down, cx));
    let Some(Event::PeerDown { undelivered, .. }) = bare.fx.up.pop_front() else { panic!("no report") };
    assert_eq!(undelivered.iter().map(|note| note.1).collect::<Vec<_>>(), [9, 11, 10]);
    assert_eq!((bare.layer.counts().lost, bare.layer.waiting(PEER)), (2, [0; 3]));
    bare.fx.clear();
    bare.call(|layer, cx| layer.on_request(Request::Close { peer: PEER }, cx));
    assert_eq!(bare.fx.down.pop_front(), Some(Request::Close { peer: PEER }), "nothing waits: at once");
}

#[test]
fn classes_can_be_read_off_the_message() {
    let config = Arc::new(Config { pending: 1, ..config() });
    let node = || Stack::new(Priority::classified(Arc::clone(&config), |note: &Note| note.0), Udp::new());
    let mut cluster = Cluster::start(vec![node(), node()], Span::from_millis(10), Seed(1));
    for (n, class) in [Class::Low, Class::Low, Class::High].into_iter().enumerate() {
        let message = Note(class, n as u32);
        cluster.request(NodeId(0), Request::Send { to: PEER, message, class: Class::Medium });
    }
    cluster.run_until(millis(50));
    assert_eq!(cluster.sent.iter().map(|(.., note)| note.1).collect::<Vec<_>>(), [0, 2, 1]);
}

proptest! {
    /// Whatever is offered when: everything is sent or refused, once; within a class in order; and whoever has waited longest in
    /// his class waits at most for one round of the others at a time.
    #[test]
    fn nothing_is_lost_doubled_or_starved(
        offers in proptest::collection::vec((0_u64..4, 0_usize..3), 1..600), capacity in 1_usize..40, pending in 1_usize..12,
    ) {
        let mut cluster = cluster(Config { capacity, pending, ..config() });
        for (n, (gap, class)) in offers.iter().enumerate() {
            cluster.run_until(cluster.now() + Span::from_micros(500 * gap));
            offer(&mut cluster, PEER, CLASSES[*class], n as u32);
        }
        cluster.run_until(cluster.now() + Span::from_secs(5));
        let Counts { offered, sent, refused, .. } = counts(&cluster);
        for class in 0..3 {
            prop_assert_eq!(offered[class], sent[class] + refused[class]);
        }
        let mut last: BTreeMap<Class, u32> = BTreeMap::new();
        for (.., Note(class, number)) in &cluster.sent {
            prop_assert!(last.insert(*class, *number).is_none_or(|before| before < *number));
        }
        prop_assert_eq!(cluster.sent.len() as u64, sent.iter().sum::<u64>());
        prop_assert_eq!(cluster.node(NodeId(0)).upper.waiting(PEER), [0; 3]);
    }
}

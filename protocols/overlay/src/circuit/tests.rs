//! Circuits on a few nodes driven by hand, and cells of somebody who means ill.

use std::sync::Arc;

use astrarium_node::driver::Cluster;
use astrarium_node::{CostTable, Cx, Domain, Env, Fx, Layer, NodeId, Seed, Span, Stack, Stream, Time, Wire};
use astrarium_protocol_transport::Event as Below;
use astrarium_protocol_transport::datagram::Udp;
use astrarium_protocol_transport::secure::keys::Ephemeral;

use super::*;

/// A message: number, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Note(u32, u32);

impl Wire for Note {
    fn wire_len(&self) -> u32 {
        self.1
    }
}

type Node = Stack<Circuits<Note>, Udp<Message<Note>>>;
type Net = Cluster<Node>;

const RELAYS: u32 = 6;
const ALICE: NodeId = NodeId(6);
const BOB: NodeId = NodeId(7);
const EVE: NodeId = NodeId(8);

fn luck(n: u64) -> Stream {
    Seed(3).stream(Domain::protocol(1), 0, n)
}

fn secret(relay: u32) -> Ephemeral {
    Ephemeral::generate(&mut luck(u64::from(relay)))
}

fn directory() -> Arc<[RelayKey]> {
    (0..RELAYS).map(|id| RelayKey { id: NodeId(id), key: secret(id).public() }).collect()
}

fn node(id: u32, config: Config) -> Circuits<Note> {
    assert_eq!(config.problem(RELAYS as usize), None);
    Circuits::new(Arc::new(config), directory(), (id < RELAYS).then(|| secret(id)))
}

fn net(config: Config) -> Net {
    let nodes = (0..9).map(|id| Stack::new(node(id, config), Udp::new())).collect();
    Cluster::start(nodes, Span::from_millis(50), Seed(1))
}

fn ms(n: u64) -> Time {
    Time::ZERO + Span::from_millis(n)
}

fn send(number: u32, fresh: bool) -> Request<Note> {
    Request::Send { to: BOB, message: Note(number, 300), fresh }
}

fn heard(net: &Net) -> Vec<(Time, NodeId, u32)> {
    let delivered = |(at, node, event): &(Time, NodeId, Event<Note>)| match event {
        Event::Delivered { message, .. } => Some((*at, *node, message.0)),
        _ => None,
    };
    net.indications.iter().filter_map(delivered).collect()
}

fn paths(net: &Net) -> Vec<Vec<NodeId>> {
    let opened = |(_, _, event): &(Time, NodeId, Event<Note>)| match event {
        Event::Opened { path } => Some(path.to_vec()),
        _ => None,
    };
    net.indications.iter().filter_map(opened).collect()
}

fn stats(net: &Net, id: NodeId) -> Stats {
    *net.node(id).upper.stats()
}

/// Three legs there, three back, then four for the message; the next one takes four. All cells weigh the same.
#[test]
fn a_message_takes_one_leg_more_than_there_are_relays() {
    let mut net = net(Config::default());
    net.request(ALICE, send(1, false));
    net.run_until(ms(1000));
    net.request(ALICE, send(2, false));
    net.run_until(ms(2000));
    assert_eq!(heard(&net), [(ms(500), BOB, 1), (ms(1200), BOB, 2)]);
    assert_eq!(paths(&net).len(), 1);
    for (_, from, _, message) in &net.sent {
        let expected = if matches!(message, Message::Plain(_)) { 301 } else { 512 };
        assert_eq!(message.wire_len(), expected);
        assert!(*from != ALICE || matches!(message, Message::Cell(_)));
    }
    // What Bob is told of the sender is the last relay.
    let path = &paths(&net)[0];
    let last = net.sent.iter().filter(|s| s.2 == BOB).map(|s| s.1).collect::<Vec<_>>();
    assert_eq!(last, [path[2]; 2]);
    // And nobody but the first relay has heard of Alice.
    assert!(net.sent.iter().filter(|s| s.1 == ALICE).all(|s| s.2 == path[0]));
}

#[test]
fn without_relays_messages_go_straight() {
    let mut net = net(Config { hops: 0, ..Config::default() });
    net.request(ALICE, send(1, true));
    net.run_until(ms(1000));
    assert_eq!(heard(&net), [(ms(50), BOB, 1)]);
}

#[test]
fn paths_are_distinct_and_fresh_ones_change() {
    let mut net = net(Config { hops: 3, ..Config::default() });
    // A relay as a source, too: it does not use itself.
    for n in 0..200 {
        net.request(ALICE, send(n, true));
        net.request(NodeId(2), send(1000 + n, true));
        net.run_until(ms(1000 * u64::from(n + 1)));
    }
    assert_eq!(heard(&net).len(), 400);
    let mut first = [0; RELAYS as usize];
    for path in paths(&net) {
        assert!(path.len() == 3 && path[0] != path[1] && path[1] != path[2] && path[0] != path[2]);
        first[path[0].index()] += 1;
    }
    // Of 200 first relays of Alice a sixth each, and a fifth of those of relay 2 but itself: 73 ± 5 σ (false alarm below 1e-5).
    assert!(first.iter().enumerate().all(|(id, n)| (40..=110).contains(n) || id == 2), "{first:?}");
    // An ended circuit leaves nothing behind: at most the last one of each source passes anywhere.
    let passing: usize = (0..RELAYS).map(|id| net.node(NodeId(id)).upper.passing()).sum();
    assert_eq!(passing, 6);
}

#[test]
fn guards_stay() {
    let mut net = net(Config { guards: 2, ..Config::default() });
    for n in 0..100 {
        net.request(ALICE, send(n, true));
        net.run_until(ms(1000 * u64::from(n + 1)));
    }
    let first: std::collections::BTreeSet<NodeId> = paths(&net).iter().map(|path| path[0]).collect();
    assert_eq!((first.len(), heard(&net).len()), (2, 100));
    let last: std::collections::BTreeSet<NodeId> = paths(&net).iter().map(|path| path[2]).collect();
    assert_eq!(last.len(), RELAYS as usize);
}

#[test]
fn an_old_circuit_is_replaced_and_forgotten() {
    let mut net = net(Config { lifetime: Span::from_secs(10), ..Config::default() });
    net.request(ALICE, send(1, false));
    net.run_until(ms(9_999));
    net.request(ALICE, send(2, false));
    net.run_until(ms(10_500));
    net.request(ALICE, send(3, false));
    net.run_until(ms(31_500));
    assert_eq!((paths(&net).len(), heard(&net).len()), (2, 3));
    let passing: usize = (0..RELAYS).map(|id| net.node(NodeId(id)).upper.passing()).sum();
    assert_eq!(passing, 0, "relays forget circuits after twice their life");
}

/// Silence: three tries of ten seconds, then what waited is given up. The queue is bounded.
#[test]
fn a_dead_circuit_is_tried_again() {
    let mut net = net(Config { queue: 3, ..Config::default() });
    net.filter(|now, _, _, _| now > ms(15_000));
    for n in 0..5 {
        net.request(ALICE, send(n, false));
    }
    net.run_until(ms(19_000));
    assert_eq!((heard(&net).len(), stats(&net, ALICE).begun, stats(&net, ALICE).dropped), (0, 2, 2));
    net.run_until(ms(30_000));
    assert_eq!((heard(&net).len(), stats(&net, ALICE).failed, stats(&net, ALICE).opened), (3, 2, 1));
    net.filter(|_, _, _, _| false);
    net.request(ALICE, send(9, true));
    net.run_until(ms(60_001));
    assert!(net.indications.iter().any(|(_, id, event)| *id == ALICE && *event == Event::Failed { lost: 1 }));
}

/// A relay that restarts has lost its circuits. Its answer to the next cell is none, so the source learns of it only by what
/// stands above; a fresh circuit works.
#[test]
fn a_relay_that_restarted_drops_the_cells_of_its_circuits() {
    let mut net = net(Config::default());
    net.request(ALICE, send(1, false));
    net.run_until(ms(1000));
    let middle = paths(&net)[0][1];
    net.call(middle, Layer::on_restart);
    net.request(ALICE, send(2, false));
    net.run_until(ms(2000));
    assert_eq!((heard(&net).len(), stats(&net, middle).unexpected), (1, 1));
    net.request(ALICE, send(3, true));
    net.run_until(ms(3000));
    assert_eq!(heard(&net).len(), 2);
}

#[test]
fn a_full_relay_refuses_and_the_source_goes_elsewhere() {
    let mut net = net(Config { relayed: 1, hops: 1, tries: 100, ..Config::default() });
    for source in [ALICE, EVE, BOB] {
        net.request(source, send(source.0, false));
    }
    net.run_until(ms(20_000));
    assert_eq!(heard(&net).len(), 3);
    assert!((0..RELAYS).all(|id| net.node(NodeId(id)).upper.passing() <= 1));
}

// ---- hostile cells ------------------------------------------------------------------------------------------------

/// The data cell that Alice sent to her first relay.
fn cell_of(net: &Net) -> (NodeId, Message<Note>) {
    let data = |m: &Message<Note>| matches!(m, Message::Cell(Cell { body: Body::Data { .. }, .. }));
    let sent = net.sent.iter().find(|s| s.1 == ALICE && data(&s.3)).expect("a data cell");
    (sent.2, sent.3.clone())
}

#[test]
fn replayed_cells_are_dropped_and_counted() {
    let mut net = net(Config::default());
    net.request(ALICE, send(1, false));
    net.run_until(ms(1000));
    let (first, cell) = cell_of(&net);
    net.deliver(ALICE, first, cell.clone());
    net.run_until(ms(2000));
    assert_eq!((stats(&net, first).replayed, heard(&net).len()), (1, 1));
    // From somebody else it is of no circuit.
    net.deliver(EVE, first, cell);
    assert_eq!(stats(&net, first).unexpected, 1);
}

/// Another number, a layer missing, a cell at the wrong relay: nothing opens, nothing goes on.
#[test]
fn forged_cells_are_dropped_and_counted() {
    let mut net = net(Config::default());
    net.request(ALICE, send(1, false));
    net.run_until(ms(1000));
    let (first, cell) = cell_of(&net);
    let Message::Cell(Cell { circuit, body: Body::Data { wrapped, .. } }) = cell else { panic!() };
    net.deliver(ALICE, first, Message::cell(circuit, Body::Data { number: 2, wrapped }));
    assert_eq!(stats(&net, first).forged, 1);
    let own = Onion::build(&directory()[..1], &[], &mut luck(77)).1;
    let bare = Wrapped::new(Parcel { to: EVE, message: Note(9, 9) }, 2, own.iter().map(|k| &k.forward));
    net.deliver(ALICE, first, Message::cell(circuit, Body::Data { number: 2, wrapped: bare }));
    assert_eq!((stats(&net, first).forged, heard(&net).len()), (2, 1));
    // An answer that Alice did not get from the right keys does not open a circuit.
    net.request(ALICE, send(2, true));
    let build = net.sent.iter().rev().find(|s| s.1 == ALICE).cloned().expect("a Build");
    let Message::Cell(Cell { circuit, .. }) = build.3 else { panic!() };
    let answer = Wrapped::new((), 0, own.iter().map(|k| &k.backward));
    net.deliver(build.2, ALICE, Message::cell(circuit, Body::Built(answer)));
    assert_eq!((stats(&net, ALICE).forged, stats(&net, ALICE).opened), (1, 1));
}

/// Builds that no honest source sends: at a node that is no relay, twice, for another relay, onwards to somebody who is none,
/// onwards to the relay itself, onwards over a leg in use.
#[test]
fn hostile_builds_are_dropped_and_counted() {
    let mut net = net(Config::default());
    let all = directory();
    let build = |path: &[RelayKey], numbers: &[u32]| {
        Message::cell(7, Body::Build(Onion::build(path, numbers, &mut luck(5)).0))
    };
    net.deliver(EVE, BOB, build(&all[..1], &[]));
    assert_eq!(stats(&net, BOB).unexpected, 1);
    let relay = all[0].id;
    net.deliver(EVE, relay, build(&all[..2], &[5]));
    net.deliver(EVE, relay, build(&all[..2], &[6]));
    assert_eq!((stats(&net, relay).unexpected, net.node(relay).upper.passing()), (1, 1));
    net.deliver(ALICE, relay, build(&all[1..2], &[]));
    assert_eq!(stats(&net, relay).forged, 1);
    let nobody = [all[0], RelayKey { id: BOB, key: all[1].key }];
    net.deliver(ALICE, relay, build(&nobody, &[5]));
    net.deliver(ALICE, relay, build(&[all[0], all[0]], &[5]));
    net.deliver(ALICE, relay, build(&all[..2], &[5]));
    assert_eq!((stats(&net, relay).unexpected, net.node(relay).upper.passing()), (4, 1));
    for body in [Body::Destroy, Body::Built(Wrapped::new((), 0, std::iter::empty()))] {
        net.deliver(BOB, EVE, Message::cell(99, body));
    }
    assert_eq!(stats(&net, EVE).unexpected, 2);
}

/// A message that does not fit is not sent: it would show in the length.
#[test]
fn long_messages_are_dropped_and_counted() {
    let mut net = net(Config::default());
    for bytes in [417, 418] {
        net.request(ALICE, Request::Send { to: BOB, message: Note(bytes, bytes), fresh: false });
    }
    net.run_until(ms(2000));
    assert_eq!((heard(&net).len(), stats(&net, ALICE).dropped), (1, 1));
}

#[test]
fn nothing_shows_in_print() {
    let wrapped = Wrapped::new(Parcel { to: BOB, message: Note(42, 300) }, 1, std::iter::empty());
    assert!(!format!("{wrapped:?}").contains("42"));
}

/// Two agreements per relay at the source, one at the relay; one pass of the cipher for each layer.
#[test]
fn work_is_charged_as_specified() {
    let mut env = Env::new(Seed(1), CostTable::REFERENCE);
    let mut alice = node(ALICE.0, Config { hops: 1, ..Config::default() });
    let mut fx = Fx::new();
    env.begin(ms(1), ALICE, 1);
    alice.on_request(send(1, false), &mut Cx::new(&mut env, &mut fx));
    assert_eq!(env.spent(), Span::from_micros(2 * 60));
    let Some(astrarium_protocol_transport::Request::Send { to, message, .. }) = fx.down.pop_front() else {
        panic!()
    };
    fx.clear();
    let mut relay = node(to.0, Config { hops: 1, ..Config::default() });
    env.begin(ms(2), to, 2);
    relay.on_indication(Below::Delivered { from: ALICE, message }, &mut Cx::new(&mut env, &mut fx));
    assert_eq!(env.spent(), Span::from_micros(60 + 1));
    assert!(matches!(fx.down.front(), Some(astrarium_protocol_transport::Request::Send { to: ALICE, .. })));
}

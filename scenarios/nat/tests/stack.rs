//! Layers stacked on traversal, over modelled devices, 5 % loss and a partition: transports and overlays run behind middleboxes
//! unchanged.

use std::sync::Arc;

use astrarium_engine::{Arrival, Builder, Fault, FaultAction, Observer, Sight, Simulation, Workload};
use astrarium_net::{Disturbance, LossModel, Modelled, NatConfig, NetConfig, Population, Site};
use astrarium_node::{NodeId, Protocol, Seed, Span, Stack, Time, Wire};
use astrarium_protocol_overlay::kademlia::{self, Directory, Id, Kademlia, Table, Target};
use astrarium_protocol_overlay::traversal::{Config, ServerAddress, Traversal};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_protocol_transport::rudp::{self, Rudp};
use astrarium_protocol_transport::{Event, Request};

/// Hosts; the rendezvous is the node after them.
const HOSTS: usize = 24;

const SEED: Seed = Seed(11);

/// Before it hosts classify themselves and log in.
const READY: Span = Span::from_secs(25);

fn at(s: u64) -> Time {
    Time::ZERO + Span::from_secs(s)
}

/// Population A, four in five behind devices, 5 % loss, 50 ms.
fn network() -> Modelled {
    let rendezvous = NodeId::from(HOSTS);
    let nat = NatConfig {
        sites: Arc::from([(rendezvous, Site::Public)]),
        extra: Arc::from([(rendezvous, 1)]),
        ..NatConfig::population(Population::A, 0.8)
    };
    let net = NetConfig { nat, loss: LossModel::Bernoulli { p: 0.05 }, ..NetConfig::new(HOSTS + 1) };
    net.build(SEED).expect("a sound network").0
}

/// The traversal layer of a node on this network.
fn traversal<M: astrarium_protocol_transport::Message>(
    network: &Modelled,
) -> impl Fn(NodeId) -> Traversal<M> + Clone + Send + Sync + 'static {
    let rendezvous = NodeId::from(HOSTS);
    let first = network.public_ip(rendezvous);
    let second = network.extra_ips(rendezvous).next().expect("a second address");
    let server = ServerAddress { ips: [first, second], ports: [3478, 3479] };
    let config = Arc::new(Config { attempt_symmetric: true, servers: vec![server], ..Config::default() });
    let locals: Arc<[_]> = (0..=HOSTS).map(|i| network.local_ip(NodeId::from(i))).collect();
    move |id| {
        if id == rendezvous {
            Traversal::rendezvous(Arc::clone(&config), server)
        } else {
            Traversal::host(Arc::clone(&config), locals[id.index()])
        }
    }
}

/// For ten seconds the odd hosts cannot reach the even ones, nor half of them the rendezvous.
fn partition(from: u64) -> Vec<Fault> {
    let marks: Arc<[u8]> = (0..=HOSTS).map(|i| (i % 2) as u8).collect();
    let action = FaultAction::Disturb(Disturbance::Partition { marks });
    vec![Fault { id: "cut".into(), at: at(from), until: Some(at(from + 10)), action }]
}

/// A list of requests.
#[derive(Debug)]
struct List<P: Protocol>(std::collections::VecDeque<(Time, NodeId, P::Above)>);

impl<P: Protocol> Clone for List<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Protocol> Workload<P> for List<P> {
    fn next(&mut self) -> Option<Arrival<P>> {
        self.0.pop_front().map(|(at, node, request)| Arrival { at, node, request })
    }
}

/// Keeps what topmost layers say.
struct Heard<P: Protocol>(Vec<(Time, NodeId, P::Up)>);

impl<P: Protocol> Clone for Heard<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Protocol> Observer<P> for Heard<P> {
    fn on_indication(&mut self, node: NodeId, up: &P::Up, sight: &Sight<'_, P>) {
        self.0.push((sight.now(), node, up.clone()));
    }

    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

type Run<P> = Simulation<P, Modelled, astrarium_engine::Honest, Heard<P>, List<P>>;

fn run<P: Protocol>(
    network: Modelled,
    factory: impl Fn(NodeId) -> P + Send + Sync + 'static,
    requests: Vec<(Time, NodeId, P::Above)>,
    faults: Vec<Fault>,
    until: Time,
) -> Run<P> {
    let mut simulation = Builder::new(HOSTS + 1, SEED, network, factory)
        .observer(Heard(Vec::new()))
        .workload(List::<P>(requests.into()))
        .faults(faults)
        .build();
    simulation.run_until(until);
    simulation
}

/// A message: its number, in 100 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Note(u32);

impl Wire for Note {
    fn wire_len(&self) -> u32 {
        100
    }
}

/// Every host sends so many notes to the next, one per second.
fn notes(count: u32) -> Vec<(Time, NodeId, Request<Note>)> {
    let one = |k: u32, host: usize| {
        let to = NodeId::from((host + 1) % HOSTS);
        (Time::ZERO + READY + Span::from_secs(u64::from(k)), NodeId::from(host), Request::send(to, Note(k)))
    };
    (0..count).flat_map(|k| (0..HOSTS).map(move |host| one(k, host))).collect()
}

/// Pairs of neighbours on the ring whose devices exclude a direct path.
fn excluded(network: &Modelled) -> usize {
    let kind = |host: usize| network.device_kind(NodeId::from(host % HOSTS));
    let bound = |kind| matches!(kind, Some(2..=5));
    let shut = |a, b| (a == Some(5) && bound(b)) || (b == Some(5) && bound(a));
    (0..HOSTS).filter(|&host| shut(kind(host), kind(host + 1))).count()
}

#[test]
fn bare_datagrams_cross_devices_loss_and_a_partition() {
    let network = network();
    let make = traversal::<Note>(&network);
    let factory = move |id| Stack::new(Udp::<Note>::new(), make(id));
    let excluded = excluded(&network);
    let simulation = run(network, factory, notes(60), partition(50), at(100));
    let heard = &simulation.observer().0;
    let of = |from: u64, to: u64| {
        let window = at(from)..at(to);
        heard
            .iter()
            .filter(|(when, _, up)| window.contains(when) && matches!(up, Event::Delivered { .. }))
            .count()
    };
    // Before the cut all pairs that can talk do, with a loss of 5 %; each in [.85, 1] of the notes.
    let full = (HOSTS - excluded) * 15;
    assert!(of(32, 47) > full * 85 / 100 && of(32, 47) <= full, "{} of {full}", of(32, 47));
    // Neighbours on the ring are on different sides.
    assert!(of(51, 59) == 0, "{} crossed the cut", of(51, 59));
    assert!(of(65, 80) > full * 85 / 100, "{} of {full} after healing", of(65, 80));
    let lost = simulation.network().traffic().drops;
    assert!(lost.loss > 0 && lost.partition > 0);
}

/// All devices lose their tables, half of the hosts' get another address too: paths die of silence and are opened anew.
#[test]
fn paths_are_opened_anew_when_devices_forget() {
    let network = network();
    let make = traversal::<Note>(&network);
    let factory = move |id| Stack::new(Udp::<Note>::new(), make(id));
    let excluded = excluded(&network);
    let rebind = |id: &str, nodes: std::ops::Range<usize>, moved| {
        let nodes = nodes.map(NodeId::from).collect();
        let action = FaultAction::Disturb(Disturbance::Rebind { nodes, carrier: false, moved });
        Fault { id: id.into(), at: at(50), until: Some(at(50) + Span::from_nanos(1)), action }
    };
    let faults = vec![rebind("same", 0..HOSTS / 2, false), rebind("moved", HOSTS / 2..HOSTS, true)];
    let simulation = run(network, factory, notes(200), faults, at(230));
    let window = at(200)..at(220);
    let arrived = |(when, _, up): &&(Time, NodeId, Event<Note>)| {
        window.contains(when) && matches!(up, Event::Delivered { .. })
    };
    let (got, full) = (simulation.observer().0.iter().filter(arrived).count(), (HOSTS - excluded) * 20);
    assert!(got > full * 85 / 100, "{got} of {full}");
    let lost: u64 = (0..HOSTS).map(|i| simulation.node(NodeId::from(i)).lower.counts().lost_paths).sum();
    assert!(lost > 0, "the fault went unnoticed");
}

#[test]
fn reliable_messages_arrive_once_and_in_order_over_paths_through_devices() {
    let network = network();
    let make = traversal::<rudp::Packet<Note>>(&network);
    let config = rudp::Config::profile(rudp::Profile::KcpTurbo);
    let factory = move |id| Stack::new(Rudp::<Note>::new(config), make(id));
    let excluded = excluded(&network);
    let simulation = run(network, factory, notes(40), partition(45), at(150));
    let mut complete = 0;
    for host in 0..HOSTS {
        let to = NodeId::from((host + 1) % HOSTS);
        let got: Vec<u32> = simulation
            .observer()
            .0
            .iter()
            .filter_map(|(_, node, up)| match up {
                Event::Delivered { from, message } if *node == to && from.index() == host => Some(message.0),
                _ => None,
            })
            .collect();
        assert!(got.windows(2).all(|w| w[0] < w[1]), "{host}: not once and in order: {got:?}");
        complete += usize::from(got.len() == 40);
    }
    assert_eq!(complete, HOSTS - excluded, "every pair that can talk has all");
}

#[test]
fn a_hash_table_finds_its_nodes_over_reliable_datagrams_through_devices() {
    let network = network();
    let make = traversal::<rudp::Packet<kademlia::Message>>(&network);
    let names = (0..=HOSTS as u64).map(|i| Id::hash(&i.to_be_bytes())).collect();
    let maker = Kademlia::maker(kademlia::Config::zv(), Directory::new(names)).expect("sound parameters");
    let config = rudp::Config::profile(rudp::Profile::KcpTurbo);
    let factory = move |id: NodeId| {
        // The rendezvous takes no part; the first hosts know each other.
        let seeds: Arc<[NodeId]> = if id.index() == HOSTS {
            Arc::from([])
        } else {
            (0..3).map(NodeId).filter(|s| *s != id).collect()
        };
        Stack::new(maker(seeds, Table::new()), Stack::new(Rudp::new(config), make(id)))
    };
    let ask = |host: usize, k: u64, s: u64| {
        let target = Target::Node(NodeId::from((host + 5 + k as usize) % HOSTS));
        (at(s), NodeId::from(host), kademlia::Request::Lookup { query: k, target })
    };
    let requests = (0..3).flat_map(|k| (0..HOSTS).map(move |host| ask(host, k, 120 + 20 * k))).collect();
    let simulation = run(network, factory, requests, partition(60), at(240));
    let found: Vec<_> = simulation
        .observer()
        .0
        .iter()
        .filter_map(|(_, _, up)| match up {
            kademlia::Event::Found(found) => Some(found),
            _ => None,
        })
        .collect();
    let hits =
        found.iter().filter(|f| matches!(f.target, Target::Node(node) if f.contacts.contains(&node))).count();
    assert!(hits * 100 >= 3 * HOSTS * 90, "{hits} of {} lookups, {} ended", 3 * HOSTS, found.len());
}

//! Layers compose: a reliable link under a register, each alone by hand, and the stack by hand and on the engine.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use astrarium_engine::{Builder, Observer, QueueKind, RunOptions, Sight};
use astrarium_net::{LossModel, NetConfig};
use astrarium_node::driver::Cluster;
use astrarium_node::{
    CostTable, Cx, Datagram, Env, Fx, Layer, NodeId, Protocol, Received, Seed, Span, Stack, StackTimer, Time,
    TimerCmd, Wire,
};
use common::{Plan, built, ms};

/// How long a link waits for an acknowledgement.
const RETRY: Span = Span::from_millis(30);

/// Delivers numbers exactly once over lossy datagrams: sequence numbers, acknowledgements, repetition.
#[derive(Debug, Clone, Default)]
struct Link {
    next: BTreeMap<NodeId, u32>,
    unacknowledged: BTreeMap<(NodeId, u32), u64>,
    seen: BTreeSet<(NodeId, u32)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Data { sequence: u32, number: u64 },
    Ack { sequence: u32 },
}

impl Wire for Segment {
    fn wire_len(&self) -> u32 {
        match self {
            Self::Data { .. } => 13,
            Self::Ack { .. } => 5,
        }
    }
}

impl Layer for Link {
    type Above = (NodeId, u64);
    type Up = (NodeId, u64);
    type Down = Datagram<Segment>;
    type Below = Received<Segment>;
    type Timer = (NodeId, u32);

    fn on_start(&mut self, _: &mut Cx<'_, Self>) {}

    fn on_request(&mut self, (to, number): (NodeId, u64), cx: &mut Cx<'_, Self>) {
        let next = self.next.entry(to).or_default();
        let sequence = *next;
        *next += 1;
        self.unacknowledged.insert((to, sequence), number);
        cx.send(Datagram::One(to, Segment::Data { sequence, number }));
        cx.set_timer((to, sequence), RETRY);
    }

    fn on_indication(&mut self, Received { from, message }: Received<Segment>, cx: &mut Cx<'_, Self>) {
        match message {
            Segment::Data { sequence, number } => {
                cx.send(Datagram::One(from, Segment::Ack { sequence }));
                if self.seen.insert((from, sequence)) {
                    cx.indicate((from, number));
                }
            }
            Segment::Ack { sequence } => {
                self.unacknowledged.remove(&(from, sequence));
                cx.cancel_timer((from, sequence));
            }
        }
    }

    fn on_timer(&mut self, (to, sequence): (NodeId, u32), cx: &mut Cx<'_, Self>) {
        if let Some(&number) = self.unacknowledged.get(&(to, sequence)) {
            cx.send(Datagram::One(to, Segment::Data { sequence, number }));
            cx.set_timer((to, sequence), RETRY);
        }
    }
}

impl Protocol for Link {
    type Msg = Segment;
}

/// Adds up what it is sent, and passes requests on to everybody else.
#[derive(Debug, Clone)]
struct Adder {
    nodes: u32,
    sum: u64,
    beats: u32,
}

impl Adder {
    fn new(nodes: u32) -> Self {
        Self { nodes, sum: 0, beats: 0 }
    }
}

impl Layer for Adder {
    type Above = u64;
    type Up = u64;
    type Down = (NodeId, u64);
    type Below = (NodeId, u64);
    type Timer = ();

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        cx.set_timer((), Span::from_millis(100));
    }

    fn on_request(&mut self, number: u64, cx: &mut Cx<'_, Self>) {
        let me = cx.me().0;
        (0..self.nodes).filter(|&to| to != me).for_each(|to| cx.send((NodeId(to), number)));
    }

    fn on_indication(&mut self, (_, number): (NodeId, u64), cx: &mut Cx<'_, Self>) {
        self.sum += number;
        cx.indicate(self.sum);
    }

    fn on_timer(&mut self, (): (), cx: &mut Cx<'_, Self>) {
        self.beats += 1;
        cx.set_timer((), Span::from_millis(100));
    }
}

type Node = Stack<Adder, Link>;

fn nodes(n: u32) -> Vec<Node> {
    (0..n).map(|_| Stack::new(Adder::new(n), Link::default())).collect()
}

#[test]
fn the_link_alone_repeats_until_acknowledged_and_delivers_once() {
    let mut cluster = Cluster::start(vec![Link::default(), Link::default()], Span::from_millis(10), Seed(1));
    // The first data and the first acknowledgement are lost.
    let (mut data, mut acks) = (0, 0);
    cluster.filter(move |_, _, _, segment| {
        let count = if matches!(segment, Segment::Data { .. }) { &mut data } else { &mut acks };
        *count += 1;
        *count > 1
    });
    cluster.request(NodeId(0), (NodeId(1), 7));
    cluster.run_until(ms(1_000));
    assert_eq!(cluster.indications, [(ms(40), NodeId(1), (NodeId(0), 7))]);
    let sent: Vec<Time> = cluster.sent.iter().map(|s| s.0).collect();
    // Data at 0, 30 and 60 ms; acknowledged at 40 (lost) and 70 ms.
    assert_eq!(sent, [0, 30, 40, 60, 70].map(ms));
    assert!(!cluster.step(), "the timer was cancelled");
}

#[test]
fn the_register_alone_needs_no_network() {
    let mut adder = Adder::new(3);
    let (mut env, mut fx) = (Env::new(Seed(1), CostTable::FREE), Fx::<Adder>::new());
    env.begin(ms(5), NodeId(1), 0);
    adder.on_request(9, &mut Cx::new(&mut env, &mut fx));
    assert_eq!(fx.down.drain(..).collect::<Vec<_>>(), [(NodeId(0), 9), (NodeId(2), 9)]);
    adder.on_indication((NodeId(0), 4), &mut Cx::new(&mut env, &mut fx));
    adder.on_indication((NodeId(2), 5), &mut Cx::new(&mut env, &mut fx));
    assert_eq!(fx.up.drain(..).collect::<Vec<_>>(), [4, 9]);
    assert!(fx.is_empty());
}

#[test]
fn a_stack_keeps_the_timers_of_its_halves_apart() {
    let mut stack = Stack::new(Adder::new(2), Link::default());
    let (mut env, mut fx) = (Env::new(Seed(1), CostTable::FREE), Fx::<Node>::new());
    env.begin(ms(5), NodeId(0), 0);
    stack.on_start(&mut Cx::new(&mut env, &mut fx));
    stack.on_request(3, &mut Cx::new(&mut env, &mut fx));
    let timers: Vec<_> = fx.timers.drain(..).collect();
    let upper = TimerCmd::Set { timer: StackTimer::Upper(()), at: ms(105) };
    let lower = TimerCmd::Set { timer: StackTimer::Lower((NodeId(1), 0)), at: ms(35) };
    assert_eq!(timers, [upper, lower]);
    assert_eq!(fx.down.len(), 1);
}

#[test]
fn the_stack_by_hand_and_on_the_engine_adds_up_alike() {
    let mut cluster = Cluster::start(nodes(3), Span::from_millis(50), Seed(1));
    let plan = [(ms(20), 0, 100), (ms(40), 1, 20), (ms(60), 2, 3)];
    for &(at, node, number) in &plan {
        cluster.run_until(at);
        cluster.request(NodeId(node), number);
    }
    cluster.run_until(ms(1_050));
    let mut run = Builder::new(3, Seed(1), built(NetConfig::new(3), Seed(1)), |_| {
        Stack::new(Adder::new(3), Link::default())
    })
    .workload(Plan::new(plan))
    .observer(Sums::default())
    .build();
    run.run_until(ms(1_050));
    for id in (0..3).map(NodeId) {
        let (by_hand, engine) = (&cluster.node(id).upper, &run.node(id).upper);
        assert_eq!((by_hand.sum, by_hand.beats), (engine.sum, engine.beats));
        assert_eq!((engine.sum, engine.beats), ([23, 103, 120][id.index()], 10));
    }
    let mut by_hand = cluster.indications.clone();
    let mut engine = run.observer().0.clone();
    by_hand.sort_unstable();
    engine.sort_unstable();
    assert_eq!(by_hand, engine);
}

#[derive(Debug, Clone, Default)]
struct Sums(Vec<(Time, NodeId, u64)>);

impl Observer<Node> for Sums {
    fn on_indication(&mut self, node: NodeId, sum: &u64, sight: &Sight<'_, Node>) {
        self.0.push((sight.now(), node, *sum));
    }

    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// A third of all packets lost, one in ten doubled: nothing is lost or counted twice, on any queue.
#[test]
fn the_stack_survives_a_lossy_network() {
    let config = NetConfig { loss: LossModel::Bernoulli { p: 0.33 }, duplicate: 0.1, ..NetConfig::new(4) };
    let digests = QueueKind::CONCRETE.map(|queue| {
        let network = built(config.clone(), Seed(2));
        let mut run = Builder::new(4, Seed(2), network, |_| Stack::new(Adder::new(4), Link::default()))
            .workload(Plan::new((0..100).map(|i| (ms(10 * (i + 1)), (i % 4) as u32, 1))))
            .options(RunOptions { queue, snapshot_at: Some(700), ..RunOptions::default() })
            .build();
        run.run_until(ms(10_000));
        assert!(run.network().traffic().drops.loss > 200);
        for id in (0..4).map(NodeId) {
            assert_eq!(run.node(id).upper.sum, 75);
            assert!(run.node(id).lower.unacknowledged.is_empty());
        }
        run.digest()
    });
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]));
}

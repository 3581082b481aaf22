//! No allocation per event once warm; one per broadcast (design §2). Counted by an allocator of this program's own.

mod common;

use allocation_counter::measure;
use astrarium_engine::{Builder, CpuModel, Honest, QueueKind, RunOptions, Simulation};
use astrarium_net::{Bandwidth, LatencyModel, Modelled, NetConfig};
use astrarium_node::{
    CostTable, Cx, Datagram, Layer, NodeId, Op, Protocol, Received, Seed, Span, Stack, Time, Wire,
};
use common::{built, ms};

const NODES: usize = 64;

/// PHOLD-like: every message is passed on to a random node, with a timer re-armed and a draw made at each step.
#[derive(Debug, Clone)]
struct Ping {
    /// Send to all others instead, at each timer.
    broadcasts: bool,
    others: std::sync::Arc<[NodeId]>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Ball(u64);

impl Wire for Ball {
    fn wire_len(&self) -> u32 {
        64
    }
}

impl Layer for Ping {
    type Above = u64;
    type Up = u64;
    type Down = Datagram<Ball>;
    type Below = Received<Ball>;
    type Timer = ();

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        let after = Span::from_micros(1 + cx.rng().below(20_000));
        cx.set_timer((), after);
        if !self.broadcasts {
            cx.send(Datagram::One(NodeId((cx.me().0 + 1) % NODES as u32), Ball(0)));
        }
    }

    fn on_request(&mut self, _: u64, _: &mut Cx<'_, Self>) {}

    fn on_indication(&mut self, received: Received<Ball>, cx: &mut Cx<'_, Self>) {
        cx.charge(Op::Parse);
        cx.indicate(received.message.0);
        if !self.broadcasts {
            let hop = 1 + cx.rng().below(NODES as u64 - 1) as u32;
            cx.send(Datagram::One(NodeId((cx.me().0 + hop) % NODES as u32), Ball(received.message.0 + 1)));
            cx.set_timer((), Span::from_millis(20));
        }
    }

    fn on_timer(&mut self, (): (), cx: &mut Cx<'_, Self>) {
        if self.broadcasts {
            cx.send(Datagram::Many(std::sync::Arc::clone(&self.others), Ball(7)));
        }
        cx.set_timer((), Span::from_millis(20));
    }
}

impl Protocol for Ping {
    type Msg = Ball;
}

fn ping(broadcasts: bool, id: NodeId) -> Ping {
    Ping { broadcasts, others: (0..NODES).map(NodeId::from).filter(|&to| to != id).collect() }
}

/// Allocations of so many events, after a second of warming up.
fn allocations<P: Protocol>(run: &mut Simulation<P, Modelled, Honest>, events: u64) -> u64 {
    run.run_until(ms(2_000));
    let before = run.events();
    let counted = measure(|| {
        run.run_events(Time::MAX, events);
    });
    assert_eq!(run.events() - before, events);
    counted.count_total
}

fn config() -> NetConfig {
    let latency = LatencyModel::Uniform { min: Span::from_millis(1), max: Span::from_millis(30) };
    NetConfig { latency, ..NetConfig::new(NODES) }
}

fn options(queue: QueueKind) -> RunOptions {
    RunOptions { queue, ..RunOptions::default() }
}

#[test]
fn messages_and_timers_allocate_nothing() {
    for queue in [QueueKind::Heap, QueueKind::Ring] {
        let mut run = Builder::new(NODES, Seed(1), built(config(), Seed(1)), |id| ping(false, id))
            .options(options(queue))
            .build();
        let count = allocations(&mut run, 100_000);
        // Room for a buffer that grows when chance makes a new maximum.
        assert!(count <= 20, "{count} allocations in 100,000 events, {}", queue.name());
    }
}

#[test]
fn access_links_and_processors_allocate_nothing() {
    let config =
        NetConfig { bandwidth: Bandwidth::Constant { up: 10_000_000, down: 10_000_000 }, ..config() };
    let mut run = Builder::new(NODES, Seed(1), built(config, Seed(1)), |id| ping(false, id))
        .cpu(CpuModel { costs: CostTable::REFERENCE, speed: 0.01, ..CpuModel::default() })
        .build();
    let count = allocations(&mut run, 100_000);
    assert!(count <= 100, "{count} allocations in 100,000 events");
}

#[test]
fn a_broadcast_allocates_at_most_once() {
    let mut run = Builder::new(NODES, Seed(1), built(config(), Seed(1)), |id| ping(true, id)).build();
    // Each broadcast is 63 deliveries and a timer.
    let count = allocations(&mut run, 64 * 1_000);
    assert!(count <= 1_000, "{count} allocations in 1,000 broadcasts");
}

/// Passes everything through.
#[derive(Debug, Clone)]
struct Through;

impl Layer for Through {
    type Above = Datagram<Ball>;
    type Up = Received<Ball>;
    type Down = Datagram<Ball>;
    type Below = Received<Ball>;
    type Timer = ();

    fn on_start(&mut self, _: &mut Cx<'_, Self>) {}

    fn on_request(&mut self, request: Datagram<Ball>, cx: &mut Cx<'_, Self>) {
        cx.send(request);
    }

    fn on_indication(&mut self, indication: Received<Ball>, cx: &mut Cx<'_, Self>) {
        cx.indicate(indication);
    }

    fn on_timer(&mut self, (): (), _: &mut Cx<'_, Self>) {}
}

impl Protocol for Through {
    type Msg = Ball;
}

#[test]
fn stacks_allocate_nothing() {
    let stack = |id| Stack::new(ping(false, id), Stack::new(Through, Through));
    let mut run = Builder::new(NODES, Seed(1), built(config(), Seed(1)), stack).build();
    let count = allocations(&mut run, 100_000);
    assert!(count <= 20, "{count} allocations in 100,000 events");
}

/// Packets that go to and fro through translators on both sides, on mappings that live.
#[test]
fn middleboxes_allocate_nothing_for_packets_of_live_mappings() {
    use astrarium_net::{NatConfig, Population};
    use common::Plan;
    use common::post::{Packet, at, packet};

    #[derive(Debug, Clone)]
    struct Echo;

    impl Layer for Echo {
        type Above = Packet;
        type Up = Received<Packet>;
        type Down = Datagram<Packet>;
        type Below = Received<Packet>;
        type Timer = ();

        fn on_start(&mut self, _: &mut Cx<'_, Self>) {}

        fn on_restart(&mut self, _: &mut Cx<'_, Self>) {}

        fn on_request(&mut self, packet: Packet, cx: &mut Cx<'_, Self>) {
            cx.send(Datagram::One(NodeId::ADDRESSED, packet));
        }

        fn on_indication(&mut self, Received { mut message, .. }: Received<Packet>, cx: &mut Cx<'_, Self>) {
            (message.header.src, message.header.dst) = (message.header.dst, message.header.src);
            message.header.ttl = 128;
            cx.send(Datagram::One(NodeId::ADDRESSED, message));
        }

        fn on_timer(&mut self, (): (), _: &mut Cx<'_, Self>) {}
    }

    impl Protocol for Echo {
        type Msg = Packet;
    }

    let config = NetConfig { nat: NatConfig::population(Population::A, 1.0), ..config() };
    let sites = [(NodeId(0), astrarium_net::Site::Public)].into();
    let config = NetConfig { nat: NatConfig { sites, ..config.nat.clone() }, ..config };
    let net = built(config, Seed(1));
    let server = at(net.public_ip(NodeId(0)), 80);
    let hello = |node: u32| (ms(1), node, packet(node, at(net.local_ip(NodeId(node)), 500), server));
    let plan = Plan::new((1..NODES as u32).map(hello));
    let mut run = Builder::new(NODES, Seed(1), net.clone(), |_| Echo).workload(plan).build();
    run.run_until(ms(2_000));
    let before = run.events();
    let counted = measure(|| {
        run.run_events(Time::MAX, 100_000);
    });
    assert_eq!(run.events() - before, 100_000);
    assert!(counted.count_total <= 20, "{} allocations in 100,000 events", counted.count_total);
}

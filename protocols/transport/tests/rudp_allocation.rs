//! Nothing is allocated per datagram once a session is warm.
#![allow(missing_docs, reason = "tests")]

use std::collections::VecDeque;

use astrarium_node::{
    CostTable, Cx, Datagram, Env, Fx, Layer, NodeId, Received, Seed, Span, Time, TimerCmd, Wire,
};
use astrarium_protocol_transport::Request;
use astrarium_protocol_transport::rudp::{Config, Packet, Profile, Rudp, Timer};

/// A message of 20,000 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Block;

impl Wire for Block {
    fn wire_len(&self) -> u32 {
        20_000
    }
}

type Node = Rudp<Block>;

/// Two nodes with reused effect buffers; what is sent arrives with the next step of 1 ms, every 50th datagram excepted.
struct Wired {
    nodes: [Node; 2],
    env: Env,
    fx: Fx<Node>,
    wire: VecDeque<(NodeId, Packet<Block>)>,
    timers: [Option<Time>; 2],
    now: Time,
    sent: u64,
}

impl Wired {
    fn call(&mut self, id: NodeId, handler: impl FnOnce(&mut Node, &mut Cx<'_, Node>)) {
        self.env.begin(self.now, id, self.sent);
        handler(&mut self.nodes[id.index()], &mut Cx::new(&mut self.env, &mut self.fx));
        self.fx.up.clear();
        while let Some(command) = self.fx.timers.pop_front() {
            self.timers[id.index()] = match command {
                TimerCmd::Set { at, .. } => Some(at),
                TimerCmd::Cancel { .. } => None,
            };
        }
        while let Some(datagram) = self.fx.down.pop_front() {
            let Datagram::One(to, packet) = datagram else { panic!("to one node") };
            self.sent += 1;
            if !self.sent.is_multiple_of(50) {
                self.wire.push_back((to, packet));
            }
        }
    }

    fn step(&mut self) {
        self.now += Span::from_millis(1);
        for _ in 0..self.wire.len() {
            let Some((to, message)) = self.wire.pop_front() else { break };
            let from = NodeId(1 - to.0);
            self.call(to, |node, cx| node.on_indication(Received { from, message }, cx));
        }
        for id in [NodeId(0), NodeId(1)] {
            if self.timers[id.index()].is_some_and(|at| at <= self.now) {
                self.timers[id.index()] = None;
                self.call(id, |node, cx| node.on_timer(Timer(NodeId(1 - id.0)), cx));
            }
        }
    }

    fn run(&mut self, steps: u32) {
        for step in 0..steps {
            if step.is_multiple_of(10) {
                self.call(NodeId(0), |node, cx| node.on_request(Request::send(NodeId(1), Block), cx));
            }
            self.step();
        }
    }
}

#[test]
fn a_warm_session_does_not_allocate() {
    for profile in [Profile::KcpTurbo, Profile::ZvPaper] {
        let node: Node = Rudp::new(Config::profile(profile));
        let mut wired = Wired {
            nodes: [node.clone(), node],
            env: Env::new(Seed(1), CostTable::FREE),
            fx: Fx::new(),
            wire: VecDeque::new(),
            timers: [None; 2],
            now: Time::ZERO,
            sent: 0,
        };
        wired.run(20_000);
        let before = wired.sent;
        let info = allocation_counter::measure(|| wired.run(20_000));
        let datagrams = wired.sent - before;
        assert!(datagrams > 20_000, "{datagrams} datagrams");
        // Acknowledgements in more than two runs – after a loss – spill; nothing else does.
        println!("{profile:?}: {} allocations for {datagrams} datagrams", info.count_total);
        assert!(info.count_total * 20 < datagrams, "{profile:?}: {} allocations", info.count_total);
        assert_eq!(info.count_current, 0, "{profile:?}: what is allocated is freed");
    }
}

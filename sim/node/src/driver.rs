//! A few nodes on a virtual clock, driven by hand: for tests of one layer or one conversation.
//!
//! Like quinn-proto's `Pair`: no network model, no CPU, no adversary; a fixed delay, and a filter that may drop. Anything that
//! needs more belongs on the engine.

use std::collections::BTreeMap;

use crate::cpu::CostTable;
use crate::id::NodeId;
use crate::layer::{Cx, Env, Fx, TimerCmd};
use crate::message::{Datagram, Protocol, Received};
use crate::random::Seed;
use crate::time::{Span, Time};

enum Pending<P: Protocol> {
    Deliver { to: NodeId, received: Received<P::Msg> },
    Timer { node: NodeId, timer: P::Timer },
}

/// Decides whether a message is delivered: (now, from, to, message).
type Filter<P> = Box<dyn FnMut(Time, NodeId, NodeId, &<P as Protocol>::Msg) -> bool>;

/// Some nodes, one clock, one fixed delay.
pub struct Cluster<P: Protocol> {
    nodes: Vec<P>,
    env: Env,
    fx: Fx<P>,
    now: Time,
    delay: Span,
    queue: BTreeMap<(Time, u64), Pending<P>>,
    sequence: u64,
    filter: Filter<P>,
    /// Every message sent so far: (time, from, to, message), dropped ones included.
    pub sent: Vec<(Time, NodeId, NodeId, P::Msg)>,
    /// Every indication of a topmost layer so far.
    pub indications: Vec<(Time, NodeId, P::Up)>,
}

impl<P: Protocol> Cluster<P> {
    /// Starts these nodes (`on_start` in order) with messages taking `delay`.
    #[must_use]
    pub fn start(nodes: Vec<P>, delay: Span, seed: Seed) -> Self {
        let mut cluster = Self {
            nodes,
            env: Env::new(seed, CostTable::FREE),
            fx: Fx::new(),
            now: Time::ZERO,
            delay: delay.max(Span::from_nanos(1)),
            queue: BTreeMap::new(),
            sequence: 0,
            filter: Box::new(|_, _, _, _| true),
            sent: Vec::new(),
            indications: Vec::new(),
        };
        for i in 0..cluster.nodes.len() {
            cluster.call(NodeId::from(i), P::on_start);
        }
        cluster
    }

    /// From now on a message is delivered only if the filter says so.
    pub fn filter(&mut self, filter: impl FnMut(Time, NodeId, NodeId, &P::Msg) -> bool + 'static) {
        self.filter = Box::new(filter);
    }

    /// The virtual clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// A node's state.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &P {
        &self.nodes[id.index()]
    }

    /// Hands a request to a node's topmost layer.
    pub fn request(&mut self, id: NodeId, request: P::Above) {
        self.call(id, |node, cx| node.on_request(request, cx));
    }

    /// Delivers a message as if it had come over the wire.
    pub fn deliver(&mut self, from: NodeId, to: NodeId, message: P::Msg) {
        self.call(to, |node, cx| node.on_indication(Received { from, message }, cx));
    }

    /// Calls a node's handler directly and carries out its effects.
    pub fn call(&mut self, id: NodeId, handler: impl FnOnce(&mut P, &mut Cx<'_, P>)) {
        self.sequence += 1;
        self.env.begin(self.now, id, self.sequence);
        handler(&mut self.nodes[id.index()], &mut Cx::new(&mut self.env, &mut self.fx));
        self.drain(id);
    }

    /// Advances to the next event and handles it; false when nothing is pending.
    pub fn step(&mut self) -> bool {
        let Some(((time, _), pending)) = self.queue.pop_first() else { return false };
        self.now = time;
        match pending {
            Pending::Deliver { to, received } => self.call(to, |node, cx| node.on_indication(received, cx)),
            Pending::Timer { node, timer } => self.call(node, |node, cx| node.on_timer(timer, cx)),
        }
        true
    }

    /// Handles every event up to and including `until`, then sets the clock there.
    pub fn run_until(&mut self, until: Time) {
        while self.queue.first_key_value().is_some_and(|(&(time, _), _)| time <= until) {
            self.step();
        }
        self.now = self.now.max(until);
    }

    fn push(&mut self, time: Time, pending: Pending<P>) {
        self.sequence += 1;
        self.queue.insert((time, self.sequence), pending);
    }

    fn drain(&mut self, id: NodeId) {
        while let Some(up) = self.fx.up.pop_front() {
            self.indications.push((self.now, id, up));
        }
        while let Some(cmd) = self.fx.timers.pop_front() {
            let (TimerCmd::Set { timer, .. } | TimerCmd::Cancel { timer }) = cmd;
            self.queue
                .retain(|_, p| !matches!(p, Pending::Timer { node, timer: t } if *node == id && *t == timer));
            if let TimerCmd::Set { timer, at } = cmd {
                self.push(at.max(self.now + Span::from_nanos(1)), Pending::Timer { node: id, timer });
            }
        }
        while let Some(datagram) = self.fx.down.pop_front() {
            match datagram {
                Datagram::One(to, message) => self.send(id, to, message),
                Datagram::Many(recipients, message) => {
                    for &to in recipients.iter() {
                        self.send(id, to, message.clone());
                    }
                }
            }
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: P::Msg) {
        self.sent.push((self.now, from, to, message.clone()));
        if (self.filter)(self.now, from, to, &message) {
            self.push(self.now + self.delay, Pending::Deliver { to, received: Received { from, message } });
        }
    }
}

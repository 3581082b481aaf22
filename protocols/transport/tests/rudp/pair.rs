//! Two nodes, one clock, a path whose every datagram can be dropped, delayed or doubled.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use astrarium_node::{
    CostTable, Cx, Datagram, Env, Fx, NodeId, Protocol, Received, Seed, Span, Time, TimerCmd, Wire,
};
use astrarium_protocol_transport::Event;

/// A message: its number and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Note {
    pub(crate) number: u32,
    pub(crate) bytes: u32,
}

impl Wire for Note {
    fn wire_len(&self) -> u32 {
        self.bytes
    }
}

pub(crate) const fn note(number: u32, bytes: u32) -> Note {
    Note { number, bytes }
}

pub(crate) const fn ms(ms: u64) -> Span {
    Span::from_millis(ms)
}

pub(crate) fn at_ms(ms: u64) -> Time {
    Time::ZERO + Span::from_millis(ms)
}

/// Arrivals of one datagram: delays from now; none = lost.
pub(crate) type Path<M> = Box<dyn FnMut(Time, NodeId, &M) -> Vec<Span>>;

enum Pending<P: Protocol> {
    Deliver(NodeId, Received<P::Msg>),
    Timer(NodeId, P::Timer),
}

/// The driver. Node 0 and node 1.
pub(crate) struct Pair<P: Protocol> {
    pub(crate) nodes: [P; 2],
    env: Env,
    now: Time,
    order: u64,
    queue: BinaryHeap<Reverse<(Time, u64)>>,
    pending: BTreeMap<u64, Pending<P>>,
    /// Which pending event each set timer is.
    timers: Vec<(NodeId, P::Timer, u64)>,
    pub(crate) path: Path<P::Msg>,
    /// Datagrams sent: time, sender, datagram.
    pub(crate) sent: Vec<(Time, NodeId, P::Msg)>,
    pub(crate) keep_sent: bool,
    /// Indications: time, node, what.
    pub(crate) heard: Vec<(Time, NodeId, P::Up)>,
}

pub(crate) const A: NodeId = NodeId(0);
pub(crate) const B: NodeId = NodeId(1);

impl<P: Protocol> Pair<P> {
    pub(crate) fn new(a: P, b: P, path: impl FnMut(Time, NodeId, &P::Msg) -> Vec<Span> + 'static) -> Self {
        let mut pair = Self {
            nodes: [a, b],
            env: Env::new(Seed(1), CostTable::FREE),
            now: Time::ZERO,
            order: 0,
            queue: BinaryHeap::new(),
            pending: BTreeMap::new(),
            timers: Vec::new(),
            path: Box::new(path),
            sent: Vec::new(),
            keep_sent: true,
            heard: Vec::new(),
        };
        pair.call(A, P::on_start);
        pair.call(B, P::on_start);
        pair
    }

    pub(crate) fn now(&self) -> Time {
        self.now
    }

    pub(crate) fn call(&mut self, id: NodeId, handler: impl FnOnce(&mut P, &mut Cx<'_, P>)) {
        self.order += 1;
        self.env.begin(self.now, id, self.order);
        let mut fx = Fx::new();
        handler(&mut self.nodes[id.index()], &mut Cx::new(&mut self.env, &mut fx));
        for up in fx.up.drain(..) {
            self.heard.push((self.now, id, up));
        }
        for command in fx.timers.drain(..) {
            let (TimerCmd::Set { timer, .. } | TimerCmd::Cancel { timer }) = command;
            self.disarm(id, timer);
            if let TimerCmd::Set { timer, at } = command {
                let order = self.push(at.max(self.now + Span::from_nanos(1)), Pending::Timer(id, timer));
                self.timers.push((id, timer, order));
            }
        }
        for datagram in fx.down.drain(..) {
            let Datagram::One(to, message) = datagram else { panic!("a transport sends to one node") };
            self.transmit(id, to, message);
        }
    }

    fn disarm(&mut self, id: NodeId, timer: P::Timer) {
        if let Some(at) = self.timers.iter().position(|t| t.0 == id && t.1 == timer) {
            let (_, _, order) = self.timers.swap_remove(at);
            self.pending.remove(&order);
        }
    }

    fn transmit(&mut self, from: NodeId, to: NodeId, message: P::Msg) {
        if self.keep_sent {
            self.sent.push((self.now, from, message.clone()));
        }
        for delay in (self.path)(self.now, from, &message) {
            let received = Received { from, message: message.clone() };
            self.push(self.now + delay, Pending::Deliver(to, received));
        }
    }

    fn push(&mut self, at: Time, pending: Pending<P>) -> u64 {
        self.order += 1;
        self.queue.push(Reverse((at, self.order)));
        self.pending.insert(self.order, pending);
        self.order
    }

    pub(crate) fn request(&mut self, id: NodeId, request: P::Above) {
        self.call(id, |node, cx| node.on_request(request, cx));
    }

    /// Delivers a datagram as if it had come over the wire.
    pub(crate) fn inject(&mut self, to: NodeId, message: P::Msg) {
        let from = NodeId(1 - to.0);
        self.call(to, |node, cx| node.on_indication(Received { from, message }, cx));
    }

    pub(crate) fn restart(&mut self, id: NodeId) {
        let timers: Vec<_> = self.timers.iter().filter(|t| t.0 == id).map(|t| t.1).collect();
        timers.into_iter().for_each(|timer| self.disarm(id, timer));
        self.call(id, P::on_restart);
    }

    /// Handles every event up to and including `until`.
    pub(crate) fn run_until(&mut self, until: Time) {
        while let Some(&Reverse((at, order))) = self.queue.peek() {
            if at > until {
                break;
            }
            self.queue.pop();
            let Some(pending) = self.pending.remove(&order) else { continue };
            self.now = at;
            match pending {
                Pending::Deliver(to, received) => self.call(to, |node, cx| node.on_indication(received, cx)),
                Pending::Timer(id, timer) => {
                    self.disarm(id, timer);
                    self.call(id, |node, cx| node.on_timer(timer, cx));
                }
            }
        }
        self.now = self.now.max(until);
    }
}

impl<P: Protocol<Up = Event<Note>>> Pair<P> {
    /// Messages delivered to a node: time and number.
    pub(crate) fn delivered(&self, id: NodeId) -> Vec<(Time, u32)> {
        self.heard
            .iter()
            .filter_map(|(time, node, event)| match event {
                Event::Delivered { message, .. } if *node == id => Some((*time, message.number)),
                _ => None,
            })
            .collect()
    }

    /// Numbers of the messages delivered to a node.
    pub(crate) fn numbers(&self, id: NodeId) -> Vec<u32> {
        self.delivered(id).into_iter().map(|(_, number)| number).collect()
    }
}

//! Two nodes on a modelled path in virtual time: rate, delay, a finite queue, loss, duplication and reordering in both
//! directions. What [`astrarium_node::driver::Cluster`] leaves out, and no more.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::{BTreeMap, VecDeque};

use astrarium_node::collections::Map;
use astrarium_node::random::{Domain, Probability, Seed};
use astrarium_node::{
    CostTable, Cx, Datagram, Env, Fx, Layer, NodeId, Protocol, Received, Span, Stream, Time, TimerCmd, Wire,
};
use astrarium_protocol_transport::{Event, Request};

/// A message: its number and its length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Blob(pub(crate) u32, pub(crate) u32);

impl Wire for Blob {
    fn wire_len(&self) -> u32 {
        self.1
    }
}

pub(crate) const A: NodeId = NodeId(0);
pub(crate) const B: NodeId = NodeId(1);

/// The path in one direction.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// Bits per second; 0: unlimited.
    pub(crate) rate: u64,
    /// One way.
    pub(crate) delay: Span,
    /// Packets that may wait.
    pub(crate) queue: usize,
    /// Bytes that may wait.
    pub(crate) queue_bytes: u64,
    /// Probability that a packet is lost.
    pub(crate) loss: f64,
    /// Probability that it arrives twice.
    pub(crate) duplicate: f64,
    /// Extra delay, uniform from 0 to this; reorders.
    pub(crate) jitter: Span,
}

impl Link {
    pub(crate) fn new(rate: u64, delay: Span, loss: f64) -> Self {
        Self {
            rate,
            delay,
            queue: usize::MAX,
            queue_bytes: u64::MAX,
            loss,
            duplicate: 0.0,
            jitter: Span::ZERO,
        }
    }
}

enum What<P: Protocol> {
    Deliver(NodeId, P::Msg),
    Timer(NodeId, P::Timer),
    Ask(NodeId, P::Above),
}

struct Side<P: Protocol> {
    node: P,
    link: Link,
    luck: Stream,
    busy: Time,
    /// Packets that have not left, with their lengths, and the bytes of all.
    departures: VecDeque<(Time, u64)>,
    waiting: u64,
}

/// Two nodes, A (0) and B (1), and the path between them.
pub(crate) struct Path<P: Protocol> {
    sides: Vec<Side<P>>,
    env: Env,
    fx: Fx<P>,
    now: Time,
    queue: BTreeMap<(Time, u64), What<P>>,
    timers: Map<(NodeId, P::Timer), (Time, u64)>,
    sequence: u64,
    /// Bytes that left each side, with 28 per packet.
    pub(crate) wire_bytes: [u64; 2],
    /// Indications.
    pub(crate) indications: Vec<(Time, NodeId, P::Up)>,
}

impl<P: Protocol> Path<P> {
    pub(crate) fn new(a: P, b: P, forth: Link, back: Link, seed: u64) -> Self {
        let seed = Seed(seed);
        let side = |node, link, index: u64| Side {
            node,
            link,
            luck: seed.stream(Domain::LOSS, index, 0),
            busy: Time::ZERO,
            departures: VecDeque::new(),
            waiting: 0,
        };
        let mut path = Self {
            sides: vec![side(a, forth, 0), side(b, back, 1)],
            env: Env::new(seed, CostTable::FREE),
            fx: Fx::new(),
            now: Time::ZERO,
            queue: BTreeMap::new(),
            timers: Map::default(),
            sequence: 0,
            wire_bytes: [0; 2],
            indications: Vec::new(),
        };
        for id in [A, B] {
            path.call(id, P::on_start);
        }
        path
    }

    pub(crate) fn node(&self, id: NodeId) -> &P {
        &self.sides[id.index()].node
    }

    pub(crate) fn now(&self) -> Time {
        self.now
    }

    /// Hands over a request at this time.
    pub(crate) fn ask(&mut self, at: Time, id: NodeId, request: P::Above) {
        self.push(at, What::Ask(id, request));
    }

    pub(crate) fn call(&mut self, id: NodeId, handler: impl FnOnce(&mut P, &mut Cx<'_, P>)) {
        self.sequence += 1;
        self.env.begin(self.now, id, self.sequence);
        handler(&mut self.sides[id.index()].node, &mut Cx::new(&mut self.env, &mut self.fx));
        self.drain(id);
    }

    /// Handles one event; false when there is none before `until`.
    pub(crate) fn step(&mut self, until: Time) -> bool {
        if self.queue.first_key_value().is_none_or(|(&(time, _), _)| time > until) {
            return false;
        }
        let Some(((time, _), what)) = self.queue.pop_first() else { return false };
        self.now = time;
        match what {
            What::Deliver(to, message) => {
                let from = if to == A { B } else { A };
                self.call(to, |node, cx| node.on_indication(Received { from, message }, cx));
            }
            What::Timer(id, timer) => {
                self.timers.remove(&(id, timer));
                self.call(id, |node, cx| node.on_timer(timer, cx));
            }
            What::Ask(id, request) => self.call(id, |node, cx| node.on_request(request, cx)),
        }
        true
    }

    pub(crate) fn run_until(&mut self, until: Time) {
        while self.step(until) {}
    }

    fn push(&mut self, at: Time, what: What<P>) -> (Time, u64) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), what);
        (at, self.sequence)
    }

    fn drain(&mut self, id: NodeId) {
        while let Some(up) = self.fx.up.pop_front() {
            self.indications.push((self.now, id, up));
        }
        while let Some(command) = self.fx.timers.pop_front() {
            let (TimerCmd::Set { timer, .. } | TimerCmd::Cancel { timer }) = command;
            if let Some(key) = self.timers.remove(&(id, timer)) {
                self.queue.remove(&key);
            }
            if let TimerCmd::Set { timer, at } = command {
                let key = self.push(at.max(self.now + Span::from_nanos(1)), What::Timer(id, timer));
                self.timers.insert((id, timer), key);
            }
        }
        while let Some(datagram) = self.fx.down.pop_front() {
            if let Datagram::One(to, message) = datagram {
                self.transmit(id, to, message);
            }
        }
    }

    fn transmit(&mut self, from: NodeId, to: NodeId, message: P::Msg) {
        let now = self.now;
        let side = &mut self.sides[from.index()];
        let size = u64::from(message.wire_len()) + 28;
        self.wire_bytes[from.index()] += size;
        while let Some(&(_, gone)) = side.departures.front().filter(|d| d.0 <= now) {
            side.waiting -= gone;
            side.departures.pop_front();
        }
        // One is being sent, the others wait.
        let being_sent = side.departures.front().map_or(0, |d| d.1);
        let bytes = side.waiting - being_sent + size;
        if side.departures.len() > side.link.queue || being_sent > 0 && bytes > side.link.queue_bytes {
            return;
        }
        let link = &side.link;
        let departure =
            if link.rate == 0 { now } else { now.max(side.busy) + Span::of_transfer(size, link.rate) };
        side.busy = departure;
        side.departures.push_back((departure, size));
        side.waiting += size;
        if side.luck.chance(Probability::new(link.loss)) {
            return;
        }
        let copies = 1 + u32::from(side.luck.chance(Probability::new(link.duplicate)));
        let (delay, jitter) = (link.delay, link.jitter);
        for _ in 0..copies {
            let extra = jitter.scale(self.sides[from.index()].luck.unit());
            self.push(departure + delay + extra, What::Deliver(to, message.clone()));
        }
    }
}

/// Messages that B got, with the time.
pub(crate) fn delivered<P>(path: &Path<P>) -> Vec<(Time, u32)>
where
    P: Protocol + Layer<Above = Request<Blob>, Up = Event<Blob>>,
{
    path.indications
        .iter()
        .filter_map(|(at, _, event)| match event {
            Event::Delivered { message, .. } => Some((*at, message.0)),
            _ => None,
        })
        .collect()
}

/// Mean and 99th percentile.
pub(crate) fn mean_and_p99(mut latencies: Vec<f64>) -> (f64, f64) {
    latencies.sort_by(f64::total_cmp);
    let mean = latencies.iter().sum::<f64>() / latencies.len() as f64;
    (mean, latencies[latencies.len() * 99 / 100])
}

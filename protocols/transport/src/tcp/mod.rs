//! TCP as the baseline (network specification §6.10): RFC 9293 with slow start, NewReno or CUBIC, selective acknowledgement,
//! delayed acknowledgement, timestamps, window scaling and limited buffers.
//!
//! | file | what |
//! |---|---|
//! | `config`, `counters` | parameters; what happened |
//! | `segment` | what goes over the wire |
//! | `connection`, `arrival` | states; what a segment does to them |
//! | `sender`, `timers`, `scoreboard`, `congestion`, `cubic`, `hystart`, `reduction`, `rtt` | loss recovery, windows, timeouts and probes |
//! | `stream` | the byte streams, as references to messages |
//!
//! A stream of messages needs no framing here: segments say where messages end. Messages of every class share one stream, because
//! TCP has one. Where the RFCs leave freedom the choice is that of Linux or ns-3 and is said at the parameter ([`Config`]).
//!
//! *Between two nodes* a kept connection uses one well-known port at both ends, so that both sides may open at once and get one
//! connection (RFC 9293 §3.5, simultaneous open). When that pair of ports still lingers from an earlier connection, and always with
//! a connection per message, the opener takes an ephemeral port.

mod arrival;
mod config;
mod congestion;
mod connection;
mod counters;
mod cubic;
mod hystart;
mod reduction;
mod rtt;
mod scoreboard;
mod segment;
mod sender;
mod stream;
mod timers;

use std::collections::VecDeque;
use std::sync::Arc;

use astrarium_node::collections::Map;
use astrarium_node::{Cx, Datagram, Layer, NodeId, Protocol, Received, Time};

pub use config::{Config, Congestion, Counting, Pooling, SlowStart};
pub use counters::{Counters, Dropped};
pub use segment::{Blocks, End, Flags, Segment};

use crate::service::{Down, Event, Message, Request};
use connection::{Connection, Fate, Io};
use timers::arm;

/// The port that listens, at every node.
pub const PORT: u16 = 4000;
/// First of the ephemeral ports (RFC 6335: 49152–65535).
const EPHEMERAL: u16 = 49_152;

/// Names a connection at one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The other node.
    pub peer: NodeId,
    /// Port here.
    pub local: u16,
    /// Port there.
    pub remote: u16,
}

/// Timers of the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Something is due at this connection.
    Connection(Key),
    /// The oldest lingering connection is forgotten.
    Linger,
}

/// What TIME_WAIT remembers.
#[derive(Debug, Clone, Copy)]
struct Linger {
    sequence: u32,
    acknowledgement: u32,
    recent: u32,
    until: Time,
}

/// TCP, with all connections of a node.
#[derive(Debug, Clone)]
pub struct Tcp<M> {
    config: Config,
    counters: Counters,
    connections: Map<Key, Box<Connection<M>>>,
    /// The connection that messages to a peer go to.
    current: Map<NodeId, Key>,
    lingering: Map<Key, Linger>,
    /// Lingering connections in order of their end.
    queue: VecDeque<(Time, Key)>,
    next_port: u16,
}

impl<M: Message> Tcp<M> {
    /// With these parameters; check them with [`Config::problem`] first.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            counters: Counters::default(),
            connections: Map::default(),
            current: Map::default(),
            lingering: Map::default(),
            queue: VecDeque::new(),
            next_port: EPHEMERAL,
        }
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Parameters.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Connections that are open or being opened or closed, without lingering ones.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Connections in TIME_WAIT.
    #[must_use]
    pub fn lingering(&self) -> usize {
        self.lingering.len()
    }

    /// Congestion window and slow-start threshold in bytes of the current connection to a peer; the threshold is `u64::MAX` before
    /// the first loss.
    #[must_use]
    pub fn window(&self, peer: NodeId) -> Option<(u64, u64)> {
        let connection = self.connections.get(self.current.get(&peer)?)?;
        Some((connection.window.size, connection.window.threshold))
    }

    /// First unacknowledged position, next position and right edge of the other side's window, of the current connection to a peer:
    /// for the invariants of the network specification (I5).
    #[must_use]
    pub fn positions(&self, peer: NodeId) -> Option<(u64, u64, u64)> {
        let connection = self.connections.get(self.current.get(&peer)?)?;
        Some((connection.una, connection.next, connection.una + connection.largest_window))
    }

    fn send(&mut self, to: NodeId, message: M, cx: &mut Cx<'_, Self>) {
        let per_message = self.config.pooling == Pooling::PerMessage;
        let current = self.current.get(&to).copied().filter(|_| !per_message);
        let open = current.filter(|key| self.connections.get(key).is_some_and(|c| c.is_open()));
        let Some(key) = open.or_else(|| if to == cx.me() { None } else { self.open(to, cx) }) else {
            self.counters.refused += 1;
            cx.indicate(Event::Refused { to, message });
            return;
        };
        let bytes = message.wire_len();
        let Some(connection) = self.connections.get_mut(&key) else { return };
        let waiting = connection.outgoing.len();
        if waiting > 0 && waiting + u64::from(bytes) > self.config.send_buffer {
            self.counters.refused += 1;
            cx.indicate(Event::Refused { to, message });
            return;
        }
        connection.outgoing.push(Arc::new(message), bytes);
        self.with(key, cx, |connection, io| {
            connection.closing |= per_message;
            connection.output(io);
            Fate::Alive
        });
    }

    /// Opens a connection; `None` when there are too many or no port is free.
    fn open(&mut self, peer: NodeId, cx: &mut Cx<'_, Self>) -> Option<Key> {
        if self.connections.len() >= self.config.max_connections as usize {
            return None;
        }
        let key = self.free_key(peer)?;
        let zero = cx.rng().word() as u32;
        let mut io = Io { cx, config: &self.config, counters: &mut self.counters, key };
        let connection = Box::new(Connection::open(zero, &mut io));
        self.connections.insert(key, connection);
        if self.config.pooling == Pooling::Kept {
            self.current.insert(peer, key);
        }
        Some(key)
    }

    fn free_key(&mut self, peer: NodeId) -> Option<Key> {
        let taken = |key: &Key| self.connections.contains_key(key) || self.lingering.contains_key(key);
        let well_known = Key { peer, local: PORT, remote: PORT };
        if self.config.pooling == Pooling::Kept && !taken(&well_known) {
            return Some(well_known);
        }
        let ports = u32::from(u16::MAX - EPHEMERAL) + 1;
        let first = u32::from(self.next_port - EPHEMERAL);
        let key = (0..ports)
            .map(|i| Key { peer, local: EPHEMERAL + ((first + i) % ports) as u16, remote: PORT })
            .find(|key| !taken(key))?;
        self.next_port = if key.local == u16::MAX { EPHEMERAL } else { key.local + 1 };
        Some(key)
    }

    /// Lets a connection handle something, then sees to its timer or its end.
    fn with(
        &mut self,
        key: Key,
        cx: &mut Cx<'_, Self>,
        handle: impl FnOnce(&mut Connection<M>, &mut Io<'_, '_, M>) -> Fate,
    ) {
        let Some(connection) = self.connections.get_mut(&key) else { return };
        let mut io = Io { cx, config: &self.config, counters: &mut self.counters, key };
        match handle(connection, &mut io) {
            Fate::Alive => arm(connection, key, cx),
            Fate::TimeWait => {
                let (sequence, acknowledgement, recent) = connection.remains();
                let until = cx.now() + self.config.time_wait;
                self.linger(key, Linger { sequence, acknowledgement, recent, until }, cx);
                self.end(key, Down::Closed, cx);
            }
            Fate::Over(reason) => self.end(key, reason, cx),
        }
    }

    fn end(&mut self, key: Key, reason: Down, cx: &mut Cx<'_, Self>) {
        let Some(mut connection) = self.connections.remove(&key) else { return };
        if connection.armed.is_some() {
            cx.cancel_timer(Timer::Connection(key));
        }
        if self.current.get(&key.peer) == Some(&key) {
            self.current.remove(&key.peer);
        }
        let undelivered: Vec<M> = connection.outgoing.drain().map(Arc::unwrap_or_clone).collect();
        // With a connection per message the end of each is no news, unless its message was lost with it.
        if self.config.pooling == Pooling::Kept || !undelivered.is_empty() {
            cx.indicate(Event::PeerDown { peer: key.peer, reason, undelivered });
        }
    }

    fn linger(&mut self, key: Key, linger: Linger, cx: &mut Cx<'_, Self>) {
        if self.lingering.len() >= self.config.max_connections as usize {
            // The oldest gives way, as Linux does when there are too many.
            if let Some((_, oldest)) = self.queue.pop_front() {
                self.lingering.remove(&oldest);
            }
        }
        if self.queue.is_empty() {
            cx.set_timer(Timer::Linger, self.config.time_wait);
        }
        self.lingering.insert(key, linger);
        self.queue.push_back((linger.until, key));
    }

    fn forget_lingering(&mut self, cx: &mut Cx<'_, Self>) {
        while let Some(&(until, key)) = self.queue.front() {
            if until > cx.now() {
                cx.set_timer(Timer::Linger, until - cx.now());
                return;
            }
            self.queue.pop_front();
            // The same ports may linger again by now.
            if self.lingering.get(&key).is_some_and(|l| l.until == until) {
                self.lingering.remove(&key);
            }
        }
    }

    /// A segment for no connection.
    fn on_stranger(&mut self, key: Key, segment: &Segment<M>, cx: &mut Cx<'_, Self>) {
        let is_syn =
            segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK) && !segment.flags.has(Flags::RST);
        if let Some(linger) = self.lingering.get(&key).copied() {
            // A newer SYN may reuse the ports (RFC 6191); anything else gets our last acknowledgement again.
            if !is_syn || !connection::before(linger.recent, segment.timestamp) {
                if segment.flags.has(Flags::RST) {
                    self.counters.dropped.challenge += 1;
                    return;
                }
                let mut reply = connection::reset_for(segment, key, connection::clock(cx.now()));
                reply.flags = Flags::ACK;
                reply.sequence = linger.sequence;
                reply.acknowledgement = linger.acknowledgement;
                self.counters.duplicates += 1;
                Io { cx, config: &self.config, counters: &mut self.counters, key }.send(reply);
                return;
            }
            self.lingering.remove(&key);
        }
        if is_syn && key.local == PORT {
            self.accept(key, segment, cx);
            return;
        }
        self.counters.dropped.unknown += 1;
        if !segment.flags.has(Flags::RST) {
            self.counters.resets += 1;
            let reset = connection::reset_for(segment, key, connection::clock(cx.now()));
            Io { cx, config: &self.config, counters: &mut self.counters, key }.send(reset);
        }
    }

    fn accept(&mut self, key: Key, syn: &Segment<M>, cx: &mut Cx<'_, Self>) {
        if self.connections.len() >= self.config.max_connections as usize {
            self.counters.dropped.overflow += 1;
            return;
        }
        let zero = cx.rng().word() as u32;
        let mut io = Io { cx, config: &self.config, counters: &mut self.counters, key };
        let mut connection = Box::new(Connection::accept(zero, syn, &mut io));
        arm(&mut connection, key, cx);
        self.connections.insert(key, connection);
        if self.config.pooling == Pooling::Kept {
            self.current.entry(key.peer).or_insert(key);
        }
    }
}

impl<M: Message> Layer for Tcp<M> {
    type Above = Request<M>;
    type Up = Event<M>;
    type Down = Datagram<Segment<M>>;
    type Below = Received<Segment<M>>;
    type Timer = Timer;

    fn on_start(&mut self, _cx: &mut Cx<'_, Self>) {}

    fn on_restart(&mut self, _cx: &mut Cx<'_, Self>) {
        self.connections.clear();
        self.current.clear();
        self.lingering.clear();
        self.queue.clear();
        self.next_port = EPHEMERAL;
    }

    fn on_request(&mut self, request: Request<M>, cx: &mut Cx<'_, Self>) {
        match request {
            Request::Send { to, message, .. } => self.send(to, message, cx),
            Request::Close { peer } => {
                if let Some(key) = self.current.get(&peer).copied() {
                    self.with(key, cx, |connection, io| {
                        connection.close(io);
                        Fate::Alive
                    });
                }
            }
        }
    }

    fn on_indication(&mut self, received: Received<Segment<M>>, cx: &mut Cx<'_, Self>) {
        let Received { from, message: segment } = received;
        self.counters.segments_received += 1;
        if !segment.is_consistent() {
            self.counters.dropped.malformed += 1;
            return;
        }
        let key = Key { peer: from, local: segment.destination, remote: segment.source };
        if self.connections.contains_key(&key) {
            self.with(key, cx, |connection, io| connection.on_segment(segment, io));
        } else {
            self.on_stranger(key, &segment, cx);
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Connection(key) => self.with(key, cx, |connection, io| connection.on_timer(io)),
            Timer::Linger => self.forget_lingering(cx),
        }
    }
}

impl<M: Message> Protocol for Tcp<M> {
    type Msg = Segment<M>;
}

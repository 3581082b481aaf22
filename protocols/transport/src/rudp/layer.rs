//! The layer: sessions by peer, and what wakes them.

use astrarium_node::collections::Map;
use astrarium_node::{Cx, Datagram, Layer, NodeId, Op, Protocol, Received, Time};

use crate::service::{Class, Down, Event, Message, Request};

use super::config::Config;
use super::counters::Counters;
use super::opening::{Peer, Verdict};
use super::packet::{Format, Marks, Packet};
use super::session::{Death, Phase, millis};
use super::slices::Slices;

/// Reliable, ordered messages over datagrams.
#[derive(Debug, Clone)]
pub struct Rudp<M> {
    config: Config,
    peers: Map<NodeId, Peer<M>>,
    /// Instead of `peers`, in [`Format::Slice`].
    slices: Map<NodeId, Slices<M>>,
    counters: Counters,
}

/// Serve the session with this peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timer(pub NodeId);

/// What a session looks like from outside, for metrics and invariants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Session key.
    pub conv: u32,
    /// Oldest unacknowledged segment.
    pub snd_una: u32,
    /// Number of the next new segment.
    pub snd_nxt: u32,
    /// Number of the next segment in order.
    pub rcv_nxt: u32,
    /// Messages that wait for the window.
    pub waiting: usize,
    /// Congestion window, segments.
    pub congestion_window: u32,
    /// Window of the peer, segments.
    pub remote_window: u32,
    /// Smoothed round-trip time, ms; 0 before the first sample.
    pub srtt: u32,
    /// Retransmission timeout, ms.
    pub rto: u32,
    /// The peer has answered.
    pub confirmed: bool,
}

impl<M: Message> Rudp<M> {
    /// A layer with these parameters, which the caller has validated ([`Config::validate`]).
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, peers: Map::default(), slices: Map::default(), counters: Counters::default() }
    }

    /// The parameters.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What was counted since the node came up first.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The session with this peer, if there is one.
    #[must_use]
    pub fn status(&self, peer: NodeId) -> Option<Status> {
        let session = self.peers.get(&peer)?.session.as_deref()?;
        Some(Status {
            conv: session.conv,
            snd_una: session.flight.una,
            snd_nxt: session.flight.nxt,
            rcv_nxt: session.inbox.next,
            waiting: session.outbox.len(),
            congestion_window: session.congestion.window,
            remote_window: session.remote_window,
            srtt: session.estimator.srtt,
            rto: session.estimator.rto,
            confirmed: session.phase == Phase::Open,
        })
    }

    /// Sessions that are not over.
    #[must_use]
    pub fn sessions(&self) -> usize {
        // A count does not depend on the order.
        self.peers.values().filter(|peer| peer.session.is_some()).count() + self.slices.len()
    }

    fn send(&mut self, to: NodeId, message: M, class: Class, cx: &mut Cx<'_, Self>) {
        if to == cx.me() {
            cx.indicate(Event::Delivered { from: to, message });
            return;
        }
        if self.config.format == Format::Slice {
            self.send_slices(to, message, cx);
            return;
        }
        let Self { config, peers, counters, .. } = self;
        if !peers.contains_key(&to) && peers.len() >= config.max_peers as usize {
            counters.table_full += 1;
            cx.indicate(Event::Refused { to, message });
            return;
        }
        let now = cx.now();
        let peer = peers.entry(to).or_insert_with(Peer::unknown);
        let session = peer.open(now, config);
        session.roll(now, config);
        let bytes = u64::from(message.wire_len());
        let accepted = match session.draining {
            None => session.outbox.push(message, class, config),
            Some(_) => Err(message),
        };
        match accepted {
            Ok(()) => {
                counters.messages_accepted += 1;
                counters.payload_accepted += bytes;
            }
            Err(message) => {
                counters.refused += 1;
                cx.indicate(Event::Refused { to, message });
                return;
            }
        }
        if config.flush_on_io {
            self.flush(to, cx);
        }
        self.arm(to, cx);
    }

    fn send_slices(&mut self, to: NodeId, message: M, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        let Self { config, slices, counters, .. } = self;
        let room = slices.len() < config.max_peers as usize || slices.contains_key(&to);
        let bytes = u64::from(message.wire_len());
        let accepted = if room {
            let slices = slices.entry(to).or_insert_with(|| Slices::new(now));
            slices.send(to, message, config, counters, cx)
        } else {
            counters.table_full += 1;
            Err(message)
        };
        match accepted {
            Ok(()) => {
                counters.messages_accepted += 1;
                counters.payload_accepted += bytes;
            }
            Err(message) => {
                counters.refused += 1;
                cx.indicate(Event::Refused { to, message });
            }
        }
    }

    fn input_slices(&mut self, from: NodeId, packet: Packet<M>, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        let Self { config, slices, counters, .. } = self;
        if !slices.contains_key(&from) && slices.len() >= config.max_peers as usize {
            counters.table_full += 1;
            return;
        }
        let slices = slices.entry(from).or_insert_with(|| Slices::new(now));
        if !slices.input(from, packet, config, counters, cx) {
            counters.malformed += 1;
        }
    }

    fn close(&mut self, peer: NodeId, cx: &mut Cx<'_, Self>) {
        if let Some(slices) = self.slices.get_mut(&peer) {
            slices.close(peer, cx);
            return;
        }
        let now = cx.now();
        let Some(session) = self.peers.get_mut(&peer).and_then(|peer| peer.session.as_deref_mut()) else {
            return;
        };
        session.roll(now, &self.config);
        session.draining.get_or_insert(millis(now) + u64::from(self.config.drain));
        self.arm(peer, cx);
    }

    /// A datagram of the session that is open with `from`.
    fn input(&mut self, from: NodeId, packet: Packet<M>, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        let Self { config, peers, counters, .. } = self;
        let Some(session) = peers.get_mut(&from).and_then(|peer| peer.session.as_deref_mut()) else { return };
        session.roll(now, config);
        let was_opening = session.phase == Phase::Opening;
        let finished = packet.marks.has(Marks::FIN);
        let mut delivered = (0, 0);
        let deliver = |message: M| {
            delivered.0 += 1;
            delivered.1 += u64::from(message.wire_len());
            cx.indicate(Event::Delivered { from, message });
        };
        if !session.input(packet, millis(now), config, counters, deliver) {
            counters.malformed += 1;
            return;
        }
        counters.messages_delivered += delivered.0;
        counters.payload_delivered += delivered.1;
        if was_opening {
            // The answer may carry messages already; the peer is up before them.
            let behind = delivered.0 as usize;
            let at = cx.effects().up.len() - behind;
            cx.effects().up.insert(at, Event::PeerUp { peer: from });
        }
        if finished {
            self.end(from, Down::Closed, cx);
            return;
        }
        if config.flush_on_io {
            self.flush(from, cx);
        }
        self.arm(from, cx);
    }

    /// Flushes, and ends the session if that shows that it is dead.
    fn flush(&mut self, peer: NodeId, cx: &mut Cx<'_, Self>) {
        let now = millis(cx.now());
        let Self { config, peers, counters, .. } = self;
        let Some(session) = peers.get_mut(&peer).and_then(|peer| peer.session.as_deref_mut()) else { return };
        match session.flush(peer, now, config, counters, cx) {
            None => {}
            Some(Death::DeadLink) => self.end(peer, Down::DeadLink, cx),
            Some(Death::Unreachable) => self.end(peer, Down::Unreachable, cx),
        }
    }

    /// Sets the timer to the next time at which the session must be served, unless it wakes before that anyway.
    fn arm(&mut self, peer: NodeId, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        let Some(session) = self.peers.get_mut(&peer).and_then(|peer| peer.session.as_deref_mut()) else {
            return;
        };
        let due = session.due(now, &self.config);
        if due < Time::MAX && session.timer.is_none_or(|armed| due < armed) {
            session.timer = Some(due);
            cx.set_timer(Timer(peer), due.since(now));
        }
    }

    /// Ends the session and tells the layer above.
    fn end(&mut self, id: NodeId, reason: Down, cx: &mut Cx<'_, Self>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(mut session) = peer.session.take() else { return };
        let now = cx.now();
        cx.indicate(Event::PeerDown { peer: id, reason, undelivered: session.undelivered() });
        peer.forget_at = millis(now) + u64::from(self.config.linger);
        cx.set_timer(Timer(id), astrarium_node::Span::from_millis(u64::from(self.config.linger)));
    }

    /// Sends one command outside a flush.
    fn command(&mut self, to: NodeId, packet: Packet<M>, cx: &mut Cx<'_, Self>) {
        use astrarium_node::Wire;
        self.counters.datagrams_sent += 1;
        self.counters.bytes_sent += u64::from(packet.wire_len());
        cx.send(Datagram::One(to, packet));
    }

    /// The timer of a session.
    fn serve(&mut self, id: NodeId, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        let ms = millis(now);
        let Self { config, peers, counters, .. } = self;
        let Some(peer) = peers.get_mut(&id) else { return };
        let Some(session) = peer.session.as_deref_mut() else {
            if ms >= peer.forget_at {
                peers.remove(&id);
            }
            return;
        };
        session.timer = None;
        if session.due(now, config) > now || !session.is_tick(now) {
            // Woken for something that has been settled since.
            session.roll(now, config);
            self.arm(id, cx);
            return;
        }
        counters.ticks += 1;
        cx.charge(Op::Tick);
        if config.dead_after > 0 && ms >= session.heard_at + u64::from(config.dead_after) {
            let reason = if session.phase == Phase::Opening { Down::Unreachable } else { Down::Silent };
            self.end(id, reason, cx);
            return;
        }
        if session.draining.is_some_and(|until| session.is_drained() || ms >= until) {
            let fin = Packet { marks: Marks::FIN, ..session.head(ms, config) };
            self.command(id, fin, cx);
            self.end(id, Down::Closed, cx);
            return;
        }
        session.ticked(now, config);
        self.flush(id, cx);
        self.arm(id, cx);
    }
}

impl<M: Message> Layer for Rudp<M> {
    type Above = Request<M>;
    type Up = Event<M>;
    type Down = Datagram<Packet<M>>;
    type Below = Received<Packet<M>>;
    type Timer = Timer;

    fn on_start(&mut self, _cx: &mut Cx<'_, Self>) {}

    fn on_restart(&mut self, _cx: &mut Cx<'_, Self>) {
        self.peers = Map::default();
        self.slices = Map::default();
    }

    fn on_request(&mut self, request: Request<M>, cx: &mut Cx<'_, Self>) {
        match request {
            Request::Send { to, message, class } => self.send(to, message, class, cx),
            Request::Close { peer } => self.close(peer, cx),
        }
    }

    fn on_indication(
        &mut self,
        Received { from, message: packet }: Received<Packet<M>>,
        cx: &mut Cx<'_, Self>,
    ) {
        if self.config.format == Format::Slice {
            self.input_slices(from, packet, cx);
            return;
        }
        let now = cx.now();
        let full = self.peers.len() >= self.config.max_peers as usize;
        let verdict = match self.peers.get_mut(&from) {
            Some(peer) => peer.judge(&packet, cx.me() < from, now, &self.config),
            None if packet.marks.has(Marks::OPENING) && full => Verdict::TableFull,
            None => {
                let verdict = Peer::<M>::judge_stranger(&packet);
                if verdict == Verdict::Accept {
                    self.peers.insert(from, Peer::unknown());
                }
                verdict
            }
        };
        match verdict {
            Verdict::Belongs => self.input(from, packet, cx),
            Verdict::Accept | Verdict::Replace => {
                if verdict == Verdict::Replace {
                    self.end(from, Down::Reset, cx);
                }
                if let Some(peer) = self.peers.get_mut(&from) {
                    peer.accept(packet.conv, now, &self.config);
                    cx.indicate(Event::PeerUp { peer: from });
                    self.input(from, packet, cx);
                }
            }
            Verdict::Adopt => {
                cx.indicate(Event::PeerUp { peer: from });
                self.input(from, packet, cx);
            }
            Verdict::Renamed => self.arm(from, cx),
            Verdict::Gone => self.end(from, Down::Reset, cx),
            Verdict::Answer(marks, newest) => {
                self.counters.wrong_session += 1;
                let head = Packet {
                    una: newest,
                    marks,
                    acks: Default::default(),
                    data: Default::default(),
                    crypt_overhead: self.config.crypt_overhead,
                    format: self.config.format,
                    window: 0,
                    ..packet
                };
                self.command(from, head, cx);
            }
            Verdict::Drop => self.counters.wrong_session += 1,
            Verdict::TableFull => self.counters.table_full += 1,
        }
    }

    fn on_timer(&mut self, Timer(peer): Timer, cx: &mut Cx<'_, Self>) {
        let Self { config, slices, counters, .. } = self;
        match slices.get_mut(&peer) {
            Some(slices) => slices.serve(peer, config, counters, cx),
            None => self.serve(peer, cx),
        }
    }
}

impl<M: Message> Protocol for Rudp<M> {
    type Msg = Packet<M>;
}

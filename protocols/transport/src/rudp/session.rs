//! One session: what a datagram changes, and the flush.

use astrarium_node::{Cx, NodeId, Time};

use crate::service::Message;

use super::config::{Config, TickMode};
use super::congestion::Congestion;
use super::counters::Counters;
use super::flight::{Flight, newer_ack};
use super::inbox::Inbox;
use super::layer::Rudp;
use super::outbox::Outbox;
use super::packet::{AckRun, Marks, Packet};
use super::probe::{Probe, half_more};
use super::rto::Estimator;
use super::writer::{self, Writer};

/// Window assumed before the peer has told its own, segments.
const REMOTE_WINDOW: u32 = 128;

/// First repetition of an opening without data, ms, and how often it is sent.
const HANDSHAKE_WAIT: u32 = 200;
const HANDSHAKE_TRIES: u32 = 5;

pub(super) const NANOS_PER_MS: u64 = 1_000_000;

/// The protocol's clock.
pub(super) fn millis(now: Time) -> u64 {
    now.as_nanos() / NANOS_PER_MS
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// We began it and have heard nothing yet.
    Opening,
    /// Both know of it.
    Open,
}

/// Why a flush ended a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// A segment was sent too often.
    DeadLink,
    /// The opening was not answered.
    Unreachable,
}

/// Both directions between two nodes.
#[derive(Debug, Clone)]
pub(super) struct Session<M> {
    pub(super) conv: u32,
    pub(super) phase: Phase,
    /// We opened it.
    pub(super) ours: bool,
    /// Closing: nothing is accepted any more, and at this time, ms, it ends however much is left.
    pub(super) draining: Option<u64>,
    pub(super) outbox: Outbox<M>,
    pub(super) flight: Flight<M>,
    pub(super) inbox: Inbox<M>,
    pub(super) estimator: Estimator,
    pub(super) congestion: Congestion,
    /// Segments that the peer has room for.
    pub(super) remote_window: u32,
    probe: Probe,
    handshake: Probe,
    /// Commands that the next flush sends.
    pub(super) commands: Marks,
    /// Time of the next tick, ms.
    tick_at: u64,
    /// The first flush comes at once, not on a tick.
    prompt: bool,
    /// When a datagram last arrived, ms.
    pub(super) heard_at: u64,
    /// When a datagram was last sent, ms.
    pub(super) sent_at: u64,
    /// What the timer is set to.
    pub(super) timer: Option<Time>,
}

impl<M: Message> Session<M> {
    pub(super) fn new(conv: u32, phase: Phase, now: Time, config: &Config) -> Self {
        let ms = millis(now);
        let opening = phase == Phase::Opening;
        let mut session = Self {
            conv,
            phase,
            ours: opening,
            draining: None,
            outbox: Outbox::new(),
            flight: Flight::new(),
            inbox: Inbox::new(),
            estimator: Estimator::new(config),
            congestion: Congestion::new(),
            remote_window: REMOTE_WINDOW,
            probe: Probe::IDLE,
            handshake: Probe::IDLE,
            commands: Marks::NONE,
            tick_at: 0,
            // The opener flushes at once, as the library's first update does; the other side has been ticking all the time.
            prompt: opening,
            heard_at: ms,
            sent_at: ms,
            timer: None,
        };
        if opening && config.handshake {
            session.handshake.start(ms, HANDSHAKE_WAIT);
        }
        if !opening {
            session.congestion.after_flush(Default::default(), 0, 0, config);
        }
        session.roll(now, config);
        session
    }

    /// Messages that may not have been delivered, oldest first; the session is over.
    pub(super) fn undelivered(&mut self) -> Vec<M> {
        let mut messages = self.in_flight();
        messages.extend(self.outbox.drain());
        messages
    }

    fn in_flight(&self) -> Vec<M> {
        let mut messages = Vec::new();
        for content in self.flight.contents() {
            content.each(|message| messages.push(message.clone()));
        }
        messages
    }

    /// Begins again under another name: the peer has taken in nothing of what was sent.
    pub(super) fn rename(&mut self, conv: u32, phase: Phase, now: Time, config: &Config) {
        let sent = self.in_flight();
        self.outbox.rewind(sent.into_iter(), config);
        let old = std::mem::replace(self, Self::new(conv, phase, now, config));
        self.outbox = old.outbox;
        self.draining = old.draining;
        self.timer = old.timer;
    }

    /// Everything accepted has been acknowledged.
    pub(super) fn is_drained(&self) -> bool {
        self.outbox.is_empty() && self.flight.is_empty() && !self.inbox.owes_acks()
    }

    /// Skips the ticks that have passed: nothing was due then.
    pub(super) fn roll(&mut self, now: Time, config: &Config) {
        if self.tick_at * NANOS_PER_MS < now.as_nanos() {
            let interval = u64::from(config.interval);
            self.tick_at = now.as_nanos().div_ceil(interval * NANOS_PER_MS) * interval;
        }
    }

    /// Takes in a datagram of this session; `deliver` is given what is complete. False if the datagram contradicts itself or the
    /// session; then nothing has changed.
    pub(super) fn input(
        &mut self,
        packet: Packet<M>,
        now: u64,
        config: &Config,
        counters: &mut Counters,
        mut deliver: impl FnMut(M),
    ) -> bool {
        if !self.is_consistent(&packet, config) {
            return false;
        }
        let una_before = self.flight.una;
        self.heard_at = now;
        self.phase = Phase::Open;
        self.handshake = Probe::IDLE;
        self.remote_window = u32::from(packet.window);
        self.flight.acknowledge_below(packet.una);
        self.take_acks(&packet.acks, now, config);
        counters.acks_received += u64::from(packet.ack_count());
        if packet.marks.has(Marks::ASK) {
            self.commands = self.commands.with(Marks::TELL);
        }
        if packet.marks.has(Marks::OPENING.with(Marks::PING)) {
            // An opening without data is answered by a sign of life, one with data by its acknowledgement.
            self.commands = self.commands.with(Marks::PING);
        }
        for push in packet.data {
            self.inbox.accept(push, packet.ts, config, counters, &mut deliver);
        }
        if self.flight.una != una_before {
            self.congestion.grow(self.remote_window, config);
        }
        true
    }

    fn is_consistent(&self, packet: &Packet<M>, config: &Config) -> bool {
        let unsent = |sn: u32| sn != self.flight.nxt && !self.flight.was_sent(sn);
        // No datagram holds more acknowledgements than bytes; the limit keeps a forged count from costing time.
        packet.format == config.format
            && packet.ack_count() <= 65_507 / config.format.ack_bytes()
            && !unsent(packet.una)
            && packet.acks.iter().all(|run| run.count > 0 && !unsent(run.sn.wrapping_add(run.count)))
    }

    fn take_acks(&mut self, acks: &[AckRun], now: u64, config: &Config) {
        let mut newest: Option<(u32, u32)> = None;
        for run in acks {
            // The clock's low 32 bits, as in the header.
            let rtt = (now as u32).wrapping_sub(run.ts);
            for i in 0..run.count {
                if rtt as i32 >= 0 {
                    self.estimator.sample(rtt, config);
                }
                self.flight.acknowledge(run.sn.wrapping_add(i));
            }
            newest = Some(newest.map_or_else(
                || if config.fastack_conserve { (run.sn, run.ts) } else { (run.last(), run.ts) },
                |newest| newer_ack(newest, run, config),
            ));
        }
        if let Some((sn, ts)) = newest {
            self.flight.overtake(sn, ts, config);
        }
    }

    /// Segments that may be in flight now.
    fn limit(&self, config: &Config) -> u32 {
        let limit = config.send_window.min(self.remote_window);
        if config.no_congestion_window { limit } else { limit.min(self.congestion.window) }
    }

    /// Whether another segment may be sent for the first time.
    fn may_append(&self, limit: u32, config: &Config) -> bool {
        let room = config.window_bytes.is_none_or(|most| self.flight.bytes < most);
        room && self.flight.len() < limit && !(config.handshake && self.phase == Phase::Opening)
    }

    /// Sends all that is due: acknowledgements, commands, segments.
    pub(super) fn flush(
        &mut self,
        peer: NodeId,
        now: u64,
        config: &Config,
        counters: &mut Counters,
        cx: &mut Cx<'_, Rudp<M>>,
    ) -> Option<Death> {
        let head = self.head(now, config);
        let mut writer = Writer::new(head, peer, config, cx);
        for run in self.inbox.drain_acks() {
            counters.acks_sent += u64::from(run.count);
            writer.acks(run);
        }
        let patience = self.write_commands(now, config, counters, &mut writer);
        let limit = self.limit(config);
        let mut fresh = 0;
        while self.may_append(limit, config)
            && let Some(piece) = self.outbox.pull(config)
        {
            self.flight.append(piece);
            fresh += 1;
        }
        let outcome =
            self.flight.flush(now, self.estimator.rto, fresh, config, counters, |push| writer.push(push));
        writer.finish();
        if writer.sent.0 > 0 {
            self.sent_at = now;
            writer::count(writer.sent, counters);
        }
        self.congestion.after_flush(outcome, limit, self.flight.len(), config);
        if outcome.dead {
            return Some(Death::DeadLink);
        }
        (!patience).then_some(Death::Unreachable)
    }

    /// An empty datagram with what all datagrams of a flush share.
    pub(super) fn head(&self, now: u64, config: &Config) -> Packet<M> {
        Packet {
            conv: self.conv,
            una: self.inbox.next,
            ts: now as u32,
            window: self.inbox.window(config),
            marks: if self.phase == Phase::Opening { Marks::OPENING } else { Marks::NONE },
            format: config.format,
            crypt_overhead: config.crypt_overhead,
            acks: Default::default(),
            data: Default::default(),
        }
    }

    /// Window probes and their answers, the handshake, signs of life. False if the handshake has failed.
    fn write_commands(
        &mut self,
        now: u64,
        config: &Config,
        counters: &mut Counters,
        writer: &mut Writer<'_, '_, M>,
    ) -> bool {
        if self.remote_window != 0 {
            self.probe = Probe::IDLE;
        } else if self.probe.is_idle() {
            let first = config.probe_initial.min(config.probe_limit);
            self.probe.start(now + u64::from(first), half_more(first).min(config.probe_limit));
        } else if self.probe.fire(now, config.probe_limit) {
            self.commands = self.commands.with(Marks::ASK);
            counters.probes_sent += 1;
        }
        if std::mem::take(&mut self.inbox.reopened) {
            self.commands = self.commands.with(Marks::TELL);
        }
        let mut patience = true;
        if self.handshake.fire(now, config.max_rto) {
            patience = self.handshake.asked <= HANDSHAKE_TRIES;
            let again = if patience { Marks::PING } else { Marks::NONE };
            self.commands = self.commands.with(again);
        }
        if now >= self.keepalive_at(config) {
            self.commands = self.commands.with(Marks::PING);
            counters.keepalives_sent += 1;
        }
        let commands = std::mem::take(&mut self.commands);
        for command in [Marks::ASK, Marks::TELL, Marks::PING] {
            if commands.has(command) {
                writer.command(command);
            }
        }
        patience
    }

    /// Whether the flush at `now`, ms, is on a tick or the prompt first one.
    pub(super) fn is_tick(&self, now: Time) -> bool {
        self.prompt || now.as_nanos() >= self.tick_at * NANOS_PER_MS
    }

    /// The tick's flush has been done.
    pub(super) fn ticked(&mut self, now: Time, config: &Config) {
        self.prompt = false;
        // Strictly after now.
        let interval = u64::from(config.interval);
        self.tick_at = (now.as_nanos() / (interval * NANOS_PER_MS) + 1) * interval;
    }

    /// Earliest time at which this session must be served; never = [`Time::MAX`].
    pub(super) fn due(&self, now: Time, config: &Config) -> Time {
        if self.prompt {
            return now;
        }
        let at = if config.tick_mode == TickMode::Naive || self.is_due_at_next_tick(config) {
            self.tick_at
        } else {
            let later = self.due_later(config);
            if later == u64::MAX {
                return Time::MAX;
            }
            let interval = u64::from(config.interval);
            self.tick_at.max(later.div_ceil(interval) * interval)
        };
        Time::from_nanos(at.saturating_mul(NANOS_PER_MS))
    }

    fn is_due_at_next_tick(&self, config: &Config) -> bool {
        self.inbox.owes_acks()
            || self.inbox.reopened
            || self.commands != Marks::NONE
            || self.congestion.window == 0
            || (self.remote_window == 0) == self.probe.is_idle()
            || (!self.outbox.is_empty() && self.may_append(self.limit(config), config))
            || (self.draining.is_some() && self.is_drained())
    }

    /// When to send a sign of life, ms; a handshake is one.
    fn keepalive_at(&self, config: &Config) -> u64 {
        if self.handshake.is_idle() { after(self.sent_at, config.keepalive) } else { u64::MAX }
    }

    /// Earliest of the timeouts, ms.
    fn due_later(&self, config: &Config) -> u64 {
        let timeouts = [
            self.flight.due().unwrap_or(u64::MAX),
            self.probe.at,
            self.handshake.at,
            self.draining.unwrap_or(u64::MAX),
            self.keepalive_at(config),
            after(self.heard_at, config.dead_after),
        ];
        timeouts.into_iter().min().unwrap_or(u64::MAX)
    }
}

/// The time `span` after `since`, ms; never when `span` is 0.
fn after(since: u64, span: u32) -> u64 {
    if span == 0 { u64::MAX } else { since + u64::from(span) }
}

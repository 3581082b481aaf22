//! The arrival of a segment at a connection (RFC 9293 §3.10.7, with the checks of RFC 5961 and RFC 7323), and what it does to the
//! state and to the receiving half.

use std::sync::Arc;

use astrarium_node::{Span, Time};

use super::config::Pooling;
use super::congestion::Window;
use super::connection::{Connection, Fate, Io, State, before, reset_for};
use super::segment::{Flags, Segment};
use super::stream::{Arrival, unwrap};
use crate::service::{Down, Event, Message};

/// Age beyond which TS.Recent says nothing (RFC 7323 §5.5).
const RECENT_LIFETIME: Span = Span::from_secs(24 * 86_400);

impl<M: Message> Connection<M> {
    /// A segment arrived.
    pub(super) fn on_segment(&mut self, segment: Segment<M>, io: &mut Io<'_, '_, M>) -> Fate {
        match self.state {
            State::SynSent => self.on_answer(&segment, io),
            State::SynReceived if segment.flags.has(Flags::SYN) && segment.sequence == self.peer_zero => {
                // Our answer was lost, or both sides opened at once.
                if segment.flags.has(Flags::ACK) && self.acknowledges_syn(&segment) {
                    self.establish(&segment, io);
                    self.send_ack(io);
                    self.output(io);
                } else if !segment.flags.has(Flags::ACK) {
                    io.counters.syn += 1;
                    let reply = self.segment(0, Flags::SYN.with(Flags::ACK), io);
                    io.send(reply);
                }
                Fate::Alive
            }
            _ => self.on_synchronised(segment, io),
        }
    }

    fn acknowledges_syn(&self, segment: &Segment<M>) -> bool {
        segment.acknowledgement == self.zero.wrapping_add(1)
    }

    /// SYN_SENT.
    fn on_answer(&mut self, segment: &Segment<M>, io: &mut Io<'_, '_, M>) -> Fate {
        let acknowledges = segment.flags.has(Flags::ACK);
        if acknowledges && !self.acknowledges_syn(segment) {
            io.counters.dropped.acknowledgement += 1;
            if !segment.flags.has(Flags::RST) {
                io.counters.resets += 1;
                let reset = reset_for(segment, io.key, io.clock());
                io.send(reset);
            }
            return Fate::Alive;
        }
        if segment.flags.has(Flags::RST) {
            return if acknowledges { Fate::Over(Down::Reset) } else { self.challenge(io) };
        }
        if !segment.flags.has(Flags::SYN) {
            io.counters.dropped.challenge += 1;
            return Fate::Alive;
        }
        self.learn(segment, io);
        if acknowledges {
            self.establish(segment, io);
            self.send_or_acknowledge(io);
        } else {
            self.state = State::SynReceived;
            self.tries = 1;
            self.send_syn(io);
        }
        Fate::Alive
    }

    /// The acknowledgement of the handshake rides on the first data where there is any.
    fn send_or_acknowledge(&mut self, io: &mut Io<'_, '_, M>) {
        let before = io.counters.segments_sent;
        self.output(io);
        if io.counters.segments_sent == before {
            self.send_ack(io);
        }
    }

    fn establish(&mut self, segment: &Segment<M>, io: &mut Io<'_, '_, M>) {
        self.state = State::Established;
        self.una = 1;
        self.deadlines.retransmit = None;
        self.take_window(segment, 0, 1);
        if segment.echo != 0 {
            self.rtt
                .sample(Span::from_millis(u64::from(io.clock().wrapping_sub(segment.echo) & 0x7fff_ffff)));
        }
        // RFC 6928 §2: back to one segment only after more than one lost SYN.
        if self.tries > 2 {
            self.window = Window::new(io.config, self.mss, 1);
        }
        self.tries = 0;
        self.last_sent = io.now();
        io.counters.opened += 1;
        if io.config.pooling == Pooling::Kept {
            io.cx.indicate(Event::PeerUp { peer: io.key.peer });
        }
    }

    /// Every state but SYN_SENT: RFC 9293 §3.10.7.4 with the checks of RFC 5961 and RFC 7323.
    fn on_synchronised(&mut self, segment: Segment<M>, io: &mut Io<'_, '_, M>) -> Fate {
        let expected = self.incoming_next();
        let position = unwrap(segment.sequence, self.peer_zero, expected);
        if !segment.flags.has(Flags::RST) && self.is_outdated(&segment, io.now()) {
            io.counters.dropped.timestamp += 1;
            self.send_ack(io);
            return Fate::Alive;
        }
        let acceptable = position.is_some_and(|p| {
            let end = p + u64::from(segment.sequence_len());
            p < expected + io.config.receive_buffer.max(1) && (end > expected || end == expected && p == end)
        });
        let Some(position) = position.filter(|_| acceptable) else {
            return self.unacceptable(&segment, position, io);
        };
        if segment.flags.has(Flags::RST) {
            return if position == expected { Fate::Over(Down::Reset) } else { self.challenge(io) };
        }
        if segment.flags.has(Flags::SYN) {
            return self.challenge(io);
        }
        if !segment.flags.has(Flags::ACK) {
            io.counters.dropped.malformed += 1;
            return Fate::Alive;
        }
        let Some(acknowledged) = unwrap(segment.acknowledgement, self.zero, self.una) else {
            return self.bad_acknowledgement(io);
        };
        if acknowledged > self.next || self.state == State::SynReceived && acknowledged < 1 {
            return self.bad_acknowledgement(io);
        }
        if position <= self.acknowledged && !before(segment.timestamp, self.recent) {
            self.recent = segment.timestamp;
            self.recent_at = io.now();
        }
        if self.state == State::SynReceived {
            self.establish(&segment, io);
        }
        self.on_ack(acknowledged, position, &segment, io);
        self.on_payload(segment, position, io);
        self.output(io);
        self.acknowledge_when_due(io);
        self.advance(io)
    }

    /// RFC 7323 §5.3 (PAWS).
    fn is_outdated(&self, segment: &Segment<M>, now: Time) -> bool {
        self.recent != 0
            && before(segment.timestamp, self.recent)
            && now.since(self.recent_at) < RECENT_LIFETIME
    }

    /// Outside the window, or old: tell the other side where we are (never in answer to a reset).
    fn unacceptable(&mut self, segment: &Segment<M>, position: Option<u64>, io: &mut Io<'_, '_, M>) -> Fate {
        let expected = self.incoming_next();
        if position.is_some_and(|p| p < expected) && !segment.flags.has(Flags::RST) {
            io.counters.duplicates += u64::from(segment.length > 0);
        } else {
            io.counters.dropped.window += 1;
        }
        if !segment.flags.has(Flags::RST) {
            self.send_ack(io);
        }
        Fate::Alive
    }

    fn challenge(&mut self, io: &mut Io<'_, '_, M>) -> Fate {
        io.counters.dropped.challenge += 1;
        if self.state != State::SynSent {
            self.send_ack(io);
        }
        Fate::Alive
    }

    fn bad_acknowledgement(&mut self, io: &mut Io<'_, '_, M>) -> Fate {
        io.counters.dropped.acknowledgement += 1;
        self.send_ack(io);
        Fate::Alive
    }

    /// The send window of RFC 9293: only a segment at least as new as the last one that set it may change it.
    pub(super) fn take_window(&mut self, segment: &Segment<M>, position: u64, acknowledged: u64) {
        if (position, acknowledged) >= self.update {
            self.update = (position, acknowledged);
            let scale = if segment.flags.has(Flags::SYN) { 0 } else { self.peer_scale };
            self.peer_window = u64::from(segment.window) << scale;
            self.largest_window = self.largest_window.max(self.peer_window);
        }
    }

    fn on_payload(&mut self, segment: Segment<M>, position: u64, io: &mut Io<'_, '_, M>) {
        if segment.flags.has(Flags::FIN) && self.peer_fin.is_none() {
            self.peer_fin = Some(position + u64::from(segment.length));
            self.unacknowledged = u32::MAX;
        }
        // A FIN that is out of order, or data behind a FIN: the former waits, the latter cannot be.
        let limit = self.peer_fin.unwrap_or(u64::MAX).min(self.incoming.next + io.config.receive_buffer);
        let end = (position + u64::from(segment.length)).min(limit);
        if end <= position {
            return;
        }
        let peer = io.key.peer;
        let Io { cx, counters, .. } = io;
        let mut ends = segment.ends;
        ends.retain(|e| position + u64::from(e.offset) <= end);
        let arrival = self.incoming.insert(position, end, ends, |message| {
            counters.delivered += 1;
            cx.indicate(Event::Delivered { from: peer, message: Arc::unwrap_or_clone(message) });
        });
        match arrival {
            Arrival::InOrder if self.quick_acks > 0 => {
                self.quick_acks -= 1;
                self.unacknowledged = u32::MAX;
            }
            Arrival::InOrder => self.unacknowledged = self.unacknowledged.saturating_add(1),
            Arrival::Irregular => self.unacknowledged = u32::MAX,
            Arrival::Duplicate => {
                counters.duplicates += 1;
                self.unacknowledged = u32::MAX;
            }
            Arrival::Overflow => {
                counters.dropped.overflow += 1;
                self.unacknowledged = u32::MAX;
            }
        }
    }

    /// Every n-th segment at once, others after the timeout (RFC 5681 §4.2). Output that carried the acknowledgement already has
    /// settled it.
    fn acknowledge_when_due(&mut self, io: &mut Io<'_, '_, M>) {
        if self.unacknowledged >= io.config.delayed_ack {
            self.send_ack(io);
        } else if self.unacknowledged > 0 && self.deadlines.acknowledge.is_none() {
            self.deadlines.acknowledge = Some(io.now() + io.config.delayed_ack_timeout);
        }
    }

    /// State changes by FINs: ours acknowledged, theirs in order.
    fn advance(&mut self, io: &mut Io<'_, '_, M>) -> Fate {
        let ours_done = self.fin_sent && self.una == self.next && self.una > self.outgoing.end;
        let theirs_done = self.peer_fin.is_some_and(|fin| fin == self.incoming.next);
        match (self.state, ours_done, theirs_done) {
            (State::Established, _, true) => {
                self.state = State::CloseWait;
                // Who sends nothing more expects nothing more: close our side, too, when everything is sent.
                self.close(io);
                if self.fin_sent {
                    self.state = State::LastAck;
                }
                Fate::Alive
            }
            (State::CloseWait, false, _) if self.fin_sent => {
                self.state = State::LastAck;
                Fate::Alive
            }
            (State::CloseWait | State::LastAck, true, _) => Fate::Over(Down::Closed),
            (State::FinWait1 | State::FinWait2 | State::Closing, true, true) => Fate::TimeWait,
            (State::FinWait1, true, false) => {
                self.state = State::FinWait2;
                self.deadlines.finish = Some(io.now() + io.config.time_wait);
                Fate::Alive
            }
            (State::FinWait1, false, true) => {
                self.state = State::Closing;
                Fate::Alive
            }
            _ => Fate::Alive,
        }
    }
}

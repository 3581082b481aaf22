//! The timers of a connection: retransmission (RFC 6298), tail loss probe (RFC 8985 §7), probes of a closed window (RFC 9293 §3.8.6.1).

use astrarium_node::{Cx, Span, Time};

use super::connection::{Connection, Fate, Io, Phase, State, TailProbe, before};
use super::segment::{Flags, Segment};
use super::sender::Again;
use super::{Key, Tcp, Timer};
use crate::service::{Down, Message};

/// Keeps one timer per connection, never later than its earliest deadline. A deadline that moves away – with every
/// acknowledgement – costs nothing: the timer fires early once and is set again.
pub(super) fn arm<M: Message>(connection: &mut Connection<M>, key: Key, cx: &mut Cx<'_, Tcp<M>>) {
    let Some(at) = connection.deadlines.earliest() else { return };
    if connection.armed.is_none_or(|armed| at < armed) {
        connection.armed = Some(at);
        cx.set_timer(Timer::Connection(key), at.since(cx.now()));
    }
}

impl<M: Message> Connection<M> {
    /// The timer fired: does all that is due.
    pub(super) fn on_timer(&mut self, io: &mut Io<'_, '_, M>) -> Fate {
        self.armed = None;
        let now = io.now();
        let due = |deadline: &mut Option<Time>| deadline.take_if(|at| *at <= now).is_some();
        if due(&mut self.deadlines.finish) {
            return Fate::Over(Down::Closed);
        }
        if due(&mut self.deadlines.acknowledge) {
            self.send_ack(io);
        }
        if due(&mut self.deadlines.probe) {
            self.on_probe(io);
        }
        if due(&mut self.deadlines.persist) && self.on_persist(io) != Fate::Alive {
            return Fate::Over(Down::DeadLink);
        }
        if due(&mut self.deadlines.retransmit) {
            let opening = matches!(self.state, State::SynSent | State::SynReceived);
            return if opening { self.retry_syn(io) } else { self.on_timeout(io) };
        }
        Fate::Alive
    }

    /// The retransmission timer expired (RFC 6298 §5.4–5.7, RFC 5681 §3.1).
    fn on_timeout(&mut self, io: &mut Io<'_, '_, M>) -> Fate {
        if self.board.is_empty() {
            return Fate::Alive;
        }
        io.counters.timeouts += 1;
        if self.rtt.backoff() >= io.config.data_retries {
            return Fate::Over(Down::DeadLink);
        }
        // In recovery the window is not what the connection had before, but what it may send now.
        if self.phase == Phase::Recovery {
            self.window.size = self.window.threshold;
        }
        // The threshold holds while the same data is sent again and again.
        if self.rtt.backoff() == 0 {
            self.window.reduce(self.board.outstanding().min(self.window.size));
            self.eifel = Some(io.clock());
        }
        self.repeated = Some(io.clock());
        self.rtt.back_off();
        self.window.collapse();
        self.phase = Phase::Loss;
        self.recover = self.next;
        self.duplicate_acks = 0;
        self.tail = None;
        self.deadlines.probe = None;
        self.board.lose_all();
        self.deadlines.retransmit = None;
        self.output(io);
        if self.deadlines.retransmit.is_none() {
            self.start_timer(io);
        }
        Fate::Alive
    }

    /// RFC 8985 §7.2 with the interval of the network specification §6.10: two round trips, and the delay of an acknowledgement when
    /// a single segment is in flight.
    pub(super) fn schedule_probe(&mut self, io: &Io<'_, '_, M>) {
        let useful = io.config.tail_probe
            && self.sack
            && self.phase == Phase::Open
            && self.tail.is_none()
            && !self.board.is_empty()
            && !self.board.has_sacked();
        let Some(rtt) = self.rtt.smoothed().filter(|_| useful) else {
            self.deadlines.probe = None;
            return;
        };
        let alone = if self.board.len() == 1 { io.config.delayed_ack_timeout } else { Span::ZERO };
        let at = io.now() + rtt * 2 + alone;
        // A probe later than the timeout would be none.
        self.deadlines.probe = self.deadlines.retransmit.is_none_or(|timeout| at < timeout).then_some(at);
    }

    /// The tail loss probe: new data if there is any, else the last segment again (RFC 8985 §7.3).
    fn on_probe(&mut self, io: &mut Io<'_, '_, M>) {
        if self.board.is_empty() || self.phase != Phase::Open {
            return;
        }
        let timestamp = io.clock();
        let fresh = self.next < self.outgoing.end && {
            let size = self.window.size;
            self.window.size = self.window.size.max(self.board.pipe() + self.mss);
            let sent = self.send_new(io);
            self.window.size = size;
            sent
        };
        if fresh {
            io.counters.probes += 1;
        } else if let Some(index) = self.board.last() {
            self.send_again(index, Again::Probe, io);
        }
        let end = self.board.back().map_or(self.next, |s| s.end);
        self.tail = Some(TailProbe { end, again: !fresh, timestamp });
        self.deadlines.probe = None;
        self.start_timer(io);
    }

    /// The probe was acknowledged. If it was needed – the acknowledgement echoes its own timestamp, not the original's – a loss was
    /// repaired unseen and the window must shrink as for any other (RFC 8985 §7.4, with timestamps in place of D-SACK).
    pub(super) fn settle_probe(&mut self, segment: &Segment<M>) {
        let Some(probe) = self.tail.filter(|probe| self.una >= probe.end) else { return };
        self.tail = None;
        if probe.again && !before(segment.echo, probe.timestamp) && self.phase == Phase::Open {
            self.window.reduce(self.window.size);
            self.window.size = self.window.threshold;
        }
    }

    /// Data waits, nothing is in flight, and the window is closed or silly: ask from time to time (RFC 9293 §3.8.6.1).
    pub(super) fn watch_window(&mut self, io: &Io<'_, '_, M>) {
        let stuck = self.board.is_empty() && self.has_news();
        if !stuck {
            self.deadlines.persist = None;
        } else if self.deadlines.persist.is_none() {
            let wait = self.rtt.timeout(io.config) * (1_u64 << self.tries.min(16));
            self.deadlines.persist = Some(io.now() + wait.min(io.config.max_rto));
        }
    }

    /// The window was closed for long: send what little fits, or an old sequence number, which makes the other side tell its window.
    fn on_persist(&mut self, io: &mut Io<'_, '_, M>) -> Fate {
        self.tries += 1;
        if self.tries > io.config.data_retries {
            return Fate::Over(Down::DeadLink);
        }
        io.counters.window_probes += 1;
        let room = (self.una + self.peer_window).saturating_sub(self.next);
        if room > 0 {
            self.largest_window = self.largest_window.min(room);
            self.output(io);
        } else {
            let probe = self.segment(self.next - 1, Flags::ACK, io);
            io.send(probe);
            self.watch_window(io);
        }
        Fate::Alive
    }
}

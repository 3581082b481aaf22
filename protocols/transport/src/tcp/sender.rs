//! The sending half of a connection: what may be sent, and what acknowledgements mean.
//!
//! One estimate of what is in the network (`Scoreboard::pipe`) serves all cases; with selective acknowledgement it is that of
//! RFC 6675, without it NewReno inflates the window instead (RFC 6582). After a timeout both go back to one segment and send again
//! what was not acknowledged, in slow start.

use astrarium_node::Span;

use super::config::Counting;
use super::congestion::Acked;
use super::connection::{Connection, Io, Phase, State, before};
use super::reduction::{Progress, Reduction};
use super::scoreboard::THRESHOLD;
use super::segment::{Flags, Segment};
use super::stream::unwrap;
use crate::service::Message;

/// Why a segment is sent again, for the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Fast,
    Timeout,
    Probe,
}

impl<M: Message> Connection<M> {
    /// Congestion weight of so many bytes of payload.
    fn weight(&self, bytes: u64, io: &Io<'_, '_, M>) -> u64 {
        match io.config.counting {
            Counting::Segments => self.mss,
            Counting::Bytes => bytes,
        }
    }

    /// Limited transmit (RFC 3042): the first two duplicates each let one new segment out. With selective acknowledgement the
    /// estimate of the pipe does that by itself.
    fn allowance(&self) -> u64 {
        if self.sack || self.phase != Phase::Open {
            0
        } else {
            u64::from(self.duplicate_acks.min(2)) * self.mss
        }
    }

    /// Sends what windows allow: first what is lost, then what is new, then the FIN. Each turn sends a segment that enters the
    /// pipe, so the window bounds the loop.
    pub(super) fn output(&mut self, io: &mut Io<'_, '_, M>) {
        if matches!(self.state, State::SynSent | State::SynReceived) {
            return;
        }
        self.restart_when_idle(io);
        self.limited = false;
        loop {
            if let Some(index) = self.board.next_lost() {
                let weight = self.board.get(index).weight;
                if self.board.pipe() + weight > self.window.size {
                    self.limited = true;
                    break;
                }
                let why = if self.phase == Phase::Loss { Again::Timeout } else { Again::Fast };
                self.send_again(index, why, io);
                continue;
            }
            if self.has_news() {
                if !self.send_new(io) {
                    break;
                }
                continue;
            }
            if !self.fill_gap(io) {
                break;
            }
        }
        self.watch_window(io);
    }

    /// In recovery with nothing lost and nothing new to send: RFC 6675 NextSeg rules 3 and 4.
    fn fill_gap(&mut self, io: &mut Io<'_, '_, M>) -> bool {
        let room = self.board.pipe() + self.mss <= self.window.size;
        if self.phase != Phase::Recovery || !self.sack || !room {
            return false;
        }
        let mut index = self.board.next_gap();
        if index.is_none() && !self.rescued {
            index = self.board.rescue();
            self.rescued = true;
        }
        let Some(index) = index else { return false };
        self.send_again(index, Again::Fast, io);
        true
    }

    /// Data or a FIN that was never sent.
    pub(super) fn has_news(&self) -> bool {
        self.next < self.outgoing.end || self.closing && !self.fin_sent
    }

    /// RFC 5681 §4.1.
    fn restart_when_idle(&mut self, io: &Io<'_, '_, M>) {
        let idle = io.config.idle_restart
            && self.board.is_empty()
            && self.next < self.outgoing.end
            && io.now().since(self.last_sent) > self.rtt.timeout(io.config);
        if idle {
            self.window.size = self.window.size.min(u64::from(io.config.initial_window) * self.mss);
            self.window.restart();
        }
    }

    /// One segment of new data, with the FIN if it is the last; false when a window forbids it.
    pub(super) fn send_new(&mut self, io: &mut Io<'_, '_, M>) -> bool {
        let waiting = self.outgoing.end.saturating_sub(self.next);
        let room = (self.una + self.peer_window).saturating_sub(self.next);
        let full = waiting.min(self.mss);
        let length = full.min(room);
        // Silly window syndrome (RFC 1122 §4.2.3.4): no small segment for want of window, unless it is half of all there ever was.
        if length < full && length < self.largest_window / 2 || waiting > 0 && length == 0 {
            return false;
        }
        let weight = self.weight(length, io);
        if waiting > 0 && self.board.pipe() + weight > self.window.size + self.allowance() {
            self.limited = true;
            return false;
        }
        let last = length == waiting && self.closing;
        let end = self.next + length + u64::from(last);
        self.board.push(self.next, end, weight);
        self.reduction.sent(weight);
        let from = self.next;
        self.next = end;
        if last {
            self.fin_sent = true;
            if self.state == State::Established {
                self.state = State::FinWait1;
            }
        }
        io.counters.bytes_sent += length;
        self.transmit(from, end, io);
        self.deadlines.persist = None;
        self.schedule_probe(io);
        true
    }

    pub(super) fn send_again(&mut self, index: usize, why: Again, io: &mut Io<'_, '_, M>) {
        let sent = self.board.get(index);
        self.board.resend(index);
        self.reduction.sent(sent.weight);
        if why == Again::Fast && self.sack && io.config.careful_timer {
            // Recovery may take longer than a timeout.
            self.start_timer(io);
        }
        match why {
            Again::Fast => io.counters.fast += 1,
            Again::Timeout => io.counters.timeout += 1,
            Again::Probe => io.counters.probes += 1,
        }
        io.counters.bytes_again += sent.end.min(self.outgoing.end) - sent.start.min(self.outgoing.end);
        self.transmit(sent.start, sent.end, io);
    }

    /// Puts [`from`, `end`) of the stream on the wire; the position behind the last byte is the FIN's.
    fn transmit(&mut self, from: u64, end: u64, io: &mut Io<'_, '_, M>) {
        let data = end.min(self.outgoing.end).max(from);
        let flags = if end > data { Flags::ACK.with(Flags::FIN) } else { Flags::ACK };
        let mut segment = self.segment(from, flags, io);
        // At most one MSS, so it fits.
        segment.length = (data - from) as u32;
        segment.ends = self.outgoing.ends(from, data);
        io.send(segment);
        self.last_sent = io.now();
        if self.deadlines.retransmit.is_none() {
            self.start_timer(io);
        }
    }

    pub(super) fn start_timer(&mut self, io: &Io<'_, '_, M>) {
        self.deadlines.retransmit = Some(io.now() + self.rtt.timeout(io.config));
    }

    /// An acceptable acknowledgement arrived.
    pub(super) fn on_ack(
        &mut self,
        acknowledged: u64,
        position: u64,
        segment: &Segment<M>,
        io: &mut Io<'_, '_, M>,
    ) {
        if acknowledged < self.una {
            return;
        }
        let window_before = self.peer_window;
        self.take_window(segment, position, acknowledged);
        let undelivered = self.board.undelivered();
        let news = self.take_blocks(segment, io);
        let outstanding_before = self.board.outstanding();
        let mut acked = 0;
        if acknowledged > self.una {
            let ambiguous = self.board.acknowledge(acknowledged);
            // What was acknowledged selectively counts for growth when it is acknowledged cumulatively.
            acked = outstanding_before - self.board.outstanding();
            self.on_progress(acknowledged, ambiguous, segment, io);
        } else if self.is_duplicate(segment, news, window_before) {
            self.duplicate_acks = self.duplicate_acks.saturating_add(1);
        }
        let delivered = undelivered - self.board.undelivered();
        match self.phase {
            Phase::Open => self.in_open(acked, delivered, io),
            Phase::Recovery => self.in_recovery(acked, delivered, io),
            Phase::Loss => self.in_loss(acked, io),
        }
        if acked > 0 {
            self.schedule_probe(io);
        }
    }

    /// RFC 6675 §2 with selective acknowledgement, RFC 5681 §2 without.
    fn is_duplicate(&self, segment: &Segment<M>, news: bool, window_before: u64) -> bool {
        if self.board.is_empty() {
            return false;
        }
        if self.sack {
            return news;
        }
        segment.length == 0 && !segment.flags.has(Flags::FIN) && self.peer_window == window_before
    }

    /// Enters selective acknowledgements; true when there was something new among them.
    fn take_blocks(&mut self, segment: &Segment<M>, io: &mut Io<'_, '_, M>) -> bool {
        let mut news = false;
        for &(from, to) in segment.blocks.as_slice() {
            let range = unwrap(from, self.zero, self.una).zip(unwrap(to, self.zero, self.una));
            match range {
                Some((from, to)) if self.sack && from < to && to <= self.next => {
                    news |= self.board.sack(from, to) > 0;
                }
                _ => io.counters.dropped.malformed += 1,
            }
        }
        news
    }

    /// New data was acknowledged.
    fn on_progress(
        &mut self,
        acknowledged: u64,
        ambiguous: bool,
        segment: &Segment<M>,
        io: &mut Io<'_, '_, M>,
    ) {
        self.una = acknowledged;
        self.outgoing.acknowledge(acknowledged);
        self.duplicate_acks = 0;
        self.tries = 0;
        self.rtt.latest = None;
        let (first, repeated) = (self.eifel.take(), self.repeated.take());
        let spurious = first.is_some_and(|mark| before(segment.echo, mark));
        if let Some(rtt) = self.measured(ambiguous, repeated, segment.echo, io.clock()) {
            // Only a new measurement ends the backoff (RFC 6298 §5).
            self.rtt.sample(rtt);
            self.rtt.progress();
        }
        io.counters.spurious += u64::from(spurious);
        self.settle_probe(segment);
        if self.board.is_empty() {
            self.deadlines.retransmit = None;
            self.deadlines.probe = None;
        } else if self.phase != Phase::Recovery || self.sack || !self.partial_ack_seen {
            // NewReno restarts the timer for the first partial acknowledgement only (RFC 6582 §4, impatient variant).
            self.start_timer(io);
        }
    }

    /// The round trip that an acknowledgement of new data measures. `repeated`: when the first of it was last sent again by the timer.
    ///
    /// The echo tells which sending is answered – but for a repetition that was not needed, which is outside the recipient's window and does
    /// not renew the echo (RFC 7323 §5.3 R2). Then the time tells: what comes sooner after the repetition than any round trip took answers
    /// the first sending, late; anything else the repetition, because the first answer was lost (the rule of RFC 8985 §6.2 step 2). Without
    /// the one, a path whose acknowledgements come later than the timeout would look like a losing one for ever; without the other, one lost
    /// acknowledgement would make the estimate run away.
    fn measured(&self, ambiguous: bool, repeated: Option<u32>, echo: u32, now: u32) -> Option<Span> {
        let age = |stamp: u32| {
            let age = now.wrapping_sub(stamp);
            (age as i32 >= 0).then(|| Span::from_millis(u64::from(age)))
        };
        match repeated {
            _ if echo == 0 => None,
            _ if !ambiguous => age(echo),
            Some(mark) if before(echo, mark) && !self.rtt.too_soon(age(mark)?) => age(mark),
            Some(_) => age(echo),
            // Sent again by fast retransmission: Karn's rule.
            None => None,
        }
    }

    fn in_open(&mut self, acked: u64, delivered: u64, io: &mut Io<'_, '_, M>) {
        let lost = self.sack && self.board.mark_lost();
        let again_too_soon = !self.sack && self.una <= self.recover;
        if lost || self.duplicate_acks as usize >= THRESHOLD && !again_too_soon {
            self.enter_recovery(delivered, io);
        } else if acked > 0 && self.limited {
            self.grow(acked, io);
        }
    }

    fn grow(&mut self, acked: u64, io: &Io<'_, '_, M>) {
        let rtt = self.rtt.smoothed().unwrap_or(io.config.initial_rto);
        self.window.grow(Acked {
            bytes: acked,
            now: io.now(),
            rtt,
            sample: self.rtt.latest,
            acknowledged: self.una,
            next: self.next,
        });
    }

    /// RFC 6675 §5 step 4, RFC 6582 §3.2 step 2: halve, send the first missing segment at once.
    fn enter_recovery(&mut self, delivered: u64, io: &mut Io<'_, '_, M>) {
        io.counters.recoveries += 1;
        self.phase = Phase::Recovery;
        self.recover = self.next;
        self.partial_ack_seen = false;
        self.rescued = false;
        self.tail = None;
        self.deadlines.probe = None;
        // What limited transmit sent since the first duplicate does not count (RFC 5681 §3.2 step 2).
        let flight = self.board.outstanding().min(self.window.size);
        self.window.reduce(flight);
        self.window.size = self.window.threshold;
        if !self.sack {
            self.window.size += THRESHOLD as u64 * self.mss;
        }
        self.reduction = Reduction::begin(self.board.undelivered() + delivered);
        if self.board.next_lost().is_none() {
            self.board.lose_front();
        }
        if let Some(index) = self.board.next_lost() {
            self.send_again(index, Again::Fast, io);
        }
        if self.sack {
            self.reduce(delivered, false, io);
        }
        if io.config.careful_timer || !self.sack {
            self.start_timer(io);
        }
    }

    /// Proportional rate reduction; without it the window is at the threshold already.
    fn reduce(&mut self, delivered: u64, safe: bool, io: &Io<'_, '_, M>) {
        if io.config.prr && delivered > 0 {
            let progress = Progress { delivered, safe, pipe: self.board.pipe() };
            self.window.size = self.reduction.window(progress, self.window.threshold, self.mss);
        }
    }

    fn in_recovery(&mut self, acked: u64, delivered: u64, io: &mut Io<'_, '_, M>) {
        if self.una >= self.recover {
            self.phase = Phase::Open;
            self.window.size = self.window.threshold;
            if !self.sack {
                let flight = self.board.outstanding().max(self.mss) + self.mss;
                self.window.size = self.window.size.min(flight);
            }
            // The acknowledgement that ends recovery opens the window like any other, by what it newly reports (Linux; ns-3 counts again what
            // was delivered during recovery, which puts sustained goodput a tenth above the closed forms).
            self.grow(delivered, io);
        } else if self.sack {
            let worse = self.board.mark_lost();
            self.reduce(delivered, acked > 0 && !worse, io);
        } else if acked > 0 {
            // Partial acknowledgement: the next missing segment at once, and deflate (RFC 6582 §3.2 step 3).
            self.partial_ack_seen = true;
            self.board.lose_front();
            if let Some(index) = self.board.next_lost() {
                self.send_again(index, Again::Fast, io);
            }
            let deflated = self.window.size.saturating_sub(acked);
            self.window.size = (deflated + if acked >= self.mss { self.mss } else { 0 }).max(self.mss);
        } else if self.duplicate_acks > 0 {
            self.window.size += self.mss;
        }
    }

    fn in_loss(&mut self, acked: u64, io: &mut Io<'_, '_, M>) {
        if self.una >= self.recover {
            self.phase = Phase::Open;
        }
        if acked > 0 {
            self.grow(acked, io);
        }
    }
}

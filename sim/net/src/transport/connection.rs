//! One directed connection: a recursion over its segments in the order of their sending.

use std::collections::VecDeque;

use super::estimate::Estimate;
use super::law::Law;
use super::recovery::Lost;
use super::window::Window;

/// What the path does to single packets, one draw after the other.
pub(crate) trait Path {
    /// Nanoseconds from the bottleneck to the other side; `None` when the packet is lost.
    fn forward(&mut self) -> Option<u64>;
    /// The same on the way back.
    fn backward(&mut self) -> Option<u64>;
    /// Mean round-trip time without queues, for who has measured nothing.
    fn round_trip(&self) -> u64;
}

/// The bottleneck of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// Bit/s; 0 is unlimited.
    pub(crate) bps: u64,
    /// Bytes that may wait; what comes on top is lost.
    pub(crate) buffer: Option<u64>,
    /// It is busy with others until then.
    pub(crate) busy: u64,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Carried {
    /// When its last byte is there in order; `None` when no connection came about.
    pub(crate) at: Option<u64>,
    /// Bytes that the sender put on the wire for it.
    pub(crate) bytes: u64,
    /// Segments that were sent again.
    pub(crate) resent: u64,
}

/// Something that the sender will learn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct News {
    pub(super) at: u64,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// So many segments are acknowledged, and a round trip took so long (0: not measured).
    Acked { segments: u32, rtt: u64 },
    /// Later acknowledgements reveal a loss, repaired by then.
    Fast { until: u64 },
    /// A timeout expires.
    Timeout,
}

/// Sender's and recipient's state of a directed connection.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(super) window: Window,
    pub(super) estimate: Estimate,
    /// When the newest segment was sent.
    clock: u64,
    /// The bottleneck has the connection's own segments until then.
    line_until: u64,
    /// What the sender will learn, in order of time.
    news: VecDeque<News>,
    /// Losses of this message that have not been noticed yet, oldest first.
    pub(super) lost: Vec<Lost>,
    /// Acknowledged segments behind a hole, and when the last hole before them is closed.
    blocked: u32,
    hole_until: u64,
    /// Acknowledgements that were lost, to be made up by the next one.
    owed: u32,
    /// Segments that arrived and are not acknowledged yet: how many, when the first was sent and the last arrived.
    held: Option<(u32, u64, u64)>,
    /// The newest acknowledgement that counts for the timer.
    pub(super) heard: u64,
    /// Everything up to then has been delivered.
    delivered: u64,
    /// When the last segment or repair of the current message arrived.
    pub(super) latest: u64,
    pub(super) bytes: u64,
    pub(super) resent: u64,
    open: bool,
}

impl Connection {
    /// A connection that has sent nothing yet.
    pub(crate) fn new(law: &Law) -> Self {
        Self {
            window: Window::new(law),
            estimate: Estimate::default(),
            clock: 0,
            line_until: 0,
            news: VecDeque::new(),
            lost: Vec::new(),
            blocked: 0,
            hole_until: 0,
            owed: 0,
            held: None,
            heard: 0,
            delivered: 0,
            latest: 0,
            bytes: 0,
            resent: 0,
            open: !law.handshake,
        }
    }

    /// Sends a message of so many bytes now.
    pub(crate) fn carry(
        &mut self,
        law: &Law,
        now: u64,
        bytes: u64,
        line: Line,
        path: &mut impl Path,
    ) -> Carried {
        if law.fresh {
            *self = Self::new(law);
        }
        (self.bytes, self.resent, self.latest) = (0, 0, 0);
        self.estimate.message(now);
        if law.idle_restart && now > self.clock + self.estimate.rto(law) {
            self.window.rest(law);
        }
        let Some(start) = self.opened(law, now, path) else {
            return Carried { at: None, bytes: self.bytes, resent: self.resent };
        };
        let segments = law.segments(bytes);
        let (even, rest) = (bytes / segments, bytes % segments);
        for segment in 0..segments {
            // The payload is spread evenly; only the sum matters for when the last segment is through.
            let payload = even + u64::from(segment < rest);
            self.send(law, start, payload + law.header, line, path);
        }
        self.window.limited = false;
        self.settle(law, segments, line, path);
        self.delivered = self.delivered.max(self.latest);
        Carried { at: Some(self.delivered), bytes: self.bytes, resent: self.resent }
    }

    /// When data may be sent, the handshake behind it; `None` when six tries have failed.
    fn opened(&mut self, law: &Law, now: u64, path: &mut impl Path) -> Option<u64> {
        if self.open {
            return Some(now);
        }
        let (mut at, mut wait) = (now, law.initial_rto);
        for attempt in 0..6 {
            self.bytes += law.header + 8;
            self.resent += u64::from(attempt > 0);
            if let Some((there, back)) = path.forward().and_then(|f| Some((f, path.backward()?))) {
                self.open = true;
                self.estimate.sample(law, there + back);
                self.clock = at + there + back;
                return Some(self.clock);
            }
            (at, wait) = (at + wait, 2 * wait);
        }
        None
    }

    /// One new segment, ready at `ready`.
    fn send(&mut self, law: &Law, ready: u64, size: u64, line: Line, path: &mut impl Path) {
        let free = self.wait(law, ready.max(self.clock), line, path);
        let sent = law.leaves(free);
        self.clock = sent;
        self.window.inflight += 1;
        let through = self.pass(sent, size, line);
        match through.and_then(|out| Some(out + path.forward()?)) {
            Some(arrival) => self.arrived(law, sent, arrival, line, path),
            None => {
                let timeout = self.estimate.rto(law);
                self.lost.push(Lost { sent, size, later: 0, timeout, newest: true });
            }
        }
    }

    /// A segment that is sent again at `at`, later than what this recursion has come to: it waits as long as a segment would now, and
    /// takes its time of the line.
    pub(super) fn pass_again(&mut self, at: u64, size: u64, line: Line) -> Option<u64> {
        self.bytes += size;
        if line.bps == 0 {
            return Some(at);
        }
        let work = crate::access::transfer(size, line.bps);
        let backlog = self.line_until.max(line.busy).saturating_sub(at.min(self.clock));
        self.line_until = self.line_until.max(self.clock) + work;
        Some(at + backlog.min(self.line_until.saturating_sub(at)) + work)
    }

    /// Puts a segment in line at the bottleneck; `None` when it does not fit.
    fn pass(&mut self, at: u64, size: u64, line: Line) -> Option<u64> {
        self.bytes += size;
        if line.bps == 0 {
            return Some(at);
        }
        let begin = at.max(self.line_until).max(line.busy);
        let waiting = u128::from(begin - at) * u128::from(line.bps) / 8_000_000_000;
        if line.buffer.is_some_and(|buffer| waiting + u128::from(size) > u128::from(buffer)) {
            return None;
        }
        self.line_until = begin + crate::access::transfer(size, line.bps);
        Some(self.line_until)
    }

    /// When the window lets the next segment go, `at` at the earliest.
    fn wait(&mut self, law: &Law, mut at: u64, line: Line, path: &mut impl Path) -> u64 {
        while self.news.front().is_some_and(|news| news.at <= at) {
            self.learn(law, path.round_trip());
        }
        while self.window.inflight >= self.window.limit(law) {
            self.window.limited = true;
            if let Some(news) = self.news.front() {
                at = at.max(news.at);
                self.learn(law, path.round_trip());
            } else if self.held.is_some() {
                self.release(law, path);
            } else if !self.lost.is_empty() {
                self.time_out_first(law, line, path);
            } else {
                // Nothing is under way: the count has lost its meaning with a lost acknowledgement.
                self.window.inflight = 0;
            }
        }
        at
    }

    /// Takes in the oldest news.
    fn learn(&mut self, law: &Law, otherwise: u64) {
        let Some(News { at, what }) = self.news.pop_front() else { return };
        match what {
            What::Acked { segments, rtt } => {
                if rtt > 0 {
                    self.estimate.sample(law, rtt);
                }
                self.window.acked(law, segments, at, self.estimate.srtt(otherwise));
            }
            What::Fast { until } => self.window.on_fast(law, at, until),
            What::Timeout => self.window.on_timeout(law),
        }
    }

    /// Files news; later news are usually later.
    pub(super) fn tell(&mut self, at: u64, what: What) {
        let mut place = self.news.len();
        while place > 0 && self.news[place - 1].at > at {
            place -= 1;
        }
        self.news.insert(place, News { at, what });
    }

    /// A segment arrives; the recipient acknowledges it at once or holds that back for the next one.
    fn arrived(&mut self, law: &Law, sent: u64, arrival: u64, line: Line, path: &mut impl Path) {
        self.latest = self.latest.max(arrival);
        if law.delayed_ack == 1 || !self.lost.is_empty() {
            self.release(law, path);
            return self.acknowledge(law, 1, sent, arrival, Some(line), path);
        }
        let (count, first) = match self.held {
            Some((_, _, last)) if arrival > last + law.delayed_ack_timeout => {
                self.release(law, path);
                (1, sent)
            }
            Some((count, first, _)) => (count + 1, first),
            None => (1, sent),
        };
        if count < law.delayed_ack {
            self.held = Some((count, first, arrival));
        } else {
            self.held = None;
            self.acknowledge(law, count, first, arrival, None, path);
        }
    }

    /// A held acknowledgement goes out by its timer.
    fn release(&mut self, law: &Law, path: &mut impl Path) {
        if let Some((count, first, last)) = self.held.take() {
            self.acknowledge(law, count, first, last + law.delayed_ack_timeout, None, path);
        }
    }

    /// The recipient acknowledges `n` segments at `at`, the first of which was sent at `sent`. With a `line` it also tells of holes.
    fn acknowledge(
        &mut self,
        law: &Law,
        n: u32,
        sent: u64,
        at: u64,
        line: Option<Line>,
        path: &mut impl Path,
    ) {
        let Some(back) = path.backward() else {
            self.owed += n;
            return;
        };
        let heard = law.leaves(at) + back;
        let n = n + std::mem::take(&mut self.owed);
        if self.lost.is_empty() {
            self.heard = self.heard.max(heard);
        } else if let Some(line) = line {
            self.notice(law, heard, line, path);
        }
        self.credit(law, heard, n, law.measured(sent, heard));
    }

    /// Acknowledged segments leave the window: at once by selective acknowledgement, behind every hole by cumulative ones.
    pub(super) fn credit(&mut self, law: &Law, at: u64, n: u32, rtt: u64) {
        if !law.cumulative {
            return self.tell(at, What::Acked { segments: n, rtt });
        }
        if !self.lost.is_empty() {
            self.blocked += n;
            return self.tell(at, What::Acked { segments: 0, rtt });
        }
        self.tell(at.max(self.hole_until), What::Acked { segments: n, rtt });
    }

    /// A hole is closed, as the sender learns at `at`.
    pub(super) fn close_hole(&mut self, law: &Law, at: u64) {
        if !law.cumulative {
            return self.tell(at, What::Acked { segments: 1, rtt: 0 });
        }
        self.hole_until = self.hole_until.max(at);
        self.blocked += 1;
        if self.lost.is_empty() {
            let segments = std::mem::take(&mut self.blocked);
            self.tell(self.hole_until, What::Acked { segments, rtt: 0 });
        }
    }
}

//! The sender: what windows allow, what acknowledgements mean, what timers do.

use super::hystart::Seen;
use super::receiver::{Ack, NEVER};
use super::rules::Rules;
use super::window::Reduction;
use super::{MS, Phase, TailProbe, Tcp};
use crate::transport::path::{Line, Path};

/// Timeouts in a row before a connection is dead (Linux: 15).
const RETRIES: u32 = 15;
/// Later segments that must have been acknowledged before one counts as lost.
const THRESHOLD: u32 = super::board::THRESHOLD as u32;

impl Tcp {
    #[inline]
    pub(super) fn start_timer(&mut self, rules: &Rules) {
        self.timer = self.clock + self.rtt.timeout(rules);
    }

    /// Whether one more segment fits into the window.
    #[inline]
    fn has_room(&self, rules: &Rules) -> bool {
        u64::from(self.board.pipe + 1) * rules.mss <= self.window.size
    }

    /// Sends what windows allow: first what is lost, then what is new.
    #[inline]
    pub(super) fn output(&mut self, rules: &Rules, line: &Line, path: &mut impl Path) {
        let idle = self.board.is_empty()
            && rules.idle_restart
            && self.todo > 0
            && self.clock.saturating_sub(self.last_sent) > self.rtt.timeout(rules);
        if idle {
            self.window.size = self.window.size.min(u64::from(rules.initial_window) * rules.mss);
            self.window.restart();
        }
        self.limited = false;
        loop {
            if let Some(sn) = self.board.next_lost() {
                if !self.has_room(rules) {
                    self.limited = true;
                    break;
                }
                self.send_again(sn, self.phase != Phase::Loss, rules, line, path);
            } else if self.todo > 0 {
                if self.board.outstanding() >= rules.buffers {
                    break;
                }
                if !self.has_room(rules) {
                    self.limited = true;
                    break;
                }
                self.send_new(rules, line, path);
            } else if !self.fill_gap(rules, line, path) {
                break;
            }
        }
    }

    /// In recovery with nothing lost and nothing new to send: RFC 6675 NextSeg rules 3 and 4.
    fn fill_gap(&mut self, rules: &Rules, line: &Line, path: &mut impl Path) -> bool {
        if self.phase != Phase::Recovery || !self.has_room(rules) {
            return false;
        }
        let mut found = self.board.next_gap();
        if found.is_none() && !self.rescued {
            found = self.board.rescue();
            self.rescued = true;
        }
        let Some(sn) = found else { return false };
        self.send_again(sn, true, rules, line, path);
        true
    }

    #[inline]
    fn send_new(&mut self, rules: &Rules, line: &Line, path: &mut impl Path) {
        let payload = self.todo.min(rules.mss);
        self.todo -= payload;
        let size = payload + rules.header;
        let sn = self.board.push(size as u32);
        self.reduction.out += 1;
        self.transmit(sn, size, rules, line, path);
        if rules.tail_probe {
            self.schedule_probe(rules);
        }
    }

    fn send_again(&mut self, sn: u64, fast: bool, rules: &Rules, line: &Line, path: &mut impl Path) {
        let size = self.board.resend(sn);
        self.reduction.out += 1;
        self.outlet.resent += 1;
        if fast && rules.careful_timer {
            self.start_timer(rules);
        }
        self.transmit(sn, size, rules, line, path);
    }

    /// An acknowledgement arrives.
    #[inline]
    pub(super) fn on_ack(&mut self, ack: &Ack, rules: &Rules, line: &Line, path: &mut impl Path) {
        self.rtt.latest = None;
        let undelivered = self.board.undelivered();
        let mut news = false;
        while let Some(sn) = self.inbox.told(ack) {
            news |= self.board.sack(sn);
        }
        let mut acked = 0;
        if ack.next > self.board.una {
            acked = (ack.next - self.board.una) as u32;
            let ambiguous = self.board.acknowledge(ack.next);
            self.on_progress(ack, ambiguous, rules);
        } else if news {
            self.duplicates += 1;
        }
        let delivered = undelivered - self.board.undelivered();
        self.react(acked, delivered, rules, line, path);
        if acked > 0 && rules.tail_probe {
            self.schedule_probe(rules);
        }
        self.output(rules, line, path);
    }

    #[inline]
    fn react(&mut self, acked: u32, delivered: u32, rules: &Rules, line: &Line, path: &mut impl Path) {
        match self.phase {
            Phase::Open => {
                if self.board.mark_lost() || self.duplicates >= THRESHOLD {
                    self.enter_recovery(delivered, rules, line, path);
                } else if acked > 0 && self.limited {
                    self.grow(acked, rules);
                }
            }
            Phase::Recovery if self.board.una >= self.recover => {
                self.phase = Phase::Open;
                self.window.size = self.window.threshold;
                // The acknowledgement that ends recovery opens the window like any other, by what it newly reports.
                self.grow(delivered, rules);
            }
            Phase::Recovery => {
                let worse = self.board.mark_lost();
                self.reduce(delivered, acked > 0 && !worse, rules);
            }
            Phase::Loss => {
                if self.board.una >= self.recover {
                    self.phase = Phase::Open;
                }
                if acked > 0 {
                    self.grow(acked, rules);
                }
            }
        }
    }

    /// New data was acknowledged.
    #[inline]
    fn on_progress(&mut self, ack: &Ack, ambiguous: bool, rules: &Rules) {
        let repeated = self.repeated.take();
        if let Some(rtt) = self.measured(ambiguous, repeated, ack.echo) {
            self.rtt.sample(rtt * MS);
            // Only a new measurement ends the backoff (RFC 6298 §5).
            self.rtt.backoff = 0;
        }
        self.duplicates = 0;
        self.settle_probe(ack, rules);
        if self.board.is_empty() {
            (self.timer, self.probe) = (NEVER, NEVER);
        } else {
            self.start_timer(rules);
        }
    }

    /// The round trip that an acknowledgement measures, in ms: the machine's rule.
    fn measured(&self, ambiguous: bool, repeated: Option<u64>, echo: u64) -> Option<u64> {
        let age = |stamp: u64| (self.clock / MS + 1).saturating_sub(stamp);
        match repeated {
            _ if echo == 0 => None,
            _ if !ambiguous => Some(age(echo)),
            Some(mark) if echo < mark && !self.rtt.too_soon(age(mark) * MS) => Some(age(mark)),
            Some(_) => Some(age(echo)),
            None => None,
        }
    }

    fn grow(&mut self, acked: u32, rules: &Rules) {
        let srtt = self.rtt.smoothed().unwrap_or(rules.initial_rto);
        let seen = Seen {
            now: self.clock,
            rtt: self.rtt.latest,
            acknowledged: self.board.una,
            next: self.board.nxt,
            window: 0,
        };
        self.window.grow(acked, srtt, seen, rules);
    }

    /// RFC 6675 §5 step 4: reduce, send the first missing segment at once.
    fn enter_recovery(&mut self, delivered: u32, rules: &Rules, line: &Line, path: &mut impl Path) {
        self.phase = Phase::Recovery;
        self.recover = self.board.nxt;
        self.rescued = false;
        self.tail = None;
        self.probe = NEVER;
        let flight = u64::from(self.board.outstanding()) * rules.mss;
        self.window.reduce(flight.min(self.window.size), rules);
        self.window.size = self.window.threshold;
        self.reduction = Reduction::begin(self.board.undelivered() + delivered);
        if self.board.next_lost().is_none() {
            self.board.lose_front();
        }
        if let Some(sn) = self.board.next_lost() {
            self.send_again(sn, true, rules, line, path);
        }
        self.reduce(delivered, false, rules);
        if rules.careful_timer {
            self.start_timer(rules);
        }
    }

    /// Proportional rate reduction; without it the window is at the threshold already.
    fn reduce(&mut self, delivered: u32, safe: bool, rules: &Rules) {
        if rules.prr && delivered > 0 {
            let (threshold, pipe) = (self.window.threshold, self.board.pipe);
            self.window.size = self.reduction.window(delivered, safe, threshold, pipe, rules.mss);
        }
    }

    /// The retransmission timer expired (RFC 6298 §5.4–5.7, RFC 5681 §3.1).
    pub(super) fn on_timeout(&mut self, rules: &Rules, line: &Line, path: &mut impl Path) {
        self.timer = NEVER;
        if self.board.is_empty() {
            return;
        }
        if self.rtt.backoff >= RETRIES {
            self.dead = true;
            return;
        }
        if self.phase == Phase::Recovery {
            self.window.size = self.window.threshold;
        }
        if self.rtt.backoff == 0 {
            let flight = u64::from(self.board.outstanding()) * rules.mss;
            self.window.reduce(flight.min(self.window.size), rules);
        }
        self.rtt.backoff += 1;
        self.repeated = Some(self.clock / MS + 1);
        self.window.collapse(rules);
        self.phase = Phase::Loss;
        self.recover = self.board.nxt;
        self.duplicates = 0;
        self.tail = None;
        self.probe = NEVER;
        self.board.lose_all();
        self.output(rules, line, path);
        if self.timer == NEVER {
            self.start_timer(rules);
        }
    }

    /// RFC 8985 §7.2: two round trips, and the delay of an acknowledgement when a single segment is in flight.
    fn schedule_probe(&mut self, rules: &Rules) {
        let useful = self.phase == Phase::Open
            && self.tail.is_none()
            && !self.board.is_empty()
            && !self.board.has_sacked();
        let Some(rtt) = self.rtt.smoothed().filter(|_| useful) else {
            self.probe = NEVER;
            return;
        };
        let alone = if self.board.outstanding() == 1 { rules.delayed_ack_timeout } else { 0 };
        let at = self.clock + rtt * 2 + alone;
        self.probe = if at < self.timer { at } else { NEVER };
    }

    /// The tail loss probe: new data if there is any, else the last segment again (RFC 8985 §7.3).
    pub(super) fn on_probe(&mut self, rules: &Rules, line: &Line, path: &mut impl Path) {
        self.probe = NEVER;
        if self.board.is_empty() || self.phase != Phase::Open {
            return;
        }
        let timestamp = self.clock / MS + 1;
        let fresh = self.todo > 0 && self.board.outstanding() < rules.buffers;
        if fresh {
            self.send_new(rules, line, path);
        } else {
            self.send_again(self.board.nxt - 1, false, rules, line, path);
        }
        self.tail = Some(TailProbe { end: self.board.nxt, again: !fresh, timestamp });
        self.probe = NEVER;
        self.start_timer(rules);
    }

    /// The probe was acknowledged; if it was needed the window shrinks as for any other loss (RFC 8985 §7.4).
    fn settle_probe(&mut self, ack: &Ack, rules: &Rules) {
        let Some(probe) = self.tail.filter(|probe| self.board.una >= probe.end) else { return };
        self.tail = None;
        if probe.again && ack.echo >= probe.timestamp && self.phase == Phase::Open {
            self.window.reduce(self.window.size, rules);
            self.window.size = self.window.threshold;
        }
    }
}

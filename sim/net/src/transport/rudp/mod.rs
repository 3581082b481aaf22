//! Reliable UDP: the protocol's own machine for one direction, without packets and events.
//!
//! | question | file |
//! |---|---|
//! | parameters in the units of the machine | `rules.rs` |
//! | the sender's window, timeouts, overtaken segments | `flight.rs` |
//! | what the recipient has, acknowledgements on their way | `receiver.rs` |
//! | forward error correction | `group.rs` |
//! | estimates and congestion window | `control.rs` |

mod control;
mod flight;
mod group;
mod receiver;
mod rules;

pub(crate) use rules::Rules;

use super::foresight::Machine;
use super::path::{Line, Outlet, Path};
use control::{Congestion, Estimate, Outcome};
use flight::Flight;
use group::Group;
use receiver::Inbox;
use rules::MS;

/// Window assumed before the peer has told its own, segments.
const REMOTE_WINDOW: u32 = 128;
/// First repetition of an opening without data, and how often it is sent.
const OPENING_WAIT: u64 = 200 * MS;
const OPENING_TRIES: u32 = 5;

/// A segment on its way.
#[derive(Debug, Clone, Copy)]
struct Sent {
    sn: u64,
    /// Time stamp, ms.
    ts: u64,
    /// Bytes on the wire.
    size: u32,
    /// Last segment of its part.
    last: bool,
}

/// A session in one direction. Times are nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Rudp {
    opened: bool,
    dead: bool,
    /// Everything up to then has been worked out.
    clock: u64,
    /// The next look at the timers is not before.
    tick_at: u64,
    /// Payload bytes that wait for the window, and what is left of their part, in segments.
    todo: u64,
    part_left: u64,
    flight: Flight,
    estimate: Estimate,
    congestion: Congestion,
    remote_window: u32,
    outlet: Outlet,
    /// Correction of the datagrams on the way there.
    group: Group<Sent>,
    inbox: Inbox,
    /// Segments to send again; kept for its memory.
    again: Vec<u64>,
}

impl Machine for Rudp {
    type Rules = Rules;

    fn new(rules: &Rules) -> Self {
        Self {
            opened: false,
            dead: false,
            clock: 0,
            tick_at: 0,
            todo: 0,
            part_left: 0,
            flight: Flight::new(),
            estimate: Estimate::new(rules),
            congestion: Congestion::default(),
            remote_window: REMOTE_WINDOW,
            outlet: Outlet::default(),
            group: Group::default(),
            inbox: Inbox::default(),
            again: Vec::new(),
        }
    }

    fn is_fresh(rules: &Rules) -> bool {
        rules.fresh
    }

    #[inline]
    fn step(&mut self, limit: u64, rules: &Rules, line: &Line, path: &mut impl Path) -> bool {
        if self.dead {
            return false;
        }
        let look = self.due(rules);
        let heard = self.inbox.heard_at(look.min(limit.saturating_add(1)), rules, line, path);
        if heard.min(look) > limit || heard.min(look) == u64::MAX {
            return false;
        }
        if heard <= look {
            self.hear(rules, line, path);
        } else {
            self.clock = look;
            self.flush(rules, line, path);
            self.ticked(rules);
        }
        true
    }

    fn send(&mut self, now: u64, bytes: u64, rules: &Rules, line: &Line, path: &mut impl Path) -> bool {
        self.clock = self.clock.max(now);
        self.todo = bytes.max(1);
        if !self.opened {
            return self.open(rules, line, path);
        }
        if rules.flush_on_io {
            self.flush(rules, line, path);
        }
        true
    }

    fn taken(&self, rules: &Rules) -> u64 {
        self.flight.nxt + self.todo.div_ceil(rules.mss)
    }

    #[inline]
    fn has(&self, segments: u64) -> bool {
        self.inbox.next >= segments
    }

    fn is_sent(&self) -> bool {
        self.todo == 0
    }

    fn is_dead(&self) -> bool {
        self.dead
    }

    fn latest(&mut self) -> &mut u64 {
        &mut self.inbox.latest
    }

    fn timeout(&self, _rules: &Rules) -> u64 {
        u64::from(self.estimate.rto) * MS
    }

    fn outlet(&mut self) -> &mut Outlet {
        &mut self.outlet
    }

    fn inherit(&mut self, old: Self, fresh: bool) {
        self.outlet = old.outlet;
        self.inbox.latest = if fresh { 0 } else { old.inbox.latest };
        // Groups of correction know nothing of sessions; but what they rebuild belongs to the old one.
        self.group = old.group.emptied();
        self.inbox.group = old.inbox.group.emptied();
    }
}

impl Rudp {
    /// The first flush, after the handshake where there is one; false when nobody answers.
    fn open(&mut self, rules: &Rules, line: &Line, path: &mut impl Path) -> bool {
        if rules.handshake && !self.shake_hands(rules, path) {
            return false;
        }
        self.opened = true;
        // A session's window is closed until its first flush, which comes with the message where messages flush.
        if rules.flush_on_io {
            self.flush(rules, line, path);
        }
        self.flush(rules, line, path);
        self.ticked(rules);
        true
    }

    /// The handshake; false when several tries have failed.
    fn shake_hands(&mut self, rules: &Rules, path: &mut impl Path) -> bool {
        let (mut at, mut wait) = (self.clock, OPENING_WAIT);
        for _ in 0..OPENING_TRIES {
            if let Some((there, back)) = path.forward().and_then(|there| Some((there, path.backward()?))) {
                self.clock = rules.tick(rules.tick(at + there) + back);
                return true;
            }
            (at, wait) = (rules.tick(at + wait), wait + wait / 2);
        }
        false
    }

    /// When the next look at the timers finds something to do.
    #[inline]
    fn due(&self, rules: &Rules) -> u64 {
        if self.flight.overtaken || (self.todo > 0 && self.may_append(self.limit(rules), rules)) {
            return self.next_tick(rules);
        }
        let due = self.flight.due();
        if due <= self.tick_at || due < self.clock { self.next_tick(rules) } else { due }
    }

    fn next_tick(&self, rules: &Rules) -> u64 {
        if self.tick_at < self.clock { rules.tick(self.clock) } else { self.tick_at }
    }

    /// The look at the timers is done; the next one comes strictly after it.
    fn ticked(&mut self, rules: &Rules) {
        self.tick_at = (self.clock / rules.interval + 1) * rules.interval;
    }

    /// Segments that may be in flight.
    #[inline]
    fn limit(&self, rules: &Rules) -> u32 {
        let limit = rules.window.min(self.remote_window);
        if rules.congestion_control { limit.min(self.congestion.window) } else { limit }
    }

    #[inline]
    fn may_append(&self, limit: u32, rules: &Rules) -> bool {
        self.flight.len() < limit && self.flight.bytes < rules.bytes_in_flight
    }

    /// A datagram of acknowledgements arrives.
    #[inline]
    fn hear(&mut self, rules: &Rules, line: &Line, path: &mut impl Path) {
        let Some(mut ack) = self.inbox.pop() else { return };
        self.clock = self.clock.max(ack.at);
        let now = ack.at / MS;
        let before = self.flight.una;
        self.remote_window = ack.window;
        self.flight.acknowledge_below(ack.una, rules);
        let mut newest = (ack.sn, ack.ts);
        loop {
            self.estimate.samples(now.saturating_sub(ack.ts), ack.count, rules);
            let end = ack.sn + u64::from(ack.count);
            for sn in ack.sn.max(self.flight.una)..end {
                self.flight.acknowledge(sn, rules);
            }
            newest = newer(newest, (ack.sn, end - 1, ack.ts));
            if !ack.more {
                break;
            }
            let Some(following) = self.inbox.pop() else { break };
            ack = following;
        }
        self.flight.overtake(newest.0, newest.1, rules);
        if self.flight.una != before {
            self.congestion.grow(self.remote_window, rules);
        }
        if rules.flush_on_io {
            self.flush(rules, line, path);
        }
    }

    /// Sends what is due: what is overdue or overtaken, then what the window lets out.
    #[inline]
    fn flush(&mut self, rules: &Rules, line: &Line, path: &mut impl Path) {
        let now = self.clock / MS;
        let limit = self.limit(rules);
        let mut outcome = Outcome::default();
        if self.flight.calls(now) {
            let mut again = std::mem::take(&mut self.again);
            self.flight.look(now, &self.estimate, rules, &mut outcome, &mut again);
            for sn in again.drain(..) {
                self.outlet.resent += 1;
                let Some(slot) = self.flight.slot(sn) else { continue };
                let sent = Sent { sn, ts: now, size: slot.size, last: slot.last };
                self.transmit(sent, rules, line, path);
            }
            self.again = again;
        }
        while self.todo > 0 && self.may_append(limit, rules) {
            let (payload, last) = self.cut(rules);
            let size = (payload + rules.header) as u32;
            let sn = self.flight.append(now, size, last, self.estimate.rto, rules);
            self.transmit(Sent { sn, ts: now, size, last }, rules, line, path);
        }
        self.congestion.after_flush(outcome, limit, self.flight.len(), rules);
        self.dead |= outcome.dead;
    }

    /// Payload of the next segment, and whether it ends its part.
    #[inline]
    fn cut(&mut self, rules: &Rules) -> (u64, bool) {
        let payload = self.todo.min(rules.mss);
        self.todo -= payload;
        let Some(part) = rules.part else { return (payload, true) };
        if self.part_left == 0 {
            self.part_left = part;
        }
        self.part_left -= 1;
        let last = self.part_left == 0 || self.todo == 0;
        if last {
            self.part_left = 0;
        }
        (payload, last)
    }

    /// A segment on its way, as far as the recipient.
    #[inline]
    fn transmit(&mut self, sent: Sent, rules: &Rules, line: &Line, path: &mut impl Path) {
        let through = self.outlet.pass(self.clock, u64::from(sent.size), line);
        let arrival = through.and_then(|out| Some(out + path.forward()?));
        match arrival {
            Some(at) => self.receive(sent, at, rules, line, path),
            None if rules.fec.is_some() => self.group.missing.push(sent),
            None => {}
        }
        if let Some(fec) = rules.fec {
            if arrival.is_some() {
                self.group.arrived();
            }
            self.correct(fec, rules, line, path);
        }
    }

    /// A data datagram was sent: parity follows when its group is full, as long as the longest datagram may be.
    fn correct(&mut self, fec: (u32, u32), rules: &Rules, line: &Line, path: &mut impl Path) {
        if !self.group.sent(self.clock, fec, rules.keepalive) {
            return;
        }
        let size = rules.mss + rules.header;
        for _ in 0..fec.1 {
            let through = self.outlet.pass(self.clock, size, line);
            let Some(at) = through.and_then(|out| Some(out + path.forward()?)) else { continue };
            if self.group.parity(fec) {
                let mut missing = std::mem::take(&mut self.group.missing);
                for sent in missing.drain(..) {
                    self.receive(sent, at, rules, line, path);
                }
                self.group.missing = missing;
            }
        }
        self.group.close();
    }

    /// A segment arrives.
    #[inline]
    fn receive(&mut self, sent: Sent, at: u64, rules: &Rules, line: &Line, path: &mut impl Path) {
        self.inbox.before(at, rules, line, path);
        let Sent { sn, ts, last, .. } = sent;
        if sn == self.inbox.next {
            self.inbox.latest = self.inbox.latest.max(at);
            self.inbox.advance(last);
            while self.inbox.beyond > 0
                && let Some(slot) = self.flight.slot(self.inbox.next).filter(|slot| slot.received)
            {
                self.inbox.beyond -= 1;
                self.inbox.advance(slot.last);
            }
        } else if sn > self.inbox.next
            && let Some(slot) = self.flight.slot(sn).filter(|slot| !slot.received)
        {
            slot.received = true;
            self.inbox.beyond += 1;
        }
        self.inbox.owe(sn, ts, at, rules, line, path);
    }
}

/// Of a datagram's acknowledgements so far and another run of them, the one that tells what was overtaken: the highest number if it was
/// also sent later (KCP's conservative rule).
fn newer((sn, ts): (u64, u64), (first, last, run_ts): (u64, u64, u64)) -> (u64, u64) {
    if last > sn && run_ts > ts { (first.max(sn + 1), run_ts) } else { (sn, ts) }
}

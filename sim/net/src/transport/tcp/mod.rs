//! TCP: the protocol's own machine for one direction, without packets and events.
//!
//! | question | file |
//! |---|---|
//! | parameters in the units of the machine | `rules.rs` |
//! | the sender: what goes out, what acknowledgements mean, timers | `sender.rs` |
//! | what is in flight and believed lost | `board.rs` |
//! | window, reduction, round-trip time; the end of slow start | `window.rs`, `hystart.rs` |
//! | the recipient and its acknowledgements | `receiver.rs` |

mod board;
mod hystart;
mod receiver;
mod rules;
mod sender;
mod window;

pub(crate) use rules::Rules;

use super::foresight::Machine;
use super::path::{Line, Outlet, Path};
use board::Board;
use receiver::{Arrival, Inbox, NEVER};
use window::{Reduction, Rtt, Window};

/// Nanoseconds of a millisecond, the tick of the timestamp clock.
const MS: u64 = 1_000_000;
/// SYNs sent before giving up.
const SYN_TRIES: u32 = 6;

/// What loss recovery is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Recovery,
    Loss,
}

/// A tail loss probe in the network.
#[derive(Debug, Clone, Copy)]
struct TailProbe {
    end: u64,
    again: bool,
    timestamp: u64,
}

/// A connection in one direction. Times are nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Tcp {
    open: bool,
    dead: bool,
    /// Everything up to then has been worked out.
    clock: u64,
    /// Payload bytes that wait for the window.
    todo: u64,
    board: Board,
    window: Window,
    rtt: Rtt,
    phase: Phase,
    /// Recovery ends when everything below is acknowledged.
    recover: u64,
    reduction: Reduction,
    /// The tail was sent again in this recovery.
    rescued: bool,
    /// Acknowledgements since the last progress that told of arrivals out of order.
    duplicates: u32,
    /// The window stopped the last output.
    limited: bool,
    last_sent: u64,
    /// When the retransmission timer and the tail loss probe are due.
    timer: u64,
    /// Time stamp of the last timeout that nothing has been acknowledged since, ms.
    repeated: Option<u64>,
    probe: u64,
    tail: Option<TailProbe>,
    outlet: Outlet,
    inbox: Inbox,
}

impl Machine for Tcp {
    type Rules = Rules;

    fn new(rules: &Rules) -> Self {
        Self {
            open: false,
            dead: false,
            clock: 0,
            todo: 0,
            board: Board::default(),
            window: Window::new(rules, rules.initial_window),
            rtt: Rtt::default(),
            phase: Phase::Open,
            recover: 0,
            reduction: Reduction::default(),
            rescued: false,
            duplicates: 0,
            limited: false,
            last_sent: 0,
            timer: NEVER,
            repeated: None,
            probe: NEVER,
            tail: None,
            outlet: Outlet::default(),
            inbox: Inbox::new(rules),
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
        let timer = self.timer.min(self.probe);
        let heard = self.inbox.heard_at(timer.min(limit.saturating_add(1)), rules, line, path);
        let next = heard.min(timer);
        if next > limit || next == NEVER {
            return false;
        }
        if heard <= timer {
            if let Some(ack) = self.inbox.pop() {
                self.clock = self.clock.max(ack.at);
                self.on_ack(&ack, rules, line, path);
            }
        } else {
            self.clock = self.clock.max(timer);
            if timer == self.probe {
                self.on_probe(rules, line, path);
            } else {
                self.on_timeout(rules, line, path);
            }
        }
        true
    }

    fn send(&mut self, now: u64, bytes: u64, rules: &Rules, line: &Line, path: &mut impl Path) -> bool {
        self.clock = self.clock.max(now);
        if !self.open && !self.handshake(rules, path) {
            return false;
        }
        self.todo = bytes.max(1);
        self.output(rules, line, path);
        true
    }

    fn taken(&self, rules: &Rules) -> u64 {
        self.board.nxt + self.todo.div_ceil(rules.mss)
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

    fn timeout(&self, rules: &Rules) -> u64 {
        self.rtt.timeout(rules)
    }

    fn outlet(&mut self) -> &mut Outlet {
        &mut self.outlet
    }

    fn inherit(&mut self, old: Self, fresh: bool) {
        self.outlet = old.outlet;
        self.inbox.latest = if fresh { 0 } else { old.inbox.latest };
    }
}

impl Tcp {
    /// The handshake; false when six tries have failed.
    fn handshake(&mut self, rules: &Rules, path: &mut impl Path) -> bool {
        let (mut at, mut wait) = (self.clock, rules.initial_rto);
        for attempt in 0..SYN_TRIES {
            // A SYN has the options of a segment and 8 bytes more.
            self.outlet.bytes += rules.header + 8;
            self.outlet.resent += u64::from(attempt > 0);
            if let Some((there, back)) = path.forward().and_then(|f| Some((f, path.backward()?))) {
                self.open = true;
                self.rtt.sample((at + there + back) / MS * MS - at / MS * MS);
                self.clock = at + there + back;
                self.last_sent = self.clock;
                if attempt > 1 {
                    // RFC 6928 §2: back to one segment only after more than one lost SYN.
                    self.window = Window::new(rules, 1);
                }
                return true;
            }
            (at, wait) = (at + wait, 2 * wait);
        }
        false
    }

    /// Puts a segment on the wire, as far as the recipient.
    #[inline]
    fn transmit(&mut self, sn: u64, size: u64, rules: &Rules, line: &Line, path: &mut impl Path) {
        self.last_sent = self.clock;
        if self.timer == NEVER {
            self.start_timer(rules);
        }
        let through = self.outlet.pass(self.clock, size, line);
        let Some(at) = through.and_then(|out| Some(out + path.forward()?)) else { return };
        self.receive(sn, self.clock / MS + 1, at, rules, line, path);
    }

    /// A segment arrives.
    #[inline]
    fn receive(&mut self, sn: u64, ts: u64, at: u64, rules: &Rules, line: &Line, path: &mut impl Path) {
        self.inbox.before(sn, ts, at, rules, line, path);
        let arrival = if sn == self.inbox.next && self.inbox.beyond == 0 {
            self.inbox.next += 1;
            self.inbox.latest = self.inbox.latest.max(at);
            Arrival::InOrder
        } else {
            self.receive_irregular(sn, at)
        };
        self.inbox.owe(arrival, at, rules, line, path);
    }

    /// A segment that is not the next one, or behind which others wait.
    fn receive_irregular(&mut self, sn: u64, at: u64) -> Arrival {
        let next = self.inbox.next;
        let Some(slot) = self.board.slot(sn).filter(|slot| sn >= next && !slot.received) else {
            return Arrival::Duplicate;
        };
        slot.received = true;
        if sn > next {
            self.inbox.note(sn);
            return Arrival::Irregular;
        }
        self.inbox.next += 1;
        self.inbox.latest = self.inbox.latest.max(at);
        while self.inbox.beyond > 0 && self.board.slot(self.inbox.next).is_some_and(|slot| slot.received) {
            self.inbox.next += 1;
            self.inbox.beyond -= 1;
        }
        Arrival::Irregular
    }
}

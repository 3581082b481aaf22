//! The recipient: what it has, when it acknowledges, and the acknowledgements on their way back.

use std::collections::VecDeque;

use super::rules::Rules;
use crate::transport::path::{Line, Path, Size};

/// A time that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// An acknowledgement on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ack {
    /// When it arrives at the sender.
    pub(super) at: u64,
    /// Everything below has arrived.
    pub(super) next: u64,
    /// The sender may know of so many arrivals out of order: what blocks an acknowledgement has room for, later ones repeat.
    pub(super) known: u64,
    /// The time stamp it echoes, ms.
    pub(super) echo: u64,
}

/// What a segment was to the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The next one, and nothing waits behind it.
    InOrder,
    /// It opens, widens, narrows or closes a gap.
    Irregular,
    /// It was there already.
    Duplicate,
}

/// The recipient's side of a connection.
#[derive(Debug, Clone)]
pub(super) struct Inbox {
    /// Next segment in order.
    pub(super) next: u64,
    /// Segments beyond it.
    pub(super) beyond: u32,
    /// When the last segment in order so far arrived.
    pub(super) latest: u64,
    /// Segments below this have been acknowledged.
    acknowledged: u64,
    /// Time stamp to echo, ms.
    recent: u64,
    /// Segments in order that have not been acknowledged, and when they must be.
    held: u32,
    deadline: u64,
    quick: u32,
    /// Arrivals out of order that the sender has not heard of, and the number of those it has.
    log: VecDeque<u64>,
    heard: u64,
    /// How long an acknowledgement takes on the links of the way back.
    size: Size,
    acks: VecDeque<Ack>,
}

impl Inbox {
    pub(super) fn new(rules: &Rules) -> Self {
        Self {
            next: 0,
            beyond: 0,
            latest: 0,
            acknowledged: 0,
            recent: 0,
            held: 0,
            deadline: NEVER,
            quick: rules.quick_acks,
            log: VecDeque::new(),
            heard: 0,
            size: Size::default(),
            acks: VecDeque::new(),
        }
    }

    /// When the next acknowledgement arrives at the sender, if nothing is sent before `before`.
    #[inline]
    pub(super) fn heard_at(&mut self, before: u64, rules: &Rules, line: &Line, path: &mut impl Path) -> u64 {
        let next = self.acks.front().map_or(NEVER, |ack| ack.at);
        if self.deadline < before.min(next) {
            self.acknowledge(self.deadline, rules, line, path);
            return self.acks.front().map_or(NEVER, |ack| ack.at);
        }
        next
    }

    /// The next acknowledgement.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Ack> {
        self.acks.pop_front()
    }

    /// The next arrival out of order that an acknowledgement tells of.
    #[inline]
    pub(super) fn told(&mut self, ack: &Ack) -> Option<u64> {
        if self.heard >= ack.known {
            return None;
        }
        self.heard += 1;
        self.log.pop_front()
    }

    /// Before a segment with this number and time stamp that arrives at `at` is taken in: a held acknowledgement may be due.
    #[inline]
    pub(super) fn before(
        &mut self,
        sn: u64,
        ts: u64,
        at: u64,
        rules: &Rules,
        line: &Line,
        path: &mut impl Path,
    ) {
        if self.deadline < at {
            self.acknowledge(self.deadline, rules, line, path);
        }
        if sn <= self.acknowledged && sn >= self.next {
            self.recent = self.recent.max(ts);
        }
    }

    /// A segment out of order was taken in.
    pub(super) fn note(&mut self, sn: u64) {
        self.beyond += 1;
        self.log.push_back(sn);
    }

    /// A segment has been taken in.
    #[inline]
    pub(super) fn owe(
        &mut self,
        arrival: Arrival,
        at: u64,
        rules: &Rules,
        line: &Line,
        path: &mut impl Path,
    ) {
        if arrival != Arrival::InOrder || self.quick > 0 {
            self.quick -= u32::from(arrival == Arrival::InOrder);
            return self.acknowledge(at, rules, line, path);
        }
        self.held += 1;
        if self.held >= rules.delayed_ack {
            self.acknowledge(at, rules, line, path);
        } else if self.deadline == NEVER {
            self.deadline = at + rules.delayed_ack_timeout;
        }
    }

    #[inline]
    fn acknowledge(&mut self, at: u64, rules: &Rules, line: &Line, path: &mut impl Path) {
        self.acknowledged = self.next;
        self.held = 0;
        self.deadline = NEVER;
        let Some(back) = path.backward() else { return };
        let known = self.heard + self.log.len() as u64;
        let ack = Ack {
            at: at + self.size.on(rules.header, line.back) + back,
            next: self.next,
            known,
            echo: self.recent,
        };
        let mut place = self.acks.len();
        while place > 0 && self.acks[place - 1].at > ack.at {
            place -= 1;
        }
        if place == self.acks.len() { self.acks.push_back(ack) } else { self.acks.insert(place, ack) }
    }
}

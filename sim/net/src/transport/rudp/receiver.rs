//! The recipient: what it has, and the acknowledgements on their way back.
//!
//! A segment is worked out up to here at the moment of its sending; so acknowledgements are known before they are sent, in the order
//! in which they arrive. Where datagrams are served at the next look at the timers, those of one look wait in a batch until no further
//! segment can join it.

use std::collections::VecDeque;

use super::group::Group;
use super::rules::Rules;
use crate::transport::path::{Line, Path, Size};

/// A run of acknowledgements in a datagram: segments with consecutive numbers and the same time stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ack {
    /// When the datagram arrives at the sender.
    pub(super) at: u64,
    /// The first segment, and how many.
    pub(super) sn: u64,
    pub(super) count: u32,
    /// Time stamp of the segments, ms.
    pub(super) ts: u64,
    /// Everything below has arrived.
    pub(super) una: u64,
    /// Segments there is room for.
    pub(super) window: u32,
    /// Another run follows in the same datagram.
    pub(super) more: bool,
}

/// The recipient's side of a session.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbox {
    /// Next segment in order.
    pub(super) next: u64,
    /// Segments beyond it.
    pub(super) beyond: u32,
    /// Segments in order whose part is not complete.
    pub(super) queued: u32,
    /// When the last segment in order so far arrived.
    pub(super) latest: u64,
    /// Acknowledgements of the look at `batch_at` that are not sent yet: runs of (segment, time stamp, count).
    batch: Vec<(u64, u64, u32)>,
    batch_at: u64,
    /// Acknowledgements on their way, earliest first.
    acks: VecDeque<Ack>,
    /// How long a datagram takes on the links of the way back.
    size: Size,
    /// Correction of the datagrams on the way back.
    pub(super) group: Group<Ack>,
}

impl Inbox {
    /// A segment in order was taken in; `last` of its part or not.
    #[inline]
    pub(super) fn advance(&mut self, last: bool) {
        self.next += 1;
        self.queued = if last { 0 } else { self.queued + 1 };
    }

    /// When the next acknowledgement arrives at the sender, if nothing is sent before `before`.
    #[inline]
    pub(super) fn heard_at(&mut self, before: u64, rules: &Rules, line: &Line, path: &mut impl Path) -> u64 {
        if !self.batch.is_empty() {
            let next = self.acks.front().map_or(u64::MAX, |ack| ack.at);
            if self.batch_at < before.min(next) {
                self.close(rules, line, path);
            }
        }
        self.acks.front().map_or(u64::MAX, |ack| ack.at)
    }

    /// The next acknowledgement.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Ack> {
        self.acks.pop_front()
    }

    /// Before a segment that arrives at `at` is taken in: sends what goes out earlier.
    #[inline]
    pub(super) fn before(&mut self, at: u64, rules: &Rules, line: &Line, path: &mut impl Path) {
        if !self.batch.is_empty() && at > self.batch_at {
            self.close(rules, line, path);
        }
    }

    /// A segment that has been taken in is acknowledged.
    #[inline]
    pub(super) fn owe(
        &mut self,
        sn: u64,
        ts: u64,
        at: u64,
        rules: &Rules,
        line: &Line,
        path: &mut impl Path,
    ) {
        if rules.flush_on_io {
            let window = rules.receive_window.saturating_sub(self.queued);
            let ack = Ack { at, sn, count: 1, ts, una: self.next, window, more: false };
            return self.send(ack, rules, line, path);
        }
        match self.batch.last_mut() {
            None => {
                self.batch_at = rules.tick(at);
                self.batch.push((sn, ts, 1));
            }
            Some((first, stamp, count)) if *stamp == ts && *first + u64::from(*count) == sn => *count += 1,
            Some(_) => self.batch.push((sn, ts, 1)),
        }
    }

    /// Sends the batch, in as many datagrams as it needs.
    fn close(&mut self, rules: &Rules, line: &Line, path: &mut impl Path) {
        let batch = std::mem::take(&mut self.batch);
        let mut left: u32 = batch.iter().map(|run| run.2).sum();
        let window = rules.receive_window.saturating_sub(self.queued);
        let (mut room, mut arrives, mut at) = (0, None, 0);
        for &(mut sn, ts, mut count) in &batch {
            while count > 0 {
                if room == 0 {
                    room = left.min(rules.acks);
                    left -= room;
                    at = self.batch_at + self.size.on(rules.ack_datagram(u64::from(room)), line.back);
                    arrives = path.backward();
                }
                let taken = room.min(count);
                room -= taken;
                let ack = Ack { at, sn, count: taken, ts, una: self.next, window, more: room > 0 };
                self.file(ack, arrives, rules);
                (sn, count) = (sn + u64::from(taken), count - taken);
                if room == 0 {
                    self.count(at, rules, path);
                }
            }
        }
        self.batch = batch;
        self.batch.clear();
    }

    #[inline]
    fn send(&mut self, ack: Ack, rules: &Rules, line: &Line, path: &mut impl Path) {
        let ack = Ack { at: ack.at + self.size.on(rules.ack_datagram(1), line.back), ..ack };
        let arrives = path.backward();
        self.file(ack, arrives, rules);
        self.count(ack.at, rules, path);
    }

    /// A datagram of acknowledgements has been sent: parity follows when its group is full.
    #[inline]
    fn count(&mut self, at: u64, rules: &Rules, path: &mut impl Path) {
        let Some(fec) = rules.fec else { return };
        if !self.group.sent(at, fec, rules.keepalive) {
            return;
        }
        for _ in 0..fec.1 {
            let Some(back) = path.backward() else { continue };
            if self.group.parity(fec) {
                let mut missing = std::mem::take(&mut self.group.missing);
                for ack in missing.drain(..) {
                    self.put(Ack { at: at + back, ..ack });
                }
                self.group.missing = missing;
            }
        }
        self.group.close();
    }

    #[inline]
    fn file(&mut self, ack: Ack, arrives: Option<u64>, rules: &Rules) {
        match arrives {
            Some(back) => {
                self.put(Ack { at: ack.at + back, ..ack });
                if rules.fec.is_some() && !ack.more {
                    self.group.arrived();
                }
            }
            None if rules.fec.is_some() => self.group.missing.push(ack),
            None => {}
        }
    }

    /// Files an acknowledgement; later ones are usually later.
    #[inline]
    fn put(&mut self, ack: Ack) {
        let mut place = self.acks.len();
        while place > 0 && self.acks[place - 1].at > ack.at {
            place -= 1;
        }
        if place == self.acks.len() { self.acks.push_back(ack) } else { self.acks.insert(place, ack) }
    }
}

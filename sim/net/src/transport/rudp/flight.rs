//! Segments in flight: which are acknowledged, overdue or overtaken.
//!
//! What a walk over the whole window finds in the protocol is found here by two lists that are nearly always empty: *holes* –
//! segments before the newest acknowledged one that are not acknowledged – and the earliest timeout.

use std::collections::VecDeque;

use super::control::{Estimate, Outcome};
use super::rules::Rules;
use crate::transport::Backoff;

/// A segment that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// Time of the next timeout, ms.
    resend_at: u64,
    /// Time of the first and of the last transmission, ms.
    born: u64,
    pub(super) ts: u64,
    /// Bytes on the wire.
    pub(super) size: u32,
    /// Timeout, ms.
    rto: u32,
    /// Times that a later segment was acknowledged.
    overtaken: u32,
    sendings: u32,
    acknowledged: bool,
    /// The recipient has it.
    pub(super) received: bool,
    /// Last segment of a part.
    pub(super) last: bool,
}

/// The sender's window. Segment numbers count from 0 and do not wrap.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    /// Oldest unacknowledged segment, or `nxt`.
    pub(super) una: u64,
    /// Number of the next new segment.
    pub(super) nxt: u64,
    slots: VecDeque<Slot>,
    /// Payload bytes of unacknowledged segments.
    pub(super) bytes: u64,
    /// Not later than any timeout, ms, and the look at the timers at which it is seen, ns.
    earliest: u64,
    earliest_tick: u64,
    /// One past the newest acknowledged segment.
    frontier: u64,
    holes: Vec<u64>,
    /// A hole may have been overtaken often enough.
    pub(super) overtaken: bool,
}

impl Flight {
    pub(super) fn new() -> Self {
        Self {
            una: 0,
            nxt: 0,
            slots: VecDeque::new(),
            bytes: 0,
            earliest: u64::MAX,
            earliest_tick: u64::MAX,
            frontier: 0,
            holes: Vec::new(),
            overtaken: false,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> u32 {
        // At most a window of 16 bits.
        (self.nxt - self.una) as u32
    }

    #[inline]
    pub(super) fn slot(&mut self, sn: u64) -> Option<&mut Slot> {
        self.slots.get_mut(sn.wrapping_sub(self.una) as usize)
    }

    /// The look at the timers at which the earliest timeout may be seen, ns; never when nothing is in flight.
    #[inline]
    pub(super) fn due(&self) -> u64 {
        if self.slots.is_empty() { u64::MAX } else { self.earliest_tick }
    }

    fn pop(&mut self, rules: &Rules) {
        if let Some(slot) = self.slots.pop_front() {
            self.una += 1;
            if !slot.acknowledged {
                self.release(slot.size, rules);
            }
        }
    }

    /// Payload is not in flight any more; only who limits it keeps account.
    #[inline]
    fn release(&mut self, size: u32, rules: &Rules) {
        if rules.bytes_in_flight != u64::MAX {
            self.bytes -= u64::from(size) - rules.header;
        }
    }

    /// Everything below has arrived.
    #[inline]
    pub(super) fn acknowledge_below(&mut self, una: u64, rules: &Rules) {
        if una <= self.una {
            return;
        }
        if rules.bytes_in_flight == u64::MAX {
            let count = ((una - self.una) as usize).min(self.slots.len());
            self.slots.drain(..count);
            self.una += count as u64;
        } else {
            while self.una < una && !self.slots.is_empty() {
                self.pop(rules);
            }
        }
        self.skip(rules);
    }

    /// Drops what is acknowledged at the front.
    #[inline]
    fn skip(&mut self, rules: &Rules) {
        while self.slots.front().is_some_and(|slot| slot.acknowledged) {
            self.pop(rules);
        }
        self.frontier = self.frontier.max(self.una);
        if !self.holes.is_empty() {
            let una = self.una;
            self.holes.retain(|&hole| hole >= una);
        }
    }

    /// This segment has arrived.
    #[inline]
    pub(super) fn acknowledge(&mut self, sn: u64, rules: &Rules) {
        if sn < self.una || sn >= self.nxt {
            return;
        }
        let slot = &mut self.slots[(sn - self.una) as usize];
        if slot.acknowledged {
            return;
        }
        slot.acknowledged = true;
        let size = slot.size;
        self.release(size, rules);
        if sn >= self.frontier {
            self.holes.extend(self.frontier..sn);
            self.frontier = sn + 1;
        } else {
            self.holes.retain(|&hole| hole != sn);
        }
        if sn == self.una {
            self.skip(rules);
        }
    }

    /// A datagram acknowledged `sn`, sent at `ts`: holes before it that were not sent later have been overtaken once more (KCP's
    /// conservative rule).
    #[inline]
    pub(super) fn overtake(&mut self, sn: u64, ts: u64, rules: &Rules) {
        for &hole in &self.holes {
            if hole >= sn {
                break;
            }
            let slot = &mut self.slots[(hole - self.una) as usize];
            if ts >= slot.ts {
                slot.overtaken += 1;
                self.overtaken |= slot.is_overtaken(rules);
            }
        }
    }

    /// Takes a new segment in, sent now; its place.
    #[inline]
    pub(super) fn append(&mut self, now: u64, size: u32, last: bool, rto: u32, rules: &Rules) -> u64 {
        // Without "nodelay" the first timeout is an eighth longer.
        let slack = if rules.backoff == Backoff::Double { rto / 8 } else { 0 };
        let resend_at = now + u64::from(rto + slack);
        self.slots.push_back(Slot {
            resend_at,
            born: now,
            ts: now,
            size,
            rto,
            overtaken: 0,
            sendings: 1,
            acknowledged: false,
            received: false,
            last,
        });
        if rules.bytes_in_flight != u64::MAX {
            self.bytes += u64::from(size) - rules.header;
        }
        if resend_at < self.earliest {
            self.earliest = resend_at;
            self.earliest_tick = rules.tick_ms(resend_at);
        }
        self.nxt += 1;
        self.nxt - 1
    }

    /// Whether something may be overdue or overtaken.
    #[inline]
    pub(super) fn calls(&self, now: u64) -> bool {
        self.overtaken || now >= self.earliest
    }

    /// Finds what is overdue or overtaken among the oldest `old` segments, in order of numbers; `again` is given what to send again.
    pub(super) fn look(
        &mut self,
        now: u64,
        estimate: &Estimate,
        rules: &Rules,
        outcome: &mut Outcome,
        again: &mut Vec<u64>,
    ) {
        let Self { slots, una, holes, .. } = self;
        let mut overtaken = false;
        if now < self.earliest {
            for &hole in holes.iter() {
                let slot = &mut slots[(hole - *una) as usize];
                if slot.retransmit(now, estimate, rules, outcome) {
                    again.push(hole);
                    self.earliest = self.earliest.min(slot.resend_at);
                }
                overtaken |= slot.is_overtaken(rules);
            }
        } else {
            self.earliest = u64::MAX;
            for (i, slot) in slots.iter_mut().enumerate() {
                if slot.acknowledged {
                    continue;
                }
                if slot.retransmit(now, estimate, rules, outcome) {
                    again.push(*una + i as u64);
                }
                self.earliest = self.earliest.min(slot.resend_at);
                overtaken |= slot.is_overtaken(rules);
            }
        }
        self.overtaken = overtaken;
        self.earliest_tick = if self.earliest == u64::MAX { u64::MAX } else { rules.tick_ms(self.earliest) };
    }
}

impl Slot {
    fn is_overtaken(&self, rules: &Rules) -> bool {
        rules.resend > 0
            && self.overtaken >= rules.resend
            && (rules.fast_limit == 0 || self.sendings <= rules.fast_limit)
    }

    /// Decides whether to send again, and when next.
    fn retransmit(&mut self, now: u64, estimate: &Estimate, rules: &Rules, outcome: &mut Outcome) -> bool {
        if now >= self.resend_at {
            self.rto = estimate.longer(self.rto, rules);
            outcome.expired = true;
        } else if self.is_overtaken(rules) {
            self.overtaken = 0;
            outcome.overtaken = true;
        } else {
            return false;
        }
        self.sendings += 1;
        self.ts = now;
        self.resend_at = now + u64::from(self.rto);
        outcome.dead |= self.sendings >= rules.dead_link && now - self.born >= rules.dead_link_age_ms;
        true
    }
}

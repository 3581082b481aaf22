//! What has been sent and not yet acknowledged (RFC 6675), in segments.

use std::collections::VecDeque;

/// Later segments that must have been acknowledged selectively before one counts as lost (RFC 6675 DupThresh).
pub(super) const THRESHOLD: usize = 3;

/// A segment as far as the sender knows, and whether the recipient has it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slot {
    /// Bytes on the wire.
    pub(super) size: u32,
    sacked: bool,
    lost: bool,
    again: bool,
    pub(super) received: bool,
}

impl Slot {
    #[inline]
    fn in_pipe(self) -> u32 {
        if self.sacked { 0 } else { u32::from(!self.lost) + u32::from(self.again) }
    }

    fn waits(self) -> bool {
        self.lost && !self.again && !self.sacked
    }
}

/// All segments in flight, oldest first. Numbers count from 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Board {
    pub(super) una: u64,
    pub(super) nxt: u64,
    slots: VecDeque<Slot>,
    /// Segments believed to be in the network.
    pub(super) pipe: u32,
    /// Segments acknowledged selectively.
    sacked: u32,
    /// The three highest of them, each one past its number; 0: there is none.
    top: [u64; THRESHOLD],
    /// Everything below has been examined for loss.
    examined: u64,
    /// Everything below that is lost has been sent again.
    resent: u64,
    /// Nothing below is a gap: neither acknowledged nor sent again.
    gap: u64,
    /// Nothing from here on is acknowledged selectively, lost or sent again.
    marked: u64,
    /// Lost segments that wait to be sent again.
    pending: u32,
}

impl Board {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Segments that are not acknowledged cumulatively.
    #[inline]
    pub(super) fn outstanding(&self) -> u32 {
        // At most a window.
        (self.nxt - self.una) as u32
    }

    /// Segments that are not acknowledged in either way.
    #[inline]
    pub(super) fn undelivered(&self) -> u32 {
        self.outstanding() - self.sacked
    }

    /// Anything acknowledged selectively.
    pub(super) fn has_sacked(&self) -> bool {
        self.top[0] > self.una
    }

    #[inline]
    pub(super) fn slot(&mut self, sn: u64) -> Option<&mut Slot> {
        self.slots.get_mut(sn.wrapping_sub(self.una) as usize)
    }

    #[inline]
    fn at(&self, sn: u64) -> Slot {
        self.slots[(sn - self.una) as usize]
    }

    /// A segment is sent for the first time.
    #[inline]
    pub(super) fn push(&mut self, size: u32) -> u64 {
        self.slots.push_back(Slot { size, ..Slot::default() });
        self.pipe += 1;
        self.nxt += 1;
        self.nxt - 1
    }

    /// Everything below `sn` arrived; true when something of it had been sent more than once.
    #[inline]
    pub(super) fn acknowledge(&mut self, sn: u64) -> bool {
        let mut ambiguous = false;
        if self.una >= self.marked {
            // Nothing in flight but what was sent once and not heard of.
            let count = ((sn - self.una) as usize).min(self.slots.len());
            self.slots.drain(..count);
            self.una += count as u64;
            self.pipe -= count as u32;
            return false;
        }
        while self.una < sn
            && let Some(slot) = self.slots.pop_front()
        {
            self.una += 1;
            self.pipe -= slot.in_pipe();
            self.sacked -= u32::from(slot.sacked);
            self.pending -= u32::from(slot.waits());
            ambiguous |= slot.again || slot.lost;
        }
        for top in &mut self.top {
            if *top <= self.una {
                *top = 0;
            }
        }
        ambiguous
    }

    /// A segment arrived out of order; true when that is news.
    pub(super) fn sack(&mut self, sn: u64) -> bool {
        let Some(slot) = self.slots.get_mut(sn.wrapping_sub(self.una) as usize).filter(|s| !s.sacked) else {
            return false;
        };
        self.pipe -= slot.in_pipe();
        self.pending -= u32::from(slot.waits());
        slot.sacked = true;
        self.marked = self.marked.max(sn + 1);
        self.sacked += 1;
        let mut end = sn + 1;
        for top in &mut self.top {
            if end > *top {
                std::mem::swap(&mut end, top);
            }
        }
        true
    }

    /// Marks every segment lost that has [`THRESHOLD`] acknowledged ones above it; true when there is a new one.
    pub(super) fn mark_lost(&mut self) -> bool {
        let limit = self.top[THRESHOLD - 1].saturating_sub(1);
        if limit <= self.examined {
            return false;
        }
        let first = self.examined.max(self.una);
        self.examined = limit;
        let mut any = false;
        for sn in first..limit {
            any |= self.lose(sn);
        }
        any
    }

    fn lose(&mut self, sn: u64) -> bool {
        let slot = &mut self.slots[(sn - self.una) as usize];
        if slot.sacked || slot.lost {
            return false;
        }
        self.pipe -= slot.in_pipe();
        slot.lost = true;
        self.pipe += slot.in_pipe();
        self.marked = self.marked.max(sn + 1);
        if !slot.again {
            self.pending += 1;
            self.resent = self.resent.min(sn);
        }
        true
    }

    /// The oldest segment is lost, whatever was acknowledged above it.
    pub(super) fn lose_front(&mut self) {
        if !self.is_empty() {
            self.lose(self.una);
        }
    }

    /// A timeout: nothing that was not acknowledged is believed to be in the network any more (RFC 6675 §5.1).
    pub(super) fn lose_all(&mut self) {
        self.pipe = 0;
        self.pending = 0;
        self.marked = self.nxt;
        for slot in &mut self.slots {
            slot.lost = !slot.sacked;
            slot.again = false;
            self.pending += u32::from(slot.lost);
        }
        self.resent = 0;
        self.gap = 0;
    }

    /// The oldest lost segment that was not sent again yet.
    #[inline]
    pub(super) fn next_lost(&mut self) -> Option<u64> {
        if self.pending == 0 {
            return None;
        }
        let found = (self.resent.max(self.una)..self.nxt).find(|&sn| self.at(sn).waits())?;
        self.resent = found;
        Some(found)
    }

    /// The oldest segment below the highest acknowledged one that is neither acknowledged nor sent again (RFC 6675 NextSeg rule 3).
    pub(super) fn next_gap(&mut self) -> Option<u64> {
        let top = self.top[0].max(self.una);
        let found = (self.gap.max(self.una)..top).find(|&sn| {
            let slot = self.at(sn);
            !slot.sacked && !slot.again
        });
        self.gap = found.unwrap_or(top);
        found
    }

    /// The newest segment that is not acknowledged, unless it was sent again (RFC 6675 NextSeg rule 4).
    pub(super) fn rescue(&self) -> Option<u64> {
        let index = self.slots.iter().rposition(|slot| !slot.sacked)?;
        (!self.slots[index].again).then_some(self.una + index as u64)
    }

    /// A segment was sent again; its bytes on the wire.
    pub(super) fn resend(&mut self, sn: u64) -> u64 {
        let slot = &mut self.slots[(sn - self.una) as usize];
        self.pipe -= slot.in_pipe();
        self.pending -= u32::from(slot.waits());
        slot.again = true;
        self.marked = self.marked.max(sn + 1);
        self.pipe += slot.in_pipe();
        u64::from(slot.size)
    }
}

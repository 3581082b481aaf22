//! What has been sent and not yet acknowledged, and what is believed about it (RFC 6675 §3–4, with segments in place of bytes).
//!
//! `pipe` – the estimate of what is in the network – is kept up to date by every change instead of being summed for every
//! acknowledgement.

use std::collections::VecDeque;

/// Later segments that must have been acknowledged selectively before one counts as lost (RFC 6675 DupThresh).
pub(super) const THRESHOLD: usize = 3;

/// Fate of a segment as far as the sender knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    /// Position of the first byte in the stream.
    pub(super) start: u64,
    /// One past the last position; a FIN takes one.
    pub(super) end: u64,
    /// Congestion weight in bytes.
    pub(super) weight: u64,
    sacked: bool,
    lost: bool,
    again: bool,
}

/// All segments in flight, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Scoreboard {
    sent: VecDeque<Sent>,
    pipe: u64,
    weight: u64,
    sacked: u64,
    /// Highest position acknowledged selectively.
    highest: u64,
    /// Everything below has been examined for loss.
    examined: u64,
    /// Everything below that is lost has been sent again.
    resent: u64,
    lost_pending: u32,
}

impl Scoreboard {
    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Estimate of what is in the network.
    pub(super) fn pipe(&self) -> u64 {
        self.pipe
    }

    /// Weight of everything not acknowledged cumulatively.
    pub(super) fn outstanding(&self) -> u64 {
        self.weight
    }

    /// Weight of everything not acknowledged in either way.
    pub(super) fn undelivered(&self) -> u64 {
        self.weight - self.sacked
    }

    /// Segments in flight.
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    pub(super) fn front(&self) -> Option<&Sent> {
        self.sent.front()
    }

    pub(super) fn back(&self) -> Option<&Sent> {
        self.sent.back()
    }

    /// A segment was sent for the first time.
    pub(super) fn push(&mut self, start: u64, end: u64, weight: u64) {
        self.sent.push_back(Sent { start, end, weight, sacked: false, lost: false, again: false });
        self.pipe += weight;
        self.weight += weight;
    }

    fn in_pipe(segment: &Sent) -> u64 {
        if segment.sacked {
            return 0;
        }
        let original = if segment.lost { 0 } else { segment.weight };
        original + if segment.again { segment.weight } else { 0 }
    }

    /// Everything below `position` arrived; true when something of it had been sent more than once.
    pub(super) fn acknowledge(&mut self, position: u64) -> bool {
        let mut ambiguous = false;
        while let Some(segment) = self.sent.front_mut() {
            if segment.end > position {
                // A receiver that cuts segments: what is left keeps its weight until all of it arrived.
                segment.start = segment.start.max(position);
                break;
            }
            let segment = *segment;
            self.pipe -= Self::in_pipe(&segment);
            self.weight -= segment.weight;
            self.sacked -= if segment.sacked { segment.weight } else { 0 };
            self.lost_pending -= u32::from(segment.lost && !segment.again && !segment.sacked);
            ambiguous |= segment.again || segment.lost;
            self.sent.pop_front();
        }
        ambiguous
    }

    /// [`from`, `to`) arrived out of order; returns the weight of what was news.
    pub(super) fn sack(&mut self, from: u64, to: u64) -> u64 {
        let first = self.sent.partition_point(|s| s.start < from);
        let mut fresh = 0;
        for segment in self.sent.iter_mut().skip(first).take_while(|s| s.end <= to) {
            if !segment.sacked {
                self.pipe -= Self::in_pipe(segment);
                self.lost_pending -= u32::from(segment.lost && !segment.again);
                segment.sacked = true;
                self.sacked += segment.weight;
                fresh += segment.weight;
                self.highest = self.highest.max(segment.end);
            }
        }
        fresh
    }

    /// Marks every segment lost that has [`THRESHOLD`] acknowledged ones above it; true when there is a new one.
    pub(super) fn mark_lost(&mut self) -> bool {
        let top = self.sent.partition_point(|s| s.end <= self.highest);
        let mut seen = 0;
        let mut limit = 0;
        for index in (0..top).rev() {
            seen += usize::from(self.sent[index].sacked);
            if seen == THRESHOLD {
                limit = self.sent[index].start;
                break;
            }
        }
        if seen < THRESHOLD || limit <= self.examined {
            return false;
        }
        let first = self.sent.partition_point(|s| s.end <= self.examined);
        self.examined = limit;
        let mut any = false;
        for index in first..top {
            if self.sent[index].start >= limit {
                break;
            }
            any |= self.lose(index);
        }
        any
    }

    fn lose(&mut self, index: usize) -> bool {
        let segment = &mut self.sent[index];
        if segment.sacked || segment.lost {
            return false;
        }
        self.pipe -= Self::in_pipe(segment);
        segment.lost = true;
        self.pipe += Self::in_pipe(segment);
        if !segment.again {
            self.lost_pending += 1;
            self.resent = self.resent.min(segment.start);
        }
        true
    }

    /// The oldest segment is lost, whatever was acknowledged above it; it will be sent (again).
    pub(super) fn lose_front(&mut self) {
        if let Some(front) = self.sent.front_mut() {
            if front.sacked {
                return;
            }
            if front.again {
                self.pipe -= front.weight;
                front.again = false;
                if front.lost {
                    self.lost_pending += 1;
                }
            }
            self.resent = self.resent.min(front.start);
            self.lose(0);
        }
    }

    /// A timeout: nothing that was not acknowledged is believed to be in the network any more (RFC 5681, RFC 6675 §5.1).
    /// Selective acknowledgements are kept: our receivers do not renege (and an oldest segment that was acknowledged selectively
    /// would prove one that does, so then all of them are forgotten).
    pub(super) fn lose_all(&mut self) {
        let renege = self.sent.front().is_some_and(|s| s.sacked);
        self.pipe = 0;
        self.lost_pending = 0;
        self.sacked = if renege { 0 } else { self.sacked };
        for segment in &mut self.sent {
            segment.sacked &= !renege;
            segment.lost = !segment.sacked;
            segment.again = false;
            self.lost_pending += u32::from(segment.lost);
        }
        self.resent = 0;
    }

    /// The oldest lost segment that was not sent again yet.
    pub(super) fn next_lost(&mut self) -> Option<usize> {
        if self.lost_pending == 0 {
            return None;
        }
        let first = self.sent.partition_point(|s| s.start < self.resent);
        let found = (first..self.sent.len()).find(|&i| {
            let s = &self.sent[i];
            s.lost && !s.again && !s.sacked
        })?;
        self.resent = self.sent[found].start;
        Some(found)
    }

    /// The oldest segment below the highest acknowledged one that is neither acknowledged, lost nor sent again: what RFC 6675
    /// NextSeg rule 3 sends when there is nothing better.
    pub(super) fn next_gap(&self) -> Option<usize> {
        let top = self.sent.partition_point(|s| s.end <= self.highest);
        (0..top).find(|&i| !self.sent[i].sacked && !self.sent[i].again)
    }

    /// The newest segment that is neither acknowledged nor sent again: what RFC 6675 NextSeg rule 4 sends once per recovery, so that
    /// a lost tail is noticed.
    pub(super) fn rescue(&self) -> Option<usize> {
        let index = self.sent.iter().rposition(|s| !s.sacked)?;
        (!self.sent[index].again).then_some(index)
    }

    /// The segment at `index`.
    pub(super) fn get(&self, index: usize) -> Sent {
        self.sent[index]
    }

    /// The segment at `index` was sent again.
    pub(super) fn resend(&mut self, index: usize) {
        let segment = &mut self.sent[index];
        self.pipe -= Self::in_pipe(segment);
        self.lost_pending -= u32::from(segment.lost && !segment.again && !segment.sacked);
        segment.again = true;
        self.pipe += Self::in_pipe(segment);
    }

    /// Index of the last segment.
    pub(super) fn last(&self) -> Option<usize> {
        self.sent.len().checked_sub(1)
    }

    /// Anything acknowledged selectively.
    pub(super) fn has_sacked(&self) -> bool {
        self.front().is_some_and(|f| self.highest > f.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(n: u64) -> Scoreboard {
        let mut b = Scoreboard::default();
        for i in 0..n {
            b.push(1 + i * 10, 11 + i * 10, 10);
        }
        b
    }

    fn check(b: &Scoreboard) {
        assert_eq!(b.pipe, b.sent.iter().map(Scoreboard::in_pipe).sum::<u64>());
        assert_eq!(b.weight, b.sent.iter().map(|s| s.weight).sum::<u64>());
        let sacked: u64 = b.sent.iter().filter(|s| s.sacked).map(|s| s.weight).sum();
        assert_eq!(b.sacked, sacked);
        let pending = b.sent.iter().filter(|s| s.lost && !s.again && !s.sacked).count();
        assert_eq!(b.lost_pending as usize, pending);
    }

    #[test]
    fn three_acknowledged_above_make_a_loss() {
        let mut b = board(6);
        b.sack(11, 31);
        assert!(!b.mark_lost());
        b.sack(31, 41);
        assert!(b.mark_lost());
        assert_eq!(b.next_lost(), Some(0));
        assert_eq!(b.pipe(), 20);
        b.resend(0);
        assert_eq!((b.pipe(), b.next_lost()), (30, None));
        check(&b);
        assert!(b.acknowledge(41));
        assert_eq!(b.pipe(), 20);
        check(&b);
    }

    #[test]
    fn a_timeout_takes_everything_but_what_was_acknowledged_out_of_the_pipe() {
        let mut b = board(5);
        b.sack(21, 31);
        b.lose_all();
        assert_eq!(b.pipe(), 0);
        for expected in [0, 1, 3, 4] {
            let i = b.next_lost().unwrap();
            assert_eq!(i, expected);
            b.resend(i);
        }
        assert_eq!((b.pipe(), b.next_lost()), (40, None));
        check(&b);
    }

    proptest::proptest! {
        /// Any sequence of operations leaves the running sums equal to the sums.
        #[test]
        fn sums_stay_right(steps in proptest::collection::vec((0_u8..6, 0_u64..12, 0_u64..12), 1..60)) {
            let mut b = board(10);
            let mut next = 101;
            for (what, x, y) in steps {
                match what {
                    0 => { b.push(next, next + 10, 10); next += 10; }
                    1 => { b.acknowledge(1 + x * 10 + y % 3); }
                    2 => { b.sack(1 + x * 10, 1 + y * 10); }
                    3 => { b.mark_lost(); }
                    4 => if let Some(i) = b.next_lost() { b.resend(i) },
                    _ => if x == 0 { b.lose_all() } else if x < 4 { b.lose_front() },
                }
                check(&b);
            }
        }
    }
}

//! The two byte streams of a connection, with messages as references: what is to be sent, and what has arrived.
//!
//! Positions count from the SYN, which has 0; the first byte has 1. They never wrap; only the wire does ([`unwrap`]).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use smallvec::SmallVec;

use super::segment::{Blocks, End};

/// Gaps that a receiver keeps track of at most; beyond that, segments that would open another one are dropped. With 3 blocks per
/// acknowledgement a sender could not learn about more anyway.
const MAX_RANGES: usize = 1024;

/// The position nearest to `near` whose wire number is `number`, given the wire number of position 0; `None` before the SYN.
pub(super) fn unwrap(number: u32, zero: u32, near: u64) -> Option<u64> {
    let expected = zero.wrapping_add(near as u32);
    // The cast to a signed difference is the comparison of RFC 9293 §3.4.
    let difference = i64::from(number.wrapping_sub(expected) as i32);
    near.checked_add_signed(difference)
}

/// Messages accepted for sending and not yet acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Outgoing<M> {
    messages: VecDeque<(u64, Arc<M>)>,
    /// One past the last byte.
    pub(super) end: u64,
    acknowledged: u64,
}

impl<M> Outgoing<M> {
    pub(super) const fn new() -> Self {
        Self { messages: VecDeque::new(), end: 1, acknowledged: 1 }
    }

    /// Bytes not yet acknowledged.
    pub(super) const fn len(&self) -> u64 {
        self.end - self.acknowledged
    }

    /// Appends a message of so many bytes. An empty message takes one byte: a stream has no other way to show it.
    pub(super) fn push(&mut self, message: Arc<M>, bytes: u32) {
        self.end += u64::from(bytes.max(1));
        self.messages.push_back((self.end, message));
    }

    /// Everything below this position was acknowledged.
    pub(super) fn acknowledge(&mut self, position: u64) {
        self.acknowledged = position.clamp(self.acknowledged, self.end);
        while self.messages.front().is_some_and(|(end, _)| *end <= self.acknowledged) {
            self.messages.pop_front();
        }
    }

    /// The messages that end in (`from`, `to`], with their offsets.
    pub(super) fn ends(&self, from: u64, to: u64) -> SmallVec<[End<M>; 1]> {
        let first = self.messages.partition_point(|(end, _)| *end <= from);
        self.messages
            .range(first..)
            .take_while(|(end, _)| *end <= to)
            // Within a segment, so it fits.
            .map(|(end, message)| End { offset: (end - from) as u32, message: Arc::clone(message) })
            .collect()
    }

    /// Takes back what was not acknowledged, oldest first.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Arc<M>> + '_ {
        self.messages.drain(..).map(|(_, message)| message)
    }
}

/// What a data segment did to the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The next bytes, and nothing was missing: the acknowledgement may wait.
    InOrder,
    /// It came early, or filled a gap: acknowledge at once.
    Irregular,
    /// Nothing new in it.
    Duplicate,
    /// One gap too many; not kept.
    Overflow,
}

/// What arrived of the other side's stream.
#[derive(Debug, Clone)]
pub(super) struct Incoming<M> {
    /// Next position expected.
    pub(super) next: u64,
    /// Ranges beyond it, disjoint, not adjacent, ascending.
    ranges: Vec<(u64, u64)>,
    ends: BTreeMap<u64, Arc<M>>,
    /// A position in each of the ranges that changed last, most recent first.
    recent: SmallVec<[u64; 4]>,
}

impl<M> Incoming<M> {
    pub(super) fn new() -> Self {
        Self { next: 1, ranges: Vec::new(), ends: BTreeMap::new(), recent: SmallVec::new() }
    }

    /// Takes the payload [`from`, `to`), within the window, with the messages that end in it; hands over those that are
    /// complete and next in order.
    pub(super) fn insert(
        &mut self,
        from: u64,
        to: u64,
        ends: SmallVec<[End<M>; 1]>,
        mut deliver: impl FnMut(Arc<M>),
    ) -> Arrival {
        if to <= self.next {
            return Arrival::Duplicate;
        }
        if from <= self.next && self.ranges.is_empty() {
            let before = self.next;
            self.next = to;
            for end in ends.into_iter().filter(|e| from + u64::from(e.offset) > before) {
                deliver(end.message);
            }
            return Arrival::InOrder;
        }
        match self.merge(from.max(self.next), to) {
            Some(true) => {}
            Some(false) => return Arrival::Duplicate,
            None => return Arrival::Overflow,
        }
        for end in ends {
            let position = from + u64::from(end.offset);
            if position > self.next {
                self.ends.entry(position).or_insert(end.message);
            }
        }
        if self.ranges[0].0 <= self.next {
            self.next = self.ranges.remove(0).1;
            while let Some(entry) = self.ends.first_entry() {
                if *entry.key() > self.next {
                    break;
                }
                deliver(entry.remove());
            }
        }
        Arrival::Irregular
    }

    /// Adds a range; `Some(false)` when it was covered already, `None` when there are too many.
    fn merge(&mut self, from: u64, to: u64) -> Option<bool> {
        let first = self.ranges.partition_point(|r| r.1 < from);
        let last = self.ranges.partition_point(|r| r.0 <= to);
        self.recent.retain(|p| *p != from);
        self.recent.insert(0, from);
        self.recent.truncate(4);
        if first == last {
            // Bytes that are next in order always have room: they close the first gap at once.
            if self.ranges.len() >= MAX_RANGES && from > self.next {
                return None;
            }
            self.ranges.insert(first, (from, to));
            return Some(true);
        }
        let merged = (self.ranges[first].0.min(from), self.ranges[last - 1].1.max(to));
        let news = merged != self.ranges[first] || last - first > 1;
        self.ranges[first] = merged;
        self.ranges.drain(first + 1..last);
        Some(news)
    }

    /// Selective acknowledgement (RFC 2018): the range that changed last comes first.
    pub(super) fn blocks(&self, zero: u32) -> Blocks {
        let mut blocks = Blocks::default();
        let mut listed: SmallVec<[usize; 3]> = SmallVec::new();
        for position in &self.recent {
            let index = self.ranges.partition_point(|r| r.1 <= *position);
            let holds = self.ranges.get(index).is_some_and(|r| r.0 <= *position);
            if holds && !listed.contains(&index) {
                let (from, to) = self.ranges[index];
                if !blocks.push(zero.wrapping_add(from as u32), zero.wrapping_add(to as u32)) {
                    break;
                }
                listed.push(index);
            }
        }
        blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wire_numbers_find_their_positions_across_the_wrap() {
        let zero = u32::MAX - 5;
        assert_eq!(unwrap(zero.wrapping_add(10), zero, 8), Some(10));
        assert_eq!(unwrap(zero.wrapping_add(3), zero, 8), Some(3));
        assert_eq!(unwrap(zero.wrapping_sub(1), zero, 0), None);
        let far = (1_u64 << 33) + 7;
        assert_eq!(unwrap(zero.wrapping_add(far as u32), zero, far - 100), Some(far));
    }

    #[test]
    fn the_latest_range_is_reported_first_and_three_at_most() {
        let mut incoming = Incoming::<u8>::new();
        for from in [11, 31, 51, 71] {
            incoming.insert(from, from + 10, SmallVec::new(), |_| {});
        }
        assert_eq!(incoming.blocks(100).as_slice(), &[(171, 181), (151, 161), (131, 141)]);
        incoming.insert(21, 31, SmallVec::new(), |_| {});
        assert_eq!(incoming.blocks(100).as_slice(), &[(111, 141), (171, 181), (151, 161)]);
    }

    proptest! {
        /// Pieces of a stream in any order, any number of times, overlapping: every message once, in order, when all is there.
        #[test]
        fn any_order_of_pieces_gives_the_stream(
            lengths in prop::collection::vec(1_u32..30, 1..20),
            cuts in prop::collection::vec((0_u64..400, 1_u64..60), 0..80),
        ) {
            let mut outgoing = Outgoing::new();
            for (index, length) in lengths.iter().enumerate() {
                outgoing.push(Arc::new(index), *length);
            }
            let end = outgoing.end;
            let mut incoming = Incoming::new();
            let mut got = Vec::new();
            let sweep = (1..end).step_by(7).map(|from| (from, 7));
            for (from, length) in cuts.into_iter().map(|(at, n)| (1 + at % (end - 1), n)).chain(sweep) {
                let to = (from + length).min(end);
                incoming.insert(from, to, outgoing.ends(from, to), |m| got.push(*m));
                prop_assert!(incoming.ranges.windows(2).all(|w| w[0].1 < w[1].0));
                prop_assert!(incoming.ranges.first().is_none_or(|r| r.0 > incoming.next));
            }
            prop_assert_eq!(got, (0..lengths.len()).collect::<Vec<_>>());
            prop_assert!(incoming.ends.is_empty());
        }
    }
}

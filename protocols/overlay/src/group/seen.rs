//! What was seen before: bounded in time and in number.

use std::collections::VecDeque;

use astrarium_node::collections::Map;
use astrarium_node::{Span, Time};

/// Duties done for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duties {
    /// Those that can only be done as a whole.
    bits: u8,
    /// Kad2: the buckets from here on have been served.
    height: u8,
}

impl Default for Duties {
    fn default() -> Self {
        Self { bits: 0, height: u8::MAX }
    }
}

impl Duties {
    /// Everything is done: the duties of an origin.
    pub(crate) const ALL: Self = Self { bits: u8::MAX, height: 0 };
    /// Delivered to the layer above.
    pub(crate) const DELIVERED: u8 = 1;
    /// Forwarded along the row, or wherever the overlay has one duty only.
    pub(crate) const ROW: u8 = 2;
    /// Forwarded along the column.
    pub(crate) const COLUMN: u8 = 4;

    /// Takes a duty upon oneself; true the first time.
    pub(crate) fn take(&mut self, duty: u8) -> bool {
        let first = self.bits & duty == 0;
        self.bits |= duty;
        first
    }

    /// Takes the buckets from `height` on upon oneself; returns those that have not been served.
    pub(crate) fn take_buckets(&mut self, height: u8) -> std::ops::Range<u8> {
        let served = self.height;
        self.height = served.min(height);
        height..served
    }
}

/// The messages seen within the last while, at most so many. Never iterated, so the order of the map reaches nothing.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    keep: Span,
    most: usize,
    duties: Map<u64, Duties>,
    /// In order of arrival.
    order: VecDeque<(Time, u64)>,
}

impl Seen {
    pub(crate) fn new(keep: Span, most: usize) -> Self {
        Self { keep, most: most.max(1), duties: Map::default(), order: VecDeque::new() }
    }

    /// The duties done for a message; a new entry for one never seen. The clock may have been set back: entries only age.
    pub(crate) fn duties(&mut self, id: u64, now: Time) -> &mut Duties {
        while let Some(&(at, old)) = self.order.front()
            && (now.since(at) > self.keep)
        {
            self.order.pop_front();
            self.duties.remove(&old);
        }
        if !self.duties.contains_key(&id) {
            if self.order.len() >= self.most
                && let Some((_, old)) = self.order.pop_front()
            {
                self.duties.remove(&old);
            }
            self.order.push_back((now, id));
        }
        self.duties.entry(id).or_default()
    }

    /// Whether a message was seen.
    pub(crate) fn knows(&self, id: u64) -> bool {
        self.duties.contains_key(&id)
    }

    pub(crate) fn clear(&mut self) {
        self.duties.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::ZERO + Span::from_secs(seconds)
    }

    #[test]
    fn entries_age_and_the_oldest_make_room() {
        let mut seen = Seen::new(Span::from_secs(300), 3);
        assert!(seen.duties(1, at(0)).take(Duties::ROW));
        assert!(!seen.duties(1, at(300)).take(Duties::ROW));
        assert!(seen.duties(1, at(301)).take(Duties::ROW), "forgotten after five minutes");
        for id in 2..5 {
            seen.duties(id, at(302));
        }
        assert!(!seen.knows(1) && seen.knows(2) && seen.knows(4));
        assert_eq!((seen.duties.len(), seen.order.len()), (3, 3));
        let duties = seen.duties(4, at(303));
        assert!(
            duties.take(Duties::DELIVERED) && duties.take(Duties::COLUMN) && !duties.take(Duties::COLUMN)
        );
    }
}

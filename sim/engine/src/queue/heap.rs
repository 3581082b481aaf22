//! A binary heap: the best set for small runs.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use astrarium_node::Time;

use super::{Entry, Item, PendingSet};
use crate::key::Key;

/// Wraps an entry so that the standard max-heap yields the earliest key first.
#[derive(Debug, Clone, Copy)]
struct Earliest(Entry);

impl PartialEq for Earliest {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for Earliest {}

impl PartialOrd for Earliest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Earliest {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.key.cmp(&self.0.key)
    }
}

/// Pending events in a binary heap.
#[derive(Debug, Clone, Default)]
pub struct Heap {
    events: BinaryHeap<Earliest>,
}

impl Heap {
    /// The earliest event, without removing it.
    #[inline]
    pub(super) fn peek(&self) -> Option<&Entry> {
        self.events.peek().map(|earliest| &earliest.0)
    }

    /// Removes the earliest event.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Entry> {
        self.events.pop().map(|earliest| earliest.0)
    }
}

impl PendingSet for Heap {
    #[inline]
    fn push(&mut self, key: Key, item: Item) {
        self.events.push(Earliest(Entry { key, item }));
    }

    #[inline]
    fn pop_until(&mut self, limit: Time) -> Option<Entry> {
        if self.peek()?.key.time() > limit {
            return None;
        }
        self.pop()
    }

    fn len(&self) -> usize {
        self.events.len()
    }
}

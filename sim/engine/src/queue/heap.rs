//! A binary heap: the best set for small runs.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use astrarium_node::Time;

use super::{Entry, PendingSet};

/// Wraps an entry so that the standard max-heap yields the earliest key first.
#[derive(Debug, Clone, Copy)]
struct Earliest<T>(Entry<T>);

impl<T> PartialEq for Earliest<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl<T> Eq for Earliest<T> {}

impl<T> PartialOrd for Earliest<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Earliest<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.key.cmp(&self.0.key)
    }
}

/// Pending events in a binary heap.
#[derive(Debug, Clone)]
pub struct Heap<T> {
    events: BinaryHeap<Earliest<T>>,
}

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self { events: BinaryHeap::new() }
    }
}

impl<T: Copy> Heap<T> {
    /// The earliest event, without removing it.
    #[inline]
    pub(super) fn peek(&self) -> Option<&Entry<T>> {
        self.events.peek().map(|earliest| &earliest.0)
    }

    /// Removes the earliest event.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Entry<T>> {
        self.events.pop().map(|earliest| earliest.0)
    }
}

impl<T: Copy + Send> PendingSet<T> for Heap<T> {
    #[inline]
    fn push(&mut self, entry: Entry<T>) {
        self.events.push(Earliest(entry));
    }

    #[inline]
    fn pop_until(&mut self, limit: Time) -> Option<Entry<T>> {
        if self.peek()?.key.time() > limit {
            return None;
        }
        self.pop()
    }

    fn len(&self) -> usize {
        self.events.len()
    }
}

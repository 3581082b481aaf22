//! The reference: an ordered map. Slow, and obviously right.

use std::collections::BTreeMap;

use astrarium_node::Time;

use super::{Entry, PendingSet};
use crate::key::Key;

/// Pending events in a `BTreeMap`.
#[derive(Debug, Clone)]
pub struct Reference<T> {
    events: BTreeMap<Key, T>,
}

impl<T> Default for Reference<T> {
    fn default() -> Self {
        Self { events: BTreeMap::new() }
    }
}

impl<T: Copy + Send> PendingSet<T> for Reference<T> {
    fn push(&mut self, entry: Entry<T>) {
        let earlier = self.events.insert(entry.key, entry.item);
        assert!(earlier.is_none(), "two pending events share the key {:?}", entry.key);
    }

    fn pop_until(&mut self, limit: Time) -> Option<Entry<T>> {
        let first = self.events.first_entry().filter(|first| first.key().time() <= limit)?;
        let (key, item) = first.remove_entry();
        Some(Entry { key, item })
    }

    fn len(&self) -> usize {
        self.events.len()
    }
}

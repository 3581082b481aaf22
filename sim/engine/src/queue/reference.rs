//! The reference: an ordered map. Slow, and obviously right.

use std::collections::BTreeMap;

use astrarium_node::Time;

use super::{Entry, Item, PendingSet};
use crate::key::Key;

/// Pending events in a `BTreeMap`.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    events: BTreeMap<Key, Item>,
}

impl PendingSet for Reference {
    fn push(&mut self, key: Key, item: Item) {
        let earlier = self.events.insert(key, item);
        assert!(earlier.is_none(), "two pending events share the key {key:?}");
    }

    fn pop_until(&mut self, limit: Time) -> Option<Entry> {
        let first = self.events.first_entry().filter(|first| first.key().time() <= limit)?;
        let (key, item) = first.remove_entry();
        Some(Entry { key, item })
    }

    fn len(&self) -> usize {
        self.events.len()
    }
}

//! Items that have been seen, and who is known to have them.

use std::collections::VecDeque;

use astrarium_node::collections::Map;
use astrarium_node::{NodeId, Span, Time};
use smallvec::SmallVec;

use super::item::{Item, ItemId};

/// Most holders remembered of one item. Above it the first ones stay: a forgotten holder costs one superfluous message.
const MOST_HOLDERS: usize = 256;

/// One remembered item.
#[derive(Debug, Clone)]
pub(crate) struct Entry<I> {
    pub(crate) item: I,
    /// Peers known to have it.
    holders: SmallVec<[NodeId; 4]>,
}

/// Items seen during the last while, bounded in age and number; the oldest are forgotten first.
#[derive(Debug, Clone)]
pub(crate) struct Store<I> {
    entries: Map<ItemId, Entry<I>>,
    /// In order of arrival.
    order: VecDeque<(Time, ItemId)>,
    ttl: Span,
    capacity: usize,
}

impl<I: Item> Store<I> {
    /// Remembers items for `ttl`, and at most `capacity` of them.
    pub(crate) fn new(ttl: Span, capacity: usize) -> Self {
        Self { entries: Map::default(), order: VecDeque::new(), ttl, capacity: capacity.max(1) }
    }

    /// Remembers an item; false when it was here already.
    pub(crate) fn insert(&mut self, item: &I, now: Time) -> bool {
        self.forget(now);
        let id = item.id();
        if self.entries.contains_key(&id) {
            return false;
        }
        if self.order.len() >= self.capacity {
            self.pop();
        }
        self.entries.insert(id, Entry { item: item.clone(), holders: SmallVec::new() });
        self.order.push_back((now, id));
        true
    }

    fn forget(&mut self, now: Time) {
        while self.order.front().is_some_and(|&(at, _)| now.since(at) > self.ttl) {
            self.pop();
        }
    }

    fn pop(&mut self) {
        if let Some((_, id)) = self.order.pop_front() {
            self.entries.remove(&id);
        }
    }

    /// Whether an item is remembered.
    pub(crate) fn knows(&self, id: ItemId) -> bool {
        self.entries.contains_key(&id)
    }

    /// An item, if it is remembered.
    pub(crate) fn get(&self, id: ItemId) -> Option<&I> {
        self.entries.get(&id).map(|entry| &entry.item)
    }

    /// Notes that a peer has an item.
    pub(crate) fn note_holder(&mut self, id: ItemId, peer: NodeId) {
        if let Some(entry) = self.entries.get_mut(&id)
            && entry.holders.len() < MOST_HOLDERS
            && !entry.holders.contains(&peer)
        {
            entry.holders.push(peer);
        }
    }

    /// Whether a peer is known to have an item.
    pub(crate) fn holds(&self, id: ItemId, peer: NodeId) -> bool {
        self.entries.get(&id).is_some_and(|entry| entry.holders.contains(&peer))
    }

    /// Number of items.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// All items, latest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &I> {
        self.order.iter().rev().filter_map(|(_, id)| self.get(*id))
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gossip::Blob;

    fn blob(id: u64) -> Blob {
        Blob { id: ItemId(id), bytes: 1 }
    }

    #[test]
    fn items_are_forgotten_by_age_and_by_number() {
        let mut store = Store::new(Span::from_secs(300), 3);
        let at = |s| Time::ZERO + Span::from_secs(s);
        for i in 0..5 {
            assert!(store.insert(&blob(i), at(i)));
        }
        assert_eq!((store.len(), store.knows(ItemId(1)), store.knows(ItemId(2))), (3, false, true));
        assert!(!store.insert(&blob(4), at(5)));
        assert!(store.insert(&blob(4), at(305)), "300 s after it was seen last it is new again");
        assert_eq!(store.len(), 1);
    }

    #[test]
    fn holders_are_bounded_and_belong_to_items() {
        let mut store = Store::new(Span::from_secs(300), 3);
        store.note_holder(ItemId(1), NodeId(7));
        assert!(!store.holds(ItemId(1), NodeId(7)));
        store.insert(&blob(1), Time::ZERO);
        for peer in 0..2 * MOST_HOLDERS as u32 {
            store.note_holder(ItemId(1), NodeId(peer));
        }
        assert!(store.holds(ItemId(1), NodeId(0)));
        assert_eq!(store.entries[&ItemId(1)].holders.len(), MOST_HOLDERS);
    }
}

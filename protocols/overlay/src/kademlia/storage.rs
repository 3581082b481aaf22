//! Records that a node holds for others, and records that it is putting.

use std::collections::BTreeMap;

use astrarium_node::{Span, Time};

use super::id::Id;
use super::record::Record;

/// A record that is held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) record: Record,
    pub(super) expires: Time,
    /// When it is to be put again.
    pub(super) again: Time,
}

/// A record that is being put at its holders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Put {
    pub(super) number: u32,
    /// The asker's name for it; `None` when a held record is put again.
    pub(super) query: Option<u64>,
    pub(super) record: Record,
    pub(super) life: Span,
    pub(super) began: Time,
    /// Of the lookup for the holders.
    pub(super) rounds: u16,
    pub(super) rpcs: u32,
    /// STOREs under way.
    pub(super) waiting: u32,
    /// Holders that keep it.
    pub(super) kept: u32,
}

/// Both.
#[derive(Debug, Clone, Default)]
pub(super) struct Storage {
    held: BTreeMap<Id, Held>,
    pub(super) puts: Vec<Put>,
    next_put: u32,
    /// When the timer for putting again is set to expire.
    pub(super) armed: Option<Time>,
}

impl Storage {
    /// Keeps a record, or prolongs the life of one that is held; false when there is no room, even without what has expired.
    pub(super) fn keep(&mut self, held: Held, now: Time, capacity: usize) -> bool {
        let key = held.record.key;
        if let Some(known) = self.held.get_mut(&key).filter(|known| known.expires > now) {
            known.expires = known.expires.max(held.expires);
            known.again = held.again;
            return true;
        }
        if self.held.len() >= capacity {
            self.held.retain(|_, held| held.expires > now);
        }
        let room = self.held.len() < capacity;
        if room {
            self.held.insert(key, held);
        }
        room
    }

    /// The record of a key, if it is held and alive.
    pub(super) fn get(&self, key: Id, now: Time) -> Option<Record> {
        self.held.get(&key).filter(|held| held.expires > now).map(|held| held.record)
    }

    /// No longer holds this one.
    pub(super) fn forget(&mut self, key: Id) {
        self.held.remove(&key);
    }

    /// Forgets what has expired; takes up to `most` records that are due to be put again, and asks for them not before `next`.
    pub(super) fn due(&mut self, now: Time, next: Time, most: usize) -> Vec<Held> {
        self.held.retain(|_, held| held.expires > now);
        let due = self.held.values_mut().filter(|held| held.again <= now).take(most);
        due.map(|held| {
            held.again = next;
            *held
        })
        .collect()
    }

    /// When the next record is due.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.held.values().map(|held| held.again).min()
    }

    /// Begins to put a record.
    pub(super) fn begin_put(&mut self, query: Option<u64>, record: Record, life: Span, now: Time) -> u32 {
        let number = self.next_put;
        self.next_put = number.wrapping_add(1);
        self.puts.push(Put {
            number,
            query,
            record,
            life,
            began: now,
            rounds: 0,
            rpcs: 0,
            waiting: 0,
            kept: 0,
        });
        number
    }

    /// Number of records held, expired ones that nobody has looked at included.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(content: u64, expires: u64, again: u64) -> Held {
        let at = |s| Time::ZERO + Span::from_secs(s);
        Held { record: Record::new(content, 10), expires: at(expires), again: at(again) }
    }

    #[test]
    fn storage_is_bounded_and_what_has_expired_makes_room() {
        let (mut storage, at) = (Storage::default(), |s| Time::ZERO + Span::from_secs(s));
        assert!(storage.keep(held(1, 10, 5), at(0), 2) && storage.keep(held(2, 20, 5), at(0), 2));
        assert!(!storage.keep(held(3, 30, 5), at(9), 2));
        assert!(storage.keep(held(1, 15, 6), at(9), 2), "it is held already");
        assert!(!storage.keep(held(3, 30, 5), at(14), 2), "and lives longer now");
        assert!(storage.keep(held(3, 30, 5), at(15), 2));
        assert_eq!((storage.get(held(1, 0, 0).record.key, at(15)), storage.len()), (None, 2));
    }

    #[test]
    fn what_is_due_is_taken_once() {
        let (mut storage, at) = (Storage::default(), |s| Time::ZERO + Span::from_secs(s));
        (0..5).for_each(|i| assert!(storage.keep(held(i, 100, i), at(0), 9)));
        assert_eq!(storage.next_due(), Some(at(0)));
        assert_eq!(storage.due(at(3), at(50), 3).len(), 3);
        assert_eq!(storage.due(at(3), at(50), 3).len(), 1);
        assert!(storage.due(at(3), at(50), 3).is_empty() && storage.due(at(100), at(150), 9).is_empty());
        assert_eq!(storage.len(), 0, "all have expired");
    }
}

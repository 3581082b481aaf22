//! The timers of one node.
//!
//! Cancelling is free and re-arming to a later time touches no queue: when the live entry in the pending-event set surfaces too
//! early, it is put back at the deadline of the day. Arming to an earlier time pushes a second entry; the first is remembered
//! and used again, so a timer that is set far and near in turn (idleness, then an acknowledgement) strands nothing. An entry
//! is known by its key, which is unique, so stale entries of re-used slots recognise themselves.

use astrarium_node::collections::Map;
use std::hash::Hash;

use crate::key::Key;

/// Timers are found by linear search up to this many, by map beyond.
const LINEAR: usize = 16;

/// What to do with an entry that surfaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Surfaced<T> {
    /// The timer has expired.
    Fire(T),
    /// The timer has been moved: put the entry back at this key.
    PutBack(Key),
    /// The entry is left over from a cancelled or earlier-armed timer.
    Stale,
}

#[derive(Debug, Clone)]
struct Slot<T> {
    timer: T,
    /// When it shall fire; `NEVER` = not set.
    deadline: Key,
    /// The first live entry in the pending-event set; `NEVER` = none.
    queued: Key,
    /// A later live entry, used when the first is gone; `NEVER` = none.
    spare: Key,
}

impl<T> Slot<T> {
    fn is_free(&self) -> bool {
        // There is no spare without a first.
        self.deadline == Key::NEVER && self.queued == Key::NEVER
    }
}

/// The timers of one node: 32 bytes plus 56 to 64 per timer ever set at the same time.
#[derive(Debug, Clone)]
pub(crate) struct Timers<T> {
    slots: Vec<Slot<T>>,
    index: Option<Box<Map<T, u32>>>,
}

impl<T: Copy + Eq + Hash> Timers<T> {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new(), index: None }
    }

    /// Arms or re-arms; returns the slot when an entry with this key must be pushed.
    pub(crate) fn set(&mut self, timer: T, deadline: Key) -> Option<u32> {
        let position = self.find(timer).unwrap_or_else(|| self.claim(timer));
        let slot = &mut self.slots[position as usize];
        slot.deadline = deadline;
        if slot.queued <= deadline && slot.queued != Key::NEVER {
            return None;
        }
        slot.spare = std::mem::replace(&mut slot.queued, deadline);
        Some(position)
    }

    /// Disarms.
    pub(crate) fn cancel(&mut self, timer: T) {
        if let Some(position) = self.find(timer) {
            self.slots[position as usize].deadline = Key::NEVER;
        }
    }

    /// An entry surfaced.
    pub(crate) fn surface(&mut self, position: u32, key: Key) -> Surfaced<T> {
        let Some(slot) = self.slots.get_mut(position as usize).filter(|slot| slot.queued == key) else {
            return Surfaced::Stale;
        };
        slot.queued = std::mem::replace(&mut slot.spare, Key::NEVER);
        let (timer, deadline) = (slot.timer, slot.deadline);
        if deadline > key && deadline != Key::NEVER {
            if slot.queued <= deadline && slot.queued != Key::NEVER {
                return Surfaced::Stale;
            }
            slot.spare = std::mem::replace(&mut slot.queued, deadline);
            return Surfaced::PutBack(deadline);
        }
        slot.deadline = Key::NEVER;
        if slot.is_free() {
            self.release(timer);
        }
        if deadline == key { Surfaced::Fire(timer) } else { Surfaced::Stale }
    }

    /// Forgets every timer (the node crashed); entries still pending become stale.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.index = None;
    }

    fn find(&self, timer: T) -> Option<u32> {
        match &self.index {
            Some(index) => index.get(&timer).copied(),
            None => {
                let same = |slot: &Slot<T>| slot.timer == timer && !slot.is_free();
                self.slots.iter().position(same).map(|i| i as u32)
            }
        }
    }

    /// Takes a slot for a timer that has none.
    fn claim(&mut self, timer: T) -> u32 {
        let position = match self.slots.iter().position(Slot::is_free) {
            Some(free) => free,
            None => {
                // Most nodes have one or two timers: grow by one first, not by the usual four.
                if self.slots.is_empty() {
                    self.slots.reserve_exact(1);
                }
                self.slots.push(Slot { timer, deadline: Key::NEVER, queued: Key::NEVER, spare: Key::NEVER });
                self.slots.len() - 1
            }
        };
        self.slots[position].timer = timer;
        let position = position as u32;
        if let Some(index) = &mut self.index {
            index.insert(timer, position);
        } else if self.slots.len() > LINEAR {
            let busy = |(i, slot): (usize, &Slot<T>)| {
                (!slot.is_free() || i == position as usize).then_some((slot.timer, i as u32))
            };
            self.index = Some(Box::new(self.slots.iter().enumerate().filter_map(busy).collect()));
        }
        position
    }

    fn release(&mut self, timer: T) {
        if let Some(index) = &mut self.index {
            index.remove(&timer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Source;
    use astrarium_node::Time;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn key(ns: u64, sequence: u32) -> Key {
        Key::new(Time::from_nanos(ns), Source(1), sequence, 0)
    }

    #[test]
    fn moving_a_timer_later_pushes_nothing() {
        let mut timers = Timers::new();
        assert_eq!(timers.set('a', key(10, 0)), Some(0));
        for n in 1..100 {
            assert_eq!(timers.set('a', key(10 + u64::from(n), n)), None);
        }
        assert_eq!(timers.surface(0, key(10, 0)), Surfaced::PutBack(key(109, 99)));
        assert_eq!(timers.surface(0, key(109, 99)), Surfaced::Fire('a'));
    }

    #[test]
    fn a_cancelled_timer_reuses_its_entry() {
        let mut timers = Timers::new();
        timers.set('a', key(10, 0));
        timers.cancel('a');
        assert_eq!(timers.set('a', key(20, 1)), None);
        timers.cancel('a');
        assert_eq!(timers.surface(0, key(10, 0)), Surfaced::Stale);
        assert_eq!(timers.set('b', key(30, 2)), Some(0));
    }

    #[test]
    fn a_far_entry_is_kept_for_later_while_a_near_one_fires() {
        let mut timers = Timers::new();
        assert_eq!(timers.set('a', key(100, 0)), Some(0));
        assert_eq!(timers.set('a', key(5, 1)), Some(0));
        assert_eq!(timers.surface(0, key(5, 1)), Surfaced::Fire('a'));
        assert_eq!(timers.set('a', key(110, 2)), None, "the entry at 100 serves");
        assert_eq!(timers.set('a', key(15, 3)), Some(0));
        timers.cancel('a');
        assert_eq!(timers.set('a', key(120, 4)), None);
        assert_eq!(timers.surface(0, key(15, 3)), Surfaced::Stale);
        assert_eq!(timers.surface(0, key(100, 0)), Surfaced::PutBack(key(120, 4)));
        assert_eq!(timers.surface(0, key(120, 4)), Surfaced::Fire('a'));
    }

    proptest! {
        /// Against a model with one deadline per timer: fires exactly the due ones, in order.
        #[test]
        fn fires_like_a_simple_table(commands in prop::collection::vec((0_u8..40, prop::option::of(1_u64..50), 0_u64..9), 1..300)) {
            let mut timers = Timers::new();
            let mut queue: BTreeSet<(Key, u32)> = BTreeSet::new();
            let mut model: BTreeMap<u8, Key> = BTreeMap::new();
            let mut now = 0;
            for (sequence, (timer, delay, step)) in commands.into_iter().enumerate() {
                match delay {
                    Some(delay) => {
                        let deadline = key(now + delay, sequence as u32);
                        model.insert(timer, deadline);
                        if let Some(slot) = timers.set(timer, deadline) {
                            queue.insert((deadline, slot));
                        }
                    }
                    None => {
                        model.remove(&timer);
                        timers.cancel(timer);
                    }
                }
                now += step;
                let mut fired = Vec::new();
                while let Some(&(due, slot)) = queue.first().filter(|(due, _)| due.time() <= Time::from_nanos(now)) {
                    queue.pop_first();
                    match timers.surface(slot, due) {
                        Surfaced::Fire(timer) => fired.push((due, timer)),
                        Surfaced::PutBack(later) => { queue.insert((later, slot)); }
                        Surfaced::Stale => {}
                    }
                }
                let mut expected: Vec<(Key, u8)> =
                    model.iter().filter(|(_, due)| due.time() <= Time::from_nanos(now)).map(|(&t, &due)| (due, t)).collect();
                expected.sort_unstable();
                model.retain(|_, due| due.time() > Time::from_nanos(now));
                prop_assert_eq!(fired, expected);
            }
        }
    }
}

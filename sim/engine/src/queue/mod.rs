//! The pending-event set: events in key order, behind one trait with three implementations.
//!
//! [`Reference`] is obviously right and slow; [`Heap`] and [`Ring`] are held to it by property tests. [`Queue`] picks one at
//! run time: an enum costs a predicted branch, a type parameter would double the compile time of every experiment.

mod heap;
mod reference;
mod ring;

pub use heap::Heap;
pub use reference::Reference;
pub use ring::Ring;

use astrarium_node::Time;

use crate::key::Key;
use crate::options::QueueKind;

/// What happens, in two words. Words and not a type parameter, so that an entry travels in registers: built from narrower
/// fields it would be copied through memory before the processor can forward its parts, a stall on every push and pop. The first word
/// uses its lower 32 bits only.
pub type Item = [u64; 2];

/// An event that waits: its place in the order and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Place in the total order.
    pub key: Key,
    /// What happens.
    pub item: Item,
}

/// A set of pending events. Keys are unique.
pub trait PendingSet: Clone + Send {
    /// Adds an event. Its key must be later than every key popped so far.
    fn push(&mut self, key: Key, item: Item);

    /// Removes the earliest event if it is not later than `limit`.
    fn pop_until(&mut self, limit: Time) -> Option<Entry>;

    /// Number of pending events.
    fn len(&self) -> usize;

    /// True when nothing is pending.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One of the implementations, chosen at run time.
#[derive(Debug, Clone)]
pub enum Queue {
    /// Ordered map.
    Reference(Reference),
    /// Binary heap.
    Heap(Heap),
    /// Bucketed ring.
    Ring(Ring),
}

/// With more pending events than this their messages no longer fit into the nearest caches.
const BEYOND_CACHES: usize = 4_096;

/// Below so many nodes `Auto` takes the heap. Measured with PHOLD: at 10^3 pending events the two are level, below that
/// the ring's tables cost more to set up than they save (thousands of short runs in a Monte Carlo sweep).
const AUTO_RING_NODES: usize = 512;

impl Queue {
    /// An empty set of this kind, for a simulation of so many nodes.
    #[must_use]
    pub fn new(kind: QueueKind, nodes: usize) -> Self {
        match kind {
            QueueKind::Auto if nodes < AUTO_RING_NODES => Self::Heap(Heap::default()),
            QueueKind::Auto | QueueKind::Ring => Self::Ring(Ring::default()),
            QueueKind::Reference => Self::Reference(Reference::default()),
            QueueKind::Heap => Self::Heap(Heap::default()),
        }
    }
}

impl Queue {
    /// The event that will most likely be popped next, when so many are pending that what it needs has left the caches; for
    /// whoever wants to fetch that early.
    #[inline(always)]
    pub(crate) fn upcoming(&self) -> Option<Entry> {
        match self {
            Self::Ring(ring) if ring.len() > BEYOND_CACHES => ring.upcoming(),
            _ => None,
        }
    }
}

impl PendingSet for Queue {
    #[inline(always)]
    fn push(&mut self, key: Key, item: Item) {
        match self {
            Self::Reference(set) => set.push(key, item),
            Self::Heap(set) => set.push(key, item),
            Self::Ring(set) => set.push(key, item),
        }
    }

    #[inline(always)]
    fn pop_until(&mut self, limit: Time) -> Option<Entry> {
        match self {
            Self::Reference(set) => set.pop_until(limit),
            Self::Heap(set) => set.pop_until(limit),
            Self::Ring(set) => set.pop_until(limit),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Reference(set) => set.len(),
            Self::Heap(set) => set.len(),
            Self::Ring(set) => set.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Source;
    use astrarium_node::Span;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Action {
        /// Push one event so long after the last popped one.
        Push(u64),
        /// Push many at one instant.
        Burst(u64, u8),
        Pop,
        /// Pop only what is due so soon.
        PopSoon(u64),
    }

    fn actions() -> impl Strategy<Value = Vec<Action>> {
        let delay =
            prop_oneof![0_u64..3, 0_u64..300_000, 0_u64..50_000_000, 0_u64..20_000_000_000, Just(1 << 50)];
        let action = prop_oneof![
            4 => delay.clone().prop_map(Action::Push),
            1 => (delay.clone(), 1_u8..40).prop_map(|(d, n)| Action::Burst(d, n)),
            4 => Just(Action::Pop),
            1 => delay.prop_map(Action::PopSoon),
        ];
        prop::collection::vec(action, 1..400)
    }

    /// Carries out the actions and lists everything popped.
    fn popped<Q: PendingSet>(mut set: Q, actions: &[Action]) -> Vec<Option<Entry>> {
        let mut now = Time::ZERO;
        let mut next = 0_u32;
        let mut out = Vec::new();
        let push = |set: &mut Q, now: Time, delay: u64, next: &mut u32| {
            let time = now + Span::from_nanos(delay + 1);
            set.push(Key::new(time, Source(*next % 7), *next, 3), [u64::from(*next), 0]);
            *next += 1;
        };
        for action in actions {
            match *action {
                Action::Push(delay) => push(&mut set, now, delay, &mut next),
                Action::Burst(delay, n) => (0..n).for_each(|_| push(&mut set, now, delay, &mut next)),
                Action::Pop => out.push(set.pop_until(Time::MAX)),
                Action::PopSoon(delay) => out.push(set.pop_until(now + Span::from_nanos(delay))),
            }
            now = out.iter().rev().flatten().next().map_or(now, |e| e.key.time());
        }
        let mut copy = set.clone();
        while let Some(entry) = copy.pop_until(Time::MAX) {
            out.push(Some(entry));
        }
        assert!(copy.is_empty());
        out
    }

    proptest! {
        #[test]
        fn every_set_pops_like_the_reference(actions in actions()) {
            let expected = popped(Reference::default(), &actions);
            prop_assert_eq!(&popped(Heap::default(), &actions), &expected);
            prop_assert_eq!(&popped(Ring::default(), &actions), &expected);
        }
    }

    #[test]
    fn an_entry_fits_into_32_bytes() {
        assert!(size_of::<Entry>() <= 32);
    }
}

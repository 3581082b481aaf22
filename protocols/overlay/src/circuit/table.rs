//! What a relay remembers: its circuits by both neighbours, bounded, each for a limited time.

use std::collections::VecDeque;

use astrarium_node::Time;
use astrarium_node::collections::Map;
use astrarium_protocol_transport::secure::ReplayWindow;

use super::message::Leg;
use super::onion::HopKeys;

/// A circuit that passes here.
#[derive(Debug, Clone)]
pub(super) struct Passing {
    /// The leg onwards; none at the last relay.
    pub(super) next: Option<Leg>,
    pub(super) keys: HopKeys,
    pub(super) seen: ReplayWindow,
}

/// All circuits that pass here.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    /// By the leg towards the source.
    passing: Map<Leg, Passing>,
    /// From the leg onwards to the leg towards the source.
    back: Map<Leg, Leg>,
    /// When each is forgotten, in order; may name some that are gone.
    order: VecDeque<(Time, Leg)>,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.passing.len()
    }

    pub(super) fn has(&self, prev: Leg) -> bool {
        self.passing.contains_key(&prev)
    }

    /// Whether a leg onwards is in use.
    pub(super) fn has_next(&self, next: Leg) -> bool {
        self.back.contains_key(&next)
    }

    pub(super) fn get_mut(&mut self, prev: Leg) -> Option<&mut Passing> {
        self.passing.get_mut(&prev)
    }

    /// The leg towards the source of the circuit whose leg onwards this is.
    pub(super) fn towards_source(&self, next: Leg) -> Option<Leg> {
        self.back.get(&next).copied()
    }

    /// Enters a circuit until then; true when it is the only one that waits to be forgotten.
    pub(super) fn insert(&mut self, prev: Leg, passing: Passing, until: Time) -> bool {
        if let Some(next) = passing.next {
            self.back.insert(next, prev);
        }
        self.passing.insert(prev, passing);
        self.order.push_back((until, prev));
        self.order.len() == 1
    }

    /// Forgets a circuit.
    pub(super) fn remove(&mut self, prev: Leg) -> Option<Passing> {
        let gone = self.passing.remove(&prev)?;
        if let Some(next) = gone.next {
            self.back.remove(&next);
        }
        // A leg that is used again must not be forgotten at the time of its first use.
        self.order.retain(|(_, other)| *other != prev);
        Some(gone)
    }

    /// Forgets what is due; the time of the next one.
    pub(super) fn expire(&mut self, now: Time) -> Option<Time> {
        while let Some(&(until, prev)) = self.order.front() {
            if until > now {
                return Some(until);
            }
            self.order.pop_front();
            if let Some(gone) = self.passing.remove(&prev)
                && let Some(next) = gone.next
            {
                self.back.remove(&next);
            }
        }
        None
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

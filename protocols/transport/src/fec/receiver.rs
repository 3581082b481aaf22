//! The receiving side: which shards of which group have arrived, and when the rest can be rebuilt.

use std::collections::VecDeque;

use crate::service::Message;

use super::layer::Config;
use super::shard::{Parity, Shard};

/// Groups kept per peer. Shards of a group are sent together; more than a few groups apart they are late, not missing.
const GROUPS: usize = 64;

/// One group.
#[derive(Debug, Clone)]
struct Group<M> {
    number: u32,
    /// Places that have arrived, data and parity, as bits.
    seen: [u64; 4],
    count: u32,
    parity: Option<Parity<M>>,
    /// All data has been handed over.
    complete: bool,
}

/// Groups from one peer.
#[derive(Debug, Clone)]
pub(super) struct Receiver<M> {
    /// In order of number.
    groups: VecDeque<Group<M>>,
    /// Incomplete groups below this number were given up.
    floor: u32,
}

/// What a shard led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It was taken in.
    Taken,
    /// It was there already, or came too late to be of use.
    Stale,
    /// It does not fit the code.
    Malformed,
}

impl<M: Message> Receiver<M> {
    pub(super) fn new() -> Self {
        Self { groups: VecDeque::new(), floor: 0 }
    }

    /// Takes a shard in; `deliver(datagram, rebuilt)` is given what becomes known.
    pub(super) fn accept(
        &mut self,
        shard: Shard<M>,
        config: &Config,
        mut deliver: impl FnMut(M, bool),
    ) -> Effect {
        let (number, index, message, parity) = match shard {
            Shard::Plain(message) => {
                deliver(message, false);
                return Effect::Taken;
            }
            Shard::Data { group, index, message } => (group, index, Some(message), None),
            Shard::Parity { group, index, parity } => (group, index, None, Some(parity)),
        };
        if !fits(index, parity.as_ref(), config) {
            return Effect::Malformed;
        }
        let Some(at) = self.place(number) else {
            // Its group was given up; data is still data.
            return match message {
                Some(message) => {
                    deliver(message, false);
                    Effect::Taken
                }
                None => Effect::Stale,
            };
        };
        let group = &mut self.groups[at];
        if group.has(index) || group.complete {
            return Effect::Stale;
        }
        group.mark(index);
        group.parity = group.parity.take().or(parity);
        if let Some(message) = message {
            deliver(message, false);
        }
        if group.rebuild(config, deliver) {
            self.floor = self.floor.max(number);
            // Older ones that are not complete never will be; complete ones are kept to know duplicates.
            self.groups.retain(|group| group.complete || group.number >= number);
        }
        Effect::Taken
    }

    /// The group's index, made if it is new; nothing if it was given up.
    fn place(&mut self, number: u32) -> Option<usize> {
        match self.groups.binary_search_by(|group| group.number.cmp(&number)) {
            Ok(at) => Some(at),
            Err(_) if number < self.floor => None,
            Err(at) => {
                let fresh = Group { number, seen: [0; 4], count: 0, parity: None, complete: false };
                self.groups.insert(at, fresh);
                if self.groups.len() <= GROUPS {
                    return Some(at);
                }
                // The oldest gives way, which may be the one just made.
                let oldest = self.groups.pop_front()?;
                self.floor = self.floor.max(oldest.number.saturating_add(1));
                at.checked_sub(1)
            }
        }
    }
}

/// Whether a shard is possible in this code.
fn fits<M>(index: u8, parity: Option<&Parity<M>>, config: &Config) -> bool {
    match parity {
        None => index < config.data,
        Some(parity) => {
            let places = u16::from(config.data) + u16::from(config.parity);
            index >= config.data
                && u16::from(index) < places
                && !parity.data.is_empty()
                && parity.data.len() <= usize::from(config.data)
        }
    }
}

impl<M: Message> Group<M> {
    fn has(&self, index: u8) -> bool {
        self.seen[usize::from(index >> 6)] >> (index & 63) & 1 == 1
    }

    fn mark(&mut self, index: u8) {
        self.seen[usize::from(index >> 6)] |= 1 << (index & 63);
        self.count += 1;
    }

    /// Hands over the missing data when enough shards have arrived. True when the group is complete.
    fn rebuild(&mut self, config: &Config, mut deliver: impl FnMut(M, bool)) -> bool {
        let size = self.parity.as_ref().map_or(usize::from(config.data), |parity| parity.data.len());
        if (self.count as usize) < size {
            return false;
        }
        self.complete = true;
        if let Some(parity) = self.parity.take() {
            for (index, message) in (0..).zip(parity.data.iter()) {
                if !self.has(index) {
                    deliver(message.clone(), true);
                }
            }
        }
        true
    }
}

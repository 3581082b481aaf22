//! The engine's state of one node.

use astrarium_node::{NodeId, Protocol, Time};

use crate::cpu::Cpu;
use crate::key::{Key, Source};
use crate::timers::Timers;

/// One node: the protocol's state and at most 200 bytes of the engine's.
#[derive(Debug, Clone)]
pub(crate) struct Slot<P: Protocol> {
    pub(crate) state: P,
    pub(crate) timers: Timers<P::Timer>,
    /// Number of this node's next event.
    sequence: u32,
    /// Counts crashes; what belongs to an earlier life is void.
    pub(crate) life: u32,
    pub(crate) up: bool,
    /// Reasons to be down: faults under way and absences.
    outages: u16,
    /// One of the outages took the disk.
    wiped: bool,
    pub(crate) controlled: bool,
    pub(crate) cpu: Option<Box<Cpu<P>>>,
}

impl<P: Protocol> Slot<P> {
    pub(crate) fn new(state: P) -> Self {
        Self {
            state,
            timers: Timers::new(),
            sequence: 0,
            life: 0,
            up: true,
            outages: 0,
            wiped: false,
            controlled: false,
            cpu: None,
        }
    }

    /// The key of this node's next event, at `time`.
    #[inline]
    pub(crate) fn next_key(&mut self, id: NodeId, time: Time, order_seed: u64) -> Key {
        Key::new(time, Source::from(id), self.next_sequence(), order_seed)
    }

    /// The number of this node's next event.
    #[inline]
    pub(crate) fn next_sequence(&mut self) -> u32 {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        sequence
    }

    /// One more reason to be down; true when the node goes down for it: timers, queued work and work in progress are gone.
    pub(crate) fn begin_outage(&mut self) -> bool {
        self.outages = self.outages.saturating_add(1);
        if !self.up {
            return false;
        }
        self.up = false;
        self.life = self.life.wrapping_add(1);
        self.timers.clear();
        self.cpu = None;
        true
    }

    /// One reason less, and whether it leaves the disk; when it was the last one the node comes up: `Some(whether its disk
    /// is there)`.
    pub(crate) fn end_outage(&mut self, keep_state: bool) -> Option<bool> {
        self.outages = self.outages.saturating_sub(1);
        self.wiped |= !keep_state;
        if self.up || self.outages > 0 {
            return None;
        }
        self.up = true;
        Some(!std::mem::take(&mut self.wiped))
    }
}

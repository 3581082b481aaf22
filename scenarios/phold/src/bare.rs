//! The hold model on the bare pending-event set: pop the earliest, push it back later.

use astrarium_engine::queue::{PendingSet, Queue};
use astrarium_engine::{Key, QueueKind};
use astrarium_node::{Domain, NodeId, Seed, Time};

use crate::increment;

/// A pending-event set at its steady state.
pub struct Hold {
    queue: Queue,
    stream: astrarium_node::Stream,
    sequence: u32,
}

impl Hold {
    /// With so many pending events.
    #[must_use]
    pub fn new(kind: QueueKind, pending: u32, seed: Seed) -> Self {
        let mut stream = seed.stream(Domain::WORKLOAD, 0, 0);
        let mut queue = Queue::new(kind, pending as usize);
        for id in 0..pending {
            let key = Key::of_node(Time::ZERO + increment(&mut stream), NodeId(id), 0);
            queue.push(key, [u64::from(id), 0]);
        }
        Self { queue, stream, sequence: 0 }
    }

    /// So many holds; returns a checksum so that nothing can be optimised away.
    pub fn run(&mut self, holds: u64) -> u64 {
        let mut checksum = 0_u64;
        for _ in 0..holds {
            let Some(entry) = self.queue.pop_until(Time::MAX) else { break };
            checksum = checksum.wrapping_add(entry.key.time().as_nanos());
            self.sequence = self.sequence.wrapping_add(1);
            let at = entry.key.time() + increment(&mut self.stream);
            let key = Key::of_node(at, NodeId(entry.item[0] as u32), self.sequence);
            self.queue.push(key, entry.item);
        }
        checksum
    }
}

//! Queues that are limited in packets instead of bytes.
//!
//! The access links keep no list of what waits, only until when they are busy; a limit in packets needs the list. It exists only
//! where a scenario sets such a limit.

use std::collections::VecDeque;

/// Packets of one queue that have not left yet: when each piece leaves, and of how many packets it is.
#[derive(Debug, Clone, Default)]
struct Waiting {
    pieces: VecDeque<(u64, u64)>,
    packets: u64,
}

impl Waiting {
    /// Whether so many packets may come on top; the packet that is being sent is out of the queue already.
    fn admits(&mut self, now: u64, packets: u64, limit: u32) -> bool {
        while let Some(&(until, count)) = self.pieces.front().filter(|&&(until, _)| until <= now) {
            debug_assert!(until <= now);
            self.packets -= count;
            self.pieces.pop_front();
        }
        self.packets + packets <= u64::from(limit) + 1
    }

    fn push(&mut self, until: u64, packets: u64) {
        self.pieces.push_back((until, packets));
        self.packets += packets;
    }
}

/// The queues of all nodes, as far as they are limited in packets.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    up: Option<(u32, Vec<Waiting>)>,
    down: Option<(u32, Vec<Waiting>)>,
}

impl Slots {
    /// For so many nodes; `None` without limits.
    pub(crate) fn new(nodes: usize, up: Option<u32>, down: Option<u32>) -> Option<Self> {
        let queues = |limit: Option<u32>| limit.map(|limit| (limit, vec![Waiting::default(); nodes]));
        (up.is_some() || down.is_some()).then(|| Self { up: queues(up), down: queues(down) })
    }

    /// Whether a node's uplink queue takes so many packets now.
    pub(crate) fn admits_up(&mut self, node: usize, now: u64, packets: u64) -> bool {
        admits(&mut self.up, node, now, packets)
    }

    /// Whether a node's downlink queue takes so many packets now.
    pub(crate) fn admits_down(&mut self, node: usize, now: u64, packets: u64) -> bool {
        admits(&mut self.down, node, now, packets)
    }

    /// They have left the uplink at `until`.
    pub(crate) fn push_up(&mut self, node: usize, until: u64, packets: u64) {
        push(&mut self.up, node, until, packets);
    }

    /// They have left the downlink at `until`.
    pub(crate) fn push_down(&mut self, node: usize, until: u64, packets: u64) {
        push(&mut self.down, node, until, packets);
    }
}

fn admits(queues: &mut Option<(u32, Vec<Waiting>)>, node: usize, now: u64, packets: u64) -> bool {
    let Some((limit, queues)) = queues else { return true };
    queues.get_mut(node).is_none_or(|queue| queue.admits(now, packets, *limit))
}

fn push(queues: &mut Option<(u32, Vec<Waiting>)>, node: usize, until: u64, packets: u64) {
    if let Some(queue) = queues.as_mut().and_then(|(_, queues)| queues.get_mut(node)) {
        queue.push(until, packets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_of_two_holds_two_behind_the_one_being_sent() {
        let mut slots = Slots::new(1, Some(2), None).unwrap();
        for until in [10, 20, 30] {
            assert!(slots.admits_up(0, 0, 1));
            slots.push_up(0, until, 1);
        }
        assert!(!slots.admits_up(0, 9, 1), "one is sent, two wait");
        assert!(slots.admits_up(0, 10, 1), "the first has left");
        assert!(!slots.admits_up(0, 10, 2));
        assert!(slots.admits_down(0, 0, 1_000), "the downlink has no limit");
        assert!(Slots::new(1, None, None).is_none());
    }
}

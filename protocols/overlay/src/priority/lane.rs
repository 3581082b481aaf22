//! The queues to one peer.

use std::collections::VecDeque;

use astrarium_node::{Span, Time};

use super::config::Config;

/// Messages that wait for one peer, and those on their way to it.
#[derive(Debug, Clone)]
pub(crate) struct Lane<M> {
    /// High, medium, low.
    queues: [VecDeque<M>; 3],
    /// Places used in this round.
    used: [u32; 3],
    /// When each message on its way is gone, in order.
    gone_at: VecDeque<Time>,
    /// The session shall end when all is sent.
    pub(crate) closing: bool,
}

impl<M> Lane<M> {
    pub(crate) fn new() -> Self {
        Self { queues: Default::default(), used: [0; 3], gone_at: VecDeque::new(), closing: false }
    }

    /// Puts a message into its queue; gives it back when the queue is full.
    pub(crate) fn push(&mut self, class: usize, message: M, config: &Config) -> Result<(), M> {
        let queue = &mut self.queues[class];
        if queue.len() >= config.capacity {
            return Err(message);
        }
        queue.push_back(message);
        Ok(())
    }

    /// The next message to hand down, with its class, if one waits and there is room on the way.
    pub(crate) fn next(&mut self, config: &Config) -> Option<(usize, M)> {
        if self.gone_at.len() >= config.pending {
            return None;
        }
        let turn =
            |lane: &Self| (0..3).find(|&c| !lane.queues[c].is_empty() && lane.used[c] < config.quotas[c]);
        let class = turn(self).or_else(|| {
            // Nobody who waits has a place left: the next round.
            self.used = [0; 3];
            turn(self)
        })?;
        self.used[class] += 1;
        // Whose turn it is has something to send.
        self.queues[class].pop_front().map(|message| (class, message))
    }

    /// A message that takes `time` on the link was handed down. When it is gone.
    pub(crate) fn sent(&mut self, now: Time, time: Span) -> Time {
        let begin = self.gone_at.back().copied().unwrap_or(now).max(now);
        self.gone_at.push_back(begin + time);
        begin + time
    }

    /// Forgets what is gone by now.
    pub(crate) fn release(&mut self, now: Time) {
        while self.gone_at.front().is_some_and(|&at| at <= now) {
            self.gone_at.pop_front();
        }
    }

    /// When the next message on its way is gone.
    pub(crate) fn next_release(&self) -> Option<Time> {
        self.gone_at.front().copied()
    }

    /// Messages that wait, by class.
    pub(crate) fn waiting(&self) -> [usize; 3] {
        [self.queues[0].len(), self.queues[1].len(), self.queues[2].len()]
    }

    /// Nothing waits and nothing is on its way.
    pub(crate) fn is_idle(&self) -> bool {
        self.gone_at.is_empty() && self.queues.iter().all(VecDeque::is_empty)
    }

    /// All that waits, the most urgent first.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = M> + '_ {
        self.queues.iter_mut().flat_map(|queue| queue.drain(..))
    }
}

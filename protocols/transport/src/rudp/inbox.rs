//! Segments received: order, duplicates, what to acknowledge.

use std::collections::VecDeque;

use smallvec::SmallVec;

use super::config::{Config, MAX_FRAGMENTS};
use super::counters::Counters;
use super::packet::{AckRun, Content, Push};

/// The receiver's window.
#[derive(Debug, Clone)]
pub(super) struct Inbox<M> {
    /// Number of the next segment in order.
    pub(super) next: u32,
    /// Segments from `next` on that arrived out of order.
    buffer: VecDeque<Option<Push<M>>>,
    /// Segments in order whose part is not complete: (segments that follow, content).
    queue: VecDeque<(u8, Content<M>)>,
    /// Acknowledgements owed.
    acks: SmallVec<[AckRun; 2]>,
    /// The window was closed and has opened again.
    pub(super) reopened: bool,
}

impl<M: Clone> Inbox<M> {
    pub(super) fn new() -> Self {
        Self {
            next: 0,
            buffer: VecDeque::new(),
            queue: VecDeque::new(),
            acks: SmallVec::new(),
            reopened: false,
        }
    }

    /// Segments there is room for.
    pub(super) fn window(&self, config: &Config) -> u16 {
        // The window's range is that of the field.
        config.recv_window.saturating_sub(self.queue.len() as u32) as u16
    }

    pub(super) fn owes_acks(&self) -> bool {
        !self.acks.is_empty()
    }

    /// Acknowledgements owed, oldest first; nothing is owed afterwards.
    pub(super) fn drain_acks(&mut self) -> impl Iterator<Item = AckRun> + '_ {
        self.acks.drain(..)
    }

    /// A segment arrived with this time stamp; `deliver` is given what is complete and in order.
    pub(super) fn accept(
        &mut self,
        push: Push<M>,
        ts: u32,
        config: &Config,
        counters: &mut Counters,
        deliver: impl FnMut(M),
    ) {
        counters.segments_received += 1;
        if u32::from(push.frg) >= MAX_FRAGMENTS.min(config.recv_window) {
            counters.malformed += 1;
            return;
        }
        let offset = push.sn.wrapping_sub(self.next);
        let ahead = offset as i32;
        if ahead >= 0 && offset >= config.recv_window {
            counters.outside_window += 1;
            return;
        }
        self.owe(push.sn, ts, config);
        if ahead < 0 {
            counters.duplicates_received += 1;
            return;
        }
        let index = offset as usize;
        if index == 0 && self.buffer.is_empty() && self.has_room(config) {
            // The common case needs no buffer.
            self.advance(push);
        } else {
            if self.buffer.len() <= index {
                self.buffer.resize(index + 1, None);
            }
            if self.buffer[index].is_some() {
                counters.duplicates_received += 1;
            } else {
                self.buffer[index] = Some(push);
            }
            self.advance_buffer(config);
        }
        self.deliver(config, deliver);
    }

    fn has_room(&self, config: &Config) -> bool {
        (self.queue.len() as u32) < config.recv_window
    }

    /// Notes an acknowledgement. Between two flushes no honest peer makes more than a window of them, twice with duplicates; the rest
    /// is not answered.
    fn owe(&mut self, sn: u32, ts: u32, config: &Config) {
        if let Some(run) = self.acks.last_mut()
            && run.ts == ts
            && run.sn.wrapping_add(run.count) == sn
        {
            run.count += 1;
        } else if self.acks.len() < 2 * config.recv_window as usize {
            self.acks.push(AckRun { sn, ts, count: 1 });
        }
    }

    fn advance(&mut self, push: Push<M>) {
        self.next = self.next.wrapping_add(1);
        self.queue.push_back((push.frg, push.content));
    }

    /// Moves the contiguous run from the buffer to the queue, as far as there is room.
    fn advance_buffer(&mut self, config: &Config) {
        while self.has_room(config) && self.buffer.front().is_some_and(Option::is_some) {
            if let Some(push) = self.buffer.pop_front().flatten() {
                self.advance(push);
            }
        }
    }

    /// Hands over what is complete. The layer above always takes it, so a part leaves the queue with its last segment.
    fn deliver(&mut self, config: &Config, mut deliver: impl FnMut(M)) {
        while let Some(&(following, _)) = self.queue.front()
            && self.queue.len() > usize::from(following)
        {
            let closed = !self.has_room(config);
            while let Some((following, content)) = self.queue.pop_front() {
                match content {
                    Content::Middle => {}
                    Content::End(message) => deliver(message),
                    Content::Ends(messages) => messages.iter().cloned().for_each(&mut deliver),
                }
                if following == 0 {
                    break;
                }
            }
            self.advance_buffer(config);
            self.reopened |= closed && self.has_room(config);
        }
    }
}

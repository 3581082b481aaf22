//! Messages that wait for the window, and how they are cut into segments.
//!
//! Three queues by class share the way out in rounds of 5, 3 and 2 messages (network specification N33). A message is cut when
//! the window has room for its next segment. (Rejected: cutting it when it is handed over, as the library does. The segments are the
//! same, but an urgent message could no longer overtake.)

use std::collections::VecDeque;

use smallvec::SmallVec;

use crate::service::{Class, Message};

use super::config::{Config, MAX_FRAGMENTS, PART_BYTES};
use super::packet::Content;

/// Messages per round and class.
const QUOTAS: [u8; 3] = [5, 3, 2];

/// A message on its way into segments.
#[derive(Debug, Clone)]
struct Cutting<M> {
    message: M,
    /// Bytes not yet in a segment.
    left: u32,
    /// Bytes of the current part not yet in a segment.
    part_left: u32,
}

/// A segment about to be sent.
#[derive(Debug, Clone)]
pub(super) struct Piece<M> {
    pub(super) len: u16,
    pub(super) frg: u8,
    pub(super) content: Content<M>,
}

/// The queues of one session.
#[derive(Debug, Clone)]
pub(super) struct Outbox<M> {
    /// Messages that were sent to a session the peer never took part in; they go first.
    again: VecDeque<M>,
    classes: [VecDeque<M>; 3],
    /// What each class may still send in this round.
    credits: [u8; 3],
    cutting: Option<Cutting<M>>,
    /// Segments that the waiting messages make, about: each message rounded up.
    segments: u32,
}

impl<M: Message> Outbox<M> {
    pub(super) fn new() -> Self {
        Self {
            again: VecDeque::new(),
            classes: [VecDeque::new(), VecDeque::new(), VecDeque::new()],
            credits: QUOTAS,
            cutting: None,
            segments: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cutting.is_none() && self.again.is_empty() && self.classes.iter().all(VecDeque::is_empty)
    }

    /// Messages that wait, the one being cut included.
    pub(super) fn len(&self) -> usize {
        let waiting: usize = self.classes.iter().map(VecDeque::len).sum();
        waiting + self.again.len() + usize::from(self.cutting.is_some())
    }

    /// Takes a message in, or gives it back when its queue is full: more than two windows of segments wait and the class's
    /// list is at its limit.
    pub(super) fn push(&mut self, message: M, class: Class, config: &Config) -> Result<(), M> {
        let queue = &mut self.classes[class as usize];
        let segments = segments_of(&message, config);
        let roomy = self.segments.saturating_add(segments) <= 2 * config.send_window;
        if !roomy && queue.len() >= config.queue_messages as usize {
            return Err(message);
        }
        self.segments = self.segments.saturating_add(segments);
        queue.push_back(message);
        Ok(())
    }

    /// Everything that waits, oldest first within its class, and the message being cut before all others.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = M> + '_ {
        self.segments = 0;
        let [high, medium, low] = &mut self.classes;
        self.cutting
            .take()
            .map(|cutting| cutting.message)
            .into_iter()
            .chain(self.again.drain(..))
            .chain(high.drain(..))
            .chain(medium.drain(..))
            .chain(low.drain(..))
    }

    /// Starts over: these messages, then the one being cut, then the rest as it waits.
    pub(super) fn rewind(&mut self, sent: impl Iterator<Item = M>, config: &Config) {
        let cut = self.cutting.take().map(|cutting| cutting.message);
        let mut again: VecDeque<M> = sent.chain(cut).collect();
        let more: u32 = again.iter().map(|message| segments_of(message, config)).sum();
        self.segments = self.segments.saturating_add(more);
        again.append(&mut self.again);
        self.again = again;
    }

    /// The next message by class and quota.
    fn next_message(&mut self) -> Option<M> {
        if let Some(message) = self.again.pop_front() {
            return Some(message);
        }
        for _ in 0..2 {
            for (queue, credit) in self.classes.iter_mut().zip(&mut self.credits) {
                if *credit > 0
                    && let Some(message) = queue.pop_front()
                {
                    *credit -= 1;
                    return Some(message);
                }
            }
            self.credits = QUOTAS;
        }
        None
    }

    /// Makes sure that a message is being cut.
    fn load(&mut self, config: &Config) -> Option<&mut Cutting<M>> {
        if self.cutting.is_none() {
            let message = self.next_message()?;
            let left = config.payload_bytes(message.wire_len());
            self.segments = self.segments.saturating_sub(segments_of(&message, config));
            self.cutting = Some(Cutting { message, left, part_left: left.min(part_bytes(config)) });
        }
        self.cutting.as_mut()
    }

    /// The next segment.
    pub(super) fn pull(&mut self, config: &Config) -> Option<Piece<M>> {
        if config.stream { self.pull_stream(config) } else { self.pull_message(config) }
    }

    fn pull_message(&mut self, config: &Config) -> Option<Piece<M>> {
        let mss = config.mss();
        let cutting = self.load(config)?;
        let len = cutting.part_left.min(mss);
        cutting.left -= len;
        cutting.part_left -= len;
        // At most MAX_FRAGMENTS - 1 follow, and a segment is shorter than a datagram: both fit.
        let frg = cutting.part_left.div_ceil(mss) as u8;
        let len = len as u16;
        let content = if cutting.left == 0 {
            self.cutting.take().map_or(Content::Middle, |cutting| Content::End(cutting.message))
        } else {
            if cutting.part_left == 0 {
                cutting.part_left = cutting.left.min(part_bytes(config));
            }
            Content::Middle
        };
        Some(Piece { len, frg, content })
    }

    fn pull_stream(&mut self, config: &Config) -> Option<Piece<M>> {
        let mss = config.mss();
        let mut len = 0;
        let mut ends: SmallVec<[M; 8]> = SmallVec::new();
        while len < mss
            && let Some(cutting) = self.load(config)
        {
            let take = cutting.left.min(mss - len);
            cutting.left -= take;
            len += take;
            if cutting.left == 0 {
                ends.extend(self.cutting.take().map(|cutting| cutting.message));
                // A message without bytes must end somewhere, but not without limit.
                if ends.len() >= mss as usize {
                    break;
                }
            }
        }
        let content = match ends.len() {
            0 if len == 0 => return None,
            0 => Content::Middle,
            1 => ends.pop().map_or(Content::Middle, Content::End),
            _ => Content::Ends(ends.into_iter().collect::<Vec<M>>().into()),
        };
        Some(Piece { len: len as u16, frg: 0, content })
    }
}

fn segments_of<M: Message>(message: &M, config: &Config) -> u32 {
    config.payload_bytes(message.wire_len()).div_ceil(config.mss()).max(1)
}

/// Longest part: whole segments, at most 64 KiB and at most as many as the header can count.
fn part_bytes(config: &Config) -> u32 {
    let mss = config.mss();
    (PART_BYTES / mss).clamp(1, MAX_FRAGMENTS) * mss
}

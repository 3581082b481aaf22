//! What a run leaves behind for comparison: digest, checkpoints, and a window of events in words.

use std::ops::Range;

use astrarium_node::NodeId;
use astrarium_node::hash::mix_wide;

use crate::digest::{Checkpoint, Digest, EventRecord};
use crate::key::Key;
use crate::options::RunOptions;

/// Counts and digests processed events.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    pub(crate) events: u64,
    pub(crate) digest: Digest,
    pub(crate) checkpoints: Vec<Checkpoint>,
    pub(crate) records: Vec<EventRecord>,
    /// Number of events at which more than counting is to be done next; `u64::MAX` = never. One comparison per event.
    attention: u64,
    checkpoint_every: u64,
    window: Range<u64>,
}

impl Recorder {
    pub(crate) fn new(options: &RunOptions) -> Self {
        let mut recorder = Self {
            events: 0,
            digest: Digest::default(),
            checkpoints: Vec::new(),
            records: Vec::new(),
            attention: 0,
            checkpoint_every: options.checkpoint_every,
            window: options.record.clone(),
        };
        recorder.attention = recorder.next_attention();
        recorder
    }

    /// Notes one event. `content` is the hash of what happened; the key and the node make it unique. `words` is only called
    /// inside the recorded window.
    #[inline(always)]
    pub(crate) fn note(
        &mut self,
        key: Key,
        node: NodeId,
        content: u64,
        words: impl FnOnce() -> (String, String),
    ) {
        let (time, tie) = key.words();
        let term = mix_wide(time, tie, u64::from(node.0), content);
        self.digest.add(term);
        self.events += 1;
        if self.events >= self.attention {
            self.attend(key, node, term, words);
        }
    }

    /// Records the event just counted, if it lies in the window, and sets a checkpoint behind it, if one is due.
    #[cold]
    fn attend(&mut self, key: Key, node: NodeId, term: u128, words: impl FnOnce() -> (String, String)) {
        let index = self.events - 1;
        if self.window.contains(&index) {
            let (source, input) = words();
            // Two runs may part in the order of equal messages, which only the number tells.
            let source = format!("{source} (its event {})", key.sequence());
            let node = if node.0 == u32::MAX { "engine".to_owned() } else { node.to_string() };
            let time_ns = key.time().as_nanos();
            self.records.push(EventRecord { index, time_ns, source, node, input, hash: term });
        }
        if self.events.checked_rem(self.checkpoint_every) == Some(0) {
            self.checkpoints.push(Checkpoint { events: self.events, digest: self.digest });
        }
        self.attention = self.next_attention();
    }

    /// The next number of events at which a record or a checkpoint is due.
    fn next_attention(&self) -> u64 {
        let checkpoint = match self.checkpoint_every {
            0 => u64::MAX,
            every => (self.events / every + 1).saturating_mul(every),
        };
        let record = if self.window.start < self.window.end && self.events < self.window.end {
            (self.events + 1).max(self.window.start.saturating_add(1))
        } else {
            u64::MAX
        };
        checkpoint.min(record)
    }
}

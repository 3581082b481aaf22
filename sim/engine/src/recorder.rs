//! What a run leaves behind for comparison: digest, checkpoints, and a window of events in words.

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
    /// Index at which the next checkpoint is due; `u64::MAX` = never.
    next_checkpoint: u64,
    checkpoint_every: u64,
    window: std::ops::Range<u64>,
}

impl Recorder {
    pub(crate) fn new(options: &RunOptions) -> Self {
        let every = options.checkpoint_every;
        Self {
            events: 0,
            digest: Digest::default(),
            checkpoints: Vec::new(),
            records: Vec::new(),
            next_checkpoint: if every == 0 { u64::MAX } else { every },
            checkpoint_every: every,
            window: options.record.clone(),
        }
    }

    /// Notes one event. `content` is the hash of what happened; the key and the node make it unique. `words` is only called
    /// inside the recorded window.
    #[inline]
    pub(crate) fn note(&mut self, key: Key, node: NodeId, content: u64, words: impl FnOnce() -> (String, String)) {
        let (time, tie) = key.words();
        let term = mix_wide(time, tie, u64::from(node.0), content);
        self.digest.add(term);
        if self.window.contains(&self.events) {
            let (source, input) = words();
            let node = if node.0 == u32::MAX { "engine".to_owned() } else { node.to_string() };
            let time_ns = key.time().as_nanos();
            self.records.push(EventRecord { index: self.events, time_ns, source, node, input, hash: term });
        }
        self.events += 1;
        if self.events == self.next_checkpoint {
            self.checkpoints.push(Checkpoint { events: self.events, digest: self.digest });
            self.next_checkpoint += self.checkpoint_every;
        }
    }
}

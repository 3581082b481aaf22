//! The usual gap between messages of a connection.

/// When the messages so far came, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gap {
    last: Option<u64>,
    usual: Option<u64>,
}

impl Gap {
    /// A message is sent now.
    pub(super) fn message(&mut self, now: u64) {
        if let Some(last) = self.last {
            let gap = now.saturating_sub(last);
            self.usual = Some(self.usual.map_or(gap, |usual| usual - usual / 4 + gap / 4));
        }
        self.last = Some(now);
    }

    /// The gap that is to be expected, once there were two messages.
    pub(super) fn usual(&self) -> Option<u64> {
        self.usual
    }
}

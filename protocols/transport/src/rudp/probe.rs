//! Asking again and again: window probes and the opening handshake.

/// A question that is repeated, each time after half as long again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    /// When to ask next, ms.
    pub(super) at: u64,
    /// Time from then to the time after, ms; 0 = nothing is asked.
    wait: u32,
    /// How often it was asked.
    pub(super) asked: u32,
}

impl Probe {
    pub(super) const IDLE: Self = Self { at: u64::MAX, wait: 0, asked: 0 };

    pub(super) fn is_idle(&self) -> bool {
        self.wait == 0
    }

    /// Asks first at `at`, and `wait` later again.
    pub(super) fn start(&mut self, at: u64, wait: u32) {
        *self = Self { at, wait, asked: 0 };
    }

    /// Whether to ask now.
    pub(super) fn fire(&mut self, now: u64, limit: u32) -> bool {
        if self.is_idle() || now < self.at {
            return false;
        }
        self.asked += 1;
        self.at = now + u64::from(self.wait);
        self.wait = half_more(self.wait).min(limit);
        true
    }
}

/// Half as long again.
pub(super) fn half_more(wait: u32) -> u32 {
    wait.saturating_add(wait / 2)
}

//! KCP's congestion window: slow start, a slow climb after it, and two ways down.

use super::config::Config;
use super::flight::Outcome;

/// Least slow-start threshold, segments.
const THRESHOLD_MIN: u32 = 2;

/// The congestion window of one session; it counts even when `no_congestion_window` keeps it from ruling.
#[derive(Debug, Clone, Copy)]
pub(super) struct Congestion {
    /// Segments.
    pub(super) window: u32,
    threshold: u32,
    /// Bytes: the window in finer steps.
    increment: u64,
}

impl Congestion {
    /// As the library leaves a new session: closed until its first flush.
    pub(super) fn new() -> Self {
        Self { window: 0, threshold: THRESHOLD_MIN, increment: 0 }
    }

    /// A datagram acknowledged something new.
    pub(super) fn grow(&mut self, remote_window: u32, config: &Config) {
        if self.window >= remote_window {
            return;
        }
        let mss = u64::from(config.mss());
        if self.window < self.threshold {
            self.window += 1;
            self.increment += mss;
        } else {
            self.increment = self.increment.max(mss);
            self.increment += mss * mss / self.increment + mss / 16;
            if u64::from(self.window + 1) * mss <= self.increment {
                // At most one above a 16-bit window.
                self.window = self.increment.div_ceil(mss) as u32;
            }
        }
        if self.window > remote_window {
            self.window = remote_window;
            self.increment = u64::from(remote_window) * mss;
        }
    }

    /// A flush has sent with `limit` segments allowed and `in_flight` segments out.
    pub(super) fn after_flush(&mut self, outcome: Outcome, limit: u32, in_flight: u32, config: &Config) {
        let mss = u64::from(config.mss());
        if outcome.overtaken {
            self.threshold = (in_flight / 2).max(THRESHOLD_MIN);
            self.window = self.threshold + config.resend;
            self.increment = u64::from(self.window) * mss;
        }
        if outcome.expired {
            self.threshold = (limit / 2).max(THRESHOLD_MIN);
            self.window = 1;
            self.increment = mss;
        }
        if self.window < 1 {
            self.window = 1;
            self.increment = mss;
        }
    }
}

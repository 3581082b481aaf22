//! KCP's estimates and congestion window, in its own integers: whole milliseconds, whole segments.

use super::rules::{MAX_RTO, Rules};
use crate::transport::Backoff;

/// Least slow-start threshold, segments.
const LEAST: u32 = 2;

/// Round-trip time and timeout, ms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub(super) srtt: u32,
    var: u32,
    pub(super) rto: u32,
}

impl Estimate {
    pub(super) fn new(rules: &Rules) -> Self {
        Self { srtt: 0, var: 0, rto: rules.initial_rto_ms }
    }

    /// A round trip was measured so many times.
    #[inline]
    pub(super) fn samples(&mut self, rtt: u64, count: u32, rules: &Rules) {
        let rtt = rtt.min(u64::from(MAX_RTO)) as u32;
        for _ in 0..count {
            let before = (self.srtt, self.var);
            if self.srtt == 0 {
                (self.srtt, self.var) = (rtt, rtt / 2);
            } else {
                self.var = (3 * self.var + rtt.abs_diff(self.srtt)) / 4;
                self.srtt = ((7 * self.srtt + rtt) / 8).max(1);
            }
            if (self.srtt, self.var) == before {
                // More of the same changes nothing.
                break;
            }
        }
        let rto = self.srtt + rules.interval_ms.max(4 * self.var);
        self.rto = rto.clamp(rules.min_rto_ms, MAX_RTO);
    }

    /// A segment's timeout after one more expired.
    pub(super) fn longer(&self, timeout: u32, rules: &Rules) -> u32 {
        timeout.saturating_add(match rules.backoff {
            Backoff::Double => timeout.max(self.rto),
            Backoff::Half => timeout / 2,
            Backoff::HalfMeasured => self.rto / 2,
        })
    }
}

/// What a flush found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome {
    pub(super) overtaken: bool,
    pub(super) expired: bool,
    pub(super) dead: bool,
}

/// The congestion window, segments; without congestion control it says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Congestion {
    pub(super) window: u32,
    threshold: u32,
    /// The window in bytes, for finer steps.
    increment: u64,
}

impl Congestion {
    /// A datagram acknowledged something new.
    #[inline]
    pub(super) fn grow(&mut self, remote: u32, rules: &Rules) {
        if self.window >= remote {
            return;
        }
        if self.window < self.threshold.max(LEAST) {
            self.window += 1;
            self.increment += rules.mss;
        } else {
            self.increment = self.increment.max(rules.mss);
            self.increment += rules.mss * rules.mss / self.increment + rules.mss / 16;
            if u64::from(self.window + 1) * rules.mss <= self.increment {
                self.window = self.increment.div_ceil(rules.mss) as u32;
            }
        }
        if self.window > remote {
            self.window = remote;
            self.increment = u64::from(remote) * rules.mss;
        }
    }

    /// A flush has sent with so many segments allowed and so many in flight.
    #[inline]
    pub(super) fn after_flush(&mut self, outcome: Outcome, limit: u32, flight: u32, rules: &Rules) {
        if outcome.overtaken {
            self.threshold = (flight / 2).max(LEAST);
            self.window = self.threshold + rules.resend;
            self.increment = u64::from(self.window) * rules.mss;
        }
        if outcome.expired {
            self.threshold = (limit / 2).max(LEAST);
            self.window = 0;
        }
        if self.window < 1 {
            self.window = 1;
            self.increment = rules.mss;
        }
    }
}

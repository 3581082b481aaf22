//! The congestion window, in segments.

use super::law::{Control, Law};

/// CUBIC's constants (RFC 9438): aggressiveness in segments/s³, and what is left after a loss.
const CUBIC_C: f64 = 0.4;
const CUBIC_BETA: f64 = 0.7;
/// Growth of the Reno-friendly window per round trip: 3(1 − β)/(1 + β).
const FRIENDLY: f64 = 3.0 * (1.0 - CUBIC_BETA) / (1.0 + CUBIC_BETA);

/// A congestion window and what is in flight under it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    /// Segments in flight.
    pub(crate) inflight: u32,
    /// There is more to send than the window allows.
    pub(crate) limited: bool,
    cwnd: f64,
    threshold: f64,
    /// The recovery under way ends then; the window does not grow before, nor is it reduced for losses of the same window.
    recovering: u64,
    /// CUBIC: window before the last loss, when growth began, Reno-friendly window.
    largest: f64,
    epoch: Option<u64>,
    friendly: f64,
}

impl Window {
    pub(crate) fn new(law: &Law) -> Self {
        let threshold = match law.control {
            Control::Kcp => 2.0,
            _ => f64::INFINITY,
        };
        Self {
            inflight: 0,
            limited: false,
            cwnd: f64::from(law.initial_window),
            threshold,
            recovering: 0,
            largest: 0.0,
            epoch: None,
            friendly: 0.0,
        }
    }

    /// Nothing was sent for a timeout (RFC 5681 §4.1).
    pub(crate) fn rest(&mut self, law: &Law) {
        self.cwnd = self.cwnd.min(f64::from(law.initial_window));
    }

    /// Segments that may be in flight.
    pub(crate) fn limit(&self, law: &Law) -> u32 {
        if law.control == Control::Free {
            return law.window;
        }
        // At most the window by the comparison before.
        if self.cwnd >= f64::from(law.window) { law.window } else { (self.cwnd as u32).max(1) }
    }

    /// An acknowledgement of `n` segments arrives at `at`.
    pub(crate) fn acked(&mut self, law: &Law, n: u32, at: u64, srtt: u64) {
        self.inflight = self.inflight.saturating_sub(n);
        // A window that does not limit anything does not grow (RFC 7661; KCP grows to the peer's window regardless).
        if n == 0 || at < self.recovering || !(self.limited || law.control == Control::Kcp) {
            return;
        }
        match law.control {
            Control::Free => {}
            Control::Kcp => self.grow_kcp(law),
            _ if self.cwnd < self.threshold => {
                self.cwnd =
                    (self.cwnd + f64::from(n.min(law.byte_counting.max(1)))).min(f64::from(law.window));
            }
            Control::Reno if law.byte_counting == 0 => self.cwnd += 1.0 / self.cwnd,
            Control::Reno => self.cwnd += f64::from(n) / self.cwnd,
            Control::Cubic => self.grow_cubic(n, at, srtt),
        }
        self.cwnd = self.cwnd.min(f64::from(law.window));
    }

    /// Once per datagram that advances the first unacknowledged segment.
    fn grow_kcp(&mut self, law: &Law) {
        self.cwnd += if self.cwnd < self.threshold { 1.0 } else { 1.0 / self.cwnd + 1.0 / 16.0 };
        self.cwnd = self.cwnd.min(f64::from(law.window));
    }

    fn grow_cubic(&mut self, n: u32, at: u64, srtt: u64) {
        let epoch = *self.epoch.get_or_insert_with(|| {
            self.friendly = self.cwnd;
            self.largest = self.largest.max(self.cwnd);
            at
        });
        let k = libm::cbrt((self.largest - self.threshold.min(self.largest)) / CUBIC_C);
        let t = (at.saturating_sub(epoch) + srtt) as f64 / 1e9 - k;
        let target = (self.largest + CUBIC_C * t * t * t).clamp(self.cwnd, 1.5 * self.cwnd);
        self.friendly += FRIENDLY * f64::from(n) / self.cwnd;
        self.cwnd = (self.cwnd + (target - self.cwnd) / self.cwnd * f64::from(n)).max(self.friendly);
    }

    /// A loss is noticed at `at` by later acknowledgements; the repair is acknowledged at `until`.
    pub(crate) fn on_fast(&mut self, law: &Law, at: u64, until: u64) {
        if at < self.recovering {
            return;
        }
        self.recovering = until;
        let flight = f64::from(self.inflight);
        match law.control {
            Control::Free => return,
            Control::Kcp => {
                self.threshold = (flight / 2.0).max(2.0);
                self.cwnd = self.threshold + f64::from(law.threshold.unwrap_or(0));
                // KCP grows on with every acknowledgement that advances its first unacknowledged segment.
                self.recovering = 0;
            }
            Control::Reno => {
                self.threshold = (flight / 2.0).max(2.0);
                self.cwnd = self.threshold;
            }
            Control::Cubic => {
                self.largest =
                    if self.cwnd < self.largest { self.cwnd * (1.0 + CUBIC_BETA) / 2.0 } else { self.cwnd };
                self.threshold = (self.cwnd * CUBIC_BETA).max(2.0);
                self.cwnd = self.threshold;
            }
        }
        self.epoch = None;
    }

    /// A timeout expires at `at`.
    pub(crate) fn on_timeout(&mut self, law: &Law) {
        let before = match law.control {
            Control::Free => return,
            Control::Kcp => self.cwnd,
            _ => f64::from(self.inflight),
        };
        self.largest = self.cwnd;
        self.threshold = (before / 2.0).max(2.0);
        self.cwnd = 1.0;
        self.recovering = 0;
        self.epoch = None;
    }
}

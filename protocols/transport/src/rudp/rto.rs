//! Round-trip time and retransmission timeout, in whole milliseconds as KCP computes them.

use super::config::Config;

/// The estimator of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Estimator {
    /// Smoothed round-trip time, ms; 0 before the first sample.
    pub(super) srtt: u32,
    /// Mean deviation, ms.
    pub(super) rttvar: u32,
    /// Retransmission timeout, ms.
    pub(super) rto: u32,
}

impl Estimator {
    pub(super) fn new(config: &Config) -> Self {
        Self { srtt: 0, rttvar: 0, rto: config.initial_rto }
    }

    /// Takes in a sample. A first sample of 0 ms leaves the estimator as if there had been none, as in the library.
    pub(super) fn sample(&mut self, rtt: u32, config: &Config) {
        // A forged time stamp can claim weeks; the estimate is capped anyway.
        let rtt = rtt.min(config.max_rto);
        if self.srtt == 0 {
            self.srtt = rtt;
            self.rttvar = rtt / 2;
        } else {
            self.rttvar = (3 * self.rttvar + rtt.abs_diff(self.srtt)) / 4;
            self.srtt = ((7 * self.srtt + rtt) / 8).max(1);
        }
        let rto = self.srtt + config.interval.max(4 * self.rttvar);
        self.rto = rto.clamp(config.min_rto, config.max_rto);
    }
}

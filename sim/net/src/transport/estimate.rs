//! Estimates of a sender: round-trip time, timeout, usual gap between messages.

use super::law::Law;

/// Nanoseconds of a millisecond.
const MS: f64 = 1e6;
/// Longest retransmission timeout, in nanoseconds.
const LONGEST: f64 = 60e9;

/// What a sender has measured; nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Estimate {
    /// Smoothed round-trip time and its mean deviation, once measured.
    rtt: Option<(f64, f64)>,
    /// Smoothed gap between messages, and when the last one came.
    gap: Option<f64>,
    last: Option<u64>,
}

impl Estimate {
    /// One more measurement. RFC 6298 and KCP agree on the constants; KCP keeps whole milliseconds and rounds down, so that its
    /// estimate does not follow small increases.
    pub(crate) fn sample(&mut self, law: &Law, rtt: u64) {
        // Never negative: the cast rounds down.
        let kept = |ns: f64| if law.interval == 0 { ns } else { ((ns / MS) as u64) as f64 * MS };
        let r = rtt as f64;
        self.rtt = Some(match self.rtt {
            None => (r, kept(r / 2.0)),
            Some((srtt, var)) => {
                (kept((7.0 * srtt + r) / 8.0).max(1.0), kept((3.0 * var + (r - srtt).abs()) / 4.0))
            }
        });
    }

    /// The smoothed round-trip time; before a measurement, what the caller knows.
    pub(crate) fn srtt(&self, otherwise: u64) -> u64 {
        self.rtt.map_or(otherwise, |(srtt, _)| srtt as u64)
    }

    /// The retransmission timeout.
    pub(crate) fn rto(&self, law: &Law) -> u64 {
        let Some((srtt, var)) = self.rtt else { return law.initial_rto };
        let rto = srtt + (4.0 * var).max(law.interval as f64);
        rto.clamp(law.min_rto as f64, LONGEST) as u64
    }

    /// A message is sent now.
    pub(crate) fn message(&mut self, now: u64) {
        if let Some(last) = self.last {
            let gap = now.saturating_sub(last) as f64;
            self.gap = Some(self.gap.map_or(gap, |before| 0.75 * before + 0.25 * gap));
        }
        self.last = Some(now);
    }

    /// When the newest message was sent.
    pub(crate) fn last(&self) -> Option<u64> {
        self.last
    }

    /// The usual gap between messages, when there were two.
    pub(crate) fn gap(&self) -> Option<u64> {
        self.gap.map(|gap| gap as u64)
    }
}

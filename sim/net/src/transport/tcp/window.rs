//! Congestion window and round-trip time of TCP: RFC 5681, 6298, 9438, 9937. Windows are bytes, times nanoseconds.

use super::hystart::{HyStart, Seen, Verdict};
use super::rules::Rules;

/// CUBIC (RFC 9438): aggressiveness in segments/s³, what is left after a loss, growth of the Reno-friendly window per round trip.
const C: f64 = 0.4;
const BETA: f64 = 0.7;
const ALPHA: f64 = 3.0 * (1.0 - BETA) / (1.0 + BETA);
/// Granularity of the timestamp clock.
const GRANULARITY: u64 = 1_000_000;
/// Longest timeout.
const MAX_RTO: u64 = 60_000_000_000;

/// Round-trip time, its variation, and how often the timer has backed off.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rtt {
    /// What the acknowledgement at hand measured, if it did.
    pub(super) latest: Option<u64>,
    /// The shortest so far.
    least: Option<u64>,
    smoothed: Option<u64>,
    variation: u64,
    pub(super) backoff: u32,
}

impl Rtt {
    #[inline]
    pub(super) fn sample(&mut self, rtt: u64) {
        self.latest = Some(rtt);
        self.least = Some(self.least.map_or(rtt, |least| least.min(rtt)));
        match self.smoothed {
            None => (self.smoothed, self.variation) = (Some(rtt), rtt / 2),
            Some(smoothed) => {
                self.variation = (self.variation * 3 + rtt.abs_diff(smoothed)) / 4;
                self.smoothed = Some((smoothed * 7 + rtt) / 8);
            }
        }
    }

    /// Whether this is too soon to be the answer to something sent so long ago.
    pub(super) fn too_soon(&self, age: u64) -> bool {
        self.least.is_some_and(|least| age < least)
    }

    pub(super) fn smoothed(&self) -> Option<u64> {
        self.smoothed
    }

    #[inline]
    pub(super) fn timeout(&self, rules: &Rules) -> u64 {
        let base = match self.smoothed {
            None => rules.initial_rto,
            Some(smoothed) => (smoothed + (self.variation * 4).max(GRANULARITY)).max(rules.min_rto),
        };
        base.saturating_mul(1 << self.backoff.min(32)).min(MAX_RTO)
    }
}

/// State of CUBIC between two losses, in segments.
#[derive(Debug, Clone, Copy, Default)]
struct Cubic {
    maximum: f64,
    epoch: Option<u64>,
    k: f64,
    origin: f64,
    reno: f64,
    fraction: f64,
}

/// Window, threshold, and the rule between them.
#[derive(Debug, Clone)]
pub(super) struct Window {
    pub(super) size: u64,
    pub(super) threshold: u64,
    counted: u64,
    slow_start: HyStart,
    cubic: Cubic,
}

impl Window {
    pub(super) fn new(rules: &Rules, segments: u32) -> Self {
        Self {
            size: u64::from(segments) * rules.mss,
            threshold: u64::MAX,
            counted: 0,
            slow_start: HyStart::new(rules.slow_start),
            cubic: Cubic::default(),
        }
    }

    /// Slow start or congestion avoidance for one acknowledgement, which took so many segments out of the network.
    #[inline]
    pub(super) fn grow(&mut self, segments: u32, srtt: u64, seen: Seen, rules: &Rules) {
        if self.size >= self.threshold {
            return self.avoid_congestion(segments, seen.now, srtt, rules);
        }
        let seen = Seen { window: self.size / rules.mss, ..seen };
        let share = match self.slow_start.on_ack(seen) {
            Verdict::Grow => 1,
            Verdict::Slowly(share) => share,
            Verdict::Exit => {
                self.threshold = self.size;
                return self.avoid_congestion(segments, seen.now, srtt, rules);
            }
        };
        let most = rules.mss.saturating_mul(u64::from(rules.byte_counting.max(1)));
        self.size += (u64::from(segments) * rules.mss).min(most) / share;
    }

    fn avoid_congestion(&mut self, segments: u32, now: u64, srtt: u64, rules: &Rules) {
        let (mss, bytes) = (rules.mss, u64::from(segments) * rules.mss);
        if rules.cubic {
            let target =
                self.cubic.target(self.size as f64 / mss as f64, f64::from(segments), now, srtt, rules);
            self.size = self.size.max(target as u64);
        } else if rules.byte_counting == 0 {
            self.size += (mss * mss / self.size).max(1);
        } else {
            self.counted += bytes;
            if self.counted >= self.size {
                self.counted -= self.size;
                self.size += mss;
            }
        }
    }

    /// A loss was noticed with this much outstanding: sets the threshold.
    pub(super) fn reduce(&mut self, outstanding: u64, rules: &Rules) {
        let target = if rules.cubic { self.cubic.on_loss(self.size as f64) as u64 } else { outstanding / 2 };
        self.threshold = target.max(2 * rules.mss);
        self.counted = 0;
    }

    /// A timeout: back to one segment, and the path is measured anew.
    pub(super) fn collapse(&mut self, rules: &Rules) {
        self.size = rules.mss;
        self.slow_start.on_timeout();
        // The next congestion avoidance begins on the plateau (RFC 9438 §4.8).
        self.cubic.maximum = 0.0;
        self.restart();
    }

    /// After idleness growth begins anew.
    pub(super) fn restart(&mut self) {
        self.counted = 0;
        self.cubic.epoch = None;
    }
}

impl Cubic {
    /// What is left of `size` bytes. The maximum is stored in bytes and converted when the next epoch begins.
    fn on_loss(&mut self, size: f64) -> f64 {
        self.maximum = if size < self.maximum { size * (1.0 + BETA) / 2.0 } else { size };
        self.epoch = None;
        size * BETA
    }

    /// The window after an acknowledgement of `count` segments, in bytes.
    fn target(&mut self, segments: f64, count: f64, now: u64, srtt: u64, rules: &Rules) -> f64 {
        let mss = rules.mss as f64;
        let epoch = *self.epoch.get_or_insert_with(|| {
            self.origin = (self.maximum / mss).max(segments);
            self.k = libm::cbrt((self.origin - segments) / C);
            self.reno = segments;
            self.fraction = 0.0;
            now
        });
        let at = |t: f64| self.origin + C * (t - self.k) * (t - self.k) * (t - self.k);
        let elapsed = now.saturating_sub(epoch) as f64 / 1e9;
        let target = at(elapsed + srtt as f64 / 1e9).clamp(segments, 1.5 * segments);
        let alpha = if self.reno >= self.origin { 1.0 } else { ALPHA };
        self.reno += alpha * count / segments;
        let grown = if at(elapsed) < self.reno {
            segments.max(self.reno)
        } else {
            segments + count * (target - segments) / segments
        };
        let bytes = grown * mss + self.fraction;
        // Never negative: the cast rounds down.
        self.fraction = bytes - (bytes as u64) as f64;
        bytes
    }
}

/// Proportional rate reduction (RFC 9937): account of one recovery, in segments.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reduction {
    flight: u64,
    delivered: u64,
    pub(super) out: u64,
}

impl Reduction {
    /// Recovery begins with so much in flight that was not reported before this acknowledgement.
    pub(super) fn begin(flight: u32) -> Self {
        Self { flight: u64::from(flight.max(1)), delivered: 0, out: 0 }
    }

    /// The window in bytes after an acknowledgement that delivered so many segments; `safe`: it acknowledges cumulatively, and no
    /// further segment counts as lost for it.
    pub(super) fn window(&mut self, delivered: u32, safe: bool, threshold: u64, pipe: u32, mss: u64) -> u64 {
        self.delivered += u64::from(delivered);
        let pipe = u64::from(pipe) * mss;
        let may_send = if pipe > threshold {
            (self.delivered * threshold).div_ceil(self.flight).saturating_sub(self.out * mss)
        } else {
            let conserved = self.delivered.saturating_sub(self.out).max(u64::from(delivered));
            ((conserved + u64::from(safe)) * mss).min(threshold - pipe)
        };
        pipe + may_send
    }
}

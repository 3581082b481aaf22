//! CUBIC growth (RFC 9438). Window sizes in bytes, converted to segments where the RFC counts segments.

use astrarium_node::Time;

use super::congestion::Acked;

/// Scale of growth in segments per second cubed (RFC 9438 §5: 0.4).
const C: f64 = 0.4;
/// Multiplicative decrease (RFC 9438 §4.6).
const BETA: f64 = 0.7;
/// Additive increase of the Reno-friendly estimate: 3(1 − β)/(1 + β) segments per round trip (RFC 9438 §4.3).
const ALPHA: f64 = 3.0 * (1.0 - BETA) / (1.0 + BETA);

/// State between two losses.
#[derive(Debug, Clone)]
pub(super) struct Cubic {
    /// Window before the last reduction, in segments.
    maximum: f64,
    /// Start of the epoch of growth.
    epoch: Option<Time>,
    /// Time from the epoch to the plateau, in seconds.
    k: f64,
    /// Window in the middle of the curve, in segments.
    origin: f64,
    /// What Reno would have, in segments.
    reno: f64,
    /// Growth not yet large enough for the window in whole bytes.
    fraction: f64,
}

impl Cubic {
    pub(super) const fn new() -> Self {
        Self { maximum: 0.0, epoch: None, k: 0.0, origin: 0.0, reno: 0.0, fraction: 0.0 }
    }

    pub(super) fn restart(&mut self) {
        self.epoch = None;
    }

    /// A timeout: the next congestion avoidance begins on the plateau, wherever slow start ends (§4.8).
    pub(super) fn on_timeout(&mut self) {
        self.maximum = 0.0;
        self.epoch = None;
    }

    /// The new threshold after a loss at window `size` bytes. Fast convergence (§4.7): a flow that lost below its last maximum
    /// gives way. The maximum is stored in bytes here and converted when the next epoch starts.
    pub(super) fn on_loss(&mut self, size: f64) -> f64 {
        self.maximum = if size < self.maximum { size * (1.0 + BETA) / 2.0 } else { size };
        self.epoch = None;
        size * BETA
    }

    /// The window after an acknowledgement in congestion avoidance (§4.2–4.5), in bytes.
    pub(super) fn target(&mut self, size: f64, mss: f64, acked: Acked) -> f64 {
        let segments = size / mss;
        let epoch = *self.epoch.get_or_insert_with(|| {
            let maximum = self.maximum / mss;
            self.origin = maximum.max(segments);
            self.k = libm::cbrt((self.origin - segments) / C);
            self.reno = segments;
            self.fraction = 0.0;
            acked.now
        });
        let count = acked.bytes as f64 / mss;
        let at = |t: f64| self.origin + C * (t - self.k) * (t - self.k) * (t - self.k);
        let elapsed = acked.now.since(epoch).as_secs_f64();
        // The window that the curve has one round trip from now, kept between the window and half again as much.
        let target = at(elapsed + acked.rtt.as_secs_f64()).clamp(segments, 1.5 * segments);
        let alpha = if self.reno >= self.origin { 1.0 } else { ALPHA };
        self.reno += alpha * count / segments;
        let grown = if at(elapsed) < self.reno {
            segments.max(self.reno)
        } else {
            segments + count * (target - segments) / segments
        };
        let bytes = grown * mss + self.fraction;
        self.fraction = bytes - libm::floor(bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::Span;

    /// Loss at 100 segments: 70 remain, K = cbrt(30 / 0.4) = 4.217 s. With a round trip of 100 ms the cubic curve is above Reno's
    /// estimate from the start (0.53 segments per round trip) until the plateau, and the window is back at 100 after K.
    #[test]
    fn the_window_returns_to_its_maximum_after_k() {
        let mut cubic = Cubic::new();
        let mut size = cubic.on_loss(100_000.0);
        assert!((size - 70_000.0).abs() < 1e-6);
        let rtt = Span::from_millis(100);
        let mut reached = None;
        for round in 0..60_u64 {
            let now = Time::ZERO + rtt * round;
            for _ in 0..(size / 1000.0) as u32 {
                let acked = Acked { bytes: 1000, now, rtt, sample: None, acknowledged: 0, next: 0 };
                size = size.max(cubic.target(size, 1000.0, acked));
            }
            if reached.is_none() && size >= 99_500.0 {
                reached = Some(round);
            }
        }
        let seconds = reached.expect("reached") as f64 / 10.0;
        assert!((3.0..4.6).contains(&seconds), "{seconds}");
    }

    /// §4.8: after a timeout the curve begins at its plateau with the window that slow start reached, whatever was before, so in the first
    /// round trip of 100 ms only Reno's estimate grows.
    #[test]
    fn after_a_timeout_growth_begins_on_the_plateau() {
        let mut cubic = Cubic::new();
        cubic.on_loss(100_000.0);
        cubic.on_timeout();
        let rtt = Span::from_millis(100);
        let acked = Acked { bytes: 1000, now: Time::ZERO, rtt, sample: None, acknowledged: 0, next: 0 };
        let grown = cubic.target(50_000.0, 1000.0, acked);
        assert!((0.0..=20.0).contains(&(grown - 50_000.0)), "{grown}");
        assert_eq!((cubic.origin, cubic.k), (50.0, 0.0));
    }

    #[test]
    fn a_second_loss_below_the_maximum_gives_way() {
        let mut cubic = Cubic::new();
        cubic.on_loss(100_000.0);
        cubic.on_loss(80_000.0);
        assert!((cubic.maximum - 68_000.0).abs() < 1e-6);
    }
}

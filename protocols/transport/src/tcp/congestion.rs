//! The congestion window: NewReno (RFC 5681) and CUBIC (RFC 9438). Windows are in bytes, times in nanoseconds.

use astrarium_node::{Span, Time};

use super::config::{Config, Congestion};
use super::cubic::Cubic;
use super::hystart::{HyStart, Seen, Verdict};

/// What the window needs to know about an acknowledgement of new data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acked {
    /// Weight that it took out of the network.
    pub(super) bytes: u64,
    /// Now.
    pub(super) now: Time,
    /// Smoothed round-trip time.
    pub(super) rtt: Span,
    /// Round-trip time that this acknowledgement measured, if it did.
    pub(super) sample: Option<Span>,
    /// Everything before this position is acknowledged.
    pub(super) acknowledged: u64,
    /// Next position to send.
    pub(super) next: u64,
}

/// Window, threshold, and the rule between them.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// Congestion window.
    pub(super) size: u64,
    /// Slow start below it; infinite until the first loss.
    pub(super) threshold: u64,
    mss: u64,
    limit: u64,
    counted: u64,
    slow_start: HyStart,
    cubic: Option<Cubic>,
}

impl Window {
    pub(super) fn new(config: &Config, mss: u64, segments: u32) -> Self {
        Self {
            size: u64::from(segments) * mss,
            threshold: u64::MAX,
            mss,
            limit: u64::from(config.byte_counting),
            counted: 0,
            slow_start: HyStart::new(config.slow_start),
            cubic: (config.congestion == Congestion::Cubic).then(Cubic::new),
        }
    }

    /// Slow start or congestion avoidance for one acknowledgement.
    pub(super) fn grow(&mut self, acked: Acked) {
        if self.size < self.threshold {
            self.grow_exponentially(acked);
        } else {
            self.avoid_congestion(acked);
        }
    }

    fn grow_exponentially(&mut self, acked: Acked) {
        let verdict = self.slow_start.on_ack(Seen {
            now: acked.now,
            rtt: acked.sample,
            acknowledged: acked.acknowledged,
            next: acked.next,
            window: self.size / self.mss,
        });
        let share = match verdict {
            Verdict::Grow => 1,
            Verdict::Slowly(share) => share,
            Verdict::Exit => {
                self.threshold = self.size;
                return self.avoid_congestion(acked);
            }
        };
        let most = if self.limit == 0 { self.mss } else { self.mss.saturating_mul(self.limit) };
        // A step may lead past the threshold, as RFC 5681 is written and ns-3 does it. With all bytes counted that is how a timeout that came too
        // early costs little: the next acknowledgement covers all that had arrived meanwhile. (Linux stops at the threshold.)
        let step = acked.bytes.min(most) / share;
        self.size += step;
    }

    fn avoid_congestion(&mut self, acked: Acked) {
        if let Some(cubic) = &mut self.cubic {
            let target = cubic.target(self.size as f64, self.mss as f64, acked);
            self.size = self.size.max(target as u64);
        } else if self.limit == 0 {
            self.size += (self.mss * self.mss / self.size).max(1);
        } else {
            self.counted += acked.bytes;
            if self.counted >= self.size {
                self.counted -= self.size;
                self.size += self.mss;
            }
        }
    }

    /// Loss was noticed with this much outstanding: sets the threshold. NewReno halves what is outstanding (RFC 5681 eq. 4); CUBIC
    /// takes 0.7 of the window, as its implementations do, since the window does not grow while it is not used.
    pub(super) fn reduce(&mut self, outstanding: u64) {
        let target = match &mut self.cubic {
            Some(cubic) => cubic.on_loss(self.size as f64) as u64,
            None => outstanding / 2,
        };
        self.threshold = target.max(2 * self.mss);
        self.counted = 0;
    }

    /// A timeout: back to one segment, and the path is measured anew.
    pub(super) fn collapse(&mut self) {
        self.size = self.mss;
        self.counted = 0;
        self.slow_start.on_timeout();
        if let Some(cubic) = &mut self.cubic {
            cubic.on_timeout();
        }
    }

    /// Forgets the epoch of cubic growth after idleness.
    pub(super) fn restart(&mut self) {
        self.counted = 0;
        if let Some(cubic) = &mut self.cubic {
            cubic.restart();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(config: &Config) -> Window {
        Window::new(config, 1000, 10)
    }

    fn ack(bytes: u64) -> Acked {
        let rtt = Span::from_millis(100);
        Acked { bytes, now: Time::ZERO, rtt, sample: None, acknowledged: 0, next: 0 }
    }

    #[test]
    fn slow_start_counts_acknowledgements_or_bytes() {
        for (limit, after) in [(0, 11_000), (1, 11_000), (2, 12_000), (Config::UNLIMITED, 14_000)] {
            let mut w = window(&Config { byte_counting: limit, ..Config::newreno() });
            w.grow(ack(4000));
            assert_eq!(w.size, after, "L = {limit}");
        }
    }

    #[test]
    fn avoidance_adds_a_segment_per_window() {
        let mut bytes = window(&Config { byte_counting: 2, ..Config::newreno() });
        bytes.threshold = 10_000;
        for _ in 0..5 {
            bytes.grow(ack(2000));
        }
        assert_eq!(bytes.size, 11_000);
        // Per acknowledgement: 10000 + 1000000/10000 + 1000000/10100 + …, five of them about half a segment.
        let mut acks = window(&Config::newreno());
        acks.threshold = 10_000;
        for _ in 0..5 {
            acks.grow(ack(2000));
        }
        assert_eq!(acks.size, 10_000 + 100 + 99 + 98 + 97 + 96);
    }

    #[test]
    fn loss_halves_what_is_outstanding_but_leaves_two_segments() {
        let mut w = window(&Config::newreno());
        w.reduce(9000);
        assert_eq!(w.threshold, 4500);
        w.reduce(1000);
        assert_eq!(w.threshold, 2000);
    }
}

//! Round-trip time and retransmission timeout (RFC 6298), in nanoseconds.

use astrarium_node::Span;

use super::config::Config;

/// Smoothed round-trip time, its variation, and how often the timer has backed off.
#[derive(Debug, Clone)]
pub(super) struct Rtt {
    /// What the last acknowledgement of new data measured, if it did.
    pub(super) latest: Option<Span>,
    /// The shortest so far.
    least: Option<Span>,
    smoothed: Option<Span>,
    variation: Span,
    backoff: u32,
}

/// Granularity of the timestamp clock, the G of RFC 6298.
pub(super) const GRANULARITY: Span = Span::from_millis(1);

impl Rtt {
    pub(super) const fn new() -> Self {
        Self { latest: None, least: None, smoothed: None, variation: Span::ZERO, backoff: 0 }
    }

    /// Takes one sample. The backoff stays until [`Rtt::progress`].
    pub(super) fn sample(&mut self, rtt: Span) {
        self.latest = Some(rtt);
        self.least = Some(self.least.map_or(rtt, |least| least.min(rtt)));
        match self.smoothed {
            None => {
                self.smoothed = Some(rtt);
                self.variation = rtt / 2;
            }
            Some(smoothed) => {
                let error = rtt.max(smoothed).saturating_sub(rtt.min(smoothed));
                self.variation = (self.variation * 3 + error) / 4;
                self.smoothed = Some((smoothed * 7 + rtt) / 8);
            }
        }
    }

    /// There is a new measurement: the timeout is the estimate again.
    pub(super) fn progress(&mut self) {
        self.backoff = 0;
    }

    /// The timer expired: double.
    pub(super) fn back_off(&mut self) {
        self.backoff = (self.backoff + 1).min(32);
    }

    /// Expirations since the last progress.
    pub(super) const fn backoff(&self) -> u32 {
        self.backoff
    }

    /// Whether this is too soon to be the answer to something sent so long ago.
    pub(super) fn too_soon(&self, age: Span) -> bool {
        self.least.is_some_and(|least| age < least)
    }

    pub(super) const fn smoothed(&self) -> Option<Span> {
        self.smoothed
    }

    /// The retransmission timeout with its backoff.
    pub(super) fn timeout(&self, config: &Config) -> Span {
        let base = match self.smoothed {
            None => config.initial_rto,
            Some(smoothed) => (smoothed + (self.variation * 4).max(GRANULARITY)).max(config.min_rto),
        };
        (base * (1_u64 << self.backoff)).min(config.max_rto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Span = Span::from_millis;

    /// By hand from RFC 6298 §2: first sample 100: srtt 100, var 50, rto 300. Second 200: var (3·50 + 100)/4 = 62.5,
    /// srtt (7·100 + 200)/8 = 112.5, rto 112.5 + 250 = 362.5.
    #[test]
    fn estimates_follow_rfc_6298() {
        let config = Config { min_rto: MS(200), ..Config::default() };
        let mut rtt = Rtt::new();
        assert_eq!(rtt.timeout(&config), Span::from_secs(1));
        rtt.sample(MS(100));
        assert_eq!(rtt.timeout(&config), MS(300));
        rtt.sample(MS(200));
        assert_eq!(rtt.timeout(&config), Span::from_micros(362_500));
        for _ in 0..50 {
            rtt.sample(MS(10));
        }
        assert_eq!(rtt.timeout(&config), MS(200));
    }

    #[test]
    fn backoff_doubles_up_to_the_limit_and_ends_with_progress_only() {
        let config = Config { min_rto: MS(200), ..Config::default() };
        let mut rtt = Rtt::new();
        rtt.sample(MS(100));
        rtt.back_off();
        rtt.back_off();
        assert_eq!(rtt.timeout(&config), MS(1200));
        rtt.sample(MS(100));
        assert_eq!(rtt.timeout(&config), (MS(100) + MS(150)) * 4);
        for _ in 0..60 {
            rtt.back_off();
        }
        assert_eq!(rtt.timeout(&config), Span::from_secs(60));
        rtt.progress();
        assert_eq!(rtt.timeout(&config), MS(250));
    }
}

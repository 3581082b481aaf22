//! Local clocks: offset and drift of each node.

use astrarium_node::{Domain, NodeId, Seed, Span, Time};

use crate::error::NetError;

/// Offsets are cut at this many standard deviations.
const MOST_SIGMAS: f64 = 8.0;
/// Parts per billion in one.
const BILLION: u64 = 1_000_000_000;
/// Largest drift: 10 % (100,000 ppm). Real quartz stays below 200 ppm.
const MOST_DRIFT_PPM: f64 = 100_000.0;
/// Largest standard deviation of the offset: 10 years.
const MOST_SIGMA: Span = Span::from_secs(10 * 365 * 86_400);

/// How the clocks of a network differ. The default is perfect clocks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ClockModel {
    /// Standard deviation of the normally distributed offset.
    pub offset_sigma: Span,
    /// Drift is uniform between minus and plus this, in parts per million.
    pub drift_ppm: f64,
}

/// One node's clock: local = global + offset + drift · global, rounded down to the nanosecond. It never runs backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clock {
    /// Local reading at global time zero, in nanoseconds.
    pub offset_ns: i64,
    /// Drift in parts per billion, above −10^9.
    pub drift_ppb: i32,
}

impl ClockModel {
    pub(crate) fn check(&self) -> Result<(), NetError> {
        if !(0.0..=MOST_DRIFT_PPM).contains(&self.drift_ppm) {
            let problem = format!("= {}", self.drift_ppm);
            return Err(NetError::config("clock.drift", problem, "give parts per million from 0 to 100000"));
        }
        if self.offset_sigma > MOST_SIGMA {
            let problem = format!("= {}", self.offset_sigma);
            return Err(NetError::config("clock.offset", problem, "give at most ten years"));
        }
        Ok(())
    }

    /// What a clock without offset reads at global time zero: eight standard deviations, so that no clock begins before its
    /// own zero. Differences between clocks are what matters; perfect clocks read global time.
    #[must_use]
    pub fn base(&self) -> Span {
        self.offset_sigma.scale(MOST_SIGMAS)
    }

    /// The clock of a node, a function of (`seed`, `node`).
    #[must_use]
    pub fn clock(&self, seed: Seed, node: NodeId) -> Clock {
        let mut draws = seed.stream(Domain::PLACEMENT, u64::from(node.0), 1);
        let sigmas = draws.normal().clamp(-MOST_SIGMAS, MOST_SIGMAS) + MOST_SIGMAS;
        let drift = self.drift_ppm.clamp(0.0, MOST_DRIFT_PPM) * 1e3 * (2.0 * draws.unit() - 1.0);
        Clock {
            // At most 16 · 10 years = 5.0e18 ns: `check` keeps sigma where this fits.
            offset_ns: self.offset_sigma.scale(sigmas).as_nanos().min(i64::MAX as u64) as i64,
            drift_ppb: libm::round(drift) as i32,
        }
    }
}

impl Clock {
    /// The reading at a global time; zero before the clock's own zero, saturating at [`Time::MAX`].
    #[inline]
    #[must_use]
    pub fn local(&self, global: Time) -> Time {
        let ns = global.as_nanos();
        if self.drift_ppb == 0 {
            return Time::from_nanos(ns.saturating_add_signed(self.offset_ns));
        }
        // floor(t·d/10^9) without 128-bit division: t = q·10^9 + r gives q·d + floor(r·d/10^9), and |d| < 2^31, q < 2^35.
        let drift = i64::from(self.drift_ppb);
        let (q, r) = ((ns / BILLION) as i64, (ns % BILLION) as i64);
        let gained = q.saturating_mul(drift) + (r * drift).div_euclid(BILLION as i64);
        // The two corrections may have different signs, so they are summed before they are cut off.
        let correction = i128::from(gained) + i128::from(self.offset_ns);
        let local = i128::from(ns) + correction;
        Time::from_nanos(u64::try_from(local.max(0)).unwrap_or(u64::MAX))
    }

    /// The earliest global time at which the clock reads at least `local`; saturating.
    #[must_use]
    pub fn global(&self, local: Time) -> Time {
        let elapsed = i128::from(local.as_nanos()) - i128::from(self.offset_ns);
        if elapsed <= 0 || local == Time::MAX {
            return if elapsed <= 0 { Time::ZERO } else { Time::MAX };
        }
        // floor(g·m/10^9) ≥ x  ⟺  g ≥ ceil(x·10^9/m), with m = 10^9 + drift > 0.
        let rate = i128::from(BILLION) + i128::from(self.drift_ppb);
        let numerator = elapsed * i128::from(BILLION) + rate - 1;
        Time::from_nanos(u64::try_from(numerator / rate).unwrap_or(u64::MAX))
    }

    /// The clock after it has been set forward (or back) by `ns`, as by a clock-step fault.
    #[must_use]
    pub fn stepped(self, ns: i64) -> Self {
        Self { offset_ns: self.offset_ns.saturating_add(ns), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_clock_that_gains_100_ppm_gains_8_64_seconds_a_day() {
        let clock = Clock { offset_ns: 5, drift_ppb: 100_000 };
        let day = Time::ZERO + Span::from_secs(86_400);
        assert_eq!(clock.local(day).as_nanos(), 86_400_000_000_000 + 8_640_000_000 + 5);
        assert_eq!(clock.global(clock.local(day)), day);
        let slow = Clock { offset_ns: 0, drift_ppb: -1 };
        assert_eq!([0, 1, 2].map(|t| slow.local(Time::from_nanos(t)).as_nanos()), [0, 0, 1]);
    }

    proptest! {
        /// `global` gives the earliest time that reads at least what was asked, and readings never fall.
        #[test]
        fn global_inverts_local_to_the_nanosecond(
            t in 0_u64..4_000_000_000_000_000_000,
            offset in -1_000_000_000_000_i64..1_000_000_000_000,
            drift in -100_000_000_i32..100_000_000,
        ) {
            let clock = Clock { offset_ns: offset, drift_ppb: drift };
            let reading = clock.local(Time::from_nanos(t));
            let earliest = clock.global(reading);
            prop_assert!(earliest <= Time::from_nanos(t));
            prop_assert!(clock.local(earliest) >= reading);
            if earliest > Time::ZERO {
                prop_assert!(clock.local(Time::from_nanos(earliest.as_nanos() - 1)) < reading);
            }
            prop_assert!(clock.local(Time::from_nanos(t + 1)) >= reading);
        }
    }

    /// 10,000 clocks: mean within five standard errors (1 in 2 million), spread within 5 % (7 standard errors).
    #[test]
    fn clocks_scatter_as_the_model_says() {
        let model = ClockModel { offset_sigma: Span::from_millis(20), drift_ppm: 50.0 };
        let clocks: Vec<Clock> = (0..10_000).map(|i| model.clock(Seed(3), NodeId(i))).collect();
        let offsets: Vec<f64> = clocks.iter().map(|c| c.offset_ns as f64 / 1e6 - 160.0).collect();
        let mean = offsets.iter().sum::<f64>() / 1e4;
        let sd = (offsets.iter().map(|o| o * o).sum::<f64>() / 1e4).sqrt();
        assert!(mean.abs() < 5.0 * 0.2, "mean {mean} ms");
        assert!((sd / 20.0 - 1.0).abs() < 0.05, "sd {sd} ms");
        assert!(clocks.iter().all(|c| c.drift_ppb.abs() <= 50_000 && c.offset_ns >= 0));
        let rms = (clocks.iter().map(|c| f64::from(c.drift_ppb) * f64::from(c.drift_ppb)).sum::<f64>() / 1e4)
            .sqrt();
        // Uniform on ±50 ppm: 50/√3 = 28.87 ppm; standard error of the rms 0.45 %.
        assert!((rms / 28_867.5 - 1.0).abs() < 0.03, "drift rms {rms}");
        assert_eq!(ClockModel::default().clock(Seed(3), NodeId(1)), Clock::default());
    }
}

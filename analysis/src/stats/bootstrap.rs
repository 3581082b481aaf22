//! Percentile bootstrap with a fixed seed, for small or oddly shaped samples.

use super::{Interval, Method, mean, quantile_sorted, sorted};

const RESAMPLES: usize = 2_000;

/// A small counter-based generator (SplitMix64, Steele, Lea, Flood 2014): resampling needs no more, and a figure must not
/// change with the version of a random-number crate.
struct Resampler(u64);

impl Resampler {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Uniform in 0..n by multiplication; the bias of n / 2^64 is far below anything 2,000 resamples can show.
    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next()) * n as u128) >> 64) as usize
    }
}

/// Percentile-bootstrap interval of the mean (Efron 1979), 2,000 resamples, reproducible for a given `seed`.
///
/// `None` below two values or for a `confidence` not inside 0..1.
#[must_use]
pub fn bootstrap_mean(values: &[f64], confidence: f64, seed: u64) -> Option<Interval> {
    bootstrap(values, confidence, seed, mean)
}

/// Percentile-bootstrap interval of the `p`-quantile (type 7); otherwise as [`bootstrap_mean`].
#[must_use]
pub fn bootstrap_quantile(values: &[f64], p: f64, confidence: f64, seed: u64) -> Option<Interval> {
    bootstrap(values, confidence, seed, |sample| super::quantile(sample, p))
}

fn bootstrap(
    values: &[f64],
    confidence: f64,
    seed: u64,
    statistic: impl Fn(&[f64]) -> Option<f64>,
) -> Option<Interval> {
    if values.len() < 2 || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let mut draw = Resampler(seed);
    let mut sample = vec![0.0; values.len()];
    let mut figures = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        sample.fill_with(|| values[draw.below(values.len())]);
        figures.push(statistic(&sample)?);
    }
    let figures = sorted(&figures);
    let lo = quantile_sorted(&figures, 0.5 - 0.5 * confidence)?;
    let hi = quantile_sorted(&figures, 0.5 + 0.5 * confidence)?;
    Some(Interval { lo, hi, confidence, method: Method::Bootstrap })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_a_uniform_grid_has_the_interval_of_the_central_limit_theorem() {
        // 0, 1, …, 99: standard error of the mean 28.866 / 10; ±1.96 of it, Monte Carlo error of the ends about 0.15.
        let grid: Vec<f64> = (0..100).map(f64::from).collect();
        let got = bootstrap_mean(&grid, 0.95, 7).unwrap();
        assert!((got.lo - (49.5 - 5.658)).abs() < 0.6 && (got.hi - (49.5 + 5.658)).abs() < 0.6, "{got:?}");
        assert_eq!(bootstrap_mean(&grid, 0.95, 7), Some(got), "same seed, same interval");
        assert_ne!(bootstrap_mean(&grid, 0.95, 8), Some(got), "the seed matters");
    }

    #[test]
    fn the_median_stays_inside_the_sample_and_one_value_is_too_few() {
        let got = bootstrap_quantile(&[1.0, 2.0, 50.0, 60.0, 61.0], 0.5, 0.9, 1).unwrap();
        assert!(got.lo >= 1.0 && got.hi <= 61.0 && got.lo < got.hi);
        assert_eq!(bootstrap_mean(&[1.0], 0.95, 1), None);
    }
}

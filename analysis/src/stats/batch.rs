//! Steady-state series: warm-up removal and batch means.

use super::{Interval, Method, mean, student, variance};

/// Observations per MSER batch; 5 as in White, Cobb, Spratt 2000 ("MSER-5").
const MSER_BATCH: usize = 5;

/// A series of this many truncated observations or fewer gets no batch-means interval.
const LEAST_BATCHES: usize = 10;

/// Number of leading observations to discard as warm-up, by MSER-5 (White 1997; White, Cobb, Spratt 2000): of all truncation
/// points in the first half, the one whose remainder has the narrowest interval of the mean, counted in batches of five.
///
/// `None` when the minimum lies at the end of the searched half: the series has not settled, and no mean of it is a
/// steady-state figure. A series shorter than ten observations is returned whole (`Some(0)`).
#[must_use]
pub fn mser_truncation(series: &[f64]) -> Option<usize> {
    let batches: Vec<f64> = series.chunks_exact(MSER_BATCH).filter_map(mean).collect();
    let m = batches.len();
    if m < 2 {
        return Some(0);
    }
    let last = m / 2;
    let marginal_error = |cut: usize| {
        let rest = &batches[cut..];
        let n = rest.len() as f64;
        // Population variance over n: the square of MSER's marginal standard error, n · s² / n² with divisor n.
        variance(rest).map_or(f64::INFINITY, |v| v * (n - 1.0) / (n * n))
    };
    let mut best = (0, marginal_error(0));
    for cut in 1..=last {
        let error = marginal_error(cut);
        if error < best.1 {
            best = (cut, error);
        }
    }
    (best.0 < last || last == 0).then_some(best.0 * MSER_BATCH)
}

/// A steady-state mean with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BatchMeans {
    /// Observations discarded as warm-up.
    pub discarded: usize,
    /// Batches used.
    pub batches: usize,
    /// Mean of the batches.
    pub mean: f64,
    /// Student's interval over the batch means.
    pub interval: Interval,
}

/// Mean of a steady-state series with an interval from `batches` non-overlapping batch means after MSER-5 removed the warm-up
/// (Conway 1963; Schmeiser 1982 advises 10 to 30 batches: more make the batches dependent, fewer waste information).
/// What does not fill the batches is discarded with the warm-up, at the front.
///
/// `None` when the series has not settled, when fewer than two observations per batch remain, or for fewer than 10 batches.
#[must_use]
pub fn batch_means(series: &[f64], batches: usize, confidence: f64) -> Option<BatchMeans> {
    if batches < LEAST_BATCHES {
        return None;
    }
    let warm = mser_truncation(series)?;
    let size = (series.len() - warm) / batches;
    if size < 2 {
        return None;
    }
    let discarded = series.len() - size * batches;
    let means: Vec<f64> = series[discarded..].chunks_exact(size).filter_map(mean).collect();
    let centre = mean(&means)?;
    let interval = student(centre, variance(&means)?.sqrt(), means.len(), confidence)?;
    let interval = Interval { method: Method::BatchMeans, ..interval };
    Some(BatchMeans { discarded, batches: means.len(), mean: centre, interval })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A decaying start on a repeating pattern: warm-up 100, level 10.
    fn series(warm: usize, steady: usize) -> Vec<f64> {
        let wobble = |i: usize| [0.3, -0.1, -0.4, 0.2, 0.0, 0.5, -0.5][i % 7];
        let start = (0..warm).map(|i| 10.0 + 50.0 * (1.0 - i as f64 / warm as f64) + wobble(i));
        start.chain((0..steady).map(|i| 10.0 + wobble(i))).collect()
    }

    #[test]
    fn mser_cuts_where_the_transient_ends() {
        let cut = mser_truncation(&series(100, 900)).unwrap();
        assert!((90..=105).contains(&cut), "{cut}");
        assert_eq!(mser_truncation(&[1.0, 2.0]), Some(0));
    }

    #[test]
    fn a_series_that_never_settles_is_refused() {
        let ramp: Vec<f64> = (0..500).map(f64::from).collect();
        assert_eq!(mser_truncation(&ramp), None);
        assert_eq!(batch_means(&ramp, 10, 0.95), None);
    }

    #[test]
    fn the_warm_up_does_not_bias_the_mean() {
        let got = batch_means(&series(100, 900), 20, 0.95).unwrap();
        assert!((got.mean - 10.0).abs() < 0.1 && got.interval.contains(got.mean), "{got:?}");
        assert_eq!(got.batches, 20);
        assert!(batch_means(&series(100, 900), 5, 0.95).is_none(), "too few batches");
        assert!(batch_means(&[1.0; 12], 10, 0.95).is_none(), "too few observations");
    }
}

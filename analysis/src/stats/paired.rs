//! Comparison of two variants that share their random numbers.

use super::{Interval, mean, student, variance};

/// Mean difference of two variants over replicas with the same seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    /// Pairs where both variants observed the metric.
    pub n: usize,
    /// Mean of second − first.
    pub difference: f64,
    /// Student's interval of the difference; `None` for one pair.
    pub interval: Option<Interval>,
    /// Variance of the unpaired difference over that of the paired one: how much the common random numbers saved. `None` when the
    /// pairs do not scatter at all.
    pub gain: Option<f64>,
}

/// Compares replica by replica (common random numbers; Law 2015, §11.2). Replicas where either value is absent are skipped.
///
/// `None` when no pair is complete.
#[must_use]
pub fn paired(first: &[Option<f64>], second: &[Option<f64>], confidence: f64) -> Option<Paired> {
    let pairs: Vec<(f64, f64)> = first.iter().zip(second).filter_map(|(a, b)| Some(((*a)?, (*b)?))).collect();
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| b - a).collect();
    let difference = mean(&differences)?;
    let together = variance(&differences);
    let interval = together.and_then(|v| student(difference, v.sqrt(), pairs.len(), confidence));
    let column = |pick: fn(&(f64, f64)) -> f64| variance(&pairs.iter().map(pick).collect::<Vec<_>>());
    let apart = column(|p| p.0).zip(column(|p| p.1)).map(|(a, b)| a + b);
    let gain = apart.zip(together).filter(|(_, t)| *t > 0.0).map(|(a, t)| a / t);
    Some(Paired { n: pairs.len(), difference, interval, gain })
}

#[cfg(test)]
mod tests {
    use super::paired;

    #[test]
    fn a_common_shift_is_found_although_the_runs_scatter_widely() {
        let first: Vec<Option<f64>> = [10.0, 90.0, 40.0, 70.0].map(Some).to_vec();
        let second: Vec<Option<f64>> = [11.0, 90.9, 41.1, 71.0].map(Some).to_vec();
        let got = paired(&first, &second, 0.95).unwrap();
        let interval = got.interval.unwrap();
        assert!((got.difference - 1.0).abs() < 1e-12 && interval.lo > 0.8 && interval.hi < 1.2, "{got:?}");
        assert!(got.gain.unwrap() > 1e5);
    }

    #[test]
    fn incomplete_pairs_are_skipped() {
        let got = paired(&[Some(1.0), None, Some(2.0)], &[Some(2.0), Some(9.0), None], 0.95).unwrap();
        assert_eq!((got.n, got.difference, got.interval), (1, 1.0, None));
        assert_eq!(paired(&[None], &[Some(1.0)], 0.95), None);
    }
}

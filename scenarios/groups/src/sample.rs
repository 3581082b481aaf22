//! Quantiles of what was measured within one run.

use astrarium_runner::quantile_sorted;

/// Values in the order they were seen; sorted once, when asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Mean; `None` of nothing.
    pub(crate) fn mean(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.sorted().iter().sum::<f64>() / self.0.len() as f64)
    }

    /// The values in order: sums and quantiles must not depend on who was seen first.
    fn sorted(&self) -> Vec<f64> {
        astrarium_runner::sorted(&self.0)
    }

    /// Quantiles of type 7; `None` of nothing.
    pub(crate) fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        let sorted = self.sorted();
        (!sorted.is_empty()).then(|| shares.map(|share| quantile_sorted(&sorted, share).unwrap_or(f64::NAN)))
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn quantiles_interpolate() {
        let mut sample = Sample::default();
        assert_eq!((sample.mean(), sample.quantiles([0.5])), (None, None));
        (1..=10).rev().for_each(|value| sample.push(f64::from(value)));
        let quantiles = sample.quantiles([0.0, 0.5, 0.9, 0.99, 1.0]).unwrap();
        for (got, want) in quantiles.into_iter().zip([1.0, 5.5, 9.1, 9.91, 10.0]) {
            assert!((got - want).abs() < 1e-12, "{got} is not {want}");
        }
        assert_eq!(sample.mean(), Some(5.5));
    }
}

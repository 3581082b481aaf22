//! Quantiles of what was measured within one run.

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
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// Nearest-rank quantiles; empty of nothing.
    pub(crate) fn quantiles<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        let sorted = self.sorted();
        let last = sorted.len().checked_sub(1)?;
        Some(shares.map(|share| {
            let rank = libm::ceil(share * sorted.len() as f64) as usize;
            sorted[rank.saturating_sub(1).min(last)]
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let mut sample = Sample::default();
        assert_eq!((sample.mean(), sample.quantiles([0.5])), (None, None));
        (1..=10).rev().for_each(|value| sample.push(f64::from(value)));
        assert_eq!(sample.quantiles([0.0, 0.5, 0.9, 0.99, 1.0]), Some([1.0, 5.0, 9.0, 10.0, 10.0]));
        assert_eq!(sample.mean(), Some(5.5));
    }
}

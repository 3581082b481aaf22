//! Order statistics: the one definition that systems use within a run and the analysis uses over runs.

/// A sorted copy (total order; NaN last).
#[must_use]
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut copy = values.to_vec();
    copy.sort_by(f64::total_cmp);
    copy
}

/// The `p`-quantile of a sample by linear interpolation of order statistics, type 7 of Hyndman & Fan 1996
/// (the default of R and NumPy): position (n − 1)·p counted from zero. `None` of nothing or for `p` outside 0..=1.
#[must_use]
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    quantile_sorted(&sorted(values), p)
}

/// [`quantile`] of a sample that is already sorted.
#[must_use]
pub fn quantile_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let position = (sorted.len() - 1) as f64 * p;
    let below = position.floor();
    let index = below as usize;
    let low = sorted[index];
    let high = sorted[(index + 1).min(sorted.len() - 1)];
    // Equal neighbours, also infinite ones, must not become NaN by the difference.
    Some(if low == high { low } else { low + (position - below) * (high - low) })
}

#[cfg(test)]
mod tests {
    use super::quantile;

    // R: quantile(c(1, 3, 6, 10, 15), c(.05, .5, .95, .99), type = 7)
    #[test]
    fn type_seven_as_in_r() {
        let sample = [15.0, 1.0, 10.0, 3.0, 6.0];
        for (p, want) in [(0.0, 1.0), (0.05, 1.4), (0.5, 6.0), (0.95, 14.0), (0.99, 14.8), (1.0, 15.0)] {
            assert!((quantile(&sample, p).unwrap() - want).abs() < 1e-12, "{p}");
        }
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[7.0], 0.3), Some(7.0));
        assert_eq!(quantile(&[f64::INFINITY; 2], 0.5), Some(f64::INFINITY));
        assert_eq!(quantile(&[1.0], 1.1), None);
    }
}

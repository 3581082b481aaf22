//! Compensated reductions in input order.

/// Sum in input order with Neumaier's compensation (Neumaier 1974, "Rundungsfehleranalyse einiger Verfahren zur Summation
/// endlicher Summen"): the error does not grow with the number of terms.
#[must_use]
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut total = 0.0_f64;
    let mut lost = 0.0_f64;
    for value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() { (total - next) + value } else { (value - next) + total };
        total = next;
    }
    // An infinite term makes the compensation NaN; the plain total is then the honest answer.
    if lost.is_finite() { total + lost } else { total }
}

/// Arithmetic mean, `None` of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| sum(values.iter().copied()) / values.len() as f64)
}

/// Unbiased sample variance (divisor n − 1) by two passes, `None` below two values.
#[must_use]
pub fn variance(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let centre = mean(values)?;
    let squares = sum(values.iter().map(|v| (v - centre) * (v - centre)));
    // The second term removes what the rounding of `centre` left (Chan, Golub, LeVeque 1983).
    let drift = sum(values.iter().map(|v| v - centre));
    let n = values.len() as f64;
    Some(((squares - drift * drift / n) / (n - 1.0)).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_beside_large_ones() {
        assert_eq!(sum([1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
    }

    #[test]
    fn infinite_terms_stay_infinite() {
        assert_eq!(sum([1.0, f64::INFINITY]), f64::INFINITY);
    }

    #[test]
    fn variance_of_a_far_shifted_sample_is_that_of_the_sample() {
        let shifted: Vec<f64> = [4.0, 7.0, 13.0, 16.0].iter().map(|v| v + 1e9).collect();
        assert_eq!(variance(&shifted), Some(30.0));
        assert_eq!(variance(&[1.0]), None);
        assert_eq!(mean(&[]), None);
    }
}

//! Confidence intervals of proportions and means.

use super::{normal_quantile, student_quantile};

/// How an interval was made; its text is the `ci_method` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Wilson's score interval of a proportion.
    Wilson,
    /// Student's interval of a mean.
    Student,
    /// Percentile bootstrap with a fixed seed.
    Bootstrap,
    /// Student's interval over batch means of one steady-state series.
    BatchMeans,
}

impl Method {
    /// Stable name, as written to `summary.csv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wilson => "wilson",
            Self::Student => "student",
            Self::Bootstrap => "bootstrap",
            Self::BatchMeans => "batch-means",
        }
    }
}

/// A two-sided confidence interval.
///
/// Either end alone is the end of a one-sided interval of confidence (1 + c) / 2, which is how gates use it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// Two-sided confidence in 0..1, for example 0.95.
    pub confidence: f64,
    /// How it was made.
    pub method: Method,
}

impl Interval {
    /// True when `value` is inside, ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.lo <= value && value <= self.hi
    }
}

/// Wilson's score interval for `successes` of `n` trials (Wilson 1927; recommended for all n by Brown, Cai, DasGupta 2001).
///
/// `None` when `n` is zero, `successes` exceeds it, or `confidence` is not inside 0..1.
#[must_use]
pub fn wilson(successes: u64, n: u64, confidence: f64) -> Option<Interval> {
    if n == 0 || successes > n || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let z = normal_quantile(0.5 + 0.5 * confidence);
    let trials = n as f64;
    let p = successes as f64 / trials;
    let scale = 1.0 + z * z / trials;
    let centre = (p + z * z / (2.0 * trials)) / scale;
    let half = z * (p * (1.0 - p) / trials + z * z / (4.0 * trials * trials)).sqrt() / scale;
    // At the ends the formula gives 0 and 1 up to rounding; an end that excludes what was seen would be absurd.
    let lo = if successes == 0 { 0.0 } else { (centre - half).max(0.0) };
    let hi = if successes == n { 1.0 } else { (centre + half).min(1.0) };
    Some(Interval { lo, hi, confidence, method: Method::Wilson })
}

/// Student's interval of a mean from the sample's mean, standard deviation (divisor n − 1) and size.
///
/// `None` for fewer than two values – one run says nothing about scatter – or a `confidence` not inside 0..1.
#[must_use]
pub fn student(mean: f64, deviation: f64, n: usize, confidence: f64) -> Option<Interval> {
    if n < 2 || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    let freedom = (n - 1) as f64;
    let half = student_quantile(0.5 + 0.5 * confidence, freedom) * deviation / (n as f64).sqrt();
    Some(Interval { lo: mean - half, hi: mean + half, confidence, method: Method::Student })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Ends computed with 30 digits; 81/263, 15/148 and 1/29 are the worked examples of Newcombe 1998, table I.
    #[test]
    fn wilson_matches_newcombe() {
        for (k, n, c, lo, hi) in [
            (0, 10, 0.95, 0.0, 0.277_532_799_863),
            (3, 10, 0.95, 0.107_791_267_406, 0.603_221_852_539),
            (10, 10, 0.95, 0.722_467_200_137, 1.0),
            (81, 263, 0.95, 0.255_288_519_878, 0.366_209_576_983),
            (15, 148, 0.95, 0.062_386_399_530_7, 0.160_487_241_723),
            (1, 29, 0.95, 0.006_113_214_292_76, 0.171_755_218_793),
            (40, 2000, 0.99, 0.013_381_873_220_2, 0.029_792_346_837_4),
        ] {
            let got = wilson(k, n, c).unwrap();
            assert!((got.lo - lo).abs() < 1e-11 && (got.hi - hi).abs() < 1e-11, "{k}/{n}: {got:?}");
        }
        assert_eq!(wilson(0, 0, 0.95), None);
        assert_eq!(wilson(3, 2, 0.95), None);
        assert_eq!(wilson(1, 2, 1.0), None);
    }

    #[test]
    fn student_needs_two_values() {
        assert_eq!(student(1.0, 0.0, 1, 0.95), None);
        // t(0.975, 4) = 2.776 445 105, times 1.581 138 830 / √5.
        let got = student(3.0, 1.581_138_830_084_19, 5, 0.95).unwrap();
        assert!((got.lo - 1.036_756_838_522_44).abs() < 1e-9 && (got.hi - 4.963_243_161_477_56).abs() < 1e-9);
    }
}

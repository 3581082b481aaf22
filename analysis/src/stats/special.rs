//! Normal, Student and beta distributions, from `libm` alone so that they agree bit for bit on every platform.

use core::f64::consts::{PI, SQRT_2};

/// ln Γ(x) for x > 0.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// ln of the binomial coefficient C(n, k); −∞ when k > n.
///
/// For small k the product is summed term by term: the difference of three large log-gammas would lose digits.
#[must_use]
pub fn ln_choose(n: u64, k: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    let k = k.min(n - k);
    if k <= 256 {
        let terms = (0..k).map(|i| libm::log((n - i) as f64 / (i + 1) as f64));
        return super::sum(terms);
    }
    let (n, k) = (n as f64, k as f64);
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

/// P(Z ≤ z) of the standard normal distribution.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// P(Z > z) of the standard normal distribution, accurate far into the tail.
#[must_use]
pub fn normal_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// The z with P(Z ≤ z) = p; ±∞ at the ends, NaN outside 0..=1.
///
/// Bisection on the tail function to 64 halvings, then Newton steps: slow beside rational fits, but its error is that of `erfc` alone.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let (mut low, mut high) = (-40.0, 0.0);
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if normal_cdf(middle) < p { low = middle } else { high = middle }
    }
    let mut z = 0.5 * (low + high);
    for _ in 0..2 {
        let density = libm::exp(-0.5 * z * z) / (2.0 * PI).sqrt();
        if density > 0.0 {
            z -= (normal_cdf(z) - p) / density;
        }
    }
    z
}

/// The regularised incomplete beta function I_x(a, b), a, b > 0, by its continued fraction
/// (Abramowitz & Stegun 26.5.8, evaluated by Lentz's method).
#[must_use]
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast left of the mean; right of it the mirror image does.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let ln_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * libm::log(x) + b * libm::log1p(-x);
    libm::exp(ln_front) * beta_fraction(a, b, x) / a
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..20_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let step = d * c;
        fraction *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// P(T > t) of Student's distribution with `freedom` > 0 degrees of freedom, accurate far into the tail.
#[must_use]
pub fn student_tail(t: f64, freedom: f64) -> f64 {
    if t < 0.0 {
        return 1.0 - student_tail(-t, freedom);
    }
    if t.is_infinite() {
        return 0.0;
    }
    0.5 * incomplete_beta(0.5 * freedom, 0.5, freedom / (freedom + t * t))
}

/// P(T ≤ t) of Student's distribution with `freedom` > 0 degrees of freedom.
#[must_use]
pub fn student_cdf(t: f64, freedom: f64) -> f64 {
    student_tail(-t, freedom)
}

/// The t with P(T ≤ t) = p for `freedom` degrees of freedom; ±∞ at the ends, NaN outside 0..=1 or for freedom ≤ 0.
#[must_use]
pub fn student_quantile(p: f64, freedom: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || freedom.is_nan() || freedom <= 0.0 {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if p < 0.5 {
        return -student_quantile(1.0 - p, freedom);
    }
    let tail = 1.0 - p;
    let mut high = 1.0;
    while student_tail(high, freedom) > tail && high < 1e300 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle == low || middle == high {
            break;
        }
        if student_tail(middle, freedom) > tail { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64, tolerance: f64) {
        assert!((got - want).abs() <= tolerance * want.abs().max(1.0), "{got} instead of {want}");
    }

    // Values computed with 30 digits from erfinv.
    #[test]
    fn normal_quantiles_match_high_precision_values() {
        for (p, z) in [
            (0.5, 0.0),
            (0.8, 0.841_621_233_572_914_4),
            (0.95, 1.644_853_626_951_472_3),
            (0.975, 1.959_963_984_540_053_9),
            (0.995, 2.575_829_303_548_900_5),
            (0.9995, 3.290_526_731_491_926),
            (1e-10, -6.361_340_902_404_056),
        ] {
            close(normal_quantile(p), z, 1e-12);
        }
        assert!(normal_quantile(1.5).is_nan() && normal_quantile(f64::NAN).is_nan());
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
    }

    // The printed table of every textbook (two-sided 80 %, 95 %, 99 %), to its printed digits.
    #[test]
    fn student_quantiles_match_the_printed_table() {
        for (freedom, row) in [
            (1.0, [3.078, 12.706, 63.657]),
            (2.0, [1.886, 4.303, 9.925]),
            (5.0, [1.476, 2.571, 4.032]),
            (10.0, [1.372, 2.228, 3.169]),
            (30.0, [1.310, 2.042, 2.750]),
            (100.0, [1.290, 1.984, 2.626]),
        ] {
            for (p, want) in [0.9, 0.975, 0.995].into_iter().zip(row) {
                assert!((student_quantile(p, freedom) - want).abs() <= 5.01e-4, "{freedom} {p}");
            }
        }
        close(student_quantile(0.975, 1999.0), 1.961_151_420_170_56, 1e-12);
        close(student_quantile(0.005, 3.0), -5.840_909_309_733_36, 1e-12);
        assert!(student_quantile(0.5, 0.0).is_nan());
    }

    #[test]
    fn incomplete_beta_matches_high_precision_values() {
        for (a, b, x, want) in [
            (0.5, 0.5, 0.3, 0.369_010_119_565_545_4),
            (2.0, 3.0, 0.4, 0.5248),
            (10.0, 0.5, 0.9, 0.151_640_909_634_71),
            (1000.0, 0.5, 0.999, 0.157_247_274_266_723_83),
            (50.0, 60.0, 0.45, 0.464_235_291_430_603_6),
        ] {
            close(incomplete_beta(a, b, x), want, 1e-11);
        }
    }

    #[test]
    fn binomial_coefficients_agree_between_the_sum_and_the_gamma_form() {
        // C(1000, 300) computed with integers.
        close(ln_choose(1000, 300), 607.271_496_264_374_8, 1e-12);
        close(libm::exp(ln_choose(52, 5)), 2_598_960.0, 1e-12);
        assert_eq!(ln_choose(3, 4), f64::NEG_INFINITY);
        assert_eq!(ln_choose(3, 0), 0.0);
    }
}

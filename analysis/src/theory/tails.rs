//! Tails of the binomial and hypergeometric distributions, in log space.
//!
//! Source: Feller, "An Introduction to Probability Theory and Its Applications" I, chapters II.6 and VI. All terms are positive, so
//! tails far below 1e-300 only underflow; they never turn negative.

use crate::stats::{ln_choose, sum};

/// P(X ≥ k) for X binomial with n trials of probability p. 1 for k = 0; `None` when p is not in 0..=1.
#[must_use]
pub fn binomial_at_least(n: u64, p: f64, k: u64) -> Option<f64> {
    if !(0.0..=1.0).contains(&p) {
        return None;
    }
    if k == 0 || k > n {
        return Some(if k == 0 { 1.0 } else { 0.0 });
    }
    if p == 0.0 || p == 1.0 {
        return Some(p);
    }
    let (log_p, log_q) = (libm::log(p), libm::log1p(-p));
    let term = |i: u64| libm::exp(ln_choose(n, i) + i as f64 * log_p + (n - i) as f64 * log_q);
    let odds = p / (1.0 - p);
    let up = |i: u64| (n - i) as f64 / (i + 1) as f64 * odds;
    Some(walk_tail(k, n, term, up))
}

/// P(X ≤ k), otherwise as [`binomial_at_least`].
#[must_use]
pub fn binomial_at_most(n: u64, p: f64, k: u64) -> Option<f64> {
    if k >= n { binomial_at_least(n, p, 0) } else { binomial_at_least(n, 1.0 - p, n - k) }
}

/// P(X ≥ k) for the number X of marked items among n drawn without replacement from `population` of which `marked` are marked:
/// Σ_{i ≥ k} C(marked, i) C(population − marked, n − i) / C(population, n).
///
/// `None` when more is marked or drawn than there is.
#[must_use]
pub fn hypergeometric_at_least(population: u64, marked: u64, n: u64, k: u64) -> Option<f64> {
    if marked > population || n > population {
        return None;
    }
    let plain = population - marked;
    let least = n.saturating_sub(plain);
    let most = n.min(marked);
    if k <= least || k > most {
        return Some(if k <= least { 1.0 } else { 0.0 });
    }
    let all = ln_choose(population, n);
    let term = |i: u64| libm::exp(ln_choose(marked, i) + ln_choose(plain, n - i) - all);
    let up = |i: u64| {
        let (have, rest) = ((marked - i) as f64, (n - i) as f64);
        have * rest / ((i + 1) as f64 * (plain + i + 1 - n) as f64)
    };
    Some(walk_tail(k, most, term, up))
}

/// Σ_{i=k}^{last} of a unimodal distribution: `term` gives one probability, `up(i)` the ratio of the next to it. Starts at the largest
/// term of the tail, so that nothing underflows before it matters, and stops where terms no longer count.
fn walk_tail(k: u64, last: u64, term: impl Fn(u64) -> f64, up: impl Fn(u64) -> f64) -> f64 {
    let peak = peak_of(k, last, &up);
    let top = term(peak);
    let rising = (k..peak).rev().scan(top, |value, i| {
        *value /= up(i);
        (*value > top * 1e-20).then_some(*value)
    });
    let falling = (peak..last).scan(top, |value, i| {
        *value *= up(i);
        (*value > top * 1e-20).then_some(*value)
    });
    (top + sum(falling) + sum(rising)).min(1.0)
}

/// First i in k..=last from which the terms fall (the ratio `up` decreases in i).
fn peak_of(k: u64, last: u64, up: &impl Fn(u64) -> f64) -> u64 {
    let (mut low, mut high) = (k, last);
    while low < high {
        let middle = low + (high - low) / 2;
        if up(middle) > 1.0 { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: Option<f64>, want: f64, relative: f64) {
        let got = got.unwrap();
        assert!((got - want).abs() <= relative * want, "{got} instead of {want}");
    }

    // Rational arithmetic.
    #[test]
    fn binomial_tails_match_exact_sums() {
        close(binomial_at_least(10, 0.5, 9), 0.010_742_187_5, 1e-13);
        close(binomial_at_least(21, 0.1, 8), 0.000_612_680_457_857_54, 1e-12);
        close(binomial_at_least(2000, 0.001, 6), 0.016_509_480_419_861_84, 1e-11);
        close(binomial_at_least(100, 0.9, 85), 0.960_109_472_888_916_7, 1e-12);
        close(binomial_at_most(7, 0.7, 3), 0.126_036, 1e-12);
        close(binomial_at_least(1_000_000, 0.5, 500_000), 0.500_398_942_213_911_1, 1e-9);
    }

    #[test]
    fn binomial_ends() {
        assert_eq!(binomial_at_least(5, 0.3, 0), Some(1.0));
        assert_eq!(binomial_at_least(5, 0.3, 6), Some(0.0));
        assert_eq!(binomial_at_least(5, 0.0, 1), Some(0.0));
        assert_eq!(binomial_at_least(5, 1.0, 5), Some(1.0));
        assert_eq!(binomial_at_most(5, 0.3, 5), Some(1.0));
        assert_eq!(binomial_at_least(5, 1.3, 1), None);
    }

    // Integer arithmetic.
    #[test]
    fn hypergeometric_tails_match_exact_sums_up_to_ten_million_items() {
        for (marked, want) in [
            (500, 1.742_607_237_964_632e-11),
            (1_000, 8.816_055_070_129_38e-9),
            (5_000, 0.010_711_441_172_263_571),
            (9_000, 0.736_118_339_834_827_9),
        ] {
            close(hypergeometric_at_least(10_000, marked, 10, 9), want, 1e-12);
        }
        close(hypergeometric_at_least(10_000_000, 5_000_000, 10, 9), 0.010_742_156_738_296_631, 1e-12);
        close(hypergeometric_at_least(10_000_000, 9_000_000, 20, 18), 0.676_926_833_707_564_6, 1e-12);
    }

    #[test]
    fn hypergeometric_ends() {
        assert_eq!(hypergeometric_at_least(10, 8, 5, 3), Some(1.0), "only two are unmarked");
        assert_eq!(hypergeometric_at_least(10, 2, 5, 3), Some(0.0));
        assert_eq!(hypergeometric_at_least(10, 11, 5, 3), None);
        assert_eq!(hypergeometric_at_least(10, 5, 11, 3), None);
    }
}

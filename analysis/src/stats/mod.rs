//! Statistics of replicas: proportions, means, order statistics, steady-state series, paired comparisons.
//!
//! Every reduction walks its input in run order and adds with compensation ([`sum`]), so a figure depends neither on the
//! number of threads nor on the platform. Transcendental functions come from `libm`.

mod batch;
mod bootstrap;
mod describe;
mod interval;
mod paired;
mod special;
mod sum;

pub use astrarium_runner::{quantile, quantile_sorted, sorted};
pub use batch::{BatchMeans, batch_means, mser_truncation};
pub use bootstrap::{bootstrap_mean, bootstrap_quantile};
pub use describe::{Description, Shape};
pub use interval::{Interval, Method, student, wilson};
pub use paired::{Paired, paired};
pub use special::{
    incomplete_beta, ln_choose, ln_gamma, normal_cdf, normal_quantile, normal_tail, student_cdf,
    student_quantile, student_tail,
};
pub use sum::{mean, sum, variance};

/// Standard error of a proportion of `n` trials whose probability is known to be `p`: √(p(1−p)/n).
///
/// Zero when `n` is zero or `p` is not inside 0..1: an impossible or certain event has no scatter.
#[must_use]
pub fn proportion_standard_error(p: f64, n: u64) -> f64 {
    if n == 0 || !(0.0..=1.0).contains(&p) {
        return 0.0;
    }
    (p * (1.0 - p) / n as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::proportion_standard_error;

    #[test]
    fn the_standard_error_of_a_fair_coin_in_2500_throws_is_one_percent() {
        assert!((proportion_standard_error(0.5, 2500) - 0.01).abs() < 1e-15);
        assert_eq!(proportion_standard_error(0.0, 100), 0.0);
        assert_eq!(proportion_standard_error(1.0, 100), 0.0);
        assert_eq!(proportion_standard_error(0.5, 0), 0.0);
    }
}

//! Candidates that relays may drop, and a window in which the best may not yet have come.

/// Probability that a candidate gets through when `tries` of `relays` relays are tried one after the other, each once, and `hostile` of them drop it:
/// 1 − ∏ (D − i)/(R − i), i < k; 1 − d^k for many relays. `None` without relays, or with more hostile ones than there are.
#[must_use]
pub fn relay_delivery(relays: u64, hostile: u64, tries: u64) -> Option<f64> {
    if relays == 0 || hostile > relays {
        return None;
    }
    let all_fail = (0..tries.min(relays))
        .map(|i| hostile.saturating_sub(i) as f64 / (relays - i) as f64)
        .product::<f64>();
    Some(1.0 - all_fail)
}

/// How long a candidate is on its way, in any unit of time; independent of all others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Way {
    /// Uniform between two bounds.
    Uniform(f64, f64),
    /// A minimum plus an exponential; with the mean of both together.
    Exponential(f64, f64),
    /// Log-normal, by median and standard deviation of the logarithm.
    LogNormal(f64, f64),
}

/// Steps of the numerical integrals; doubling them changes nothing in the first eight digits.
const STEPS: u32 = 20_000;

impl Way {
    fn is_sound(self) -> bool {
        match self {
            Self::Uniform(least, most) => 0.0 <= least && least < most,
            Self::Exponential(least, mean) => 0.0 <= least && least < mean,
            Self::LogNormal(median, sigma) => median > 0.0 && sigma > 0.0,
        }
    }

    /// Probability of at most `x`.
    fn at_most(self, x: f64) -> f64 {
        match self {
            Self::Uniform(least, most) => ((x - least) / (most - least)).clamp(0.0, 1.0),
            Self::Exponential(least, mean) => -libm::expm1(-(x - least).max(0.0) / (mean - least)),
            Self::LogNormal(..) if x <= 0.0 => 0.0,
            Self::LogNormal(median, sigma) => {
                0.5 * libm::erfc(-libm::log(x / median) / (sigma * std::f64::consts::SQRT_2))
            }
        }
    }

    /// The mean of `f` over the way: the midpoint rule over its quantiles, for the log-normal over those of its normal variable.
    fn mean_of(self, f: impl Fn(f64) -> f64) -> f64 {
        let steps = f64::from(STEPS);
        let middles = (0..STEPS).map(|i| (f64::from(i) + 0.5) / steps);
        match self {
            Self::Uniform(least, most) => middles.map(|u| f(least + u * (most - least))).sum::<f64>() / steps,
            Self::Exponential(least, mean) => {
                middles.map(|u| f(least - (mean - least) * libm::log1p(-u))).sum::<f64>() / steps
            }
            Self::LogNormal(median, sigma) => {
                const WIDTH: f64 = 16.0;
                let density = |z: f64| libm::exp(-0.5 * z * z) / libm::sqrt(std::f64::consts::TAU);
                let at = |z: f64| density(z) * f(median * libm::exp(sigma * z));
                middles.map(|u| at((u - 0.5) * WIDTH)).sum::<f64>() / steps * WIDTH
            }
        }
    }
}

/// Probability that the best of `candidates`, all sent at the same moment, is chosen by who waits for `window` from that moment (and takes the
/// first that comes if none came by then): F(w) + (1 − F(w))^n/n.
#[must_use]
pub fn best_from_start(way: Way, candidates: u64, window: f64) -> Option<f64> {
    if !way.is_sound() || candidates == 0 || window.is_nan() || window < 0.0 {
        return None;
    }
    let (n, in_time) = (candidates as f64, way.at_most(window));
    Some(in_time + libm::pow(1.0 - in_time, n) / n)
}

/// The same for who waits for `window` from the first arrival: no other may come more than `window` before the best, E (1 − F(X − w))^(n − 1).
#[must_use]
pub fn best_from_first(way: Way, candidates: u64, window: f64) -> Option<f64> {
    if !way.is_sound() || candidates == 0 || window.is_nan() || window < 0.0 {
        return None;
    }
    let others = candidates as f64 - 1.0;
    Some(way.mean_of(|x| libm::pow(1.0 - way.at_most(x - window), others)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: 30 of 100, one and three tries: 0.3 and 30·29·28/(100·99·98); three hostile of ten cannot fill four tries.
    #[test]
    fn relays_fail_together_only_if_all_tried_are_hostile() {
        for (relays, hostile, tries, value) in
            [(100, 30, 1, 0.7), (100, 30, 3, 1.0 - 24_360.0 / 970_200.0), (10, 3, 4, 1.0), (5, 5, 9, 0.0)]
        {
            assert!((relay_delivery(relays, hostile, tries).unwrap() - value).abs() < 1e-12);
        }
        assert_eq!((relay_delivery(0, 0, 1), relay_delivery(5, 6, 1)), (None, None));
    }

    /// Golden values by Stieltjes sums over 400,000 steps of the time itself, made without this code.
    #[test]
    fn the_best_is_chosen_as_often_as_it_is_in_time() {
        let (uniform, exponential) = (Way::Uniform(0.05, 0.25), Way::Exponential(0.02, 0.12));
        let normal = Way::LogNormal(0.1, 0.5);
        let from_first = [
            (uniform, 10, 0.05, 0.35),
            (exponential, 20, 0.1, 0.650_514_530),
            (normal, 50, 0.05, 0.358_098_714),
        ];
        for (way, n, window, value) in from_first {
            let found = best_from_first(way, n, window).unwrap();
            assert!((found - value).abs() < 1e-6, "{way:?}: {found}, not {value}");
        }
        assert!((best_from_start(uniform, 10, 0.1).unwrap() - 0.255_631_351_470_947).abs() < 1e-12);
        // No window at all: the first is chosen, the best one time in n. A very long one: always the best.
        for way in [uniform, exponential, normal] {
            assert!((best_from_first(way, 8, 0.0).unwrap() - 0.125).abs() < 1e-6);
            assert!((best_from_start(way, 8, 0.0).unwrap() - 0.125).abs() < 1e-12);
            assert!((best_from_first(way, 8, 1e6).unwrap() - 1.0).abs() < 1e-9);
        }
        assert_eq!(best_from_first(Way::Uniform(1.0, 1.0), 3, 1.0), None);
        assert_eq!(best_from_start(uniform, 0, 1.0), None);
    }
}

//! Anonymity of a transaction's source against first-spy estimators.

/// Upper bound of the precision of any estimator against Dandelion on a line graph, large n, when a share p of the nodes spies:
/// 2p²/(1−p)·ln(2/p) (Venkatakrishnan, Fanti, Viswanath 2017, theorem 3; the stem is long compared with 1/p). At most 1.
/// `None` unless 0 < p < 1.
#[must_use]
pub fn precision_bound(p: f64) -> Option<f64> {
    (p > 0.0 && p < 1.0).then(|| (2.0 * p * p / (1.0 - p) * libm::log(2.0 / p)).min(1.0))
}

/// Probability that a stem meets a spy before it ends: the first step always happens, each further one with probability q, and each
/// node met spies with probability p: p/(1 − q(1 − p)). `None` when p or q is not a share or the stem never ends.
#[must_use]
pub fn stem_intercepted(p: f64, stem: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&p) || !(0.0..=1.0).contains(&stem) {
        return None;
    }
    let ends = 1.0 - stem * (1.0 - p);
    (ends > 0.0).then(|| p / ends)
}

/// Precision of the first-spy estimator on the stem alone, on a line with stem probability q, large n: a share p of the nodes stands
/// before a spy; such a node is blamed for its own transaction and for those of the k nodes before it whose stems come so far, each
/// with probability s = q(1 − p) more than the last, so it is right in one of 1 + G cases with G geometric of ratio s:
/// p·(1 − s)/s·ln(1/(1 − s)). `None` when p or q is not a share; p itself for s = 0.
#[must_use]
pub fn first_spy_precision(p: f64, stem: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&p) || !(0.0..=1.0).contains(&stem) {
        return None;
    }
    let s = stem * (1.0 - p);
    if s == 0.0 {
        return Some(p);
    }
    if s >= 1.0 {
        return Some(0.0);
    }
    Some(p * (1.0 - s) / s * -libm::log1p(-s))
}

/// Probability that a supernode with θ links to every node hears a transaction from its source first, under diffusion with independent
/// exponential delays of mean 1 on an infinite d-regular tree: ∫ θ e^{−θt} h^d dt with h' = −h + e^{−θt} h^{d−1}, h(0) = 1, where h(t) is
/// the probability that nobody beyond one link of the source has told the supernode by t. `None` for θ ≤ 0, θ > 1000 or d < 2.
#[must_use]
pub fn supernode(theta: f64, degree: u64) -> Option<f64> {
    if !(theta > 0.0 && theta <= 1e3) || degree < 2 {
        return None;
    }
    let d = degree as f64;
    let slope = |t: f64, h: f64| -h + libm::exp(-theta * t) * libm::pow(h, d - 1.0);
    let rate = |t: f64, h: f64| theta * libm::exp(-theta * t) * libm::pow(h, d);
    // Runge–Kutta of order 4 for (h, P) together; the integrand has vanished by the end.
    let (steps, end) = (20_000_u32, 40.0 / theta.max(1.0));
    let k = end / f64::from(steps);
    let (mut h, mut p) = (1.0, 0.0);
    for i in 0..steps {
        let t = k * f64::from(i);
        let (a1, b1) = (slope(t, h), rate(t, h));
        let (a2, b2) = (slope(t + 0.5 * k, h + 0.5 * k * a1), rate(t + 0.5 * k, h + 0.5 * k * a1));
        let (a3, b3) = (slope(t + 0.5 * k, h + 0.5 * k * a2), rate(t + 0.5 * k, h + 0.5 * k * a2));
        let (a4, b4) = (slope(t + k, h + k * a3), rate(t + k, h + k * a3));
        p += k / 6.0 * (b1 + 2.0 * b2 + 2.0 * b3 + b4);
        h += k / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4);
    }
    Some(p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: Option<f64>, want: f64, within: f64) {
        let got = value.unwrap();
        assert!((got - want).abs() <= within, "{got} instead of {want}");
    }

    // Network specification §9, evaluated there.
    #[test]
    fn bounds_of_the_precision() {
        for (p, want) in
            [(0.01, 0.0011), (0.05, 0.0194), (0.1, 0.0666), (0.15, 0.137), (0.2, 0.230), (0.3, 0.488)]
        {
            near(precision_bound(p), want, 0.005 * want + 5e-5);
        }
        assert_eq!((precision_bound(0.0), precision_bound(0.9)), (None, Some(1.0)));
    }

    #[test]
    fn stems_meet_spies() {
        for (p, want) in [(0.05, 0.345), (0.1, 0.526), (0.2, 0.714)] {
            near(stem_intercepted(p, 0.9), want, 5e-4);
        }
        assert_eq!(stem_intercepted(0.0, 1.0), None);
        assert_eq!(stem_intercepted(0.3, 0.0), Some(0.3));
    }

    /// The sum that the formula closes, term by term: Σ (1 − s) s^k / (1 + k).
    #[test]
    fn first_spies_are_right_once_in_a_ward() {
        for (p, q) in [(0.05, 0.9), (0.2, 0.9), (0.3, 0.5)] {
            let s: f64 = q * (1.0 - p);
            let (mut term, mut sum) = (1.0 - s, 0.0);
            for k in 0..2_000 {
                sum += term / f64::from(1 + k);
                term *= s;
            }
            near(first_spy_precision(p, q), p * sum, 1e-12);
        }
        assert_eq!(first_spy_precision(0.4, 0.0), Some(0.4));
    }

    // Integrated outside this project on a graded grid, 20,000 steps; the first three of each line are in the specification.
    #[test]
    fn supernodes_unmask_diffusion() {
        for (degree, values) in SUPERNODE {
            for (theta, want) in [1.0, 2.0, 8.0].into_iter().zip(values) {
                near(supernode(theta, degree), want, 2e-6);
            }
        }
        assert_eq!((supernode(0.0, 8), supernode(1.0, 1)), (None, None));
    }

    const SUPERNODE: [(u64, [f64; 3]); 2] =
        [(8, [0.290_065, 0.416_403, 0.698_857]), (16, [0.183_700, 0.281_972, 0.554_277])];
}

//! The race of a private chain against the public one: double spends and reorganisations.
//!
//! Blocks come from one Poisson process; each is the attacker's with probability q = her share of the hash power and the honest
//! miners' with p = 1 − q. When the honest chain has grown by z blocks, the attacker has grown by K blocks, negative binomial:
//! P(K = k) = C(k+z−1, k) p^z q^k. From then on she has to gain d blocks on a random walk, which succeeds with probability
//! (q/p)^d (gambler's ruin, Feller I, XIV.2), or surely when q ≥ p or d ≤ 0.
//!
//! Sources: Nakamoto 2008 §11; Rosenfeld, "Analysis of hashrate-based double spending", 2014 (arXiv:1402.2009), §5.
//! All sums below have positive terms only, so they lose no digits even at z = 200 where the familiar form 1 − Σ … cancels.

use crate::stats::{ln_choose, sum};

/// How a race begins and when it counts as won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Blocks the attacker holds when the payment (or the fork) appears; Rosenfeld counts 1.
    pub premined: u32,
    /// Whether an equally long private chain is enough (`true`), or it must be strictly longer (`false`).
    pub tie_wins: bool,
}

impl Start {
    /// Rosenfeld's convention: one block mined in advance, strictly longer. It equals "starts level, a tie counts".
    pub const ROSENFELD: Self = Self { premined: 1, tie_wins: false };
    /// A fork that starts level and must become strictly longer.
    pub const LEVEL: Self = Self { premined: 0, tie_wins: false };

    /// Blocks the attacker needs after the confirmations in order to need no catching up.
    fn target(self, confirmations: u32) -> i64 {
        i64::from(confirmations) - i64::from(self.premined) + i64::from(!self.tie_wins)
    }
}

/// Probability that a walk which gains with probability `q` and loses with 1 − `q` ever gains `distance`:
/// min(1, q/p)^distance; 1 for a distance of zero or less.
#[must_use]
pub fn catch_up(q: f64, distance: i64) -> f64 {
    if distance <= 0 || q >= 0.5 {
        return 1.0;
    }
    libm::pow(q / (1.0 - q), distance as f64)
}

/// Probability that the walk gains `distance` before it has lost `give_up` blocks from where it stands (gambler's ruin with two
/// barriers, Feller I, XIV.2.4). `give_up` = 0 gives 0 unless nothing is to be gained.
#[must_use]
pub fn catch_up_before(q: f64, distance: u32, give_up: u32) -> f64 {
    if distance == 0 {
        return 1.0;
    }
    let (gain, loss) = (f64::from(distance), f64::from(give_up));
    if q == 0.5 {
        return loss / (gain + loss);
    }
    if q <= 0.0 || q >= 1.0 {
        return if q >= 1.0 && give_up > 0 { 1.0 } else { 0.0 };
    }
    // (1 − r^g) / (1 − r^(g+d)) with r = p/q, written so that neither power overflows.
    let log_r = libm::log1p(-q) - libm::log(q);
    if log_r > 0.0 {
        let front = libm::exp(-gain * log_r);
        front * libm::expm1(-loss * log_r) / libm::expm1(-(gain + loss) * log_r)
    } else {
        libm::expm1(loss * log_r) / libm::expm1((gain + loss) * log_r)
    }
}

/// Success probability of a private chain against `confirmations` ≥ 1 public blocks for an attacker with share `q` of the hash
/// power: P = Σ_k P(K = k) · catch-up(z − k − premined + \[strict\]).
///
/// For [`Start::ROSENFELD`] this is P = 1 − Σ_{k<z} C(k+z−1, k)(p^z q^k − q^z p^k), Rosenfeld 2014 eq. (1).
/// `None` when q is not in 0..=1.
#[must_use]
pub fn double_spend(q: f64, confirmations: u32, start: Start) -> Option<f64> {
    if !(0.0..=1.0).contains(&q) {
        return None;
    }
    let target = start.target(confirmations);
    if q >= 0.5 || target <= 0 {
        return Some(1.0);
    }
    if q == 0.0 {
        return Some(0.0);
    }
    let below = (0..target).map(|k| negative_binomial(q, confirmations, k) * catch_up(q, target - k));
    Some((sum(below) + at_least(q, confirmations, target)).min(1.0))
}

/// Nakamoto's own approximation (2008, §11), which replaces the negative binomial by a Poisson distribution of mean z·q/p.
/// The attacker starts level and a tie counts. Kept because whitepapers print its values. `None` when q is not in 0..=1.
#[must_use]
pub fn nakamoto_double_spend(q: f64, confirmations: u32) -> Option<f64> {
    if !(0.0..=1.0).contains(&q) {
        return None;
    }
    if q >= 0.5 {
        return Some(1.0);
    }
    let z = i64::from(confirmations);
    let mean = confirmations as f64 * q / (1.0 - q);
    if mean == 0.0 {
        return Some(if z == 0 { 1.0 } else { 0.0 });
    }
    let poisson = |k: i64| libm::exp(k as f64 * libm::log(mean) - mean - libm::lgamma(k as f64 + 1.0));
    let below = sum((0..z).map(|k| poisson(k) * catch_up(q, z - k)));
    let rest = positive_series(z, mean.ceil() as i64, poisson);
    Some((below + rest).min(1.0))
}

/// Probability that a private chain which starts level is at some time strictly longer than the public one while that has at
/// least `depth` blocks since the fork: a reorganisation that replaces `depth` blocks or more. `None` when q is not in 0..=1.
#[must_use]
pub fn reorganisation(q: f64, depth: u32) -> Option<f64> {
    double_spend(q, depth, Start::LEVEL)
}

/// [`reorganisation`] for an attacker who stops when the public chain has grown by `horizon` blocks: she must be strictly ahead while
/// it has `depth`..=`horizon` blocks. By dynamic programming over (public, private) length; cost horizon², so a horizon above
/// 20,000 gives `None`, as does a q not in 0..=1.
#[must_use]
pub fn reorganisation_within(q: f64, depth: u32, horizon: u32) -> Option<f64> {
    if !(0.0..=1.0).contains(&q) || horizon > 20_000 {
        return None;
    }
    if depth > horizon {
        return Some(0.0);
    }
    let h = horizon as usize;
    // value[k]: success from (public, private = k); with more than `horizon` private blocks she wins at the latest at `depth`.
    let mut later = vec![0.0; h + 2];
    later[h + 1] = 1.0;
    let mut now = later.clone();
    for public in (0..=horizon).rev() {
        for private in (0..=h).rev() {
            let won = public >= depth && private > public as usize;
            let next = if public == horizon { 0.0 } else { later[private] };
            now[private] = if won { 1.0 } else { (1.0 - q) * next + q * now[private + 1] };
        }
        std::mem::swap(&mut now, &mut later);
    }
    Some(later[0])
}

/// P(K = k): the attacker found k blocks when the honest miners found their z-th.
fn negative_binomial(q: f64, z: u32, k: i64) -> f64 {
    if z == 0 {
        return if k == 0 { 1.0 } else { 0.0 };
    }
    let (n, k) = (u64::from(z), k.unsigned_abs());
    libm::exp(ln_choose(k + n - 1, k) + n as f64 * libm::log1p(-q) + k as f64 * libm::log(q))
}

/// P(K ≥ k).
fn at_least(q: f64, z: u32, k: i64) -> f64 {
    let mode = (f64::from(z) * q / (1.0 - q)).ceil() as i64;
    positive_series(k.max(0), mode, |i| negative_binomial(q, z, i))
}

/// Σ_{i ≥ from} term(i) for terms that rise to `mode` and then fall at least geometrically.
fn positive_series(from: i64, mode: i64, term: impl Fn(i64) -> f64) -> f64 {
    let mut total = 0.0;
    let mut i = from;
    loop {
        let next = term(i);
        total += next;
        if i > mode && next <= total * 1e-18 {
            return total;
        }
        i += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: Option<f64>, want: f64) {
        let got = got.unwrap();
        assert!((got - want).abs() <= 1e-11 * want, "{got} instead of {want}");
    }

    // Exact rational arithmetic: step-by-step distribution of the attacker's blocks, then the ruin problem with a barrier 400
    // blocks away.
    #[test]
    fn agrees_with_the_chain_solved_in_rationals() {
        for (q, z, premined, tie_wins, want) in [
            (0.1, 1, 1, false, 0.2),
            (0.1, 6, 1, false, 0.000_591_412_16),
            (0.3, 6, 1, false, 0.156_449_581_92),
            (0.45, 10, 1, false, 0.657_928_175_156_784_5),
            (0.05, 3, 1, false, 0.002_316_25),
            (0.3, 3, 0, false, 0.180_051_428_571_428_58),
            (0.2, 2, 0, true, 0.208),
            (0.4, 4, 2, false, 0.724_48),
            (0.25, 6, 3, true, 0.435_577_392_578_125),
            (0.3, 2, 5, false, 1.0),
        ] {
            close(double_spend(q, z, Start { premined, tie_wins }), want);
        }
    }

    // 1 − Σ … in rationals; in floating point that form has no digit left at q = 0.1, z = 200.
    #[test]
    fn keeps_its_digits_at_two_hundred_confirmations() {
        for (q, z, want) in [
            (0.45, 200, 0.045_094_107_137_079_78),
            (0.49, 200, 0.689_311_144_890_504_3),
            (0.1, 200, 9.066_573_971_927_673e-91),
            (0.3, 100, 3.682_228_223_160_114e-9),
        ] {
            close(double_spend(q, z, Start::ROSENFELD), want);
        }
    }

    // Rows q; Nakamoto at z = 1, 2, 3, 6, 12; Rosenfeld at the same z – as printed, with the last printed digit as tolerance.
    const PRINTED: [(f64, [f64; 5], [f64; 5]); 8] = [
        (0.10, [0.205, 0.051, 0.0132, 2.4e-4, 9e-8], [0.200, 0.056, 0.0171, 5.9e-4, 9.4e-7]),
        (0.15, [0.310, 0.115, 0.0442, 0.0027, 1.1e-5], [0.300, 0.122, 0.0532, 0.0053, 6.9e-5]),
        (0.20, [0.416, 0.204, 0.103, 0.0143, 2.9e-4], [0.400, 0.208, 0.116, 0.0233, 0.0012]),
        (0.25, [0.522, 0.315, 0.196, 0.0499, 0.0035], [0.500, 0.313, 0.207, 0.0687, 0.0093]),
        (0.30, [0.628, 0.446, 0.325, 0.132, 0.0236], [0.600, 0.432, 0.326, 0.156, 0.0429]),
        (0.35, [0.731, 0.589, 0.484, 0.282, 0.102], [0.700, 0.563, 0.470, 0.297, 0.136]),
        (0.40, [0.829, 0.736, 0.664, 0.504, 0.306], [0.800, 0.704, 0.635, 0.493, 0.327]),
        (0.45, [0.920, 0.878, 0.844, 0.766, 0.651], [0.900, 0.850, 0.814, 0.734, 0.627]),
    ];

    /// Half a unit of the last printed digit, for values printed with two or three significant digits or three decimals.
    fn printed_tolerance(value: f64) -> f64 {
        let step = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8];
        let digits = |s: f64| ((value / s).round() - value / s).abs() < 1e-6;
        0.51 * step.into_iter().find(|s| digits(*s)).unwrap_or(1e-9)
    }

    #[test]
    fn both_printed_tables_are_reproduced() {
        for (q, nakamoto, rosenfeld) in PRINTED {
            for (i, z) in [1, 2, 3, 6, 12].into_iter().enumerate() {
                let level = Start { premined: 0, tie_wins: true };
                let exact = double_spend(q, z, level).unwrap();
                assert!(
                    (exact - rosenfeld[i]).abs() <= printed_tolerance(rosenfeld[i]),
                    "q {q} z {z}: {exact}"
                );
                let poisson = nakamoto_double_spend(q, z).unwrap();
                assert!(
                    (poisson - nakamoto[i]).abs() <= printed_tolerance(nakamoto[i]),
                    "q {q} z {z}: {poisson}"
                );
                close(double_spend(q, z, Start::ROSENFELD), exact);
            }
        }
    }

    // Nakamoto 2008, the printed listing of §11 (q = 0.1 z = 5; q = 0.3 z = 10, 50).
    #[test]
    fn nakamotos_own_listing() {
        for (q, z, want) in
            [(0.1, 5, 0.000_913_7), (0.1, 10, 0.000_001_2), (0.3, 10, 0.041_660_5), (0.3, 50, 0.000_000_6)]
        {
            assert!((nakamoto_double_spend(q, z).unwrap() - want).abs() <= 5.1e-8, "{q} {z}");
        }
        assert!((nakamoto_double_spend(0.45, 50).unwrap() - 0.280_038_795_044).abs() < 1e-11);
    }

    #[test]
    fn ends_and_nonsense() {
        assert_eq!(double_spend(0.5, 6, Start::ROSENFELD), Some(1.0));
        assert_eq!(double_spend(0.7, 200, Start::ROSENFELD), Some(1.0));
        assert_eq!(double_spend(0.0, 1, Start::ROSENFELD), Some(0.0));
        assert_eq!(double_spend(-0.1, 1, Start::ROSENFELD), None);
        assert_eq!(double_spend(f64::NAN, 1, Start::ROSENFELD), None);
        // Unconfirmed payment: she needs one block more than the one she has, or nothing when a tie counts.
        close(double_spend(0.2, 0, Start::LEVEL), 0.25);
        close(double_spend(0.2, 0, Start::ROSENFELD), 1.0);
        assert_eq!(nakamoto_double_spend(0.0, 0), Some(1.0));
        assert_eq!(nakamoto_double_spend(0.0, 3), Some(0.0));
    }

    // Linear system of the walk solved in rationals.
    #[test]
    fn giving_up_costs_what_the_ruin_problem_says() {
        for (q, gain, loss, want) in [
            (0.1, 2, 3, 0.012_328_952_716_434_088),
            (0.4, 4, 20, 0.197_483_192_137_459_18),
            (0.5, 3, 7, 0.7),
            (0.6, 1, 2, 0.789_473_684_210_526_3),
        ] {
            close(Some(catch_up_before(q, gain, loss)), want);
        }
        close(Some(catch_up_before(0.3, 2, 10_000)), catch_up(0.3, 2));
        assert_eq!(catch_up_before(0.3, 2, 0), 0.0);
        assert_eq!(catch_up_before(0.0, 2, 5), 0.0);
        assert_eq!(catch_up_before(1.0, 2, 5), 1.0);
    }

    // Memoised recursion over (public, private) in rationals.
    #[test]
    fn finite_horizon_matches_the_recursion_and_tends_to_the_closed_form() {
        for (q, depth, horizon, want) in [
            (0.3, 1, 10, 0.305_285_452_679_869_9),
            (0.4, 6, 30, 0.371_231_105_795_465_14),
            (0.51, 6, 60, 0.890_228_826_331_375_9),
            (0.1, 2, 5, 0.009_494_949_79),
            (0.5, 1, 1, 0.5),
        ] {
            close(reorganisation_within(q, depth, horizon), want);
        }
        close(reorganisation_within(0.3, 6, 2_000), reorganisation(0.3, 6).unwrap());
        assert_eq!(reorganisation_within(0.3, 7, 6), Some(0.0));
        assert_eq!(reorganisation_within(0.3, 1, 1_000_000), None);
    }
}

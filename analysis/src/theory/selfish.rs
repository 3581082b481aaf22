//! Selfish mining.
//!
//! Source: Eyal, Sirer, "Majority is not enough: Bitcoin mining is vulnerable", FC 2014 (arXiv:1311.0243), eq. (8) and (9).
//! α is the pool's share of the hash power, γ the part of the *honest* power that mines on the pool's branch during a tie.
//! The model has no propagation delay and one pool.

/// Relative revenue of the selfish pool: R = \[α(1−α)²(4α + γ(1−2α)) − α³\] / \[1 − α(1 + (2−α)α)\].
///
/// From α = ½ on the pool outruns everybody and owns the chain: 1. `None` when α or γ is not in 0..=1.
#[must_use]
pub fn relative_revenue(alpha: f64, gamma: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&alpha) || !(0.0..=1.0).contains(&gamma) {
        return None;
    }
    if alpha >= 0.5 {
        return Some(1.0);
    }
    let rest = 1.0 - alpha;
    let gain = alpha * rest * rest * (4.0 * alpha + gamma * (1.0 - 2.0 * alpha)) - alpha * alpha * alpha;
    Some(gain / (1.0 - alpha * (1.0 + (2.0 - alpha) * alpha)))
}

/// Least share of the hash power for which selfish mining pays: (1−γ)/(3−2γ). `None` when γ is not in 0..=1.
#[must_use]
pub fn threshold(gamma: f64) -> Option<f64> {
    (0.0..=1.0).contains(&gamma).then(|| (1.0 - gamma) / (3.0 - 2.0 * gamma))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: [f64; 9] = [0.10, 0.15, 0.20, 0.25, 0.30, 1.0 / 3.0, 0.35, 0.40, 0.45];
    const PRINTED: [(f64, [f64; 9], f64); 5] = [
        (0.0, [0.0356, 0.0763, 0.1297, 0.1951, 0.2731, 0.3333, 0.3665, 0.4837, 0.6518], 0.333),
        (0.25, [0.0540, 0.0997, 0.1560, 0.2226, 0.3000, 0.3590, 0.3913, 0.5047, 0.6662], 0.300),
        (0.5, [0.0724, 0.1232, 0.1824, 0.2500, 0.3269, 0.3846, 0.4160, 0.5256, 0.6806], 0.250),
        (0.75, [0.0908, 0.1466, 0.2088, 0.2774, 0.3537, 0.4103, 0.4408, 0.5465, 0.6950], 0.167),
        (1.0, [0.1092, 0.1701, 0.2352, 0.3049, 0.3806, 0.4359, 0.4656, 0.5674, 0.7094], 0.0),
    ];

    #[test]
    fn the_printed_table_is_reproduced() {
        for (gamma, row, least) in PRINTED {
            for (alpha, want) in SHARES.into_iter().zip(row) {
                let got = relative_revenue(alpha, gamma).unwrap();
                assert!((got - want).abs() <= 5.1e-5, "α {alpha} γ {gamma}: {got}");
            }
            assert!((threshold(gamma).unwrap() - least).abs() <= 5.1e-4);
        }
    }

    /// The chain solved numerically: states lead 0, tie, 1 … 400, iterated to its stationary distribution; then the blocks that
    /// each transition settles are counted for both sides (§4.3 of the paper, not its closed form).
    fn by_markov_chain(alpha: f64, gamma: f64) -> f64 {
        const LEADS: usize = 400;
        let honest = 1.0 - alpha;
        let (mut lead, mut tie) = (vec![0.0; LEADS + 1], 0.0);
        lead[0] = 1.0;
        for _ in 0..6_000 {
            let mut next = vec![0.0; LEADS + 1];
            next[0] = honest * lead[0] + tie + honest * lead[2];
            next[1] = alpha * lead[0];
            let next_tie = honest * lead[1];
            for k in 1..=LEADS {
                next[(k + 1).min(LEADS)] += alpha * lead[k];
                if k >= 3 {
                    next[k - 1] += honest * lead[k];
                }
            }
            // Averaging with the previous step removes any periodicity.
            lead.iter_mut().zip(&next).for_each(|(old, new)| *old = 0.5 * (*old + new));
            tie = 0.5 * (tie + next_tie);
        }
        let far: f64 = lead[3..].iter().sum();
        let pool = tie * (2.0 * alpha + honest * gamma) + 2.0 * honest * lead[2] + honest * far;
        let others = honest * (tie * (gamma + 2.0 * (1.0 - gamma)) + lead[0]);
        pool / (pool + others)
    }

    #[test]
    fn agrees_with_the_markov_chain() {
        for (alpha, gamma) in [(0.1, 0.0), (0.25, 0.5), (0.3, 1.0), (0.35, 0.25), (0.4, 0.75)] {
            let (got, want) = (relative_revenue(alpha, gamma).unwrap(), by_markov_chain(alpha, gamma));
            assert!((got - want).abs() < 1e-10, "α {alpha} γ {gamma}: {got} instead of {want}");
        }
    }

    #[test]
    fn at_the_threshold_revenue_equals_the_share_and_above_it_exceeds_it() {
        for gamma in [0.0, 0.3, 0.5, 0.9] {
            let least = threshold(gamma).unwrap();
            assert!((relative_revenue(least, gamma).unwrap() - least).abs() < 1e-12);
            assert!(relative_revenue(least + 0.01, gamma).unwrap() > least + 0.01);
            assert!(relative_revenue(least - 0.01, gamma).unwrap() < least - 0.01);
        }
    }

    #[test]
    fn ends_and_nonsense() {
        assert_eq!(relative_revenue(0.0, 0.5), Some(0.0));
        assert_eq!(relative_revenue(0.6, 0.5), Some(1.0));
        assert_eq!(relative_revenue(0.3, 1.1), None);
        assert_eq!(relative_revenue(f64::NAN, 0.5), None);
        assert_eq!(threshold(-0.1), None);
    }
}

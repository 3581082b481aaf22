//! Stale blocks: what propagation delay costs a proof-of-work chain.
//!
//! Blocks are found at rate 1/T by miners with hash shares h_j. Let D_ij be the time from miner i's finding a block to miner j's
//! knowing it (D_ii = 0), D̄ = Σ_i Σ_j h_i h_j D_ij its mean over finders and over the hash power, D_max the largest; x̄ = D̄/T, x_Δ = D_max/T.
//! The main chain has one block per height. Let E be the mean number of *further* blocks per height; the stale share of all
//! blocks is then s = E/(1+E).
//!
//! **Upper bound.** A further block at a height is found by a miner who does not yet know the *first* block of that height (who
//! knows it mines above it). Miner j is ignorant for D_ij at most, and finds blocks at rate h_j/T. Hence E ≤ x̄ and s ≤ x̄/(1+x̄).
//!
//! **Lower bound.** Let H be the ignorant hash power integrated over the time after the first block of a height, divided by T, and
//! counting only miners who already know the height below; H ≤ x_Δ. Who does not know the height below is lost to this count: the
//! first block of the height comes within u of the one below with probability at most u/T, so the loss is at most
//! ∫_0^{D_max} (D_max − t)/T dt/T = x_Δ²/2, and E\[H\] ≥ x̄ − x_Δ²/2. Until the first further block is found nothing else shortens the
//! ignorance, so at least one is found with probability 1 − E\[e^{−H}\] ≥ E\[H\] − E\[H²\]/2 ≥ x̄ − x_Δ² = y. Hence E ≥ max(0, y) ≥ 1 − e^{−y}; the last
//! form, which for equal delays is the probability of a further block itself, is used: s ≥ (1−e^{−y}) / (2−e^{−y}).
//!
//! Sources: Decker, Wattenhofer, "Information propagation in the Bitcoin network", P2P 2013 (the form 1 − e^{−D/T}); Rosenfeld 2014 §2;
//! the bounds are derived above.

/// 1 − e^{−D/T}: probability that somebody finds a rival during a delay `delay` at a mean block interval `interval` (same unit).
/// `None` for a negative delay or an interval that is not positive.
#[must_use]
pub fn stale_probability(delay: f64, interval: f64) -> Option<f64> {
    ratio(delay, interval).map(|x| -libm::expm1(-x))
}

/// Upper bound of the network-wide stale share from the mean delay (over finders and hash power): x̄/(1+x̄).
#[must_use]
pub fn upper_bound(mean_delay: f64, interval: f64) -> Option<f64> {
    ratio(mean_delay, interval).map(|x| x / (1.0 + x))
}

/// Lower bound of the network-wide stale share from the mean and the largest delay: E/(1+E), E = 1 − e^{−y}, y = max(0, x̄ − x_Δ²).
#[must_use]
pub fn lower_bound(mean_delay: f64, largest_delay: f64, interval: f64) -> Option<f64> {
    let (mean, largest) = (ratio(mean_delay, interval)?, ratio(largest_delay, interval)?);
    let extra = -libm::expm1(-(mean - largest * largest).max(0.0));
    Some(extra / (1.0 + extra))
}

/// Least share of the hash power that outgrows the honest chain when honest miners waste a share `stale` of their blocks:
/// (1−s)/(2−s); ½ without waste. `None` when s is not in 0..=1.
#[must_use]
pub fn majority_threshold(stale: f64) -> Option<f64> {
    (0.0..=1.0).contains(&stale).then(|| (1.0 - stale) / (2.0 - stale))
}

fn ratio(delay: f64, interval: f64) -> Option<f64> {
    (delay >= 0.0 && delay.is_finite() && interval > 0.0).then(|| delay / interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Printed in the baseline's specification: T = 600 s: D = 2, 10 s; T = 12 s: D = 1, 2 s; thresholds.
    /// Decker and Wattenhofer 2013 §5: a block every 633 s, and ∫(1 − f) = 11.37 s of its propagation; they measured 1.69 %.
    #[test]
    fn forks_of_bitcoin_in_2013() {
        assert!((stale_probability(11.37, 633.0).unwrap() - 0.0178).abs() < 5e-5);
    }

    #[test]
    fn printed_values() {
        for (d, t, want, unit) in [
            (2.0, 600.0, 0.0033, 1e-4),
            (10.0, 600.0, 0.0165, 1e-4),
            (1.0, 12.0, 0.080, 1e-3),
            (2.0, 12.0, 0.154, 1e-3),
        ] {
            assert!((stale_probability(d, t).unwrap() - want).abs() <= 0.51 * unit, "{d}/{t}");
        }
        assert!((majority_threshold(0.0165).unwrap() - 0.496).abs() <= 5.1e-4);
        assert!((majority_threshold(0.08).unwrap() - 0.479).abs() <= 5.1e-4);
        assert_eq!(majority_threshold(0.0), Some(0.5));
    }

    /// A small simulation of `miners` equal miners with one delay between any two, independent of the engine: longest chain by height,
    /// first seen. Returns (stale share, blocks).
    fn simulate(miners: usize, delay: f64, interval: f64, blocks: usize, seed: u64) -> f64 {
        let mut state = seed;
        let mut uniform = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
        };
        // known[j] = greatest height that miner j knows; arrivals = (time, height, finder) not yet everywhere.
        let mut known = vec![0u64; miners];
        let mut arrivals: std::collections::VecDeque<(f64, u64)> = std::collections::VecDeque::new();
        let (mut now, mut everywhere) = (0.0, 0u64);
        for _ in 0..blocks {
            now += -interval * libm::log(uniform());
            while let Some(&(at, height)) = arrivals.front().filter(|(at, _)| *at <= now) {
                let _ = at;
                everywhere = everywhere.max(height);
                arrivals.pop_front();
            }
            let miner = (uniform() * miners as f64) as usize;
            let height = known[miner].max(everywhere) + 1;
            known[miner] = height;
            arrivals.push_back((now + delay, height));
        }
        let top = known.iter().copied().max().unwrap_or(0).max(everywhere);
        1.0 - top as f64 / blocks as f64
    }

    // 200,000 blocks: standard error of the stale share below 0.001; margin four of them.
    #[test]
    fn the_bounds_enclose_a_simulated_chain_with_equal_delays() {
        for (delay, seed) in [(0.01, 1), (0.05, 2), (0.2, 3), (0.5, 4)] {
            let miners = 50;
            let stale = simulate(miners, delay, 1.0, 200_000, seed);
            let mean = delay * (1.0 - 1.0 / miners as f64);
            let (low, high) = (lower_bound(mean, delay, 1.0).unwrap(), upper_bound(mean, 1.0).unwrap());
            assert!(low - 0.004 <= stale && stale <= high + 0.004, "D/T = {delay}: {low} ≤ {stale} ≤ {high}");
            assert!(high - low < 0.5 * high.max(0.2), "the bounds say something at {delay}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(stale_probability(-1.0, 1.0), None);
        assert_eq!(upper_bound(1.0, 0.0), None);
        assert_eq!(lower_bound(f64::NAN, 1.0, 1.0), None);
        assert_eq!(lower_bound(1.0, 100.0, 10.0), Some(0.0));
        assert_eq!(majority_threshold(1.5), None);
    }
}

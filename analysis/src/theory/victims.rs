//! Victimised users: a user is a victim when at least nine tenths of her neighbours are the adversary's.
//!
//! Source: ZV Chain whitepaper §2.1.7 and Table 2.2, the hypergeometric model of eclipsed users.

use super::tails::hypergeometric_at_least;

/// Share of the neighbours that must be adversarial, in tenths.
const TENTHS: u64 = 9;

/// Least number of adversarial neighbours that makes a victim of a user with `neighbours`: ceil(0.9 n), in whole numbers.
#[must_use]
pub fn least_adversarial(neighbours: u64) -> u64 {
    neighbours.saturating_mul(TENTHS).div_ceil(10)
}

/// V(x) = Σ_{i ≥ ceil(0.9 n)} C(xW, i) C((1−x)W, n−i) / C(W, n): probability that a user who draws `neighbours` = n of `nodes` = W
/// others at random, a share x of them adversarial (xW rounded to whole nodes), is a victim.
///
/// `None` when x is not in 0..=1 or n > W.
#[must_use]
pub fn victim_share(x: f64, neighbours: u64, nodes: u64) -> Option<f64> {
    if !(0.0..=1.0).contains(&x) {
        return None;
    }
    let adversarial = (x * nodes as f64).round() as u64;
    hypergeometric_at_least(nodes, adversarial.min(nodes), neighbours, least_adversarial(neighbours))
}

/// Least adversarial share (in whole nodes) at which the victim share reaches `victims`; `None` when it never does or the
/// arguments make no sense.
#[must_use]
pub fn share_for_victims(victims: f64, neighbours: u64, nodes: u64) -> Option<f64> {
    if !(0.0..=1.0).contains(&victims) || neighbours > nodes || nodes == 0 {
        return None;
    }
    let least = least_adversarial(neighbours);
    let reaches = |marked| hypergeometric_at_least(nodes, marked, neighbours, least).map(|v| v >= victims);
    if !reaches(nodes)? {
        return None;
    }
    let (mut low, mut high) = (0, nodes);
    while low < high {
        let middle = low + (high - low) / 2;
        if reaches(middle)? { high = middle } else { low = middle + 1 }
    }
    Some(low as f64 / nodes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Table 2.2 of the whitepaper, and six digits from integer arithmetic.
    #[test]
    fn table_2_2_is_reproduced() {
        for (x, printed, digits, want) in [
            (0.5, 0.01071, 5, 0.010_711),
            (0.8, 0.3757, 4, 0.375_689),
            (0.9, 0.7361, 4, 0.736_118),
            (0.95, 0.914, 3, 0.913_944),
            (1.0, 1.0, 0, 1.0),
        ] {
            let got = victim_share(x, 10, 10_000).unwrap();
            assert!((got - want).abs() < 5e-7, "x = {x}: {got}");
            assert_eq!(format!("{got:.digits$}"), format!("{printed:.digits$}"), "x = {x}");
        }
    }

    #[test]
    fn other_neighbour_numbers() {
        for (n, want) in [
            (8, 0.003_895_319_610_905_869_4),
            (12, 0.003_159_342_852_838_745_3),
            (16, 0.000_257_026_296_906_409_2),
        ] {
            assert!((victim_share(0.5, n, 10_000).unwrap() - want).abs() < 1e-12 * want);
        }
        assert_eq!([1, 8, 10, 11, 12, 16, 20].map(least_adversarial), [1, 8, 9, 10, 11, 15, 18]);
    }

    #[test]
    fn nine_tenths_of_the_users_are_victims_from_94_55_percent_on() {
        let x = share_for_victims(0.9, 10, 10_000).unwrap();
        assert!((x - 0.9455).abs() < 6e-5, "{x}");
        assert!(
            victim_share(x, 10, 10_000).unwrap() >= 0.9 && victim_share(x - 1e-4, 10, 10_000).unwrap() < 0.9
        );
        assert_eq!(share_for_victims(0.9, 11, 10), None);
        assert_eq!(share_for_victims(0.0, 10, 100), Some(0.0));
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(victim_share(1.2, 10, 100), None);
        assert_eq!(victim_share(0.5, 200, 100), None);
    }
}

//! What forward error correction leaves over.
//!
//! A data datagram of a group of k + r is missing behind the decoder when it is lost itself and fewer than k of the group arrive,
//! that is, when at least r of the other k + r − 1 are lost too. Holds for independent losses; bursts must be run.
//! Source: network specification §6.8.

use super::tails::binomial_at_least;

/// Loss of data datagrams behind a systematic (k + r, k) code with independent loss probability p: p · P(Binomial(k + r − 1, p) ≥ r).
/// `None` without data or when p is no probability.
#[must_use]
pub fn residual_loss(data: u64, parity: u64, p: f64) -> Option<f64> {
    let others = data.checked_sub(1)?.checked_add(parity)?;
    Some(p * binomial_at_least(others, p, parity)?)
}

#[cfg(test)]
mod tests {
    use super::residual_loss;

    /// Computed with exact fractions.
    #[test]
    fn equals_exact_sums() {
        let cases: [(u64, u64, [f64; 4]); 4] = [
            (
                10,
                1,
                [0.000_956_179_249_911_955_1, 0.020_063_153_038_081_056, 0.065_132_155_99, 0.178_525_163_52],
            ),
            (
                10,
                3,
                [
                    2.056_160_777_666_362_7e-6,
                    9.784_130_998_577_271e-4,
                    0.011_086_997_774_5,
                    0.088_330_850_304,
                ],
            ),
            (8, 4, [3.119_754_574_429_228e-8, 7.761_254_549_804_688e-5, 0.001_853_476_12, 0.032_227_84]),
            (1, 1, [0.0001, 0.0025, 0.01, 0.04]),
        ];
        for (k, r, expected) in cases {
            for (p, expected) in [0.01, 0.05, 0.1, 0.2].into_iter().zip(expected) {
                let value = residual_loss(k, r, p).expect("in range");
                assert!(
                    (value / expected - 1.0).abs() < 1e-12,
                    "({k}, {r}) at {p}: {value} against {expected}"
                );
            }
        }
    }

    #[test]
    fn edges() {
        // Without parity nothing is repaired; with certain loss nothing arrives.
        assert_eq!(residual_loss(10, 0, 0.05), Some(0.05));
        assert_eq!(residual_loss(10, 3, 1.0), Some(1.0));
        assert_eq!(residual_loss(10, 3, 0.0), Some(0.0));
        assert_eq!(residual_loss(0, 3, 0.1), None);
        assert_eq!(residual_loss(10, 3, 1.5), None);
    }
}

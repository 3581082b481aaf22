//! Proof of work as a race: targets, work, retarget, and how long finding a block takes.

use astrarium_node::{Span, Stream};

/// Tag of the draws of mining delays: attempt `k` of a node draws from `cx.stream(Domain::protocol(MINING), k)`.
pub const MINING: u16 = 1;

/// A target in Bitcoin's compact form: `mantissa × 256^(exponent − 3)`, exponent in the top byte.
///
/// Valid are normalised positive targets (mantissa 0x008000 to 0x7fffff) with exponents 20 to 32: works of 2 to 2^105.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bits(pub u32);

impl Bits {
    /// Bitcoin's first target, a work of about 2^32.
    pub const BITCOIN_GENESIS: Self = Self(0x1d00_ffff);
    /// The easiest target, a work of 2.
    pub const EASIEST: Self = Self(0x207f_ffff);
    /// The hardest target, a work of 2^105.
    pub const HARDEST: Self = Self(0x1400_8000);

    const MIN_MANTISSA: u32 = 0x00_8000;
    const MAX_MANTISSA: u32 = 0x7f_ffff;

    fn parts(self) -> Option<(u32, u32)> {
        let (mantissa, exponent) = (self.0 & 0x00ff_ffff, self.0 >> 24);
        let valid =
            (Self::MIN_MANTISSA..=Self::MAX_MANTISSA).contains(&mantissa) && (20..=32).contains(&exponent);
        valid.then_some((mantissa, exponent))
    }

    /// Expected number of hashes that meet the target, ⌊2^256 / (target + 1)⌋; `None` for an invalid target.
    #[must_use]
    pub fn work(self) -> Option<u128> {
        let (mantissa, exponent) = self.parts()?;
        // target = m·2^s with s ≥ 136, so 2^256/(m·2^s + 1) is 2^(256−s)/m, less the tiniest bit: only an exact quotient
        // falls by one.
        let power = 1_u128 << (256 - 8 * (exponent - 3));
        let mantissa = u128::from(mantissa);
        Some(power / mantissa - u128::from(power.is_multiple_of(mantissa)))
    }

    /// How many times harder than `reference`; 1 when either is invalid.
    #[must_use]
    pub fn difficulty(self, reference: Self) -> f64 {
        match (self.work(), reference.work()) {
            (Some(work), Some(unit)) => work as f64 / unit as f64,
            _ => 1.0,
        }
    }

    /// The next target when so many blocks took `actual` instead of `expected`: target × actual / expected, with the ratio
    /// clamped to 1/4 … 4 (Bitcoin Core, `CalculateNextWorkRequired`).
    #[must_use]
    pub fn retarget(self, actual: Span, expected: Span) -> Self {
        let Some((mantissa, mut exponent)) = self.parts() else { return self };
        let expected = u128::from(expected.as_nanos().max(4));
        let actual = u128::from(actual.as_nanos()).clamp(expected / 4, expected.saturating_mul(4));
        // 23 bits of mantissa, 32 of fraction, 66 of time: 121.
        let mut scaled = (u128::from(mantissa) << 32) * actual / expected;
        while scaled >> 32 > u128::from(Self::MAX_MANTISSA) {
            scaled >>= 8;
            exponent += 1;
        }
        while scaled >> 32 < u128::from(Self::MIN_MANTISSA) {
            scaled <<= 8;
            exponent -= 1;
        }
        match exponent {
            // Fits: the loops above left at most 23 bits.
            20..=32 => Self(exponent << 24 | (scaled >> 32) as u32),
            33.. => Self::EASIEST,
            _ => Self::HARDEST,
        }
    }
}

/// How long a miner with `share` of the reference hash power needs for one block: exponential with mean
/// `interval × difficulty / share`, where difficulty 1 is that at which the whole reference power needs `interval`.
///
/// Each hash is an independent trial of tiny success probability, so the number of trials is geometric and the time
/// exponential; and so it has no memory: work on an old tip is worth exactly as much as starting anew. `None` when there is
/// nothing to mine with.
#[must_use]
pub fn mining_delay(interval: Span, difficulty: f64, share: f64, luck: &mut Stream) -> Option<Span> {
    // The comparison is false for NaN too.
    if !(share > 0.0 && difficulty > 0.0) {
        return None;
    }
    Some(interval.scale(luck.exponential() * difficulty / share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::{Domain, Seed};

    /// Golden values from python's integers: `2**256 // (m * 256**(e - 3) + 1)`.
    #[test]
    fn work_is_exact() {
        assert_eq!(Bits::BITCOIN_GENESIS.work(), Some(4_295_032_833));
        assert_eq!(Bits::EASIEST.work(), Some(2));
        assert_eq!(Bits(0x1b04_04cb).work(), Some(70_040_908_352_512));
        assert_eq!(Bits(0x1b01_0000).work(), Some(281_474_976_710_655));
        assert_eq!(Bits::HARDEST.work(), Some(40_564_819_207_303_340_847_894_502_572_031));
    }

    #[test]
    fn hostile_targets_have_no_work() {
        for bits in [0, 0x1d80_0000, 0x1d00_7fff, 0x217f_ffff, 0x1300_8000, 0xffff_ffff, 0x0100_3456] {
            assert_eq!(Bits(bits).work(), None, "{bits:#x}");
        }
    }

    /// First Bitcoin's own first change (block 32,256, times from the public chain), then chosen cases; results from
    /// python's integers by way of Bitcoin's compact encoding.
    #[test]
    fn retarget_equals_big_integer_arithmetic() {
        let two_weeks = Span::from_secs(14 * 24 * 3600);
        let cases = [
            (0x1d00_ffff, 1_262_152_739 - 1_261_130_161, 0x1d00_d86a),
            (0x1c05_a3f4, 2_700_000, 0x1c0c_971c),
            (0x1d00_ffff, 1, 0x1c3f_ffc0),
            (0x1c3f_ffc0, 100_000_000, 0x1d00_ffff),
            (0x207f_ffff, 2_000_000, 0x207f_ffff),
            (0x1400_8000, 600_000, 0x1400_8000),
        ];
        for (old, seconds, new) in cases {
            assert_eq!(
                Bits(old).retarget(Span::from_secs(seconds), two_weeks),
                Bits(new),
                "{old:#x} {seconds}"
            );
        }
    }

    /// 20,000 draws of mean 600 s × 2 / 0.25: the standard error is mean/√n; five of them fail once in 2 million seeds.
    #[test]
    fn mining_delay_has_the_mean_of_the_race() {
        let n = 20_000;
        let draw = |k| {
            let mut luck = Seed(7).stream(Domain::protocol(MINING), 1, k);
            mining_delay(Span::from_secs(600), 2.0, 0.25, &mut luck).unwrap().as_secs_f64()
        };
        let mean = (0..n).map(draw).sum::<f64>() / n as f64;
        assert!((mean / 4_800.0 - 1.0).abs() < 5.0 / (n as f64).sqrt(), "mean {mean}");
    }

    #[test]
    fn without_hash_power_there_is_no_block() {
        let mut luck = Seed(7).stream(Domain::protocol(MINING), 0, 0);
        for share in [0.0, -1.0, f64::NAN] {
            assert_eq!(mining_delay(Span::from_secs(1), 1.0, share, &mut luck), None);
        }
    }
}

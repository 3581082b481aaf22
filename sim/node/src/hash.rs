//! Stable, fast, non-cryptographic hashing: for digests, for seeds and for hash maps.
//!
//! Results depend on nothing but the input: not on the Rust release (unlike `std`'s `DefaultHasher`), the process, the
//! endianness or the width of `usize`. Not resistant to chosen inputs; identities of protocol objects use SHA3.

use std::hash::Hasher;

// Digits of pi: nothing up the sleeve.
const K0: u64 = 0x243f_6a88_85a3_08d3;
const K1: u64 = 0x1319_8a2e_0370_7344;
const K2: u64 = 0xa409_3822_299f_31d0;
const K3: u64 = 0x082e_fa98_ec4e_6c89;

/// Folded multiplication: the 128-bit product's halves, xored. The workhorse of wyhash-like functions.
#[inline]
#[must_use]
pub const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Mixes two words into one; every input bit reaches every output bit.
#[inline]
#[must_use]
pub const fn mix(a: u64, b: u64) -> u64 {
    fold(fold(a ^ K0, b ^ K1) ^ K2, b ^ K3)
}

/// Mixes four words into 128 bits: the seed of a stream named by identity, a term of a digest. Two folded multiplications in a
/// row pass the tests of the streams in `random.rs`; it runs three times per event, so there are no more of them.
#[inline]
#[must_use]
pub const fn mix_wide(a: u64, b: u64, c: u64, d: u64) -> u128 {
    let low = fold(a ^ d ^ K0, b ^ c.rotate_left(32) ^ K1);
    let high = fold(low ^ d ^ K2, a ^ b.rotate_left(17) ^ K3);
    ((high as u128) << 64) | low as u128
}

/// A [`Hasher`] whose value is the same on every machine: one folded multiplication per word.
#[derive(Debug, Clone, Copy)]
pub struct StableHasher(u64);

impl StableHasher {
    /// Starts from a seed.
    #[inline]
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ K0)
    }
}

impl StableHasher {
    /// The state itself: enough for whoever mixes it further anyway.
    #[inline]
    #[must_use]
    pub const fn state(&self) -> u64 {
        self.0
    }
}

impl Hasher for StableHasher {
    #[inline]
    fn finish(&self) -> u64 {
        fold(self.0 ^ K1, K2 ^ self.0.rotate_left(32))
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        // Keeps "ab", "c" apart from "a", "bc" and trailing zeros apart from none.
        self.write_u64(bytes.len() as u64);
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        // The word is added again: a product that happens to be zero must not swallow what came before and after.
        self.0 = fold(self.0 ^ word, K3).wrapping_add(self.0.rotate_left(23)) ^ word;
    }

    #[inline]
    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }

    #[inline]
    fn write_u16(&mut self, n: u16) {
        self.write_u64(u64::from(n));
    }

    #[inline]
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    #[inline]
    fn write_u128(&mut self, n: u128) {
        self.write_u64(n as u64);
        self.write_u64((n >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    // `i8` … `isize` and enum discriminants (`isize`) forward to the unsigned writers by default, `isize` by native
    // bytes, which would depend on the width of the machine.
    #[inline]
    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::Hash;

    fn hash(value: impl Hash) -> u64 {
        let mut hasher = StableHasher::new(7);
        value.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn one_flipped_bit_changes_about_half_of_the_output() {
        // 64 input bits, 64 output bits: the mean of 4096 fair coins is within 5 sigma of one half but once in 10^6.
        let base = hash(0x0123_4567_89ab_cdef_u64);
        let flips: u32 =
            (0..64).map(|bit| (base ^ hash(0x0123_4567_89ab_cdef_u64 ^ (1 << bit))).count_ones()).sum();
        let share = f64::from(flips) / (64.0 * 64.0);
        assert!((share - 0.5).abs() < 5.0 * 0.5 / (4096.0_f64).sqrt(), "avalanche share {share}");
    }

    #[test]
    fn boundaries_between_fields_count() {
        assert_ne!(hash(("ab", "c")), hash(("a", "bc")));
        assert_ne!(hash([0_u8; 3].as_slice()), hash([0_u8; 4].as_slice()));
        assert_ne!(hash((1_u64, 2_u64)), hash((2_u64, 1_u64)));
    }

    #[test]
    fn wide_mix_separates_neighbouring_identities() {
        let mut seen: Vec<u128> = (0..20_000_u64).map(|i| mix_wide(1, i / 100, i % 100, 3)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 20_000);
    }
}

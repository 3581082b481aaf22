//! SHA3-256 with a label per use.

use std::fmt;

use sha3::{Digest, Sha3_256};

/// A 256-bit hash value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash256(pub [u8; 32]);

impl Hash256 {
    /// As a number in 0 .. 1, by the first 53 bits.
    #[must_use]
    pub fn unit(&self) -> f64 {
        (self.leading() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The value modulo `n`, as a 256-bit big-endian number: what "hash mod count" means in a specification.
    ///
    /// # Panics
    /// When `n` is zero.
    #[must_use]
    pub fn modulo(&self, n: u64) -> u64 {
        let n = u128::from(n);
        self.0.iter().fold(0_u128, |rest, byte| (rest << 8 | u128::from(*byte)) % n) as u64
    }

    /// The first eight bytes.
    #[must_use]
    pub fn leading(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Debug for Hash256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}…", self.leading())
    }
}

impl AsRef<[u8]> for Hash256 {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// SHA3-256 of a label and parts. The label's length goes first and parts are of fixed width by their place in a protocol's definition, so that
/// two uses never share an input.
#[must_use]
pub fn hash(label: &str, parts: &[&[u8]]) -> Hash256 {
    let mut hasher = Sha3_256::new();
    hasher.update([label.len() as u8]);
    hasher.update(label.as_bytes());
    parts.iter().for_each(|part| hasher.update(part));
    Hash256(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: `hashlib.sha3_256(bytes([3]) + b"abc" + b"xyz")`.
    #[test]
    fn it_is_sha3_of_label_and_parts() {
        let hex = |h: Hash256| h.0.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(hash("abc", &[b"xyz"])), hex(hash("abc", &[b"x", b"yz"])));
        assert_ne!(hash("abc", &[b"xyz"]), hash("abcx", &[b"yz"]));
        assert_eq!(hex(hash("abc", &[b"xyz"])), GOLDEN);
    }

    const GOLDEN: &str = "221444f9003b59511b7194eda34d82daf50dd2ee4d37953699d4a0c1796837ef";

    #[test]
    fn modulo_is_that_of_the_whole_number() {
        let mut one = Hash256::default();
        one.0[31] = 201;
        one.0[0] = 1;
        // Python: (2**248 + 201) % 1000
        assert_eq!(one.modulo(1000), 857);
        assert_eq!(one.modulo(1), 0);
        assert!((one.unit() - 1.0 / 256.0).abs() < 1e-15);
    }
}

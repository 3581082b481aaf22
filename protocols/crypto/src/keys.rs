//! Keys and signatures as they travel.

use std::fmt;

use astrarium_node::Stream;
use bls12_381::Scalar;

/// Keeps the uses of keys apart: the domain separation tag of RFC 9380 §3.1, for example `CHIRON-V01-blk`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub &'static str);

impl Tag {
    /// Proofs of possession, of whatever system: a tag of its own, so that no signed message is one.
    pub const POSSESSION: Self = Self("ASTRARIUM-V01-pop");
}

/// A secret exponent. Whoever holds the value can sign: it is a capability, so it shows nothing and is not compared.
#[derive(Clone)]
pub struct SecretKey(pub(crate) Scalar);

impl SecretKey {
    /// A fresh key.
    #[must_use]
    pub fn generate(stream: &mut Stream) -> Self {
        Self(uniform(stream))
    }

    /// The sum of two secrets, which belongs to the sum of their public keys.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self(self.0 + other.0)
    }

    /// The secret's negative, which belongs to the negative of its public key.
    #[must_use]
    pub fn negative(&self) -> Self {
        Self(-self.0)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

/// A uniformly random exponent: 512 bits reduced, so the bias is below 2^-256.
pub(crate) fn uniform(stream: &mut Stream) -> Scalar {
    let mut wide = [0; 64];
    wide.chunks_exact_mut(8).for_each(|word| word.copy_from_slice(&stream.word().to_le_bytes()));
    Scalar::from_bytes_wide(&wide)
}

/// A public key: a point of G2 in 96 bytes, compressed. Any bytes may come from the network; whether they are a point shows when
/// they are used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 96]);

/// A signature or a share of one: a point of G1 in 48 bytes, compressed. Any bytes may come from the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(pub [u8; 48]);

impl AsRef<[u8]> for PublicKey {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Signature {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", short(&self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signature {}", short(&self.0))
    }
}

/// The end of the bytes, which differs in every mode.
fn short(bytes: &[u8]) -> String {
    bytes.iter().rev().take(6).map(|b| format!("{b:02x}")).collect()
}

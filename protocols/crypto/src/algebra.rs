//! What the schemes need of two groups with a pairing.

use std::fmt::Debug;

use bls12_381::Scalar;

use crate::keys::{PublicKey, Signature};

/// Two groups of prime order with a bilinear map between them: of curve points, or of exponents that stand for them.
pub(crate) trait Algebra: Debug + Clone + Send + Sync + 'static {
    /// The group of signatures and hashed messages.
    type G1: Copy + Send + Sync + PartialEq;
    /// The group of keys.
    type G2: Copy + Send + Sync + PartialEq;

    /// A message as a group element (RFC 9380), under a domain separation tag.
    fn hash(tag: &str, message: &[u8]) -> Self::G1;

    /// The generator of the group of keys.
    fn generator() -> Self::G2;

    /// Σ exponent · element.
    fn combine1(terms: &[(Scalar, Self::G1)]) -> Self::G1;

    /// Σ exponent · element.
    fn combine2(terms: &[(Scalar, Self::G2)]) -> Self::G2;

    /// Whether the product of the pairings is one.
    fn balanced(pairs: &[(Self::G1, Self::G2)]) -> bool;

    /// The compressed form.
    fn encode1(element: Self::G1) -> Signature;

    /// The element, unless the bytes are none of the group; the identity is refused too.
    fn decode1(bytes: &Signature) -> Option<Self::G1>;

    /// The compressed form.
    fn encode2(element: Self::G2) -> PublicKey;

    /// The element, unless the bytes are none of the group; the identity is refused too.
    fn decode2(bytes: &PublicKey) -> Option<Self::G2>;
}

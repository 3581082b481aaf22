//! The same algebra on exponents: an element is represented by its discrete logarithm.
//!
//! Every equation that holds between points holds between their logarithms, so whatever a protocol or an adversary can do by the operations of
//! this crate has the same outcome as on the curve, thousands of times faster. The encoding has the size of the curve's and is masked; nothing
//! in the crate takes an element apart, so who does not hold a secret cannot sign.

use bls12_381::Scalar;
use sha3::{Digest, Sha3_512};

use crate::algebra::Algebra;
use crate::keys::{PublicKey, Signature};

/// Exponents modulo the order of the curve's groups.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exponents;

/// The generator of G2, an exponent other than one so that a secret never equals its public key.
const GENERATOR: [u64; 4] =
    [0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0x54f5_3a5f_1d36];
/// Fills the encodings up to the size of points.
const FILL1: [u8; 16] = *b"exponent of G1..";
const FILL2: [u8; 64] = [b'e'; 64];

impl Algebra for Exponents {
    type G1 = Scalar;
    type G2 = Scalar;

    fn hash(tag: &str, message: &[u8]) -> Scalar {
        let mut hasher = Sha3_512::new();
        hasher.update([tag.len() as u8]);
        hasher.update(tag.as_bytes());
        hasher.update(message);
        Scalar::from_bytes_wide(&hasher.finalize().into())
    }

    fn generator() -> Scalar {
        Scalar::from_raw(GENERATOR)
    }

    fn combine1(terms: &[(Scalar, Scalar)]) -> Scalar {
        terms.iter().fold(Scalar::zero(), |sum, (exponent, element)| sum + exponent * element)
    }

    fn combine2(terms: &[(Scalar, Scalar)]) -> Scalar {
        Self::combine1(terms)
    }

    fn balanced(pairs: &[(Scalar, Scalar)]) -> bool {
        Self::combine1(pairs) == Scalar::zero()
    }

    fn encode1(element: Scalar) -> Signature {
        let mut bytes = [0; 48];
        bytes[..16].copy_from_slice(&FILL1);
        bytes[16..].copy_from_slice(&element.to_bytes());
        Signature(bytes)
    }

    fn decode1(bytes: &Signature) -> Option<Scalar> {
        decode(&bytes.0, &FILL1)
    }

    fn encode2(element: Scalar) -> PublicKey {
        let mut bytes = [0; 96];
        bytes[..64].copy_from_slice(&FILL2);
        bytes[64..].copy_from_slice(&element.to_bytes());
        PublicKey(bytes)
    }

    fn decode2(bytes: &PublicKey) -> Option<Scalar> {
        decode(&bytes.0, &FILL2)
    }
}

fn decode(bytes: &[u8], fill: &[u8]) -> Option<Scalar> {
    let rest = bytes.strip_prefix(fill)?;
    let exponent: Option<Scalar> = Scalar::from_bytes(rest.try_into().ok()?).into();
    exponent.filter(|e| *e != Scalar::zero())
}

//! The algebra on BLS12-381.

use bls12_381::hash_to_curve::{ExpandMsgXmd, HashToCurve};
use bls12_381::{G1Affine, G1Projective, G2Affine, G2Prepared, G2Projective, Gt, Scalar, multi_miller_loop};
use sha2::Sha256;

use crate::algebra::Algebra;
use crate::keys::{PublicKey, Signature};

/// Points of the curve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curve;

/// Appended to every tag: the suite of RFC 9380 §8.8.1.
const SUITE: &str = "BLS12381G1_XMD:SHA-256_SSWU_RO_";

impl Algebra for Curve {
    type G1 = G1Affine;
    type G2 = G2Affine;

    fn hash(tag: &str, message: &[u8]) -> G1Affine {
        let dst = [tag.as_bytes(), b"_", SUITE.as_bytes()].concat();
        to_curve(message, &dst)
    }

    fn generator() -> G2Affine {
        G2Affine::generator()
    }

    fn combine1(terms: &[(Scalar, G1Affine)]) -> G1Affine {
        match terms {
            [(exponent, point)] => (point * exponent).into(),
            _ => straus(terms, G1Projective::identity(), |point| point.into()).into(),
        }
    }

    fn combine2(terms: &[(Scalar, G2Affine)]) -> G2Affine {
        match terms {
            [(exponent, point)] => (point * exponent).into(),
            _ => straus(terms, G2Projective::identity(), |point| point.into()).into(),
        }
    }

    fn balanced(pairs: &[(G1Affine, G2Affine)]) -> bool {
        let prepared: Vec<(G1Affine, G2Prepared)> = pairs.iter().map(|(p, q)| (*p, (*q).into())).collect();
        let terms: Vec<(&G1Affine, &G2Prepared)> = prepared.iter().map(|(p, q)| (p, q)).collect();
        multi_miller_loop(&terms).final_exponentiation() == Gt::identity()
    }

    fn encode1(element: G1Affine) -> Signature {
        Signature(element.to_compressed())
    }

    fn decode1(bytes: &Signature) -> Option<G1Affine> {
        let point: Option<G1Affine> = G1Affine::from_compressed(&bytes.0).into();
        point.filter(|p| !bool::from(p.is_identity()))
    }

    fn encode2(element: G2Affine) -> PublicKey {
        PublicKey(element.to_compressed())
    }

    fn decode2(bytes: &PublicKey) -> Option<G2Affine> {
        let point: Option<G2Affine> = G2Affine::from_compressed(&bytes.0).into();
        point.filter(|p| !bool::from(p.is_identity()))
    }
}

fn to_curve(message: &[u8], dst: &[u8]) -> G1Affine {
    <G1Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve([message], dst).into()
}

/// Bits per window of [`straus`].
const WINDOW: usize = 4;

/// Σ exponent · point with shared doublings (Straus 1964): windows of four bits from the top, a table of fifteen multiples per point.
/// For the 67 shares of a quorum a fifteenth of the work of as many multiplications.
fn straus<P, A: Copy>(terms: &[(Scalar, A)], zero: P, lift: impl Fn(A) -> P) -> P
where
    P: Copy + std::ops::Add<Output = P>,
{
    let tables: Vec<[P; 1 << WINDOW]> = terms
        .iter()
        .map(|(_, point)| {
            let point = lift(*point);
            let mut multiples = [zero; 1 << WINDOW];
            (1..1 << WINDOW).for_each(|i| multiples[i] = multiples[i - 1] + point);
            multiples
        })
        .collect();
    let digits: Vec<[u8; 32]> = terms.iter().map(|(exponent, _)| exponent.to_bytes()).collect();
    let mut sum = zero;
    for byte in (0..32).rev() {
        for shift in [4, 0] {
            (0..WINDOW).for_each(|_| sum = sum + sum);
            for (table, digits) in tables.iter().zip(&digits) {
                let digit = usize::from(digits[byte] >> shift & 0xf);
                if digit > 0 {
                    sum = sum + table[digit];
                }
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    }

    /// RFC 9380 appendix J.9.1, suite BLS12381G1_XMD:SHA-256_SSWU_RO_.
    #[test]
    fn hashing_to_the_curve_meets_the_rfc() {
        let dst = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_";
        for (message, x, y) in [
            (
                "",
                "052926add2207b76ca4fa57a8734416c8dc95e24501772c814278700eed6d1e4e8cf62d9c09db0fac349612b759e79a1",
                "08ba738453bfed09cb546dbb0783dbb3a5f1f566ed67bb6be0e8c67e2e81a4cc68ee29813bb7994998f3eae0c9c6a265",
            ),
            (
                "abc",
                "03567bc5ef9c690c2ab2ecdf6a96ef1c139cc0b2f284dca0a9a7943388a49a3aee664ba5379a7655d3c68900be2f6903",
                "0b9c15f3fe6e5cf4211f346271d7b01c8f3b28be689c8429c85b67af215533311f0b8dfaaa154fa6b88176c229f2885d",
            ),
        ] {
            let point = to_curve(message.as_bytes(), dst).to_uncompressed();
            assert_eq!(point[..48], unhex(x)[..], "x of {message:?}");
            assert_eq!(point[48..], unhex(y)[..], "y of {message:?}");
        }
    }

    /// Public randomness of the League of Entropy's `quicknet` (drand, scheme bls-unchained-g1-rfc9380): signatures made by a real threshold
    /// group, by another implementation.
    #[test]
    fn a_published_beacon_verifies() {
        let key = unhex(concat!(
            "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451",
            "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
        ));
        let signature = unhex(
            "b55e7cb2d5c613ee0b2e28d6750aabbb78c39dcc96bd9d38c2c2e12198df95571de8e8e402a0cc48871c7089a2b3af4b",
        );
        let key = Curve::decode2(&PublicKey(key.try_into().unwrap())).unwrap();
        let signature = Curve::decode1(&Signature(signature.try_into().unwrap())).unwrap();
        let verifies = |round: u64| {
            let message = <Sha256 as sha2::Digest>::digest(round.to_be_bytes());
            let hashed = to_curve(&message, b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_");
            Curve::balanced(&[(hashed, key), (signature, -Curve::generator())])
        };
        assert!(verifies(1));
        assert!(!verifies(2));
    }

    #[test]
    fn shared_doublings_change_no_sum() {
        let exponents = [3, 0, 0xffff_ffff_ffff_ffff, 16].map(Scalar::from);
        let exponents = exponents.into_iter().chain([-Scalar::from(5)]);
        let terms: Vec<(Scalar, G1Affine)> = exponents
            .zip(1_u64..)
            .map(|(e, i)| (e, (G1Affine::generator() * Scalar::from(i)).into()))
            .collect();
        let plain = terms.iter().fold(G1Projective::identity(), |sum, (e, p)| sum + p * e);
        assert_eq!(Curve::combine1(&terms), plain.into());
        assert_eq!(Curve::combine1(&[]), G1Affine::identity());
    }
}

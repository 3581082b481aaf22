//! The operations, once for every algebra, on keys and signatures as they travel.

use std::fmt::Debug;

use bls12_381::Scalar;

use crate::algebra::Algebra;
use crate::hash::hash;
use crate::keys::{PublicKey, SecretKey, Signature, Tag};

/// A signature with what it is to be checked against.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// Whose.
    pub key: PublicKey,
    /// Over what.
    pub message: &'a [u8],
    /// The signature.
    pub signature: Signature,
}

/// What a mode must compute. Every function is pure: equal inputs give equal results.
pub(crate) trait Scheme: Debug + Send + Sync {
    /// The public key of a secret.
    fn public_key(&self, secret: &SecretKey) -> PublicKey;

    /// The signature of a message: there is exactly one.
    fn sign(&self, secret: &SecretKey, tag: Tag, message: &[u8]) -> Signature;

    /// Whether all signatures are right.
    fn verify_all(&self, tag: Tag, signed: &[Signed<'_>]) -> bool;

    /// Σ exponent · signature; `None` when one is no group element.
    fn combine_signatures(&self, terms: &[(Scalar, Signature)]) -> Option<Signature>;

    /// Σ exponent · key; `None` when one is no group element, or the sum is none a key may be.
    fn combine_keys(&self, terms: &[(Scalar, PublicKey)]) -> Option<PublicKey>;

    /// The Diffie–Hellman secret of two parties, hashed.
    fn agree(&self, secret: &SecretKey, key: &PublicKey) -> Option<[u8; 32]>;
}

impl<A: Algebra> Scheme for A {
    fn public_key(&self, secret: &SecretKey) -> PublicKey {
        A::encode2(A::combine2(&[(secret.0, A::generator())]))
    }

    fn sign(&self, secret: &SecretKey, tag: Tag, message: &[u8]) -> Signature {
        A::encode1(A::combine1(&[(secret.0, A::hash(tag.0, message))]))
    }

    fn verify_all(&self, tag: Tag, signed: &[Signed<'_>]) -> bool {
        let Some(terms) = decode::<A>(signed) else { return false };
        match terms[..] {
            [] => true,
            [(signature, key)] => {
                let minus = A::combine2(&[(-Scalar::one(), A::generator())]);
                A::balanced(&[(A::hash(tag.0, signed[0].message), key), (signature, minus)])
            }
            _ => verify_batch::<A>(tag, signed, &terms),
        }
    }

    fn combine_signatures(&self, terms: &[(Scalar, Signature)]) -> Option<Signature> {
        let decoded: Option<Vec<_>> = terms.iter().map(|(e, s)| Some((*e, A::decode1(s)?))).collect();
        Some(A::encode1(A::combine1(&decoded?)))
    }

    fn combine_keys(&self, terms: &[(Scalar, PublicKey)]) -> Option<PublicKey> {
        let decoded: Option<Vec<_>> = terms.iter().map(|(e, k)| Some((*e, A::decode2(k)?))).collect();
        let sum = A::encode2(A::combine2(&decoded?));
        A::decode2(&sum).map(|_| sum)
    }

    fn agree(&self, secret: &SecretKey, key: &PublicKey) -> Option<[u8; 32]> {
        let shared = A::encode2(A::combine2(&[(secret.0, A::decode2(key)?)]));
        Some(hash("astrarium/dh", &[&shared.0]).0)
    }
}

type Term<A> = (<A as Algebra>::G1, <A as Algebra>::G2);

fn decode<A: Algebra>(signed: &[Signed<'_>]) -> Option<Vec<Term<A>>> {
    signed.iter().map(|s| Some((A::decode1(&s.signature)?, A::decode2(&s.key)?))).collect()
}

/// Random linear combination (Bellare, Garay, Rabin 1998): Σ ρᵢσᵢ against Σ ρᵢH(mᵢ), keys of one message taken together. The 128-bit ρᵢ are a hash
/// of the whole batch, so who made a signature could not know them; a wrong one passes with probability 2^-128.
fn verify_batch<A: Algebra>(tag: Tag, signed: &[Signed<'_>], terms: &[Term<A>]) -> bool {
    let transcript: Vec<u8> = signed
        .iter()
        .flat_map(|s| s.key.0.into_iter().chain(s.signature.0).chain(hash("m", &[s.message]).0))
        .collect();
    let seed = hash("astrarium/batch", &[tag.0.as_bytes(), &transcript]);
    let weights: Vec<Scalar> =
        (0..signed.len() as u64).map(|i| half(&hash("weight", &[&seed.0, &i.to_be_bytes()]).0)).collect();
    let signatures: Vec<_> = weights.iter().zip(terms).map(|(w, (s, _))| (*w, *s)).collect();
    let minus = A::combine2(&[(-Scalar::one(), A::generator())]);
    let mut pairs = vec![(A::combine1(&signatures), minus)];
    let mut order: Vec<usize> = (0..signed.len()).collect();
    order.sort_by_key(|i| signed[*i].message);
    for same in order.chunk_by(|a, b| signed[*a].message == signed[*b].message) {
        let keys: Vec<_> = same.iter().map(|i| (weights[*i], terms[*i].1)).collect();
        pairs.push((A::hash(tag.0, signed[same[0]].message), A::combine2(&keys)));
    }
    A::balanced(&pairs)
}

/// 128 bits of a hash as an exponent.
fn half(bytes: &[u8; 32]) -> Scalar {
    let word = |i: usize| {
        u64::from_le_bytes([
            bytes[i],
            bytes[i + 1],
            bytes[i + 2],
            bytes[i + 3],
            bytes[i + 4],
            bytes[i + 5],
            bytes[i + 6],
            bytes[i + 7],
        ])
    };
    Scalar::from_raw([word(0), word(8), 0, 0])
}

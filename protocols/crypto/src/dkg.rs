//! Key generation without a dealer: every member shares a secret of its own, and the group's secret is their sum (Pedersen 1991).
//!
//! Nobody ever holds the group's secret. Whether a member dealt consistently can be checked in four ways, which differ in what
//! they cost and in what they find:
//!
//! | way | when | finds |
//! |---|---|---|
//! | none | – | nothing: one wrong share makes its reader sign wrongly, one rogue key makes the group the attacker's |
//! | [`Crypto::check_group`] | after the shares are summed | that something is wrong, not who did it |
//! | [`Crypto::opening_is_sound`] | after that, for dealers who open what they dealt | who did it; the dealer's secret is public then |
//! | [`Crypto::check_share`] | with the share, against commitments (Feldman 1987) | who did it, at once |
//!
//! This is the arithmetic; messages, deadlines and complaints belong to the protocol.

use astrarium_node::{Op, Stream};
use bls12_381::Scalar;

use crate::crypto::Crypto;
use crate::keys::{PublicKey, SecretKey, Signature, Tag};
use crate::lagrange::{Quorum, coefficients_at};
use crate::meter::Meter;
use crate::polynomial::{Point, Polynomial};

/// What a member deals.
#[derive(Debug, Clone)]
pub struct Dealing {
    polynomial: Polynomial,
    /// The public key of the dealt secret.
    pub key: PublicKey,
}

impl Dealing {
    /// The share for the member at this place.
    #[must_use]
    pub fn share(&self, at: Point, meter: &mut impl Meter) -> SecretKey {
        meter.charge(Op::Polynomial { terms: self.polynomial.threshold() });
        self.polynomial.share(at)
    }

    /// The dealt secret, which is what a proof of possession is made with.
    #[must_use]
    pub fn secret(&self) -> SecretKey {
        self.polynomial.secret()
    }
}

/// What a member received from a dealer.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The dealer's public key.
    pub key: PublicKey,
    /// The share.
    pub share: SecretKey,
}

/// What a member holds when all have dealt.
#[derive(Debug, Clone)]
pub struct Membership {
    /// Its share of the group's secret.
    pub secret: SecretKey,
    /// The public key of that share, under which its shares of signatures verify.
    pub own: PublicKey,
    /// The group's public key.
    pub group: PublicKey,
}

impl Crypto {
    /// Deals a random secret such that any `threshold` shares give it back.
    ///
    /// # Panics
    /// When `threshold` is zero.
    #[must_use]
    pub fn deal(&self, threshold: u32, stream: &mut Stream, meter: &mut impl Meter) -> Dealing {
        let polynomial = Polynomial::random(threshold, stream);
        let key = self.public_key(&polynomial.secret(), meter);
        Dealing { polynomial, key }
    }

    /// Sums the pieces of all dealers. `None` when a dealer's key is none, or the keys cancel out.
    #[must_use]
    pub fn assemble(&self, pieces: &[Piece], meter: &mut impl Meter) -> Option<Membership> {
        let secret = pieces.iter().fold(Scalar::zero(), |sum, piece| sum + piece.share.0);
        let secret = SecretKey(secret);
        let keys: Vec<PublicKey> = pieces.iter().map(|piece| piece.key).collect();
        let group = self.aggregate_keys(&keys, meter)?;
        let own = self.public_key(&secret, meter);
        Some(Membership { secret, own, group })
    }

    /// Feldman's commitments to a dealing: the public keys of all coefficients, the dealt one first.
    #[must_use]
    pub fn commitments(&self, dealing: &Dealing, meter: &mut impl Meter) -> Vec<PublicKey> {
        dealing.polynomial.coefficients().map(|c| self.public_key(&c, meter)).collect()
    }

    /// Whether a share lies on the polynomial that was committed to, and the dealer's key is its value at zero.
    #[must_use]
    pub fn check_share(
        &self,
        piece: &Piece,
        at: Point,
        commitments: &[PublicKey],
        meter: &mut impl Meter,
    ) -> bool {
        meter.charge(Op::GroupMul { count: commitments.len() as u32 + 1 });
        let powers = std::iter::successors(Some(Scalar::one()), |power| Some(power * at.0));
        let terms: Vec<(Scalar, PublicKey)> = powers.zip(commitments.iter().copied()).collect();
        commitments.first() == Some(&piece.key)
            && self.scheme().combine_keys(&terms) == Some(self.scheme().public_key(&piece.share))
    }

    /// Whether the signatures of all members over one message, interpolated, are the group's: that holds only if all shares lie on one
    /// polynomial. Interpolates over everything it is given, so one wrong share shows.
    #[must_use]
    pub fn check_group(
        &self,
        group: &PublicKey,
        tag: Tag,
        message: &[u8],
        signatures: &[(Point, Signature)],
        meter: &mut impl Meter,
    ) -> bool {
        let points: Vec<Point> = signatures.iter().map(|(at, _)| *at).collect();
        let shares: Vec<Signature> = signatures.iter().map(|(_, s)| *s).collect();
        let sum = Quorum::new(&points).and_then(|quorum| self.recover(&quorum, &shares, meter));
        sum.is_some_and(|signature| self.verify(group, tag, message, &signature, meter))
    }

    /// Whether what a dealer opened is sound: the shares it dealt lie on one polynomial of the right degree whose value at zero belongs to
    /// the dealer's key.
    #[must_use]
    pub fn opening_is_sound(
        &self,
        key: &PublicKey,
        threshold: u32,
        opened: &[(Point, SecretKey)],
        meter: &mut impl Meter,
    ) -> bool {
        let needed = threshold as usize;
        if needed == 0 || opened.len() < needed {
            return false;
        }
        meter.charge(Op::Polynomial { terms: (opened.len() * needed) as u32 });
        let (basis, rest) = opened.split_at(needed);
        let points: Vec<Point> = basis.iter().map(|(at, _)| *at).collect();
        let value = |x: Scalar| {
            let coefficients = coefficients_at(&points, x)?;
            let terms = coefficients.iter().zip(basis);
            Some(terms.fold(Scalar::zero(), |sum, (c, (_, share))| sum + c * share.0))
        };
        let consistent = rest.iter().all(|(at, share)| value(at.0) == Some(share.0));
        let secret = value(Scalar::zero()).map(SecretKey);
        consistent && secret.is_some_and(|secret| self.public_key(&secret, meter) == *key)
    }
}

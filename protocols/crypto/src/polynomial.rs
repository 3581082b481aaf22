//! Polynomials over the scalar field: Shamir's secret sharing (1979).

use std::fmt;

use astrarium_node::Stream;
use bls12_381::Scalar;

use crate::hash::hash;
use crate::keys::{SecretKey, uniform};

/// Where a member's share lies: a scalar other than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point(pub(crate) Scalar);

impl Point {
    /// The place of a member with this identity: its hash, reduced. It is zero with probability 2^-255; then it is one.
    #[must_use]
    pub fn of(label: &str, identity: &[u8]) -> Self {
        let wide = [hash(label, &[identity, &[0]]).0, hash(label, &[identity, &[1]]).0].concat();
        let mut bytes = [0; 64];
        bytes.copy_from_slice(&wide);
        let place = Scalar::from_bytes_wide(&bytes);
        Self(if place == Scalar::zero() { Scalar::one() } else { place })
    }

    /// The place `n`, for members that are numbered from one. `None` for zero, where the secret is.
    #[must_use]
    pub fn number(n: u64) -> Option<Self> {
        (n > 0).then(|| Self(Scalar::from(n)))
    }
}

/// A polynomial whose value at zero is a secret. Any `degree + 1` of its values determine it; fewer say nothing.
#[derive(Clone)]
pub struct Polynomial(Vec<Scalar>);

impl Polynomial {
    /// A random one that needs `threshold` values, with this secret.
    ///
    /// # Panics
    /// When `threshold` is zero.
    #[must_use]
    pub fn sharing(secret: &SecretKey, threshold: u32, stream: &mut Stream) -> Self {
        assert!(threshold > 0, "a secret is shared among somebody");
        let rest = (1..threshold).map(|_| uniform(stream));
        Self(std::iter::once(secret.0).chain(rest).collect())
    }

    /// A random one with a random secret.
    #[must_use]
    pub fn random(threshold: u32, stream: &mut Stream) -> Self {
        let secret = SecretKey::generate(stream);
        Self::sharing(&secret, threshold, stream)
    }

    /// Values needed to determine it.
    #[must_use]
    pub fn threshold(&self) -> u32 {
        self.0.len() as u32
    }

    /// The value at zero.
    #[must_use]
    pub fn secret(&self) -> SecretKey {
        SecretKey(self.0[0])
    }

    /// The value at a place (Horner).
    #[must_use]
    pub fn share(&self, at: Point) -> SecretKey {
        SecretKey(self.0.iter().rev().fold(Scalar::zero(), |sum, coefficient| sum * at.0 + coefficient))
    }

    /// The coefficients as secrets, lowest first: what Feldman's commitments commit to.
    pub(crate) fn coefficients(&self) -> impl Iterator<Item = SecretKey> + '_ {
        self.0.iter().map(|c| SecretKey(*c))
    }
}

impl fmt::Debug for Polynomial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Polynomial of degree {}", self.0.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lagrange::Quorum;
    use proptest::prelude::*;

    /// By hand: 1234 + 166x + 94x², the example of Wikipedia's article on secret sharing; its shares are 1494, 1942, 2578, 3402, 4414.
    #[test]
    fn shares_of_a_known_polynomial() {
        let polynomial = Polynomial([1234, 166, 94].map(Scalar::from).to_vec());
        for (x, y) in (1..).zip([1494, 1942, 2578, 3402, 4414]) {
            assert_eq!(polynomial.share(Point::number(x).unwrap()).0, Scalar::from(y));
        }
    }

    /// Coefficients for the places 2, 4, 5 (by hand): 4·5/((4−2)(5−2)) = 10/3, 2·5/((2−4)(5−4)) = −5, 2·4/((2−5)(4−5)) = 8/3.
    #[test]
    fn coefficients_of_a_known_quorum() {
        let quorum = Quorum::new(&[2, 4, 5].map(|n| Point::number(n).unwrap())).unwrap();
        let third = Scalar::from(3).invert().unwrap();
        let expected = [Scalar::from(10) * third, -Scalar::from(5), Scalar::from(8) * third];
        assert_eq!(quorum.coefficients(), expected);
    }

    #[test]
    fn a_quorum_has_no_twins_and_somebody() {
        let at = |n| Point::number(n).unwrap();
        assert!(Quorum::new(&[at(1), at(2), at(1)]).is_none());
        assert!(Quorum::new(&[]).is_none());
        assert!(Point::number(0).is_none());
    }

    proptest! {
        /// Any `threshold` shares give the secret back, one fewer gives something else.
        #[test]
        fn exactly_the_threshold_is_needed(seed: u64, threshold in 2_u32..8, extra in 0_u32..4) {
            let mut stream = astrarium_node::Seed(seed).stream(astrarium_node::Domain::HANDLER, 0, 0);
            let polynomial = Polynomial::random(threshold, &mut stream);
            let mut places: Vec<u64> = (1..=u64::from(threshold + extra)).collect();
            stream.shuffle(&mut places);
            let points: Vec<Point> = places.iter().map(|n| Point::number(*n).unwrap()).collect();
            let value = |count: usize| {
                let quorum = Quorum::new(&points[..count]).unwrap();
                let terms = quorum.coefficients().iter().zip(quorum.points());
                terms.fold(Scalar::zero(), |sum, (c, p)| sum + c * polynomial.share(*p).0)
            };
            prop_assert_eq!(value(threshold as usize), polynomial.secret().0);
            prop_assert_ne!(value(threshold as usize - 1), polynomial.secret().0);
        }
    }
}

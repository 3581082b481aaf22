//! Lagrange interpolation at zero.

use std::sync::Arc;

use bls12_381::Scalar;

use crate::polynomial::Point;

/// A set of members with the coefficients that bring their values back to zero: computed once per set, for it costs t² multiplications.
#[derive(Debug, Clone)]
pub struct Quorum {
    points: Arc<[Point]>,
    coefficients: Arc<[Scalar]>,
}

impl Quorum {
    /// The set of these members; `None` when one is there twice, or none at all.
    #[must_use]
    pub fn new(points: &[Point]) -> Option<Self> {
        let coefficients = coefficients_at(points, Scalar::zero());
        let coefficients = coefficients.filter(|c| !c.is_empty())?;
        Some(Self { points: points.into(), coefficients: coefficients.into() })
    }

    /// The members, in the order in which they were given.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// λᵢ with Σ λᵢ·f(xᵢ) = f(0) for every polynomial of lower degree than there are members.
    pub(crate) fn coefficients(&self) -> &[Scalar] {
        &self.coefficients
    }
}

/// λᵢ with Σ λᵢ·f(xᵢ) = f(x): Π_{j≠i} (xⱼ − x)/(xⱼ − xᵢ). `None` when two places are one.
pub(crate) fn coefficients_at(points: &[Point], x: Scalar) -> Option<Vec<Scalar>> {
    (0..points.len()).map(|i| coefficient(points, i, x)).collect()
}

fn coefficient(points: &[Point], i: usize, at: Scalar) -> Option<Scalar> {
    let own = points[i].0;
    let others = || points.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, p)| p.0);
    let above = others().fold(Scalar::one(), |product, x| product * (x - at));
    let below = others().fold(Scalar::one(), |product, x| product * (x - own));
    let inverse: Option<Scalar> = below.invert().into();
    Some(above * inverse?)
}

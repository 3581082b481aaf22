//! Jitter: a random delay added to each packet.

use astrarium_node::{Span, Stream};

use crate::error::NetError;

/// Delay added per packet; never negative.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Jitter {
    /// None.
    None,
    /// Uniform from zero.
    Uniform {
        /// Greatest jitter.
        max: Span,
    },
    /// Absolute value of a normal variable.
    HalfNormal {
        /// Standard deviation of the normal variable.
        sigma: Span,
    },
    /// Generalised Pareto, cut to `[0, cap]`. Wittgenstein uses μ = −0.3 ms, σ = 0.35 ms, ξ = 1.4, and 50 ms here.
    GeneralisedPareto {
        /// Location in milliseconds; may be negative.
        mu_ms: f64,
        /// Scale.
        sigma: Span,
        /// Shape.
        xi: f64,
        /// Greatest jitter.
        cap: Span,
    },
}

impl Jitter {
    pub(crate) fn check(self) -> Result<(), NetError> {
        match self {
            Self::GeneralisedPareto { mu_ms, xi, .. } if !(mu_ms.is_finite() && xi.is_finite()) => {
                Err(NetError::config("jitter", "has a parameter that is no finite number", "give numbers"))
            }
            _ => Ok(()),
        }
    }

    /// Nanoseconds.
    pub(crate) fn draw(self, stream: &mut Stream) -> f64 {
        let ns = |span: Span| span.as_nanos() as f64;
        match self {
            Self::None => 0.0,
            Self::Uniform { max } => ns(max) * (1.0 - stream.unit()),
            Self::HalfNormal { sigma } => ns(sigma) * stream.normal().abs(),
            Self::GeneralisedPareto { mu_ms, sigma, xi, cap } => {
                // The excess is (U^−ξ − 1)/ξ, which tends to −ln U as ξ → 0; expm1 keeps small shapes exact.
                let e = stream.exponential();
                let excess = if xi == 0.0 { e } else { libm::expm1(xi * e) / xi };
                (mu_ms * 1e6 + ns(sigma) * excess).clamp(0.0, ns(cap))
            }
        }
    }
}

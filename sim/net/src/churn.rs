//! Churn: nodes that come and go, with session and absence lengths drawn by identity.

use astrarium_node::{Domain, NodeId, Probability, Seed, Span, Stream};

use crate::device::{DeviceClass, Devices};
use crate::error::NetError;

/// Distribution of a length of time, given by its mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SpanDistribution {
    /// Exponential.
    Exponential {
        /// Mean.
        mean: Span,
    },
    /// Weibull; shapes below 1 are heavy-tailed. Sessions of file-sharing networks are well described by about 0.5
    /// (Stutzbach & Rejaie 2006).
    Weibull {
        /// Shape k > 0.
        shape: f64,
        /// Mean; the scale is mean/Γ(1 + 1/k).
        mean: Span,
    },
    /// Pareto.
    Pareto {
        /// Shape a > 1.
        shape: f64,
        /// Mean; the least value is mean·(a − 1)/a.
        mean: Span,
    },
}

/// Which nodes churn and how. By default nobody does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChurnModel {
    /// Share of the nodes that churn (97.6 % of Bitcoin's, SimBlock).
    pub share: f64,
    /// Length of a session.
    pub session: SpanDistribution,
    /// Length of an absence.
    pub absence: SpanDistribution,
    /// What kinds of machines the nodes are: of those with a class, only nodes whose class churns do.
    pub devices: Devices,
}

impl Default for ChurnModel {
    fn default() -> Self {
        Self {
            share: 0.0,
            session: SpanDistribution::Weibull { shape: 0.5, mean: Span::from_secs(7_200) },
            absence: SpanDistribution::Exponential { mean: Span::from_secs(3_600) },
            devices: Devices::default(),
        }
    }
}

/// Least Weibull shape: below it Γ(1 + 1/k) leaves the range of sense (k = 0.1: the median is a 142-millionth of the mean).
const LEAST_WEIBULL: f64 = 0.1;

impl SpanDistribution {
    /// The mean.
    #[must_use]
    pub const fn mean(&self) -> Span {
        match self {
            Self::Exponential { mean } | Self::Weibull { mean, .. } | Self::Pareto { mean, .. } => *mean,
        }
    }

    /// A draw; at least one nanosecond.
    #[must_use]
    pub fn draw(&self, draws: &mut Stream) -> Span {
        let e = draws.exponential();
        let times = match *self {
            Self::Exponential { .. } => e,
            Self::Weibull { shape, .. } => libm::pow(e, 1.0 / shape) / libm::tgamma(1.0 + 1.0 / shape),
            Self::Pareto { shape, .. } => (shape - 1.0) / shape * libm::exp(e / shape),
        };
        self.mean().scale(times).max(Span::from_nanos(1))
    }

    fn check(&self, field: &'static str) -> Result<(), NetError> {
        let (shape, sane, help) = match *self {
            Self::Exponential { .. } => return Ok(()),
            Self::Weibull { shape, .. } => {
                (shape, (LEAST_WEIBULL..=1e3).contains(&shape), "a Weibull shape lies from 0.1 to 1000")
            }
            Self::Pareto { shape, .. } => (
                shape,
                shape > 1.0 && shape <= 1e3,
                "a Pareto shape lies above 1 (else it has no mean), up to 1000",
            ),
        };
        if sane { Ok(()) } else { Err(NetError::config(field, format!("= {shape}"), help)) }
    }
}

impl ChurnModel {
    pub(crate) fn check(&self) -> Result<(), NetError> {
        if !(0.0..=1.0).contains(&self.share) {
            let problem = format!("= {}", self.share);
            return Err(NetError::config("churn.share", problem, "give a share from 0 to 1"));
        }
        self.session.check("churn.shape")?;
        self.absence.check("churn.shape")
    }

    /// Whether a node churns.
    #[must_use]
    pub fn churns(&self, seed: Seed, node: NodeId) -> bool {
        self.devices.class(seed, node).is_none_or(DeviceClass::churns)
            && seed.stream(Domain::CHURN, u64::from(node.0), u64::MAX).chance(Probability::new(self.share))
    }

    /// Length of a node's session number `k`, counted from 0.
    #[must_use]
    pub fn session(&self, seed: Seed, node: NodeId, k: u64) -> Span {
        self.session.draw(&mut seed.stream(Domain::CHURN, u64::from(node.0), 2 * k))
    }

    /// Length of the absence after session `k`.
    #[must_use]
    pub fn absence(&self, seed: Seed, node: NodeId, k: u64) -> Span {
        self.absence.draw(&mut seed.stream(Domain::CHURN, u64::from(node.0), 2 * k + 1))
    }

    /// Long-run share of time that a churning node is present.
    #[must_use]
    pub fn availability(&self) -> f64 {
        let (on, off) = (self.session.mean().as_secs_f64(), self.absence.mean().as_secs_f64());
        if on + off > 0.0 { on / (on + off) } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Span = Span::from_secs(3_600);

    /// Sample mean of 200,000 draws against the given mean, and the share below it against the distribution function at the
    /// mean (1 − 1/e; 1 − e^(−√2) = 0.7569 for k = ½; 1 − (2/3)³ = 0.7037 for a = 3). Five standard errors of each: one false
    /// alarm in 2 million.
    #[test]
    fn lengths_have_the_means_and_shapes_asked_for() {
        let cases = [
            (SpanDistribution::Exponential { mean: HOUR }, 1.0, 0.632_121),
            (SpanDistribution::Weibull { shape: 0.5, mean: HOUR }, 2.236_068, 0.756_883),
            (SpanDistribution::Pareto { shape: 3.0, mean: HOUR }, 0.577_350, 0.703_704),
        ];
        for (session, sd, below) in cases {
            let model = ChurnModel { share: 1.0, session, absence: session, devices: Devices::default() };
            let n = 200_000_u64;
            let lengths = |k| model.session(Seed(8), NodeId((k % 1000) as u32), k / 1000);
            let mean = (0..n).map(|k| lengths(k).as_secs_f64()).sum::<f64>() / n as f64 / 3600.0;
            let share = (0..n).filter(|&k| lengths(k) < HOUR).count() as f64 / n as f64;
            assert!((mean - 1.0).abs() < 5.0 * sd / (n as f64).sqrt(), "{session:?}: mean {mean}");
            let se = (below * (1.0 - below) / n as f64).sqrt();
            assert!((share - below).abs() < 5.0 * se, "{session:?}: {share} below the mean");
        }
    }

    #[test]
    fn sessions_and_absences_are_named_by_identity() {
        let model = ChurnModel { share: 0.976, ..ChurnModel::default() };
        // With one law for both, equal lengths would mean that the draws are the same.
        let alike = ChurnModel { absence: model.session, ..model };
        let lengths = |k| [alike.session(Seed(1), NodeId(3), k), alike.absence(Seed(1), NodeId(3), k)];
        let mut all = [lengths(0), lengths(1), lengths(2)].concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6);
        assert_eq!(model.absence(Seed(1), NodeId(3), 7), model.absence(Seed(1), NodeId(3), 7));
        let churning = (0..10_000).filter(|&i| model.churns(Seed(1), NodeId(i))).count() as f64 / 1e4;
        // Five standard errors of a binomial.
        assert!((churning - 0.976).abs() < 5.0 * 0.001_53, "{churning}");
        assert!((model.availability() - 2.0 / 3.0).abs() < 1e-12);
    }
}

//! `[[expect]]`, `[[plot]]`, `[[claim]]` and `[series]`: what analysis is asked to do with the results.

use crate::value::Value;

/// Names that the scenario may use but that only analysis knows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Vocabulary<'a> {
    /// Closed forms that `theory = "…"` can name.
    pub theories: &'a [&'a str],
}

/// A gate: what must be true of the results.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// The metric it looks at.
    pub metric: String,
    /// The points it covers: each key must have one of the values. Empty: every point.
    pub filter: Vec<(String, Vec<Value>)>,
    /// What must hold; all of them.
    pub bounds: Vec<Bound>,
    /// Confidence of the interval that a bound is compared with, in `(0, 1)`.
    pub confidence: f64,
    /// What the gate is for.
    pub about: Option<String>,
    /// Line in the scenario file.
    pub line: usize,
}

/// What a gate demands of a metric.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// In this closed interval.
    Between(f64, f64),
    /// Within `tolerance` of `value`.
    Equals {
        /// The expected value.
        value: f64,
        /// The greatest distance from it.
        tolerance: f64,
    },
    /// Within `sigmas` standard errors of a closed form.
    Theory {
        /// Name of the closed form.
        name: String,
        /// How many standard errors.
        sigmas: f64,
    },
    /// Not below a closed form.
    TheoryLower(String),
    /// Not above a closed form.
    TheoryUpper(String),
}

/// How a figure is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlotKind {
    /// A metric against a swept parameter.
    #[default]
    Curve,
    /// The distribution of a metric over replicas, or of a series.
    Cdf,
    /// A bar per point.
    Bars,
}

impl PlotKind {
    pub(crate) const NAMES: &'static [&'static str] = &["curve", "cdf", "bars"];

    /// The word used in scenario files.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlotSpec {
    /// How it is drawn.
    pub kind: PlotKind,
    /// Parameter on the abscissa.
    pub x: Option<String>,
    /// Metric on the ordinate.
    pub y: Option<String>,
    /// Parameter that tells the lines apart.
    pub series: Option<String>,
    /// Time series to draw instead of a metric.
    pub series_name: Option<String>,
    /// Closed form drawn under the points.
    pub theory: Option<String>,
    /// Logarithmic abscissa.
    pub log_x: bool,
    /// Logarithmic ordinate.
    pub log_y: bool,
    /// Title; made from the metric unless given.
    pub title: Option<String>,
    /// The points it shows, as in [`Expect::filter`].
    pub filter: Vec<(String, Vec<Value>)>,
    /// Line in the scenario file.
    pub line: usize,
}

/// A claim of a whitepaper that the scenario is evidence on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claim {
    /// Identifier, for example `chiron/CL-58`.
    pub id: String,
    /// What is claimed.
    pub about: Option<String>,
    /// The metric that measures it.
    pub metric: Option<String>,
    /// A remark.
    pub note: Option<String>,
}

/// Which time series are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeriesWish {
    /// Names of the series.
    pub write: Vec<String>,
    /// Only of replicas below this number; of all when absent.
    pub replicas: Option<u64>,
}

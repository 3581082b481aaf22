//! Gates: what a scenario expects of its results, judged point by point.
//!
//! **Bounds** (`at_most`, `at_least`, `between`, `equals`, `theory_lower`, `theory_upper`) fail when the measurement refutes them: the end of the
//! one-sided confidence interval that is nearest to the bound lies beyond it. A gate that covers m points tests each at confidence
//! 1 − (1 − c)/m (Bonferroni), so that the whole gate fails by noise with probability at most 1 − c. One run of a quantity has no interval;
//! then the value itself is compared.
//!
//! **Theory** with s sigmas fails when the mean is more than s standard errors from the closed form. For events the error is that of the closed
//! form, √(p(1−p)/n), for quantities that of the sample. Where the normal law misjudges the tail – few expected events, few replicas – the
//! exact binomial tail or Student's distribution decides whether the deviation is as improbable as s sigmas of a normal variable. So no
//! point fails by noise with more than that probability (2.3·10⁻⁴ on either side at s = 3.5), and p = 0 or 1 is refuted by a single run.
//!
//! What is not refuted is not yet shown. A bound is **open** when the mean lies beyond it by less than the error, or when the error covers the
//! whole band; a closed form is open when only the scarcity of runs saves it. Open gates say so and do not fail, unless the caller is strict.
//!
//! A gate with no point, or with a point at which the metric was not observed or the closed form has no value, does not pass.

mod judge;
mod report;

use astrarium_runner::{Bound, Expect, RunTable, Scenario};

use crate::measured::{Measured, measure};
use crate::theory::find;

pub use judge::{Demand, Judgement, Outcome, judge};
pub use report::{junit, lines, render};

/// One demand of one `[[expect]]`, judged at every point it covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// The metric.
    pub metric: String,
    /// What is demanded, in words.
    pub demand: String,
    /// What the gate is for, from the scenario.
    pub about: Option<String>,
    /// Line of the `[[expect]]` in the scenario file.
    pub line: usize,
    /// Point label and judgement, in the order of the points.
    pub points: Vec<(String, Judgement)>,
}

impl Gate {
    /// Fail when any point failed; else no data when any point, or all of the gate, lacks them; else open when any point is; else pass.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let any = |wanted| self.points.iter().any(|(_, j)| j.outcome == wanted);
        if any(Outcome::Fail) {
            Outcome::Fail
        } else if self.points.is_empty() || any(Outcome::NoData) {
            Outcome::NoData
        } else if any(Outcome::Open) {
            Outcome::Open
        } else {
            Outcome::Pass
        }
    }

    /// True for a pass only: neither an open gate nor one without data has shown anything.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.outcome() == Outcome::Pass
    }

    /// True when nothing speaks against it: passed or open.
    #[must_use]
    pub fn stands(&self) -> bool {
        matches!(self.outcome(), Outcome::Pass | Outcome::Open)
    }
}

/// Judges all gates of a scenario.
#[must_use]
pub fn check(scenario: &Scenario, table: &RunTable) -> Vec<Gate> {
    let measured = measure(scenario, table);
    scenario
        .expects
        .iter()
        .flat_map(|e| e.bounds.iter().map(|b| gate(e, b, &measured)).collect::<Vec<_>>())
        .collect()
}

fn gate(expect: &Expect, bound: &Bound, measured: &[Measured<'_>]) -> Gate {
    let covered: Vec<&Measured<'_>> = measured.iter().filter(|m| m.point.matches(&expect.filter)).collect();
    let confidence = 1.0 - (1.0 - expect.confidence) / covered.len().max(1) as f64;
    let points =
        covered.iter().map(|m| (m.point.label(), at_point(&expect.metric, bound, confidence, m))).collect();
    Gate {
        metric: expect.metric.clone(),
        demand: words(bound, expect.confidence),
        about: expect.about.clone(),
        line: expect.line,
        points,
    }
}

fn at_point(metric: &str, bound: &Bound, confidence: f64, measured: &Measured<'_>) -> Judgement {
    let Some(figures) = measured.metric(metric) else {
        return Judgement::no_data(format!("no run observed `{metric}`"));
    };
    let demand = match demand(bound, measured) {
        Ok(demand) => demand,
        Err(why) => return Judgement::no_data(why),
    };
    judge(figures, demand, confidence)
}

fn demand(bound: &Bound, measured: &Measured<'_>) -> Result<Demand, String> {
    let theory = |name: &str| {
        let theory = find(name).ok_or_else(|| format!("there is no closed form `{name}`"))?;
        (theory.value)(&measured.inputs).ok_or_else(|| match theory.missing(&measured.inputs).as_slice() {
            [] => format!("the closed form `{name}` has no value for these parameters"),
            missing => format!("the closed form `{name}` lacks {}", missing.join(", ")),
        })
    };
    Ok(match bound {
        Bound::AtMost(high) => Demand::Range { low: None, high: Some(*high) },
        Bound::AtLeast(low) => Demand::Range { low: Some(*low), high: None },
        Bound::Between(low, high) => Demand::Range { low: Some(*low), high: Some(*high) },
        Bound::Equals { value, tolerance } => {
            Demand::Range { low: Some(value - tolerance), high: Some(value + tolerance) }
        }
        Bound::Theory { name, sigmas } => Demand::Near { value: theory(name)?, sigmas: *sigmas },
        Bound::TheoryLower(name) => Demand::Range { low: Some(theory(name)?), high: None },
        Bound::TheoryUpper(name) => Demand::Range { low: None, high: Some(theory(name)?) },
    })
}

fn words(bound: &Bound, confidence: f64) -> String {
    let at = format!("(confidence {confidence})");
    match bound {
        Bound::AtMost(high) => format!("at most {high} {at}"),
        Bound::AtLeast(low) => format!("at least {low} {at}"),
        Bound::Between(low, high) => format!("between {low} and {high} {at}"),
        Bound::Equals { value, tolerance } => format!("{value} ± {tolerance} {at}"),
        Bound::Theory { name, sigmas } => format!("within {sigmas} σ of {name}"),
        Bound::TheoryLower(name) => format!("not below {name} {at}"),
        Bound::TheoryUpper(name) => format!("not above {name} {at}"),
    }
}

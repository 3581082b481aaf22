//! One measurement against one demand; the rules are in the parent module.

use crate::stats::{
    Description, Interval, normal_quantile, normal_tail, proportion_standard_error, student_tail,
};
use crate::theory::tails::{binomial_at_least, binomial_at_most};

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The mean is where it should be.
    Pass,
    /// Neither refuted nor shown: the mean is outside the demand by less than its error, or the error is as large as what is demanded.
    Open,
    /// Refuted.
    Fail,
    /// Nothing to judge; counts as not passed.
    NoData,
}

/// What is demanded of the mean of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Demand {
    /// Inside bounds.
    Range {
        /// Lower bound.
        low: Option<f64>,
        /// Upper bound.
        high: Option<f64>,
    },
    /// Near a closed form.
    Near {
        /// Its value.
        value: f64,
        /// Greatest distance in standard errors.
        sigmas: f64,
    },
}

/// The judgement at one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What came out.
    pub outcome: Outcome,
    /// Runs that observed the metric.
    pub n: usize,
    /// Measured mean.
    pub measured: Option<f64>,
    /// The interval that was compared (for bounds), or that of the mean at 95 %.
    pub interval: Option<Interval>,
    /// The closed form, or the bound nearest to the mean.
    pub expected: Option<f64>,
    /// Distance of the mean from the closed form in standard errors, signed; infinite for a refuted certainty.
    pub sigmas: Option<f64>,
    /// Why, in words, when it is not plain from the numbers.
    pub remark: String,
}

impl Judgement {
    pub(super) fn no_data(why: String) -> Self {
        Self {
            outcome: Outcome::NoData,
            n: 0,
            measured: None,
            interval: None,
            expected: None,
            sigmas: None,
            remark: why,
        }
    }
}

/// Judges a mean. `confidence` is that of the one-sided comparison with a bound.
#[must_use]
pub fn judge(figures: &Description, demand: Demand, confidence: f64) -> Judgement {
    match demand {
        Demand::Range { low, high } => in_range(figures, low, high, confidence),
        Demand::Near { value, sigmas } => near(figures, value, sigmas),
    }
}

fn in_range(figures: &Description, low: Option<f64>, high: Option<f64>, confidence: f64) -> Judgement {
    // Either end of the two-sided interval at 2c − 1 is the end of a one-sided interval at c. At c ≤ ½ the mean itself is compared.
    let interval = figures.interval_at(2.0 * confidence - 1.0);
    let (lower, upper) = interval.map_or((figures.mean, figures.mean), |i| (i.lo, i.hi));
    let slack = |bound: f64| 1e-12 * bound.abs();
    let broken_low = low.filter(|bound| upper < bound - slack(*bound));
    let broken_high = high.filter(|bound| lower > bound + slack(*bound));
    let failed = broken_low.or(broken_high);
    let distance = |bound: &f64| (figures.mean - bound).abs();
    let nearest = [low, high].into_iter().flatten().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let outside = low.is_some_and(|bound| figures.mean < bound - slack(bound))
        || high.is_some_and(|bound| figures.mean > bound + slack(bound));
    let band = low.zip(high).filter(|(low, high)| low < high);
    let wider = band.is_some_and(|(low, high)| lower < low && upper > high);
    let (outcome, remark) = match () {
        () if failed.is_some() => (Outcome::Fail, ""),
        () if outside => (Outcome::Open, "outside, but not by more than the error: more replicas decide"),
        () if wider => (Outcome::Open, "the error is wider than the band: more replicas decide"),
        () if interval.is_none() => (Outcome::Pass, "one run: the value itself is compared"),
        () => (Outcome::Pass, ""),
    };
    Judgement {
        outcome,
        n: figures.n,
        measured: Some(figures.mean),
        interval,
        expected: failed.or(nearest),
        sigmas: None,
        remark: remark.to_owned(),
    }
}

fn near(figures: &Description, value: f64, limit: f64) -> Judgement {
    let difference = figures.mean - value;
    let error = match figures.successes() {
        Some(_) => Some(proportion_standard_error(value, figures.n as u64)),
        None => figures.standard_error(),
    };
    let Some(error) = error else {
        return Judgement::no_data(
            "one run has no standard error: at least two replicas are needed".to_owned(),
        );
    };
    let same = difference.abs() <= 1e-12 * value.abs().max(1e-12);
    let sigmas = if same { 0.0 } else { difference / error };
    let tail = if same { 1.0 } else { tail_of(figures, value, sigmas) };
    // As improbable as `limit` sigmas of a normal variable.
    let refuted = sigmas.abs() > limit && tail < normal_tail(limit);
    let rescued = sigmas.abs() > limit && !refuted;
    // Of events the tail is exact, and says that the deviation is ordinary. Of a few quantities it only says that they are too few.
    let few = rescued && figures.successes().is_none() && sigmas.is_finite();
    let outcome = match (refuted, few) {
        (true, _) => Outcome::Fail,
        (false, true) => Outcome::Open,
        (false, false) => Outcome::Pass,
    };
    let remark = if rescued {
        format!("exact tail {tail:.2e}, as {:.2} σ of a normal variable", -normal_quantile(tail.min(0.5)))
    } else {
        String::new()
    };
    Judgement {
        outcome,
        n: figures.n,
        measured: Some(figures.mean),
        interval: figures.interval,
        expected: Some(value),
        sigmas: Some(sigmas),
        remark,
    }
}

/// Probability of a deviation at least this far on this side, if the closed form is right.
fn tail_of(figures: &Description, value: f64, sigmas: f64) -> f64 {
    let n = figures.n as u64;
    let binomial = |successes| {
        let tail = if sigmas > 0.0 {
            binomial_at_least(n, value, successes)
        } else {
            binomial_at_most(n, value, successes)
        };
        // No probability: the closed form is not one, and the event refutes it.
        tail.unwrap_or(0.0)
    };
    if let Some(successes) = figures.successes() {
        return binomial(successes);
    }
    if sigmas.is_finite() {
        return student_tail(sigmas.abs(), (figures.n - 1) as f64);
    }
    // All runs gave the same value. A share that was 0 (or 1) in every run says what n failures (successes) of an event say: a variable
    // in 0..=1 with mean p is 0 with probability at most 1 − p.
    match figures.mean {
        m if m == 0.0 && (0.0..=1.0).contains(&value) => binomial(0),
        m if m == 1.0 && (0.0..=1.0).contains(&value) => binomial(n),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Shape;

    fn coin(heads: usize, n: usize) -> Description {
        let values: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i < heads))).collect();
        Description::of(&values, Shape::Event, 0.95).unwrap()
    }

    fn quantity(values: &[f64]) -> Description {
        Description::of(values, Shape::Quantity, 0.95).unwrap()
    }

    fn near(figures: &Description, value: f64) -> Outcome {
        judge(figures, Demand::Near { value, sigmas: 3.5 }, 0.95).outcome
    }

    // 10,000 throws: standard error 0.005; 3.5 of them are 175 throws.
    #[test]
    fn a_fair_coin_passes_and_a_biased_one_fails() {
        assert_eq!(near(&coin(5_174, 10_000), 0.5), Outcome::Pass);
        assert_eq!(near(&coin(5_190, 10_000), 0.5), Outcome::Fail);
        assert_eq!(near(&coin(4_810, 10_000), 0.5), Outcome::Fail);
    }

    // p = 1e-4, n = 2,000: two events are 4.0 standard errors from 0.2, yet come by chance in 1.8 % of all cases; five in 2e-6.
    #[test]
    fn rare_events_are_judged_by_the_exact_tail() {
        let two = judge(&coin(2, 2_000), Demand::Near { value: 1e-4, sigmas: 3.5 }, 0.95);
        assert!(two.sigmas.unwrap() > 3.9);
        assert_eq!(two.outcome, Outcome::Pass);
        assert!(two.remark.contains("1.75e-2"), "{}", two.remark);
        assert_eq!(near(&coin(5, 2_000), 1e-4), Outcome::Fail);
    }

    #[test]
    fn certainties_are_refuted_by_one_run() {
        assert_eq!(near(&coin(100, 100), 1.0), Outcome::Pass);
        assert_eq!(near(&coin(99, 100), 1.0), Outcome::Fail);
        assert_eq!(near(&coin(0, 100), 0.0), Outcome::Pass);
        assert_eq!(near(&coin(1, 100), 0.0), Outcome::Fail);
    }

    // Three runs: t(2) must exceed 46.4 to be as rare as 3.5 σ.
    #[test]
    fn few_replicas_are_judged_by_student() {
        let three = quantity(&[1.0, 1.1, 0.9]);
        assert_eq!(near(&three, 1.1), Outcome::Pass);
        assert_eq!(near(&three, 1.5), Outcome::Open, "8.7 standard errors of three runs are not yet 3.5 σ");
        assert_eq!(near(&three, 4.0), Outcome::Fail);
        assert_eq!(
            judge(&quantity(&[1.0]), Demand::Near { value: 1.0, sigmas: 3.5 }, 0.95).outcome,
            Outcome::NoData
        );
    }

    #[test]
    fn shares_that_never_moved_are_judged_as_events() {
        assert_eq!(near(&quantity(&[0.0; 50]), 1e-6), Outcome::Pass);
        assert_eq!(near(&quantity(&[0.0; 50]), 0.3), Outcome::Fail);
        assert_eq!(near(&quantity(&[1.0; 50]), 1.0), Outcome::Pass);
        assert_eq!(near(&quantity(&[7.0; 50]), 7.0), Outcome::Pass);
        assert_eq!(near(&quantity(&[7.0; 50]), 7.1), Outcome::Fail);
    }

    // Two runs, 1 and 3: one-sided 95 % interval 2 ± 6.31.
    #[test]
    fn what_is_not_refuted_is_not_yet_shown() {
        let between = |figures: &Description, low, high| {
            judge(figures, Demand::Range { low: Some(low), high: Some(high) }, 0.95).outcome
        };
        let two = quantity(&[1.0, 3.0]);
        assert_eq!(between(&two, -10.0, 10.0), Outcome::Pass);
        assert_eq!(between(&two, -10.0, 4.0), Outcome::Pass, "cut on one side only");
        assert_eq!(between(&two, 1.0, 3.0), Outcome::Open, "the error covers the band");
        assert_eq!(between(&two, 3.0, 9.0), Outcome::Open, "the mean is outside");
        assert_eq!(between(&two, 9.0, 10.0), Outcome::Fail);
        assert_eq!(between(&quantity(&[2.0, 2.0]), 2.0, 2.0), Outcome::Pass, "nothing is uncertain");
    }

    #[test]
    fn bounds_are_broken_only_beyond_the_interval() {
        let at_most = |figures: &Description, high| {
            judge(figures, Demand::Range { low: None, high: Some(high) }, 0.95).outcome
        };
        // 60 of 1,000: the one-sided 95 % interval begins at 0.0487.
        assert_eq!(at_most(&coin(60, 1_000), 0.06), Outcome::Pass);
        assert_eq!(at_most(&coin(60, 1_000), 0.05), Outcome::Open);
        assert_eq!(at_most(&coin(60, 1_000), 0.048), Outcome::Fail);
        let at_least = |figures: &Description, low| {
            judge(figures, Demand::Range { low: Some(low), high: None }, 0.95).outcome
        };
        assert_eq!(at_least(&quantity(&[5.0, 6.0, 7.0]), 7.5), Outcome::Open);
        assert_eq!(at_least(&quantity(&[5.0, 6.0, 7.0]), 8.0), Outcome::Fail);
        assert_eq!(at_least(&quantity(&[5.0]), 5.1), Outcome::Fail);
        assert_eq!(at_most(&quantity(&[5.0]), 5.0), Outcome::Pass);
    }

    /// 4,000 samples of 400 fair throws: with `at_most = 0.5` at confidence 0.95 about 5 % may fail, with 3.5 σ about 0.05 %.
    #[test]
    fn false_alarms_stay_at_the_stated_rate() {
        let mut state = 42_u64;
        let mut heads = || {
            (0..400)
                .filter(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    state >> 63 == 1
                })
                .count()
        };
        let (mut bound, mut theory) = (0, 0);
        for _ in 0..4_000 {
            let sample = coin(heads(), 400);
            let demand = Demand::Range { low: None, high: Some(0.5) };
            bound += u32::from(judge(&sample, demand, 0.95).outcome == Outcome::Fail);
            theory += u32::from(near(&sample, 0.5) == Outcome::Fail);
        }
        // Four standard deviations around 200 (σ = 13.8) and 1.9.
        assert!((130..=256).contains(&bound), "{bound}");
        assert!(theory <= 8, "{theory}");
    }
}

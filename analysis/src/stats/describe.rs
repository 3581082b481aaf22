//! The figures of one metric at one point.

use super::{Interval, mean, quantile_sorted, sorted, student, variance, wilson};

/// Whether a value per replica is an event or a quantity; decides the interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// 0 or 1 per replica; the mean is a proportion.
    Event,
    /// Any number per replica.
    Quantity,
}

/// Size, centre, scatter, order statistics and interval of one sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Description {
    /// Values present (replicas that observed the metric).
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (divisor n − 1); `None` below two values.
    pub deviation: Option<f64>,
    /// Quantiles of type 7 at 5 %, 50 %, 95 %, 99 %.
    pub quantiles: [f64; 4],
    /// Interval of the mean; `None` when the sample is too small for one.
    pub interval: Option<Interval>,
    /// What the values are.
    pub shape: Shape,
}

impl Description {
    /// The levels of [`Description::quantiles`].
    pub const LEVELS: [f64; 4] = [0.05, 0.5, 0.95, 0.99];

    /// Describes `values` (in run order) with an interval of the given two-sided confidence; `None` of nothing.
    ///
    /// An event metric that holds anything but 0 and 1 is treated as a quantity: a Wilson interval would be a lie.
    #[must_use]
    pub fn of(values: &[f64], shape: Shape, confidence: f64) -> Option<Self> {
        let centre = mean(values)?;
        let binary = values.iter().all(|v| *v == 0.0 || *v == 1.0);
        let shape = if binary { shape } else { Shape::Quantity };
        let deviation = variance(values).map(f64::sqrt);
        let in_order = sorted(values);
        let quantiles = Self::LEVELS.map(|p| quantile_sorted(&in_order, p).unwrap_or(f64::NAN));
        let interval = match shape {
            Shape::Event => wilson(ones(values), values.len() as u64, confidence),
            Shape::Quantity => deviation.and_then(|sd| student(centre, sd, values.len(), confidence)),
        };
        Some(Self { n: values.len(), mean: centre, deviation, quantiles, interval, shape })
    }

    /// Successes of an event metric; `None` for a quantity.
    #[must_use]
    pub fn successes(&self) -> Option<u64> {
        // The mean of n ≤ 2^53 zeros and ones times n is a whole number up to rounding.
        (self.shape == Shape::Event).then(|| (self.mean * self.n as f64).round() as u64)
    }

    /// Standard error of the mean from the sample; `None` below two values.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        self.deviation.map(|sd| sd / (self.n as f64).sqrt())
    }

    /// The interval at another confidence.
    #[must_use]
    pub fn interval_at(&self, confidence: f64) -> Option<Interval> {
        match self.successes() {
            Some(successes) => wilson(successes, self.n as u64, confidence),
            None => student(self.mean, self.deviation?, self.n, confidence),
        }
    }
}

fn ones(values: &[f64]) -> u64 {
    values.iter().filter(|v| **v == 1.0).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Method;

    #[test]
    fn events_get_wilson_and_quantities_student() {
        let event = Description::of(&[1.0, 0.0, 0.0, 1.0], Shape::Event, 0.95).unwrap();
        assert_eq!(event.interval.unwrap().method, Method::Wilson);
        assert_eq!(event.successes(), Some(2));
        let quantity = Description::of(&[1.0, 0.0, 0.0, 1.0], Shape::Quantity, 0.95).unwrap();
        assert_eq!(quantity.interval.unwrap().method, Method::Student);
        let share = Description::of(&[0.5, 0.0], Shape::Event, 0.95).unwrap();
        assert_eq!(share.shape, Shape::Quantity);
    }

    #[test]
    fn one_replica_has_no_interval_of_a_mean() {
        let one = Description::of(&[3.0], Shape::Quantity, 0.95).unwrap();
        assert_eq!((one.mean, one.deviation, one.interval), (3.0, None, None));
        assert_eq!(Description::of(&[], Shape::Event, 0.95), None);
    }
}

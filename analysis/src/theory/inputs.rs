//! What a closed form is evaluated on.

use std::collections::BTreeMap;

/// Parameters of one sweep point and the metrics measured there.
///
/// Numbers are in base units whatever the scenario file wrote: shares 0..=1, durations in seconds, sizes in bytes, rates per second;
/// flags are 0 or 1. Metrics are means over the replicas, in the unit the system declares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inputs {
    numbers: BTreeMap<String, f64>,
    texts: BTreeMap<String, String>,
    metrics: BTreeMap<String, f64>,
}

impl Inputs {
    /// Nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a numeric parameter (base unit).
    #[must_use]
    pub fn with(mut self, key: &str, value: f64) -> Self {
        self.numbers.insert(key.to_owned(), value);
        self
    }

    /// Adds or replaces a text parameter.
    #[must_use]
    pub fn with_text(mut self, key: &str, value: &str) -> Self {
        self.texts.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Adds or replaces a measured metric.
    #[must_use]
    pub fn with_metric(mut self, name: &str, value: f64) -> Self {
        self.metrics.insert(name.to_owned(), value);
        self
    }

    /// A numeric parameter.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        self.numbers.get(key).copied().filter(|v| v.is_finite())
    }

    /// A parameter that must be a whole number ≥ 0, for example a count of confirmations.
    #[must_use]
    pub fn count(&self, key: &str) -> Option<u64> {
        // 2^53: beyond, a float cannot hold every whole number.
        self.number(key)
            .filter(|v| *v >= 0.0 && *v <= 9_007_199_254_740_992.0 && v.fract() == 0.0)
            .map(|v| v as u64)
    }

    /// A text parameter.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// A metric measured at the same point.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).copied().filter(|v| v.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::Inputs;

    #[test]
    fn counts_are_whole_and_not_negative() {
        let inputs = Inputs::new().with("a", 6.0).with("b", 6.5).with("c", -1.0).with("d", f64::NAN);
        assert_eq!(["a", "b", "c", "d", "e"].map(|k| inputs.count(k)), [Some(6), None, None, None, None]);
        assert_eq!(inputs.number("d"), None);
    }
}

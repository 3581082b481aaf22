//! The resolved parameters of one sweep point: typed values by dotted key, with their origins.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use astrarium_node::Span;

pub use crate::value::Value;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// The declaration of the parameter.
    #[default]
    Default,
    /// The preset of links of this name (`network.preset`).
    Preset(Arc<str>),
    /// The body of the scenario file.
    File,
    /// The size overlay of this name.
    Size(Arc<str>),
    /// `--set` (or `--seed`, `--replicas`) on the command line.
    Set,
    /// An axis of the sweep.
    Sweep,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Preset(name) => write!(f, "preset {name}"),
            Self::File => f.write_str("file"),
            Self::Size(name) => write!(f, "size.{name}"),
            Self::Set => f.write_str("--set"),
            Self::Sweep => f.write_str("sweep"),
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub origin: Origin,
}

/// The resolved parameters of one sweep point, flattened by dotted key: `network.latency.kind`, `adversary.share` ….
///
/// Points share what their sweep does not touch, so that a hundred thousand points stay small.
#[derive(Debug, Clone, Default)]
pub struct Params {
    shared: Arc<BTreeMap<String, Entry>>,
    own: BTreeMap<String, Option<Entry>>,
    faults: Arc<[FaultParams]>,
    series: Arc<[String]>,
}

impl Params {
    /// Parameters from resolved entries.
    #[must_use]
    pub fn new(entries: BTreeMap<String, Entry>, faults: Vec<FaultParams>, series: Vec<String>) -> Self {
        Self { shared: Arc::new(entries), own: BTreeMap::new(), faults: faults.into(), series: series.into() }
    }

    /// Parameters from bare values, for tests of experiments.
    #[must_use]
    pub fn from_values<'a>(values: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let entry = |value| Entry { value, origin: Origin::File };
        let entries = values.into_iter().map(|(key, value)| (key.to_string(), entry(value))).collect();
        Self::new(entries, Vec::new(), Vec::new())
    }

    /// The same parameters with some entries replaced (`Some`) or removed (`None`).
    #[must_use]
    pub(crate) fn with(
        &self,
        changes: BTreeMap<String, Option<Entry>>,
        faults: Option<Vec<FaultParams>>,
    ) -> Self {
        let mut own = self.own.clone();
        own.extend(changes);
        let faults = faults.map_or_else(|| Arc::clone(&self.faults), Into::into);
        Self { shared: Arc::clone(&self.shared), own, faults, series: Arc::clone(&self.series) }
    }

    /// The entry of a key, with its origin.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match self.own.get(key) {
            Some(own) => own.as_ref(),
            None => self.shared.get(key),
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entry(key).map(|e| &e.value)
    }

    /// True when the key has a value at this point (optional keys, fields of the chosen variant).
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// All keys and entries in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let mut all: BTreeMap<&str, &Entry> = BTreeMap::new();
        all.extend(self.shared.iter().map(|(k, e)| (k.as_str(), e)));
        for (key, entry) in &self.own {
            match entry {
                Some(entry) => all.insert(key, entry),
                None => all.remove(key.as_str()),
            };
        }
        all.into_iter()
    }

    /// Injected faults, in file order.
    #[must_use]
    pub fn faults(&self) -> &[FaultParams] {
        &self.faults
    }

    /// True when the scenario asks for this time series.
    #[must_use]
    pub fn wants_series(&self, name: &str) -> bool {
        self.series.iter().any(|s| s == name)
    }
}

/// Typed access to a set of dotted keys. A key that was never declared, or is read as another type, is a programmer's error
/// and panics with the key; use [`has`](Params::has) and the `opt_` getters for keys that exist only in some variants.
macro_rules! getters {
    ($owner:ident) => {
        impl $owner {
            fn expect_value(&self, key: &str) -> &Value {
                match self.get(key) {
                    Some(value) => value,
                    None => panic!("parameter `{key}` is not declared, or has no value here"),
                }
            }

            /// A yes or no.
            #[must_use]
            pub fn flag(&self, key: &str) -> bool {
                match self.expect_value(key) {
                    Value::Bool(b) => *b,
                    other => mistyped(key, "a flag", other),
                }
            }

            /// A whole number.
            #[must_use]
            pub fn integer(&self, key: &str) -> i64 {
                match self.expect_value(key) {
                    Value::Integer(i) => *i,
                    other => mistyped(key, "a whole number", other),
                }
            }

            /// A whole number that its range keeps non-negative, as a count.
            #[must_use]
            pub fn count(&self, key: &str) -> usize {
                match usize::try_from(self.integer(key)) {
                    Ok(n) => n,
                    Err(_) => mistyped(key, "a count", self.expect_value(key)),
                }
            }

            /// A number (whole numbers included).
            #[must_use]
            pub fn number(&self, key: &str) -> f64 {
                match self.expect_value(key) {
                    Value::Number(x) => *x,
                    Value::Integer(i) => *i as f64,
                    other => mistyped(key, "a number", other),
                }
            }

            /// A share in `0..=1`.
            #[must_use]
            pub fn share(&self, key: &str) -> f64 {
                self.number(key)
            }

            /// A duration.
            #[must_use]
            pub fn span(&self, key: &str) -> Span {
                match self.expect_value(key) {
                    Value::Span(ns) => Span::from_nanos(*ns),
                    other => mistyped(key, "a duration", other),
                }
            }

            /// Bytes.
            #[must_use]
            pub fn bytes(&self, key: &str) -> u64 {
                match self.expect_value(key) {
                    Value::Bytes(b) => *b,
                    other => mistyped(key, "a size", other),
                }
            }

            /// Bits per second.
            #[must_use]
            pub fn bit_rate(&self, key: &str) -> f64 {
                match self.expect_value(key) {
                    Value::BitRate(x) => *x,
                    other => mistyped(key, "a bit rate", other),
                }
            }

            /// Events per second.
            #[must_use]
            pub fn per_second(&self, key: &str) -> f64 {
                match self.expect_value(key) {
                    Value::PerSecond(x) => *x,
                    other => mistyped(key, "a rate", other),
                }
            }

            /// A word, a text, a path, or the `kind` of a variant.
            #[must_use]
            pub fn text(&self, key: &str) -> &str {
                match self.expect_value(key) {
                    Value::Text(t) => t,
                    other => mistyped(key, "a text", other),
                }
            }

            /// Several values.
            #[must_use]
            pub fn list(&self, key: &str) -> &[Value] {
                match self.expect_value(key) {
                    Value::List(items) => items,
                    other => mistyped(key, "a list", other),
                }
            }

            /// A whole number, when there is one.
            #[must_use]
            pub fn opt_integer(&self, key: &str) -> Option<i64> {
                self.get(key).map(|_| self.integer(key))
            }

            /// A number, when there is one.
            #[must_use]
            pub fn opt_number(&self, key: &str) -> Option<f64> {
                self.get(key).map(|_| self.number(key))
            }

            /// A share, when there is one.
            #[must_use]
            pub fn opt_share(&self, key: &str) -> Option<f64> {
                self.opt_number(key)
            }

            /// A duration, when there is one.
            #[must_use]
            pub fn opt_span(&self, key: &str) -> Option<Span> {
                self.get(key).map(|_| self.span(key))
            }

            /// Bytes, when there are any.
            #[must_use]
            pub fn opt_bytes(&self, key: &str) -> Option<u64> {
                self.get(key).map(|_| self.bytes(key))
            }

            /// Bits per second, when given.
            #[must_use]
            pub fn opt_bit_rate(&self, key: &str) -> Option<f64> {
                self.get(key).map(|_| self.bit_rate(key))
            }

            /// Events per second, when given.
            #[must_use]
            pub fn opt_per_second(&self, key: &str) -> Option<f64> {
                self.get(key).map(|_| self.per_second(key))
            }

            /// A text, when there is one.
            #[must_use]
            pub fn opt_text(&self, key: &str) -> Option<&str> {
                self.get(key).map(|_| self.text(key))
            }

            /// Several values, when given.
            #[must_use]
            pub fn opt_list(&self, key: &str) -> Option<&[Value]> {
                self.get(key).map(|_| self.list(key))
            }
        }
    };
}

fn mistyped(key: &str, wanted: &str, value: &Value) -> ! {
    panic!("parameter `{key}` was read as {wanted} but is {value:?}")
}

getters!(Params);
getters!(FaultParams);

/// One injected fault.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultParams {
    /// Name by which a sweep, `--set` or a report refers to it; `fault-1`, `fault-2` … unless given.
    pub id: String,
    /// Which fault, for example `partition`.
    pub kind: String,
    /// Its fields (`at`, `for`, `split` …), without `id` and `kind`.
    pub fields: BTreeMap<String, Entry>,
}

impl FaultParams {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).map(|e| &e.value)
    }

    /// True when the field has a value.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_share_what_they_do_not_change() {
        let base = Params::from_values([("a.x", Value::Number(0.5)), ("a.y", Value::Integer(3))]);
        let changed = Entry { value: Value::Number(0.25), origin: Origin::Sweep };
        let point =
            base.with(BTreeMap::from([("a.x".to_string(), Some(changed)), ("a.y".to_string(), None)]), None);
        assert_eq!((base.share("a.x"), point.share("a.x")), (0.5, 0.25));
        assert!(base.has("a.y") && !point.has("a.y"));
        assert_eq!(point.iter().map(|(k, _)| k).collect::<Vec<_>>(), ["a.x"]);
    }

    #[test]
    #[should_panic(expected = "`a.z` is not declared")]
    fn an_undeclared_key_is_a_programmers_error() {
        let _ = Params::from_values([("a.x", Value::Number(0.5))]).number("a.z");
    }
}

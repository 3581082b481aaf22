//! A parameter's value: typed, with its unit applied, and how it is written.

use std::fmt;

use crate::units;

/// A parameter's value, its unit already applied.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number or a share.
    Number(f64),
    /// A duration in nanoseconds.
    Span(u64),
    /// Bits per second.
    BitRate(f64),
    /// Bytes.
    Bytes(u64),
    /// Events per second.
    PerSecond(f64),
    /// A word, a text or a path.
    Text(String),
    /// Several values.
    List(Vec<Value>),
}

impl Value {
    /// The value as one number in base units (seconds, bytes, bit/s, 1/s); `None` for words and lists.
    /// This is what CSV files hold and what plots use.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Bool(b) => Some(f64::from(u8::from(*b))),
            // Exact up to 2^53, far beyond any count a scenario can hold.
            Self::Integer(i) => Some(*i as f64),
            Self::Number(x) | Self::BitRate(x) | Self::PerSecond(x) => Some(*x),
            // Division of two exactly held integers is correctly rounded below 2^53 ns (104 days).
            Self::Span(ns) => Some(*ns as f64 / 1e9),
            Self::Bytes(b) => Some(*b as f64),
            Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The text of the value in a CSV cell: a bare number in base units, or the word.
    #[must_use]
    pub fn cell(&self) -> String {
        match self {
            Self::Bool(b) => b.to_string(),
            Self::Integer(i) => i.to_string(),
            Self::Text(t) => t.clone(),
            Self::List(items) => items.iter().map(Self::cell).collect::<Vec<_>>().join(" "),
            number => number.as_f64().map_or_else(String::new, |x| x.to_string()),
        }
    }

    /// The value as a TOML literal, units canonical: reading it back with the parameter's kind gives the same value.
    #[must_use]
    pub fn to_toml(&self) -> String {
        match self {
            Self::Bool(b) => b.to_string(),
            Self::Integer(i) => i.to_string(),
            Self::Number(x) => float_literal(*x),
            Self::Span(ns) => quote(&units::format_span(*ns)),
            Self::BitRate(x) => quote(&units::format_bit_rate(*x)),
            Self::Bytes(b) => quote(&units::format_bytes(*b)),
            Self::PerSecond(x) => quote(&units::format_per_second(*x)),
            Self::Text(t) => quote(t),
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::to_toml).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl fmt::Display for Value {
    /// For people: with unit, without quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(b) => write!(f, "{b}"),
            Self::Integer(i) => write!(f, "{i}"),
            Self::Number(x) => write!(f, "{x}"),
            Self::Span(ns) => f.write_str(&units::format_span(*ns)),
            Self::BitRate(x) => f.write_str(&units::format_bit_rate(*x)),
            Self::Bytes(b) => f.write_str(&units::format_bytes(*b)),
            Self::PerSecond(x) => f.write_str(&units::format_per_second(*x)),
            Self::Text(t) => f.write_str(t),
            Self::List(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

/// A float as TOML wants it: always with a point or an exponent, shortest digits that read back equal.
pub(crate) fn float_literal(x: f64) -> String {
    format!("{x:?}")
}

/// A text as a TOML basic string.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 0x20 || u32::from(c) == 0x7f => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)))
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_numbers_in_base_units() {
        assert_eq!(Value::Span(600_000_000_000).cell(), "600");
        assert_eq!(Value::Span(1_500_000).cell(), "0.0015");
        assert_eq!(Value::Number(0.3).cell(), "0.3");
        assert_eq!(Value::Text("a\"b".into()).to_toml(), r#""a\"b""#);
    }
}

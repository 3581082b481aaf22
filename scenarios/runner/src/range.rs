//! Ranges: `{ from, to, step }` and `{ from, to, points, scale }`, expanded to the decimals one would write.

use crate::axis::MAX_POINTS;
use crate::diagnostics::Issue;
use crate::document::Node;
use crate::draft::RawAxis;
use crate::resolve::Resolver;
use crate::spec::Kind;
use crate::value::Value;

/// What a range looks like, for messages.
pub(crate) const RANGE_FORM: &str =
    "{ from, to, step } with step > 0 and from ≤ to, or { from, to, points, scale = \"linear\" | \"log\" }";

/// A range before it is expanded.
pub(crate) struct Range {
    from: Value,
    to: Value,
    advance: Advance,
}

enum Advance {
    Step(Value),
    Points { count: usize, logarithmic: bool },
}

impl Range {
    pub(crate) fn read(resolver: &mut Resolver<'_>, kind: &Kind, raw: &RawAxis) -> Option<Self> {
        let key = raw.key.as_str();
        let node = &raw.node;
        for field in node.fields().unwrap_or_default() {
            if !["from", "to", "step", "points", "scale"].contains(&field.key.as_str()) {
                let message = format!("`{}` is not a key of the range of `{key}`", field.key);
                resolver.issues.add(Issue::new(field.place, key, message).expected(RANGE_FORM));
                return None;
            }
        }
        let malformed = |why: &str| {
            Issue::new(node.place, key, format!("the range of `{key}` {why}")).expected(RANGE_FORM)
        };
        if !is_numeric(kind) {
            let message = format!("`{key}` is not a number, so it cannot have a range");
            resolver.issues.add(Issue::new(node.place, key, message).expected("a list of values"));
            return None;
        }
        let (Some(from), Some(to)) = (node.get("from"), node.get("to")) else {
            resolver.issues.add(malformed("needs `from` and `to`"));
            return None;
        };
        let (from, to) = (resolver.value(kind, key, from), resolver.value(kind, key, to));
        let advance = match (node.get("step"), node.get("points")) {
            (Some(step), None) if node.get("scale").is_none() => {
                Advance::Step(resolver.value(&step_kind(kind), key, step)?)
            }
            (Some(_), None) => {
                resolver.issues.add(malformed("has both `step` and `scale`"));
                return None;
            }
            (None, Some(points)) => Self::points(resolver, key, node, points)?,
            (Some(_), Some(_)) => {
                resolver.issues.add(malformed("has both `step` and `points`"));
                return None;
            }
            (None, None) => {
                resolver.issues.add(malformed("needs `step` or `points`"));
                return None;
            }
        };
        Some(Self { from: from?, to: to?, advance })
    }

    fn points(resolver: &mut Resolver<'_>, key: &str, node: &Node, points: &Node) -> Option<Advance> {
        let most = i64::try_from(MAX_POINTS).unwrap_or(i64::MAX);
        let count = resolver.value(&Kind::integer(2, most), &format!("{key}: points"), points)?;
        let logarithmic = match node.get("scale") {
            None => false,
            Some(scale) => {
                let word =
                    resolver.value(&Kind::Choice(&["linear", "log"]), &format!("{key}: scale"), scale)?;
                word == Value::Text("log".into())
            }
        };
        let Value::Integer(count) = count else { return None };
        Some(Advance::Points { count: usize::try_from(count).ok()?, logarithmic })
    }

    pub(crate) fn values(&self, kind: &Kind) -> Result<Vec<Value>, String> {
        match &self.advance {
            Advance::Step(step) => steps(kind, &self.from, &self.to, step),
            Advance::Points { count, logarithmic } => {
                spread(kind, &self.from, &self.to, *count, *logarithmic)
            }
        }
    }
}

fn is_numeric(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Bool | Kind::Text | Kind::Choice(_) | Kind::File | Kind::List { .. } | Kind::Variants(_)
    )
}

/// A step may lie outside the parameter's range.
fn step_kind(kind: &Kind) -> Kind {
    match kind {
        Kind::Integer { .. } => Kind::integer(i64::MIN, i64::MAX),
        Kind::Number { .. } | Kind::Share => Kind::number(f64::MIN, f64::MAX),
        Kind::Span { .. } => Kind::Span { min: 0, max: u64::MAX },
        other => other.clone(),
    }
}

/// `mantissa / 10^places`, exactly: decimals add without the rounding of binary fractions.
#[derive(Clone, Copy)]
struct Scaled {
    mantissa: i128,
    places: u32,
}

impl Scaled {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(i) => Some(Self { mantissa: i128::from(*i), places: 0 }),
            Value::Span(n) | Value::Bytes(n) => Some(Self { mantissa: i128::from(*n), places: 0 }),
            Value::Number(x) | Value::BitRate(x) | Value::PerSecond(x) => {
                let text = x.to_string();
                let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
                let mantissa = format!("{whole}{fraction}").parse().ok()?;
                Some(Self { mantissa, places: u32::try_from(fraction.len()).ok()? })
            }
            _ => None,
        }
    }

    fn at(self, places: u32) -> Option<i128> {
        self.mantissa.checked_mul(10i128.checked_pow(places.checked_sub(self.places)?)?)
    }

    fn into_value(self, kind: &Kind) -> Option<Value> {
        let whole = || u64::try_from(self.mantissa).ok();
        Some(match kind {
            Kind::Integer { .. } => Value::Integer(i64::try_from(self.mantissa).ok()?),
            Kind::Span { .. } => Value::Span(whole()?),
            Kind::Bytes => Value::Bytes(whole()?),
            other => {
                let x: f64 = format!("{}e-{}", self.mantissa, self.places).parse().ok()?;
                number(other, x)
            }
        })
    }
}

fn number(kind: &Kind, x: f64) -> Value {
    match kind {
        Kind::BitRate => Value::BitRate(x),
        Kind::PerSecond => Value::PerSecond(x),
        _ => Value::Number(x),
    }
}

fn steps(kind: &Kind, from: &Value, to: &Value, step: &Value) -> Result<Vec<Value>, String> {
    let parts = [from, to, step].map(Scaled::of);
    let [Some(a), Some(b), Some(s)] = parts else { return Err("is too fine or too wide".into()) };
    let places = a.places.max(b.places).max(s.places);
    let (Some(first), Some(last), Some(step)) = (a.at(places), b.at(places), s.at(places)) else {
        return Err("is too fine or too wide".into());
    };
    if step <= 0 {
        return Err("has a step that is not above zero".into());
    }
    if last < first {
        return Err("runs backwards: `to` is below `from`".into());
    }
    let count = (last - first) / step + 1;
    if count > MAX_POINTS as i128 {
        return Err(format!("has {count} values, more than {MAX_POINTS}"));
    }
    (0..count)
        .map(|i| Scaled { mantissa: first + i * step, places }.into_value(kind))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| "is too wide".into())
}

/// `count` values from `from` to `to`, rounded to twelve significant digits (whole units where the kind is whole; equal
/// neighbours are dropped there); the ends are exact.
fn spread(kind: &Kind, from: &Value, to: &Value, count: usize, log: bool) -> Result<Vec<Value>, String> {
    let raw = |v: &Value| match v {
        Value::Span(n) => *n as f64,
        other => other.as_f64().unwrap_or(f64::NAN),
    };
    let (a, b) = (raw(from), raw(to));
    if b <= a {
        return Err("needs `from` below `to`".into());
    }
    if log && a <= 0.0 {
        return Err("cannot be logarithmic from zero or below".into());
    }
    let ratio = if log { libm::log(b / a) } else { 0.0 };
    let mut values: Vec<Value> = Vec::with_capacity(count);
    for i in 0..count {
        let value = if i == 0 {
            from.clone()
        } else if i == count - 1 {
            to.clone()
        } else {
            let t = i as f64 / (count - 1) as f64;
            let x = if log { a * libm::exp(ratio * t) } else { a + (b - a) * t };
            let rounded: f64 = format!("{x:.11e}").parse().unwrap_or(x);
            // Casts saturate; the value lies between two bounds of the same type.
            match kind {
                Kind::Integer { .. } => Value::Integer(libm::round(x) as i64),
                Kind::Span { .. } => Value::Span(libm::round(x) as u64),
                Kind::Bytes => Value::Bytes(libm::round(x) as u64),
                other => number(other, rounded),
            }
        };
        if values.last() != Some(&value) {
            values.push(value);
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(from: f64, to: f64, step: f64) -> Vec<f64> {
        let kind = Kind::number(-1e9, 1e9);
        let values = steps(&kind, &Value::Number(from), &Value::Number(to), &Value::Number(step)).unwrap();
        values.iter().filter_map(Value::as_f64).collect()
    }

    #[test]
    fn steps_are_the_decimals_one_would_write() {
        assert_eq!(numbers(0.05, 0.5, 0.05), [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5]);
        assert_eq!(numbers(0.0, 1.0, 0.3), [0.0, 0.3, 0.6, 0.9]);
        assert_eq!(numbers(-0.1, 0.1, 0.1), [-0.1, 0.0, 0.1]);
        assert_eq!(numbers(1.0, 1.0, 5.0), [1.0]);
    }

    #[test]
    fn spreads_have_exact_ends() {
        let kind = Kind::Span { min: 0, max: u64::MAX };
        let log =
            spread(&kind, &Value::Span(1_000_000_000), &Value::Span(1_000_000_000_000), 4, true).unwrap();
        let seconds: Vec<u64> = [1, 10, 100, 1000].into();
        assert_eq!(log, seconds.iter().map(|s| Value::Span(s * 1_000_000_000)).collect::<Vec<_>>());
        let linear = spread(&Kind::Share, &Value::Number(0.05), &Value::Number(0.5), 10, false).unwrap();
        assert_eq!(linear[2], Value::Number(0.15));
        assert!(spread(&Kind::Share, &Value::Number(0.0), &Value::Number(0.5), 3, true).is_err());
    }
}

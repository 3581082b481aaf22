//! Ranges: `{ from, to, step }` and `{ from, to, points, scale }`, expanded to the decimals one would write.

use crate::axis::MAX_POINTS;
use crate::diagnostics::Issue;
use crate::document::Node;
use crate::draft::RawAxis;
use crate::resolve::Resolver;
use crate::spec::Kind;
use crate::units;
use crate::value::Value;

/// What a range looks like, for messages.
pub(crate) const RANGE_FORM: &str =
    "{ from, to, step } with step > 0 and from ≤ to, or { from, to, points, scale = \"linear\" | \"log\" }";

/// A range before it is expanded.
pub(crate) struct Range {
    from: Value,
    to: Value,
    advance: Advance,
    /// Rates are counted per so many seconds and divided at the very end: `"1 /min"` is no short decimal per second.
    per: Option<u64>,
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
        let per =
            matches!(kind, Kind::PerSecond).then(|| longest_unit([Some(from), Some(to), node.get("step")]));
        let mut bound = |kind: &Kind, node: &Node| {
            let value = resolver.value(kind, key, node)?;
            Some(match (per, node.text()) {
                (Some(per), Some(text)) => Value::Number(rate_per(text, per)?),
                _ => value,
            })
        };
        let (from, to) = (bound(kind, from), bound(kind, to));
        let advance = match (node.get("step"), node.get("points")) {
            (Some(step), None) if node.get("scale").is_none() => {
                Advance::Step(bound(&step_kind(kind), step)?)
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
        Some(Self { from: from?, to: to?, advance, per })
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

    /// The values in ascending order, the first being `from`; at most [`MAX_POINTS`].
    pub(crate) fn values(&self, kind: &Kind) -> Result<Vec<Value>, String> {
        let number = Kind::number(f64::MIN, f64::MAX);
        let kind = if self.per.is_some() { &number } else { kind };
        let mut values = match &self.advance {
            Advance::Step(step) => steps(kind, &self.from, &self.to, step)?,
            Advance::Points { count, logarithmic } => {
                spread(kind, &self.from, &self.to, *count, *logarithmic)?
            }
        };
        if let Some(per) = self.per {
            for value in &mut values {
                *value = Value::PerSecond(value.as_f64().unwrap_or(0.0) / per as f64);
            }
        }
        Ok(values)
    }
}

/// The longest unit of time in which one of the rates is written, in seconds: in it none of them becomes a fraction.
fn longest_unit(nodes: [Option<&Node>; 3]) -> u64 {
    let written = |node: &Node| units::rate_as_written(node.text()?).ok();
    nodes.into_iter().flatten().filter_map(written).map(|(_, seconds)| seconds).max().unwrap_or(1)
}

/// A rate as a number of events in `per` seconds, a multiple of the unit it is written in.
fn rate_per(text: &str, per: u64) -> Option<f64> {
    let (number, seconds) = units::rate_as_written(text).ok()?;
    let mut exact = Scaled::of(&Value::Number(number))?;
    exact.mantissa = exact.mantissa.checked_mul(i128::from(per / seconds))?;
    exact.to_f64()
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
            Value::Number(x) | Value::BitRate(x) => {
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

    /// Correctly rounded.
    fn to_f64(self) -> Option<f64> {
        format!("{}e-{}", self.mantissa, self.places).parse().ok()
    }

    fn into_value(self, kind: &Kind) -> Option<Value> {
        match kind {
            Kind::Integer { .. } | Kind::Span { .. } | Kind::Bytes => whole(kind, self.mantissa),
            other => Some(number(other, self.to_f64()?)),
        }
    }
}

/// A value of a kind that has no fractions.
fn whole(kind: &Kind, n: i128) -> Option<Value> {
    Some(match kind {
        Kind::Integer { .. } => Value::Integer(i64::try_from(n).ok()?),
        Kind::Span { .. } => Value::Span(u64::try_from(n).ok()?),
        _ => Value::Bytes(u64::try_from(n).ok()?),
    })
}

fn number(kind: &Kind, x: f64) -> Value {
    match kind {
        Kind::BitRate => Value::BitRate(x),
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
    let Some(length) = last.checked_sub(first) else { return Err("is too wide".into()) };
    let count = length / step;
    if count >= MAX_POINTS as i128 {
        return Err(format!("has more than {MAX_POINTS} values"));
    }
    // None of the products exceeds `length`.
    (0..=count)
        .map(|i| Scaled { mantissa: first + i * step, places }.into_value(kind))
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| "is too wide".into())
}

/// `count` values from `from` to `to`: whole where the kind is whole, else rounded to twelve significant digits. Values that
/// would come twice are dropped; the ends are exact.
fn spread(kind: &Kind, from: &Value, to: &Value, count: usize, log: bool) -> Result<Vec<Value>, String> {
    let unit = |v: &Value| match v {
        Value::Integer(n) => Some(i128::from(*n)),
        Value::Span(n) | Value::Bytes(n) => Some(i128::from(*n)),
        _ => None,
    };
    let values = match (unit(from), unit(to)) {
        (Some(a), Some(b)) => {
            let inner = spread_whole(a, b, count, log)?;
            inner.into_iter().map(|n| whole(kind, n)).collect::<Option<Vec<_>>>()
        }
        _ => {
            let ends = (from.as_f64(), to.as_f64());
            let (Some(a), Some(b)) = ends else { return Err("is too fine or too wide".into()) };
            Some(spread_real(a, b, count, log)?.into_iter().map(|x| number(kind, x)).collect())
        }
    };
    values.ok_or_else(|| "is too wide".into())
}

const BACKWARDS: &str = "needs `from` below `to`";
const LOG_OF_ZERO: &str = "cannot be logarithmic from zero or below";

fn spread_whole(a: i128, b: i128, count: usize, log: bool) -> Result<Vec<i128>, String> {
    if b <= a {
        return Err(BACKWARDS.into());
    }
    if log && a <= 0 {
        return Err(LOG_OF_ZERO.into());
    }
    // Both come from 64 bits, and there are at most MAX_POINTS parts: nothing here leaves 128 bits.
    let parts = count as i128 - 1;
    let mut values = vec![a];
    for i in 1..parts {
        let value = if log {
            let t = i as f64 / parts as f64;
            libm::round(a as f64 * libm::exp(libm::log(b as f64 / a as f64) * t)) as i128
        } else {
            a + (2 * (b - a) * i + parts) / (2 * parts)
        };
        if values.last().is_some_and(|&last| last < value) && value < b {
            values.push(value);
        }
    }
    values.push(b);
    Ok(values)
}

fn spread_real(a: f64, b: f64, count: usize, log: bool) -> Result<Vec<f64>, String> {
    if b <= a {
        return Err(BACKWARDS.into());
    }
    if log && a <= 0.0 {
        return Err(LOG_OF_ZERO.into());
    }
    let (width, ratio) = (b - a, if log { b / a } else { 1.0 });
    if !width.is_finite() || !ratio.is_finite() {
        return Err("is too wide".into());
    }
    let ratio = libm::log(ratio);
    let mut values = vec![a];
    for i in 1..count - 1 {
        let t = i as f64 / (count - 1) as f64;
        let exact = if log { a * libm::exp(ratio * t) } else { a + width * t };
        let rounded: f64 = format!("{exact:.11e}").parse().unwrap_or(exact);
        let last = values[values.len() - 1];
        // Between close ends a rounded value may fall outside; then it keeps all its digits.
        let fitting = [rounded, exact].into_iter().find(|&x| last < x && x < b);
        values.extend(fitting);
    }
    values.push(b);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn whole_numbers_beyond_the_precision_of_floats_are_spread_exactly() {
        let (from, to) = ((1_i64 << 62) + 1, (1_i64 << 62) + 3);
        let kind = Kind::integer(0, i64::MAX);
        let values = spread(&kind, &Value::Integer(from), &Value::Integer(to), 3, false).unwrap();
        assert_eq!(values, [from, from + 1, to].map(Value::Integer));
    }

    /// Strictly ascending from `from`, at most up to `to`.
    fn ordered(values: &[Value], from: &Value, to: &Value) -> bool {
        let order = |a: &Value, b: &Value| match (a, b) {
            (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
            (Value::Span(a), Value::Span(b)) => a.cmp(b),
            (a, b) => a.as_f64().unwrap().partial_cmp(&b.as_f64().unwrap()).unwrap(),
        };
        values.first() == Some(from)
            && values.windows(2).all(|w| order(&w[0], &w[1]).is_lt())
            && values.last().is_some_and(|last| order(last, to).is_le())
    }

    /// Extremes come as often as numbers from the middle.
    fn any_number() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>().prop_filter("finite", |x| x.is_finite()),
            prop::sample::select(vec![f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 0.0, 1.0, -1.0]),
            (-1_000_000_i64..1_000_000).prop_map(|n| n as f64 / 1_000.0),
        ]
    }

    fn any_integer() -> impl Strategy<Value = i64> {
        prop_oneof![any::<i64>(), prop::sample::select(vec![i64::MAX, i64::MIN, -1, 0, 1]), -1_000_i64..1_000]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn ranges_of_numbers_answer_at_the_extremes(a in any_number(), b in any_number(), s in any_number()) {
            let kind = Kind::number(f64::MIN, f64::MAX);
            let (from, to, step) = (Value::Number(a), Value::Number(b), Value::Number(s));
            for values in [steps(&kind, &from, &to, &step), spread(&kind, &from, &to, 17, false), spread(&kind, &from, &to, 17, true)].into_iter().flatten() {
                prop_assert!(ordered(&values, &from, &to), "{values:?}");
            }
        }

        #[test]
        fn ranges_of_whole_numbers_answer_at_the_extremes(a in any_integer(), b in any_integer(), s in any_integer()) {
            let kind = Kind::integer(i64::MIN, i64::MAX);
            let (from, to, step) = (Value::Integer(a), Value::Integer(b), Value::Integer(s));
            for values in [steps(&kind, &from, &to, &step), spread(&kind, &from, &to, 17, false), spread(&kind, &from, &to, 17, true)].into_iter().flatten() {
                prop_assert!(ordered(&values, &from, &to), "{values:?}");
            }
            let kind = Kind::Span { min: 0, max: u64::MAX };
            let [from, to, step] = [a, b, s].map(|n| Value::Span(n as u64));
            for values in [steps(&kind, &from, &to, &step), spread(&kind, &from, &to, 17, true)].into_iter().flatten() {
                prop_assert!(ordered(&values, &from, &to), "{values:?}");
            }
        }
    }
}

//! Axes of a sweep: lists, ranges, and axes that advance together.

use std::collections::BTreeMap;

use crate::diagnostics::{Issue, Place};
use crate::document::{Content, Node};
use crate::draft::{Draft, RawAxis};
use crate::params::{Entry, Origin, Value};
use crate::resolve::{Resolver, kind_of, swept};
use crate::spec::{Kind, ParamSpec, SystemSpec, quoted};

/// A sweep with more points than this is refused.
pub(crate) const MAX_POINTS: usize = 100_000;

/// One swept parameter.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Dotted key of the parameter.
    pub key: String,
    /// What it is set to, in order.
    pub values: Vec<AxisValue>,
    pub(crate) place: Place,
}

/// One value of an axis.
#[derive(Debug, Clone)]
pub struct AxisValue {
    /// The value as shown, plotted and written to CSV files. For a parameter with variants: the kind, with its fields when
    /// the kinds of the axis do not differ.
    pub label: Value,
    pub(crate) node: Node,
    /// The resolved fields when the parameter has variants.
    pub(crate) fields: BTreeMap<String, Entry>,
}

/// The axes, and which of them advance together.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// The axes in file order.
    pub axes: Vec<Axis>,
    /// Groups of indices into `axes`; the groups are crossed, the first being the slowest.
    pub groups: Vec<Vec<usize>>,
}

impl Sweep {
    /// Number of combinations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths().product()
    }

    /// A sweep always has at least one point.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lengths(&self) -> impl Iterator<Item = usize> {
        self.groups.iter().filter_map(|g| Some(self.axes.get(*g.first()?)?.values.len()))
    }

    /// For each axis the position of its value at a point.
    pub(crate) fn positions(&self, point: usize) -> Vec<usize> {
        let mut positions = vec![0; self.axes.len()];
        let mut rest = point;
        for group in self.groups.iter().rev() {
            let length = self.axes[group[0]].values.len();
            for axis in group {
                positions[*axis] = rest % length;
            }
            rest /= length;
        }
        positions
    }
}

impl Resolver<'_> {
    /// Resolves `[sweep]`.
    pub(crate) fn sweep(&mut self, draft: &Draft, system: &SystemSpec, params: &[ParamSpec]) -> Sweep {
        let mut sweep = Sweep::default();
        for (i, raw) in draft.axes.iter().enumerate() {
            self.overlap(raw, &draft.axes[..i]);
            if let Some(axis) = self.axis(raw, system, params) {
                sweep.axes.push(axis);
            }
        }
        sweep.groups = self.groups(&sweep.axes, draft.zip.as_ref());
        let points = sweep.lengths().try_fold(1usize, usize::checked_mul);
        if points.is_none_or(|n| n > MAX_POINTS) {
            let place = draft.axes.first().map_or(draft.place, |a| a.place);
            let count = points.map_or_else(|| "far".to_string(), |n| n.to_string());
            self.issues.add(
                Issue::new(place, "sweep", format!("the sweep has {count} points, more than {MAX_POINTS}"))
                    .help("sweep fewer axes at once, let axes advance together with `zip`, or take larger steps"),
            );
        }
        sweep
    }

    fn overlap(&mut self, raw: &RawAxis, earlier: &[RawAxis]) {
        let within = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('.'));
        for other in earlier.iter().filter(|o| within(&o.key, &raw.key) || within(&raw.key, &o.key)) {
            let message = format!("the axes `{}` and `{}` set the same parameter", other.key, raw.key);
            self.issues.add(Issue::new(raw.place, raw.key.as_str(), message).help("sweep one of them"));
        }
    }

    fn axis(&mut self, raw: &RawAxis, system: &SystemSpec, params: &[ParamSpec]) -> Option<Axis> {
        let Some(kind) = kind_of(system, params, &raw.key) else {
            self.issues.add(unknown_axis(raw, system, params));
            return None;
        };
        let nodes = match &raw.node.content {
            Content::Array(items) if items.is_empty() => {
                let issue =
                    Issue::new(raw.node.place, raw.key.as_str(), format!("the axis `{}` is empty", raw.key));
                self.issues.add(issue.expected("at least one value"));
                return None;
            }
            Content::Array(items) => items.clone(),
            Content::Table(_) => self.range(&kind, raw)?,
            _ => return None,
        };
        if nodes.len() > MAX_POINTS {
            let message =
                format!("the axis `{}` has {} values, more than {MAX_POINTS}", raw.key, nodes.len());
            self.issues.add(Issue::new(raw.node.place, raw.key.as_str(), message));
            return None;
        }
        let mut values = Vec::with_capacity(nodes.len());
        for node in &nodes {
            values.push(self.axis_value(&kind, &raw.key, node)?);
        }
        if let Kind::Variants(_) = kind {
            label_variants(&raw.key, &mut values);
        }
        self.distinct(raw, &values);
        Some(Axis { key: raw.key.clone(), values, place: raw.place })
    }

    fn axis_value(&mut self, kind: &Kind, key: &str, node: &Node) -> Option<AxisValue> {
        let node = swept(node);
        let mut fields = BTreeMap::new();
        let label = match kind {
            Kind::Variants(variants) => {
                let spec = ParamSpec::new("", Kind::Variants(variants.clone()), "", "");
                self.param(&spec, key, Some(&node), node.place, &mut fields);
                fields.get(&format!("{key}.kind"))?.value.clone()
            }
            plain => self.value(plain, key, &node)?,
        };
        Some(AxisValue { label, node, fields })
    }

    fn distinct(&mut self, raw: &RawAxis, values: &[AxisValue]) {
        let mut seen = std::collections::BTreeSet::new();
        for value in values {
            if !seen.insert(value.label.to_toml()) {
                let message = format!("the axis `{}` holds the value {} twice", raw.key, value.label);
                self.issues
                    .add(Issue::new(value.node.place, raw.key.as_str(), message).expected("distinct values"));
                return;
            }
        }
    }

    /// Which axes advance together: `zip = [["a", "b"]]`; every other axis is a group of its own.
    fn groups(&mut self, axes: &[Axis], zip: Option<&Node>) -> Vec<Vec<usize>> {
        let mut zipped: Vec<Vec<usize>> = Vec::new();
        for list in zip.map_or(&[][..], std::slice::from_ref) {
            let Content::Array(groups) = &list.content else {
                self.mismatch("sweep.zip", list, ZIP.into());
                continue;
            };
            for group in groups {
                let members = self.zip_group(axes, group, &zipped);
                if !members.is_empty() {
                    zipped.push(members);
                }
            }
        }
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for axis in 0..axes.len() {
            match zipped.iter().find(|g| g.contains(&axis)) {
                Some(group) if group.iter().min() == Some(&axis) => groups.push(group.clone()),
                Some(_) => {}
                None => groups.push(vec![axis]),
            }
        }
        groups
    }

    fn zip_group(&mut self, axes: &[Axis], group: &Node, earlier: &[Vec<usize>]) -> Vec<usize> {
        let Content::Array(names) = &group.content else {
            self.mismatch("sweep.zip", group, ZIP.into());
            return Vec::new();
        };
        let mut members: Vec<usize> = Vec::new();
        for name in names {
            let Some(key) = name.text() else {
                self.mismatch("sweep.zip", name, ZIP.into());
                continue;
            };
            match axes.iter().position(|a| a.key == key) {
                Some(axis) if members.contains(&axis) || earlier.iter().any(|g| g.contains(&axis)) => {
                    let issue =
                        Issue::new(name.place, "sweep.zip", format!("the axis `{key}` is zipped twice"));
                    self.issues.add(issue.help("name every axis at most once"));
                }
                Some(axis) => members.push(axis),
                None => self.issues.add(
                    Issue::new(name.place, "sweep.zip", format!("`{key}` is not an axis of this sweep"))
                        .expected(format!("one of {}", quoted(axes.iter().map(|a| a.key.as_str()))))
                        .suggest(key, axes.iter().map(|a| a.key.as_str())),
                ),
            }
        }
        let lengths: Vec<usize> = members.iter().map(|a| axes[*a].values.len()).collect();
        if lengths.windows(2).any(|w| w[0] != w[1]) {
            let each: Vec<String> =
                members.iter().zip(&lengths).map(|(a, n)| format!("`{}` has {n}", axes[*a].key)).collect();
            let message = format!("zipped axes differ in length: {}", each.join(", "));
            self.issues
                .add(Issue::new(group.place, "sweep.zip", message).expected("axes with equally many values"));
            return Vec::new();
        }
        members
    }

    fn range(&mut self, kind: &Kind, raw: &RawAxis) -> Option<Vec<Node>> {
        let range = Range::read(self, kind, raw)?;
        match range.values(kind) {
            Ok(values) => {
                Some(values.iter().map(|v| Node::from_value(v, raw.node.place, &Origin::Sweep)).collect())
            }
            Err(why) => {
                let issue =
                    Issue::new(raw.node.place, raw.key.as_str(), format!("the range of `{}` {why}", raw.key));
                self.issues.add(issue.expected(RANGE_FORM));
                None
            }
        }
    }
}

const ZIP: &str = "a list of groups of axes that advance together: zip = [[\"a.x\", \"a.y\"]]";
const RANGE_FORM: &str =
    "{ from, to, step } with step > 0 and from ≤ to, or { from, to, points, scale = \"linear\" | \"log\" }";

fn unknown_axis(raw: &RawAxis, system: &SystemSpec, params: &[ParamSpec]) -> Issue {
    let key = raw.key.as_str();
    if let Some(parent) = key.strip_suffix(".kind").filter(|p| kind_of(system, params, p).is_some()) {
        return Issue::new(raw.place, key, format!("`{key}` cannot be swept by itself"))
            .help(format!("sweep the whole table: \"{parent}\" = [{{ kind = … }}, {{ kind = … }}]"));
    }
    Issue::new(
        raw.place,
        key,
        format!("the sweep names `{key}`, which is not a parameter of {}", system.name),
    )
    .expected("a parameter's dotted key (`explain` and `schema` list them)")
    .suggest(key, params.iter().map(|p| p.key))
}

/// Kinds alone where they tell the values apart, otherwise kinds with fields.
fn label_variants(key: &str, values: &mut [AxisValue]) {
    let kinds: std::collections::BTreeSet<String> = values.iter().map(|v| v.label.cell()).collect();
    if kinds.len() == values.len() {
        return;
    }
    let prefix = format!("{key}.");
    for value in values {
        let fields: Vec<String> = value
            .fields
            .iter()
            .filter_map(|(k, e)| Some((k.strip_prefix(&prefix)?, e)))
            .filter(|(name, _)| *name != "kind")
            .map(|(name, entry)| format!("{name}={}", entry.value))
            .collect();
        if !fields.is_empty() {
            value.label = Value::Text(format!("{}({})", value.label, fields.join(", ")));
        }
    }
}

/// A range before it is expanded.
struct Range {
    from: Value,
    to: Value,
    advance: Advance,
}

enum Advance {
    Step(Value),
    Points { count: usize, logarithmic: bool },
}

impl Range {
    fn read(resolver: &mut Resolver<'_>, kind: &Kind, raw: &RawAxis) -> Option<Self> {
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

    fn values(&self, kind: &Kind) -> Result<Vec<Value>, String> {
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

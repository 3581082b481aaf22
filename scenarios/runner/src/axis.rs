//! Axes of a sweep: lists, ranges, and axes that advance together.

use std::collections::BTreeMap;

use crate::diagnostics::{Issue, Place};
use crate::document::{Content, Node};
use crate::draft::{Draft, RawAxis, not_an_axis};
use crate::params::{Entry, Origin};
use crate::range::{RANGE_FORM, Range};
use crate::resolve::{Resolver, kind_of, swept};
use crate::spec::{Kind, ParamSpec, SystemSpec, quoted};
use crate::value::Value;

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
        for group in &sweep.groups {
            self.distinct(&sweep.axes, group, &draft.unzipped);
        }
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
        if !matches!(raw.node.content, Content::Array(_) | Content::Table(_)) {
            // Said only now: an overlay may have put an axis into its place.
            self.issues.add(not_an_axis(&raw.key, raw.node.place));
            return None;
        }
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

    /// No point may come twice: an axis alone holds each value once, axes that advance together each combination.
    fn distinct(&mut self, axes: &[Axis], group: &[usize], unzipped: &[String]) {
        let mut seen = std::collections::BTreeSet::new();
        let members: Vec<&Axis> = group.iter().map(|&axis| &axes[axis]).collect();
        let Some(first) = members.first() else { return };
        for (at, value) in first.values.iter().enumerate() {
            let labels: Vec<&Value> = members.iter().map(|axis| &axis.values[at].label).collect();
            if seen.insert(labels.iter().map(|label| label.to_toml()).collect::<Vec<_>>()) {
                continue;
            }
            let said: Vec<String> = labels.iter().map(ToString::to_string).collect();
            let keys: Vec<String> = members.iter().map(|axis| format!("`{}`", axis.key)).collect();
            let message = match &keys[..] {
                [key] => format!("the axis {key} holds the value {} twice", said.concat()),
                _ => format!("the axes {} hold the values {} twice", keys.join(", "), said.join(", ")),
            };
            let issue = Issue::new(value.node.place, first.key.as_str(), message);
            let issue = issue.expected("distinct values");
            self.issues.add(match unzipped.last() {
                Some(key) => issue.help(format!(
                    "`{key}` advanced together with other axes and told these points apart; fix or replace its partners too"
                )),
                None => issue,
            });
            return;
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

//! The fully resolved scenario as TOML: every default written out, overlays applied, sweep explicit, units canonical.
//! Running it again gives the same results, byte for byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::axis::Axis;
use crate::gates::{Bound, Claim, Expect, PlotKind, PlotSpec};
use crate::network::presets;
use crate::params::{Entry, FaultParams, Origin};
use crate::scenario::Scenario;
use crate::spec::{Kind, ParamSpec};
use crate::value::{Value, float_literal, quote};

/// Folder of a run directory that holds copies of the files a scenario names.
pub const INPUTS: &str = "inputs";

/// A file that the scenario names, and the name of its copy in the run directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// As written in the scenario.
    pub path: String,
    /// File name of the copy, unique in the run directory.
    pub name: String,
}

/// Copies get the original's file name; later files of the same name are told apart by a number.
pub(crate) fn name_inputs<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<Input> {
    let mut inputs: Vec<Input> = Vec::new();
    for path in paths {
        if inputs.iter().any(|i| i.path == path) {
            continue;
        }
        let own = path.rsplit(['/', '\\']).next().filter(|n| !n.is_empty()).unwrap_or("input");
        let taken = |name: &str| inputs.iter().any(|i| i.name == name);
        let mut name = own.to_string();
        let mut number = 2;
        while taken(&name) {
            name = format!("{number}-{own}");
            number += 1;
        }
        inputs.push(Input { path: path.to_string(), name });
    }
    inputs
}

/// Dotted keys of all parameters that name files.
pub(crate) fn file_keys(params: &[ParamSpec], prefix: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for param in params {
        let key = if prefix.is_empty() { param.key.to_string() } else { format!("{prefix}.{}", param.key) };
        match &param.kind {
            Kind::File => keys.push(key),
            Kind::Variants(variants) => {
                for variant in variants {
                    keys.extend(file_keys(&variant.params, &key));
                }
            }
            _ => {}
        }
    }
    keys.dedup();
    keys
}

impl Scenario {
    /// The resolved scenario; what `scenario.toml` of a run directory holds.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        line(format!("name = {}", quote(&self.name)));
        line(format!("system = {}", quote(self.system().name)));
        line(format!("about = {}", quote(&self.about)));
        line(format!("seed = {}", self.seed));
        line(format!("order_seed = {}", self.order_seed));
        line(format!("replicas = {}", self.replicas));
        self.write_params(&mut out);
        for fault in self.base.faults() {
            write_fault(&mut out, fault);
        }
        self.write_series(&mut out);
        self.write_sweep(&mut out);
        for expect in &self.expects {
            write_expect(&mut out, expect, &self.filter(&expect.filter));
        }
        for plot in &self.plots {
            write_plot(&mut out, plot, &self.filter(&plot.filter));
        }
        for claim in &self.claims {
            write_claim(&mut out, claim);
        }
        out
    }

    fn write_params(&self, out: &mut String) {
        let entries: BTreeMap<&str, &Entry> = self.base.iter().collect();
        let mut sections: Vec<&str> = Vec::new();
        for param in self.params() {
            let section = param.key.split_once('.').map_or("", |(section, _)| section);
            if !sections.contains(&section) {
                sections.push(section);
            }
        }
        // Keys of the top level must stand before the first section.
        sections.sort_by_key(|s| !s.is_empty());
        for section in sections {
            let prefix = if section.is_empty() { String::new() } else { format!("{section}.") };
            let mut body = String::new();
            for param in self.params() {
                let inside = param.key.strip_prefix(prefix.as_str());
                let Some(key) = inside.filter(|k| !section.is_empty() || !k.contains('.')) else { continue };
                if self.left_to_presets(param.key) {
                    continue;
                }
                if let Some(literal) = self.literal(&param.kind, param.key, &entries) {
                    let _ = writeln!(body, "{key} = {literal}");
                }
            }
            if !body.is_empty() {
                if !section.is_empty() {
                    let _ = writeln!(out, "\n[{section}]");
                }
                out.push_str(&body);
            }
        }
    }

    /// Whether a sweep over presets decides about a parameter that nobody has set: written out, it would win over them.
    fn left_to_presets(&self, key: &str) -> bool {
        let below = format!("{key}.");
        let unset = |origin: &Origin| matches!(origin, Origin::Default | Origin::Preset(_));
        presets::governs(key)
            && self.sweep.axes.iter().any(|axis| axis.key == presets::KEY)
            && self
                .base
                .iter()
                .filter(|(k, _)| *k == key || k.starts_with(&below))
                .all(|(_, entry)| unset(&entry.origin))
    }

    /// The value at a key as TOML; variants become inline tables, files point to their copies.
    fn literal(&self, kind: &Kind, key: &str, entries: &BTreeMap<&str, &Entry>) -> Option<String> {
        let Kind::Variants(variants) = kind else {
            return Some(self.plain(kind, &entries.get(key)?.value));
        };
        let kind_value = &entries.get(format!("{key}.kind").as_str())?.value;
        let mut fields = vec![format!("kind = {}", kind_value.to_toml())];
        let chosen = variants.iter().find(|v| Value::Text(v.name.to_string()) == *kind_value)?;
        for param in &chosen.params {
            if let Some(literal) = self.literal(&param.kind, &format!("{key}.{}", param.key), entries) {
                fields.push(format!("{} = {literal}", param.key));
            }
        }
        Some(format!("{{ {} }}", fields.join(", ")))
    }

    fn plain(&self, kind: &Kind, value: &Value) -> String {
        match (kind, value) {
            (Kind::File, Value::Text(path)) => {
                let copy = self.inputs.iter().find(|i| i.path == *path);
                quote(&copy.map_or_else(|| path.clone(), |i| format!("{INPUTS}/{}", i.name)))
            }
            _ => value.to_toml(),
        }
    }

    /// The line of a filter; none when it is empty.
    fn filter(&self, filter: &[(String, Vec<Value>)]) -> String {
        if filter.is_empty() {
            return String::new();
        }
        let condition = |(key, values): &(String, Vec<Value>)| {
            let kind = crate::resolve::kind_of(self.system(), self.params(), key);
            let literals: Vec<String> = values
                .iter()
                .map(|value| kind.as_ref().map_or_else(|| value.to_toml(), |kind| self.plain(kind, value)))
                .collect();
            format!("{} = [{}]", quote(key), literals.join(", "))
        };
        format!("where = {{ {} }}\n", filter.iter().map(condition).collect::<Vec<_>>().join(", "))
    }

    fn write_series(&self, out: &mut String) {
        if self.series.write.is_empty() {
            return;
        }
        let names: Vec<String> = self.series.write.iter().map(|n| quote(n)).collect();
        let _ = writeln!(out, "\n[series]\nwrite = [{}]", names.join(", "));
        if let Some(replicas) = self.series.replicas {
            let _ = writeln!(out, "replicas = {replicas}");
        }
    }

    fn write_sweep(&self, out: &mut String) {
        if self.sweep.axes.is_empty() {
            return;
        }
        out.push_str("\n[sweep]\n");
        for axis in &self.sweep.axes {
            let _ = writeln!(out, "{} = [{}]", quote(&axis.key), self.axis_literals(axis).join(", "));
        }
        let quoted = |group: &Vec<&str>| group.iter().map(|key| quote(key)).collect::<Vec<_>>().join(", ");
        let groups: Vec<String> = self.zipped().iter().map(|group| format!("[{}]", quoted(group))).collect();
        if !groups.is_empty() {
            let _ = writeln!(out, "zip = [{}]", groups.join(", "));
        }
    }

    fn axis_literals(&self, axis: &Axis) -> Vec<String> {
        let kind = crate::resolve::kind_of(self.system(), self.params(), &axis.key);
        axis.values
            .iter()
            .map(|value| match &kind {
                Some(kind @ Kind::Variants(_)) => {
                    let fields = value.fields.iter().map(|(k, e)| (k.as_str(), e)).collect();
                    self.literal(kind, &axis.key, &fields).unwrap_or_else(|| value.label.to_toml())
                }
                Some(Kind::File) => quote(&format!("{INPUTS}/{}", value.label)),
                _ => value.label.to_toml(),
            })
            .collect()
    }
}

fn write_fault(out: &mut String, fault: &FaultParams) {
    let _ = writeln!(out, "\n[[fault]]\nid = {}\nkind = {}", quote(&fault.id), quote(&fault.kind));
    for (field, entry) in &fault.fields {
        let _ = writeln!(out, "{field} = {}", entry.value.to_toml());
    }
}

fn write_text(out: &mut String, key: &str, text: Option<&String>) {
    if let Some(text) = text {
        let _ = writeln!(out, "{key} = {}", quote(text));
    }
}

fn write_expect(out: &mut String, expect: &Expect, filter: &str) {
    let _ = writeln!(out, "\n[[expect]]\nmetric = {}", quote(&expect.metric));
    out.push_str(filter);
    for bound in &expect.bounds {
        let text = match bound {
            Bound::AtMost(x) => format!("at_most = {}", float_literal(*x)),
            Bound::AtLeast(x) => format!("at_least = {}", float_literal(*x)),
            Bound::Between(a, b) => format!("between = [{}, {}]", float_literal(*a), float_literal(*b)),
            Bound::Equals { value, tolerance } => {
                format!("equals = {}\ntolerance = {}", float_literal(*value), float_literal(*tolerance))
            }
            Bound::Theory { name, sigmas } => {
                format!("theory = {}\nsigmas = {}", quote(name), float_literal(*sigmas))
            }
            Bound::TheoryLower(name) => format!("theory_lower = {}", quote(name)),
            Bound::TheoryUpper(name) => format!("theory_upper = {}", quote(name)),
        };
        let _ = writeln!(out, "{text}");
    }
    let _ = writeln!(out, "confidence = {}", float_literal(expect.confidence));
    write_text(out, "about", expect.about.as_ref());
}

fn write_plot(out: &mut String, plot: &PlotSpec, filter: &str) {
    out.push_str("\n[[plot]]\n");
    if plot.kind != PlotKind::Curve {
        let _ = writeln!(out, "kind = {}", quote(plot.kind.name()));
    }
    write_text(out, "x", plot.x.as_ref());
    write_text(out, "y", plot.y.as_ref());
    write_text(out, "series", plot.series.as_ref());
    write_text(out, "series_name", plot.series_name.as_ref());
    write_text(out, "theory", plot.theory.as_ref());
    for (key, flag) in [("log_x", plot.log_x), ("log_y", plot.log_y)] {
        if flag {
            let _ = writeln!(out, "{key} = true");
        }
    }
    write_text(out, "title", plot.title.as_ref());
    out.push_str(filter);
}

fn write_claim(out: &mut String, claim: &Claim) {
    let _ = writeln!(out, "\n[[claim]]\nid = {}", quote(&claim.id));
    write_text(out, "about", claim.about.as_ref());
    write_text(out, "metric", claim.metric.as_ref());
    write_text(out, "note", claim.note.as_ref());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_unique_stable_names() {
        let inputs = name_inputs(["maps/a.csv", "other/a.csv", "maps/a.csv", "b.csv"].into_iter());
        let names: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
        assert_eq!(names, ["a.csv", "2-a.csv", "b.csv"]);
        let again: Vec<String> = names.iter().map(|n| format!("inputs/{n}")).collect();
        let copies = name_inputs(again.iter().map(String::as_str));
        assert_eq!(copies.iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), names);
    }
}

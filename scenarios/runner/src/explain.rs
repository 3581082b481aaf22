//! The resolved scenario in words: every parameter with value, origin, meaning and source; the sweep; the number of runs.

use std::fmt::Write as _;

use crate::params::{Origin, Params};
use crate::scenario::Scenario;
use crate::spec::{Kind, ParamSpec};

/// Values of an axis beyond this many are elided.
const SHOWN_VALUES: usize = 12;

/// One explained parameter.
struct Line {
    key: String,
    value: String,
    origin: String,
    about: &'static str,
    source: &'static str,
}

impl Scenario {
    /// The text of `explain`.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut out = String::new();
        let system = self.system();
        let _ = writeln!(out, "{} – {}", self.name, self.about);
        let _ = writeln!(out, "system {}: {}", system.name, system.about);
        let head = |key: &'static str| self.origins.get(key).cloned().unwrap_or(Origin::Default).to_string();
        let _ = writeln!(
            out,
            "size {}, seed {} ({}), {} replicas ({}), order seed {} ({})\n",
            self.size,
            self.seed,
            head("seed"),
            self.replicas,
            head("replicas"),
            self.order_seed,
            head("order_seed")
        );
        self.explain_parameters(&mut out);
        self.explain_sweep(&mut out);
        let gates = self.expects.len();
        let _ = writeln!(
            out,
            "\n{} points × {} replicas = {} runs, {gates} expectations, {} plots",
            self.points.len(),
            self.replicas,
            self.runs(),
            self.plots.len()
        );
        out
    }

    fn explain_parameters(&self, out: &mut String) {
        let mut lines = Vec::new();
        for param in self.params() {
            collect(param, param.key, &self.base, &mut lines);
        }
        for fault in self.base.faults() {
            let own = crate::faults::kinds().into_iter().find(|k| k.name == fault.kind);
            let specs: Vec<ParamSpec> =
                crate::faults::params().into_iter().chain(own.into_iter().flat_map(|k| k.params)).collect();
            for (field, entry) in &fault.fields {
                let spec = specs.iter().find(|s| s.key == field);
                lines.push(Line {
                    key: format!("fault.{}.{field}", fault.id),
                    value: entry.value.to_string(),
                    origin: entry.origin.to_string(),
                    about: spec.map_or("", |s| s.about),
                    source: spec.map_or("", |s| s.source),
                });
            }
        }
        let width =
            |cell: fn(&Line) -> &String| lines.iter().map(|l| cell(l).chars().count()).max().unwrap_or(0);
        let (keys, values, origins) = (width(|l| &l.key), width(|l| &l.value), width(|l| &l.origin));
        for Line { key, value, origin, about, source } in &lines {
            let _ = writeln!(out, "{key:keys$}  {value:values$}  {origin:origins$}  {about} [{source}]");
        }
    }

    fn explain_sweep(&self, out: &mut String) {
        for axis in &self.sweep.axes {
            let shown: Vec<String> =
                axis.values.iter().take(SHOWN_VALUES).map(|v| v.label.to_string()).collect();
            let rest = axis.values.len().saturating_sub(SHOWN_VALUES);
            let more = if rest > 0 { format!(", … {rest} more") } else { String::new() };
            let _ = writeln!(out, "\nsweep {}: {}{more}", axis.key, shown.join(", "));
        }
        for group in self.sweep.groups.iter().filter(|g| g.len() > 1) {
            let names: Vec<&str> = group.iter().map(|a| self.sweep.axes[*a].key.as_str()).collect();
            let _ = writeln!(out, "advancing together: {}", names.join(", "));
        }
    }
}

fn collect(param: &ParamSpec, key: &str, base: &Params, lines: &mut Vec<Line>) {
    if let Kind::Variants(variants) = &param.kind {
        let kind_key = format!("{key}.kind");
        let Some(entry) = base.entry(&kind_key) else { return };
        let word = entry.value.to_string();
        let origin = entry.origin.to_string();
        lines.push(Line {
            key: kind_key,
            value: word.clone(),
            origin,
            about: param.about,
            source: param.source,
        });
        for field in variants.iter().filter(|v| v.name == word).flat_map(|v| &v.params) {
            collect(field, &format!("{key}.{}", field.key), base, lines);
        }
        return;
    }
    let (value, origin) = match base.entry(key) {
        Some(entry) => (entry.value.to_string(), entry.origin.to_string()),
        None if param.optional => ("(not set)".to_string(), Origin::Default.to_string()),
        None => return,
    };
    lines.push(Line { key: key.to_string(), value, origin, about: param.about, source: param.source });
}

//! A commented scenario for `new SYSTEM`: every parameter with its meaning, source and default.

use std::fmt::Write as _;

use crate::spec::{Kind, ParamSpec, SystemSpec};
use crate::value::quote;

/// The template of a system: its own when it has one, otherwise generated from its declarations. It is a valid scenario
/// unless a required parameter names a file.
#[must_use]
pub fn template(system: &SystemSpec) -> String {
    if !system.template.is_empty() {
        return system.template.to_string();
    }
    let mut out = String::new();
    let _ = writeln!(out, "# {}: {}", system.name, system.about);
    let _ =
        writeln!(out, "# Lines that begin with `# key =` show defaults; remove the `#` to change them.\n");
    let _ = writeln!(out, "name = {}", quote(&format!("my-{}", system.name)));
    let _ = writeln!(out, "system = {}\nabout = \"\"", quote(system.name));
    out.push_str(
        "seed = 1\n# order_seed = 0  # another number explores another order of simultaneous events\n",
    );
    out.push_str("replicas = 10  # runs per sweep point\n");
    let params = system.all_params();
    let mut sections: Vec<&str> = Vec::new();
    for param in &params {
        let section = param.key.rsplit_once('.').map_or("", |(section, _)| section);
        if !sections.contains(&section) {
            sections.push(section);
        }
    }
    // Keys of the top level must stand before the first section.
    sections.sort_by_key(|s| !s.is_empty());
    let end = end_of_run(&params);
    for section in sections {
        if !section.is_empty() {
            let _ = writeln!(out, "\n[{section}]");
        }
        for param in params.iter().filter(|p| p.key.rsplit_once('.').map_or("", |(s, _)| s) == section) {
            let set = param.required() || Some(param.key) == end || example_of(system, param).is_some();
            write_param(&mut out, system, param, set);
        }
    }
    write_rest(&mut out, system, &params);
    out
}

/// The parameter that ends the run, where none has a default: a template that never ends would be of no use. A count (of
/// blocks …) rather than a time, whose right length depends on everything else.
fn end_of_run(params: &[ParamSpec]) -> Option<&'static str> {
    let mut ends = params.iter().filter(|p| p.key.starts_with("stop."));
    if ends.clone().any(|p| p.default.is_some()) {
        return None;
    }
    ends.find(|p| matches!(p.kind, Kind::Integer { .. })).map(|p| p.key)
}

fn write_param(out: &mut String, system: &SystemSpec, param: &ParamSpec, set: bool) {
    let key = param.key.rsplit('.').next().unwrap_or(param.key);
    let _ = writeln!(out, "# {} [{}]; {}", param.about, param.source, param.kind.expectation());
    if let Kind::Variants(variants) = &param.kind {
        for variant in variants {
            let fields: Vec<String> =
                variant.params.iter().map(|p| format!(", {} = {}", p.key, value(p))).collect();
            let _ =
                writeln!(out, "#   {{ kind = \"{}\"{} }}  {}", variant.name, fields.concat(), variant.about);
        }
    }
    let comment = if set { "" } else { "# " };
    let _ = writeln!(out, "{comment}{key} = {}", shown(system, param));
}

fn write_rest(out: &mut String, system: &SystemSpec, params: &[ParamSpec]) {
    let swept =
        params.iter().find(|p| p.required() || matches!(p.kind, Kind::Share)).or_else(|| params.first());
    if let Some(param) = swept {
        let _ = writeln!(out, "\n# [sweep]\n# {} = [{}]", quote(param.key), shown(system, param));
    }
    if !system.metrics.is_empty() {
        out.push_str("\n# Metrics:\n");
        for metric in &system.metrics {
            let unit = if metric.unit.is_empty() { String::new() } else { format!(" ({})", metric.unit) };
            let _ = writeln!(out, "#   {}{unit}: {}", metric.name, metric.about);
        }
        let _ = writeln!(out, "# [[expect]]\n# metric = {}\n# at_most = 1.0", quote(system.metrics[0].name));
    }
    out.push_str("\n[size.smoke]\nreplicas = 2\n");
}

/// The system's own example, else the default, else any value of the kind.
fn shown(system: &SystemSpec, param: &ParamSpec) -> String {
    example_of(system, param).map_or_else(|| value(param), str::to_string)
}

fn example_of(system: &SystemSpec, param: &ParamSpec) -> Option<&'static str> {
    system.examples.iter().find(|(key, _)| *key == param.key).map(|(_, literal)| *literal)
}

/// The default, or an example of the kind.
fn value(param: &ParamSpec) -> String {
    param.default.map_or_else(|| example(&param.kind), str::to_string)
}

fn example(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "false".into(),
        Kind::Integer { min, max } => 10.clamp(*min, *max).to_string(),
        Kind::Number { min, max } => crate::value::float_literal(1.0f64.clamp(*min, *max)),
        Kind::Share => "0.3".into(),
        Kind::Span { min, max } => quote(&crate::units::format_span(1_000_000_000.clamp(*min, *max))),
        Kind::BitRate => "\"20 Mbit/s\"".into(),
        Kind::Bytes => "\"535 kB\"".into(),
        Kind::PerSecond => "\"5 /s\"".into(),
        Kind::Text => "\"\"".into(),
        Kind::Choice(words) => quote(words.first().copied().unwrap_or_default()),
        Kind::File => "\"file.csv\"".into(),
        Kind::List { of, min_len, .. } => {
            format!("[{}]", vec![example(of); (*min_len).max(1)].join(", "))
        }
        Kind::Variants(variants) => variants.first().map_or_else(String::new, |v| {
            let required: Vec<String> = v
                .params
                .iter()
                .filter(|p| p.required())
                .map(|p| format!(", {} = {}", p.key, value(p)))
                .collect();
            format!("{{ kind = \"{}\"{} }}", v.name, required.concat())
        }),
    }
}

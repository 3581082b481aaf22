//! JSON Schema (draft 2020-12) of the scenarios of a system, for editors.

use serde_json::{Map, Value as Json, json};

use crate::faults;
use crate::gates::Vocabulary;
use crate::spec::{Kind, ParamSpec, SystemSpec, Variant};
use crate::units;

/// Pattern of a number in front of a unit.
const NUMBER: &str = r"^\s*\+?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?\s*";

/// The JSON Schema of a system's scenario files.
#[must_use]
pub fn schema(system: &SystemSpec, vocabulary: Vocabulary<'_>) -> Json {
    let params = system.all_params();
    let mut properties = Map::new();
    properties
        .insert("name".into(), json!({ "type": "string", "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$" }));
    properties.insert("system".into(), json!({ "const": system.name, "description": system.about }));
    properties.insert("about".into(), json!({ "type": "string" }));
    properties.insert("seed".into(), json!({ "type": "integer", "minimum": 0, "default": 1 }));
    properties.insert("order_seed".into(), order_seed());
    properties.insert("replicas".into(), json!({ "type": "integer", "minimum": 1, "default": 1 }));
    for param in &params {
        let path: Vec<&str> = param.key.split('.').collect();
        insert(&mut properties, &path, param_schema(param));
    }
    let metrics: Vec<&str> = system.metrics.iter().map(|m| m.name).collect();
    properties.insert("sweep".into(), sweep_schema());
    properties.insert("expect".into(), expect_schema(&metrics, vocabulary.theories));
    properties.insert("plot".into(), plot_schema(&metrics, vocabulary.theories));
    properties.insert("claim".into(), claim_schema(&metrics));
    properties.insert("series".into(), series_schema(system));
    let size = json!({ "type": "object", "description": "overrides by dotted key, chosen with --size" });
    properties.insert("size".into(), json!({ "type": "object", "additionalProperties": size }));
    if system.network {
        properties.insert("fault".into(), json!({ "type": "array", "items": fault_schema() }));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("{} scenario", system.name),
        "description": system.about,
        "type": "object",
        "required": ["name", "system"],
        "properties": properties,
        "additionalProperties": false,
    })
}

fn order_seed() -> Json {
    let about = "order of simultaneous events: another number explores another order";
    json!({ "type": "integer", "minimum": 0, "default": 0, "description": about })
}

/// Puts a schema at a path of nested objects.
fn insert(properties: &mut Map<String, Json>, path: &[&str], schema: Json) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        properties.insert((*first).to_string(), schema);
        return;
    }
    let section = properties
        .entry(*first)
        .or_insert_with(|| json!({ "type": "object", "properties": {}, "additionalProperties": false }));
    if let Some(inner) = section.get_mut("properties").and_then(Json::as_object_mut) {
        insert(inner, rest, schema);
    }
}

fn param_schema(param: &ParamSpec) -> Json {
    let mut schema = kind_schema(&param.kind);
    let default = param.default.map_or_else(String::new, |d| format!(" Default: {d}."));
    schema["description"] = format!("{} [{}].{default}", param.about, param.source).into();
    schema
}

fn kind_schema(kind: &Kind) -> Json {
    let united = |units: &str, example: &str| json!({ "type": "string", "pattern": format!("{NUMBER}({units})\\s*$"), "examples": [example] });
    match kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Number { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Kind::Share => json!({ "anyOf": [
            { "type": "number", "minimum": 0, "maximum": 1 },
            united("%|", "30 %"),
        ]}),
        Kind::Span { min, max } => {
            let mut schema = united("d|days?|h|hours?|min|s|sec|ms|us|µs|μs|ns", "50 ms");
            schema["$comment"] =
                format!("from {} to {}", units::format_span(*min), units::format_span(*max)).into();
            schema
        }
        Kind::BitRate => united("[kMGT]?bit/s", "20 Mbit/s"),
        Kind::Bytes => united("[kMGT]?B|[KMGT]iB", "535 kB"),
        Kind::PerSecond => united("[\\p{L}_-]*\\s*/\\s*(s|min|h|d)", "5 tx/s"),
        Kind::Text | Kind::File => json!({ "type": "string" }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::List { of, min_len, max_len } => {
            let mut list = json!({ "type": "array", "items": kind_schema(of), "minItems": min_len });
            if *max_len < usize::MAX {
                list["maxItems"] = (*max_len).into();
            }
            list
        }
        Kind::Variants(variants) => variants_schema(variants),
    }
}

fn variants_schema(variants: &[Variant]) -> Json {
    let bare: Vec<&str> =
        variants.iter().filter(|v| !v.params.iter().any(ParamSpec::required)).map(|v| v.name).collect();
    let mut alternatives: Vec<Json> = variants.iter().map(|v| variant_schema(v, &[])).collect();
    if !bare.is_empty() {
        alternatives.push(json!({ "enum": bare }));
    }
    json!({ "anyOf": alternatives })
}

fn variant_schema(variant: &Variant, common: &[ParamSpec]) -> Json {
    let mut properties = Map::from_iter([("kind".to_string(), json!({ "const": variant.name }))]);
    let params = || common.iter().chain(&variant.params);
    for param in params() {
        properties.insert(param.key.into(), param_schema(param));
    }
    let required: Vec<&str> =
        std::iter::once("kind").chain(params().filter(|p| p.required()).map(|p| p.key)).collect();
    json!({
        "type": "object",
        "description": variant.about,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn fault_schema() -> Json {
    let common = faults::params();
    json!({ "anyOf": faults::kinds().iter().map(|kind| variant_schema(kind, &common)).collect::<Vec<_>>() })
}

fn sweep_schema() -> Json {
    let bound = json!({ "type": ["number", "string"] });
    let range = json!({
        "type": "object",
        "properties": {
            "from": bound, "to": bound, "step": bound,
            "points": { "type": "integer", "minimum": 2 },
            "scale": { "enum": ["linear", "log"] },
        },
    });
    let list = json!({ "type": "array", "minItems": 1 });
    let names = json!({ "type": "array", "items": { "type": "array", "items": { "type": "string" } } });
    json!({
        "type": "object",
        "description": "axes by dotted key; crossed, the first being the slowest; those in `zip` advance together",
        "properties": { "zip": names },
        "additionalProperties": { "anyOf": [list, range] },
    })
}

fn expect_schema(metrics: &[&str], theories: &[&str]) -> Json {
    let number = json!({ "type": ["number", "string"] });
    let theory = json!({ "enum": theories });
    object_list(
        &["metric"],
        json!({
            "metric": { "enum": metrics },
            "where": { "type": "object" },
            "at_most": number, "at_least": number, "equals": number, "tolerance": number,
            "between": { "type": "array", "items": number, "minItems": 2, "maxItems": 2 },
            "theory": theory, "theory_lower": theory, "theory_upper": theory,
            "sigmas": { "type": "number", "minimum": 0, "default": 3.5 },
            "confidence": { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.95 },
            "size": { "type": ["string", "array"] },
            "about": { "type": "string" },
        }),
    )
}

fn plot_schema(metrics: &[&str], theories: &[&str]) -> Json {
    let text = json!({ "type": "string" });
    let flag = json!({ "type": "boolean", "default": false });
    object_list(
        &[],
        json!({
            "kind": { "enum": ["curve", "cdf", "bars"], "default": "curve" },
            "x": text, "y": { "enum": metrics }, "series": text, "series_name": text, "title": text,
            "theory": { "enum": theories },
            "log_x": flag, "log_y": flag,
            "where": { "type": "object" },
        }),
    )
}

fn claim_schema(metrics: &[&str]) -> Json {
    let text = json!({ "type": "string" });
    object_list(&["id"], json!({ "id": text, "about": text, "metric": { "enum": metrics }, "note": text }))
}

fn series_schema(system: &SystemSpec) -> Json {
    let names: Vec<&str> = system.series.iter().map(|s| s.name).collect();
    json!({
        "type": "object",
        "properties": {
            "write": { "type": "array", "items": { "enum": names } },
            "replicas": { "type": "integer", "minimum": 1 },
        },
        "required": ["write"],
        "additionalProperties": false,
    })
}

fn object_list(required: &[&str], properties: Json) -> Json {
    json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": required,
            "properties": properties,
            "additionalProperties": false,
        },
    })
}

//! What is derived from the declarations: `explain`, the JSON Schema, the template of `new`.

mod common;

use std::path::Path;

use astrarium_runner::{LoadOptions, schema, template};
use common::{Coin, FULL, VOCABULARY, good, load_in, registry};
use serde_json::Value;

fn coin_schema() -> Value {
    let registry = registry();
    schema(registry.get("coin").unwrap().spec(), VOCABULARY)
}

#[test]
fn explain_names_value_origin_meaning_and_source() {
    let options = LoadOptions {
        size: Some("full".into()),
        sets: vec!["workload.rate=7 tx/s".into()],
        ..Default::default()
    };
    let text = load_in(Path::new("."), FULL, &options).unwrap().explain();
    let line = |key: &str| {
        let found = text.lines().find(|l| l.split_whitespace().next() == Some(key));
        found
            .unwrap_or_else(|| panic!("{key} is not in\n{text}"))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(line("protocol.interval"), "protocol.interval 10 min size.full time between flips [test]");
    assert_eq!(line("workload.rate"), "workload.rate 7 /s --set throws [test]");
    assert_eq!(line("protocol.size"), "protocol.size 535 kB default size of a coin [test]");
    assert_eq!(line("protocol.model.weight"), "protocol.model.weight 3 file grams [test]");
    assert_eq!(line("adversary.share"), "adversary.share 0.1 sweep probability of heads [test]");
    assert_eq!(line("stop.time"), "stop.time (not set) default virtual time [test]");
    assert_eq!(
        line("fault.fault-1.for"),
        "fault.fault-1.for 1 min file how long it lasts (to the end unless given) [scenario]"
    );
    assert!(text.contains("sweep adversary.share: 0.1, 0.2, 0.3, 0.4, 0.5\n"), "{text}");
    assert!(text.ends_with("15 points × 100 replicas = 1500 runs, 2 expectations, 1 plots\n"), "{text}");
    assert!(
        text.contains("size full, seed 7 (file), 100 replicas (size.full), order seed 0 (default)\n"),
        "{text}"
    );
}

#[test]
fn the_schema_describes_every_parameter() {
    let schema = coin_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let share = &schema["properties"]["adversary"]["properties"]["share"];
    assert!(share["description"].as_str().unwrap().contains("probability of heads"));
    let interval = &schema["properties"]["protocol"]["properties"]["interval"];
    assert_eq!(interval["$comment"], "from 1 ms to 1000 d");
    let model = schema["properties"]["protocol"]["properties"]["model"]["anyOf"].as_array().unwrap();
    assert_eq!(model[1]["required"], serde_json::json!(["kind", "weight"]));
    assert_eq!(model[3]["enum"], serde_json::json!(["fair"]), "shorthand only without required fields");
    assert_eq!(schema["properties"]["expect"]["items"]["properties"]["metric"]["enum"][1], "heads");
    assert!(schema["properties"]["network"]["properties"]["latency"].is_object());
    assert_eq!(schema["properties"]["order_seed"]["default"], 0);
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn the_template_is_a_valid_scenario() {
    use astrarium_runner::Experiment as _;
    let text = template(Coin::new().spec());
    let scenario = good(&text);
    assert_eq!((scenario.name.as_str(), scenario.replicas), ("my-coin", 10));
    assert!(text.contains("# time between flips [test]; a duration such as"), "{text}");
    // With every default uncommented it is still valid: the defaults shown are real.
    let uncommented: String = text
        .lines()
        .map(|l| match l.strip_prefix("# ") {
            Some(rest)
                if rest
                    .split_once(" = ")
                    .is_some_and(|(k, _)| k.chars().all(|c| c.is_ascii_lowercase() || c == '_')) =>
            {
                rest
            }
            _ => l,
        })
        .filter(|l| !l.starts_with("metric =") && !l.starts_with("at_most ="))
        .collect::<Vec<_>>()
        .join("\n");
    assert!(good(&uncommented).base.has("stop.time"), "{uncommented}");
}

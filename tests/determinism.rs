//! Determinism through the command: one digest whatever the threads and queues, and alarms that ring.
#![cfg(unix)]
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{Desk, repository};

#[test]
fn results_are_the_same_bytes_for_any_threads_and_queue() {
    let desk = Desk::new();
    let run = "run scenarios/nakamoto/double-spend.toml --size smoke --replicas 40 --quiet";
    desk.expect(0, &format!("{run} --jobs 1 --queue heap --out a"));
    desk.expect(0, &format!("{run} --jobs 2 --queue ring --out b"));
    desk.expect(0, &format!("{run} --jobs 2 --queue reference --out c"));
    assert_eq!(desk.read("a/runs.csv"), desk.read("b/runs.csv"));
    assert_eq!(desk.read("a/runs.csv"), desk.read("c/runs.csv"));
    assert_eq!(desk.read("a/summary.csv"), desk.read("b/summary.csv"));
    assert_eq!(desk.read("a/plots/attack_success.svg"), desk.read("b/plots/attack_success.svg"));
}

#[test]
fn a_run_directory_reproduces_itself() {
    let desk = Desk::new();
    desk.expect(
        0,
        "run scenarios/nakamoto/double-spend.toml --size smoke --replicas 20 --seed 5 --quiet --out a",
    );
    desk.expect(0, "run a/scenario.toml --quiet --out b");
    assert_eq!(desk.read("a/runs.csv"), desk.read("b/runs.csv"));
    assert_eq!(desk.read("a/scenario.toml"), desk.read("b/scenario.toml"));
    let said = desk.expect(0, "replay a");
    assert!(said.out.contains(", 0 not as recorded"), "{}", said.out);
}

#[test]
fn the_canary_sings() {
    let desk = Desk::new();
    desk.expect(0, "check scenarios/canary/healthy.toml --size smoke --quiet --out healthy");
    desk.expect(0, "verify scenarios/canary/healthy.toml --size smoke");
    let said = desk.expect(1, "run scenarios/canary/safety.toml --size smoke --quiet --out safety");
    assert!(said.out.contains("violated"), "{}", said.out);
    assert!(desk.read("safety/findings.csv").contains("violated"));
    desk.expect(1, "run scenarios/canary/liveness.toml --size smoke --quiet --out liveness");
    let said = desk.expect(1, "verify scenarios/canary/nondeterminism.toml --size smoke");
    assert!(said.out.contains("another hash seed"), "{}", said.out);
    assert!(said.out.contains("first divergence at event"), "{}", said.out);
}

#[test]
fn diff_names_the_first_diverging_event() {
    let desk = Desk::new();
    let run = "run scenarios/nakamoto/double-spend.toml --size smoke --replicas 3 --quiet";
    desk.expect(0, &format!("{run} --out a"));
    desk.expect(0, &format!("{run} --out b"));
    desk.expect(0, "diff a b");
    desk.expect(0, &format!("{run} --out c --set protocol.block_interval=601s"));
    let said = desk.expect(1, "diff a c");
    assert!(said.out.contains("protocol.block_interval"), "{}", said.out);
    assert!(said.out.contains("first divergence at event"), "{}", said.out);
}

#[test]
fn every_scenario_file_is_on_the_shelf() {
    let listed = Desk::new().expect(0, "list").out;
    let mut found = 0;
    for folder in std::fs::read_dir(repository().join("scenarios")).expect("scenarios").flatten() {
        let Ok(files) = std::fs::read_dir(folder.path()) else { continue };
        for file in files.flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if name.ends_with(".toml") && name != "Cargo.toml" {
                let path = format!("scenarios/{}/{name}", folder.file_name().to_string_lossy());
                assert!(listed.contains(&path), "{path} is missing in `SCENARIOS` of src/shelf.rs");
                found += 1;
            }
        }
    }
    assert!(found >= 10);
}

#[test]
fn formats_and_templates_are_what_they_say() {
    let desk = Desk::new();
    let run = "run scenarios/nakamoto/double-spend.toml --size smoke --replicas 5 --quiet --out out";
    let json: serde_json::Value =
        serde_json::from_str(&desk.expect(0, &format!("{run} --format json")).out).expect("JSON");
    assert!(json.is_array());
    let csv = desk.expect(0, &format!("{run} --format csv")).out;
    assert_eq!(csv, desk.read("out/summary.csv"));
    let check = run.replace("run ", "check ");
    let json: serde_json::Value =
        serde_json::from_str(&desk.expect(0, &format!("{check} --format json")).out).expect("JSON");
    assert_eq!(json[0]["metric"], "attack_success");
    assert!(desk.expect(0, &format!("{check} --format csv")).out.starts_with("scenario,metric,demand,point"));
    for system in ["nakamoto", "victims", "canary"] {
        let template = desk.expect(0, &format!("new {system}")).out;
        desk.write("new.toml", template);
        desk.expect(0, "explain new.toml");
        let schema = desk.expect(0, &format!("schema {system}")).out;
        serde_json::from_str::<serde_json::Value>(&schema).expect("a JSON Schema");
    }
}

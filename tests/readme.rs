//! The README is true: every command in it is run here, in smoke size where it would take minutes.
#![cfg(unix)]
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{Desk, repository};

/// Commands of the tool chain, which are what runs this test or what needs the network or a browser.
const NOT_OURS: [&str; 4] = ["cargo test", "cargo install", "cargo bench", "cargo doc"];

fn readme() -> String {
    std::fs::read_to_string(repository().join("README.md")).expect("the README")
}

/// The contents of its fenced blocks of one language.
fn blocks(language: &str) -> Vec<String> {
    let text = readme();
    let mut out = Vec::new();
    let mut rest = text.as_str();
    let open = format!("```{language}\n");
    while let Some(start) = rest.find(&open) {
        let body = &rest[start + open.len()..];
        let end = body.find("```").expect("a closed block");
        out.push(body[..end].to_owned());
        rest = &body[end + 3..];
    }
    out
}

#[test]
fn every_command_of_the_readme_works() {
    let desk = Desk::new();
    let mut ran = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()) {
        let line = line.trim();
        if line.is_empty() || NOT_OURS.iter().any(|other| line.starts_with(other)) {
            continue;
        }
        let words = match line.strip_prefix("cargo run --release -- ") {
            // The main job: shown in the README at its default size.
            Some(words) => format!("{words} --size smoke"),
            None => line.strip_prefix("astrarium ").unwrap_or_else(|| panic!("what is `{line}`?")).to_owned(),
        };
        let said = desk.expect(0, &words);
        assert!(!said.out.is_empty(), "astrarium {words} printed nothing");
        ran += 1;
    }
    assert!(ran >= 10, "only {ran} commands found: has the form of the README changed?");
    for file in ["runs.csv", "summary.csv", "scenario.toml", "manifest.json", "plots/attack_success.svg"] {
        assert!(desk.path("results/double-spend").join(file).exists(), "the main job left no {file}");
    }
}

#[test]
fn the_scenario_of_the_readme_runs() {
    let desk = Desk::new();
    let scenarios = blocks("toml");
    assert_eq!(scenarios.len(), 1);
    desk.write("mine.toml", &scenarios[0]);
    desk.expect(0, "explain mine.toml");
    desk.expect(0, "check mine.toml --replicas 2 --out out --quiet");
}

#[test]
fn files_that_the_readme_names_exist() {
    let text = readme();
    for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if !link.starts_with("http") {
            assert!(repository().join(link).exists(), "the README points to {link}, which does not exist");
        }
    }
    for row in text.lines().filter_map(|line| line.strip_prefix("| `")) {
        let name = row.split('`').next().expect("a name");
        if name.contains('/') && name.ends_with(".toml") {
            let path = repository().join("scenarios").join(name);
            assert!(path.exists(), "the README lists {name}, which does not exist");
        }
    }
}

//! A sweep that is killed or interrupted goes on with `--resume`, and ends with the very files of an uninterrupted one.
#![cfg(unix)]
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "waits for another process")]

mod common;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::Desk;

/// Long enough to be caught in the middle, short enough to be repeated.
const SWEEP: &str = "run scenarios/nakamoto/double-spend.toml --size smoke --replicas 1500 --quiet --out";

fn files(desk: &Desk, folder: &str) -> Vec<String> {
    ["runs.csv", "summary.csv", "scenario.toml"]
        .iter()
        .map(|name| desk.read(&format!("{folder}/{name}")))
        .collect()
}

/// Starts the sweep and waits until its journal shows that some runs, but not all, are finished.
fn in_the_middle(desk: &Desk, folder: &str) -> Child {
    let mut child = desk
        .command(SWEEP.split_whitespace().chain([folder]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    let journal = desk.path(folder).join("journal.jsonl");
    for _ in 0..6_000 {
        if std::fs::metadata(&journal).is_ok_and(|meta| meta.len() > 50_000) {
            return child;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("the sweep wrote no journal within half a minute");
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill");
    assert!(status.success());
}

#[test]
fn killed_and_interrupted_sweeps_resume_to_identical_files() {
    let desk = Desk::new();
    desk.expect(0, &format!("{SWEEP} whole"));

    let mut killed = in_the_middle(&desk, "killed");
    signal(&killed, "-KILL");
    assert_eq!(killed.wait().expect("an end").code(), None, "it had ended before it was killed");
    assert!(!desk.path("killed/runs.csv").exists(), "a killed sweep left final files");
    desk.expect(0, &format!("{SWEEP} killed --resume --jobs 1"));
    assert_eq!(files(&desk, "killed"), files(&desk, "whole"));

    let mut interrupted = in_the_middle(&desk, "interrupted");
    signal(&interrupted, "-INT");
    assert_eq!(interrupted.wait().expect("an end").code(), Some(130));
    desk.expect(0, &format!("{SWEEP} interrupted --resume"));
    assert_eq!(files(&desk, "interrupted"), files(&desk, "whole"));
}

#[test]
fn another_scenario_is_not_resumed_into_the_directory() {
    let desk = Desk::new();
    let run = "run scenarios/nakamoto/double-spend.toml --size smoke --replicas 3 --quiet --out out";
    desk.expect(0, run);
    let said = desk.expect(2, &format!("{run} --resume --seed 7"));
    assert!(said.err.contains("cannot resume"), "{}", said.err);
    desk.expect(0, &format!("{run} --resume"));
    desk.write("mine.txt", "keep me");
    std::fs::create_dir(desk.path("foreign")).expect("a folder");
    desk.write("foreign/thesis.tex", "keep me");
    let said = desk.expect(2, &run.replace("--out out", "--out foreign"));
    assert!(said.err.contains("not empty"), "{}", said.err);
    assert_eq!(desk.read("foreign/thesis.tex"), "keep me");
}

//! `replay` and `diff` through the command: where a trace may go, what an interrupt leaves, what is said and by which exit code.
#![cfg(unix)]
#![allow(missing_docs, reason = "tests")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "waits for another process")]

mod common;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::Desk;

/// Eight short elections.
const RUN: &str = "run scenarios/canary/healthy.toml --size smoke --quiet --out";
const ONE: &str = "replay out --point 0 --replica 2 --trace";

fn events(desk: &Desk) -> usize {
    let runs = desk.read("out/runs.csv");
    let row = runs.lines().nth(3).expect("replica 2");
    row.split(',').nth(4).and_then(|cell| cell.parse().ok()).expect("a number of events")
}

#[test]
fn a_trace_holds_every_event_wherever_it_goes() {
    let desk = Desk::new();
    desk.expect(0, &format!("{RUN} out"));
    let all = events(&desk);
    let said = desk.expect(0, &format!("{ONE} t.jsonl"));
    assert!(said.out.contains(&format!("{all} events written to t.jsonl")), "{}", said.out);
    let trace = desk.read("t.jsonl");
    for (i, line) in trace.lines().enumerate() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["index"], i);
    }
    assert_eq!(trace.lines().count(), all);
    desk.expect(0, &format!("{ONE} w.jsonl --window 100..150"));
    let window: Vec<&str> = trace.lines().skip(100).take(50).collect();
    assert_eq!(desk.read("w.jsonl").lines().collect::<Vec<_>>(), window);
    // A link stays a link.
    std::os::unix::fs::symlink("t.jsonl", desk.path("link")).expect("a link");
    desk.expect(0, &format!("{ONE} link --window 0..7"));
    assert!(desk.path("link").is_symlink());
    assert_eq!(desk.read("t.jsonl").lines().count(), 7);
    // Standard output, piped and to a file.
    let piped = desk.expect(0, &format!("{ONE} /dev/stdout"));
    assert_eq!(piped.out.lines().filter(|line| line.starts_with("{\"index\"")).count(), all);
    let file = std::fs::File::create(desk.path("both")).expect("a file");
    let status = desk.command(format!("{ONE} /dev/stdout").split_whitespace()).stdout(file).status();
    assert!(status.expect("the command starts").success());
    assert_eq!(desk.read("both"), piped.out);
}

#[test]
fn a_trace_that_cannot_be_written_is_explained() {
    let desk = Desk::new();
    desk.expect(0, &format!("{RUN} out"));
    std::fs::create_dir(desk.path("folder")).expect("a folder");
    let runs = desk.read("out/runs.csv");
    for (place, word) in [
        ("folder", "is a directory"),
        ("absent/t", "No such file"),
        ("out/runs.csv", "would replace"),
        ("out/../out/manifest.json", "would replace"),
    ] {
        let said = desk.expect(2, &format!("{ONE} {place}"));
        assert!(said.err.contains(word) && said.err.contains(place), "{place}: {}", said.err);
        assert!(said.out.is_empty(), "{}", said.out);
    }
    assert_eq!(desk.read("out/runs.csv"), runs);
    if std::path::Path::new("/dev/full").exists() {
        let said = desk.expect(3, &format!("{ONE} /dev/full"));
        assert!(said.err.contains("cannot write the trace /dev/full"), "{}", said.err);
    }
    for window in ["5..2", "5..5"] {
        let said = desk.expect(2, &format!("{ONE} t --window {window}"));
        assert!(said.err.contains("FROM must be less than TO"), "{}", said.err);
    }
    assert!(!desk.path("t").exists());
}

/// The run would take hours of wall time; whoever interrupts it waits about a second at most (and more on a busy machine).
#[test]
fn a_single_long_run_can_be_interrupted() {
    let desk = Desk::new();
    let long = "--replicas 1 --set stop.time=365d";
    let run = format!("run scenarios/canary/healthy.toml --quiet --out long {long}");
    let mut child = desk
        .command(run.split_whitespace())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command starts");
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(child.try_wait().expect("a state").is_none(), "it was to take longer");
    let begin = Instant::now();
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn diff_says_by_how_much_figures_differ() {
    let desk = Desk::new();
    desk.expect(0, &format!("{RUN} out"));
    desk.expect(0, &format!("{RUN} other --set protocol.patience=160ms"));
    let said = desk.expect(1, "diff out other");
    for words in ["setting protocol.patience: ", "8 runs compared, 8 differ", "events ", "at most by ", "> #"]
    {
        assert!(said.out.contains(words), "`{words}` is missing in {}", said.out);
    }
    desk.expect(0, "diff out out");
}

#[test]
fn faults_that_never_happen_are_warned_of_on_standard_error() {
    let desk = Desk::new();
    let said = desk.expect(0, "explain scenarios/canary/healthy.toml --set stop.time=25s");
    assert!(said.err.contains("warning: ") && said.err.contains("fault `reboot`"), "{}", said.err);
    assert!(said.err.contains("it never happens") && said.err.contains("does not heal"), "{}", said.err);
    assert!(!said.out.contains("warning"), "{}", said.out);
    assert!(desk.expect(0, "explain scenarios/canary/healthy.toml").err.is_empty());
}

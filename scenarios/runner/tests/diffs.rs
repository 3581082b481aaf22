//! What `diff` names when two run directories are not the same: settings, input files, quantities and by how much.

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use astrarium_runner::{DiffReport, ExecuteOptions, LoadOptions, RunDirectory, diff, execute};
use common::{FULL, MINIMAL, VOCABULARY, load_in, registry};

/// Runs a text that lies in a folder into the folder's subdirectory `name`.
fn run(folder: &Path, name: &str, text: &str, sets: &[&str]) -> RunDirectory {
    let load = LoadOptions { sets: sets.iter().map(ToString::to_string).collect(), ..LoadOptions::default() };
    let scenario = load_in(folder, text, &load).unwrap_or_else(|e| panic!("{e}"));
    let out = folder.join(name);
    let options = ExecuteOptions {
        out: out.clone(),
        jobs: 1,
        quiet: true,
        version: "1".into(),
        ..ExecuteOptions::default()
    };
    execute(&scenario, &options, &AtomicBool::new(false)).unwrap_or_else(|e| panic!("{e}"));
    RunDirectory::open(out).unwrap()
}

fn compare(a: &RunDirectory, b: &RunDirectory) -> DiffReport {
    diff(a, b, &registry(), VOCABULARY, &AtomicBool::new(false)).unwrap_or_else(|e| panic!("{e}"))
}

fn keys(report: &DiffReport) -> Vec<&str> {
    report.settings.iter().map(|setting| setting.key.as_str()).collect()
}

/// Changes a file of a run directory and opens it again.
fn edited(directory: &RunDirectory, file: &str, edit: impl Fn(&str) -> String) -> RunDirectory {
    let path = directory.path().join(file);
    fs::write(&path, edit(&fs::read_to_string(&path).unwrap())).unwrap();
    RunDirectory::open(directory.path()).unwrap()
}

/// Replaces a cell of `runs.csv`, counted from 0, header included.
fn with_cell(text: &str, line: usize, column: usize, value: &str) -> String {
    let lines = text.lines().enumerate().map(|(i, content)| {
        let mut cells: Vec<&str> = content.split(',').collect();
        if i == line {
            cells[column] = value;
        }
        cells.join(",") + "\n"
    });
    lines.collect()
}

#[test]
fn figures_are_compared_even_where_digests_agree() {
    let folder = tempfile::tempdir().unwrap();
    let a = run(folder.path(), "a", FULL, &[]);
    let b = run(folder.path(), "b", FULL, &[]);
    // The metrics follow five fixed columns and two swept ones: attack_success, heads, rare, violations.
    let heads = |line: &str| line.split(',').nth(8).unwrap().parse::<f64>().unwrap();
    let mut before = Vec::new();
    let b = edited(&b, "runs.csv", |text| {
        let text = with_cell(text, 3, 8, "100");
        let text = with_cell(&text, 9, 8, "1000.5");
        with_cell(&text, 9, 10, "odd")
    });
    for line in fs::read_to_string(a.path().join("runs.csv")).unwrap().lines().skip(1) {
        before.push(heads(line));
    }
    let report = compare(&a, &b);
    assert!(!report.equal() && report.settings.is_empty());
    assert_eq!((report.compared, report.differing), (75, 2));
    let names: Vec<(&str, u64)> = report.quantities.iter().map(|q| (q.name.as_str(), q.runs)).collect();
    assert_eq!(names, [("heads", 2), ("violations", 1)]);
    // Line 9 is point 1, replica 3: five replicas per point.
    let most = &report.quantities[0];
    assert_eq!((most.point, most.replica, most.right.as_str()), (1, 3, "1000.5"));
    assert_eq!((most.left.parse(), most.by), (Ok(before[8]), Some(1000.5 - before[8])));
    assert_eq!((report.quantities[1].left.as_str(), report.quantities[1].right.as_str()), ("", "odd"));
    let first = report.first.unwrap();
    assert_eq!((first.point, first.replica, first.left, first.divergence), (0, 2, first.right, None));
    assert!(first.notes[0].contains("right run") && first.notes[0].contains("edited"), "{:?}", first.notes);
    // Absent on one side counts as a difference without a size.
    let c = run(folder.path(), "c", FULL, &[]);
    let c = edited(&c, "runs.csv", |text| with_cell(text, 1, 7, ""));
    let report = compare(&a, &c);
    assert_eq!((report.quantities[0].name.as_str(), report.quantities[0].by), ("attack_success", None));
}

#[test]
fn runs_are_paired_by_their_swept_values() {
    let folder = tempfile::tempdir().unwrap();
    let a = run(folder.path(), "a", FULL, &[]);
    // The other way round, with two values less and one that is new.
    let b = run(folder.path(), "b", FULL, &["adversary.share=[0.5, 0.25, 0.3, 0.1]"]);
    let report = compare(&a, &b);
    assert_eq!((report.compared, report.differing), (45, 0));
    assert_eq!((report.left_only, report.right_only), (30, 15));
    assert_eq!(keys(&report), ["sweep.adversary.share"]);
    // Swept in one, fixed in the other; and a difference is found at its place on either side.
    let fixed = FULL.replace("\"adversary.share\"         = { from = 0.1, to = 0.5, step = 0.1 }", "");
    let c = run(folder.path(), "c", &fixed, &[]);
    let report = compare(&a, &c);
    assert_eq!((report.compared, report.differing, report.left_only), (15, 0, 60));
    let d = run(folder.path(), "d", &fixed, &["stop.flips=13"]);
    let first = compare(&a, &d).first.unwrap();
    assert_eq!((first.point, first.right_point), (6, 0));
    assert_eq!(first.at, "adversary.share = 0.3, adversary.confirmations = 1");
    assert_eq!(first.divergence.unwrap().index, 12);
}

#[test]
fn axes_that_advance_together_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let crossed =
        format!("{MINIMAL}[sweep]\n\"adversary.share\" = [0.1, 0.2]\n\"adversary.confirmations\" = [1, 2]\n");
    let zipped = format!("{crossed}zip = [[\"adversary.share\", \"adversary.confirmations\"]]\n");
    let report = compare(&run(folder.path(), "a", &crossed, &[]), &run(folder.path(), "b", &zipped, &[]));
    assert_eq!(keys(&report), ["sweep.zip"]);
    assert_eq!(report.settings[0].left, None);
    assert_eq!(report.settings[0].right.as_deref(), Some("adversary.share + adversary.confirmations"));
    assert_eq!((report.compared, report.differing, report.left_only, report.right_only), (2, 0, 2, 0));
}

#[test]
fn input_files_that_hold_something_else_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{MINIMAL}[protocol]\nmodel = {{ kind = \"file\", file = \"coin.csv\" }}\n");
    fs::write(folder.path().join("coin.csv"), "heads\n").unwrap();
    let a = run(folder.path(), "a", &text, &[]);
    fs::write(folder.path().join("coin.csv"), "tails!\n").unwrap();
    let b = run(folder.path(), "b", &text, &[]);
    let report = compare(&a, &b);
    assert_eq!(keys(&report), ["inputs/coin.csv"]);
    let (left, right) = (report.settings[0].left.as_deref(), report.settings[0].right.as_deref());
    assert!(left.is_some_and(|l| l.starts_with("6 bytes, SHA3 ")), "{left:?}");
    assert!(right.is_some_and(|r| r.starts_with("7 bytes, SHA3 ")), "{right:?}");
    // Edited after the run: still named, and said.
    assert!(report.notes.is_empty(), "{:?}", report.notes);
    let b = edited(&b, "inputs/coin.csv", |_| "heads\n".to_owned());
    let report = compare(&a, &b);
    assert!(report.equal() && report.notes.len() == 1, "{:?}", report.notes);
    assert!(report.notes[0].starts_with("right: scenario.toml or a file in inputs/"), "{:?}", report.notes);
}

#[test]
fn other_versions_and_unfinished_sweeps_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (run(folder.path(), "a", FULL, &[]), run(folder.path(), "b", FULL, &[]));
    let b = edited(&b, "manifest.json", |text| {
        text.replace("\"version\": \"1\"", "\"version\": \"0.9\"").replace("\"finished\"", "\"interrupted\"")
    });
    let report = compare(&a, &b);
    assert!(report.equal());
    assert_eq!(report.notes[0], "left was written by version 1, right by 0.9");
    assert!(report.notes[1].starts_with("right is unfinished"), "{:?}", report.notes);
}

#[test]
fn an_interrupt_is_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (run(folder.path(), "a", FULL, &[]), run(folder.path(), "b", FULL, &["seed=8"]));
    let stopped = diff(&a, &b, &registry(), VOCABULARY, &AtomicBool::new(true)).unwrap();
    assert!(stopped.interrupted);
    assert_eq!((stopped.compared, stopped.differing, stopped.quantities[0].runs), (75, 75, 75));
    let first = stopped.first.unwrap();
    assert!(first.divergence.is_none() && first.notes.is_empty(), "{:?}", first.notes);
    // Nothing had to be looked for: nothing was interrupted.
    let equal = diff(&a, &a, &registry(), VOCABULARY, &AtomicBool::new(true)).unwrap();
    assert!(equal.equal() && !equal.interrupted);
}

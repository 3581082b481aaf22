//! `verify`, `diff` and `replay` find what is planted and nothing else.

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use astrarium_runner::{
    ExecuteOptions, LoadOptions, ReplayOptions, RunDirectory, Scenario, diff, execute, replay, verify,
};
use common::{FULL, VOCABULARY, load_in, registry};

fn scenario(sets: &[&str]) -> Scenario {
    let options =
        LoadOptions { sets: sets.iter().map(ToString::to_string).collect(), ..LoadOptions::default() };
    load_in(Path::new("."), FULL, &options).unwrap_or_else(|e| panic!("{e}"))
}

fn recorded(folder: &Path, name: &str, sets: &[&str]) -> RunDirectory {
    let out = folder.join(name);
    let options = ExecuteOptions { out: out.clone(), jobs: 1, quiet: true, ..ExecuteOptions::default() };
    execute(&scenario(sets), &options, &AtomicBool::new(false)).unwrap_or_else(|e| panic!("{e}"));
    RunDirectory::open(out).unwrap()
}

#[test]
fn a_deterministic_scenario_passes() {
    let report = verify(&scenario(&[]), &AtomicBool::new(false)).unwrap();
    assert!(report.passed(), "{report:?}");
    let names: Vec<&str> = report.checks.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "run twice",
            "queue: reference",
            "queue: heap",
            "queue: ring",
            "snapshot and restore in the middle",
            "another hash seed",
            "1 and 2 threads"
        ]
    );
    assert!(report.checks.iter().all(|c| c.runs >= 15));
}

#[test]
fn planted_nondeterminism_is_located() {
    let report =
        verify(&scenario(&["planted.nondeterminism=true", "stop.flips=40"]), &AtomicBool::new(false))
            .unwrap();
    let mismatch = report.checks[0].mismatch.as_ref().expect("run twice must differ");
    assert!(mismatch.what.starts_with("digest "), "{}", mismatch.what);
    let divergence = mismatch.divergence.as_ref().expect("must be located");
    assert_eq!(divergence.index, 13);
    let before: Vec<u64> = divergence.left_context.iter().map(|e| e.index).collect();
    assert_eq!(before, [9, 10, 11, 12]);
    assert_eq!(divergence.left_context, divergence.right_context);
    let text = divergence.to_string();
    assert!(
        text.contains("first divergence at event 13") && text.contains("> #13 at 0.000013000 s"),
        "{text}"
    );
}

#[test]
fn a_failing_run_is_named_by_verify() {
    let error = verify(&scenario(&["seed=1", "planted.fail=0"]), &AtomicBool::new(false)).unwrap_err();
    assert!(
        error.starts_with("point 0 (adversary.share = 0.1, adversary.confirmations = 1), replica 0"),
        "{error}"
    );
}

#[test]
fn diff_says_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let compare = |a: &RunDirectory, b: &RunDirectory| {
        diff(a, b, &registry(), VOCABULARY, &AtomicBool::new(false)).unwrap_or_else(|e| panic!("{e}"))
    };
    let a = recorded(folder.path(), "a", &[]);
    assert!(compare(&a, &recorded(folder.path(), "b", &[])).equal());
    let c = recorded(folder.path(), "c", &["seed=8"]);
    let report = compare(&a, &c);
    assert_eq!((report.settings.len(), report.compared, report.differing), (1, 75, 75));
    assert_eq!(report.settings[0].key, "seed");
    let first = report.first.unwrap();
    assert_eq!((first.point, first.replica, first.divergence.unwrap().index), (0, 0, 0));
    assert!(first.notes.is_empty(), "{:?}", first.notes);
    // A longer run goes on where the other has ended.
    let d = recorded(folder.path(), "d", &["stop.flips=14"]);
    let divergence = compare(&a, &d).first.unwrap().divergence.unwrap();
    assert_eq!((divergence.index, divergence.left.is_none(), divergence.right.is_some()), (12, true, true));
    // A swept key shows as its axis.
    let e = recorded(folder.path(), "e", &["adversary.share=0.1"]);
    let report = compare(&a, &e);
    assert_eq!(report.settings[0].key, "sweep.adversary.share");
    assert_eq!((report.compared, report.left_only, report.right_only), (15, 60, 0));
    let planted = |name| recorded(folder.path(), name, &["planted.nondeterminism=true", "stop.flips=40"]);
    let first = compare(&planted("f"), &planted("g")).first.unwrap();
    assert_eq!(first.divergence.unwrap().index, 13);
    assert!(first.notes.iter().any(|n| n.contains("not deterministic")), "{:?}", first.notes);
}

#[test]
fn a_recorded_run_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let a = recorded(folder.path(), "a", &[]);
    let go = |directory: &RunDirectory, options| {
        replay(directory, &registry(), VOCABULARY, options, &AtomicBool::new(false))
    };
    let all = go(&a, ReplayOptions::default()).unwrap();
    assert_eq!((all.runs, all.differing.len()), (75, 0));
    let trace = folder.path().join("trace.jsonl");
    let only = Some((3, 4));
    let one = go(&a, ReplayOptions { only, trace: Some(&trace), window: Some((2, 5)) }).unwrap();
    assert_eq!((one.runs, one.traced, one.differing.len()), (1, 3, 0));
    let lines = fs::read_to_string(&trace).unwrap();
    assert!(lines.lines().count() == 3 && lines.starts_with("{\"index\":2,\"time_ns\":2000,"), "{lines}");
    let whole = go(&a, ReplayOptions { only, trace: Some(&trace), window: None }).unwrap();
    assert_eq!(whole.traced, 12);
    let empty = ReplayOptions { only, trace: Some(&trace), window: Some((5, 5)) };
    let empty = go(&a, empty).unwrap_err().to_string();
    assert!(empty.contains("the window 5..5 is empty"), "{empty}");
    let none =
        go(&a, ReplayOptions { only: Some((15, 0)), ..ReplayOptions::default() }).unwrap_err().to_string();
    assert!(none.contains("points 0 to 14 and replicas 0 to 4"), "{none}");
    // What the user broke off is no difference.
    let stopped =
        replay(&a, &registry(), VOCABULARY, ReplayOptions::default(), &AtomicBool::new(true)).unwrap();
    assert!(stopped.interrupted && stopped.differing.is_empty() && !all.interrupted);
    // A forged digest is noticed.
    let runs = fs::read_to_string(a.path().join("runs.csv")).unwrap();
    let digest = runs.lines().nth(1).unwrap().split(',').nth(3).unwrap().to_string();
    fs::write(a.path().join("runs.csv"), runs.replacen(&digest, &"0".repeat(32), 1)).unwrap();
    let forged = go(&a, ReplayOptions::default()).unwrap();
    assert_eq!((forged.differing.len(), forged.differing[0].point, forged.differing[0].replica), (1, 0, 0));
}

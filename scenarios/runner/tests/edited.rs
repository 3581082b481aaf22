//! A run directory whose files were edited, torn or made by somebody else is read with a clear message, or not at all.

mod common;

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use astrarium_runner::{ExecuteError, ExecuteOptions, LoadOptions, RunDirectory, RunReport, execute};
use common::{FULL, VOCABULARY, good, load_in, registry};

fn recorded(folder: &Path) -> RunDirectory {
    let scenario = load_in(Path::new("."), FULL, &LoadOptions::default()).unwrap_or_else(|e| panic!("{e}"));
    let out = folder.join("out");
    let options = ExecuteOptions { out: out.clone(), jobs: 1, quiet: true, ..ExecuteOptions::default() };
    execute(&scenario, &options, &AtomicBool::new(false)).unwrap_or_else(|e| panic!("{e}"));
    RunDirectory::open(out).unwrap()
}

/// What is said about results like these.
fn refusal(directory: &RunDirectory, runs: &str) -> String {
    fs::write(directory.path().join("runs.csv"), runs).unwrap();
    let scenario = directory.scenario(&registry(), VOCABULARY).unwrap();
    match directory.table(&scenario) {
        Ok(_) => panic!("accepted: {runs}"),
        Err(why) => why.to_string(),
    }
}

#[test]
fn edited_results_are_refused_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let directory = recorded(folder.path());
    let sound = fs::read_to_string(directory.path().join("runs.csv")).unwrap();
    let lines: Vec<&str> = sound.lines().collect();
    let with = |line: usize, text: &str| {
        let mut lines = lines.clone();
        lines[line] = text;
        lines.join("\n") + "\n"
    };
    let cell = |column: usize, text: &str| {
        let mut cells: Vec<&str> = lines[4].split(',').collect();
        cells[column] = text;
        with(4, &cells.join(","))
    };
    // Line 5 is point 0, replica 3.
    for (runs, words) in [
        (cell(0, "15"), "line 5 is not a run of this scenario"),
        (cell(0, "-1"), "line 5 is not a run"),
        (cell(1, "5"), "line 5 has a replica that the scenario does not have"),
        (cell(1, "2"), "line 5 is out of order, or there twice"),
        (cell(3, "no digest"), "line 5 is not a run"),
        (cell(4, "12.5"), "line 5 is not a run"),
        (cell(5, "0.2"), "line 5 has other swept values than its point"),
        (cell(8, "NaN"), "line 5 is not a run"),
        (cell(8, "inf"), "line 5 is not a run"),
        (with(4, "0,3"), "5"),
        (with(0, "point,replica"), "its columns are point,replica instead of"),
        (String::new(), "its columns are"),
        ("\u{0}\u{1}".to_owned(), "its columns are"),
    ] {
        let why = refusal(&directory, &runs);
        assert!(
            why.contains(words) && why.contains("runs.csv") && why.contains("--resume"),
            "{words}: {why}"
        );
    }
    // A torn last line, at every length that does not leave a whole number of cells.
    let end = sound.len() - lines[lines.len() - 1].len() - 1;
    for cut in end + 1..sound.len() - 30 {
        refusal(&directory, &sound[..cut]);
    }
    // What is missing altogether is missing: an unfinished sweep looks like this.
    fs::write(directory.path().join("runs.csv"), &sound[..end]).unwrap();
    assert_eq!(directory.table(&good(FULL)).unwrap().rows.len(), 74);
}

fn again(out: &Path, resume: bool) -> Result<RunReport, ExecuteError> {
    let options =
        ExecuteOptions { out: out.to_path_buf(), jobs: 1, resume, quiet: true, ..ExecuteOptions::default() };
    execute(&good(FULL), &options, &AtomicBool::new(false))
}

fn refused(out: &Path, resume: bool) -> String {
    match again(out, resume) {
        Ok(report) => panic!("accepted: {:?}", report.notices),
        Err(error) => {
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        }
    }
}

fn edit(out: &Path, file: &str, edit: impl Fn(&str) -> String) {
    let text = fs::read_to_string(out.join(file)).unwrap();
    fs::write(out.join(file), edit(&text)).unwrap();
}

#[test]
fn manifests_that_cannot_be_read_still_say_whose_directory_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let out = recorded(folder.path()).path().to_path_buf();
    type Damage = fn(&str) -> String;
    let damages: [(&str, Damage); 2] = [
        ("written by version 7.1, which", |text| {
            text.replace("\"version\": \"\"", "\"version\": \"7.1\"")
                .replace("\"wall_seconds\"", "\"seconds\"")
        }),
        ("manifest.json is damaged", |text| text[..text.len() / 2].to_owned()),
    ];
    for (words, damage) in damages {
        edit(&out, "manifest.json", damage);
        let why = RunDirectory::open(&out).unwrap_err().to_string();
        assert!(why.contains(words) && why.contains("run the scenario again"), "{why}");
        let why = refused(&out, true);
        assert!(why.contains(words) && why.contains("leave out --resume"), "{why}");
        let report = again(&out, false).unwrap();
        assert!(report.notices[0].contains(words), "{:?}", report.notices);
        assert_eq!((report.table.rows.len(), report.exit_code()), (75, 0));
    }
    // Somebody else's manifest is somebody else's directory.
    for text in ["{\"tool\": \"other\", \"version\": \"1\"}", "", "not JSON", "[]", "{\"tool\": \"astrariu"] {
        fs::write(out.join("manifest.json"), text).unwrap();
        assert!(refused(&out, false).contains("was not written by astrarium"), "{text}");
        assert!(out.join("runs.csv").exists());
    }
}

#[test]
fn a_finished_sweep_that_was_edited_is_not_taken_for_finished() {
    let folder = tempfile::tempdir().unwrap();
    let out = recorded(folder.path()).path().to_path_buf();
    assert!(again(&out, true).unwrap().notices[0].contains("already finished"));
    let runs = fs::read_to_string(out.join("runs.csv")).unwrap();
    let digest = runs.lines().nth(1).unwrap().split(',').nth(3).unwrap().to_owned();
    edit(&out, "runs.csv", |text| text.replacen(&digest, &"0".repeat(32), 1));
    assert!(refused(&out, true).contains("was edited since"));
    let last = runs.trim_end().rfind('\n').unwrap() + 1;
    edit(&out, "runs.csv", |_| runs[..last].to_owned());
    assert!(refused(&out, true).contains("was edited since"));
    fs::remove_file(out.join("runs.csv")).unwrap();
    let why = refused(&out, true);
    assert!(why.contains("cannot read") && why.contains("leave out --resume"), "{why}");
    again(&out, false).unwrap();
    assert_eq!(fs::read_to_string(out.join("runs.csv")).unwrap(), runs);
}

#[test]
fn a_lost_journal_is_said_and_the_sweep_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let out = recorded(folder.path()).path().to_path_buf();
    let whole = fs::read_to_string(out.join("runs.csv")).unwrap();
    for journal in [None, Some("torn")] {
        edit(&out, "manifest.json", |text| text.replace("\"finished\"", "\"interrupted\""));
        if let Some(text) = journal {
            fs::write(out.join("journal.jsonl"), text).unwrap();
        }
        let report = again(&out, true).unwrap();
        assert!(report.notices[0].contains("journal.jsonl is missing or damaged"), "{:?}", report.notices);
        assert_eq!(fs::read_to_string(out.join("runs.csv")).unwrap(), whole);
    }
}

/// Results must not lie beside another scenario, not even while a full disk keeps the new one from being written.
#[test]
fn old_results_go_before_the_new_scenario_comes() {
    let folder = tempfile::tempdir().unwrap();
    let out = recorded(folder.path()).path().to_path_buf();
    fs::create_dir(out.join(".scenario.toml.tmp")).unwrap();
    let why = refused(&out, false);
    assert!(why.contains("cannot write the run directory"), "{why}");
    assert!(!out.join("runs.csv").exists());
    fs::remove_dir(out.join(".scenario.toml.tmp")).unwrap();
    assert_eq!(again(&out, true).unwrap().table.rows.len(), 75);
}

#[cfg(unix)]
#[test]
fn figures_behind_a_link_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let out = recorded(folder.path()).path().to_path_buf();
    let pictures = folder.path().join("pictures");
    fs::create_dir(&pictures).unwrap();
    fs::write(pictures.join("holiday.png"), "sea").unwrap();
    std::os::unix::fs::symlink(&pictures, out.join("plots")).unwrap();
    again(&out, false).unwrap();
    assert!(pictures.join("holiday.png").exists());
}

#[test]
fn a_directory_without_a_name_is_refused() {
    let why = refused(Path::new(""), false);
    assert!(why.contains("has no name"), "{why}");
    assert!(!Path::new("manifest.json").exists() && !Path::new(".lock").exists());
}

//! Run directories: complete, resumable, the same for any number of threads.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use astrarium_engine::QueueKind;
use astrarium_runner::{
    Complaint, ExecuteOptions, Experiment, Files, LoadOptions, Outcome, Params, Registry, ReplayOptions,
    RunContext, RunDirectory, RunError, RunReport, Scenario, Status, SystemSpec, diff, execute, replay,
    replica_seed,
};
use common::{Coin, FULL, MINIMAL, VOCABULARY, load_in, registry};

const CSVS: [&str; 4] = ["runs.csv", "findings.csv", "series.csv", "scenario.toml"];

fn options(out: &Path, jobs: usize, resume: bool) -> ExecuteOptions {
    ExecuteOptions {
        out: out.to_path_buf(),
        jobs,
        resume,
        quiet: true,
        version: "0.1.0".into(),
        ..ExecuteOptions::default()
    }
}

fn run(scenario: &Scenario, out: &Path, jobs: usize, resume: bool) -> RunReport {
    execute(scenario, &options(out, jobs, resume), &AtomicBool::new(false)).unwrap_or_else(|e| panic!("{e}"))
}

fn refused(scenario: &Scenario, out: &Path, resume: bool) -> String {
    let error = execute(scenario, &options(out, 1, resume), &AtomicBool::new(false)).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    error.to_string()
}

fn files(out: &Path) -> Vec<(String, Vec<u8>)> {
    CSVS.iter().filter_map(|name| Some((name.to_string(), fs::read(out.join(name)).ok()?))).collect()
}

fn scenario(text: &str, sets: &[&str]) -> Scenario {
    let options =
        LoadOptions { sets: sets.iter().map(ToString::to_string).collect(), ..LoadOptions::default() };
    load_in(Path::new("."), text, &options).unwrap_or_else(|e| panic!("{e}"))
}

/// A sweep of 15 × 40 runs with findings and series.
fn sweep() -> Scenario {
    scenario(FULL, &["replicas=40", "planted.violation=true"])
}

/// Raises the interrupt after a number of runs.
struct Stopping {
    coin: Coin,
    after: u64,
    begun: AtomicU64,
    flag: Arc<AtomicBool>,
}

impl Experiment for Stopping {
    fn spec(&self) -> &SystemSpec {
        self.coin.spec()
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        self.coin.validate(params, files)
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        if self.begun.fetch_add(1, Ordering::Relaxed) == self.after {
            self.flag.store(true, Ordering::Relaxed);
            return Err(RunError::Interrupted);
        }
        self.coin.run(params, context)
    }
}

fn interrupted(out: &Path, after: u64) -> RunReport {
    let flag = Arc::new(AtomicBool::new(false));
    let mut registry = Registry::new();
    let begun = AtomicU64::new(0);
    registry.register(Stopping { coin: Coin::new(), after, begun, flag: Arc::clone(&flag) });
    let sets = ["replicas=40", "planted.violation=true"].iter().map(ToString::to_string).collect();
    let load = LoadOptions { sets, ..LoadOptions::default() };
    let path = Path::new("test.toml");
    let scenario = Scenario::from_text(FULL, path, Files::default(), &registry, VOCABULARY, &load)
        .unwrap_or_else(|e| panic!("{e}"));
    execute(&scenario, &options(out, 2, false), &flag).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_run_directory_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("deep/toss");
    let report = run(&sweep(), &out, 2, false);
    assert_eq!((report.exit_code(), report.table.rows.len()), (0, 600));
    let text = fs::read_to_string(out.join("runs.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next().unwrap(),
        "point,replica,seed,digest,events,adversary.share,adversary.confirmations,attack_success,heads,rare,violations"
    );
    let first: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!((first[0], first[1], first[4], first[5], first[6]), ("0", "0", "12", "0.1", "1"));
    assert_eq!(first[2], replica_seed(7, 0).to_string());
    assert!(text.lines().any(|l| l.contains(",,")), "an absent metric is an empty cell");
    let odd = text.lines().filter(|l| l.ends_with(",odd")).count();
    assert!(odd > 0 && report.manifest.violations == odd as u64);
    let oracle = report.manifest.oracles["odd"];
    assert_eq!((oracle.violated, oracle.holds, oracle.unknown), (odd as u64, 600 - odd as u64, 0));
    assert_eq!(
        fs::read_to_string(out.join("findings.csv")).unwrap().matches(",odd,always,violated,").count(),
        odd
    );
    // Series are kept of the first two replicas only: 15 points × 2 replicas × 12 flips, and the header.
    assert_eq!(fs::read_to_string(out.join("series.csv")).unwrap().lines().count(), 1 + 15 * 2 * 12);
    assert!(!out.join("journal.jsonl").exists());
    let directory = RunDirectory::open(&out).unwrap();
    assert_eq!((directory.manifest().status, directory.manifest().events), (Status::Finished, 7200));
    let read = directory.table(&directory.scenario(&registry(), VOCABULARY).unwrap()).unwrap();
    assert_eq!(read, report.table);
    assert_eq!(read.values(0, "heads").len(), 40);
    assert_eq!(read.by_replica(3, "rare").len(), read.values(3, "rare").len());
}

#[test]
fn any_number_of_threads_gives_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let one = run(&sweep(), &at("one"), 1, false);
    for jobs in [2, 7] {
        let many = run(&sweep(), &at("many"), jobs, false);
        assert_eq!(files(&at("one")), files(&at("many")));
        assert_eq!(one.manifest.digest, many.manifest.digest);
    }
}

#[test]
fn an_interrupted_sweep_resumes_to_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    run(&sweep(), &at("whole"), 2, false);
    for after in [0, 1, 37, 300, 599] {
        let out = at(&format!("cut-{after}"));
        let report = interrupted(&out, after);
        assert_eq!((report.exit_code(), report.manifest.status), (130, Status::Interrupted));
        assert!(report.table.rows.len() < 600);
        assert!(report.table.rows.len() as u64 >= after.saturating_sub(1), "what was finished is kept");
        let coin = Coin::new();
        let runs = Arc::clone(&coin.runs);
        let mut registry = Registry::new();
        registry.register(coin);
        let sets = ["replicas=40", "planted.violation=true"].iter().map(ToString::to_string).collect();
        let load = LoadOptions { sets, ..LoadOptions::default() };
        let again = Scenario::from_text(FULL, Path::new("x"), Files::default(), &registry, VOCABULARY, &load)
            .unwrap();
        let resumed = run(&again, &out, 2, true);
        assert_eq!(
            runs.load(Ordering::Relaxed),
            600 - report.table.rows.len() as u64,
            "only missing runs are run"
        );
        assert_eq!(resumed.manifest.oracles["odd"].holds + resumed.manifest.oracles["odd"].violated, 600);
        assert_eq!(files(&out), files(&at("whole")));
    }
}

/// What a kill leaves: a manifest that says `running`, and the journal up to some byte.
fn killed(folder: &Path, keep: impl Fn(&[u8]) -> usize) -> PathBuf {
    let out = folder.join("killed");
    interrupted(&out, 500);
    let journal = fs::read(out.join("journal.jsonl")).unwrap();
    fs::write(out.join("journal.jsonl"), &journal[..keep(&journal)]).unwrap();
    let manifest = fs::read_to_string(out.join("manifest.json")).unwrap();
    fs::write(out.join("manifest.json"), manifest.replace("\"interrupted\"", "\"running\"")).unwrap();
    for name in ["runs.csv", "findings.csv", "series.csv"] {
        fs::remove_file(out.join(name)).unwrap();
    }
    out
}

#[test]
fn a_killed_sweep_resumes_to_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    run(&sweep(), &whole, 2, false);
    let third_newline = |j: &[u8]| j.iter().enumerate().filter(|(_, b)| **b == b'\n').nth(2).unwrap().0;
    let cuts: [fn(&[u8]) -> usize; 4] = [|j| j.len(), |j| j.len() - 7, |j| j.len() / 2, |_| 0];
    for cut in cuts {
        let out = killed(folder.path(), cut);
        run(&sweep(), &out, 2, true);
        assert_eq!(files(&out), files(&whole));
    }
    let out = killed(folder.path(), |j| third_newline(j) + 1);
    run(&sweep(), &out, 1, true);
    assert_eq!(files(&out), files(&whole));
}

#[test]
fn a_damaged_line_ends_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    run(&sweep(), &whole, 2, false);
    let out = killed(folder.path(), |j| j.len());
    let mut journal = fs::read(out.join("journal.jsonl")).unwrap();
    let at = journal.len() / 3;
    journal[at] ^= 1;
    fs::write(out.join("journal.jsonl"), journal).unwrap();
    run(&sweep(), &out, 2, true);
    assert_eq!(files(&out), files(&whole));
}

#[test]
fn resuming_another_scenario_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x");
    interrupted(&out, 100);
    let before = files(&out);
    let why = refused(&scenario(FULL, &["seed=8", "replicas=40"]), &out, true);
    assert!(why.contains("its resolved scenario differs"), "{why}");
    let reordered = scenario(FULL, &["seed=7", "replicas=40", "planted.violation=true", "order_seed=3"]);
    assert!(refused(&reordered, &out, true).contains("its resolved scenario differs"));
    let mut other = options(&out, 1, true);
    other.options.snapshot_at = Some(5);
    let why = execute(&sweep(), &other, &AtomicBool::new(false)).unwrap_err().to_string();
    assert!(why.contains("another snapshot"), "{why}");
    assert_eq!(files(&out), before, "nothing was touched");
    // A journal of another scenario is never taken in, even when the manifest claims it.
    let anew = run(&scenario(FULL, &["seed=8"]), &out, 1, false);
    assert!(anew.notices[0].contains("replacing the unfinished results of `toss`"), "{:?}", anew.notices);
    assert_eq!(anew.table.rows.len(), 75);
    let again = run(&scenario(FULL, &["seed=8"]), &out, 1, true);
    assert!(again.notices[0].contains("already finished"), "{:?}", again.notices);
    assert_eq!(again.table, anew.table);
}

#[test]
fn a_sweep_may_be_resumed_with_another_queue() {
    let folder = tempfile::tempdir().unwrap();
    let (out, whole) = (folder.path().join("x"), folder.path().join("whole"));
    run(&sweep(), &whole, 2, false);
    interrupted(&out, 100);
    let mut other = options(&out, 1, true);
    other.options.queue = QueueKind::Heap;
    execute(&sweep(), &other, &AtomicBool::new(false)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(files(&out), files(&whole));
}

#[test]
fn foreign_files_are_safe() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mine");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.tex"), "years of work").unwrap();
    let why = refused(&sweep(), &out, false);
    assert!(why.contains("not empty and was not written by astrarium"), "{why}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
    fs::remove_file(out.join("thesis.tex")).unwrap();
    run(&sweep(), &out, 1, false);
    fs::write(out.join("notes.txt"), "keep").unwrap();
    fs::write(out.join("summary.csv"), "stale").unwrap();
    let report = run(&sweep(), &out, 1, false);
    assert!(report.notices[0].contains("replacing the results of `toss`"), "{:?}", report.notices);
    assert!(out.join("notes.txt").exists() && !out.join("summary.csv").exists());
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(refused(&sweep(), &file, false).contains("cannot use the directory"));
    assert!(refused(&sweep(), &file.join("below"), false).contains("below: Not a directory"));
}

/// Tries to run the same again into the directory in which it is running.
struct Intruding {
    coin: Coin,
    out: PathBuf,
    answers: Arc<Mutex<Vec<String>>>,
}

impl Experiment for Intruding {
    fn spec(&self) -> &SystemSpec {
        self.coin.spec()
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        self.coin.validate(params, files)
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let answers = [false, true].map(|resume| refused(&sweep(), &self.out, resume));
        self.answers.lock().unwrap().extend(answers);
        self.coin.run(params, context)
    }
}

#[test]
fn two_runs_never_share_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x");
    let answers = Arc::<Mutex<Vec<String>>>::default();
    let mut registry = Registry::new();
    registry.register(Intruding { coin: Coin::new(), out: out.clone(), answers: Arc::clone(&answers) });
    let path = Path::new("test.toml");
    let options = LoadOptions::default();
    let scenario = Scenario::from_text(MINIMAL, path, Files::default(), &registry, VOCABULARY, &options)
        .unwrap_or_else(|e| panic!("{e}"));
    let report = run(&scenario, &out, 1, false);
    let answers = answers.lock().unwrap();
    assert_eq!((answers.len(), report.exit_code(), report.table.rows.len()), (2, 0, 1));
    assert!(answers.iter().all(|a| a.contains("is in use by another run")), "{answers:?}");
    // Afterwards it is free, and so is what a run leaves that is killed before it wrote anything.
    assert!(!out.join(".lock").exists());
    let killed = folder.path().join("killed");
    fs::create_dir(&killed).unwrap();
    fs::write(killed.join(".lock"), "").unwrap();
    for out in [out, killed] {
        assert_eq!(run(&sweep(), &out, 1, false).table.rows.len(), 600);
        assert!(!out.join(".lock").exists());
    }
}

#[test]
fn failed_runs_are_named_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x");
    let sets = ["seed=1", "replicas=10", "planted.fail=3", "planted.panic=5"];
    let report = run(&scenario(FULL, &sets), &out, 2, false);
    assert_eq!((report.exit_code(), report.manifest.status), (3, Status::Finished));
    assert_eq!((report.table.rows.len(), report.manifest.failed_runs), (15 * 8, 30));
    let (fail, panic) = (&report.manifest.failed[0], &report.manifest.failed[1]);
    assert_eq!((fail.point, fail.replica, fail.seed), (0, 3, replica_seed(1, 3)));
    assert_eq!(fail.message, "planted failure");
    assert!(
        panic.message.contains("mod.rs") && panic.message.ends_with(": planted panic"),
        "{}",
        panic.message
    );
    assert!(fail.reproduce.ends_with("--point 0 --replica 3"), "{}", fail.reproduce);
    // They are tried again, and fail again.
    let again = run(&scenario(FULL, &sets), &out, 2, true);
    assert_eq!((again.table.rows.len(), again.manifest.failed_runs), (120, 30));
    let nan = run(&scenario(FULL, &["planted.nan=true"]), &folder.path().join("nan"), 2, false);
    assert_eq!(nan.manifest.failed[0].message, "the metric `heads` is NaN");
}

#[test]
fn the_resolved_scenario_runs_again_to_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("coin.csv"), name).unwrap();
    }
    let text = format!(
        "replicas = 3\n{MINIMAL}[protocol]\nmodel = {{ kind = \"file\", file = \"a/coin.csv\" }}\n[sweep]\n\
         \"protocol.model.file\" = [\"a/coin.csv\", \"b/coin.csv\"]\n\"adversary.share\" = [0.1, 0.2]\n\
         [[expect]]\nmetric = \"heads\"\nwhere = {{ \"protocol.model.file\" = \"b/coin.csv\" }}\nat_least = 0.0\n"
    );
    let first = load_in(folder.path(), &text, &LoadOptions::default()).unwrap_or_else(|e| panic!("{e}"));
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let report = run(&first, &one, 2, false);
    assert_eq!(fs::read_to_string(one.join("inputs/2-coin.csv")).unwrap(), "b");
    fs::remove_file(folder.path().join("a/coin.csv")).unwrap();
    let path = one.join("scenario.toml");
    let again = Scenario::load(&path, &registry(), VOCABULARY, &LoadOptions::default())
        .unwrap_or_else(|e| panic!("{e}"));
    // A gate on a file means the same points, by whatever path the file goes.
    for scenario in [&first, &again] {
        let gated = scenario.points.iter().filter(|point| point.matches(&scenario.expects[0].filter));
        assert_eq!(gated.map(|point| point.index).collect::<Vec<_>>(), [2, 3]);
    }
    let second = run(&again, &two, 1, false);
    assert_eq!(files(&one), files(&two));
    assert_eq!(report.manifest.scenario_hash, second.manifest.scenario_hash);
    // Even into the directory it came from.
    let before = files(&one);
    run(&again, &one, 2, false);
    assert_eq!(files(&one), before);
}

#[test]
fn the_order_seed_belongs_to_the_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let options = LoadOptions { order_seed: Some(3), ..LoadOptions::default() };
    let reordered = load_in(Path::new("."), FULL, &options).unwrap_or_else(|e| panic!("{e}"));
    let first = run(&reordered, &at("one"), 2, false);
    assert_ne!(first.manifest.digest, run(&scenario(FULL, &[]), &at("plain"), 2, false).manifest.digest);
    let load = |path: &Path| Scenario::load(path, &registry(), VOCABULARY, &LoadOptions::default());
    let again = load(&at("one").join("scenario.toml")).unwrap_or_else(|e| panic!("{e}"));
    let second = run(&again, &at("two"), 1, false);
    assert_eq!(files(&at("one")), files(&at("two")));
    assert_eq!((first.manifest.options.order_seed, second.manifest.options.order_seed), (3, 3));
    assert_eq!(first.manifest.scenario_hash, second.manifest.scenario_hash);
    let directory = |name: &str| RunDirectory::open(at(name)).unwrap();
    let never = AtomicBool::new(false);
    let replayed = replay(&directory("one"), &registry(), VOCABULARY, ReplayOptions::default(), &never);
    let replayed = replayed.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((replayed.runs, replayed.differing.len()), (75, 0));
    let report = diff(&directory("plain"), &directory("one"), &registry(), VOCABULARY, &never);
    let report = report.unwrap_or_else(|e| panic!("{e}"));
    let settings: Vec<&str> = report.settings.iter().map(|s| s.key.as_str()).collect();
    assert_eq!(settings, ["order_seed"]);
    let divergence = report.first.unwrap().divergence.unwrap();
    assert_eq!(divergence.index, 0, "reruns of both sides are in their own order");
}

#[test]
fn points_share_their_random_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let report = run(&sweep(), folder.path(), 2, false);
    let seeds = |point: usize| report.table.rows_of(point).iter().map(|r| r.seed).collect::<Vec<_>>();
    assert!((1..15).all(|p| seeds(p) == seeds(0)));
    // With the same numbers, more bias can only mean more heads, in every single replica.
    for (low, high) in report.table.values(0, "heads").iter().zip(report.table.values(12, "heads")) {
        assert!(*low <= high);
    }
}

#[test]
fn a_hundred_thousand_short_runs_cost_little() {
    let folder = tempfile::tempdir().unwrap();
    let many = scenario(FULL, &["replicas=7000", "stop.flips=2"]);
    let report = run(&many, folder.path(), 2, false);
    assert_eq!(report.table.rows.len(), 105_000);
    // Generous: an overhead of 0.2 ms per run would make the shipped double spend unbearable.
    assert!(report.manifest.wall_seconds < 21.0, "{} s", report.manifest.wall_seconds);
}

#[test]
fn results_that_cannot_be_written_are_reported_and_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let (out, whole) = (folder.path().join("x"), folder.path().join("whole"));
    run(&sweep(), &whole, 2, false);
    // A directory where the temporary file belongs: works for the superuser too, unlike permissions.
    fs::create_dir_all(out.join(".runs.csv.tmp")).unwrap();
    fs::copy(whole.join("manifest.json"), out.join("manifest.json")).unwrap();
    let error = execute(&sweep(), &options(&out, 2, false), &AtomicBool::new(false)).unwrap_err();
    assert_eq!(error.exit_code(), 3);
    let text = error.to_string();
    assert!(text.contains("runs.csv: Is a directory") && text.contains("--resume"), "{text}");
    fs::remove_dir(out.join(".runs.csv.tmp")).unwrap();
    run(&sweep(), &out, 2, true);
    assert_eq!(files(&out), files(&whole));
}

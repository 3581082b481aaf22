//! The run directory: what is left of a run, and how it is read back.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use astrarium_engine::{QueueKind, RunOptions};
use serde::{Deserialize, Serialize};
use sha3::{Digest as _, Sha3_256};

use crate::canonical::INPUTS;
use crate::diagnostics::Diagnostics;
use crate::gates::Vocabulary;
use crate::registry::Registry;
use crate::scenario::{LoadOptions, Scenario};
use crate::table::RunTable;

/// The file that makes a directory a run directory.
pub const MANIFEST: &str = "manifest.json";
/// The resolved scenario.
pub const SCENARIO: &str = "scenario.toml";
/// One row per run.
pub const RUNS: &str = "runs.csv";
/// Oracles that did not hold.
pub const FINDINGS: &str = "findings.csv";
/// Time series, when the scenario asks for them.
pub const SERIES: &str = "series.csv";
/// Finished runs of an unfinished sweep.
pub const JOURNAL: &str = "journal.jsonl";
/// What analysis adds.
const SUMMARY: &str = "summary.csv";
const PLOTS: &str = "plots";
/// Value of [`Manifest::tool`].
const TOOL: &str = "astrarium";

/// How far a sweep got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It runs, or was killed.
    Running,
    /// The user interrupted it; `--resume` goes on.
    Interrupted,
    /// Every run was tried.
    Finished,
}

/// The machine, without its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Operating system.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// Logical cores.
    pub cores: usize,
}

impl Host {
    /// This machine.
    #[must_use]
    pub fn here() -> Self {
        Self {
            os: std::env::consts::OS.into(),
            arch: std::env::consts::ARCH.into(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Which of [`RunOptions`] a sweep was run with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptOptions {
    /// Name of the pending-event set.
    pub queue: String,
    /// Order of simultaneous events: the scenario's.
    pub order_seed: u64,
    /// Snapshot and restore after this many events.
    pub snapshot_at: Option<u64>,
}

impl From<&RunOptions> for KeptOptions {
    fn from(options: &RunOptions) -> Self {
        Self {
            queue: options.queue.name().to_string(),
            order_seed: options.order_seed,
            snapshot_at: options.snapshot_at,
        }
    }
}

impl KeptOptions {
    /// The options to run with again; an unknown queue becomes the automatic one, since all queues give one digest.
    #[must_use]
    pub fn options(&self) -> RunOptions {
        let queue = QueueKind::CONCRETE.into_iter().find(|q| q.name() == self.queue).unwrap_or_default();
        RunOptions {
            queue,
            order_seed: self.order_seed,
            snapshot_at: self.snapshot_at,
            ..RunOptions::default()
        }
    }
}

/// Verdicts of one oracle over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OracleCount {
    /// Runs in which it held.
    pub holds: u64,
    /// Runs in which it was violated.
    pub violated: u64,
    /// Runs that could not tell.
    pub unknown: u64,
}

/// A run without an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRun {
    /// Number of the sweep point.
    pub point: usize,
    /// The swept values there.
    pub at: String,
    /// Number of the replica.
    pub replica: u64,
    /// Its seed.
    pub seed: u64,
    /// Why.
    pub message: String,
    /// The command that runs it again.
    pub reproduce: String,
}

/// What happened at a sweep point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointSummary {
    /// Number of the point.
    pub point: usize,
    /// The swept values.
    pub at: String,
    /// Finished runs.
    pub runs: u64,
    /// Digest over the digests of its runs in replica order.
    pub digest: String,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `astrarium`.
    pub tool: String,
    /// Version of the tool.
    pub version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the system.
    pub system: String,
    /// The chosen size.
    pub size: String,
    /// SHA3-256 of the resolved scenario and of the files it names.
    pub scenario_hash: String,
    /// Seed of the scenario.
    pub seed: u64,
    /// Replicas per point.
    pub replicas: u64,
    /// The command line.
    pub argv: Vec<String>,
    /// The machine.
    pub host: Host,
    /// How it was run.
    pub options: KeptOptions,
    /// How far it got.
    pub status: Status,
    /// Seconds of wall time, over all resumptions.
    pub wall_seconds: f64,
    /// Finished runs.
    pub runs: u64,
    /// Events of all finished runs.
    pub events: u64,
    /// Digest over all points.
    pub digest: String,
    /// Digest per point.
    pub points: Vec<PointSummary>,
    /// Verdicts per oracle.
    pub oracles: BTreeMap<String, OracleCount>,
    /// Runs in which some oracle was violated.
    pub violations: u64,
    /// How many runs failed.
    pub failed_runs: u64,
    /// The first of them.
    pub failed: Vec<FailedRun>,
}

impl Manifest {
    /// The manifest of a sweep that begins.
    pub(crate) fn begin(
        scenario: &Scenario,
        hash: &str,
        version: &str,
        argv: &[String],
        options: &RunOptions,
    ) -> Self {
        Self {
            tool: TOOL.into(),
            version: version.into(),
            scenario: scenario.name.clone(),
            system: scenario.system().name.into(),
            size: scenario.size.clone(),
            scenario_hash: hash.into(),
            seed: scenario.seed,
            replicas: scenario.replicas,
            argv: argv.to_vec(),
            host: Host::here(),
            options: KeptOptions { order_seed: scenario.order_seed, ..options.into() },
            status: Status::Running,
            wall_seconds: 0.0,
            runs: 0,
            events: 0,
            digest: String::new(),
            points: Vec::new(),
            oracles: BTreeMap::new(),
            violations: 0,
            failed_runs: 0,
            failed: Vec::new(),
        }
    }

    /// Fills in what the table says.
    pub(crate) fn summarise(&mut self, table: &RunTable, scenario: &Scenario) {
        let mut all = Sha3_256::new();
        self.points = scenario
            .points
            .iter()
            .map(|point| {
                let rows = table.rows_of(point.index);
                let mut hasher = Sha3_256::new();
                for row in rows {
                    hasher.update(row.replica.to_le_bytes());
                    hasher.update(row.digest.0.to_le_bytes());
                }
                let digest = short_hex(&hasher.finalize());
                all.update(&digest);
                PointSummary { point: point.index, at: point.label(), runs: rows.len() as u64, digest }
            })
            .collect();
        self.digest = short_hex(&all.finalize());
        self.runs = table.rows.len() as u64;
        self.events = table.rows.iter().map(|r| r.events).fold(0, u64::saturating_add);
        self.violations = table.rows.iter().filter(|r| !r.violations.is_empty()).count() as u64;
    }

    /// Writes it into a directory.
    pub(crate) fn write(&self, directory: &Path) -> io::Result<()> {
        write_atomically(&directory.join(MANIFEST), |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            out.write_all(b"\n")
        })
    }

    /// Reads it, `None` when the directory is not ours.
    pub(crate) fn read(directory: &Path) -> io::Result<Option<Self>> {
        match fs::read(directory.join(MANIFEST)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok().filter(|m: &Self| m.tool == TOOL)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

fn short_hex(bytes: &[u8]) -> String {
    hex(&bytes[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A scenario and the files it names, ready to be written into a run directory.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) toml: String,
    inputs: Vec<(String, Vec<u8>)>,
    pub(crate) hash: String,
}

impl Contents {
    /// Reads the scenario's files into memory; they may lie in the directory that is about to be replaced.
    pub(crate) fn of(scenario: &Scenario) -> Result<Self, (PathBuf, io::Error)> {
        let toml = scenario.to_toml();
        let mut hasher = Sha3_256::new();
        hasher.update(toml.as_bytes());
        let mut inputs = Vec::new();
        for input in &scenario.inputs {
            let path = scenario.files.base.join(&input.path);
            let bytes = fs::read(&path).map_err(|e| (path, e))?;
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(&bytes);
            inputs.push((input.name.clone(), bytes));
        }
        Ok(Self { toml, inputs, hash: hex(&hasher.finalize()) })
    }

    /// Writes `scenario.toml` and `inputs/`.
    pub(crate) fn write(&self, directory: &Path) -> io::Result<()> {
        if !self.inputs.is_empty() {
            fs::create_dir_all(directory.join(INPUTS))?;
        }
        for (name, bytes) in &self.inputs {
            write_atomically(&directory.join(INPUTS).join(name), |out| out.write_all(bytes))?;
        }
        write_atomically(&directory.join(SCENARIO), |out| out.write_all(self.toml.as_bytes()))
    }
}

/// Removes what an earlier run left, and nothing else.
pub(crate) fn clear(directory: &Path) -> io::Result<()> {
    let remove = |path: &Path| match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    };
    for name in [JOURNAL, RUNS, FINDINGS, SERIES, SUMMARY] {
        remove(&directory.join(name))?;
    }
    let is_figure = |path: &Path| path.extension().is_some_and(|e| e == "svg" || e == "png");
    if let Ok(entries) = fs::read_dir(directory.join(PLOTS)) {
        for entry in entries {
            let path = entry?.path();
            if is_figure(&path) {
                remove(&path)?;
            }
        }
    }
    Ok(())
}

/// Writes a file so that it is either the old one or the whole new one.
///
/// # Errors
/// Those of the file system.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let written = (|| {
        let mut out = BufWriter::new(File::create(&temporary)?);
        write(&mut out)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        // The error that matters is the first one.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A run directory, read back.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    manifest: Manifest,
}

impl RunDirectory {
    /// Opens a run directory.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Diagnostics> {
        let path = path.into();
        let refuse = |why: String| {
            let help = "name a directory that `run` wrote (it holds a manifest.json)";
            Diagnostics::of_file(path.display().to_string(), why, help)
        };
        match Manifest::read(&path) {
            Ok(Some(manifest)) => Ok(Self { path, manifest }),
            Ok(None) => Err(refuse("this is not a run directory".into())),
            Err(e) => Err(refuse(format!("cannot read the run directory: {e}"))),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its resolved scenario.
    ///
    /// # Errors
    /// When this version cannot run it (any more).
    pub fn scenario(&self, registry: &Registry, vocabulary: Vocabulary<'_>) -> Result<Scenario, Diagnostics> {
        let path = self.path.join(SCENARIO);
        let mut scenario = Scenario::load(&path, registry, vocabulary, &LoadOptions::default())?;
        scenario.size.clone_from(&self.manifest.size);
        Ok(scenario)
    }

    /// Its results; only what is finished when the sweep was interrupted.
    ///
    /// # Errors
    /// When `runs.csv` is missing or does not fit the scenario.
    pub fn table(&self, scenario: &Scenario) -> Result<RunTable, Diagnostics> {
        let path = self.path.join(RUNS);
        let refuse = |why: String| {
            Diagnostics::of_file(path.display().to_string(), why, "run the scenario again, or with --resume")
        };
        let file = File::open(&path).map_err(|e| refuse(format!("cannot read the results: {e}")))?;
        RunTable::read_csv(scenario, io::BufReader::new(file))
            .map_err(|e| refuse(format!("unreadable results: {e}")))
    }
}

//! `manifest.json`: what was run, how, and how far; and what it says about the directory that it lies in.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use astrarium_engine::{QueueKind, RunOptions};
use serde::{Deserialize, Serialize};
use sha3::{Digest as _, Sha3_256};

use crate::rundir::write_atomically;
use crate::scenario::Scenario;
use crate::table::RunTable;

/// The file that makes a directory a run directory.
pub const MANIFEST: &str = "manifest.json";
/// Value of [`Manifest::tool`].
const TOOL: &str = "astrarium";
/// How every manifest begins.
const BEGINNING: &str = "{\n  \"tool\": \"astrarium\"";

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

    /// Reads it.
    pub(crate) fn read(directory: &Path) -> io::Result<Mark> {
        let bytes = match fs::read(directory.join(MANIFEST)) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Mark::Foreign),
            Err(e) => return Err(e),
        };
        if let Ok(manifest) = serde_json::from_slice::<Self>(&bytes) {
            return Ok(if manifest.tool == TOOL { Mark::Ours(Box::new(manifest)) } else { Mark::Foreign });
        }
        let (ours, why) = match serde_json::from_slice::<serde_json::Value>(&bytes) {
            Ok(json) => {
                let version = json["version"].as_str().unwrap_or("?");
                (
                    json["tool"] == TOOL,
                    format!("it was written by version {version}, which this one cannot read"),
                )
            }
            // Torn: what it begins with tells whose it is.
            Err(_) => (bytes.starts_with(BEGINNING.as_bytes()), "its manifest.json is damaged".to_owned()),
        };
        Ok(if ours { Mark::Unreadable(why) } else { Mark::Foreign })
    }
}

/// What the manifest of a directory says about it.
#[derive(Debug)]
pub(crate) enum Mark {
    /// A run directory.
    Ours(Box<Manifest>),
    /// A run directory all the same, with why its manifest is of no use.
    Unreadable(String),
    /// Something else.
    Foreign,
}

fn short_hex(bytes: &[u8]) -> String {
    hex(&bytes[..16])
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

//! Runs a scenario: every replica of every point, in parallel, crash-safely, into a run directory.
#![allow(clippy::disallowed_types)] // Wall time of the sweep, for the manifest and the disk; no run sees it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;
#[allow(clippy::disallowed_types)]
// Wall time of the sweep, for the manifest and the size of batches; no run sees it.
use std::time::Instant;

use astrarium_engine::RunOptions;

use crate::details::{count_findings, write_findings, write_series};
use crate::journal::{Journal, Record};
use crate::manifest::{FailedRun, Manifest, Status};
use crate::occupy::{Found, look, occupy, refuse};
use crate::points::replica_seed;
use crate::progress::Progress;
use crate::rundir::{Contents, FINDINGS, JOURNAL, RUNS, SERIES, clear, write_atomically};
use crate::scenario::Scenario;
use crate::table::RunTable;
use crate::workers::{Batch, Done, Work};

/// Finished work is forced to the disk this often.
const SYNC: Duration = Duration::from_millis(500);
/// More failed runs than this are counted, not listed.
const FAILED_SHOWN: usize = 100;

/// How to run a scenario.
#[derive(Debug, Clone, Default)]
pub struct ExecuteOptions {
    /// The run directory.
    pub out: PathBuf,
    /// Threads; 0 means one per core.
    pub jobs: usize,
    /// Go on with an unfinished sweep in `out`.
    pub resume: bool,
    /// No progress bars.
    pub quiet: bool,
    /// The command line, for the manifest.
    pub argv: Vec<String>,
    /// Version of the tool, for the manifest.
    pub version: String,
    /// Queue and snapshot; the order seed is the scenario's.
    pub options: RunOptions,
}

/// Why a scenario could not be run, or its results not be kept.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The directory cannot be used, or belongs to something else; nothing was run.
    #[error("{0}")]
    Refused(String),
    /// The results could not be written; what the journal holds can be resumed.
    #[error("{0}")]
    Broken(String),
}

impl ExecuteError {
    /// Exit code of the command: 2 before anything ran, 3 later.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 2,
            Self::Broken(_) => 3,
        }
    }
}

/// What a sweep left.
#[derive(Debug)]
pub struct RunReport {
    /// The run directory.
    pub directory: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// All finished runs.
    pub table: RunTable,
    /// What the user should know: an older directory was replaced, a sweep was already finished ….
    pub notices: Vec<String>,
}

impl RunReport {
    /// Exit code of the command, gates and oracles aside: 0, 3 after failed runs, 130 after an interrupt.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match (self.manifest.status, self.manifest.failed_runs) {
            (Status::Interrupted, _) => 130,
            (_, 0) => 0,
            _ => 3,
        }
    }
}

/// A text as one word of a shell command.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The directory of a scenario unless the user names one.
#[must_use]
pub fn default_directory(name: &str) -> PathBuf {
    Path::new("results").join(name)
}

/// Runs a scenario.
///
/// A directory that an earlier run left is replaced (with a notice); one that holds anything else, or in which another run
/// is going, is refused.
///
/// # Errors
/// When the directory cannot be used or written.
pub fn execute(
    scenario: &Scenario,
    options: &ExecuteOptions,
    interrupt: &AtomicBool,
) -> Result<RunReport, ExecuteError> {
    let start = Instant::now();
    let contents = Contents::of(scenario)
        .map_err(|(path, e)| ExecuteError::Refused(format!("cannot read {}: {e}", path.display())))?;
    let _lock = occupy(&options.out)?;
    let (manifest, notices) = match look(scenario, options, &contents.hash)? {
        Found::Finished(report) => return Ok(*report),
        Found::Open(manifest, notices) => (*manifest, notices),
    };
    let mut sweep = begin(scenario, options, manifest, &contents, notices)
        .map_err(|e| refuse(&options.out, "cannot write the run directory", &e))?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs)
        .build()
        .map_err(|e| ExecuteError::Refused(format!("cannot start {} threads: {e}", options.jobs)))?;
    let broken = |path: &Path, e: &io::Error| {
        ExecuteError::Broken(format!(
            "cannot write {}: {e}; what was finished before is kept: free the disk and use --resume",
            path.display()
        ))
    };
    let journal_path = options.out.join(JOURNAL);
    sweep.run(&pool, interrupt).map_err(|e| broken(&journal_path, &e))?;
    sweep.manifest.wall_seconds += start.elapsed().as_secs_f64();
    sweep.finish().map_err(|(path, e)| broken(&path, &e))
}

/// A sweep while it runs.
struct Sweeping<'a> {
    scenario: &'a Scenario,
    options: &'a ExecuteOptions,
    manifest: Manifest,
    journal: Journal,
    table: RunTable,
    done: Done,
    notices: Vec<String>,
}

/// Writes manifest and scenario and opens the journal. The manifest comes first: it marks the directory as ours. Results of an
/// earlier run go before anything else is written: they must never lie beside another scenario.
fn begin<'a>(
    scenario: &'a Scenario,
    options: &'a ExecuteOptions,
    mut manifest: Manifest,
    contents: &Contents,
    mut notices: Vec<String>,
) -> io::Result<Sweeping<'a>> {
    let out = &options.out;
    manifest.write(out)?;
    if !options.resume {
        clear(out)?;
    }
    contents.write(out)?;
    let mut table = RunTable::new(scenario);
    let mut done = Done::new(scenario.runs(), scenario.replicas);
    let path = out.join(JOURNAL);
    let mut journal = None;
    if options.resume {
        let (mut rows, columns) = (Vec::new(), table.metrics.len());
        let keep = |record: Record| {
            let inside = record.point < scenario.points.len() && record.replica < scenario.replicas;
            let Some(row) = record.row(scenario.seed).filter(|row| inside && row.metrics.len() == columns)
            else {
                return;
            };
            if done.set(done.number(record.point, record.replica)) {
                rows.push(row);
                count_findings(&record, &mut manifest.oracles);
            }
        };
        journal = Journal::resume(&path, &manifest.scenario_hash, &table.metrics, keep)?;
        table.rows = rows;
    }
    let journal = match journal {
        Some(journal) => journal,
        None => {
            if options.resume && notices.is_empty() {
                notices.push(format!("{} is missing or damaged: starting anew", path.display()));
            }
            clear(out)?;
            Journal::create(&path, &manifest.scenario_hash, &table.metrics)?
        }
    };
    Ok(Sweeping { scenario, options, manifest, journal, table, done, notices })
}

impl Sweeping<'_> {
    fn run(&mut self, pool: &rayon::ThreadPool, interrupt: &AtomicBool) -> io::Result<()> {
        let stop = AtomicBool::new(false);
        let next = AtomicU64::new(0);
        let (sender, receiver) = sync_channel::<Batch>(64);
        let work = Work {
            scenario: self.scenario,
            options: &self.options.options,
            interrupt,
            stop: &stop,
            next: &next,
            done: Done { bits: self.done.bits.clone(), replicas: self.done.replicas },
        };
        let work = &work;
        pool.in_place_scope(|scope| {
            scope.spawn_broadcast(move |_, _| work.worker(&sender.clone()));
            let result = self.collect(&receiver);
            // After a failed write the workers must not wait for a reader.
            stop.store(true, Ordering::Relaxed);
            drop(receiver);
            result
        })?;
        let all = self.table.rows.len() as u64 + self.manifest.failed_runs == self.scenario.runs();
        self.manifest.status = if all { Status::Finished } else { Status::Interrupted };
        Ok(())
    }

    /// Takes in what workers finish until they all are done.
    fn collect(&mut self, receiver: &Receiver<Batch>) -> io::Result<()> {
        let left = (0..self.scenario.points.len()).map(|p| self.done.missing(p)).collect();
        let mut progress = Progress::new(self.options.quiet, self.scenario.replicas, left);
        let mut synced = Instant::now();
        let mut result = Ok(());
        for batch in receiver {
            result = self.journal.append(&batch.records);
            if result.is_ok() && synced.elapsed() >= SYNC {
                result = self.journal.sync();
                synced = Instant::now();
            }
            if result.is_err() {
                break;
            }
            self.take(&batch, &mut progress);
        }
        progress.finish();
        result.and_then(|()| self.journal.sync())
    }

    fn take(&mut self, batch: &Batch, progress: &mut Progress) {
        for record in &batch.records {
            progress.run(record.point);
            self.table.rows.extend(record.row(self.scenario.seed));
            count_findings(record, &mut self.manifest.oracles);
        }
        for (point, replica, message) in &batch.failed {
            progress.run(*point);
            self.manifest.failed_runs += 1;
            if self.manifest.failed.len() < FAILED_SHOWN {
                self.manifest.failed.push(self.failed(*point, *replica, message));
            }
        }
    }

    fn failed(&self, point: usize, replica: u64, message: &str) -> FailedRun {
        FailedRun {
            point,
            at: self.scenario.points[point].label(),
            replica,
            seed: replica_seed(self.scenario.seed, replica),
            message: message.to_string(),
            reproduce: format!(
                "astrarium replay {} --point {point} --replica {replica}",
                shell_word(&self.options.out.display().to_string())
            ),
        }
    }

    /// Writes the results in the order of points and replicas. The journal stays as long as runs are missing.
    fn finish(mut self) -> Result<RunReport, (PathBuf, io::Error)> {
        let out = self.options.out.clone();
        self.table.rows.sort_by_key(|r| (r.point, r.replica));
        self.manifest.failed.sort_by_key(|f| (f.point, f.replica));
        self.manifest.summarise(&self.table, self.scenario);
        let at = |name: &str| out.join(name);
        let table = &self.table;
        write_atomically(&at(RUNS), |file| table.write_csv(file)).map_err(|e| (at(RUNS), e))?;
        self.write_details(&out)?;
        self.manifest.write(&out).map_err(|e| (out.clone(), e))?;
        if self.manifest.status == Status::Finished && self.manifest.failed_runs == 0 {
            fs::remove_file(at(JOURNAL)).map_err(|e| (at(JOURNAL), e))?;
        }
        Ok(RunReport { directory: out, manifest: self.manifest, table: self.table, notices: self.notices })
    }

    /// Findings and time series are read back from the journal, so that memory holds rows only.
    fn write_details(&mut self, out: &Path) -> Result<(), (PathBuf, io::Error)> {
        let journal = &mut self.journal;
        let path = out.join(FINDINGS);
        write_atomically(&path, |file| write_findings(journal, file)).map_err(|e| (path, e))?;
        if !self.scenario.series.write.is_empty() {
            let path = out.join(SERIES);
            write_atomically(&path, |file| write_series(journal, file)).map_err(|e| (path, e))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_copied_into_a_shell_is_one_word() {
        for (text, word) in [
            ("results/a-b_1.2", "results/a-b_1.2"),
            ("my dir", "'my dir'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }
}

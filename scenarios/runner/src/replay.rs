//! Runs again what a run directory recorded, and checks that it comes out the same.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use astrarium_engine::{Digest, RunOptions};
use rayon::prelude::*;

use crate::diagnostics::Diagnostics;
use crate::divergence::Side;
use crate::experiment::{Outcome, Tape};
use crate::gates::Vocabulary;
use crate::registry::Registry;
use crate::rundir::RunDirectory;
use crate::scenario::Scenario;
use crate::table::RunRow;
use crate::trace::Trace;

/// What to run again.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReplayOptions<'a> {
    /// One run (point and replica), which need not be in `runs.csv`: a failed run can be repeated. All recorded runs when
    /// absent.
    pub only: Option<(usize, u64)>,
    /// Write the events of that one run here, one JSON object per line. A link is followed; a stream or device is written directly.
    pub trace: Option<&'a Path>,
    /// Which events to write, by index, the second excluded; all when absent.
    pub window: Option<(u64, u64)>,
}

/// A run that did not come out as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Number of the sweep point.
    pub point: usize,
    /// Number of the replica.
    pub replica: u64,
    /// The digest in `runs.csv`; `None` when the run is not there.
    pub recorded: Option<Digest>,
    /// The digest now, or why there is none.
    pub now: Result<Digest, String>,
}

impl Replayed {
    /// True when it came out as recorded, or for the first time.
    #[must_use]
    pub fn agrees(&self) -> bool {
        matches!((&self.now, self.recorded), (Ok(now), Some(then)) if *now == then)
            || (self.now.is_ok() && self.recorded.is_none())
    }
}

/// What a replay found.
#[derive(Debug, Clone, Default)]
pub struct ReplayReport {
    /// Runs carried out.
    pub runs: u64,
    /// Those that did not come out as recorded.
    pub differing: Vec<Replayed>,
    /// The outcome, when one run was asked for and had one; without its recorded events, which go to the trace.
    pub outcome: Option<Outcome>,
    /// Events written to the trace.
    pub traced: u64,
    /// The user interrupted; runs that did not come to their end are not counted.
    pub interrupted: bool,
}

/// Why nothing could be replayed, or its trace not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The directory cannot be read, the run does not exist, or the trace cannot be written there.
    #[error(transparent)]
    Input(#[from] Diagnostics),
    /// The trace could not be written to its end; what was there before is as it was.
    #[error("cannot write the trace {}: {error}", path.display())]
    Trace {
        /// Where it was to go.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// Runs recorded runs again.
///
/// # Errors
/// When the directory cannot be read, the run does not exist, the window is empty or the trace cannot be written.
pub fn replay(
    directory: &RunDirectory,
    registry: &Registry,
    vocabulary: Vocabulary<'_>,
    options: ReplayOptions<'_>,
    interrupt: &AtomicBool,
) -> Result<ReplayReport, ReplayError> {
    let scenario = directory.scenario(registry, vocabulary)?;
    let run_options = directory.manifest().options.options();
    match options.only {
        Some((point, replica)) => {
            let refuse = |why: String| {
                let place = directory.path().display().to_string();
                ReplayError::Input(Diagnostics::of_file(place, why, ""))
            };
            if let Some((from, to)) = options.window.filter(|(from, to)| from >= to) {
                return Err(refuse(format!(
                    "the window {from}..{to} is empty: its second number must be the greater"
                )));
            }
            if point >= scenario.points.len() || replica >= scenario.replicas {
                return Err(refuse(format!(
                    "there is no point {point}, replica {replica}: the scenario has points 0 to {} and replicas 0 to {}",
                    scenario.points.len() - 1,
                    scenario.replicas - 1
                )));
            }
            // A killed sweep has no results yet; its runs can be repeated all the same.
            let rows = directory.table(&scenario).map(|table| table.rows).unwrap_or_default();
            let recorded = rows.iter().find(|r| (r.point, r.replica) == (point, replica)).map(|r| r.digest);
            let trace = options.trace.map(|path| Trace::open(path, directory.path())).transpose()?;
            let side = side(&scenario, point, replica, &run_options);
            one(&side, recorded, trace, options, interrupt)
        }
        None => Ok(all(&scenario, &directory.table(&scenario)?.rows, &run_options, interrupt)),
    }
}

fn all(scenario: &Scenario, rows: &[RunRow], options: &RunOptions, interrupt: &AtomicBool) -> ReplayReport {
    let mut replayed: Vec<Replayed> = rows
        .par_iter()
        .map(|row| {
            let side = side(scenario, row.point, row.replica, options);
            let now = side.run(options, interrupt).map(|outcome| outcome.digest);
            Replayed { point: row.point, replica: row.replica, recorded: Some(row.digest), now }
        })
        .collect();
    let interrupted = interrupt.load(Ordering::Relaxed);
    // What was broken off says nothing about the run.
    replayed.retain(|replayed| !interrupted || replayed.now.is_ok());
    let runs = replayed.len() as u64;
    let differing = replayed.into_iter().filter(|r| !r.agrees()).collect();
    ReplayReport { runs, differing, interrupted, ..ReplayReport::default() }
}

fn side<'a>(scenario: &'a Scenario, point: usize, replica: u64, options: &RunOptions) -> Side<'a> {
    Side { scenario, point: &scenario.points[point], replica, options: options.clone(), map_seed: None }
}

/// Runs one run again. What a run did before it failed is traced, too.
fn one(
    side: &Side<'_>,
    recorded: Option<Digest>,
    trace: Option<Trace>,
    wish: ReplayOptions<'_>,
    interrupt: &AtomicBool,
) -> Result<ReplayReport, ReplayError> {
    let (from, to) = wish.window.unwrap_or((0, u64::MAX));
    let record = if trace.is_some() { from..to } else { 0..0 };
    let options = RunOptions { record, ..side.options.clone() };
    let tape = trace.as_ref().map(|trace| trace as &dyn Tape);
    let mut outcome = side.run_onto(tape, &options, interrupt);
    if outcome.is_err() && interrupt.load(Ordering::Relaxed) {
        return Ok(ReplayReport { interrupted: true, ..ReplayReport::default() });
    }
    let mut report = ReplayReport { runs: 1, ..ReplayReport::default() };
    if let (Some(trace), Some(path)) = (trace, wish.trace) {
        if let Ok(outcome) = &mut outcome {
            // What an experiment has recorded by itself.
            trace.take(&std::mem::take(&mut outcome.recording));
        }
        report.traced =
            trace.finish().map_err(|error| ReplayError::Trace { path: path.to_path_buf(), error })?;
    }
    let now = outcome.as_ref().map(|o| o.digest).map_err(Clone::clone);
    let replayed = Replayed { point: side.point.index, replica: side.replica, recorded, now };
    if !replayed.agrees() {
        report.differing.push(replayed);
    }
    report.outcome = outcome.ok();
    Ok(report)
}

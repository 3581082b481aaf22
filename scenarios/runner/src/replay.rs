//! Runs again what a run directory recorded, and checks that it comes out the same.

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use astrarium_engine::{Digest, EventRecord, RunOptions};
use rayon::prelude::*;
use serde::Serialize;

use crate::diagnostics::Diagnostics;
use crate::divergence::Side;
use crate::experiment::Outcome;
use crate::gates::Vocabulary;
use crate::registry::Registry;
use crate::rundir::{RunDirectory, write_atomically};
use crate::scenario::Scenario;
use crate::table::RunRow;

/// What to run again.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReplayOptions<'a> {
    /// One run (point and replica), which need not be in `runs.csv`: a failed run can be repeated. All recorded runs when
    /// absent.
    pub only: Option<(usize, u64)>,
    /// Write the events of that one run to this file, one JSON object per line.
    pub trace: Option<&'a Path>,
    /// Which events to write, by index; all when absent.
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
    /// The outcome, when one run was asked for and had one.
    pub outcome: Option<Outcome>,
    /// Events written to the trace.
    pub traced: u64,
    /// The user interrupted; runs that did not come to their end are not counted.
    pub interrupted: bool,
}

/// Runs recorded runs again.
///
/// # Errors
/// When the directory cannot be read, the run does not exist or the trace cannot be written.
pub fn replay(
    directory: &RunDirectory,
    registry: &Registry,
    vocabulary: Vocabulary<'_>,
    options: ReplayOptions<'_>,
    interrupt: &AtomicBool,
) -> Result<ReplayReport, Diagnostics> {
    let scenario = directory.scenario(registry, vocabulary)?;
    let run_options = directory.manifest().options.options();
    match options.only {
        Some((point, replica)) => {
            let refuse = |why: String| Diagnostics::of_file(directory.path().display().to_string(), why, "");
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
            one(&scenario, point, replica, recorded, &run_options, options, interrupt).map_err(refuse)
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

fn one(
    scenario: &Scenario,
    point: usize,
    replica: u64,
    recorded: Option<Digest>,
    options: &RunOptions,
    wish: ReplayOptions<'_>,
    interrupt: &AtomicBool,
) -> Result<ReplayReport, String> {
    let record: Range<u64> = match (wish.trace, wish.window) {
        (None, _) => 0..0,
        (Some(_), None) => 0..u64::MAX,
        (Some(_), Some((from, to))) => from..to,
    };
    let options = RunOptions { record, ..options.clone() };
    let outcome = side(scenario, point, replica, &options).run(&options, interrupt);
    if outcome.is_err() && interrupt.load(Ordering::Relaxed) {
        return Ok(ReplayReport { interrupted: true, ..ReplayReport::default() });
    }
    let mut report = ReplayReport { runs: 1, ..ReplayReport::default() };
    let now = outcome.as_ref().map(|o| o.digest).map_err(Clone::clone);
    let replayed = Replayed { point, replica, recorded, now };
    if !replayed.agrees() {
        report.differing.push(replayed);
    }
    if let Ok(outcome) = outcome {
        if let Some(path) = wish.trace {
            write_trace(path, &outcome.recording)
                .map_err(|e| format!("cannot write the trace {}: {e}", path.display()))?;
            report.traced = outcome.recording.len() as u64;
        }
        report.outcome = Some(outcome);
    }
    Ok(report)
}

#[derive(Serialize)]
struct TraceLine<'a> {
    index: u64,
    time_ns: u64,
    source: &'a str,
    node: &'a str,
    input: &'a str,
    hash: String,
}

fn write_trace(path: &Path, events: &[EventRecord]) -> std::io::Result<()> {
    write_atomically(path, |out| {
        for event in events {
            let EventRecord { index, time_ns, source, node, input, hash } = event;
            let line = TraceLine {
                index: *index,
                time_ns: *time_ns,
                source,
                node,
                input,
                hash: format!("{hash:032x}"),
            };
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    })
}

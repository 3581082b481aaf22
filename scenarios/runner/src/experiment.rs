//! The contract between the runner and an experiment: what a system offers, and one run of it.
//!
//! An [`Experiment`] is object-safe and is erased once per run; everything inside a run is monomorphic.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use astrarium_engine::{
    Adversary, Builder, Checkpoint, Digest, EventRecord, Finding, Observer, Pause, RunOptions, Simulation,
    Workload,
};
use astrarium_net::Network;
use astrarium_node::{Protocol, Span, Time};

use crate::params::Params;
use crate::spec::SystemSpec;

/// A system that scenario files can name in `system = "…"`.
pub trait Experiment: Send + Sync {
    /// What it is called, its parameters with units and defaults, its metrics.
    fn spec(&self) -> &SystemSpec;

    /// Rejects combinations that the per-parameter ranges cannot: called for every sweep point before anything runs.
    ///
    /// # Errors
    /// A [`Complaint`] naming the key to blame, what is wrong and what would be right.
    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint>;

    /// Runs one replica to its end. Pure in (`params`, `context.seed`, `context.options.order_seed`).
    ///
    /// # Errors
    /// [`RunError::Interrupted`] when `context` asked to stop; [`RunError::Failed`] for anything else.
    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError>;
}

/// Where the files that a scenario names are looked up.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Folder of the scenario file; relative paths in it start there.
    pub base: PathBuf,
}

/// What a run is given besides its parameters.
#[derive(Debug, Clone)]
pub struct RunContext<'a> {
    /// Seed of this replica: a function of the scenario's seed and the replica's number only, so that all sweep points
    /// share their random numbers.
    pub seed: u64,
    /// Queue, order seed, snapshot, checkpoints, recording.
    pub options: RunOptions,
    /// Where relative paths start.
    pub files: &'a Files,
    /// Raised when the user interrupts; long runs look at it every few hundred events.
    pub interrupt: &'a AtomicBool,
    /// Takes the events that `options` wants recorded; without one they are kept in [`Outcome::recording`].
    pub tape: Option<&'a dyn Tape>,
}

/// Takes recorded events out of a run while it goes on, in order, so that a trace of any length needs no memory.
pub trait Tape: fmt::Debug + Sync {
    /// Takes some events. False when it cannot take more: the run then ends as if it had been interrupted.
    fn take(&self, events: &[EventRecord]) -> bool;
}

impl RunContext<'_> {
    /// True once the user has asked to stop.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// Builds a simulation with this run's options and runs it to its end: to `limit`, or until its observer or its adversary
    /// is finished or nothing is pending any more. Every experiment's run goes through here.
    ///
    /// # Errors
    /// [`RunError::Interrupted`] when the user asked to stop.
    pub fn simulate<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>>(
        &self,
        builder: Builder<P, N, A, O, W>,
        limit: Time,
    ) -> Result<Simulation<P, N, A, O, W>, RunError> {
        let mut simulation = builder.options(self.options.clone()).build();
        let pause = match self.tape {
            Some(tape) => simulation.run_recording(limit, || self.interrupted(), |events| tape.take(events)),
            None => simulation.run(limit, || self.interrupted()),
        };
        match pause {
            Pause::Interrupted => Err(RunError::Interrupted),
            Pause::Limit | Pause::Idle | Pause::Finished | Pause::Budget => Ok(simulation),
        }
    }
}

/// What one run found.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Values by metric name; names must be among the system's [`MetricSpec`](crate::spec::MetricSpec)s. A metric that was not
    /// observed is absent (an empty cell), never zero.
    pub metrics: Vec<(&'static str, f64)>,
    /// Oracle verdicts.
    pub findings: Vec<Finding>,
    /// Digest of the run.
    pub digest: Digest,
    /// Events processed.
    pub events: u64,
    /// Virtual time at the end, in nanoseconds.
    pub end_ns: u64,
    /// Digest checkpoints, when asked for.
    pub checkpoints: Vec<Checkpoint>,
    /// Recorded events, when asked for.
    pub recording: Vec<EventRecord>,
    /// Time series (`series.csv`), empty unless the scenario asks for them.
    pub series: Vec<Sample>,
}

impl Outcome {
    /// What can be read off any finished simulation, with what the system measured and judged.
    #[must_use]
    pub fn of<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>>(
        simulation: &Simulation<P, N, A, O, W>,
        metrics: Vec<(&'static str, f64)>,
        findings: Vec<Finding>,
    ) -> Self {
        Self {
            metrics,
            findings,
            digest: simulation.digest(),
            events: simulation.events(),
            end_ns: simulation.now().as_nanos(),
            checkpoints: simulation.checkpoints().to_vec(),
            recording: simulation.records().to_vec(),
            series: Vec::new(),
        }
    }
}

/// One point of a time series.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name of the series, for example `propagation`.
    pub series: &'static str,
    /// Abscissa, in the series' documented unit.
    pub x: f64,
    /// Ordinate, in the series' documented unit.
    pub y: f64,
}

/// A parameter combination that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Dotted key to blame, for example `adversary.share`.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right, or what to do.
    pub help: String,
}

/// Whether the load is over before the run is: what was never begun would count as failed.
///
/// # Errors
/// A complaint about `stop.time` when the last of the load, at `last`, comes later.
pub fn load_fits(params: &Params, last: Span, what: &str) -> Result<(), Complaint> {
    let stop = params.span("stop.time");
    if last < stop {
        return Ok(());
    }
    let problem = format!("= {stop} is over before {what} at {last}");
    Err(Complaint::new("stop.time", problem, "give more time, or a smaller or denser load"))
}

impl Complaint {
    /// This key has that problem, and this would help.
    pub fn new(key: impl Into<String>, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into(), help: help.into() }
    }
}

/// Why a run has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The user interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The run could not be carried out.
    #[error("{0}")]
    Failed(String),
}

/// A combination that only the run itself could find impossible.
impl From<Complaint> for RunError {
    fn from(Complaint { key, problem, help }: Complaint) -> Self {
        Self::Failed(format!("{key}: {problem}; {help}"))
    }
}

//! The scenario language and its execution: from a TOML file to a run directory.
//!
//! `scenario` reads, overlays, checks and expands a file; `execute` runs its points and replicas; `rundir` is what is left
//! on disk; `verify`, `diff` and `replay` check that the same input gives the same run.

mod attempt;
mod axis;
mod canonical;
mod diagnostics;
mod diff;
mod divergence;
mod document;
mod draft;
mod execute;
mod experiment;
mod explain;
pub mod faults;
mod gates;
mod journal;
pub mod network;
mod params;
mod points;
mod progress;
mod registry;
mod replay;
mod resolve;
mod rundir;
mod scenario;
mod schema;
mod spec;
mod table;
mod template;
pub mod units;
mod verify;

pub use axis::{Axis, AxisValue, Sweep};
pub use canonical::{INPUTS, Input};
pub use diagnostics::{Diagnostics, Problem};
pub use diff::{DiffReport, RunDifference, SettingDifference, diff};
pub use divergence::FirstDivergence;
pub use execute::{ExecuteError, ExecuteOptions, RunReport, default_directory, execute};
pub use experiment::{Complaint, Experiment, Files, Outcome, RunContext, RunError, Sample};
pub use gates::{Bound, Claim, Expect, PlotKind, PlotSpec, SeriesWish, Vocabulary};
pub use params::{Entry, FaultParams, Origin, Params, Value};
pub use points::{Point, replica_seed};
pub use registry::Registry;
pub use replay::{ReplayOptions, ReplayReport, Replayed, replay};
pub use rundir::{
    FINDINGS, FailedRun, Host, JOURNAL, KeptOptions, MANIFEST, Manifest, OracleCount, PointSummary, RUNS,
    RunDirectory, SCENARIO, SERIES, Status, write_atomically,
};
pub use scenario::{DEFAULT_SIZE, LoadOptions, Scenario};
pub use schema::schema;
pub use spec::{Kind, MetricKind, MetricSpec, ParamSpec, SeriesSpec, SystemSpec, Variant};
pub use table::{RunRow, RunTable, TablePoint};
pub use template::template;
pub use verify::{Check, Mismatch, VerifyReport, verify};

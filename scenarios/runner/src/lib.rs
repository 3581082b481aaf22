//! The scenario language and its execution: from a TOML file to a run directory.
//!
//! `scenario` reads, overlays, checks and expands a file; `execute` runs its points and replicas; `rundir` is what is left
//! on disk; `verify`, `diff` and `replay` check that the same input gives the same run.

mod axis;
mod canonical;
mod diagnostics;
mod document;
mod draft;
mod experiment;
pub mod faults;
mod gates;
pub mod network;
mod params;
mod points;
mod registry;
mod resolve;
mod scenario;
mod spec;
pub mod units;

pub use axis::{Axis, AxisValue, Sweep};
pub use canonical::{INPUTS, Input};
pub use diagnostics::{Diagnostics, Problem};
pub use experiment::{Complaint, Experiment, Files, Outcome, RunContext, RunError, Sample};
pub use gates::{Bound, Claim, Expect, PlotKind, PlotSpec, SeriesWish, Vocabulary};
pub use params::{Entry, FaultParams, Origin, Params, Value};
pub use points::{Point, replica_seed};
pub use registry::Registry;
pub use scenario::{DEFAULT_SIZE, LoadOptions, Scenario};
pub use spec::{Kind, MetricKind, MetricSpec, ParamSpec, SeriesSpec, SystemSpec, Variant};

//! The scenario language, units, registry, sweeps, resume, run directories.

mod experiment;
pub mod faults;
pub mod network;
mod params;
mod spec;
pub mod units;

pub use experiment::{Complaint, Experiment, Files, Outcome, RunContext, RunError, Sample};
pub use params::{Entry, FaultParams, Origin, Params, Value};
pub use spec::{Kind, MetricKind, MetricSpec, ParamSpec, SeriesSpec, SystemSpec, Variant};

//! The scenario language and its execution: from a TOML file to a run directory.
//!
//! [`Scenario::load`] reads, overlays, checks and expands a file; [`execute`] runs its points and replicas;
//! [`RunDirectory`] is what is left on disk; [`verify`], [`diff()`] and [`replay`] check that the same input gives the same
//! run. The library prints nothing but progress bars and never ends the process.
//!
//! # The language
//!
//! - Top level: `name` (names the run directory), `system`, `about`, `seed` (1), `order_seed` of simultaneous events (0),
//!   `replicas` per sweep point (1).
//! - Parameter sections: what the system declares, and `[network]` when it takes one. A parameter with variants is a table
//!   `{ kind = "regions", table = "bitcoin-2019" }`, or the bare word when the kind requires nothing else. `network.preset`
//!   (`lan`, `wan`, `4g` …) gives the values that nobody sets otherwise.
//! - `[[fault]]`: `kind`, `at`, `for`, `id` (`fault-1`, `fault-2` … unless given) and the fields of the kind.
//! - `[sweep]`: axes by dotted key, crossed in file order, the first being the slowest. An axis is a list, or
//!   `{ from, to, step }` (inclusive, exact decimals of the unit as written), or `{ from, to, points, scale = "linear" | "log" }`.
//!   `zip = [["a.x", "a.y"], …]` lets axes of equal length advance together. Faults are swept as `"fault.<id>.<field>"`.
//! - `[[expect]]`: `metric`, `where`, and any of `at_most`, `at_least`, `between`, `equals` with `tolerance`, `theory` with
//!   `sigmas` (3.5), `theory_lower`, `theory_upper`; `confidence` (0.95); `size` (one or several: evaluated only there).
//! - `[[plot]]`: `kind` (`curve`, `cdf`, `bars`), `x`, `y`, `series`, `theory`, `log_x`, `log_y`, `title`, `where`,
//!   `series_name` (a time series). `[[claim]]`: `id`, `about`, `metric`, `note`. `[series]`: `write`, `replicas` (only the
//!   first so many).
//! - `[size.NAME]`: overrides by dotted key, nested tables allowed (`[size.smoke.fault.cut]`); `stop` is replaced as a whole,
//!   another `kind` drops the fields of the old one, a value on a swept key replaces its axis and leaves its `zip`. `--set` does
//!   the same, after the size.

mod attempt;
mod axis;
mod blame;
mod canonical;
mod demands;
mod details;
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
mod head;
mod journal;
mod load;
mod lock;
mod manifest;
pub mod network;
mod occupy;
mod order;
mod overlay;
mod pairing;
mod params;
mod points;
mod progress;
mod quantities;
mod range;
mod registry;
mod replay;
mod resolve;
mod rundir;
mod scenario;
mod schema;
mod spec;
mod table;
mod template;
pub mod testing;
mod trace;
pub mod units;
mod value;
mod verify;
mod warnings;
mod workers;

pub use axis::{Axis, AxisValue, Sweep};
pub use canonical::{INPUTS, Input};
pub use diagnostics::{Diagnostics, Problem};
pub use diff::{DiffReport, RunDifference, SettingDifference, diff};
pub use divergence::FirstDivergence;
pub use execute::{ExecuteError, ExecuteOptions, RunReport, default_directory, execute};
pub use experiment::{Complaint, Experiment, Files, Outcome, RunContext, RunError, Sample, Tape, load_fits};
pub use gates::{Bound, Claim, Expect, PlotKind, PlotSpec, SeriesWish, Vocabulary};
pub use manifest::{FailedRun, Host, KeptOptions, MANIFEST, Manifest, OracleCount, PointSummary, Status};
pub use order::{quantile, quantile_sorted, sorted};
pub use params::{Entry, FaultParams, Origin, Params, Value};
pub use points::{Point, replica_seed};
pub use quantities::QuantityDifference;
pub use registry::Registry;
pub use replay::{ReplayError, ReplayOptions, ReplayReport, Replayed, replay};
pub use rundir::{FINDINGS, JOURNAL, RUNS, RunDirectory, SCENARIO, SERIES, write_atomically};
pub use scenario::{DEFAULT_SIZE, LoadOptions, Scenario};
pub use schema::schema;
pub use spec::{Kind, MetricKind, MetricSpec, ParamSpec, SeriesSpec, SystemSpec, Variant};
pub use table::{RunRow, RunTable, TablePoint};
pub use template::template;
pub use verify::{Check, Mismatch, VerifyReport, verify};

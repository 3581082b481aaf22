//! Numbers after the run: statistics, closed forms, summaries, gates, figures.
//!
//! - [`stats`]: intervals, quantiles, batch means, paired differences – in run order, with `libm`;
//! - [`theory`]: closed forms with their sources, by the names that scenario files use;
//! - [`Summary`]: one row per point and metric, for `summary.csv` and the terminal;
//! - [`gates`]: what a scenario expects, judged at every point;
//! - [`plot`]: SVG and PNG figures of measured values over the closed form.
//!
//! Nothing here prints, and the same table gives the same bytes.

pub mod gates;
mod measured;
pub mod plot;
pub mod stats;
mod summary;
pub mod theory;

pub use measured::{CONFIDENCE, Measured, headline, measure, metric_specs, theory_for};
pub use summary::{Format, Row, SUMMARY, Summary};

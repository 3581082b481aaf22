//! Numbers after the run: statistics, closed forms, gates, plots.

pub mod stats;
pub mod theory;

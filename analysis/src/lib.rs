//! Numbers after the run: statistics, closed forms, gates, plots.

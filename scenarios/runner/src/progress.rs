//! Progress on standard error: one bar for the points of the sweep, one for the runs.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Two bars, or nothing when nobody watches.
#[derive(Debug)]
pub(crate) struct Progress {
    points: ProgressBar,
    runs: ProgressBar,
    left: Vec<u64>,
}

impl Progress {
    /// `left` holds the missing runs of every point.
    pub(crate) fn new(quiet: bool, replicas: u64, left: Vec<u64>) -> Self {
        let watched = !quiet && std::io::stderr().is_terminal();
        let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bars = MultiProgress::with_draw_target(target);
        let style = |template: &str| {
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
        };
        let points = bars.add(ProgressBar::new(left.len() as u64));
        points.set_style(style("points {bar:30} {pos}/{len}"));
        let runs = bars.add(ProgressBar::new(replicas.saturating_mul(left.len() as u64)));
        runs.set_style(style("runs   {bar:30} {human_pos}/{human_len}  {per_sec}  ETA {eta}"));
        if watched {
            runs.enable_steady_tick(Duration::from_millis(250));
        }
        let done = left.iter().filter(|n| **n == 0).count() as u64;
        points.set_position(done);
        // What was finished before must not count for the speed.
        runs.set_position(replicas.saturating_mul(left.len() as u64) - left.iter().sum::<u64>());
        runs.reset_eta();
        Self { points, runs, left }
    }

    /// A run of a point is finished or failed.
    pub(crate) fn run(&mut self, point: usize) {
        self.runs.inc(1);
        if let Some(left) = self.left.get_mut(point) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.points.inc(1);
            }
        }
    }

    /// Removes the bars.
    pub(crate) fn finish(&self) {
        self.points.finish_and_clear();
        self.runs.finish_and_clear();
    }
}

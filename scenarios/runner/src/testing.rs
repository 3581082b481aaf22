//! What the tests of experiments share: scenarios from texts and from shipped files, single runs, and what they measured.
//!
//! A crate's tests say in one [`Lab`] which systems and closed forms there are, and start from there. All of this is for tests:
//! what should not be panics with the reason, and nothing is written to the disk.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use astrarium_engine::{RunOptions, Verdict};

use crate::experiment::{Experiment, Files, Outcome, RunContext};
use crate::gates::Vocabulary;
use crate::params::Params;
use crate::points::replica_seed;
use crate::registry::Registry;
use crate::scenario::{LoadOptions, Scenario};
use crate::verify::verify;

/// The folder of an experiment's crate, its systems, and the closed forms that its scenario files name.
#[derive(Debug)]
pub struct Lab {
    folder: PathBuf,
    registry: Registry,
    theories: &'static [&'static str],
}

impl Lab {
    /// A lab without systems. `folder` is where the scenario files lie: `env!("CARGO_MANIFEST_DIR")`.
    #[must_use]
    pub fn new(folder: &str, theories: &'static [&'static str]) -> Self {
        Self { folder: folder.into(), registry: Registry::new(), theories }
    }

    /// Adds a system.
    #[must_use]
    pub fn with(mut self, system: impl Experiment + 'static) -> Self {
        self.registry.register(system);
        self
    }

    /// A text in a size with settings, as if it lay in the folder; or what is wrong with it, in words.
    ///
    /// # Errors
    /// The diagnostics as a user reads them.
    pub fn scenario(&self, text: &str, size: Option<&str>, sets: &[&str]) -> Result<Scenario, String> {
        let files = Files { base: self.folder.clone() };
        let (path, vocabulary) = (Path::new("test.toml"), Vocabulary { theories: self.theories });
        Scenario::from_text(text, path, files, &self.registry, vocabulary, &options(size, sets))
            .map_err(|why| why.to_string())
    }

    /// A shipped file in a size with settings.
    ///
    /// # Panics
    /// When it cannot be read or does not resolve.
    #[must_use]
    pub fn shipped(&self, file: &str, size: Option<&str>, sets: &[&str]) -> Scenario {
        let (path, vocabulary) = (self.folder.join(file), Vocabulary { theories: self.theories });
        Scenario::load(&path, &self.registry, vocabulary, &options(size, sets))
            .unwrap_or_else(|why| panic!("{file}: {why}"))
    }

    /// The names of all shipped files, in order.
    ///
    /// # Panics
    /// When the folder cannot be read, or holds none.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).unwrap_or_else(|why| panic!("{why}"));
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut files: Vec<String> =
            names.filter(|name| name.ends_with(".toml") && name != "Cargo.toml").collect();
        files.sort();
        assert!(!files.is_empty(), "no scenario files in {}", self.folder.display());
        files
    }

    /// Every shipped file must resolve in every size.
    ///
    /// # Panics
    /// When one does not.
    pub fn assert_files_are_sound(&self) {
        for file in self.files() {
            for size in [None, Some("smoke"), Some("full")] {
                let scenario = self.shipped(&file, size, &[]);
                assert!(scenario.runs() > 0 && !scenario.points.is_empty(), "{file} {size:?}");
            }
        }
    }
}

fn options(size: Option<&str>, sets: &[&str]) -> LoadOptions {
    let sets = sets.iter().map(ToString::to_string).collect();
    LoadOptions { size: size.map(str::to_owned), sets, ..LoadOptions::default() }
}

/// One replica with the parameters of a point.
///
/// # Panics
/// When the run fails.
#[must_use]
pub fn run(scenario: &Scenario, params: &Params, replica: u64, options: RunOptions) -> Outcome {
    let (seed, interrupt) = (replica_seed(scenario.seed, replica), AtomicBool::new(false));
    let context = RunContext { seed, options, files: &scenario.files, interrupt: &interrupt, tape: None };
    scenario.experiment().run(params, &context).unwrap_or_else(|why| panic!("{}: {why}", scenario.name))
}

/// One replica of the first point, in which no oracle may be violated.
///
/// # Panics
/// When the run fails or an oracle is violated.
#[must_use]
pub fn sound_run(scenario: &Scenario, replica: u64) -> Outcome {
    let outcome = run(scenario, &scenario.points[0].params, replica, RunOptions::default());
    assert_sound(&outcome);
    outcome
}

/// No oracle may be violated.
///
/// # Panics
/// When one is.
pub fn assert_sound(outcome: &Outcome) {
    for finding in &outcome.findings {
        assert!(!matches!(finding.verdict, Verdict::Violated { .. }), "{finding:?}");
    }
}

/// A metric of a run; `None` when it was not observed.
#[must_use]
pub fn metric(outcome: &Outcome, name: &str) -> Option<f64> {
    outcome.metrics.iter().find(|(n, _)| *n == name).map(|(_, value)| *value)
}

/// A metric that must have been observed.
///
/// # Panics
/// When it was not.
#[must_use]
pub fn observed(outcome: &Outcome, name: &str) -> f64 {
    metric(outcome, name).unwrap_or_else(|| panic!("{name} was not observed: {:?}", outcome.metrics))
}

/// The verdict of an oracle that must have watched.
///
/// # Panics
/// When it did not.
#[must_use]
pub fn verdict(outcome: &Outcome, oracle: &str) -> Verdict {
    let found = outcome.findings.iter().find(|finding| finding.oracle == oracle);
    found.unwrap_or_else(|| panic!("{oracle} did not watch: {:?}", outcome.findings)).verdict.clone()
}

/// A metric of so many [sound runs](sound_run), as far as it was observed.
#[must_use]
pub fn sample(scenario: &Scenario, replicas: u64, name: &str) -> Vec<f64> {
    (0..replicas).filter_map(|replica| metric(&sound_run(scenario, replica), name)).collect()
}

/// Mean and standard error of a sample; the error of a single value is not a number.
#[must_use]
pub fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// The same run whatever the queue, the order of maps, the number of threads, a snapshot in the middle.
///
/// # Panics
/// When a variation differs, or a run fails.
pub fn assert_deterministic(scenario: &Scenario) {
    let report =
        verify(scenario, &AtomicBool::new(false)).unwrap_or_else(|why| panic!("{}: {why}", scenario.name));
    for check in &report.checks {
        assert!(check.mismatch.is_none(), "{}: {check:?}", scenario.name);
    }
}

//! A scenario: read, overlaid, checked, resolved and expanded.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::axis::Sweep;
use crate::canonical::Input;
use crate::diagnostics::Diagnostics;
use crate::document;
use crate::experiment::{Experiment, Files};
use crate::gates::{Claim, Expect, PlotSpec, SeriesWish, Vocabulary};
use crate::load::load_text;
use crate::params::{Origin, Params};
use crate::points::Point;
use crate::registry::Registry;
use crate::spec::{ParamSpec, SystemSpec};

/// Name of the size that is the file's body.
pub const DEFAULT_SIZE: &str = "default";

/// What the command line changes in a scenario.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// `--size`; the body of the file when absent.
    pub size: Option<String>,
    /// `--set key=value`, in order.
    pub sets: Vec<String>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--order-seed`.
    pub order_seed: Option<u64>,
    /// `--replicas`.
    pub replicas: Option<u64>,
}

/// A resolved scenario: everything a run needs.
#[derive(Clone)]
pub struct Scenario {
    /// Its name; also the name of the default run directory.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// The file it came from.
    pub path: PathBuf,
    /// Base of all random numbers.
    pub seed: u64,
    /// Order of simultaneous events: another number, another order. 0 unless given.
    pub order_seed: u64,
    /// Runs per sweep point.
    pub replicas: u64,
    /// The chosen size, `default` for the body.
    pub size: String,
    /// The axes.
    pub sweep: Sweep,
    /// The points, in sweep order; at least one.
    pub points: Vec<Point>,
    /// The gates of the chosen size.
    pub expects: Vec<Expect>,
    /// The figures.
    pub plots: Vec<PlotSpec>,
    /// The claims it is evidence on.
    pub claims: Vec<Claim>,
    /// The time series to keep.
    pub series: SeriesWish,
    /// Where files named by the scenario are looked up.
    pub files: Files,
    /// The parameters with the first value of every axis.
    pub base: Params,
    /// The files it names, with the names of their copies in a run directory.
    pub inputs: Vec<Input>,
    pub(crate) origins: BTreeMap<&'static str, Origin>,
    pub(crate) params: Arc<[ParamSpec]>,
    pub(crate) experiment: Arc<dyn Experiment>,
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .field("system", &self.system().name)
            .field("size", &self.size)
            .field("seed", &self.seed)
            .field("order_seed", &self.order_seed)
            .field("replicas", &self.replicas)
            .field("points", &self.points.len())
            .finish_non_exhaustive()
    }
}

impl Scenario {
    /// Reads and resolves a scenario file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(
        path: &Path,
        registry: &Registry,
        vocabulary: Vocabulary<'_>,
        options: &LoadOptions,
    ) -> Result<Self, Diagnostics> {
        let text = document::read(path)?;
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::from_text(&text, path, Files { base }, registry, vocabulary, options)
    }

    /// Resolves the text of a scenario; `path` is used in messages.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_text(
        text: &str,
        path: &Path,
        files: Files,
        registry: &Registry,
        vocabulary: Vocabulary<'_>,
        options: &LoadOptions,
    ) -> Result<Self, Diagnostics> {
        load_text(text, path, files, registry, vocabulary, options)
    }

    /// The system it runs.
    #[must_use]
    pub fn experiment(&self) -> &Arc<dyn Experiment> {
        &self.experiment
    }

    /// The declarations of the system it runs.
    #[must_use]
    pub fn system(&self) -> &SystemSpec {
        self.experiment.spec()
    }

    /// The declared parameters, `[network]`'s included.
    #[must_use]
    pub fn params(&self) -> &[ParamSpec] {
        &self.params
    }

    /// Number of runs: points × replicas.
    #[must_use]
    pub fn runs(&self) -> u64 {
        (self.points.len() as u64).saturating_mul(self.replicas)
    }

    /// Groups of swept parameters that advance together.
    #[must_use]
    pub fn zipped(&self) -> Vec<Vec<&str>> {
        let groups = self.sweep.groups.iter().filter(|group| group.len() > 1);
        groups.map(|group| group.iter().map(|axis| self.sweep.axes[*axis].key.as_str()).collect()).collect()
    }

    /// Names of the swept parameters, in file order.
    #[must_use]
    pub fn swept_keys(&self) -> Vec<String> {
        self.sweep.axes.iter().map(|a| a.key.clone()).collect()
    }
}

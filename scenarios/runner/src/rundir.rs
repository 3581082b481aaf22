//! The run directory: what is left of a run, and how it is read back.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use sha3::{Digest as _, Sha3_256};

use crate::canonical::INPUTS;
use crate::diagnostics::Diagnostics;
use crate::gates::Vocabulary;
use crate::manifest::{MANIFEST, Manifest, Mark, hex};
use crate::registry::Registry;
use crate::scenario::{LoadOptions, Scenario};
use crate::table::RunTable;

/// The resolved scenario.
pub const SCENARIO: &str = "scenario.toml";
/// One row per run.
pub const RUNS: &str = "runs.csv";
/// Oracles that did not hold.
pub const FINDINGS: &str = "findings.csv";
/// Time series, when the scenario asks for them.
pub const SERIES: &str = "series.csv";
/// Finished runs of an unfinished sweep.
pub const JOURNAL: &str = "journal.jsonl";
/// What analysis adds.
const SUMMARY: &str = "summary.csv";
const PLOTS: &str = "plots";
/// The files that make a run directory, besides the copies of what its scenario names.
pub(crate) const OWN: [&str; 7] = [MANIFEST, SCENARIO, RUNS, FINDINGS, SERIES, JOURNAL, SUMMARY];

/// A scenario and the files it names, ready to be written into a run directory.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) toml: String,
    inputs: Vec<(String, Vec<u8>)>,
    pub(crate) hash: String,
}

impl Contents {
    /// Reads the scenario's files into memory; they may lie in the directory that is about to be replaced.
    pub(crate) fn of(scenario: &Scenario) -> Result<Self, (PathBuf, io::Error)> {
        let toml = scenario.to_toml();
        let mut hasher = Sha3_256::new();
        hasher.update(toml.as_bytes());
        let mut inputs = Vec::new();
        for input in &scenario.inputs {
            let path = scenario.files.base.join(&input.path);
            let bytes = fs::read(&path).map_err(|e| (path, e))?;
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(&bytes);
            inputs.push((input.name.clone(), bytes));
        }
        Ok(Self { toml, inputs, hash: hex(&hasher.finalize()) })
    }

    /// Writes `scenario.toml` and `inputs/`.
    pub(crate) fn write(&self, directory: &Path) -> io::Result<()> {
        if !self.inputs.is_empty() {
            fs::create_dir_all(directory.join(INPUTS))?;
        }
        for (name, bytes) in &self.inputs {
            write_atomically(&directory.join(INPUTS).join(name), |out| out.write_all(bytes))?;
        }
        write_atomically(&directory.join(SCENARIO), |out| out.write_all(self.toml.as_bytes()))
    }
}

/// Removes what an earlier run left, and nothing else.
pub(crate) fn clear(directory: &Path) -> io::Result<()> {
    let remove = |path: &Path| match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    };
    for name in [JOURNAL, RUNS, FINDINGS, SERIES, SUMMARY] {
        remove(&directory.join(name))?;
    }
    let is_figure = |path: &Path| path.extension().is_some_and(|e| e == "svg" || e == "png");
    let plots = directory.join(PLOTS);
    // Behind a link lie other figures than ours.
    let linked = fs::symlink_metadata(&plots).is_ok_and(|found| found.is_symlink());
    if let (false, Ok(entries)) = (linked, fs::read_dir(&plots)) {
        for entry in entries {
            let path = entry?.path();
            if is_figure(&path) {
                remove(&path)?;
            }
        }
    }
    Ok(())
}

/// Writes a file so that it is either the old one or the whole new one.
///
/// # Errors
/// Those of the file system.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let written = (|| {
        let mut out = BufWriter::new(File::create(&temporary)?);
        write(&mut out)?;
        out.flush()?;
        out.get_ref().sync_all()?;
        fs::rename(&temporary, path)
    })();
    if written.is_err() {
        // The error that matters is the first one.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A run directory, read back.
#[derive(Debug)]
pub struct RunDirectory {
    path: PathBuf,
    manifest: Manifest,
}

impl RunDirectory {
    /// Opens a run directory.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Diagnostics> {
        let path = path.into();
        let refuse = |why: String| {
            let help = "name a directory that `run` wrote (it holds a manifest.json)";
            Diagnostics::of_file(path.display().to_string(), why, help)
        };
        match Manifest::read(&path) {
            Ok(Mark::Ours(manifest)) => Ok(Self { path, manifest: *manifest }),
            Ok(Mark::Unreadable(why)) => Err(Diagnostics::of_file(
                path.display().to_string(),
                format!("this run directory cannot be used: {why}"),
                "run the scenario again; if its scenario.toml is whole, that file will do",
            )),
            Ok(Mark::Foreign) => Err(refuse("this is not a run directory".into())),
            Err(e) => Err(refuse(format!("cannot read the run directory: {e}"))),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its resolved scenario.
    ///
    /// # Errors
    /// When this version cannot run it (any more).
    pub fn scenario(&self, registry: &Registry, vocabulary: Vocabulary<'_>) -> Result<Scenario, Diagnostics> {
        let path = self.path.join(SCENARIO);
        let mut scenario = Scenario::load(&path, registry, vocabulary, &LoadOptions::default())?;
        scenario.size.clone_from(&self.manifest.size);
        Ok(scenario)
    }

    /// Whether its scenario, as read back, and the files it names are those that were run: not edited since, and understood by
    /// this version as they were then.
    #[must_use]
    pub fn is_original(&self, scenario: &Scenario) -> bool {
        Contents::of(scenario).is_ok_and(|contents| contents.hash == self.manifest.scenario_hash)
    }

    /// Its results; only what is finished when the sweep was interrupted.
    ///
    /// # Errors
    /// When `runs.csv` is missing or does not fit the scenario.
    pub fn table(&self, scenario: &Scenario) -> Result<RunTable, Diagnostics> {
        let path = self.path.join(RUNS);
        let refuse = |why: String| {
            Diagnostics::of_file(path.display().to_string(), why, "run the scenario again, or with --resume")
        };
        let file = File::open(&path).map_err(|e| refuse(format!("cannot read the results: {e}")))?;
        RunTable::read_csv(scenario, io::BufReader::new(file))
            .map_err(|e| refuse(format!("unreadable results: {e}")))
    }
}

//! Compares two run directories: do their scenarios differ, which runs differ in what and by how much, and where does the first
//! differing run part?

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use astrarium_engine::{Digest, RunOptions};
use sha3::{Digest as _, Sha3_256};

use crate::canonical::INPUTS;
use crate::diagnostics::Diagnostics;
use crate::divergence::{FirstDivergence, Side, locate};
use crate::experiment::Outcome;
use crate::gates::Vocabulary;
use crate::manifest::Status;
use crate::pairing::{Pairing, is_within};
use crate::quantities::{Columns, QuantityDifference, parts, tally};
use crate::registry::Registry;
use crate::rundir::RunDirectory;
use crate::scenario::Scenario;
use crate::table::{RunRow, RunTable};

/// A setting in which two scenarios differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDifference {
    /// Dotted key, or the name of an input file.
    pub key: String,
    /// Its value in the first; `None` when absent.
    pub left: Option<String>,
    /// Its value in the second.
    pub right: Option<String>,
}

/// The first run whose digests differ, or, where all digests agree, that differs in something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDifference {
    /// Number of the sweep point in the first directory.
    pub point: usize,
    /// Its number in the second.
    pub right_point: usize,
    /// The swept values there.
    pub at: String,
    /// Number of the replica.
    pub replica: u64,
    /// Digest recorded by the first directory.
    pub left: Digest,
    /// Digest recorded by the second.
    pub right: Digest,
    /// Where reruns of both part.
    pub divergence: Option<FirstDivergence>,
    /// What the reruns tell: recorded digests that are not reached again, runs that fail ….
    pub notes: Vec<String>,
}

/// What `diff` found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DiffReport {
    /// What one should know before reading on: other versions, unfinished sweeps, edited files.
    pub notes: Vec<String>,
    /// Settings that differ.
    pub settings: Vec<SettingDifference>,
    /// Runs that both directories hold.
    pub compared: u64,
    /// Of these, how many differ in anything.
    pub differing: u64,
    /// Runs that only the first directory holds.
    pub left_only: u64,
    /// Runs that only the second directory holds.
    pub right_only: u64,
    /// What differs in them, and where most.
    pub quantities: Vec<QuantityDifference>,
    /// The first difference.
    pub first: Option<RunDifference>,
    /// The user interrupted the search for the diverging event; the rest is complete.
    pub interrupted: bool,
}

impl DiffReport {
    /// True when scenarios and runs are equal.
    #[must_use]
    pub fn equal(&self) -> bool {
        self.settings.is_empty() && self.differing + self.left_only + self.right_only == 0
    }
}

/// Compares two run directories; runs are paired by swept values and replica.
///
/// # Errors
/// When one of them cannot be read.
pub fn diff(
    left: &RunDirectory,
    right: &RunDirectory,
    registry: &Registry,
    vocabulary: Vocabulary<'_>,
    interrupt: &AtomicBool,
) -> Result<DiffReport, Diagnostics> {
    let a = Recorded::read(left, registry, vocabulary)?;
    let b = Recorded::read(right, registry, vocabulary)?;
    let mut report = DiffReport { notes: notes(&a, &b), settings: settings(&a, &b), ..DiffReport::default() };
    let pairing = Pairing::new((&a.scenario, &a.table), (&b.scenario, &b.table));
    (report.left_only, report.right_only) = (pairing.left.len() as u64, pairing.right.len() as u64);
    report.compared = pairing.pairs.len() as u64;
    let columns = Columns::new(&a.table.metrics, &b.table.metrics);
    let mut first: Option<(&RunRow, &RunRow)> = None;
    for &(mine, theirs) in &pairing.pairs {
        let parts = parts(mine, theirs, &columns);
        if parts.is_empty() {
            continue;
        }
        report.differing += 1;
        tally(&mut report.quantities, mine, &parts);
        let parts_ways = mine.digest != theirs.digest;
        if first.is_none_or(|(x, y)| parts_ways && x.digest == y.digest) {
            first = Some((mine, theirs));
        }
    }
    if let Some((mine, theirs)) = first {
        report.first = Some(explain((&a, mine), (&b, theirs), interrupt));
        report.interrupted = interrupt.load(Ordering::Relaxed);
    }
    Ok(report)
}

struct Recorded {
    scenario: Scenario,
    table: RunTable,
    options: RunOptions,
    version: String,
    status: Status,
    /// Whether scenario and input files are still those of the run.
    original: bool,
    /// What the input files hold, by name.
    inputs: BTreeMap<String, String>,
}

impl Recorded {
    fn read(
        directory: &RunDirectory,
        registry: &Registry,
        vocabulary: Vocabulary<'_>,
    ) -> Result<Self, Diagnostics> {
        let scenario = directory.scenario(registry, vocabulary)?;
        let table = directory.table(&scenario)?;
        let mut inputs = BTreeMap::new();
        for input in &scenario.inputs {
            let path = scenario.files.base.join(&input.path);
            let bytes = fs::read(&path).map_err(|e| {
                Diagnostics::of_file(path.display().to_string(), format!("cannot read the file: {e}"), "")
            })?;
            let hash: String = Sha3_256::digest(&bytes)[..8].iter().map(|b| format!("{b:02x}")).collect();
            inputs.insert(format!("{INPUTS}/{}", input.name), format!("{} bytes, SHA3 {hash}…", bytes.len()));
        }
        let manifest = directory.manifest();
        Ok(Self {
            original: directory.is_original(&scenario),
            scenario,
            table,
            options: manifest.options.options(),
            version: manifest.version.clone(),
            status: manifest.status,
            inputs,
        })
    }

    fn side(&self, row: &RunRow) -> Side<'_> {
        Side {
            scenario: &self.scenario,
            point: &self.scenario.points[row.point],
            replica: row.replica,
            options: self.options.clone(),
            map_seed: None,
        }
    }

    /// Everything that decides the runs, as text by key.
    fn settings(&self) -> BTreeMap<String, String> {
        let scenario = &self.scenario;
        let mut all = BTreeMap::from([
            ("system".to_string(), scenario.system().name.to_string()),
            ("seed".to_string(), scenario.seed.to_string()),
            ("replicas".to_string(), scenario.replicas.to_string()),
            ("order_seed".to_string(), scenario.order_seed.to_string()),
        ]);
        all.extend(scenario.base.iter().map(|(key, entry)| (key.to_string(), entry.value.to_string())));
        for fault in scenario.base.faults() {
            all.insert(format!("fault.{}.kind", fault.id), fault.kind.clone());
            for (field, entry) in &fault.fields {
                all.insert(format!("fault.{}.{field}", fault.id), entry.value.to_string());
            }
        }
        for axis in &scenario.sweep.axes {
            // The first value of the axis stands in the base; the axis itself says more.
            all.retain(|key, _| !is_within(key, &axis.key));
        }
        for axis in &scenario.sweep.axes {
            let values: Vec<String> = axis.values.iter().map(|v| v.label.to_string()).collect();
            all.insert(format!("sweep.{}", axis.key), values.join(", "));
        }
        let zipped: Vec<String> = scenario.zipped().iter().map(|group| group.join(" + ")).collect();
        if !zipped.is_empty() {
            all.insert("sweep.zip".to_owned(), zipped.join(", "));
        }
        all.extend(self.inputs.iter().map(|(name, content)| (name.clone(), content.clone())));
        all
    }

    /// What a rerun of a recorded run tells that the record does not.
    fn doubts(&self, name: &str, row: &RunRow, rerun: Result<&Outcome, &String>) -> Option<String> {
        let outcome = match rerun {
            Ok(outcome) => outcome,
            Err(why) => return Some(format!("a rerun of the {name} run failed: {why}")),
        };
        if outcome.digest != row.digest {
            return Some(format!(
                "a rerun of the {name} run has digest {} instead of the recorded {}: another version, or not deterministic \
                 (see `verify`)",
                outcome.digest, row.digest
            ));
        }
        let now =
            |metric: &String| outcome.metrics.iter().find(|(n, _)| n == metric).map(|(_, value)| *value);
        let same = self.table.metrics.iter().zip(&row.metrics).all(|(metric, then)| now(metric) == *then);
        (!same || outcome.events != row.events).then(|| {
            format!(
                "a rerun of the {name} run has the recorded digest, but not all of the recorded figures: another version, \
                 or runs.csv was edited"
            )
        })
    }
}

fn notes(a: &Recorded, b: &Recorded) -> Vec<String> {
    let mut notes = Vec::new();
    if a.version != b.version {
        notes.push(format!("left was written by version {}, right by {}", a.version, b.version));
    }
    for (name, side) in [("left", a), ("right", b)] {
        if side.status != Status::Finished {
            notes.push(format!("{name} is unfinished: only what was finished is compared"));
        }
        if !side.original {
            notes.push(format!(
                "{name}: scenario.toml or a file in {INPUTS}/ is not what was run: edited since, or written by another version"
            ));
        }
    }
    notes
}

fn settings(a: &Recorded, b: &Recorded) -> Vec<SettingDifference> {
    let (a, b) = (a.settings(), b.settings());
    let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| a.get(*key) != b.get(*key))
        .map(|key| SettingDifference {
            key: key.clone(),
            left: a.get(key).cloned(),
            right: b.get(key).cloned(),
        })
        .collect()
}

/// Runs both again and says where they part. What an interrupt cuts short is left out.
fn explain(
    (a, left): (&Recorded, &RunRow),
    (b, right): (&Recorded, &RunRow),
    interrupt: &AtomicBool,
) -> RunDifference {
    let sides = [a.side(left), b.side(right)];
    let mut difference = RunDifference {
        point: left.point,
        right_point: right.point,
        at: sides[0].point.label(),
        replica: left.replica,
        left: left.digest,
        right: right.digest,
        divergence: None,
        notes: Vec::new(),
    };
    for (recorded, name, row, side) in [(a, "left", left, &sides[0]), (b, "right", right, &sides[1])] {
        let rerun = side.run(&side.options, interrupt);
        if interrupt.load(Ordering::Relaxed) {
            return difference;
        }
        difference.notes.extend(recorded.doubts(name, row, rerun.as_ref()));
    }
    if left.digest == right.digest {
        return difference;
    }
    let found = locate(&sides[0], &sides[1], left.events.max(right.events), interrupt);
    if interrupt.load(Ordering::Relaxed) {
        return difference;
    }
    match found {
        Ok(Some(divergence)) => difference.divergence = Some(divergence),
        Ok(None) => difference.notes.push("reruns of both do not part".into()),
        Err(why) => difference.notes.push(format!("the divergence was not found: {why}")),
    }
    difference
}

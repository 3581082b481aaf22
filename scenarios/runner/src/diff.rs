//! Compares two run directories: do their scenarios differ, and where does the first differing run part?

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use astrarium_engine::Digest;

use crate::diagnostics::Diagnostics;
use crate::divergence::{FirstDivergence, Side, locate};
use crate::gates::Vocabulary;
use crate::registry::Registry;
use crate::rundir::RunDirectory;
use crate::scenario::Scenario;
use crate::table::RunTable;

/// A setting in which two scenarios differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingDifference {
    /// Dotted key.
    pub key: String,
    /// Its value in the first; `None` when absent.
    pub left: Option<String>,
    /// Its value in the second.
    pub right: Option<String>,
}

/// The first run whose digests differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDifference {
    /// Number of the sweep point.
    pub point: usize,
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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiffReport {
    /// Settings that differ.
    pub settings: Vec<SettingDifference>,
    /// Runs that both directories hold.
    pub compared: u64,
    /// Of these, how many differ.
    pub differing: u64,
    /// Runs that only one directory holds.
    pub unpaired: u64,
    /// The first difference.
    pub first: Option<RunDifference>,
}

impl DiffReport {
    /// True when scenarios and runs are equal.
    #[must_use]
    pub fn equal(&self) -> bool {
        self.settings.is_empty() && self.differing == 0 && self.unpaired == 0
    }
}

/// Compares two run directories; runs are paired by sweep point and replica.
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
    let mut report = DiffReport { settings: settings(&a, &b), ..DiffReport::default() };
    let digests = |r: &Recorded| -> BTreeMap<(usize, u64), (Digest, u64)> {
        r.table.rows.iter().map(|row| ((row.point, row.replica), (row.digest, row.events))).collect()
    };
    let (mine, theirs) = (digests(&a), digests(&b));
    let mut first = None;
    for (key, (digest, events)) in &mine {
        match theirs.get(key) {
            Some((other, other_events)) => {
                report.compared += 1;
                if other != digest {
                    report.differing += 1;
                    first = first.or(Some((*key, *digest, *other, *events.max(other_events))));
                }
            }
            None => report.unpaired += 1,
        }
    }
    report.unpaired += theirs.keys().filter(|key| !mine.contains_key(key)).count() as u64;
    report.first = first.map(|((point, replica), left, right, events)| {
        explain(
            &a,
            &b,
            RunDifference {
                point,
                at: a.scenario.points[point].label(),
                replica,
                left,
                right,
                divergence: None,
                notes: Vec::new(),
            },
            events,
            interrupt,
        )
    });
    Ok(report)
}

struct Recorded {
    scenario: Scenario,
    table: RunTable,
    options: astrarium_engine::RunOptions,
}

impl Recorded {
    fn read(
        directory: &RunDirectory,
        registry: &Registry,
        vocabulary: Vocabulary<'_>,
    ) -> Result<Self, Diagnostics> {
        let scenario = directory.scenario(registry, vocabulary)?;
        let table = directory.table(&scenario)?;
        Ok(Self { scenario, table, options: directory.manifest().options.options() })
    }

    fn side(&self, point: usize, replica: u64) -> Side<'_> {
        Side {
            scenario: &self.scenario,
            point: &self.scenario.points[point],
            replica,
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
            let values: Vec<String> = axis.values.iter().map(|v| v.label.to_string()).collect();
            all.insert(format!("sweep.{}", axis.key), values.join(", "));
            // The first value of the axis stands in the base; the axis itself says more.
            all.remove(&axis.key);
        }
        all
    }
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

/// Runs both again and says where they part.
fn explain(
    a: &Recorded,
    b: &Recorded,
    mut difference: RunDifference,
    events: u64,
    interrupt: &AtomicBool,
) -> RunDifference {
    if difference.point >= b.scenario.points.len() {
        return difference;
    }
    let sides = [a.side(difference.point, difference.replica), b.side(difference.point, difference.replica)];
    let recorded = [("left", difference.left), ("right", difference.right)];
    for (side, (name, digest)) in sides.iter().zip(recorded) {
        match side.run(&side.options, interrupt) {
            Ok(outcome) if outcome.digest == digest => {}
            Ok(outcome) => difference.notes.push(format!(
                "a rerun of the {name} run has digest {} instead of the recorded {digest}: another version, or not \
                 deterministic (see `verify`)",
                outcome.digest
            )),
            Err(why) => difference.notes.push(format!("a rerun of the {name} run failed: {why}")),
        }
    }
    match locate(&sides[0], &sides[1], events, interrupt) {
        Ok(Some(divergence)) => difference.divergence = Some(divergence),
        Ok(None) => difference.notes.push("reruns of both do not part".into()),
        Err(why) => difference.notes.push(format!("the divergence was not found: {why}")),
    }
    difference
}

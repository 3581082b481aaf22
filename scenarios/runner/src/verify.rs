//! The determinism matrix: the same run twice, on other thread counts, with other queues, another hash seed, and with a
//! snapshot restored in the middle must have one digest and one set of metrics.

use std::sync::atomic::AtomicBool;

use astrarium_engine::{QueueKind, RunOptions};
use rayon::prelude::*;

use crate::divergence::{FirstDivergence, Side, locate};
use crate::experiment::Outcome;
use crate::points::replica_seed;
use crate::scenario::Scenario;

/// Replicas of every point that the thread checks run.
const THREAD_REPLICAS: u64 = 4;
/// Seed of the hash maps in the check of the hash seed.
const OTHER_MAP_SEED: u64 = 0x5eed;

/// One row of the matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What was varied, for example `queue: heap`.
    pub name: String,
    /// Runs compared.
    pub runs: u64,
    /// The first run that differed.
    pub mismatch: Option<Mismatch>,
}

/// Two runs that should have been equal.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// Number of the sweep point.
    pub point: usize,
    /// The swept values there.
    pub at: String,
    /// Number of the replica.
    pub replica: u64,
    /// Its seed.
    pub seed: u64,
    /// What differs: digest, events, a metric, a verdict.
    pub what: String,
    /// Where the runs part, when reruns show it.
    pub divergence: Option<FirstDivergence>,
}

/// The whole matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VerifyReport {
    /// Its rows.
    pub checks: Vec<Check>,
}

impl VerifyReport {
    /// True when every variation gave the same runs.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|c| c.mismatch.is_none())
    }
}

/// Carries out the matrix on a scenario, which should have a small size.
///
/// # Errors
/// When a run fails or is interrupted; the message names point, replica and seed.
pub fn verify(scenario: &Scenario, interrupt: &AtomicBool) -> Result<VerifyReport, String> {
    let matrix = Matrix { scenario, interrupt, map_seed: None };
    let baseline = matrix.all(1, |_| RunOptions::default())?;
    let plain = |_: usize| RunOptions::default();
    let mut checks = vec![matrix.check("run twice", &baseline, 1, plain)?];
    for queue in QueueKind::CONCRETE {
        let options = |_: usize| RunOptions { queue, ..RunOptions::default() };
        checks.push(matrix.check(&format!("queue: {}", queue.name()), &baseline, 1, options)?);
    }
    let halfway =
        |run: usize| RunOptions { snapshot_at: Some(baseline[run].events / 2), ..RunOptions::default() };
    checks.push(matrix.check("snapshot and restore in the middle", &baseline, 1, halfway)?);
    let reseeded = Matrix { map_seed: Some(OTHER_MAP_SEED), ..matrix };
    checks.push(reseeded.check("another hash seed", &baseline, 1, plain)?);
    checks.push(matrix.threads()?);
    Ok(VerifyReport { checks })
}

#[derive(Clone, Copy)]
struct Matrix<'a> {
    scenario: &'a Scenario,
    interrupt: &'a AtomicBool,
    map_seed: Option<u64>,
}

impl Matrix<'_> {
    /// Point and replica of a run's number, `replicas` per point.
    fn side(&self, run: usize, replicas: u64, options: RunOptions) -> Side<'_> {
        let point = &self.scenario.points[run / replicas as usize];
        let replica = run as u64 % replicas;
        Side { scenario: self.scenario, point, replica, options, map_seed: self.map_seed }
    }

    fn count(&self, replicas: u64) -> usize {
        self.scenario.points.len() * replicas as usize
    }

    fn run(&self, run: usize, replicas: u64, options: &RunOptions) -> Result<Outcome, String> {
        let side = self.side(run, replicas, options.clone());
        side.run(options, self.interrupt).map_err(|why| self.name(&side, &why))
    }

    fn name(&self, side: &Side<'_>, why: &str) -> String {
        let (point, seed) = (side.point.index, replica_seed(self.scenario.seed, side.replica));
        format!("point {point} ({}), replica {}, seed {seed}: {why}", side.point.label(), side.replica)
    }

    fn all(&self, replicas: u64, options: impl Fn(usize) -> RunOptions) -> Result<Vec<Outcome>, String> {
        (0..self.count(replicas)).map(|run| self.run(run, replicas, &options(run))).collect()
    }

    fn check(
        &self,
        name: &str,
        baseline: &[Outcome],
        replicas: u64,
        options: impl Fn(usize) -> RunOptions,
    ) -> Result<Check, String> {
        let mut check = Check { name: name.to_string(), runs: baseline.len() as u64, mismatch: None };
        for (run, before) in baseline.iter().enumerate() {
            let options = options(run);
            let after = self.run(run, replicas, &options)?;
            if let Some(what) = difference(before, &after) {
                let left = Side { map_seed: None, ..self.side(run, replicas, RunOptions::default()) };
                check.mismatch =
                    Some(self.mismatch(&left, &self.side(run, replicas, options), before, what)?);
                break;
            }
        }
        Ok(check)
    }

    fn mismatch(
        &self,
        left: &Side<'_>,
        right: &Side<'_>,
        outcome: &Outcome,
        what: String,
    ) -> Result<Mismatch, String> {
        let divergence = locate(left, right, outcome.events, self.interrupt)?;
        Ok(Mismatch {
            point: left.point.index,
            at: left.point.label(),
            replica: left.replica,
            seed: replica_seed(self.scenario.seed, left.replica),
            what,
            divergence,
        })
    }

    /// The same set of runs on one and on two threads.
    fn threads(&self) -> Result<Check, String> {
        let replicas = THREAD_REPLICAS.min(self.scenario.replicas).max(1);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .map_err(|e| format!("cannot start {threads} threads: {e}"))?;
            pool.install(|| {
                let runs = (0..self.count(replicas)).into_par_iter();
                runs.map(|run| self.run(run, replicas, &RunOptions::default())).collect::<Result<Vec<_>, _>>()
            })
        };
        let (one, two) = (on(1)?, on(2)?);
        let mut check = Check { name: "1 and 2 threads".into(), runs: one.len() as u64, mismatch: None };
        let differing = one.iter().zip(&two).position(|(a, b)| difference(a, b).is_some());
        if let Some(run) = differing {
            let side = || self.side(run, replicas, RunOptions::default());
            let what = difference(&one[run], &two[run]).unwrap_or_default();
            check.mismatch = Some(self.mismatch(&side(), &side(), &one[run], what)?);
        }
        Ok(check)
    }
}

/// What two outcomes do not share, in words.
fn difference(a: &Outcome, b: &Outcome) -> Option<String> {
    if a.digest != b.digest {
        return Some(format!("digest {} against {}", a.digest, b.digest));
    }
    if a.events != b.events {
        return Some(format!("{} events against {}", a.events, b.events));
    }
    if a.metrics != b.metrics {
        let pair = a.metrics.iter().zip(&b.metrics).find(|(x, y)| x != y);
        return Some(match pair {
            Some((x, y)) => format!("metric {} = {} against {} = {}", x.0, x.1, y.0, y.1),
            None => format!("{} metrics against {}", a.metrics.len(), b.metrics.len()),
        });
    }
    (a.findings != b.findings).then(|| "the oracles' verdicts differ".to_string())
}

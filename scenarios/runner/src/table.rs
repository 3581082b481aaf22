//! The results of a scenario, one row per run: in memory after a run, or read back from `runs.csv`.

use std::io::{Read, Write};

use astrarium_engine::Digest;

use crate::scenario::Scenario;
use crate::value::Value;

/// Columns before the swept parameters.
const FIXED: [&str; 5] = ["point", "replica", "seed", "digest", "events"];
/// Last column: names of the oracles that were violated.
const VIOLATIONS: &str = "violations";

/// A sweep point in a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TablePoint {
    /// Number of the point.
    pub index: usize,
    /// The swept parameters with their values.
    pub swept: Vec<(String, Value)>,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Number of the sweep point.
    pub point: usize,
    /// Number of the replica.
    pub replica: u64,
    /// Its seed.
    pub seed: u64,
    /// Digest of everything that happened.
    pub digest: Digest,
    /// Events processed.
    pub events: u64,
    /// Metrics in the order of [`RunTable::metrics`]; `None` when not observed.
    pub metrics: Vec<Option<f64>>,
    /// Oracles that were violated.
    pub violations: Vec<String>,
}

/// All runs in the order of points and replicas.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunTable {
    /// The sweep points, in order, whether or not they have rows.
    pub points: Vec<TablePoint>,
    /// Names of the metrics: the columns after the swept parameters.
    pub metrics: Vec<String>,
    /// The runs, sorted by point and replica.
    pub rows: Vec<RunRow>,
}

impl RunTable {
    /// An empty table for a scenario.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let points =
            scenario.points.iter().map(|p| TablePoint { index: p.index, swept: p.swept.clone() }).collect();
        let metrics = scenario.system().metrics.iter().map(|m| m.name.to_string()).collect();
        Self { points, metrics, rows: Vec::new() }
    }

    /// Names of the swept parameters.
    #[must_use]
    pub fn swept(&self) -> Vec<&str> {
        self.points.first().map_or_else(Vec::new, |p| p.swept.iter().map(|(k, _)| k.as_str()).collect())
    }

    /// The runs of a point, in replica order.
    #[must_use]
    pub fn rows_of(&self, point: usize) -> &[RunRow] {
        let start = self.rows.partition_point(|r| r.point < point);
        let end = self.rows.partition_point(|r| r.point <= point);
        &self.rows[start..end]
    }

    /// The observed values of a metric at a point, in replica order. Empty when the metric is unknown.
    #[must_use]
    pub fn values(&self, point: usize, metric: &str) -> Vec<f64> {
        self.by_replica(point, metric).into_iter().map(|(_, x)| x).collect()
    }

    /// The same with the number of the replica, for paired comparisons.
    #[must_use]
    pub fn by_replica(&self, point: usize, metric: &str) -> Vec<(u64, f64)> {
        let Some(column) = self.metrics.iter().position(|m| m == metric) else { return Vec::new() };
        let value = |row: &RunRow| Some((row.replica, (*row.metrics.get(column)?)?));
        self.rows_of(point).iter().filter_map(value).collect()
    }

    /// Writes `runs.csv`.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_csv(&self, out: impl Write) -> std::io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        let swept = self.swept();
        let metrics = self.metrics.iter().map(String::as_str);
        csv.write_record(FIXED.into_iter().chain(swept).chain(metrics).chain([VIOLATIONS]))?;
        for row in &self.rows {
            let mut cells = vec![
                row.point.to_string(),
                row.replica.to_string(),
                row.seed.to_string(),
                row.digest.to_string(),
                row.events.to_string(),
            ];
            if let Some(point) = self.points.get(row.point) {
                cells.extend(point.swept.iter().map(|(_, value)| value.cell()));
            }
            cells.extend(row.metrics.iter().map(|m| m.map_or_else(String::new, |x| x.to_string())));
            cells.push(row.violations.join(" "));
            csv.write_record(&cells)?;
        }
        csv.flush()
    }

    /// Reads `runs.csv` of a scenario.
    ///
    /// # Errors
    /// What does not fit, with its line.
    pub fn read_csv(scenario: &Scenario, input: impl Read) -> Result<Self, String> {
        let mut table = Self::new(scenario);
        let mut csv = csv::Reader::from_reader(input);
        let expected: Vec<&str> = FIXED
            .into_iter()
            .chain(table.swept())
            .chain(table.metrics.iter().map(String::as_str))
            .chain([VIOLATIONS])
            .collect();
        let header = csv.headers().map_err(|e| e.to_string())?;
        if header.iter().ne(expected.iter().copied()) {
            let found: Vec<&str> = header.iter().collect();
            return Err(format!("its columns are {} instead of {}", found.join(","), expected.join(",")));
        }
        let mut rows: Vec<RunRow> = Vec::new();
        for record in csv.records() {
            let record = record.map_err(|e| e.to_string())?;
            let at = |why: &str| {
                let line = record.position().map_or(0, csv::Position::line);
                Err(format!("line {line} {why}"))
            };
            let Some(row) = table.row(&record) else { return at("is not a run of this scenario") };
            if row.replica >= scenario.replicas {
                return at("has a replica that the scenario does not have");
            }
            if !table.is_there(&row, &record) {
                return at("has other swept values than its point in the scenario");
            }
            if rows.last().is_some_and(|last| (last.point, last.replica) >= (row.point, row.replica)) {
                return at("is out of order, or there twice");
            }
            rows.push(row);
        }
        table.rows = rows;
        Ok(table)
    }

    /// A line of `runs.csv`.
    fn row(&self, record: &csv::StringRecord) -> Option<RunRow> {
        let cell = |i: usize| record.get(i);
        let skip = FIXED.len() + self.swept().len();
        let metric = |text: &str| match text {
            "" => Some(None),
            text => text.parse().ok().filter(|x: &f64| x.is_finite()).map(Some),
        };
        Some(RunRow {
            point: cell(0)?.parse().ok().filter(|p| *p < self.points.len())?,
            replica: cell(1)?.parse().ok()?,
            seed: cell(2)?.parse().ok()?,
            digest: cell(3)?.parse().ok()?,
            events: cell(4)?.parse().ok()?,
            metrics: (0..self.metrics.len())
                .map(|i| cell(skip + i).and_then(metric))
                .collect::<Option<_>>()?,
            violations: cell(skip + self.metrics.len())?.split_whitespace().map(str::to_string).collect(),
        })
    }

    /// Whether a line has the swept values of its point.
    fn is_there(&self, row: &RunRow, record: &csv::StringRecord) -> bool {
        let cells = record.iter().skip(FIXED.len());
        self.points[row.point].swept.iter().zip(cells).all(|((_, value), cell)| value.cell() == cell)
    }
}

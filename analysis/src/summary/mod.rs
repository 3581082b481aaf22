//! The summary of a run: one tidy row per point and metric.

mod render;

use std::io::{self, Write};
use std::path::Path;

use astrarium_runner::{RunTable, Scenario, Value};

use crate::measured::{headline, measure, theory_for};
use crate::stats::Description;

/// Name of the file in a run directory.
pub const SUMMARY: &str = "summary.csv";

/// Columns after the swept parameters.
const COLUMNS: [&str; 13] =
    ["metric", "unit", "n", "mean", "sd", "p5", "p50", "p95", "p99", "ci_lo", "ci_hi", "ci_method", "theory"];

/// One metric at one point.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Number of the sweep point.
    pub point: usize,
    /// The swept parameters with their values.
    pub swept: Vec<(String, Value)>,
    /// Name of the metric.
    pub metric: &'static str,
    /// Its unit; empty for counts and shares.
    pub unit: &'static str,
    /// The figures; `None` when no run of the point observed it.
    pub figures: Option<Description>,
    /// What the scenario's closed form says, when it names one for this metric and it applies here.
    pub theory: Option<f64>,
}

/// How a summary is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Aligned columns for a terminal.
    #[default]
    Table,
    /// An array of objects.
    Json,
    /// The content of `summary.csv`.
    Csv,
}

/// The summary of a scenario's runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// All rows, by point, then in the order of the metrics. Metrics that no run observed are left out.
    pub rows: Vec<Row>,
    /// The metrics that the scenario's gates and figures are about.
    pub headline: Vec<&'static str>,
    swept: Vec<String>,
}

impl Summary {
    /// Summarises a table.
    #[must_use]
    pub fn of(scenario: &Scenario, table: &RunTable) -> Self {
        let measured = measure(scenario, table);
        let headline = headline(scenario, &measured).iter().map(|s| s.name).collect();
        let mut rows = Vec::new();
        for point in &measured {
            for (spec, figures) in &point.metrics {
                if measured.iter().all(|m| m.metric(spec.name).is_none()) {
                    continue;
                }
                let theory =
                    theory_for(scenario, spec.name, point.point).and_then(|t| (t.value)(&point.inputs));
                rows.push(Row {
                    point: point.point.index,
                    swept: point.point.swept.clone(),
                    metric: spec.name,
                    unit: spec.unit,
                    figures: *figures,
                    theory,
                });
            }
        }
        Self { rows, headline, swept: scenario.swept_keys() }
    }

    /// Writes the rows as CSV; numbers with the fewest digits that read back equal, absent ones as empty cells.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(self.swept.iter().map(String::as_str).chain(COLUMNS))?;
        for row in &self.rows {
            csv.write_record(row.cells())?;
        }
        csv.flush()
    }

    /// Writes `summary.csv` into a run directory, wholly or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, directory: &Path) -> io::Result<()> {
        astrarium_runner::write_atomically(&directory.join(SUMMARY), |file| self.write_csv(file))
    }

    /// The summary as text.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => render::table(self),
            Format::Json => render::json(self),
            Format::Csv => {
                let mut bytes = Vec::new();
                // Writing to memory cannot fail; CSV of UTF-8 cells is UTF-8.
                if self.write_csv(&mut bytes).is_err() {
                    return String::new();
                }
                String::from_utf8(bytes).unwrap_or_default()
            }
        }
    }
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let number = |v: Option<f64>| v.map_or_else(String::new, |v| v.to_string());
        let figures = self.figures.as_ref();
        let interval = figures.and_then(|f| f.interval);
        let mut cells: Vec<String> = self.swept.iter().map(|(_, value)| value.cell()).collect();
        cells.extend([self.metric.to_owned(), self.unit.to_owned()]);
        cells.push(figures.map_or(0, |f| f.n).to_string());
        cells.extend([number(figures.map(|f| f.mean)), number(figures.and_then(|f| f.deviation))]);
        cells.extend((0..4).map(|i| number(figures.map(|f| f.quantiles[i]))));
        cells.extend([number(interval.map(|i| i.lo)), number(interval.map(|i| i.hi))]);
        cells.push(interval.map_or_else(String::new, |i| i.method.name().to_owned()));
        cells.push(number(self.theory));
        cells
    }
}

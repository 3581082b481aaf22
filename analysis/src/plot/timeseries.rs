//! Figures of `series.csv`: what runs recorded along their time (or any abscissa), averaged over replicas.

use std::collections::BTreeMap;
use std::io::Read;

use astrarium_runner::{PlotSpec, Scenario};

use super::PlotError;
use super::compose::{capital, footer_of, last, spaced};
use super::figure::{Axis, Draw, Figure, Mark, Notation, Series};
use crate::stats::{mean, quantile_sorted, sorted};

/// Abscissae at which replicas are averaged.
const GRID: u32 = 240;

/// Points of one replica's line.
type Line = Vec<(f64, f64)>;

/// The content of `series.csv`: lines by series, point and replica.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeriesRows {
    lines: BTreeMap<(String, usize), BTreeMap<u64, Line>>,
}

impl SeriesRows {
    /// Adds one value.
    pub fn push(&mut self, series: &str, point: usize, replica: u64, at: (f64, f64)) {
        self.lines.entry((series.to_owned(), point)).or_default().entry(replica).or_default().push(at);
    }

    /// Reads `series.csv` (`point, replica, series, x, y`).
    ///
    /// # Errors
    /// [`PlotError::Series`] with the line that does not fit.
    pub fn read(input: impl Read) -> Result<Self, PlotError> {
        let mut rows = Self::default();
        for (i, record) in csv::Reader::from_reader(input).records().enumerate() {
            let refuse = |why: &str| PlotError::Series { line: i + 2, why: why.to_owned() };
            let record = record.map_err(|e| refuse(&e.to_string()))?;
            let cell = |column: usize| record.get(column).unwrap_or("");
            // No run records what is no number: somebody else wrote it, and it would ruin every axis.
            let finite = |column: usize| cell(column).parse().ok().filter(|value: &f64| value.is_finite());
            let parsed = (|| Some((cell(0).parse().ok()?, cell(1).parse().ok()?, finite(3)?, finite(4)?)))();
            let (point, replica, x, y) =
                parsed.ok_or_else(|| refuse("expected point, replica, series, x, y"))?;
            rows.push(cell(2), point, replica, (x, y));
        }
        Ok(rows)
    }
}

/// The figure of one time series: a line per sweep point, with a band from the 5th to the 95th percentile of the replicas.
pub(super) fn time_figure(
    scenario: &Scenario,
    plot: &PlotSpec,
    name: &str,
    rows: &SeriesRows,
) -> Option<Figure> {
    let spec = scenario.system().series.iter().find(|s| s.name == name);
    let shown: Vec<_> = scenario.points.iter().filter(|p| p.matches(&plot.filter)).collect();
    let mut series = Vec::new();
    let mut most = 0;
    for point in shown {
        let Some(replicas) = rows.lines.get(&(name.to_owned(), point.index)) else { continue };
        most = most.max(replicas.len());
        let lines: Vec<&Line> = replicas.values().collect();
        let value = |key: &String| point.value(key).map(ToString::to_string);
        let label = match &plot.series {
            Some(key) if point.swept.len() <= 1 => value(key).unwrap_or_default(),
            _ => point.label(),
        };
        series.push(Series {
            label,
            marks: average(&lines, plot.log_x),
            draw: Draw::Line,
            ..Series::default()
        });
    }
    let ys = || series.iter().flat_map(|s| s.marks.iter().map(|m| m.y));
    let title_of = |axis: Option<&str>, other: &str| axis.map_or_else(|| other.to_owned(), str::to_owned);
    let y_title = title_of(spec.map(|s| s.y), "value");
    let share = y_title.contains("share") && ys().all(|y| (0.0..=1.0).contains(&y));
    let notation = if share { Notation::Percent } else { Notation::Number };
    let runs = if most == 1 { "one run per line".to_owned() } else { format!("mean of up to {most} runs") };
    Some(Figure {
        title: plot.title.clone().unwrap_or_else(|| capital(&spaced(name))),
        subtitle: scenario.about.clone(),
        x: Axis { title: title_of(spec.map(|s| s.x), "x"), log: plot.log_x, ..Axis::default() },
        y: Axis { title: y_title, log: plot.log_y, notation, ..Axis::default() },
        legend: plot.series.as_deref().map(|key| spaced(last(key))).unwrap_or_default(),
        interval: (most > 1).then(|| "5 % to 95 % of runs".to_owned()),
        footer: footer_of(scenario, vec![runs]),
        series,
        ..Figure::default()
    })
}

/// Mean and 5–95 % range of several lines on a common grid; a single line as it is.
fn average(lines: &[&Line], log: bool) -> Vec<Mark> {
    let mut ordered: Vec<Line> = lines.iter().map(|l| (*l).clone()).collect();
    ordered.iter_mut().for_each(|line| line.sort_by(|a, b| a.0.total_cmp(&b.0)));
    if let [only] = ordered.as_slice() {
        return only.iter().map(|(x, y)| Mark { x: *x, y: *y, interval: None }).collect();
    }
    let xs = || ordered.iter().flatten().map(|p| p.0).filter(|x| x.is_finite());
    let low = xs().filter(|x| !log || *x > 0.0).fold(f64::INFINITY, f64::min);
    let high = xs().fold(f64::NEG_INFINITY, f64::max);
    if low >= high {
        return Vec::new();
    }
    let at = |i: u32| {
        let t = f64::from(i) / f64::from(GRID);
        if log { low * libm::pow(high / low, t) } else { low + t * (high - low) }
    };
    let mark = |x: f64| {
        let ys: Vec<f64> = ordered.iter().filter_map(|line| interpolate(line, x)).collect();
        let in_order = sorted(&ys);
        let interval = quantile_sorted(&in_order, 0.05).zip(quantile_sorted(&in_order, 0.95));
        mean(&ys).map(|y| Mark { x, y, interval })
    };
    (0..=GRID).filter_map(|i| mark(at(i))).collect()
}

/// Value of a line at x, linear between its points, its end values beyond them.
fn interpolate(line: &[(f64, f64)], x: f64) -> Option<f64> {
    let after = line.partition_point(|p| p.0 <= x);
    match (after.checked_sub(1).map(|i| line[i]), line.get(after)) {
        (Some(a), Some(b)) => Some(a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0)),
        (Some(end), None) => Some(end.1),
        (None, Some(start)) => Some(start.1),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_averaged_where_both_are_defined() {
        let marks = average(&[&vec![(0.0, 0.0), (10.0, 1.0)], &vec![(0.0, 1.0), (10.0, 1.0)]], false);
        let middle = marks.iter().find(|m| m.x == 5.0).unwrap();
        assert_eq!(middle.y, 0.75);
        let (low, high) = middle.interval.unwrap();
        assert!((low - 0.525).abs() < 1e-12 && (high - 0.975).abs() < 1e-12);
    }

    #[test]
    fn one_line_stays_as_it_is_and_none_is_nothing() {
        assert_eq!(average(&[&vec![(2.0, 5.0), (1.0, 4.0)]], false).first().map(|m| m.y), Some(4.0));
        assert!(average(&[], false).is_empty());
    }

    #[test]
    fn a_broken_file_is_named_by_line() {
        let rows = SeriesRows::read("point,replica,series,x,y\n0,0,a,1,2\n0,0,a,1\n".as_bytes());
        assert!(rows.unwrap_err().to_string().contains("line 3"));
        for value in ["NaN", "inf", "one"] {
            let rows = SeriesRows::read(format!("point,replica,series,x,y\n0,0,a,1,{value}\n").as_bytes());
            assert!(rows.unwrap_err().to_string().contains("line 2"), "{value}");
        }
    }
}

//! Summaries for people and programs.

use serde_json::{Map, Value as Json, json};

use super::{Row, Summary};
use crate::stats::Description;

/// More metrics than this do not fit beside each other on a terminal.
const SIDE_BY_SIDE: usize = 3;

/// Aligned columns: without a sweep one line per metric, with one a line per point and the headline metrics side by side.
pub(super) fn table(summary: &Summary) -> String {
    let lines = if summary.swept.is_empty() { by_metric(summary) } else { by_point(summary) };
    align(&lines)
}

fn by_metric(summary: &Summary) -> Vec<Vec<String>> {
    let theory = summary.rows.iter().any(|r| r.theory.is_some());
    let mut lines =
        vec![["metric", "mean", "95 % interval", "sd", "p50", "p95", "n"].map(str::to_owned).to_vec()];
    if theory {
        lines[0].push("theory".to_owned());
    }
    for row in &summary.rows {
        let name = if row.unit.is_empty() {
            row.metric.to_owned()
        } else {
            format!("{} ({})", row.metric, row.unit)
        };
        let figures = row.figures.as_ref();
        let mut line = vec![name, mean(figures), interval(figures)];
        line.push(short(figures.and_then(|f| f.deviation)));
        line.extend([1, 2].map(|i| short(figures.map(|f| f.quantiles[i]))));
        line.push(figures.map_or(0, |f| f.n).to_string());
        if theory {
            line.push(short(row.theory));
        }
        lines.push(line);
    }
    lines
}

fn by_point(summary: &Summary) -> Vec<Vec<String>> {
    let metrics = &summary.headline[..summary.headline.len().min(SIDE_BY_SIDE)];
    let with_theory = |metric: &str| summary.rows.iter().any(|r| r.metric == metric && r.theory.is_some());
    let mut head: Vec<String> = summary.swept.iter().map(|key| last_part(key, &summary.swept)).collect();
    head.push("n".to_owned());
    for metric in metrics {
        let unit = summary.rows.iter().find(|r| r.metric == *metric).map_or("", |r| r.unit);
        head.push(if unit.is_empty() { (*metric).to_owned() } else { format!("{metric} ({unit})") });
        head.push("95 % interval".to_owned());
        if with_theory(metric) {
            head.push("theory".to_owned());
        }
    }
    let mut lines = vec![head];
    let mut points: Vec<usize> = summary.rows.iter().map(|r| r.point).collect();
    points.dedup();
    for point in points {
        let start = summary.rows.partition_point(|r| r.point < point);
        let rows: Vec<&Row> = summary.rows[start..].iter().take_while(|r| r.point == point).collect();
        let of = |metric: &str| rows.iter().find(|r| r.metric == metric).copied();
        let mut line: Vec<String> =
            rows.first().map(|r| r.swept.iter().map(|(_, v)| v.to_string()).collect()).unwrap_or_default();
        let most = metrics.iter().filter_map(|m| of(m)?.figures).map(|f| f.n).max();
        line.push(most.unwrap_or(0).to_string());
        for metric in metrics {
            let figures = of(metric).and_then(|r| r.figures.as_ref());
            line.extend([mean(figures), interval(figures)]);
            if with_theory(metric) {
                line.push(short(of(metric).and_then(|r| r.theory)));
            }
        }
        lines.push(line);
    }
    lines
}

/// The last part of a dotted key where it tells the axes apart.
fn last_part(key: &str, all: &[String]) -> String {
    let last = |k: &str| k.rsplit('.').next().unwrap_or(k).to_owned();
    if all.iter().filter(|k| last(k) == last(key)).count() == 1 { last(key) } else { key.to_owned() }
}

fn mean(figures: Option<&Description>) -> String {
    short(figures.map(|f| f.mean))
}

fn interval(figures: Option<&Description>) -> String {
    let ends = figures.and_then(|f| f.interval).map(|i| format!("{} – {}", number(i.lo), number(i.hi)));
    ends.unwrap_or_else(|| "–".to_owned())
}

fn short(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}

/// Four significant digits; whole numbers whole.
fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".to_owned() } else { value.to_string() };
    }
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e9 {
        return format!("{value:.0}");
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{value:.3e}");
    }
    let decimals = usize::try_from(3 - libm::log10(size).floor() as i32).unwrap_or(0);
    format!("{value:.decimals$}")
}

/// The first column to the left, numbers to the right, two spaces between columns.
fn align(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let broad = |column: usize| {
        lines.iter().filter_map(|l| l.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(broad).collect();
    let mut text = String::new();
    for (i, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
        if i == 0 {
            let total = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1);
            text.push_str(&"─".repeat(total));
            text.push('\n');
        }
    }
    text
}

/// An array of objects with the columns of `summary.csv`; absent numbers are null, swept parameters an object of their own.
pub(super) fn json(summary: &Summary) -> String {
    let rows: Vec<Json> = summary.rows.iter().map(row_json).collect();
    serde_json::to_string_pretty(&rows).unwrap_or_default()
}

fn row_json(row: &Row) -> Json {
    let figures = row.figures.as_ref();
    let interval = figures.and_then(|f| f.interval);
    let swept: Map<String, Json> = row
        .swept
        .iter()
        .map(|(key, value)| (key.clone(), value.as_f64().map_or_else(|| json!(value.cell()), |x| json!(x))))
        .collect();
    let quantile = |i: usize| figures.map(|f| f.quantiles[i]);
    json!({
        "point": row.point,
        "swept": swept,
        "metric": row.metric,
        "unit": row.unit,
        "n": figures.map_or(0, |f| f.n),
        "mean": figures.map(|f| f.mean),
        "sd": figures.and_then(|f| f.deviation),
        "p5": quantile(0),
        "p50": quantile(1),
        "p95": quantile(2),
        "p99": quantile(3),
        "ci_lo": interval.map(|i| i.lo),
        "ci_hi": interval.map(|i| i.hi),
        "ci_method": interval.map(|i| i.method.name()),
        "theory": row.theory,
    })
}

#[cfg(test)]
mod tests {
    use super::{align, number};

    #[test]
    fn numbers_have_four_digits() {
        let got = [0.156_449_58, 1234.567, 0.000_012_3, 6.0, 0.0, 12_345.678].map(number);
        assert_eq!(got, ["0.1564", "1235", "1.230e-5", "6", "0", "12346"]);
    }

    #[test]
    fn columns_are_aligned_by_characters_not_bytes() {
        let lines = [vec!["a".to_owned(), "–".to_owned()], vec!["bcd".to_owned(), "1 – 2".to_owned()]];
        assert_eq!(align(&lines), "a        –\n──────────\nbcd  1 – 2\n");
    }
}

//! What differs between runs that should be equal – digest, events, metrics, violated oracles – and by how much.

use crate::table::RunRow;

/// A quantity that differs in some of the compared runs.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantityDifference {
    /// `digest`, `events`, `violations`, or the name of a metric.
    pub name: String,
    /// In how many of the compared runs it differs.
    pub runs: u64,
    /// Where it differs most (first, if it has no size): the point's number in the first directory.
    pub point: usize,
    /// The replica there.
    pub replica: u64,
    /// Its value there in the first directory; empty when it was not observed.
    pub left: String,
    /// The same in the second.
    pub right: String,
    /// The distance of the two; `None` when it has none (digests, names, a metric that one side did not observe).
    pub by: Option<f64>,
}

/// One quantity of one pair of runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) left: String,
    pub(crate) right: String,
    by: Option<f64>,
}

/// The metrics of two tables: names with their columns on either side, if there is one.
#[derive(Debug)]
pub(crate) struct Columns(Vec<(String, Option<usize>, Option<usize>)>);

impl Columns {
    pub(crate) fn new(left: &[String], right: &[String]) -> Self {
        let column = |names: &[String], name: &String| names.iter().position(|n| n == name);
        let more = right.iter().filter(|name| !left.contains(name));
        let all = left.iter().chain(more);
        Self(all.map(|name| (name.clone(), column(left, name), column(right, name))).collect())
    }
}

/// Everything in which a pair of runs differs.
pub(crate) fn parts(left: &RunRow, right: &RunRow, columns: &Columns) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = |name: &str, left: String, right: String, by| {
        parts.push(Part { name: name.to_owned(), left, right, by });
    };
    if left.digest != right.digest {
        part("digest", left.digest.to_string(), right.digest.to_string(), None);
    }
    if left.events != right.events {
        let by = left.events.abs_diff(right.events) as f64;
        part("events", left.events.to_string(), right.events.to_string(), Some(by));
    }
    if left.violations != right.violations {
        part("violations", left.violations.join(" "), right.violations.join(" "), None);
    }
    for (name, mine, theirs) in &columns.0 {
        let value = |row: &RunRow, column: &Option<usize>| column.and_then(|c| *row.metrics.get(c)?);
        let (a, b) = (value(left, mine), value(right, theirs));
        if a != b {
            let show = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
            part(name, show(a), show(b), a.zip(b).map(|(a, b)| (a - b).abs()));
        }
    }
    parts
}

/// Adds what one pair of runs differs in.
pub(crate) fn tally(all: &mut Vec<QuantityDifference>, row: &RunRow, parts: &[Part]) {
    for Part { name, left, right, by } in parts {
        let found = match all.iter_mut().find(|quantity| quantity.name == *name) {
            Some(found) => found,
            None => {
                all.push(QuantityDifference {
                    name: name.clone(),
                    runs: 0,
                    point: row.point,
                    replica: row.replica,
                    left: left.clone(),
                    right: right.clone(),
                    by: *by,
                });
                let last = all.len() - 1;
                &mut all[last]
            }
        };
        found.runs += 1;
        // What has no size is shown where it came first; a size counts more than none, a greater one more than a smaller.
        if found.by < *by {
            let (left, right) = (left.clone(), right.clone());
            *found = QuantityDifference {
                point: row.point,
                replica: row.replica,
                left,
                right,
                by: *by,
                ..found.clone()
            };
        }
    }
}

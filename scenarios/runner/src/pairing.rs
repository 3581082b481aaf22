//! Which runs of two run directories belong together: those of the same swept values and the same replica, whatever their
//! number in either sweep.

use std::collections::{BTreeMap, BTreeSet};

use crate::points::Point;
use crate::scenario::Scenario;
use crate::table::{RunRow, RunTable};

/// Values at a point, by dotted key.
type Place = Vec<(String, String)>;

/// The runs of two tables.
#[derive(Debug, Default)]
pub(crate) struct Pairing<'a> {
    /// Runs that both hold, in the order of the first.
    pub(crate) pairs: Vec<(&'a RunRow, &'a RunRow)>,
    /// Runs that only the first holds.
    pub(crate) left: Vec<&'a RunRow>,
    /// Runs that only the second holds.
    pub(crate) right: Vec<&'a RunRow>,
}

impl<'a> Pairing<'a> {
    pub(crate) fn new(left: (&Scenario, &'a RunTable), right: (&Scenario, &'a RunTable)) -> Self {
        let axes: BTreeSet<&str> = [left.0, right.0]
            .iter()
            .flat_map(|scenario| scenario.sweep.axes.iter().map(|axis| axis.key.as_str()))
            .collect();
        let theirs: BTreeMap<Place, usize> =
            right.0.points.iter().map(|point| (place(point, &axes), point.index)).collect();
        let partner: Vec<Option<usize>> =
            left.0.points.iter().map(|point| theirs.get(&place(point, &axes)).copied()).collect();
        let mut rest: BTreeMap<(usize, u64), &RunRow> =
            right.1.rows.iter().map(|row| ((row.point, row.replica), row)).collect();
        let mut pairing = Self::default();
        for row in &left.1.rows {
            let found = partner.get(row.point).copied().flatten();
            match found.and_then(|point| rest.remove(&(point, row.replica))) {
                Some(other) => pairing.pairs.push((row, other)),
                None => pairing.left.push(row),
            }
        }
        pairing.right = rest.into_values().collect();
        pairing
    }
}

/// The values of what one of the axes sets, at a point of either sweep: a parameter that one scenario sweeps may be fixed in the
/// other.
fn place(point: &Point, axes: &BTreeSet<&str>) -> Place {
    let is_swept = |key: &str| axes.iter().any(|axis| is_within(key, axis));
    let params = point.params.iter().filter(|(key, _)| is_swept(key));
    let mut place: Place = params.map(|(key, entry)| (key.to_owned(), entry.value.cell())).collect();
    for fault in point.params.faults() {
        for (field, entry) in &fault.fields {
            let key = format!("fault.{}.{field}", fault.id);
            if is_swept(&key) {
                place.push((key, entry.value.cell()));
            }
        }
    }
    place
}

/// Whether a key is an axis, or a field of what the axis sets.
pub(crate) fn is_within(key: &str, axis: &str) -> bool {
    key.strip_prefix(axis).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

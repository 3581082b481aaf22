//! Which part of a scenario a system's complaint points at.

use crate::axis::{Axis, Sweep};
use crate::diagnostics::Place;
use crate::draft::{Draft, fault_position};
use crate::network::presets;
use crate::points::Point;
use crate::resolve::at;

/// Where the blamed parameter was set: in the sweep, in a fault, in the file, or nowhere.
pub(crate) fn blame(draft: &Draft, sweep: &Sweep, point: &Point, key: &str) -> Place {
    let positions = sweep.positions(point.index);
    let covers = |axis: &Axis| {
        key.strip_prefix(&axis.key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let swept = sweep.axes.iter().zip(positions).find(|(axis, _)| covers(axis));
    if let Some((axis, at)) = swept {
        return axis.values[at].node.place;
    }
    if let Some((id, field)) = key.strip_prefix("fault.").and_then(|rest| rest.split_once('.'))
        && let Some(position) = fault_position(&draft.faults, id)
    {
        let fault = &draft.faults[position];
        return fault.get(field).map_or(fault.place, |node| node.place);
    }
    if let Some(preset) = at(&draft.root, presets::KEY).filter(|_| presets::decides(&draft.root, key)) {
        return preset.place;
    }
    let mut known = key;
    loop {
        if let Some(node) = at(&draft.root, known) {
            return node.place;
        }
        match known.rsplit_once('.') {
            Some((parent, _)) => known = parent,
            None => return draft.place,
        }
    }
}

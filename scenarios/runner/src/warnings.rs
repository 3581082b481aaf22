//! What can be run but is hardly meant.

use std::collections::BTreeMap;

use astrarium_node::Span;

use crate::params::{FaultParams, Params, Value};
use crate::scenario::Scenario;
use crate::units;

impl Scenario {
    /// Warnings for people, a line each: faults that begin after the end of the run or do not heal before it.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut found: BTreeMap<(String, bool), (String, usize)> = BTreeMap::new();
        for point in &self.points {
            let Some(end) = end(&point.params) else { continue };
            for fault in point.params.faults() {
                let Some(late) = late(fault, end) else { continue };
                let words = || (in_words(fault, end, late), 0);
                found.entry((fault.id.clone(), late == Late::Never)).or_insert_with(words).1 += 1;
            }
        }
        let points = self.points.len();
        let at =
            |count| if points == 1 { String::new() } else { format!(" (at {count} of {points} points)") };
        found.into_values().map(|(words, count)| words + &at(count)).collect()
    }
}

/// When a run ends at the latest, if the system says it by `stop.time`.
fn end(params: &Params) -> Option<Span> {
    match params.get("stop.time")? {
        Value::Span(ns) => Some(Span::from_nanos(*ns)),
        _ => None,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    /// It begins at the end of the run, or later.
    Never,
    /// It would end after the run.
    Unhealed,
}

fn late(fault: &FaultParams, end: Span) -> Option<Late> {
    let at = fault.span("at");
    let over = |lasting: Span| lasting > end.saturating_sub(at);
    match fault.opt_span("for") {
        _ if at >= end => Some(Late::Never),
        Some(lasting) if over(lasting) => Some(Late::Unhealed),
        _ => None,
    }
}

fn in_words(fault: &FaultParams, end: Span, late: Late) -> String {
    let span = |span: Span| units::format_span(span.as_nanos());
    let lasting = match fault.opt_span("for") {
        Some(lasting) => format!(" for {}", span(lasting)),
        None => String::new(),
    };
    let consequence = match late {
        Late::Never => "it never happens",
        Late::Unhealed => "it does not heal within the run",
    };
    format!(
        "fault `{}` ({}) begins at {}{lasting}, but the run ends at {} (stop.time): {consequence}",
        fault.id,
        fault.kind,
        span(fault.span("at")),
        span(end)
    )
}

//! The results of a scenario, point by point, ready for summaries, gates and figures.

use astrarium_runner::{Bound, MetricKind, MetricSpec, Point, RunTable, Scenario, Value};

use crate::stats::{Description, Shape};
use crate::theory::{Inputs, Theory, find};

/// Confidence of the intervals in summaries and figures.
pub const CONFIDENCE: f64 = 0.95;

/// The metric that every run has beside those of its system.
const EVENTS: MetricSpec = MetricSpec::quantity("events", "", "events processed by the run");

/// What was measured at one point.
#[derive(Debug, Clone)]
pub struct Measured<'a> {
    /// The point.
    pub point: &'a Point,
    /// Metrics in the order of the system's declaration, then `events`; `None` where no run observed it.
    pub metrics: Vec<(MetricSpec, Option<Description>)>,
    /// Parameters and mean metrics, for closed forms.
    pub inputs: Inputs,
}

impl Measured<'_> {
    /// The figures of a metric; `None` when no run observed it.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&Description> {
        self.metrics.iter().find(|(spec, _)| spec.name == name).and_then(|(_, d)| d.as_ref())
    }
}

/// Measures every point of a scenario.
#[must_use]
pub fn measure<'a>(scenario: &'a Scenario, table: &RunTable) -> Vec<Measured<'a>> {
    let specs = metric_specs(scenario);
    scenario.points.iter().map(|point| measure_point(point, table, &specs)).collect()
}

/// The declared metrics and `events`.
#[must_use]
pub fn metric_specs(scenario: &Scenario) -> Vec<MetricSpec> {
    let declared = &scenario.system().metrics;
    let events = declared.iter().all(|m| m.name != EVENTS.name).then_some(EVENTS);
    declared.iter().copied().chain(events).collect()
}

fn measure_point<'a>(point: &'a Point, table: &RunTable, specs: &[MetricSpec]) -> Measured<'a> {
    let shape = |kind| if kind == MetricKind::Event { Shape::Event } else { Shape::Quantity };
    let metrics: Vec<(MetricSpec, Option<Description>)> = specs
        .iter()
        .map(|s| (*s, Description::of(&values(table, point.index, s.name), shape(s.kind), CONFIDENCE)))
        .collect();
    let mut inputs = inputs_of(point);
    for (spec, description) in &metrics {
        if let Some(description) = description {
            inputs = inputs.with_metric(spec.name, description.mean);
        }
    }
    Measured { point, metrics, inputs }
}

/// The values of a metric, or of `events`, in replica order.
pub(crate) fn values(table: &RunTable, point: usize, metric: &str) -> Vec<f64> {
    if metric == EVENTS.name && table.metrics.iter().all(|m| m != EVENTS.name) {
        // Exact below 2^53 events.
        return table.rows_of(point).iter().map(|r| r.events as f64).collect();
    }
    table.values(point, metric)
}

fn inputs_of(point: &Point) -> Inputs {
    let fixed = point.params.iter().map(|(key, entry)| (key, &entry.value));
    let swept = point.swept.iter().map(|(key, value)| (key.as_str(), value));
    fixed.chain(swept).fold(Inputs::new(), |inputs, (key, value)| input_of(inputs, key, value))
}

/// Adds a parameter; the elements of a list as `key.0`, `key.1` …
fn input_of(inputs: Inputs, key: &str, value: &Value) -> Inputs {
    match (value.as_f64(), value) {
        (Some(number), _) => inputs.with(key, number),
        (None, Value::Text(text)) => inputs.with_text(key, text),
        (None, Value::List(items)) => items
            .iter()
            .enumerate()
            .fold(inputs, |inputs, (i, item)| input_of(inputs, &format!("{key}.{i}"), item)),
        _ => inputs,
    }
}

/// The closed form that the scenario names for a metric at a point: by a gate that covers the point, else by a figure.
#[must_use]
pub fn theory_for(scenario: &Scenario, metric: &str, point: &Point) -> Option<&'static Theory> {
    let gates = scenario.expects.iter().filter(|e| e.metric == metric && point.matches(&e.filter));
    let by_gate = gates.flat_map(|e| &e.bounds).find_map(|bound| match bound {
        Bound::Theory { name, .. } => Some(name.as_str()),
        _ => None,
    });
    let drawn = scenario.plots.iter().filter(|p| p.y.as_deref() == Some(metric) && point.matches(&p.filter));
    find(by_gate.or_else(|| drawn.filter_map(|p| p.theory.as_deref()).next())?)
}

/// The metrics that gates and figures name, in their order; all observed ones but
/// `events` when they name none.
#[must_use]
pub fn headline(scenario: &Scenario, measured: &[Measured<'_>]) -> Vec<MetricSpec> {
    let specs = metric_specs(scenario);
    let named = scenario.expects.iter().map(|e| e.metric.as_str());
    let drawn = scenario.plots.iter().filter_map(|p| p.y.as_deref());
    let mut chosen: Vec<MetricSpec> = Vec::new();
    for name in drawn.chain(named) {
        if let Some(spec) = specs.iter().find(|s| s.name == name && chosen.iter().all(|c| c.name != name)) {
            chosen.push(*spec);
        }
    }
    if chosen.is_empty() {
        let wanted =
            |s: &MetricSpec| s.name != EVENTS.name && measured.iter().any(|m| m.metric(s.name).is_some());
        chosen = specs.into_iter().filter(wanted).collect();
    }
    chosen
}

//! From the results of a scenario to its figures.

use std::collections::BTreeMap;

use astrarium_runner::{
    Bound, Kind, MetricKind, MetricSpec, PlotKind, PlotSpec, Point, RunTable, Scenario, Value,
};

use super::curves::{crossings, distribution, theory_line};
use super::figure::{Axis, Comparison, Draw, Figure, Mark, Notation, Series};
use super::timeseries::{SeriesRows, time_figure};
use crate::measured::{Measured, headline, measure, metric_specs, values};
use crate::theory::{Theory, find};

/// Figures drawn of a scenario that asks for none.
const UNASKED: usize = 4;

/// The figures a scenario asks for, in its order, with the names of their files. A scenario without `[[plot]]` gets one per headline metric
/// against its first axis. Figures may be [empty](Figure::is_empty) when nothing they show was observed.
#[must_use]
pub fn figures(scenario: &Scenario, table: &RunTable, series: &SeriesRows) -> Vec<(String, Figure)> {
    let measured = measure(scenario, table);
    let unasked: Vec<PlotSpec>;
    let plots = if scenario.plots.is_empty() {
        let metrics = headline(scenario, &measured);
        let plot = |m: &MetricSpec| PlotSpec { y: Some(m.name.to_owned()), ..PlotSpec::default() };
        unasked = metrics.iter().take(UNASKED).map(plot).collect();
        &unasked
    } else {
        &scenario.plots
    };
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let composer = Composer { scenario, table, measured: &measured };
    let mut all = Vec::new();
    for plot in plots {
        let base =
            plot.series_name.as_ref().or(plot.y.as_ref()).cloned().unwrap_or_else(|| "figure".to_owned());
        let count = taken.entry(base.clone()).or_insert(0);
        *count += 1;
        let name = if *count == 1 { base } else { format!("{base}-{count}") };
        let figure = match &plot.series_name {
            Some(name) => time_figure(scenario, plot, name, series),
            None => composer.figure(plot),
        };
        all.extend(figure.map(|figure| (name, figure)));
    }
    all
}

/// Whether one axis takes the same value wherever the leading one does.
fn follows(shown: &[&Measured<'_>], leader: &str, key: &str) -> bool {
    let mut seen: Vec<(&Value, &Value)> = Vec::new();
    shown.iter().filter_map(|m| Some((m.point.value(leader)?, m.point.value(key)?))).all(|(at, value)| {
        let known = seen.iter().find(|(a, _)| *a == at).map(|(_, v)| *v);
        seen.push((at, value));
        known.is_none_or(|v| v == value)
    })
}

struct Composer<'a> {
    scenario: &'a Scenario,
    table: &'a RunTable,
    measured: &'a [Measured<'a>],
}

/// Points that belong to one series.
struct Group<'a> {
    label: String,
    points: Vec<&'a Measured<'a>>,
}

impl<'a> Composer<'a> {
    fn figure(&self, plot: &PlotSpec) -> Option<Figure> {
        let name = plot.y.as_deref()?;
        let metric = metric_specs(self.scenario).into_iter().find(|s| s.name == name)?;
        let shown: Vec<&Measured<'_>> =
            self.measured.iter().filter(|m| m.point.matches(&plot.filter)).collect();
        let swept = self.scenario.swept_keys();
        let x = plot.x.clone().or_else(|| swept.iter().find(|k| plot.series.as_ref() != Some(*k)).cloned());
        let varies = x.as_ref().is_some_and(|key| swept.contains(key));
        let figure = match (plot.kind, x) {
            (PlotKind::Cdf, _) => self.cdf(plot, &metric, &shown),
            (kind, Some(x)) if varies || shown.len() == 1 && plot.x.is_some() => {
                self.curve(plot, &metric, &shown, &x, kind == PlotKind::Bars)
            }
            (PlotKind::Bars, _) => self.bars_by_point(plot, &metric, &shown),
            _ if metric.kind == MetricKind::Event => self.bars_by_point(plot, &metric, &shown),
            _ => self.cdf(plot, &metric, &shown),
        };
        Some(figure)
    }

    fn base(&self, plot: &PlotSpec, metric: &MetricSpec, shown: &[&Measured<'_>], intervals: bool) -> Figure {
        let figures: Vec<_> = shown.iter().filter_map(|m| m.metric(metric.name)).collect();
        let methods: std::collections::BTreeSet<&str> =
            figures.iter().filter_map(|f| f.interval).map(|i| i.method.name()).collect();
        let title = plot.title.clone().unwrap_or_else(|| capital(&spaced(metric.name)));
        let (fewest, most) = (figures.iter().map(|f| f.n).min(), figures.iter().map(|f| f.n).max());
        let mut footer = vec![match (fewest, most) {
            (Some(a), Some(b)) if a == b => format!("n = {a} per point"),
            (Some(a), Some(b)) => format!("n = {a} to {b} per point"),
            _ => String::new(),
        }];
        if intervals {
            footer.extend(methods.iter().map(|m| format!("95 % intervals: {}", capital(m))));
        }
        Figure {
            title,
            subtitle: self.scenario.about.clone(),
            y: self.metric_axis(metric, shown, plot.log_y),
            interval: (intervals && !methods.is_empty()).then(|| "95 % interval".to_owned()),
            footer: footer_of(self.scenario, footer),
            ..Figure::default()
        }
    }

    fn metric_axis(&self, metric: &MetricSpec, shown: &[&Measured<'_>], log: bool) -> Axis {
        let within =
            shown.iter().filter_map(|m| m.metric(metric.name)).all(|f| (0.0..=1.0).contains(&f.mean));
        let named = ["share", "rate", "success", "ratio", "fraction", "probability"];
        let is_share = metric.unit.is_empty() && within && named.iter().any(|n| metric.name.contains(n));
        let percent = metric.kind == MetricKind::Event || is_share;
        let unit = if metric.unit.is_empty() { String::new() } else { format!(" ({})", metric.unit) };
        let notation = if percent { Notation::Percent } else { Notation::Number };
        Axis { title: format!("{}{unit}", spaced(metric.name)), log, notation, categories: Vec::new() }
    }

    /// Series are told apart by every axis but x, and but those that only follow another (zipped with it).
    fn groups(&self, shown: &[&'a Measured<'a>], x: &str, series: Option<&str>) -> Vec<Group<'a>> {
        let keys = self.scenario.swept_keys();
        let mut apart: Vec<&String> = Vec::new();
        // The series axis first: what follows it is not named beside it.
        let (first, rest): (Vec<_>, Vec<_>) = keys.iter().partition(|k| Some(k.as_str()) == series);
        for key in first.into_iter().chain(rest) {
            let asked = Some(key.as_str()) == series;
            let led = apart.iter().any(|leader| follows(shown, leader, key));
            if key != x && (asked || !led && !follows(shown, x, key)) {
                apart.push(key);
            }
        }
        let mut groups: Vec<Group<'a>> = Vec::new();
        for m in shown {
            let label = self.label(m.point, &apart, series);
            match groups.iter_mut().find(|g| g.label == label) {
                Some(group) => group.points.push(m),
                None => groups.push(Group { label, points: vec![m] }),
            }
        }
        groups
    }

    fn label(&self, point: &Point, keys: &[&String], series: Option<&str>) -> String {
        let part = |key: &String| {
            let value = point.value(key).map(|v| self.shown_value(key, v)).unwrap_or_default();
            if keys.len() == 1 || Some(key.as_str()) == series {
                value
            } else {
                format!("{} {value}", last(key))
            }
        };
        keys.iter().map(|k| part(k)).collect::<Vec<_>>().join(", ")
    }

    fn shown_value(&self, key: &str, value: &Value) -> String {
        match (self.param_notation(key, value), value.as_f64()) {
            (Notation::Percent, Some(x)) => super::scale::plain(x, Notation::Percent),
            _ => value.to_string(),
        }
    }

    fn param_notation(&self, key: &str, value: &Value) -> Notation {
        let kind = self.scenario.params().iter().find(|p| p.key == key).map(|p| &p.kind);
        match (kind, value) {
            (Some(Kind::Share), _) => Notation::Percent,
            (_, Value::Span(_)) => Notation::Seconds,
            _ => Notation::Number,
        }
    }

    fn param_axis(&self, key: &str, shown: &[&Measured<'_>], log: bool) -> Axis {
        let spec = self.scenario.params().iter().find(|p| p.key == key);
        let unit = match shown.first().and_then(|m| m.point.value(key)) {
            Some(Value::BitRate(_)) => " (bit/s)",
            Some(Value::Bytes(_)) => " (bytes)",
            Some(Value::PerSecond(_)) => " (1/s)",
            _ => "",
        };
        let about = spec.map(|p| p.about).filter(|a| a.chars().count() <= 60).map(str::to_owned);
        let title = format!("{}{unit}", about.unwrap_or_else(|| spaced(&key.replace('.', " "))));
        let numeric = |m: &&Measured<'_>| m.point.value(key).and_then(Value::as_f64).is_some();
        if !shown.iter().all(numeric) {
            return Axis { title, categories: self.categories(key, shown), ..Axis::default() };
        }
        let first = shown.first().and_then(|m| m.point.value(key));
        let notation = first.map_or(Notation::Number, |value| self.param_notation(key, value));
        Axis { title, log, notation, categories: Vec::new() }
    }

    fn categories(&self, key: &str, shown: &[&Measured<'_>]) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in shown.iter().filter_map(|m| m.point.value(key)).map(|v| self.shown_value(key, v)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn curve(
        &self,
        plot: &PlotSpec,
        metric: &MetricSpec,
        shown: &[&'a Measured<'a>],
        x: &str,
        bars: bool,
    ) -> Figure {
        let mut figure = self.base(plot, metric, shown, true);
        figure.x = self.param_axis(x, shown, plot.log_x);
        if bars && figure.x.categories.is_empty() {
            figure.x.categories = self.categories(x, shown);
        }
        figure.legend = plot.series.as_deref().map(|key| spaced(last(key))).unwrap_or_default();
        let theory = plot.theory.as_deref().and_then(find);
        let draw = if bars { Draw::Bars } else { Draw::Marks };
        let groups = self.groups(shown, x, plot.series.as_deref());
        for group in &groups {
            let place = |m: &Measured<'_>| self.abscissa(&figure.x, m.point, x);
            let mut series = Series { label: group.label.clone(), draw, ..Series::default() };
            series.marks = group.points.iter().filter_map(|m| mark(place(m)?, m, metric.name)).collect();
            series.marks.sort_by(|a, b| a.x.total_cmp(&b.x));
            if let Some(theory) = theory {
                series.theory = theory_line(theory, &group.points, x, figure.x.log, place);
            }
            series.bounds =
                group.points.iter().filter_map(|m| self.bounds(place(m)?, m, metric.name)).collect();
            figure.series.push(series);
        }
        if let Some(theory) = theory {
            self.add_theory(&mut figure, theory, &groups, x);
        }
        figure
    }

    fn add_theory(&self, figure: &mut Figure, theory: &Theory, groups: &[Group<'a>], x: &str) {
        figure.theory = Some(format!("theory: {}", theory.name));
        figure.footer = format!("{} · theory: {}", figure.footer, theory.source);
        let (Some(reference), Some(group)) = (theory.reference, groups.first()) else { return };
        let as_theory = Theory { value: reference.value, ..*theory };
        let place = |m: &Measured<'_>| self.abscissa(&figure.x, m.point, x);
        let line = theory_line(&as_theory, &group.points, x, figure.x.log, place);
        let crossings = crossings(&figure.series, &line);
        figure.comparison = Some(Comparison {
            label: reference.label.to_owned(),
            line,
            crossing: reference.crossing.to_owned(),
            crossings,
        });
    }

    fn abscissa(&self, axis: &Axis, point: &Point, key: &str) -> Option<f64> {
        let value = point.value(key)?;
        if axis.categories.is_empty() {
            return value.as_f64();
        }
        let name = self.shown_value(key, value);
        axis.categories.iter().position(|c| *c == name).map(|i| i as f64)
    }

    /// Bounds of theory that gates name for this metric at this point.
    fn bounds(&self, x: f64, m: &Measured<'_>, metric: &str) -> Option<(f64, f64, f64)> {
        let gates =
            || self.scenario.expects.iter().filter(|e| e.metric == metric && m.point.matches(&e.filter));
        let value = |name: &str| find(name).and_then(|t| (t.value)(&m.inputs));
        let low = gates().flat_map(|e| &e.bounds).find_map(|b| match b {
            Bound::TheoryLower(name) => value(name),
            _ => None,
        });
        let high = gates().flat_map(|e| &e.bounds).find_map(|b| match b {
            Bound::TheoryUpper(name) => value(name),
            _ => None,
        });
        Some((x, low?, high?))
    }

    fn bars_by_point(&self, plot: &PlotSpec, metric: &MetricSpec, shown: &[&'a Measured<'a>]) -> Figure {
        let mut figure = self.base(plot, metric, shown, true);
        let name = |m: &&Measured<'_>| {
            if m.point.swept.is_empty() { "all runs".to_owned() } else { m.point.label() }
        };
        figure.x.categories = shown.iter().map(name).collect();
        let marks = shown.iter().enumerate().filter_map(|(i, m)| mark(i as f64, m, metric.name)).collect();
        figure.series.push(Series { marks, draw: Draw::Bars, ..Series::default() });
        figure
    }

    /// The distribution of a quantity over replicas, a staircase per point; single runs as dots when there are few.
    fn cdf(&self, plot: &PlotSpec, metric: &MetricSpec, shown: &[&'a Measured<'a>]) -> Figure {
        let mut figure = self.base(plot, metric, shown, false);
        figure.legend = plot.series.as_deref().map(|key| spaced(last(key))).unwrap_or_default();
        figure.x = Axis { log: plot.log_x, ..figure.y };
        figure.y = Axis { title: "share of runs".to_owned(), notation: Notation::Percent, ..Axis::default() };
        let keys = self.scenario.swept_keys();
        let apart: Vec<&String> = keys.iter().collect();
        for m in shown {
            let values = values(self.table, m.point.index, metric.name);
            let label = self.label(m.point, &apart, plot.series.as_deref());
            figure.series.push(Series { label, ..distribution(&values) });
        }
        figure
    }
}

fn mark(x: f64, m: &Measured<'_>, metric: &str) -> Option<Mark> {
    let figures = m.metric(metric)?;
    Some(Mark { x, y: figures.mean, interval: figures.interval.map(|i| (i.lo, i.hi)) })
}

/// Footer parts, then what identifies the run.
pub(super) fn footer_of(scenario: &Scenario, mut parts: Vec<String>) -> String {
    parts.retain(|p| !p.is_empty());
    let size = if scenario.size == astrarium_runner::DEFAULT_SIZE {
        String::new()
    } else {
        format!(" ({})", scenario.size)
    };
    parts.push(format!("scenario {}{size}", scenario.name));
    parts.push(format!("seed {}", scenario.seed));
    parts.push(format!("astrarium {}", env!("CARGO_PKG_VERSION")));
    parts.join(" · ")
}

pub(super) fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

pub(super) fn spaced(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

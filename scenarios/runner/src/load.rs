//! From the text of a scenario to the resolved scenario: overlays, checks, expansion.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::axis::Sweep;
use crate::blame::blame;
use crate::canonical::{Input, file_keys, name_inputs};
use crate::demands::Gates;
use crate::diagnostics::{Diagnostics, Issue, Issues, Place};
use crate::document::{self, Node};
use crate::draft::{Draft, RESERVED, assign_param, find_fault, no_such_fault};
use crate::experiment::{Complaint, Experiment, Files};
use crate::gates::Vocabulary;
use crate::head::{self, Counts};
use crate::network::presets;
use crate::params::{Entry, Origin, Params};
use crate::points::Point;
use crate::registry::Registry;
use crate::resolve::{Resolver, at, kind_of};
use crate::scenario::{DEFAULT_SIZE, LoadOptions, Scenario};
use crate::spec::{Kind, ParamSpec, SystemSpec, quoted};
use crate::value::Value;

/// Most runs of one scenario.
const MAX_RUNS: u64 = 100_000_000;

/// Resolves the text of a scenario.
pub(crate) fn load_text(
    text: &str,
    path: &Path,
    files: Files,
    registry: &Registry,
    vocabulary: Vocabulary<'_>,
    options: &LoadOptions,
) -> Result<Scenario, Diagnostics> {
    let mut issues = Issues::default();
    let source = issues.source(path.display().to_string(), text);
    let root = match document::parse(text, source, 0, &Origin::File) {
        Ok(root) => root,
        Err(issue) => {
            issues.add(issue);
            return issues.finish(None);
        }
    };
    let mut draft = Draft::new(root, &mut issues);
    let Some(experiment) = system(&draft, registry, &mut issues) else { return issues.finish(None) };
    let params: Arc<[ParamSpec]> = experiment.spec().all_params().into();
    let others = other_sizes(&draft, options);
    let pristine = if others.is_empty() { None } else { Some(draft.clone()) };
    let size = overlay(&mut draft, experiment.spec(), &params, options, &mut issues);
    let mut loader = Loader { experiment, params, files, vocabulary, issues };
    if let Some(pristine) = &pristine {
        others.iter().for_each(|size| loader.check_size(pristine, size, options));
    }
    let scenario = loader.resolve(draft, path, size);
    loader.issues.finish(scenario)
}

fn system(draft: &Draft, registry: &Registry, issues: &mut Issues) -> Option<Arc<dyn Experiment>> {
    let expected = || format!("one of {}", quoted(registry.names()));
    let Some(node) = draft.head("system") else {
        let issue = Issue::new(draft.place, "system", "`system` is missing: what shall be simulated?");
        issues.add(issue.expected(expected()));
        return None;
    };
    let Some(name) = node.text() else {
        issues.add(
            Issue::new(node.place, "system", format!("`system` cannot be {}", node.describe()))
                .expected(expected()),
        );
        return None;
    };
    let found = registry.get(name);
    if found.is_none() {
        let issue = Issue::new(node.place, "system", format!("unknown system \"{name}\""));
        issues.add(issue.expected(expected()).suggest(name, registry.names()));
    }
    found
}

/// Sizes that are defined but not chosen.
fn other_sizes(draft: &Draft, options: &LoadOptions) -> Vec<String> {
    draft.sizes.iter().map(|f| f.key.clone()).filter(|key| Some(key) != options.size.as_ref()).collect()
}

/// Applies size, `--set`, `--seed`, `--order-seed` and `--replicas`, in this order; returns the name of the size.
fn overlay(
    draft: &mut Draft,
    system: &SystemSpec,
    params: &[ParamSpec],
    options: &LoadOptions,
    issues: &mut Issues,
) -> String {
    let size = options.size.clone().unwrap_or_else(|| DEFAULT_SIZE.to_string());
    let sizes: Vec<&str> = draft.sizes.iter().map(|f| f.key.as_str()).chain([DEFAULT_SIZE]).collect();
    if !sizes.contains(&size.as_str()) {
        let issue = Issue::new(draft.place, "size", format!("the scenario has no size \"{size}\""));
        issues.add(issue.expected(format!("one of {}", quoted(sizes.iter().copied()))).suggest(&size, sizes));
    }
    draft.apply_size(&size, system, params, issues);
    command_line(draft, system, params, options, issues);
    size
}

/// Applies `--set`, `--seed`, `--order-seed` and `--replicas`.
fn command_line(
    draft: &mut Draft,
    system: &SystemSpec,
    params: &[ParamSpec],
    options: &LoadOptions,
    issues: &mut Issues,
) {
    for set in &options.sets {
        draft.apply_set(set, system, params, issues);
    }
    let flags = [("seed", options.seed), ("order_seed", options.order_seed), ("replicas", options.replicas)];
    for (key, value) in flags.into_iter().filter_map(|(key, value)| Some((key, value?))) {
        let flag = format!("--{} {value}", key.replace('_', "-"));
        let source = issues.source(flag.as_str(), value.to_string());
        let place = Place { source, start: 0, end: value.to_string().len() };
        match i64::try_from(value) {
            Ok(i) => {
                let node = Node::from_value(&Value::Integer(i), place, &Origin::Set);
                draft.set(key, place, node, system, params, issues);
            }
            Err(_) => {
                let issue = Issue::new(place, key, format!("{flag} is too large"));
                issues.add(issue.expected(format!("at most {}", i64::MAX)));
            }
        }
    }
}

struct Loader<'v> {
    experiment: Arc<dyn Experiment>,
    params: Arc<[ParamSpec]>,
    files: Files,
    vocabulary: Vocabulary<'v>,
    issues: Issues,
}

impl Loader<'_> {
    fn resolve(&mut self, mut draft: Draft, path: &Path, size: String) -> Option<Scenario> {
        let experiment = Arc::clone(&self.experiment);
        let spec = experiment.spec();
        let params = Arc::clone(&self.params);
        let files = self.files.clone();
        let sizes: Vec<String> = draft.sizes.iter().map(|f| f.key.clone()).collect();
        let mut resolver = Resolver { files: &files, issues: &mut self.issues };
        let name = head::name(&mut resolver, &draft, path);
        let about = head::text(&mut resolver, &draft, "about").unwrap_or_default();
        let Counts { seed, order_seed, replicas } = head::counts(&mut resolver, &draft);
        if !spec.network {
            reject_network(&mut resolver, &draft, spec);
        }
        resolver.unknown_keys(&draft.root, "", &params, &RESERVED);
        let mut sweep = resolver.sweep(&draft, spec, &params);
        let mut gates = Gates {
            resolver: &mut resolver,
            system: spec,
            params: &params,
            vocabulary: self.vocabulary,
            sizes,
        };
        let mut expects = gates.expects(&draft, &size);
        let mut plots = gates.plots(&draft);
        let claims = gates.claims(&draft);
        let series = gates.series(&draft);
        if resolver.issues.is_full() {
            return None;
        }
        first_values(&mut resolver, &mut draft, &sweep, &params);
        let entries = entries(&mut resolver, &draft, &params);
        let faults = resolver.faults(&draft.faults);
        let base = Params::new(entries, faults, series.write.clone());
        if !resolver.issues.is_empty() {
            return None;
        }
        let mut points = resolver.points(&draft, &base, &sweep, &params);
        let inputs = inputs(&params, &points);
        relabel_files(&inputs, spec, &params, &mut sweep, &mut points);
        let filters =
            expects.iter_mut().map(|e| &mut e.filter).chain(plots.iter_mut().map(|p| &mut p.filter));
        for (key, values) in filters.flatten() {
            if matches!(kind_of(spec, &params, key), Some(Kind::Variants(_))) {
                values.iter_mut().for_each(|value| rename_within(value, &inputs));
            }
        }
        let origins = draft.head.iter().filter_map(|f| origin_of(&f.key, &f.node)).collect();
        self.limit_runs(&draft, &sweep, replicas);
        if self.issues.is_empty() {
            self.validate(&draft, &sweep, &points);
        }
        Some(Scenario {
            name,
            about,
            path: path.to_path_buf(),
            seed,
            order_seed,
            replicas,
            size,
            sweep,
            points,
            expects,
            plots,
            claims,
            series,
            files,
            base,
            inputs,
            origins,
            params,
            experiment,
        })
    }

    fn limit_runs(&mut self, draft: &Draft, sweep: &Sweep, replicas: u64) {
        let points = sweep.len();
        if (points as u64).saturating_mul(replicas) > MAX_RUNS {
            let place = draft.head("replicas").map_or(draft.place, |n| n.place);
            let message = format!("{points} points × {replicas} replicas are more than {MAX_RUNS} runs");
            self.issues.add(Issue::new(place, "replicas", message).help("lower `replicas` or sweep less"));
        }
    }

    /// Checks a size that was not chosen: a broken [size.full] shows at once. What the command line mends is no problem, nor
    /// is what it would only break at that size: a problem counts when it is there with and without `--set`.
    fn check_size(&mut self, pristine: &Draft, size: &str, options: &LoadOptions) {
        let without = self.problems_of(pristine.clone(), size, &LoadOptions::default());
        if without.is_empty() {
            return;
        }
        let with = self.problems_of(pristine.clone(), size, options);
        self.issues.join(without, |problem| with.contains(problem));
    }

    /// Looks at the keys and values of a size, without asking the system about their combination.
    fn problems_of(&self, mut draft: Draft, size: &str, options: &LoadOptions) -> Issues {
        let experiment = Arc::clone(&self.experiment);
        let params = Arc::clone(&self.params);
        let mut issues = self.issues.sibling();
        draft.apply_size(size, experiment.spec(), &params, &mut issues);
        command_line(&mut draft, experiment.spec(), &params, options, &mut issues);
        let mut resolver = Resolver { files: &self.files, issues: &mut issues };
        resolver.unknown_keys(&draft.root, "", &params, &RESERVED);
        let sweep = resolver.sweep(&draft, experiment.spec(), &params);
        first_values(&mut resolver, &mut draft, &sweep, &params);
        entries(&mut resolver, &draft, &params);
        resolver.faults(&draft.faults);
        head::counts(&mut resolver, &draft);
        issues
    }

    /// Lets the system reject combinations of parameters.
    fn validate(&mut self, draft: &Draft, sweep: &Sweep, points: &[Point]) {
        for point in points {
            if self.issues.is_full() {
                return;
            }
            if let Err(Complaint { key, problem, help }) =
                self.experiment.validate(&point.params, &self.files)
            {
                let place = blame(draft, sweep, point, &key);
                let at = point.label();
                let at = if at.is_empty() { at } else { format!(" (at {at})") };
                self.issues.add(Issue::new(place, key, format!("{problem}{at}")).help(help));
            }
        }
    }
}

/// The value of every parameter.
fn entries(resolver: &mut Resolver<'_>, draft: &Draft, params: &[ParamSpec]) -> BTreeMap<String, Entry> {
    let mut entries = BTreeMap::new();
    for param in params {
        let preset = presets::node(&draft.root, param.key, resolver.issues);
        let (node, section) = (at(&draft.root, param.key).or(preset.as_ref()), section(draft, param.key));
        resolver.param(param, param.key, node, section, &mut entries);
    }
    entries
}

/// All files that any point names, in point order.
fn inputs(params: &[ParamSpec], points: &[Point]) -> Vec<Input> {
    let keys = file_keys(params, "");
    let text = |point: &'_ Point, key: &String| point.params.get(key).map(Value::cell);
    let paths: Vec<String> = points.iter().flat_map(|p| keys.iter().filter_map(|k| text(p, k))).collect();
    name_inputs(paths.iter().map(String::as_str))
}

/// Swept files are called by the name of their copy, so that a rerun from the run directory writes the same cells.
fn relabel_files(
    inputs: &[Input],
    system: &SystemSpec,
    params: &[ParamSpec],
    sweep: &mut Sweep,
    points: &mut [Point],
) {
    for axis in &mut sweep.axes {
        let rename = |label: &mut Value| match kind_of(system, params, &axis.key) {
            Some(Kind::File) => {
                if let Some(input) = inputs.iter().find(|i| Value::Text(i.path.clone()) == *label) {
                    *label = Value::Text(input.name.clone());
                }
            }
            Some(Kind::Variants(_)) => rename_within(label, inputs),
            _ => {}
        };
        axis.values.iter_mut().for_each(|v| rename(&mut v.label));
        for point in points.iter_mut() {
            point.swept.iter_mut().filter(|(key, _)| *key == axis.key).for_each(|(_, v)| rename(v));
        }
    }
}

/// In the label of a variant with fields, `matrix(file=data/a.csv, spread=fixed)`, files go by the names of their copies too.
fn rename_within(label: &mut Value, inputs: &[Input]) {
    let Value::Text(text) = label else { return };
    for input in inputs {
        for end in [",", ")"] {
            *text = text.replace(&format!("={}{end}", input.path), &format!("={}{end}", input.name));
        }
    }
}

fn section(draft: &Draft, key: &str) -> Place {
    let first = key.split('.').next().unwrap_or(key);
    at(&draft.root, first).map_or(draft.place, |n| n.place)
}

fn origin_of(key: &str, node: &Node) -> Option<(&'static str, Origin)> {
    let known = ["seed", "order_seed", "replicas", "name", "about"].into_iter().find(|k| *k == key)?;
    Some((known, node.origin.clone()))
}

/// Puts the first value of every axis into the tree: the base that all points vary.
fn first_values(resolver: &mut Resolver<'_>, draft: &mut Draft, sweep: &Sweep, params: &[ParamSpec]) {
    for axis in &sweep.axes {
        let Some(first) = axis.values.first() else { continue };
        match axis.key.strip_prefix("fault.").and_then(|rest| rest.split_once('.')) {
            Some((id, field)) => match find_fault(&mut draft.faults, id) {
                Some(fault) => fault.assign(&[field], axis.place, first.node.clone()),
                None => resolver.issues.add(no_such_fault(axis.place, &axis.key, id)),
            },
            None => {
                assign_param(
                    &mut draft.root,
                    &axis.key,
                    axis.place,
                    first.node.clone(),
                    params,
                    resolver.issues,
                );
            }
        }
    }
}

fn reject_network(resolver: &mut Resolver<'_>, draft: &Draft, spec: &SystemSpec) {
    for fault in &draft.faults {
        let issue = Issue::new(fault.place, "fault", format!("{} has no network that could fail", spec.name));
        resolver.issues.add(issue.help("remove [[fault]]"));
    }
}

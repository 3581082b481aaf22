//! The points of a sweep, and the seeds of the replicas.

use std::collections::{BTreeMap, BTreeSet};

use astrarium_node::hash::mix;

use crate::axis::{Axis, Sweep};
use crate::document::Node;
use crate::draft::{Draft, assign_param, find_fault, no_such_fault};
use crate::network::presets;
use crate::params::{Entry, Params};
use crate::resolve::{Resolver, at};
use crate::spec::ParamSpec;
use crate::value::Value;

/// One combination of swept values.
#[derive(Debug, Clone)]
pub struct Point {
    /// Number of the point in sweep order, from 0.
    pub index: usize,
    /// The swept parameters with their values, in file order.
    pub swept: Vec<(String, Value)>,
    /// All parameters.
    pub params: Params,
}

impl Point {
    /// `adversary.share = 0.3, adversary.confirmations = 6`; empty without a sweep.
    #[must_use]
    pub fn label(&self) -> String {
        self.swept.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
    }

    /// The value of a swept or fixed parameter.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.swept.iter().find(|(k, _)| k == key).map(|(_, v)| v).or_else(|| self.params.get(key))
    }

    /// True when every key has one of the given values, as in `where` of a gate.
    #[must_use]
    pub fn matches(&self, filter: &[(String, Vec<Value>)]) -> bool {
        filter.iter().all(|(key, values)| {
            let kind_key = format!("{key}.kind");
            let mine = self.value(key).or_else(|| self.params.get(&kind_key));
            // The label of a file is its name; a filter names it by its path, as the parameter does.
            [mine, self.params.get(key)].into_iter().flatten().any(|mine| values.contains(mine))
        })
    }
}

/// Seed of a replica: depends on the scenario's seed and the replica's number only, so that all points of a sweep share
/// their random numbers and differences between them are paired.
///
/// Two rounds of a 64-bit mixer over (seed, domain, replica): neighbouring seeds and replicas have unrelated streams.
#[must_use]
pub fn replica_seed(scenario_seed: u64, replica: u64) -> u64 {
    // ASCII "replica": keeps these seeds apart from other uses of the mixer.
    const DOMAIN: u64 = 0x0072_6570_6c69_6361;
    mix(mix(scenario_seed, DOMAIN), replica)
}

impl Resolver<'_> {
    /// Expands a sweep. `draft` already holds the first value of every axis.
    pub(crate) fn points(
        &mut self,
        draft: &Draft,
        base: &Params,
        sweep: &Sweep,
        params: &[ParamSpec],
    ) -> Vec<Point> {
        let touched: Vec<&ParamSpec> = params
            .iter()
            .filter(|p| {
                let changes = |a: &Axis| {
                    a.key == p.key
                        || below(&a.key, p.key)
                        || (a.key == presets::KEY && presets::governs(p.key))
                };
                sweep.axes.iter().any(changes)
            })
            .collect();
        let mut points = Vec::with_capacity(sweep.len());
        for index in 0..sweep.len() {
            let positions = sweep.positions(index);
            let swept: Vec<(String, Value)> = sweep
                .axes
                .iter()
                .zip(&positions)
                .map(|(axis, at)| (axis.key.clone(), axis.values[*at].label.clone()))
                .collect();
            let params = if sweep.axes.is_empty() {
                base.clone()
            } else {
                self.point(draft, base, sweep, &positions, &touched, params)
            };
            points.push(Point { index, swept, params });
            if self.issues.is_full() {
                break;
            }
        }
        points
    }

    fn point(
        &mut self,
        draft: &Draft,
        base: &Params,
        sweep: &Sweep,
        positions: &[usize],
        touched: &[&ParamSpec],
        params: &[ParamSpec],
    ) -> Params {
        let mut local = local_tree(&draft.root, touched);
        let mut faults = None;
        for (axis, at) in sweep.axes.iter().zip(positions) {
            let node = axis.values[*at].node.clone();
            match axis.key.strip_prefix("fault.").and_then(|rest| rest.split_once('.')) {
                Some((id, field)) => {
                    let nodes = faults.get_or_insert_with(|| draft.faults.clone());
                    match find_fault(nodes, id) {
                        Some(fault) => fault.assign(&[field], axis.place, node),
                        None => self.issues.add(no_such_fault(axis.place, &axis.key, id)),
                    }
                }
                None => assign_param(&mut local, &axis.key, axis.place, node, params, self.issues),
            }
        }
        let mut fresh: BTreeMap<String, Entry> = BTreeMap::new();
        let named = if at(&local, presets::KEY).is_some() { &local } else { &draft.root };
        for spec in touched {
            let preset = presets::node(named, spec.key, self.issues);
            let node = at_key(&local, spec.key).or(preset.as_ref());
            self.param(spec, spec.key, node, draft.place, &mut fresh);
        }
        let gone: BTreeSet<String> = base
            .iter()
            .map(|(key, _)| key)
            .filter(|key| {
                touched.iter().any(|p| *key == p.key || below(key, p.key)) && !fresh.contains_key(*key)
            })
            .map(str::to_string)
            .collect();
        let mut changes: BTreeMap<String, Option<Entry>> = gone.into_iter().map(|key| (key, None)).collect();
        changes.extend(
            fresh
                .into_iter()
                .filter(|(key, entry)| base.entry(key) != Some(entry))
                .map(|(k, e)| (k, Some(e))),
        );
        let faults = faults.map(|nodes| self.faults(&nodes));
        base.with(changes, faults)
    }
}

/// Only what the sweep touches is copied for a point.
fn local_tree(root: &Node, touched: &[&ParamSpec]) -> Node {
    let mut local = Node::table(root.place, root.origin.clone());
    for spec in touched {
        if let Some(node) = at(root, spec.key) {
            local.assign(&spec.key.split('.').collect::<Vec<_>>(), node.place, node.clone());
        }
    }
    local
}

fn at_key<'n>(root: &'n Node, key: &str) -> Option<&'n Node> {
    at(root, key)
}

fn below(key: &str, parent: &str) -> bool {
    key.strip_prefix(parent).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replica_seeds_differ_and_depend_on_seed_and_replica_only() {
        let mut seen = BTreeSet::new();
        for seed in 0..50 {
            for replica in 0..50 {
                assert!(seen.insert(replica_seed(seed, replica)));
            }
        }
    }
}

//! What a size and `--set` change in a draft: head values, axes, fields of faults, parameters.

use crate::diagnostics::{Issue, Issues, Place};
use crate::document::{Content, Field, Node, parse_value};
use crate::draft::{Draft, HEAD, assign_param, find_fault, no_such_fault};
use crate::faults;
use crate::params::Origin;
use crate::resolve::kind_of;
use crate::spec::{ParamSpec, SystemSpec};

impl Draft {
    /// Applies the overlay of a size; the body alone is the size `default`.
    pub(crate) fn apply_size(
        &mut self,
        size: &str,
        system: &SystemSpec,
        params: &[ParamSpec],
        issues: &mut Issues,
    ) {
        let Some(overlay) = self.sizes.iter().find(|f| f.key == size).cloned() else { return };
        let origin = Origin::Size(size.into());
        for field in overlay.node.fields().unwrap_or_default() {
            self.set(
                &field.key,
                field.place,
                field.node.clone().with_origin(&origin),
                system,
                params,
                issues,
            );
        }
    }

    /// Applies one `--set key=value`.
    pub(crate) fn apply_set(
        &mut self,
        text: &str,
        system: &SystemSpec,
        params: &[ParamSpec],
        issues: &mut Issues,
    ) {
        // The name of a source goes to the terminal as it is.
        let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let source = issues.source(format!("--set {shown}"), text);
        let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            let place = Place { source, start: 0, end: text.len() };
            let issue = Issue::new(place, "", format!("--set {shown}: this is not key=value"));
            return issues
                .add(issue.expected("a dotted key, `=`, a value: --set protocol.block_interval=10s"));
        };
        let place = Place { source, start: 0, end: key.len() };
        // Places in the value: it starts after the key and the equals sign.
        let shift = isize::try_from(key.len() + 1).unwrap_or(0);
        let node = match parse_value(value, source, shift, &Origin::Set) {
            Ok(node) => node,
            Err(issue) if value.trim_start().starts_with(['[', '{', '"', '\'']) => return issues.add(issue),
            Err(_) => {
                let place = Place { source, start: key.len() + 1, end: text.len() };
                Node { place, origin: Origin::Set, content: Content::Text(value.trim().to_string()) }
            }
        };
        self.set(key.trim(), place, node, system, params, issues);
    }

    /// Replaces what a dotted key means: a head value, an axis, a fault's field or a parameter.
    pub(crate) fn set(
        &mut self,
        key: &str,
        place: Place,
        node: Node,
        system: &SystemSpec,
        params: &[ParamSpec],
        issues: &mut Issues,
    ) {
        let section = key.split('.').next().unwrap_or(key);
        match section {
            "system" | "expect" | "plot" | "claim" | "size" => {
                let issue = Issue::new(place, key, format!("`{section}` cannot be overridden"));
                issues.add(issue.expected("a parameter, an axis of the sweep, `seed` or `replicas`"));
            }
            _ if HEAD.contains(&key) => self.set_head(key, place, node),
            "series" => self.set_series(key, place, node),
            "sweep" => {
                let rest = key.strip_prefix("sweep.").unwrap_or_default();
                let field = Field { key: rest.to_string(), place, node };
                self.add_sweep(&field, true, issues);
            }
            _ if self.axes.iter().any(|a| a.key == key) => {
                // The sweep would hide a plain value.
                let kind = kind_of(system, params, key);
                self.overlay_axis(key, place, node, kind.as_ref(), issues);
            }
            _ if self.swept_whole(key).is_some() => {
                let whole = self.swept_whole(key).unwrap_or_default();
                let message = format!("`{whole}` is swept, so `{key}` alone would change nothing");
                let help = format!("replace the axis: {whole} = {{ kind = … }} or a list of such tables");
                issues.add(Issue::new(place, key, message).help(help));
            }
            "fault" => self.set_fault(key, place, node, system, params, issues),
            _ => self.set_param(key, place, node, system, params, issues),
        }
    }

    /// The axis whose values are tables that hold this key.
    fn swept_whole(&self, key: &str) -> Option<&str> {
        let holds = |axis: &str| key.strip_prefix(axis).is_some_and(|rest| rest.starts_with('.'));
        self.axes.iter().map(|axis| axis.key.as_str()).find(|axis| holds(axis))
    }

    fn set_series(&mut self, key: &str, place: Place, node: Node) {
        match key.strip_prefix("series.") {
            None => self.series = Some(node),
            Some(field) => {
                let path: Vec<&str> = field.split('.').collect();
                let empty = Node::table(place, node.origin.clone());
                self.series.get_or_insert(empty).assign(&path, place, node);
            }
        }
    }

    fn set_head(&mut self, key: &str, place: Place, node: Node) {
        self.head.retain(|f| f.key != key);
        self.head.push(Field { key: key.to_string(), place, node });
    }

    /// Replaces all faults, some fields of one, or one field.
    fn set_fault(
        &mut self,
        key: &str,
        place: Place,
        node: Node,
        system: &SystemSpec,
        params: &[ParamSpec],
        issues: &mut Issues,
    ) {
        let path: Vec<&str> = key.split('.').collect();
        match (path.as_slice(), node.content) {
            ([_], Content::Array(items)) => self.faults = items,
            ([_, id], Content::Table(_)) if find_fault(&mut self.faults, id).is_none() => {
                issues.add(no_such_fault(place, key, id));
            }
            // Field by field, so that swept ones replace their axes; `kind` first, since it drops the fields of the old one.
            ([_] | [_, _], Content::Table(mut fields)) => {
                fields.sort_by_key(|f| f.key != "kind");
                for field in fields {
                    let key = format!("{key}.{}", field.key);
                    self.set(&key, field.place, field.node, system, params, issues);
                }
            }
            ([_, id, field @ ..], content) if !field.is_empty() => {
                let value = Node { content, ..node };
                match find_fault(&mut self.faults, id) {
                    Some(fault) => {
                        if *field == ["kind"] && fault.get("kind").and_then(Node::text) != value.text() {
                            keep_common(fault);
                        }
                        fault.assign(field, place, value);
                    }
                    None => issues.add(no_such_fault(place, key, id)),
                }
            }
            _ => {
                let issue = Issue::new(place, key, format!("`{key}` does not name a field of a fault"));
                issues.add(issue.expected("fault.<id>.<field>, for example fault.fault-1.at"));
            }
        }
    }

    fn set_param(
        &mut self,
        key: &str,
        place: Place,
        node: Node,
        system: &SystemSpec,
        params: &[ParamSpec],
        issues: &mut Issues,
    ) {
        // `stop` says when a run ends: another condition replaces the former one instead of joining it.
        if key == "stop"
            && let Content::Table(sections) = &mut self.root.content
        {
            sections.retain(|f| f.key != "stop");
        }
        let declared = kind_of(system, params, key).is_some();
        let below = format!("{key}.");
        let is_section = !declared && params.iter().any(|p| p.key.starts_with(&below));
        match node.content {
            Content::Table(fields) if is_section => {
                for field in fields {
                    self.set(
                        &format!("{below}{}", field.key),
                        field.place,
                        field.node,
                        system,
                        params,
                        issues,
                    );
                }
            }
            content => assign_param(&mut self.root, key, place, Node { content, ..node }, params, issues),
        }
    }
}

/// Drops what belongs to the kind of a fault, and leaves what every fault has.
fn keep_common(fault: &mut Node) {
    let common = faults::params();
    if let Content::Table(fields) = &mut fault.content {
        fields.retain(|f| common.iter().any(|p| p.key == f.key));
    }
}

//! The scenario before it is resolved: the file's sections, with size overlay and `--set` applied.

use crate::diagnostics::{Issue, Issues, Place};
use crate::document::{Content, Field, Node, parse_default, parse_value};
use crate::params::Origin;
use crate::resolve::{at, kind_of};
use crate::spec::{Kind, ParamSpec, SystemSpec};

/// Keys of the language itself; everything else at the top level is a parameter section.
pub(crate) const RESERVED: [&str; 13] = [
    "name",
    "system",
    "about",
    "seed",
    "order_seed",
    "replicas",
    "series",
    "fault",
    "sweep",
    "expect",
    "plot",
    "claim",
    "size",
];
/// Keys of one value each.
const HEAD: [&str; 6] = ["name", "system", "about", "seed", "order_seed", "replicas"];
/// Keys that make a table the range of an axis.
const RANGE: [&str; 5] = ["from", "to", "step", "points", "scale"];

/// An axis of the sweep as written.
#[derive(Debug, Clone)]
pub(crate) struct RawAxis {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) node: Node,
}

/// The sections of a scenario.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// The file as a whole, for problems without a better place.
    pub(crate) place: Place,
    /// `name`, `system`, `about`, `seed`, `order_seed`, `replicas`.
    pub(crate) head: Vec<Field>,
    /// The parameter sections.
    pub(crate) root: Node,
    pub(crate) faults: Vec<Node>,
    pub(crate) axes: Vec<RawAxis>,
    pub(crate) zip: Option<Node>,
    pub(crate) series: Option<Node>,
    pub(crate) expects: Vec<Node>,
    pub(crate) plots: Vec<Node>,
    pub(crate) claims: Vec<Node>,
    pub(crate) sizes: Vec<Field>,
}

impl Draft {
    /// Sorts the top level of a file into sections.
    pub(crate) fn new(root: Node, issues: &mut Issues) -> Self {
        let place = Place { end: 0, ..root.place };
        let mut draft = Self {
            place: Place { start: 0, ..place },
            head: Vec::new(),
            root: Node::table(place, Origin::File),
            faults: Vec::new(),
            axes: Vec::new(),
            zip: None,
            series: None,
            expects: Vec::new(),
            plots: Vec::new(),
            claims: Vec::new(),
            sizes: Vec::new(),
        };
        let Content::Table(fields) = root.content else { return draft };
        let mut sections = Vec::new();
        for field in fields {
            match field.key.as_str() {
                key if HEAD.contains(&key) => draft.head.push(field),
                "series" => draft.series = Some(field.node),
                "sweep" => draft.add_sweep(&field, false, issues),
                "fault" => draft.faults = tables(field, issues),
                "expect" => draft.expects = tables(field, issues),
                "plot" => draft.plots = tables(field, issues),
                "claim" => draft.claims = tables(field, issues),
                "size" => draft.sizes = sizes(field, issues),
                _ => sections.push(field),
            }
        }
        draft.root.content = Content::Table(sections);
        draft
    }

    /// A value of the head.
    pub(crate) fn head(&self, key: &str) -> Option<&Node> {
        self.head.iter().find(|f| f.key == key).map(|f| &f.node)
    }

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
        let source = issues.source(format!("--set {text}"), text);
        let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            let place = Place { source, start: 0, end: text.len() };
            let issue = Issue::new(place, "", format!("--set {text}: this is not key=value"));
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
            "series" if key == "series" => self.series = Some(node),
            "sweep" => {
                let rest = key.strip_prefix("sweep.").unwrap_or_default();
                let field = Field { key: rest.to_string(), place, node };
                self.add_sweep(&field, true, issues);
            }
            _ if self.axes.iter().any(|a| a.key == key) => {
                self.replace_axis(key, place, node, kind_of(system, params, key).as_ref());
            }
            "fault" => self.set_fault(key, place, node, issues),
            _ => self.set_param(key, place, node, system, params, issues),
        }
    }

    fn set_head(&mut self, key: &str, place: Place, node: Node) {
        self.head.retain(|f| f.key != key);
        self.head.push(Field { key: key.to_string(), place, node });
    }

    /// A value on a swept key – a parameter's or a fault's – takes the place of the axis: the sweep would hide it.
    fn replace_axis(&mut self, key: &str, place: Place, node: Node, kind: Option<&Kind>) {
        if let Some(axis) = self.axes.iter_mut().find(|a| a.key == key) {
            axis.node = as_axis(node, kind);
            axis.place = place;
        }
    }

    fn set_fault(&mut self, key: &str, place: Place, node: Node, issues: &mut Issues) {
        let path: Vec<&str> = key.split('.').collect();
        match (path.as_slice(), node.content) {
            ([_], Content::Array(items)) => self.faults = items,
            ([_, id, field @ ..], content) if !field.is_empty() => {
                let value = Node { content, ..node };
                match find_fault(&mut self.faults, id) {
                    Some(fault) => fault.assign(field, place, value),
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

    /// Adds or replaces axes: a list or a range is an axis, any other table holds axes.
    fn add_sweep(&mut self, field: &Field, overlay: bool, issues: &mut Issues) {
        let key = if field.key == "sweep" { "" } else { field.key.as_str() };
        if key == "zip" {
            self.zip = Some(field.node.clone());
            return;
        }
        match &field.node.content {
            Content::Table(fields) if !fields.iter().any(|f| RANGE.contains(&f.key.as_str())) => {
                if fields.is_empty() && !key.is_empty() {
                    issues.add(not_an_axis(key, field.place));
                }
                for inner in fields {
                    let path =
                        if key.is_empty() { inner.key.clone() } else { format!("{key}.{}", inner.key) };
                    let inner = Field { key: path, place: inner.place, node: inner.node.clone() };
                    self.add_sweep(&inner, overlay, issues);
                }
            }
            Content::Table(_) | Content::Array(_) => self.add_axis(key, field, overlay, issues),
            _ if overlay => {
                let node = as_axis(field.node.clone(), None);
                self.add_axis(key, &Field { node, ..field.clone() }, overlay, issues);
            }
            _ => issues.add(not_an_axis(key, field.node.place)),
        }
    }

    fn add_axis(&mut self, key: &str, field: &Field, overlay: bool, issues: &mut Issues) {
        if key.is_empty() {
            return issues.add(not_an_axis("sweep", field.node.place));
        }
        let axis = RawAxis { key: key.to_string(), place: field.place, node: field.node.clone() };
        match self.axes.iter_mut().find(|a| a.key == key) {
            Some(old) if overlay => *old = axis,
            Some(_) => {
                let issue = Issue::new(field.place, key, format!("the axis `{key}` is given twice"));
                issues.add(issue.help("remove one of them; it may be written as \"a.b\" = … or under a.b"));
            }
            None => self.axes.push(axis),
        }
    }
}

/// Puts a value into the parameter sections, completing the variant it belongs to.
pub(crate) fn assign_param(
    root: &mut Node,
    key: &str,
    place: Place,
    node: Node,
    params: &[ParamSpec],
    issues: &mut Issues,
) {
    for param in params.iter().filter(|p| matches!(p.kind, Kind::Variants(_))) {
        let Some(field) = key.strip_prefix(param.key).and_then(|r| r.strip_prefix('.')) else { continue };
        let path: Vec<&str> = param.key.split('.').collect();
        if field == "kind" {
            // Another kind has other fields: the old ones go.
            root.assign(&path, place, node);
            return;
        }
        let start = match at(root, param.key) {
            Some(old) => match &old.content {
                Content::Text(_) => Some(old.clone()),
                _ => None,
            },
            None => param.default.and_then(|literal| parse_default(param.key, literal, issues)),
        };
        if let Some(mut start) = start {
            if matches!(start.content, Content::Text(_)) {
                let kind = Field { key: "kind".into(), place: start.place, node: start.clone() };
                start.content = Content::Table(vec![kind]);
            }
            root.assign(&path, place, start);
        }
        break;
    }
    root.assign(&key.split('.').collect::<Vec<_>>(), place, node);
}

/// The fault with this id, or the N-th for `fault-N`.
pub(crate) fn find_fault<'n>(faults: &'n mut [Node], id: &str) -> Option<&'n mut Node> {
    faults.get_mut(fault_position(faults, id)?)
}

/// Where [`find_fault`] finds it.
pub(crate) fn fault_position(faults: &[Node], id: &str) -> Option<usize> {
    let named = |node: &Node| node.get("id").and_then(Node::text) == Some(id);
    faults.iter().position(named).or_else(|| {
        let number: usize = id.strip_prefix("fault-")?.parse().ok()?;
        let at = number.checked_sub(1)?;
        faults.get(at)?.get("id").is_none().then_some(at)
    })
}

pub(crate) fn no_such_fault(place: Place, key: &str, id: &str) -> Issue {
    Issue::new(place, key, format!("no [[fault]] has the id \"{id}\""))
        .help("faults without `id` are called fault-1, fault-2 … in file order")
}

/// A single value becomes an axis of one point; lists and ranges stay.
fn as_axis(node: Node, kind: Option<&Kind>) -> Node {
    let is_range = node.fields().is_some_and(|f| f.iter().any(|f| RANGE.contains(&f.key.as_str())));
    let is_list = match (&node.content, kind) {
        (Content::Array(items), Some(Kind::List { .. })) => {
            items.iter().all(|i| matches!(i.content, Content::Array(_)))
        }
        (Content::Array(_), _) => true,
        _ => false,
    };
    if is_range || is_list {
        return node;
    }
    Node { place: node.place, origin: node.origin.clone(), content: Content::Array(vec![node]) }
}

fn not_an_axis(key: &str, place: Place) -> Issue {
    Issue::new(place, key, format!("`{key}` is not an axis of a sweep")).expected(
        "a list [1, 2, 3], a range { from = 0, to = 1, step = 0.1 } or { from = 1, to = 1000, points = 4, scale = \"log\" }",
    )
}

/// The elements of an array of tables.
fn tables(field: Field, issues: &mut Issues) -> Vec<Node> {
    match field.node.content {
        Content::Array(items) => items,
        _ => {
            let message = format!("`{}` must be written with two brackets", field.key);
            issues.add(
                Issue::new(field.place, field.key.as_str(), message).expected(format!("[[{}]]", field.key)),
            );
            Vec::new()
        }
    }
}

fn sizes(field: Field, issues: &mut Issues) -> Vec<Field> {
    let wrong = |place, key: &str| {
        Issue::new(place, key, format!("`{key}` is not a table of overrides"))
            .expected("[size.smoke] or [size.full]")
    };
    match field.node.content {
        Content::Table(fields) => {
            for size in fields.iter().filter(|f| f.node.fields().is_none()) {
                issues.add(wrong(size.place, &format!("size.{}", size.key)));
            }
            fields
        }
        _ => {
            issues.add(wrong(field.place, "size"));
            Vec::new()
        }
    }
}

//! The scenario before it is resolved: the file's sections. What a size and `--set` change in them is in `overlay.rs`.

use crate::diagnostics::{Issue, Issues, Place};
use crate::document::{Content, Field, Node};
use crate::network::presets;
use crate::params::Origin;
use crate::resolve::at;
use crate::scenario::DEFAULT_SIZE;
use crate::spec::{Kind, ParamSpec};

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
pub(crate) const HEAD: [&str; 6] = ["name", "system", "about", "seed", "order_seed", "replicas"];
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
    /// Axes that an overlay fixed at one value and so took out of `zip`.
    pub(crate) unzipped: Vec<String>,
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
            unzipped: Vec::new(),
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

    /// Adds or replaces axes: a table that is no range holds axes, everything else is one (if it can be, see
    /// [`Resolver::sweep`]).
    pub(crate) fn add_sweep(&mut self, field: &Field, overlay: bool, issues: &mut Issues) {
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
            _ if overlay => self.overlay_axis(key, field.place, field.node.clone(), None, issues),
            _ => self.add_axis(key, field, issues),
        }
    }

    fn add_axis(&mut self, key: &str, field: &Field, issues: &mut Issues) {
        if key.is_empty() {
            return issues.add(not_an_axis("sweep", field.node.place));
        }
        if self.axes.iter().any(|a| a.key == key) {
            let issue = Issue::new(field.place, key, format!("the axis `{key}` is given twice"));
            return issues
                .add(issue.help("remove one of them; it may be written as \"a.b\" = … or under a.b"));
        }
        self.axes.push(RawAxis { key: key.to_string(), place: field.place, node: field.node.clone() });
    }

    /// Replaces an axis, or adds one. An axis of one value has nothing to advance together with: it leaves its `zip`.
    pub(crate) fn overlay_axis(
        &mut self,
        key: &str,
        place: Place,
        node: Node,
        kind: Option<&Kind>,
        issues: &mut Issues,
    ) {
        if key.is_empty() {
            return issues.add(not_an_axis("sweep", node.place));
        }
        let node = as_axis(node, kind);
        if matches!(&node.content, Content::Array(items) if items.len() == 1) {
            self.unzip(key);
        }
        let axis = RawAxis { key: key.to_string(), place, node };
        match self.axes.iter_mut().find(|a| a.key == key) {
            Some(old) => *old = axis,
            None => self.axes.push(axis),
        }
    }

    fn unzip(&mut self, key: &str) {
        let Some(Content::Array(groups)) = self.zip.as_mut().map(|zip| &mut zip.content) else { return };
        for group in groups {
            let Content::Array(names) = &mut group.content else { continue };
            let before = names.len();
            names.retain(|name| name.text() != Some(key));
            if names.len() < before {
                self.unzipped.push(key.to_string());
            }
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
            None => presets::unset(root, param, issues),
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

/// The complaint about what is neither a list nor a range.
pub(crate) fn not_an_axis(key: &str, place: Place) -> Issue {
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

/// Whether a word can stand in a dotted key and on a command line as it is.
pub(crate) fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
}

fn sizes(field: Field, issues: &mut Issues) -> Vec<Field> {
    let wrong = |place, key: &str| {
        Issue::new(place, key, format!("`{key}` is not a table of overrides"))
            .expected("[size.smoke] or [size.full]")
    };
    match field.node.content {
        Content::Table(fields) => {
            for size in &fields {
                let key = format!("size.{}", size.key);
                if size.node.fields().is_none() {
                    issues.add(wrong(size.place, &key));
                } else if size.key == DEFAULT_SIZE {
                    let issue = Issue::new(size.place, key, "`default` is the file without a size");
                    issues.add(issue.help("write these values into the file's own sections"));
                } else if !is_plain(&size.key) {
                    let issue =
                        Issue::new(size.place, key, format!("a size cannot be called {:?}", size.key));
                    issues.add(issue.expected("letters, digits, dashes and underscores"));
                }
            }
            fields
        }
        _ => {
            issues.add(wrong(field.place, "size"));
            Vec::new()
        }
    }
}

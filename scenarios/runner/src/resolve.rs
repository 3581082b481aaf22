//! From a tree to typed values: units, ranges, defaults, variants, unknown keys.

use std::collections::BTreeMap;

use crate::diagnostics::{Issue, Issues, Place, nearest};
use crate::document::{Content, Field, Node, parse_literal};
use crate::draft::is_plain;
use crate::experiment::Files;
use crate::params::{Entry, FaultParams, Origin};
use crate::spec::{Kind, ParamSpec, SystemSpec, Variant, quoted};
use crate::value::Value;
use crate::{faults, units};

/// Resolves nodes against declarations and collects what is wrong.
pub(crate) struct Resolver<'a> {
    pub(crate) files: &'a Files,
    pub(crate) issues: &'a mut Issues,
}

/// The node at a dotted key.
pub(crate) fn at<'n>(root: &'n Node, key: &str) -> Option<&'n Node> {
    key.split('.').try_fold(root, |node, part| node.get(part))
}

/// The kind of a dotted key, looking into variants and faults.
pub(crate) fn kind_of(spec: &SystemSpec, params: &[ParamSpec], key: &str) -> Option<Kind> {
    if let Some(rest) = key.strip_prefix("fault.") {
        let (_, field) = rest.split_once('.')?;
        return spec.network.then(|| fault_field(field)).flatten();
    }
    params.iter().find_map(|p| kind_below(p, key))
}

fn kind_below(param: &ParamSpec, key: &str) -> Option<Kind> {
    if param.key == key {
        return Some(param.kind.clone());
    }
    let rest = key.strip_prefix(param.key)?.strip_prefix('.')?;
    let Kind::Variants(variants) = &param.kind else { return None };
    variants.iter().flat_map(|v| &v.params).find_map(|p| kind_below(p, rest))
}

fn fault_field(field: &str) -> Option<Kind> {
    let kinds = faults::kinds();
    let own = kinds.iter().flat_map(|v| &v.params);
    faults::params().iter().chain(own).find(|p| p.key == field && field != "id").map(|p| p.kind.clone())
}

impl Resolver<'_> {
    /// Resolves one parameter into `out`.
    pub(crate) fn param(
        &mut self,
        spec: &ParamSpec,
        key: &str,
        node: Option<&Node>,
        section: Place,
        out: &mut BTreeMap<String, Entry>,
    ) {
        if let Some(node) = node {
            return self.given(&spec.kind, key, node, out);
        }
        if let Some(literal) = spec.default {
            if let Some(node) = parse_literal(key, literal, &Origin::Default, self.issues) {
                self.given(&spec.kind, key, &node, out);
            }
        } else if !spec.optional {
            self.issues.add(
                Issue::new(section, key, format!("`{key}` is missing"))
                    .expected(spec.kind.expectation())
                    .help(format!("it has no default: {}", spec.about)),
            );
        }
    }

    fn given(&mut self, kind: &Kind, key: &str, node: &Node, out: &mut BTreeMap<String, Entry>) {
        if let Kind::Variants(variants) = kind {
            self.variant(variants, key, node, out);
        } else if let Some(value) = self.value(kind, key, node) {
            out.insert(key.to_string(), Entry { value, origin: node.origin.clone() });
        }
    }

    fn variant(&mut self, variants: &[Variant], key: &str, node: &Node, out: &mut BTreeMap<String, Entry>) {
        let expectation =
            || format!("a table with `kind` = one of {}", quoted(variants.iter().map(|v| v.name)));
        let (word, word_node, fields): (&str, &Node, &[Field]) = match &node.content {
            Content::Text(word) => (word, node, &[]),
            Content::Table(fields) => match node.get("kind") {
                Some(kind_node) => match kind_node.text() {
                    Some(word) => (word, kind_node, fields),
                    None => return self.mismatch(key, kind_node, expectation()),
                },
                None => {
                    let issue = Issue::new(node.place, key, format!("`{key}` has no `kind`"));
                    return self.issues.add(issue.expected(expectation()));
                }
            },
            _ => return self.mismatch(key, node, expectation()),
        };
        let Some(variant) = variants.iter().find(|v| v.name == word) else {
            let issue =
                Issue::new(word_node.place, format!("{key}.kind"), format!("`{key}` has no kind \"{word}\""));
            return self
                .issues
                .add(issue.expected(expectation()).suggest(word, variants.iter().map(|v| v.name)));
        };
        let entry = Entry { value: Value::Text(word.to_string()), origin: word_node.origin.clone() };
        out.insert(format!("{key}.kind"), entry);
        self.known_fields(key, word, fields, &variant.params);
        for param in &variant.params {
            let given = fields.iter().find(|f| f.key == param.key).map(|f| &f.node);
            self.param(param, &format!("{key}.{}", param.key), given, node.place, out);
        }
    }

    fn known_fields(&mut self, key: &str, word: &str, fields: &[Field], params: &[ParamSpec]) {
        let names = || params.iter().map(|p| p.key);
        for field in fields.iter().filter(|f| f.key != "kind" && !names().any(|n| n == f.key)) {
            let expected = if params.is_empty() {
                "no further keys".into()
            } else {
                format!("`kind`, {}", list(names()))
            };
            let path = format!("{key}.{}", field.key);
            let message = format!("`{}` is not a key of `{key}` with kind \"{word}\"", field.key);
            self.issues
                .add(Issue::new(field.place, path, message).expected(expected).suggest(&field.key, names()));
        }
    }

    /// Reads a value of a kind without variants.
    pub(crate) fn value(&mut self, kind: &Kind, key: &str, node: &Node) -> Option<Value> {
        let read = match (kind, &node.content) {
            (Kind::Bool, Content::Bool(b)) => Ok(Value::Bool(*b)),
            (Kind::Integer { min, max }, Content::Integer(i)) => between(*i, *min, *max).map(Value::Integer),
            (Kind::Number { min, max }, Content::Integer(i)) => {
                finite(*i as f64).and_then(|x| between(x, *min, *max)).map(Value::Number)
            }
            (Kind::Number { min, max }, Content::Float(x)) => {
                finite(*x).and_then(|x| between(x, *min, *max)).map(Value::Number)
            }
            (Kind::Share, Content::Integer(i)) => between(*i as f64, 0.0, 1.0).map(Value::Number),
            (Kind::Share, Content::Float(x)) => {
                finite(*x).and_then(|x| between(x, 0.0, 1.0)).map(Value::Number)
            }
            (Kind::Share, Content::Text(t)) => {
                units::parse_percent(t).and_then(|x| between(x, 0.0, 1.0)).map(Value::Number)
            }
            (Kind::Span { min, max }, Content::Text(t)) => units::parse_span(t)
                .and_then(|ns| {
                    between(ns, *min, *max).map_err(|_| {
                        format!(
                            "is not between {} and {}",
                            units::format_span(*min),
                            units::format_span(*max)
                        )
                    })
                })
                .map(Value::Span),
            (Kind::BitRate, Content::Text(t)) => units::parse_bit_rate(t)
                .and_then(|x| if x > 0.0 { Ok(x) } else { Err("must be above zero".into()) })
                .map(Value::BitRate),
            (Kind::Bytes, Content::Text(t)) => units::parse_bytes(t).map(Value::Bytes),
            (Kind::PerSecond, Content::Text(t)) => units::parse_per_second(t).map(Value::PerSecond),
            // The key names the unit.
            (Kind::Bytes, Content::Integer(bytes)) if key.ends_with("_bytes") => {
                u64::try_from(*bytes).map(Value::Bytes).map_err(|_| "is below zero".to_string())
            }
            (
                Kind::Span { .. } | Kind::BitRate | Kind::Bytes | Kind::PerSecond,
                Content::Integer(_) | Content::Float(_),
            ) => Err("has no unit".into()),
            (Kind::Text, Content::Text(t)) => Ok(Value::Text(t.clone())),
            (Kind::Choice(words), Content::Text(t)) => return self.choice(words, key, t, node),
            (Kind::File, Content::Text(t)) => return self.file(key, t, node),
            (Kind::List { of, min_len, max_len }, Content::Array(items)) => {
                return self.list(of, (*min_len, *max_len), key, node, items);
            }
            _ => {
                self.mismatch(key, node, kind.expectation());
                return None;
            }
        };
        match read {
            Ok(value) => Some(value),
            Err(why) => {
                let message = format!("`{key}`: {} {why}", node.describe());
                self.issues.add(Issue::new(node.place, key, message).expected(kind.expectation()));
                None
            }
        }
    }

    fn choice(&mut self, words: &[&str], key: &str, word: &str, node: &Node) -> Option<Value> {
        if words.contains(&word) {
            return Some(Value::Text(word.to_string()));
        }
        let issue = Issue::new(node.place, key, format!("`{key}` cannot be \"{word}\""))
            .expected(format!("one of {}", quoted(words.iter().copied())))
            .suggest(word, words.iter().copied());
        self.issues.add(issue);
        None
    }

    fn file(&mut self, key: &str, text: &str, node: &Node) -> Option<Value> {
        let path = self.files.base.join(text);
        let problem = match std::fs::metadata(&path) {
            Ok(meta) if meta.is_file() => return Some(Value::Text(text.to_string())),
            Ok(_) => "it is not a regular file".to_string(),
            Err(e) => e.to_string(),
        };
        let issue = Issue::new(
            node.place,
            key,
            // Control characters do not belong into a terminal.
            format!("`{key}`: cannot use the file {}: {problem}", path.display().to_string().escape_debug()),
        )
        .expected(Kind::File.expectation());
        self.issues.add(issue);
        None
    }

    fn list(
        &mut self,
        of: &Kind,
        (min, max): (usize, usize),
        key: &str,
        node: &Node,
        items: &[Node],
    ) -> Option<Value> {
        if items.len() < min || items.len() > max {
            let kind = Kind::list(of.clone(), min, max);
            let issue = Issue::new(node.place, key, format!("`{key}` has {} values", items.len()));
            self.issues.add(issue.expected(kind.expectation()));
            return None;
        }
        let values: Vec<Value> = items.iter().filter_map(|item| self.value(of, key, item)).collect();
        (values.len() == items.len()).then_some(Value::List(values))
    }

    pub(crate) fn mismatch(&mut self, key: &str, node: &Node, expected: String) {
        let message = format!("`{key}` cannot be {}", node.describe());
        self.issues.add(Issue::new(node.place, key, message).expected(expected));
    }

    /// Complains about keys of the parameter sections that no declaration knows.
    pub(crate) fn unknown_keys(
        &mut self,
        root: &Node,
        prefix: &str,
        params: &[ParamSpec],
        reserved: &[&str],
    ) {
        for field in root.fields().unwrap_or_default() {
            let key = if prefix.is_empty() { field.key.clone() } else { format!("{prefix}.{}", field.key) };
            if params.iter().any(|p| p.key == key) {
                continue;
            }
            let below = format!("{key}.");
            if params.iter().any(|p| p.key.starts_with(&below)) {
                if field.node.fields().is_some() {
                    self.unknown_keys(&field.node, &key, params, reserved);
                } else {
                    self.mismatch(&key, &field.node, format!("a section: [{key}]"));
                }
                continue;
            }
            self.unknown_key(field, &key, prefix, params, reserved);
        }
    }

    fn unknown_key(
        &mut self,
        field: &Field,
        key: &str,
        prefix: &str,
        params: &[ParamSpec],
        reserved: &[&str],
    ) {
        let siblings = siblings(prefix, params, reserved);
        let message = if prefix.is_empty() {
            format!("unknown key or section `{}`", field.key)
        } else {
            format!("unknown key `{}` in [{prefix}]", field.key)
        };
        let mut issue = Issue::new(field.place, key, message)
            .expected(format!("one of {}", list(siblings.iter().map(String::as_str))));
        // The right word in the wrong section is the likeliest mistake after a misspelling.
        let elsewhere = params.iter().find(|p| p.key.rsplit('.').next() == Some(field.key.as_str()));
        issue = match (nearest(&field.key, siblings.iter().map(String::as_str)), elsewhere) {
            (Some(near), _) => issue.help(format!("did you mean `{near}`?")),
            (None, Some(param)) => issue.help(format!("did you mean `{}`?", param.key)),
            (None, None) => issue,
        };
        self.issues.add(issue);
    }

    /// Resolves `[[fault]]`.
    pub(crate) fn faults(&mut self, nodes: &[Node]) -> Vec<FaultParams> {
        let (common, kinds) = (faults::params(), faults::kinds());
        let mut found: Vec<FaultParams> = Vec::new();
        for (i, node) in nodes.iter().enumerate() {
            let key = format!("fault-{}", i + 1);
            if let Some(fault) = self.fault(&key, node, &common, &kinds) {
                if found.iter().any(|f| f.id == fault.id) {
                    let issue =
                        Issue::new(node.place, "fault", format!("two faults have the id \"{}\"", fault.id));
                    self.issues.add(issue.help("give every [[fault]] its own `id`"));
                }
                found.push(fault);
            }
        }
        found
    }

    fn fault(
        &mut self,
        key: &str,
        node: &Node,
        common: &[ParamSpec],
        kinds: &[Variant],
    ) -> Option<FaultParams> {
        if node.fields().is_none() {
            self.mismatch("fault", node, "a table: [[fault]]".into());
            return None;
        }
        let with_common: Vec<Variant> = kinds
            .iter()
            .map(|v| {
                let params = common.iter().chain(&v.params).cloned().collect();
                Variant::new(v.name, v.about, params)
            })
            .collect();
        let mut flat = BTreeMap::new();
        self.variant(&with_common, key, node, &mut flat);
        let mut fields: BTreeMap<String, Entry> = flat
            .into_iter()
            .filter_map(|(k, e)| Some((k.strip_prefix(key)?.strip_prefix('.')?.to_string(), e)))
            .collect();
        let word = |entry: Option<Entry>| match entry?.value {
            Value::Text(t) => Some(t),
            _ => None,
        };
        let kind = word(fields.remove("kind"))?;
        let id = word(fields.remove("id")).unwrap_or_else(|| key.to_string());
        if !is_plain(&id) {
            let issue =
                Issue::new(node.place, "fault.id", format!("the id {id:?} of a fault is not a plain word"));
            self.issues.add(issue.help("letters, digits, dashes and underscores"));
        }
        Some(FaultParams { id, kind, fields })
    }
}

/// Names that may stand in a section: the next component of every declared key below it.
fn siblings(prefix: &str, params: &[ParamSpec], reserved: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for param in params {
        let rest = if prefix.is_empty() {
            Some(param.key)
        } else {
            param.key.strip_prefix(prefix).and_then(|r| r.strip_prefix('.'))
        };
        if let Some(name) = rest.and_then(|r| r.split('.').next())
            && !names.iter().any(|n| n == name)
        {
            names.push(name.to_string());
        }
    }
    if prefix.is_empty() {
        names.extend(reserved.iter().map(ToString::to_string));
    }
    names
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

fn finite(x: f64) -> Result<f64, String> {
    if x.is_finite() { Ok(x) } else { Err("is not finite".into()) }
}

fn between<T: PartialOrd + std::fmt::Display>(x: T, min: T, max: T) -> Result<T, String> {
    if x >= min && x <= max { Ok(x) } else { Err(format!("is not between {min} and {max}")) }
}

/// Marks a node as set by the sweep.
pub(crate) fn swept(node: &Node) -> Node {
    node.clone().with_origin(&Origin::Sweep)
}

//! The head of a scenario: its name, texts and counts.

use std::path::Path;

use crate::diagnostics::Issue;
use crate::draft::Draft;
use crate::resolve::Resolver;
use crate::spec::Kind;
use crate::value::Value;

/// Most replicas of one point.
const MAX_REPLICAS: i64 = 100_000_000;
/// Replicas when the scenario does not say.
const DEFAULT_REPLICAS: u64 = 1;
/// Seed when the scenario does not say.
const DEFAULT_SEED: u64 = 1;
/// Order seed when the scenario does not say.
const DEFAULT_ORDER_SEED: u64 = 0;

/// The numbers of the head.
pub(crate) struct Counts {
    pub(crate) seed: u64,
    pub(crate) order_seed: u64,
    pub(crate) replicas: u64,
}

/// Reads the numbers of the head.
pub(crate) fn counts(resolver: &mut Resolver<'_>, draft: &Draft) -> Counts {
    let mut read = |key, min, max, default| count(resolver, draft, key, min, max).unwrap_or(default);
    Counts {
        seed: read("seed", 0, i64::MAX, DEFAULT_SEED),
        order_seed: read("order_seed", 0, i64::MAX, DEFAULT_ORDER_SEED),
        replicas: read("replicas", 1, MAX_REPLICAS, DEFAULT_REPLICAS),
    }
}

pub(crate) fn text(resolver: &mut Resolver<'_>, draft: &Draft, key: &str) -> Option<String> {
    match resolver.value(&Kind::Text, key, draft.head(key)?)? {
        Value::Text(t) => Some(t),
        _ => None,
    }
}

/// The name, which also names a directory.
pub(crate) fn name(resolver: &mut Resolver<'_>, draft: &Draft, path: &Path) -> String {
    const EXPECTED: &str =
        "letters, digits, dashes, underscores and dots, not beginning with a dot, at most 100";
    let Some(node) = draft.head("name") else {
        let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let issue = Issue::new(draft.place, "name", "`name` is missing").expected(EXPECTED);
        let issue = if is_name(&stem) { issue.help(format!("name = \"{stem}\"")) } else { issue };
        resolver.issues.add(issue);
        return String::new();
    };
    let name = text(resolver, draft, "name").unwrap_or_default();
    if node.text().is_some() && !is_name(&name) {
        let message = format!("`name` cannot be {}: it names the run directory", node.describe());
        resolver.issues.add(Issue::new(node.place, "name", message).expected(EXPECTED));
    }
    name
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.chars().all(plain)
}

fn count(resolver: &mut Resolver<'_>, draft: &Draft, key: &str, min: i64, max: i64) -> Option<u64> {
    match resolver.value(&Kind::integer(min, max), key, draft.head(key)?)? {
        Value::Integer(i) => u64::try_from(i).ok(),
        _ => None,
    }
}

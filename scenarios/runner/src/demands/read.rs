//! Single values of a demand: numbers, words and flags.

use super::Gates;
use crate::diagnostics::Issue;
use crate::document::{Content, Node};
use crate::spec::Kind;
use crate::value::Value;

impl Gates<'_, '_> {
    /// A number, or a percentage in quotes.
    pub(super) fn number(&mut self, node: &Node, section: &str, key: &str) -> Option<f64> {
        let at = node.get(key)?;
        let path = format!("{section}.{key}");
        let number = self.number_at(at, &path)?;
        if number < 0.0 && matches!(key, "tolerance" | "sigmas") {
            let issue = Issue::new(at.place, path, format!("`{key}` is negative"));
            self.resolver.issues.add(issue.expected("zero or more"));
        }
        Some(number)
    }

    fn number_at(&mut self, at: &Node, path: &str) -> Option<f64> {
        let kind = if at.text().is_some() { Kind::Share } else { Kind::number(f64::MIN, f64::MAX) };
        self.resolver.value(&kind, path, at)?.as_f64()
    }

    /// Two ascending numbers.
    pub(super) fn pair(&mut self, node: &Node) -> Option<(f64, f64)> {
        const KEY: &str = "expect.between";
        let expected = || "two numbers [low, high], low ≤ high".to_string();
        let Content::Array(items) = &node.content else {
            self.resolver.mismatch(KEY, node, expected());
            return None;
        };
        let [low, high] = items.as_slice() else {
            self.resolver.mismatch(KEY, node, expected());
            return None;
        };
        let (low, high) = (self.number_at(low, KEY), self.number_at(high, KEY));
        let (low, high) = (low?, high?);
        if low > high {
            self.resolver.mismatch(KEY, node, expected());
            return None;
        }
        Some((low, high))
    }

    pub(super) fn word(&mut self, node: &Node, section: &str, key: &str) -> Option<String> {
        match self.resolver.value(&Kind::Text, &format!("{section}.{key}"), node.get(key)?)? {
            Value::Text(t) => Some(t),
            _ => None,
        }
    }

    pub(super) fn choice(
        &mut self,
        node: &Node,
        section: &str,
        key: &str,
        words: &'static [&'static str],
    ) -> Option<String> {
        match self.resolver.value(&Kind::Choice(words), &format!("{section}.{key}"), node.get(key)?)? {
            Value::Text(t) => Some(t),
            _ => None,
        }
    }

    pub(super) fn flag(&mut self, node: &Node, section: &str, key: &str) -> bool {
        let read =
            node.get(key).and_then(|at| self.resolver.value(&Kind::Bool, &format!("{section}.{key}"), at));
        read == Some(Value::Bool(true))
    }
}

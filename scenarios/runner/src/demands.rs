//! Reads `[[expect]]`, `[[plot]]`, `[[claim]]` and `[series]`.

mod read;

use crate::diagnostics::{Issue, Place};
use crate::document::{Content, Node};
use crate::draft::Draft;
use crate::gates::{Bound, Claim, Expect, PlotKind, PlotSpec, SeriesWish, Vocabulary};
use crate::resolve::{Resolver, kind_of};
use crate::spec::{Kind, ParamSpec, SystemSpec, quoted};
use crate::value::Value;

const EXPECT_KEYS: [&str; 14] = [
    "metric",
    "where",
    "at_most",
    "at_least",
    "between",
    "equals",
    "tolerance",
    "theory",
    "sigmas",
    "theory_lower",
    "theory_upper",
    "confidence",
    "size",
    "about",
];
const PLOT_KEYS: [&str; 10] =
    ["kind", "x", "y", "series", "series_name", "theory", "log_x", "log_y", "title", "where"];
const CLAIM_KEYS: [&str; 4] = ["id", "about", "metric", "note"];
const BOUND_HELP: &str = "at_most, at_least, between = [a, b], equals with tolerance, theory with sigmas, theory_lower or \
                          theory_upper";

/// Reads the gates of one scenario.
pub(crate) struct Gates<'r, 'a> {
    pub(crate) resolver: &'r mut Resolver<'a>,
    pub(crate) system: &'r SystemSpec,
    pub(crate) params: &'r [ParamSpec],
    pub(crate) vocabulary: Vocabulary<'r>,
    /// Sizes the file defines, besides `default`.
    pub(crate) sizes: Vec<String>,
}

impl Gates<'_, '_> {
    /// The gates that are evaluated at a size.
    pub(crate) fn expects(&mut self, draft: &Draft, size: &str) -> Vec<Expect> {
        draft.expects.iter().filter_map(|node| self.expect(node, size)).collect()
    }

    fn expect(&mut self, node: &Node, size: &str) -> Option<Expect> {
        self.keys("expect", node, &EXPECT_KEYS);
        let metric = self.required_metric("expect", node, "metric");
        let filter = self.filter("expect", node);
        let bounds = self.bounds(node);
        if bounds.is_empty() && self.resolver.issues.is_empty() {
            let issue = Issue::new(node.place, "expect", "this [[expect]] demands nothing");
            self.resolver.issues.add(issue.expected(BOUND_HELP));
        }
        let confidence = self.number(node, "expect", "confidence").unwrap_or(0.95);
        if !(confidence > 0.0 && confidence < 1.0) {
            let place = node.get("confidence").map_or(node.place, |n| n.place);
            let issue =
                Issue::new(place, "expect.confidence", format!("a confidence of {confidence} is impossible"));
            self.resolver.issues.add(issue.expected("a number above 0 and below 1, such as 0.95"));
        }
        let about = self.word(node, "expect", "about");
        let applies = self.applies(node, size);
        let line = self.resolver.issues.line(node.place);
        let expect = Expect { metric: metric?, filter, bounds, confidence, about, line };
        applies.then_some(expect)
    }

    fn bounds(&mut self, node: &Node) -> Vec<Bound> {
        let mut bounds = Vec::new();
        bounds.extend(self.number(node, "expect", "at_most").map(Bound::AtMost));
        bounds.extend(self.number(node, "expect", "at_least").map(Bound::AtLeast));
        if let Some(pair) = node.get("between") {
            bounds.extend(self.pair(pair).map(|(low, high)| Bound::Between(low, high)));
        }
        match (self.number(node, "expect", "equals"), self.number(node, "expect", "tolerance")) {
            (Some(value), tolerance) => {
                bounds.push(Bound::Equals { value, tolerance: tolerance.unwrap_or(0.0) });
            }
            (None, Some(_)) => self.lonely(node, "tolerance", "equals"),
            (None, None) => {}
        }
        match (self.theory(node, "expect", "theory"), self.number(node, "expect", "sigmas")) {
            (Some(name), sigmas) => bounds.push(Bound::Theory { name, sigmas: sigmas.unwrap_or(3.5) }),
            (None, Some(_)) if node.get("theory").is_none() => self.lonely(node, "sigmas", "theory"),
            _ => {}
        }
        bounds.extend(self.theory(node, "expect", "theory_lower").map(Bound::TheoryLower));
        bounds.extend(self.theory(node, "expect", "theory_upper").map(Bound::TheoryUpper));
        bounds
    }

    fn lonely(&mut self, node: &Node, key: &str, partner: &str) {
        let place = node.get(key).map_or(node.place, |n| n.place);
        let issue =
            Issue::new(place, format!("expect.{key}"), format!("`{key}` means nothing without `{partner}`"));
        self.resolver.issues.add(issue.expected(format!("`{partner}` beside it")));
    }

    fn applies(&mut self, node: &Node, size: &str) -> bool {
        let Some(wanted) = node.get("size") else { return true };
        let words = match &wanted.content {
            Content::Array(items) => items.clone(),
            _ => vec![wanted.clone()],
        };
        if words.is_empty() {
            let issue = Issue::new(
                wanted.place,
                "expect.size",
                "`expect.size` names no size: the gate is never looked at",
            );
            self.resolver.issues.add(issue.help("leave `size` out to apply it at every size"));
        }
        let known = || self.sizes.iter().map(String::as_str).chain(["default"]);
        let mut applies = false;
        for word in &words {
            match word.text() {
                Some(name) if known().any(|k| k == name) => applies |= name == size,
                _ => {
                    let message = format!("`expect.size` cannot be {}", word.describe());
                    let issue = Issue::new(word.place, "expect.size", message)
                        .expected(format!("one or several of {}", quoted(known())));
                    self.resolver.issues.add(issue);
                }
            }
        }
        applies
    }

    /// The figures.
    pub(crate) fn plots(&mut self, draft: &Draft) -> Vec<PlotSpec> {
        draft.plots.iter().map(|node| self.plot(node)).collect()
    }

    fn plot(&mut self, node: &Node) -> PlotSpec {
        self.keys("plot", node, &PLOT_KEYS);
        let kind = match self.choice(node, "plot", "kind", PlotKind::NAMES).as_deref() {
            Some("cdf") => PlotKind::Cdf,
            Some("bars") => PlotKind::Bars,
            _ => PlotKind::Curve,
        };
        let series_name = self.word(node, "plot", "series_name");
        if let (Some(name), Some(at)) = (&series_name, node.get("series_name")) {
            self.known_series(name, at);
        }
        let y = match node.get("y") {
            Some(_) => self.required_metric("plot", node, "y"),
            None if series_name.is_some() => None,
            None => self.required_metric("plot", node, "y"),
        };
        let plot = PlotSpec {
            kind,
            x: self.parameter(node, "x"),
            y,
            series: self.parameter(node, "series"),
            series_name,
            theory: self.theory(node, "plot", "theory"),
            log_x: self.flag(node, "plot", "log_x"),
            log_y: self.flag(node, "plot", "log_y"),
            title: self.word(node, "plot", "title"),
            filter: self.filter("plot", node),
            line: self.resolver.issues.line(node.place),
        };
        if plot.x.is_none()
            && node.get("x").is_none()
            && plot.series_name.is_none()
            && kind == PlotKind::Curve
        {
            let issue = Issue::new(node.place, "plot.x", "a curve needs `x`");
            self.resolver.issues.add(issue.expected("a parameter, or kind = \"cdf\""));
        }
        plot
    }

    /// The claims.
    pub(crate) fn claims(&mut self, draft: &Draft) -> Vec<Claim> {
        draft.claims.iter().filter_map(|node| self.claim(node)).collect()
    }

    fn claim(&mut self, node: &Node) -> Option<Claim> {
        self.keys("claim", node, &CLAIM_KEYS);
        let id = self.word(node, "claim", "id");
        if node.get("id").is_none() {
            let issue = Issue::new(node.place, "claim.id", "a [[claim]] needs an `id`");
            self.resolver.issues.add(issue.expected("the claim's identifier, for example \"chiron/CL-58\""));
        }
        let metric = node.get("metric").and_then(|_| self.required_metric("claim", node, "metric"));
        let about = self.word(node, "claim", "about");
        let note = self.word(node, "claim", "note");
        Some(Claim { id: id?, about, metric, note })
    }

    /// The wish for time series.
    pub(crate) fn series(&mut self, draft: &Draft) -> SeriesWish {
        let Some(node) = &draft.series else { return SeriesWish::default() };
        self.keys("series", node, &["write", "replicas"]);
        if node.fields().is_none() {
            return SeriesWish::default();
        }
        let mut wish = SeriesWish::default();
        match node.get("write").map(|n| &n.content) {
            Some(Content::Array(items)) => {
                for item in items {
                    match item.text() {
                        Some(name) if self.known_series(name, item) => wish.write.push(name.to_string()),
                        Some(_) => {}
                        None => self.resolver.mismatch("series.write", item, "the name of a series".into()),
                    }
                }
            }
            _ => {
                let issue = Issue::new(node.place, "series.write", "[series] needs `write`");
                self.resolver.issues.add(issue.expected("a list of series: write = [\"propagation\"]"));
            }
        }
        if let Some(count) = node.get("replicas") {
            let value = self.resolver.value(&Kind::integer(1, i64::MAX), "series.replicas", count);
            if let Some(Value::Integer(n)) = value {
                wish.replicas = u64::try_from(n).ok();
            }
        }
        wish
    }

    fn known_series(&mut self, name: &str, node: &Node) -> bool {
        let names = || self.system.series.iter().map(|s| s.name);
        if names().any(|n| n == name) {
            return true;
        }
        let issue =
            Issue::new(node.place, "series", format!("{} has no time series \"{name}\"", self.system.name))
                .expected(if names().next().is_none() { "it records none".into() } else { quoted(names()) })
                .suggest(name, names());
        self.resolver.issues.add(issue);
        false
    }

    fn keys(&mut self, section: &str, node: &Node, known: &[&str]) {
        let Some(fields) = node.fields() else {
            return self.resolver.mismatch(section, node, format!("a table: {}", header(section)));
        };
        for field in fields.iter().filter(|f| !known.contains(&f.key.as_str())) {
            let message = format!("unknown key `{}` in {}", field.key, header(section));
            let issue = Issue::new(field.place, format!("{section}.{}", field.key), message)
                .expected(format!(
                    "one of {}",
                    known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
                ))
                .suggest(&field.key, known.iter().copied());
            self.resolver.issues.add(issue);
        }
    }

    fn required_metric(&mut self, section: &str, node: &Node, key: &str) -> Option<String> {
        let names = || self.system.metrics.iter().map(|m| m.name);
        let Some(at) = node.get(key) else {
            let issue = Issue::new(
                node.place,
                format!("{section}.{key}"),
                format!("this [[{section}]] has no `{key}`"),
            );
            self.resolver.issues.add(issue.expected(format!("a metric: {}", quoted(names()))));
            return None;
        };
        match at.text() {
            Some(name) if names().any(|n| n == name) => Some(name.to_string()),
            Some(name) => {
                let message = format!("{} does not measure \"{name}\"", self.system.name);
                let issue = Issue::new(at.place, format!("{section}.{key}"), message)
                    .expected(format!("one of {}", quoted(names())))
                    .suggest(name, names());
                self.resolver.issues.add(issue);
                None
            }
            None => {
                self.resolver.mismatch(&format!("{section}.{key}"), at, "the name of a metric".into());
                None
            }
        }
    }

    fn filter(&mut self, section: &str, node: &Node) -> Vec<(String, Vec<Value>)> {
        let Some(table) = node.get("where") else { return Vec::new() };
        if table.fields().is_none() {
            self.resolver.mismatch(
                &format!("{section}.where"),
                table,
                "a table { \"a.key\" = value }".into(),
            );
        }
        let mut flat = Vec::new();
        self.flatten("", table, &mut flat);
        let mut filter = Vec::new();
        for (key, place, value) in flat {
            match self.condition(&key, place, &value) {
                Some(values) => filter.push((key, values)),
                None => continue,
            }
        }
        filter
    }

    fn flatten(&self, prefix: &str, table: &Node, out: &mut Vec<(String, Place, Node)>) {
        for field in table.fields().unwrap_or_default() {
            let key = if prefix.is_empty() { field.key.clone() } else { format!("{prefix}.{}", field.key) };
            if field.node.fields().is_some() && kind_of(self.system, self.params, &key).is_none() {
                self.flatten(&key, &field.node, out);
            } else {
                out.push((key, field.place, field.node.clone()));
            }
        }
    }

    fn condition(&mut self, key: &str, place: Place, node: &Node) -> Option<Vec<Value>> {
        let kind = self.key_kind(key, place, "`where` names")?;
        let one = |resolver: &mut Resolver<'_>, node: &Node| match (&kind, node.text()) {
            // Variants are compared by the label of their axis.
            (Kind::Variants(_), Some(word)) => Some(Value::Text(word.to_string())),
            (Kind::Variants(_), None) => {
                resolver.mismatch(key, node, "the kind as a word".into());
                None
            }
            _ => resolver.value(&kind, key, node),
        };
        match &node.content {
            Content::Array(items) if items.is_empty() && !matches!(kind, Kind::List { .. }) => {
                let issue = Issue::new(node.place, key, format!("`where` lists no value for `{key}`"));
                self.resolver.issues.add(issue.help("no point can match; name a value or leave the key out"));
                None
            }
            Content::Array(items) if !matches!(kind, Kind::List { .. }) => {
                Some(items.iter().filter_map(|item| one(self.resolver, item)).collect())
            }
            _ => Some(vec![one(self.resolver, node)?]),
        }
    }

    fn key_kind(&mut self, key: &str, place: Place, what: &str) -> Option<Kind> {
        let found = kind_of(self.system, self.params, key);
        if found.is_none() {
            let message = format!("{what} `{key}`, which is not a parameter of {}", self.system.name);
            let issue = Issue::new(place, key, message)
                .expected("a parameter's dotted key in quotes")
                .suggest(key, self.params.iter().map(|p| p.key));
            self.resolver.issues.add(issue);
        }
        found
    }

    fn parameter(&mut self, node: &Node, key: &str) -> Option<String> {
        let at = node.get(key)?;
        match at.text() {
            Some(name) => {
                self.key_kind(name, at.place, &format!("`plot.{key}` names")).map(|_| name.to_string())
            }
            None => {
                self.resolver.mismatch(
                    &format!("plot.{key}"),
                    at,
                    "a parameter's dotted key in quotes".into(),
                );
                None
            }
        }
    }

    fn theory(&mut self, node: &Node, section: &str, key: &str) -> Option<String> {
        let at = node.get(key)?;
        let known = self.vocabulary.theories;
        match at.text() {
            Some(name) if known.contains(&name) => Some(name.to_string()),
            Some(name) => {
                let issue = Issue::new(
                    at.place,
                    format!("{section}.{key}"),
                    format!("no closed form is called \"{name}\""),
                )
                .expected(format!("one of {}", quoted(known.iter().copied())))
                .suggest(name, known.iter().copied());
                self.resolver.issues.add(issue);
                None
            }
            None => {
                self.resolver.mismatch(&format!("{section}.{key}"), at, "the name of a closed form".into());
                None
            }
        }
    }
}

/// How a section of demands is written: there is one for series and any number of the others.
fn header(section: &str) -> String {
    if section == "series" { "[series]".into() } else { format!("[[{section}]]") }
}

//! Problems of a scenario as people read them: file, line, column, the offending text, what was expected, what to do.

use std::fmt;

/// More problems than this are counted, not shown.
const SHOWN: usize = 20;
/// Longest part of a source line that is shown around a problem, in characters.
const EXCERPT: usize = 100;

/// Where in which source something stands (bytes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) source: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A text that problems can point into: the scenario file, or one `--set`.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// One thing that is wrong with a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file (or `--set` argument) it was found in.
    pub file: String,
    /// Line, counted from 1; 0 when the problem concerns the file as a whole.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Dotted key to blame; may be empty.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What would be right; may be empty.
    pub expected: String,
    /// What to do; may be empty.
    pub help: String,
    /// The source line and the line with carets under the offending text.
    excerpt: Option<(String, String)>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        let margin = self.line.to_string().len().max(1);
        if self.line == 0 {
            write!(f, "{:margin$}--> {}", "", self.file)?;
        } else {
            write!(f, "{:margin$}--> {}:{}:{}", "", self.file, self.line, self.column)?;
        }
        if !self.key.is_empty() {
            write!(f, " ({})", self.key)?;
        }
        if let Some((line, carets)) = &self.excerpt {
            write!(f, "\n{:margin$} |\n{} | {line}\n{:margin$} | {carets}", "", self.line, "")?;
        }
        if !self.expected.is_empty() {
            write!(f, "\n{:margin$} = expected: {}", "", self.expected)?;
        }
        if !self.help.is_empty() {
            write!(f, "\n{:margin$} = help: {}", "", self.help)?;
        }
        Ok(())
    }
}

/// Everything found wrong with a scenario; the command prints it and ends with exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics {
    /// The problems in the order found, at most twenty.
    pub problems: Vec<Problem>,
    /// How many more there were.
    pub more: usize,
}

impl Diagnostics {
    /// A single problem with a file as a whole.
    #[must_use]
    pub fn of_file(file: impl Into<String>, message: impl Into<String>, help: impl Into<String>) -> Self {
        let problem = Problem {
            file: file.into(),
            line: 0,
            column: 0,
            key: String::new(),
            message: message.into(),
            expected: String::new(),
            help: help.into(),
            excerpt: None,
        };
        Self { problems: vec![problem], more: 0 }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            write!(f, "{}{problem}", if i == 0 { "" } else { "\n\n" })?;
        }
        if self.more > 0 {
            write!(f, "\n\n… and {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// A problem before it is tied to the text of its source.
#[derive(Debug, Clone)]
pub(crate) struct Issue {
    place: Place,
    key: String,
    message: String,
    expected: String,
    help: String,
}

impl Issue {
    pub(crate) fn new(place: Place, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place, key: key.into(), message: message.into(), expected: String::new(), help: String::new() }
    }

    pub(crate) fn expected(mut self, what: impl Into<String>) -> Self {
        self.expected = what.into();
        self
    }

    pub(crate) fn help(mut self, what: impl Into<String>) -> Self {
        self.help = what.into();
        self
    }

    /// Adds "did you mean …" when a candidate is near.
    pub(crate) fn suggest<'a>(self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(word, candidates) {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }
}

/// The candidate that a misspelt word most probably meant.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::jaro_winkler(&word, &c.to_lowercase()), c))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c)
}

/// Collects problems and the sources they point into.
#[derive(Debug, Default)]
pub(crate) struct Issues {
    sources: Vec<Source>,
    found: Diagnostics,
}

impl Issues {
    /// Adds a source and returns its number.
    pub(crate) fn source(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        self.sources.push(Source { name: name.into(), text: text.into() });
        self.sources.len() - 1
    }

    /// The same sources, nothing found in them yet.
    pub(crate) fn sibling(&self) -> Self {
        Self { sources: self.sources.clone(), found: Diagnostics::default() }
    }

    /// Whether a problem was found.
    pub(crate) fn contains(&self, problem: &Problem) -> bool {
        self.found.problems.contains(problem)
    }

    /// Takes over those problems of a sibling that `counts` accepts.
    pub(crate) fn join(&mut self, sibling: Self, counts: impl Fn(&Problem) -> bool) {
        sibling.found.problems.into_iter().filter(|problem| counts(problem)).for_each(|p| self.note(p));
    }

    /// Notes a problem; the same one at the same place is noted once.
    pub(crate) fn add(&mut self, issue: Issue) {
        let problem = self.tie(issue);
        self.note(problem);
    }

    fn note(&mut self, problem: Problem) {
        if self.found.problems.contains(&problem) {
            return;
        }
        if self.found.problems.len() < SHOWN {
            self.found.problems.push(problem);
        } else {
            self.found.more += 1;
        }
    }

    /// True when nothing was found so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.problems.is_empty()
    }

    /// True when further problems would not be shown.
    pub(crate) fn is_full(&self) -> bool {
        self.found.problems.len() >= SHOWN
    }

    /// The value when nothing was found, otherwise all problems.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Diagnostics> {
        match value {
            Some(value) if self.found.problems.is_empty() => Ok(value),
            _ => Err(self.found),
        }
    }

    /// Line of a place, counted from 1.
    pub(crate) fn line(&self, place: Place) -> usize {
        self.sources.get(place.source).map_or(0, |s| locate(&s.text, place.start).0)
    }

    fn tie(&self, issue: Issue) -> Problem {
        let Issue { place, key, message, expected, help } = issue;
        let (file, text) = match self.sources.get(place.source) {
            Some(source) => (source.name.clone(), source.text.as_str()),
            None => (String::new(), ""),
        };
        let (line, column) = locate(text, place.start);
        let excerpt = Some(excerpt(text, place.start, place.end));
        Problem { file, line, column, key, message, expected, help, excerpt }
    }
}

/// Line and column (in characters) of a byte offset, both from 1.
fn locate(text: &str, offset: usize) -> (usize, usize) {
    let offset = floor_boundary(text, offset);
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The line around an offset, shortened when it is very long, and the carets below it.
fn excerpt(text: &str, start: usize, end: usize) -> (String, String) {
    let start = floor_boundary(text, start);
    let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
    let end = floor_boundary(text, end).clamp(start, line_end);
    let lead: Vec<char> = text[line_start..start].chars().collect();
    let skip = lead.len().saturating_sub(EXCERPT / 2);
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = text[line_start..line_end]
        .trim_end_matches('\r')
        .chars()
        .skip(skip)
        .take(EXCERPT)
        .map(clean)
        .collect();
    let width = text[start..end].chars().count().clamp(1, (EXCERPT - (lead.len() - skip)).max(1));
    let carets = format!("{}{}", " ".repeat(lead.len() - skip), "^".repeat(width));
    (line, carets)
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_where_what_and_how() {
        let mut issues = Issues::default();
        let source = issues.source("x.toml", "a = 1\n[protocol]\nblok = \"ü\"\n");
        let place = Place { source, start: 17, end: 21 };
        issues.add(
            Issue::new(place, "protocol.blok", "unknown key").expected("block").suggest("blok", ["block"]),
        );
        let text = issues.finish(None::<()>).unwrap_err().to_string();
        assert_eq!(
            text,
            "error: unknown key\n --> x.toml:3:1 (protocol.blok)\n  |\n3 | blok = \"ü\"\n  | ^^^^\n  = expected: block\n  \
             = help: did you mean `block`?"
        );
    }

    #[test]
    fn only_the_first_twenty_are_shown() {
        let mut issues = Issues::default();
        issues.source("x", "");
        for i in 0..30 {
            issues.add(Issue::new(Place::default(), "", format!("problem {i}")));
            issues.add(Issue::new(Place::default(), "", format!("problem {}", i.min(19))));
        }
        let found = issues.finish(None::<()>).unwrap_err();
        assert_eq!((found.problems.len(), found.more), (20, 10));
        assert!(found.to_string().ends_with("… and 10 more"));
    }

    #[test]
    fn offsets_inside_characters_and_beyond_the_end_are_harmless() {
        assert_eq!(locate("ü", 1), (1, 1));
        assert_eq!(locate("a\n", 99), (2, 1));
        let long = "x".repeat(5_000);
        let (line, carets) = excerpt(&long, 2_500, 5_000);
        assert!(line.len() <= EXCERPT && carets.len() <= EXCERPT);
    }
}

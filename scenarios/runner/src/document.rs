//! From a file to a tree in which every key and value knows its place.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use toml_edit::{Document, Item, TableLike};

use crate::diagnostics::{Diagnostics, Issue, Issues, Place};
use crate::params::Origin;
use crate::value::Value;

/// A scenario larger than this is refused before it is read.
const MAX_BYTES: u64 = 4 << 20;

/// A value with its place and origin.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) origin: Origin,
    pub(crate) content: Content,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Datetime,
    Array(Vec<Node>),
    Table(Vec<Field>),
}

/// One key of a table.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn table(place: Place, origin: Origin) -> Self {
        Self { place, origin, content: Content::Table(Vec::new()) }
    }

    /// The fields, when it is a table.
    pub(crate) fn fields(&self) -> Option<&[Field]> {
        match &self.content {
            Content::Table(fields) => Some(fields),
            _ => None,
        }
    }

    /// A field of a table.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.fields()?.iter().find(|f| f.key == key).map(|f| &f.node)
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(t) => Some(t),
            _ => None,
        }
    }

    /// What it is, for "expected …, found …".
    pub(crate) fn describe(&self) -> String {
        match &self.content {
            Content::Bool(b) => format!("`{b}`"),
            Content::Integer(i) => format!("the number {i}"),
            Content::Float(x) => format!("the number {x}"),
            Content::Text(t) if t.chars().count() <= 40 => format!("the text \"{}\"", t.escape_debug()),
            Content::Text(_) => "a long text".into(),
            Content::Datetime => "a date".into(),
            Content::Array(_) => "a list".into(),
            Content::Table(_) => "a table".into(),
        }
    }

    /// The same value with everything in it marked as coming from `origin`.
    pub(crate) fn with_origin(mut self, origin: &Origin) -> Self {
        self.mark(origin);
        self
    }

    fn mark(&mut self, origin: &Origin) {
        self.origin = origin.clone();
        match &mut self.content {
            Content::Array(items) => items.iter_mut().for_each(|n| n.mark(origin)),
            Content::Table(fields) => fields.iter_mut().for_each(|f| f.node.mark(origin)),
            _ => {}
        }
    }

    /// A node that reads as the given value.
    pub(crate) fn from_value(value: &Value, place: Place, origin: &Origin) -> Self {
        let content = match value {
            Value::Bool(b) => Content::Bool(*b),
            Value::Integer(i) => Content::Integer(*i),
            Value::Number(x) => Content::Float(*x),
            Value::List(items) => {
                Content::Array(items.iter().map(|v| Self::from_value(v, place, origin)).collect())
            }
            united => Content::Text(united.to_string()),
        };
        Self { place, origin: origin.clone(), content }
    }

    /// Sets the value at a path of table keys, making tables on the way.
    pub(crate) fn assign(&mut self, path: &[&str], place: Place, value: Node) {
        let Some((first, rest)) = path.split_first() else {
            *self = value;
            return;
        };
        if !matches!(self.content, Content::Table(_)) {
            *self = Self::table(place, value.origin.clone());
        }
        let Content::Table(fields) = &mut self.content else { return };
        let at = match fields.iter().position(|f| f.key == *first) {
            Some(at) => at,
            None => {
                let node = Node::table(place, value.origin.clone());
                fields.push(Field { key: (*first).to_string(), place, node });
                fields.len() - 1
            }
        };
        fields[at].node.assign(rest, place, value);
    }
}

/// Reads a scenario's text, refusing what cannot be one.
pub(crate) fn read(path: &Path) -> Result<String, Diagnostics> {
    let name = path.display().to_string();
    let refuse = |message: String, help: &str| Diagnostics::of_file(name.clone(), message, help);
    let unreadable = |e: std::io::Error| {
        refuse(format!("cannot read the scenario: {e}"), "give the path of a scenario file (`*.toml`)")
    };
    let meta = fs::metadata(path).map_err(unreadable)?;
    if meta.is_dir() {
        return Err(refuse(
            "this is a directory, not a scenario file".into(),
            "name the `*.toml` file in it",
        ));
    }
    if !meta.is_file() {
        return Err(refuse(
            "this is not a regular file".into(),
            "give the path of a scenario file (`*.toml`)",
        ));
    }
    let too_large = |size: String| {
        refuse(
            format!("the file is too large for a scenario: {size}, at most {} MiB are read", MAX_BYTES >> 20),
            "put bulk data into files that the scenario names",
        )
    };
    if meta.len() > MAX_BYTES {
        return Err(too_large(format!("{} MiB", meta.len() >> 20)));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|f| f.take(MAX_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_large(format!("more than {} MiB", MAX_BYTES >> 20)));
    }
    decode(&name, bytes)
}

/// Bytes to text: UTF-8 without NUL.
fn decode(name: &str, bytes: Vec<u8>) -> Result<String, Diagnostics> {
    let line_of = |offset: usize, bytes: &[u8]| bytes[..offset].iter().filter(|b| **b == b'\n').count() + 1;
    let refuse = |line: usize, message: String, help: &str| {
        let mut found = Diagnostics::of_file(name, message, help);
        found.problems[0].line = line;
        found.problems[0].column = 1;
        found
    };
    let text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let (line, byte) = (line_of(at, e.as_bytes()), e.as_bytes()[at]);
        refuse(
            line,
            format!("the file is not UTF-8 text: byte 0x{byte:02x} at offset {at}"),
            "save the file as UTF-8",
        )
    })?;
    match text.find('\0') {
        Some(at) => {
            let line = line_of(at, text.as_bytes());
            Err(refuse(line, format!("the file holds a NUL byte at offset {at}"), "remove it"))
        }
        None => Ok(text),
    }
}

/// Parses TOML into a tree. `shift` moves places, for texts that are part of a longer source.
pub(crate) fn parse(text: &str, source: usize, shift: isize, origin: &Origin) -> Result<Node, Issue> {
    let reader = Reader { source, shift, origin };
    match Document::parse(text) {
        Ok(document) => Ok(reader.node(document.as_item(), Place { source, start: 0, end: 0 })),
        Err(error) => {
            let place = reader.place(error.span(), Place { source, start: 0, end: 0 });
            let message = error.message().trim().lines().collect::<Vec<_>>().join("; ");
            let help = match message.as_str() {
                m if m.contains("duplicate key") => "remove one of the two, or join the sections",
                m if m.contains("recurs") => "a scenario never nests this deep",
                _ => "texts and quantities need quotes: \"600 s\"; see https://toml.io",
            };
            Err(Issue::new(place, "", format!("not valid TOML: {message}")).help(help))
        }
    }
}

/// Parses one TOML value, for example a default.
pub(crate) fn parse_value(text: &str, source: usize, shift: isize, origin: &Origin) -> Result<Node, Issue> {
    let root = parse(&format!("v={text}"), source, shift - 2, origin)?;
    let fields = root.fields().unwrap_or_default();
    match fields {
        [only] if only.key == "v" => Ok(only.node.clone()),
        _ => Err(Issue::new(Place { source, start: 0, end: 0 }, "", "this is more than one value")),
    }
}

/// Parses a value that a declaration writes as TOML; problems in it point to the declaration.
pub(crate) fn parse_literal(key: &str, literal: &str, origin: &Origin, issues: &mut Issues) -> Option<Node> {
    match parse_value(literal, 0, 0, origin) {
        Ok(mut node) => {
            node.place = Place::default();
            Some(node)
        }
        Err(_) => {
            issues.add(Issue::new(
                Place::default(),
                key,
                format!("the declared value of `{key}` is not TOML: {literal}"),
            ));
            None
        }
    }
}

struct Reader<'a> {
    source: usize,
    shift: isize,
    origin: &'a Origin,
}

impl Reader<'_> {
    fn place(&self, span: Option<std::ops::Range<usize>>, fallback: Place) -> Place {
        span.map_or(fallback, |span| Place {
            source: self.source,
            start: span.start.saturating_add_signed(self.shift),
            end: span.end.saturating_add_signed(self.shift),
        })
    }

    fn node(&self, item: &Item, fallback: Place) -> Node {
        let place = self.place(item.span(), fallback);
        let content = match item {
            Item::None => Content::Table(Vec::new()),
            Item::Table(table) => self.table(table, place),
            Item::ArrayOfTables(tables) => Content::Array(
                tables
                    .iter()
                    .map(|t| {
                        let place = self.place(t.span(), place);
                        self.with(place, self.table(t, place))
                    })
                    .collect(),
            ),
            Item::Value(value) => return self.value(value, fallback),
        };
        self.with(place, content)
    }

    fn value(&self, value: &toml_edit::Value, fallback: Place) -> Node {
        use toml_edit::Value as Toml;
        let place = self.place(value.span(), fallback);
        let content = match value {
            Toml::Boolean(b) => Content::Bool(*b.value()),
            Toml::Integer(i) => Content::Integer(*i.value()),
            Toml::Float(x) => Content::Float(*x.value()),
            Toml::String(s) => Content::Text(s.value().clone()),
            Toml::Datetime(_) => Content::Datetime,
            Toml::Array(items) => Content::Array(items.iter().map(|v| self.value(v, place)).collect()),
            Toml::InlineTable(table) => self.table(table, place),
        };
        self.with(place, content)
    }

    fn table(&self, table: &dyn TableLike, fallback: Place) -> Content {
        let fields = table
            .iter()
            .map(|(key, item)| {
                let place = self.place(table.key(key).and_then(toml_edit::Key::span), fallback);
                Field { key: key.to_string(), place, node: self.node(item, place) }
            })
            .collect();
        Content::Table(fields)
    }

    fn with(&self, place: Place, content: Content) -> Node {
        Node { place, origin: self.origin.clone(), content }
    }
}

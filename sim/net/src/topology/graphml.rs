//! GraphML, read as a stream of XML events.

use std::path::Path;

use astrarium_node::collections::Map;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::EdgeAttributes;
use super::file::{FileGraph, NodeAttributes, latency, probability, rate};
use crate::error::NetError;
use crate::text;

pub(super) fn parse(content: &str, path: &Path) -> Result<FileGraph, NetError> {
    let mut reader = Reader::from_str(content);
    let mut state = Parser::new(path);
    // Lines are counted along with the reader, so a large file is passed over once.
    let (mut line, mut counted) = (1_u64, 0_usize);
    loop {
        let event = reader.read_event();
        let position = (reader.buffer_position() as usize).min(content.len());
        line += content.as_bytes()[counted..position].iter().filter(|&&b| b == b'\n').count() as u64;
        counted = position;
        state.line = line;
        match event {
            Ok(Event::Eof) => break,
            Ok(event) => state.event(&event)?,
            Err(e) => return Err(state.bad(format!("is not well-formed XML: {e}"), "correct the XML")),
        }
    }
    state.finish()
}

/// What `<data>` elements refer to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Region,
    UpBps,
    DownBps,
    LatencyMs,
    Loss,
    EdgeBps,
}

/// The element that is open and takes `<data>`.
enum Open {
    Nothing,
    Node(NodeAttributes),
    Edge(EdgeAttributes),
}

struct Parser<'a> {
    path: &'a Path,
    line: u64,
    graph: FileGraph,
    ids: Map<String, u32>,
    /// Edges name nodes that may follow; resolved at the end.
    edges: Vec<(String, String, EdgeAttributes, u64)>,
    fields: Map<String, Field>,
    open: Open,
    endpoints: (String, String),
    opened_at: u64,
    data: Option<Field>,
    value: String,
    graphs: usize,
    /// Elements that are open.
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(path: &'a Path) -> Self {
        Self {
            path,
            line: 1,
            graph: FileGraph::new(path),
            ids: Map::default(),
            edges: Vec::new(),
            fields: Map::default(),
            open: Open::Nothing,
            endpoints: (String::new(), String::new()),
            opened_at: 1,
            data: None,
            value: String::new(),
            graphs: 0,
            depth: 0,
        }
    }

    fn bad(&self, problem: impl Into<String>, help: &str) -> NetError {
        text::error(self.path, Some(self.line), problem.into(), help)
    }

    fn event(&mut self, event: &Event<'_>) -> Result<(), NetError> {
        match event {
            Event::Start(start) => {
                self.depth += 1;
                self.start(start)
            }
            Event::Empty(start) => {
                self.start(start)?;
                self.end(start.local_name().as_ref())
            }
            Event::End(end) => {
                self.depth -= 1;
                self.end(end.local_name().as_ref())
            }
            Event::Text(t) if self.data.is_some() => {
                let piece = t.decode().map_err(|e| self.bad(e.to_string(), "save the file as UTF-8"))?;
                self.value.push_str(&piece);
                Ok(())
            }
            Event::GeneralRef(_) if self.data.is_some() => {
                Err(self.bad("has an entity inside `data`", "write plain text"))
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), NetError> {
        match start.local_name().as_ref() {
            b"graph" => self.graph_start(start),
            b"key" => self.key(start),
            b"node" => self.node(start),
            b"edge" => {
                self.endpoints = (self.required(start, "source")?, self.required(start, "target")?);
                self.opened_at = self.line;
                self.open = Open::Edge(EdgeAttributes::default());
                Ok(())
            }
            b"data" => {
                let key = self.required(start, "key")?;
                self.data = self.fields.get(&key).copied();
                self.value.clear();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn graph_start(&mut self, start: &BytesStart<'_>) -> Result<(), NetError> {
        self.graphs += 1;
        if self.graphs > 1 {
            return Err(self.bad("has a second `graph`", "give one graph without nested graphs"));
        }
        match self.attribute(start, "edgedefault")?.as_deref() {
            Some("directed") => {
                Err(self.bad("is a directed graph", "links have no direction: use undirected"))
            }
            _ => Ok(()),
        }
    }

    fn key(&mut self, start: &BytesStart<'_>) -> Result<(), NetError> {
        let id = self.required(start, "id")?;
        let domain = self.attribute(start, "for")?.unwrap_or_default();
        let name = self.attribute(start, "attr.name")?.unwrap_or_else(|| id.clone());
        let field = match (domain.as_str(), name.as_str()) {
            ("node", "region") => Field::Region,
            ("node", "up_bps") => Field::UpBps,
            ("node", "down_bps") => Field::DownBps,
            ("edge", "latency_ms") => Field::LatencyMs,
            ("edge", "loss") => Field::Loss,
            ("edge", "bps") => Field::EdgeBps,
            _ => return Ok(()),
        };
        self.fields.insert(id, field);
        Ok(())
    }

    fn node(&mut self, start: &BytesStart<'_>) -> Result<(), NetError> {
        let id = self.required(start, "id")?;
        let number = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        if self.ids.insert(id.clone(), number).is_some() {
            return Err(self.bad(format!("has node `{id}` twice"), "give every node its own id"));
        }
        self.open = Open::Node(NodeAttributes::default());
        Ok(())
    }

    fn end(&mut self, name: &[u8]) -> Result<(), NetError> {
        match name {
            b"data" => {
                if let Some(field) = self.data.take() {
                    let value = std::mem::take(&mut self.value);
                    self.store(field, value.trim()).map_err(|problem| {
                        self.bad(problem, "see the attributes of the GraphML form in the documentation")
                    })?;
                }
            }
            b"node" | b"edge" => match std::mem::replace(&mut self.open, Open::Nothing) {
                Open::Node(attributes) => self.graph.nodes.push(attributes),
                Open::Edge(attributes) => {
                    let (source, target) = std::mem::take(&mut self.endpoints);
                    self.edges.push((source, target, attributes, self.opened_at));
                }
                Open::Nothing => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn store(&mut self, field: Field, value: &str) -> Result<(), String> {
        match (&mut self.open, field) {
            (Open::Node(node), Field::Region) => node.region = Some(value.to_string()),
            (Open::Node(node), Field::UpBps) => node.up_bps = Some(rate(value)?),
            (Open::Node(node), Field::DownBps) => node.down_bps = Some(rate(value)?),
            (Open::Edge(edge), Field::LatencyMs) => edge.latency = Some(latency(value)?),
            (Open::Edge(edge), Field::Loss) => edge.loss = Some(probability(value)?),
            (Open::Edge(edge), Field::EdgeBps) => edge.bps = Some(rate(value)?),
            (_, field) => return Err(format!("has {field:?} on the wrong kind of element")),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<FileGraph, NetError> {
        if self.depth > 0 {
            return Err(self.bad("ends inside an element", "the file seems to be cut off"));
        }
        if self.ids.is_empty() {
            return Err(self.bad("has no nodes", "give a GraphML graph with nodes"));
        }
        for (source, target, attributes, line) in std::mem::take(&mut self.edges) {
            self.line = line;
            let find = |id: &String| {
                self.ids.get(id).copied().ok_or_else(|| {
                    self.bad(format!("links the node `{id}`, which does not exist"), "declare it as a `node`")
                })
            };
            let (u, v) = (find(&source)?, find(&target)?);
            self.graph.add(u, v, attributes, line)?;
        }
        Ok(self.graph)
    }

    fn attribute(&self, start: &BytesStart<'_>, name: &str) -> Result<Option<String>, NetError> {
        let found = start.try_get_attribute(name).map_err(|e| self.bad(e.to_string(), "correct the XML"))?;
        found
            .map(|a| {
                let value = a.unescape_value().map_err(|e| self.bad(e.to_string(), "correct the XML"))?;
                Ok(value.into_owned())
            })
            .transpose()
    }

    fn required(&self, start: &BytesStart<'_>, name: &str) -> Result<String, NetError> {
        let element = String::from_utf8_lossy(start.name().as_ref()).into_owned();
        self.attribute(start, name)?
            .ok_or_else(|| self.bad(format!("has a `{element}` without `{name}`"), "add the attribute"))
    }
}

//! GraphML, read as a stream of XML events.
//!
//! Understood is what describes a network: one undirected graph of nodes and edges with the attributes of
//! [`FileGraph::graphml`], their defaults, and edges that say themselves that they are undirected. What GraphML offers beyond
//! that and would change who is linked to whom – directed edges, nested graphs, hyperedges, ports, references to other files –
//! is refused with its line, never passed over. Attributes of other names (labels, coordinates, colours) mean nothing here.

mod keys;

use std::path::Path;

use astrarium_node::collections::Map;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::EdgeAttributes;
use super::file::{FileGraph, NodeAttributes, latency, probability, rate};
use crate::error::NetError;
use crate::text;
use keys::{Field, Keys};

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

/// An element that is open.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Element {
    GraphMl,
    /// With the attribute it declares, if that means something here.
    Key(Option<Field>),
    /// The default of an attribute.
    Default(Field),
    Graph,
    Node,
    Edge,
    /// The value of an attribute.
    Data(Field),
    /// Descriptions, and attributes that mean nothing here, with all that is in them.
    Ignored,
}

struct Parser<'a> {
    path: &'a Path,
    line: u64,
    graph: FileGraph,
    ids: Map<String, u32>,
    /// Edges name nodes that may follow; resolved at the end.
    edges: Vec<(String, String, EdgeAttributes, u64)>,
    keys: Keys,
    /// Attributes of elements that do not give them.
    defaults: (NodeAttributes, EdgeAttributes),
    /// Attributes of the open node and the open edge, and which of them were given.
    node: NodeAttributes,
    edge: EdgeAttributes,
    given: Vec<Field>,
    endpoints: (String, String),
    opened_at: u64,
    value: String,
    graphs: usize,
    /// Whether edges are directed unless they say otherwise.
    directed: bool,
    open: Vec<Element>,
    /// Prefix of the elements of GraphML, as the outermost one has it.
    prefix: Option<Vec<u8>>,
}

impl<'a> Parser<'a> {
    fn new(path: &'a Path) -> Self {
        Self {
            path,
            line: 1,
            graph: FileGraph::new(path),
            ids: Map::default(),
            edges: Vec::new(),
            keys: Keys::default(),
            defaults: (NodeAttributes::default(), EdgeAttributes::default()),
            node: NodeAttributes::default(),
            edge: EdgeAttributes::default(),
            given: Vec::new(),
            endpoints: (String::new(), String::new()),
            opened_at: 1,
            value: String::new(),
            graphs: 0,
            directed: false,
            open: Vec::new(),
            prefix: None,
        }
    }

    fn bad(&self, problem: impl Into<String>, help: &str) -> NetError {
        text::error(self.path, Some(self.line), problem.into(), help)
    }

    fn event(&mut self, event: &Event<'_>) -> Result<(), NetError> {
        let unreadable =
            |e: &dyn std::fmt::Display, state: &Self| state.bad(e.to_string(), "correct the XML");
        match event {
            Event::Start(start) => self.start(start),
            Event::Empty(start) => {
                self.start(start)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(t) => {
                let piece = t.decode().map_err(|e| unreadable(&e, self))?;
                self.text(&piece)
            }
            Event::CData(t) => {
                let piece = t.decode().map_err(|e| unreadable(&e, self))?;
                self.text(&piece)
            }
            Event::GeneralRef(entity) => {
                let piece = self.resolve(entity)?;
                self.text(&piece)
            }
            // Comments, the declaration, the document type and processing instructions carry no data.
            _ => Ok(()),
        }
    }

    /// A character reference, or one of the five entities of XML.
    fn resolve(&self, entity: &BytesRef<'_>) -> Result<String, NetError> {
        let unknown = || self.bad("has an entity that XML does not define", "write the text itself");
        match entity.resolve_char_ref() {
            Ok(Some(character)) => Ok(character.to_string()),
            Ok(None) => {
                let name = entity.decode().map_err(|_| unknown())?;
                resolve_predefined_entity(&name).map(str::to_owned).ok_or_else(unknown)
            }
            Err(e) => Err(self.bad(e.to_string(), "correct the XML")),
        }
    }

    fn text(&mut self, piece: &str) -> Result<(), NetError> {
        match self.open.last() {
            Some(Element::Data(_) | Element::Default(_)) => self.value.push_str(piece),
            Some(Element::Ignored) => {}
            _ if piece.trim().is_empty() => {}
            _ => return Err(self.bad("has text outside `data`", "attributes are written in `data` elements")),
        }
        Ok(())
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), NetError> {
        let prefix = start.name().prefix().map(|p| p.as_ref().to_vec());
        if self.open.is_empty() {
            self.prefix.clone_from(&prefix);
        }
        let foreign = prefix != self.prefix;
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        let element = match (self.open.last().copied(), name.as_str()) {
            (Some(Element::Ignored), _) => Element::Ignored,
            (Some(Element::Data(_) | Element::Default(_)), _) => {
                return Err(self.bad("has an element where a value is due", "write plain text"));
            }
            _ if foreign => return Err(self.misplaced(start)),
            (Some(_), "desc") => Element::Ignored,
            (None, "graphml") => Element::GraphMl,
            (Some(Element::GraphMl), "key") => self.key(start)?,
            (Some(Element::Key(field)), "default") => {
                self.value.clear();
                field.map_or(Element::Ignored, Element::Default)
            }
            (Some(Element::GraphMl), "graph") => self.graph(start)?,
            (Some(Element::Graph), "node") => self.node(start)?,
            (Some(Element::Graph), "edge") => self.edge(start)?,
            (Some(parent @ (Element::GraphMl | Element::Graph | Element::Node | Element::Edge)), "data") => {
                self.data(start, parent)?
            }
            _ => return Err(self.misplaced(start)),
        };
        self.open.push(element);
        Ok(())
    }

    /// The complaint about an element that is not understood where it stands.
    fn misplaced(&self, start: &BytesStart<'_>) -> NetError {
        let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
        let help = match name.as_str() {
            "graph" => "give one graph without nested graphs",
            "hyperedge" => "links join two nodes: give an `edge` for each pair",
            "port" => "links end at nodes: remove the ports",
            "locator" => "give the graph in this file",
            _ if self.open.is_empty() => "a GraphML file is one `graphml` element",
            _ => {
                "remove it; GraphML has `graphml`, in it `key` and `graph`, in that `node` and `edge`, in all of them `data`"
            }
        };
        self.bad(format!("has a `{name}` where none is understood"), help)
    }

    fn graph(&mut self, start: &BytesStart<'_>) -> Result<Element, NetError> {
        self.graphs += 1;
        if self.graphs > 1 {
            return Err(self.bad("has a second `graph`", "give one graph without nested graphs"));
        }
        self.directed = match self.required(start, "edgedefault")?.as_str() {
            "undirected" => false,
            "directed" => true,
            other => {
                let problem = format!("has a graph with edgedefault=\"{other}\"");
                return Err(self.bad(problem, "write edgedefault=\"undirected\""));
            }
        };
        Ok(Element::Graph)
    }

    fn key(&mut self, start: &BytesStart<'_>) -> Result<Element, NetError> {
        if self.graphs > 0 {
            return Err(self.bad("has a `key` after the graph", "declare keys before the graph"));
        }
        let id = self.required(start, "id")?;
        let domain = self.attribute(start, "for")?;
        let name = self.attribute(start, "attr.name")?.unwrap_or_else(|| id.clone());
        let declared = self.keys.declare(id, domain.as_deref().unwrap_or("all"), &name);
        declared.map(Element::Key).map_err(|(problem, help)| self.bad(problem, help))
    }

    fn node(&mut self, start: &BytesStart<'_>) -> Result<Element, NetError> {
        let id = self.required(start, "id")?;
        let number = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        if self.ids.insert(id.clone(), number).is_some() {
            return Err(self.bad(format!("has node `{id}` twice"), "give every node its own id"));
        }
        self.node.clone_from(&self.defaults.0);
        self.given.clear();
        Ok(Element::Node)
    }

    fn edge(&mut self, start: &BytesStart<'_>) -> Result<Element, NetError> {
        self.endpoints = (self.required(start, "source")?, self.required(start, "target")?);
        for port in ["sourceport", "targetport"] {
            if self.attribute(start, port)?.is_some() {
                return Err(self.bad(format!("has an edge with `{port}`"), "links end at nodes: remove it"));
            }
        }
        let directed = match self.attribute(start, "directed")?.as_deref() {
            None => self.directed,
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(other) => {
                let problem = format!("has an edge with directed=\"{other}\"");
                return Err(self.bad(problem, "write directed=\"false\""));
            }
        };
        if directed {
            return Err(self.bad("has a directed edge", "links have no direction: use undirected"));
        }
        self.opened_at = self.line;
        self.edge = self.defaults.1;
        self.given.clear();
        Ok(Element::Edge)
    }

    fn data(&mut self, start: &BytesStart<'_>, parent: Element) -> Result<Element, NetError> {
        let key = self.required(start, "key")?;
        let Some(field) = self.keys.field(&key) else {
            let problem = format!("has data of the key `{key}`, which is not declared");
            return Err(self.bad(problem, "declare it as a `key` before the graph"));
        };
        let Some(field) = field else { return Ok(Element::Ignored) };
        let fits = match parent {
            Element::Node => field.of_nodes(),
            Element::Edge => !field.of_nodes(),
            _ => false,
        };
        if !fits {
            let owner = if field.of_nodes() { "node" } else { "edge" };
            let problem = format!("has data of the key `{key}` on the wrong kind of element");
            return Err(self.bad(problem, &format!("it belongs to a single {owner}")));
        }
        if self.given.contains(&field) {
            return Err(self.bad(format!("has data of the key `{key}` twice"), "keep one of them"));
        }
        self.given.push(field);
        self.value.clear();
        Ok(Element::Data(field))
    }

    fn end(&mut self) -> Result<(), NetError> {
        // The reader checks that ends match starts.
        match self.open.pop() {
            Some(Element::Data(field)) => {
                let value = std::mem::take(&mut self.value);
                let stored = store(&mut self.node, &mut self.edge, field, value.trim());
                self.checked(stored)
            }
            Some(Element::Default(field)) => {
                let value = std::mem::take(&mut self.value);
                let (node, edge) = &mut self.defaults;
                let stored = store(node, edge, field, value.trim());
                self.checked(stored)
            }
            Some(Element::Node) => {
                self.graph.nodes.push(std::mem::take(&mut self.node));
                Ok(())
            }
            Some(Element::Edge) => {
                let (source, target) = std::mem::take(&mut self.endpoints);
                self.edges.push((source, target, self.edge, self.opened_at));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn checked(&self, stored: Result<(), String>) -> Result<(), NetError> {
        stored.map_err(|problem| {
            self.bad(problem, "see the attributes of the GraphML form in the documentation")
        })
    }

    fn finish(mut self) -> Result<FileGraph, NetError> {
        if !self.open.is_empty() {
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

fn store(
    node: &mut NodeAttributes,
    edge: &mut EdgeAttributes,
    field: Field,
    value: &str,
) -> Result<(), String> {
    match field {
        Field::Region => node.region = Some(value.to_string()),
        Field::UpBps => node.up_bps = Some(rate(value)?),
        Field::DownBps => node.down_bps = Some(rate(value)?),
        Field::LatencyMs => edge.latency = Some(latency(value)?),
        Field::Loss => edge.loss = Some(probability(value)?),
        Field::EdgeBps => edge.bps = Some(rate(value)?),
    }
    Ok(())
}

#[cfg(test)]
mod tests;

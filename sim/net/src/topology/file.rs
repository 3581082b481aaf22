//! A graph read from a file, and what it must satisfy.

use std::path::{Path, PathBuf};

use astrarium_node::Span;
use astrarium_node::collections::Map;
use petgraph::unionfind::UnionFind;

use super::{EdgeAttributes, Edges, link};
use crate::error::NetError;
use crate::text;

/// What a file says about one node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeAttributes {
    /// Name of its region in the latency table.
    pub region: Option<String>,
    /// Uplink rate in bit/s.
    pub up_bps: Option<u64>,
    /// Downlink rate in bit/s.
    pub down_bps: Option<u64>,
}

/// A graph read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileGraph {
    pub(super) path: PathBuf,
    /// Attributes of the nodes, by id; empty when the file lists only edges.
    pub(super) nodes: Vec<NodeAttributes>,
    pub(super) edges: Map<(u32, u32), EdgeAttributes>,
    /// One above the greatest node id.
    pub(super) bound: usize,
}

impl FileGraph {
    /// Reads GraphML: nodes are numbered in the order of the file; node attributes `region`, `up_bps`, `down_bps` and edge
    /// attributes `latency_ms`, `loss`, `bps` are understood with their defaults; attributes of other names are ignored. The
    /// graph must be a single one whose edges are undirected, without hyperedges and ports.
    ///
    /// # Errors
    /// The file and line of the first thing that is wrong.
    pub fn graphml(path: &Path) -> Result<Self, NetError> {
        super::graphml::parse(&text::read(path)?, path)
    }

    /// Reads lines `u v [latency_ms [loss [bps]]]` with node numbers from 0; `#` begins a comment.
    ///
    /// # Errors
    /// The file and line of the first thing that is wrong.
    pub fn edge_list(path: &Path) -> Result<Self, NetError> {
        super::edge_list::parse(&text::read(path)?, path)
    }

    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_path_buf(), nodes: Vec::new(), edges: Map::default(), bound: 0 }
    }

    /// Adds a link; refuses self-loops and double links.
    pub(super) fn add(
        &mut self,
        u: u32,
        v: u32,
        attributes: EdgeAttributes,
        line: u64,
    ) -> Result<(), NetError> {
        let bad = |problem: String, help: &str| Err(text::error(&self.path, Some(line), problem, help));
        if u == v {
            return bad(format!("links node {u} to itself"), "remove the self-loop");
        }
        if self.edges.insert(link(u, v), attributes).is_some() {
            return bad(format!("links {u} and {v} a second time"), "links are undirected; give each once");
        }
        self.bound = self.bound.max(u.max(v) as usize + 1);
        Ok(())
    }

    pub(super) fn links(&self) -> Vec<(u32, u32)> {
        self.edges.keys().copied().collect()
    }

    /// Attributes of the nodes by id; empty when the file lists only edges.
    #[must_use]
    pub fn nodes(&self) -> &[NodeAttributes] {
        &self.nodes
    }

    /// The attributes of links, if any link has some.
    pub(crate) fn edge_attributes(&self) -> Option<Edges> {
        let with = |a: &EdgeAttributes| *a != EdgeAttributes::default();
        let edges: Edges = self.edges.iter().filter(|(_, a)| with(a)).map(|(k, a)| (*k, *a)).collect();
        (!edges.is_empty()).then_some(edges)
    }

    pub(super) fn check(&self, nodes: usize, allow_disconnected: bool) -> Result<(), NetError> {
        let bad = |problem: String, help: &str| Err(text::error(&self.path, None, problem, help));
        if !self.nodes.is_empty() && self.nodes.len() != nodes {
            let problem = format!("has {} nodes, but network.nodes = {nodes}", self.nodes.len());
            return bad(problem, "make the two equal");
        }
        if self.bound > nodes {
            let problem = format!("names node {}, but network.nodes = {nodes}", self.bound - 1);
            return bad(problem, "nodes are numbered from 0; raise network.nodes");
        }
        let mut union = UnionFind::<u32>::new(nodes);
        let joined = self.edges.keys().filter(|(u, v)| union.union(*u, *v)).count();
        if !allow_disconnected && nodes - joined > 1 {
            let problem = format!("falls into {} parts that no link connects", nodes - joined);
            return bad(problem, "connect them, or set network.allow_disconnected = true");
        }
        Ok(())
    }
}

/// Reads a positive whole rate in bit/s.
pub(super) fn rate(word: &str) -> Result<u64, String> {
    match word.parse::<f64>() {
        Ok(bps) if (1.0..=1e15).contains(&bps) => Ok(bps as u64),
        _ => Err(format!("has the rate `{word}`, which is not a number of bit/s from 1 to 1e15")),
    }
}

/// Reads a latency in milliseconds, from a nanosecond to a day.
pub(super) fn latency(word: &str) -> Result<Span, String> {
    match word.parse::<f64>() {
        Ok(ms) if (1e-6..=86_400e3).contains(&ms) => Ok(Span::from_nanos((ms * 1e6 + 0.5) as u64)),
        _ => Err(format!("has the latency `{word}`, which is not a number of ms from 0.000001 to 86400000")),
    }
}

/// Reads a probability.
pub(super) fn probability(word: &str) -> Result<f64, String> {
    match word.parse::<f64>() {
        Ok(p) if (0.0..=1.0).contains(&p) => Ok(p),
        _ => Err(format!("has the loss `{word}`, which is not a number from 0 to 1")),
    }
}

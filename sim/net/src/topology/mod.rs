//! Who is connected to whom: an undirected graph, generated from identity-named draws or read from a file.
//!
//! | kind | rule | file |
//! |---|---|---|
//! | complete, star, line, ring | fixed | `mod.rs` |
//! | tiers | a clique, and k-out beneath it | `mod.rs` |
//! | k-out, Erdős–Rényi, Watts–Strogatz, Barabási–Albert | one stream per node | `random.rs` |
//! | random regular, degree list | pairing of stubs | `pairing.rs` |
//! | Kademlia | tables filled as converged joins do | `kademlia.rs` |
//! | GraphML, edge list | file | `graphml.rs`, `edge_list.rs` |

mod edge_list;
mod file;
mod graphml;
mod kademlia;
mod pairing;
mod random;

use std::sync::Arc;

use astrarium_node::collections::Map;
use astrarium_node::{Domain, NodeId, Seed, Span};
use petgraph::unionfind::UnionFind;

use crate::error::NetError;

pub use file::{FileGraph, NodeAttributes};
pub use pairing::DegreeBin;

/// How the graph is made.
#[derive(Debug, Clone, PartialEq)]
pub enum TopologyKind {
    /// Every pair is linked. Peer lists are made when asked for, so a large complete network costs nothing until then.
    Complete,
    /// Every node is linked to node 0.
    Star,
    /// Node i is linked to i + 1.
    Line,
    /// A line whose ends are linked.
    Ring,
    /// Every node dials `degree` distinct others; links are the union of the dials, so the mean degree is about
    /// 2 · `degree`. A node that is added changes each dial of the others with probability 1/n only (consistent hashing).
    KOut {
        /// Links each node dials.
        degree: usize,
    },
    /// A random graph in which every node has exactly `degree` links (n · degree must be even).
    Regular {
        /// Links of each node.
        degree: usize,
    },
    /// Every pair is linked with probability `p`.
    ErdosRenyi {
        /// Link probability.
        p: f64,
    },
    /// A ring in which every node is linked to its `k` nearest; each link is rewired with probability `beta`.
    WattsStrogatz {
        /// Ring neighbours, even.
        k: usize,
        /// Rewiring probability.
        beta: f64,
    },
    /// A clique of m + 1 nodes, then each new node links to `m` nodes with probability proportional to their degree.
    BarabasiAlbert {
        /// Links of a new node.
        m: usize,
    },
    /// Degrees drawn from a histogram, then paired at random (configuration model; pairs that cannot be placed are left out).
    DegreeList {
        /// The histogram.
        bins: Vec<DegreeBin>,
    },
    /// Nodes 0 … core − 1 are linked to one another; every other node dials `degree` distinct others, whoever they are.
    Tiers {
        /// Nodes of the upper tier.
        core: usize,
        /// Links that each of the others dials.
        degree: usize,
    },
    /// Two nodes are linked when either is in the other's converged Kademlia table.
    Kademlia {
        /// Contacts of a bucket.
        bucket: usize,
        /// Buckets of a table, 1 to 64; the nearest one takes all that remain.
        buckets: usize,
    },
    /// Read from a file.
    File(Arc<FileGraph>),
}

/// What a file says about one link; overrides the model for this pair, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EdgeAttributes {
    /// One-way delay.
    pub latency: Option<Span>,
    /// Loss per packet.
    pub loss: Option<f64>,
    /// Rate in bit/s of each direction, between the two access links.
    pub bps: Option<u64>,
}

/// Attributes of links by (lesser id, greater id).
pub(crate) type Edges = Map<(u32, u32), EdgeAttributes>;

#[derive(Debug, Clone)]
enum Peers {
    Complete,
    Lists(Arc<[Arc<[NodeId]>]>),
}

/// An undirected graph without self-loops and double links; cheap to clone.
#[derive(Debug, Clone)]
pub struct Topology {
    nodes: usize,
    links: usize,
    parts: usize,
    peers: Peers,
}

/// Random graphs that must be connected are drawn this many times at most.
const ATTEMPTS: u64 = 20;

impl Topology {
    /// Makes the graph.
    ///
    /// # Errors
    /// [`NetError::Disconnected`] when it must be connected and every attempt was not; pairing failures of regular graphs.
    pub fn build(
        kind: &TopologyKind,
        nodes: usize,
        allow_disconnected: bool,
        seed: Seed,
    ) -> Result<Self, NetError> {
        let attempts = if kind.is_random() && !allow_disconnected { ATTEMPTS } else { 1 };
        let mut parts = 0;
        for attempt in 0..attempts {
            let topology = Self::attempt(kind, nodes, seed.derive(Domain::TOPOLOGY, attempt))?;
            if allow_disconnected || topology.parts <= 1 {
                return Ok(topology);
            }
            parts = topology.parts;
        }
        Err(NetError::Disconnected { parts, attempts })
    }

    fn attempt(kind: &TopologyKind, nodes: usize, seed: Seed) -> Result<Self, NetError> {
        let n = nodes as u32;
        let links = match kind {
            TopologyKind::Complete => return Ok(Self::complete(nodes)),
            TopologyKind::Star => (1..n).map(|v| link(0, v)).collect(),
            TopologyKind::Line => (1..n).map(|v| link(v - 1, v)).collect(),
            TopologyKind::Ring => (0..n).map(|v| link(v, (v + 1) % n)).filter(|l| l.0 != l.1).collect(),
            TopologyKind::KOut { degree } => random::k_out(0..n, n, *degree, seed),
            TopologyKind::Tiers { core, degree } => {
                let core = *core as u32;
                let mut links = random::k_out(core..n, n, *degree, seed);
                links.extend((0..core).flat_map(|v| (0..v).map(move |u| link(u, v))));
                links
            }
            TopologyKind::Regular { degree } => pairing::regular(n, *degree, seed)?,
            TopologyKind::ErdosRenyi { p } => random::erdos_renyi(n, *p, seed),
            TopologyKind::WattsStrogatz { k, beta } => random::watts_strogatz(n, *k, *beta, seed),
            TopologyKind::BarabasiAlbert { m } => random::barabasi_albert(n, *m, seed),
            TopologyKind::DegreeList { bins } => pairing::degree_list(n, bins, seed),
            TopologyKind::Kademlia { bucket, buckets } => kademlia::links(n, *bucket, *buckets, seed),
            TopologyKind::File(graph) => graph.links(),
        };
        Ok(Self::from_links(nodes, links))
    }

    fn complete(nodes: usize) -> Self {
        let links = nodes * nodes.saturating_sub(1) / 2;
        Self { nodes, links, parts: usize::from(nodes > 0), peers: Peers::Complete }
    }

    /// From links between nodes below `nodes`; double links count once.
    fn from_links(nodes: usize, mut links: Vec<(u32, u32)>) -> Self {
        links.sort_unstable();
        links.dedup();
        let mut union = UnionFind::<u32>::new(nodes);
        let mut parts = nodes;
        // Neighbours of all nodes in one array; `next` says where the next neighbour of each node goes.
        let mut next = vec![0_usize; nodes + 1];
        for &(u, v) in &links {
            parts -= usize::from(union.union(u, v));
            next[u as usize + 1] += 1;
            next[v as usize + 1] += 1;
        }
        for node in 1..=nodes {
            next[node] += next[node - 1];
        }
        let mut flat = vec![NodeId(0); 2 * links.len()];
        let mut place = |node: u32, peer: u32| {
            flat[next[node as usize]] = NodeId(peer);
            next[node as usize] += 1;
        };
        // First all lesser peers in order, then all greater ones: every list comes out sorted.
        links.iter().for_each(|&(u, v)| place(v, u));
        links.iter().for_each(|&(u, v)| place(u, v));
        // Now `next[node]` is where the list of `node` ends.
        let start = |node: usize| if node == 0 { 0 } else { next[node - 1] };
        let peers = (0..nodes).map(|node| Arc::from(&flat[start(node)..next[node]])).collect();
        Self { nodes, links: links.len(), parts, peers: Peers::Lists(peers) }
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes
    }

    /// True without nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes == 0
    }

    /// Number of links.
    #[must_use]
    pub fn links(&self) -> usize {
        self.links
    }

    /// Number of connected components.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// The neighbours of a node in ascending order; none for a node outside the graph. In a complete graph the list is made by
    /// this call and not kept.
    #[must_use]
    pub fn peers(&self, node: NodeId) -> Arc<[NodeId]> {
        match &self.peers {
            Peers::Complete => (0..self.nodes as u32).filter(|&v| v != node.0).map(NodeId).collect(),
            Peers::Lists(lists) => lists.get(node.index()).cloned().unwrap_or_else(|| Arc::from([])),
        }
    }

    /// Number of neighbours of a node.
    #[must_use]
    pub fn degree(&self, node: NodeId) -> usize {
        match &self.peers {
            Peers::Complete => self.nodes.saturating_sub(1),
            Peers::Lists(lists) => lists.get(node.index()).map_or(0, |list| list.len()),
        }
    }

    /// Whether two nodes are neighbours.
    #[must_use]
    pub fn linked(&self, a: NodeId, b: NodeId) -> bool {
        match &self.peers {
            Peers::Complete => a != b && a.index() < self.nodes && b.index() < self.nodes,
            Peers::Lists(lists) => lists.get(a.index()).is_some_and(|list| list.binary_search(&b).is_ok()),
        }
    }
}

/// A link, lesser end first.
fn link(u: u32, v: u32) -> (u32, u32) {
    (u.min(v), u.max(v))
}

impl TopologyKind {
    /// Most nodes of an upper tier: 12.5 million links.
    const MOST_CORE: usize = 5_000;
    /// Most links of a generated topology; each takes some twenty bytes while it is made.
    const MOST_LINKS: f64 = 1e8;

    /// About how many links the graph will have, as far as that can be told before it is made.
    fn expected_links(&self, nodes: usize) -> f64 {
        let n = nodes as f64;
        match self {
            Self::Complete | Self::Star | Self::Line | Self::Ring | Self::File(_) => 0.0,
            Self::KOut { degree } => n * *degree as f64,
            Self::Tiers { core, degree } => n * *degree as f64 + (*core as f64) * (*core as f64) / 2.0,
            Self::Regular { degree: ends } | Self::WattsStrogatz { k: ends, .. } => n * *ends as f64 / 2.0,
            Self::ErdosRenyi { p } => p * n * n / 2.0,
            Self::BarabasiAlbert { m } => n * *m as f64,
            Self::Kademlia { bucket, buckets } => n * kademlia::expected_table(n, *bucket, *buckets),
            // Shares sum to one; the upper end of each bar is its most.
            Self::DegreeList { bins } => {
                n * bins.iter().map(|bin| bin.share * bin.most as f64).sum::<f64>() / 2.0
            }
        }
    }

    fn is_random(&self) -> bool {
        !matches!(self, Self::Complete | Self::Star | Self::Line | Self::Ring | Self::File(_))
    }

    pub(crate) fn check(&self, nodes: usize, allow_disconnected: bool) -> Result<(), NetError> {
        let too_high = |field, value: usize| {
            NetError::config(
                field,
                format!("= {value} is impossible with network.nodes = {nodes}"),
                "a node cannot have more neighbours than there are other nodes; lower it or add nodes",
            )
        };
        let share = |field, p: f64| {
            (0.0..=1.0)
                .contains(&p)
                .then_some(())
                .ok_or_else(|| NetError::config(field, format!("= {p}"), "give a probability from 0 to 1"))
        };
        let links = self.expected_links(nodes);
        if links > Self::MOST_LINKS {
            return Err(NetError::config(
                "topology",
                format!("has about {links:.1e} links with network.nodes = {nodes}"),
                "at most 1e8 links fit into memory; lower the degree or probability, or use \"complete\", which needs no list",
            ));
        }
        match self {
            Self::Tiers { core, .. } if *core == 0 || *core > nodes.min(Self::MOST_CORE) => {
                Err(NetError::config(
                    "topology.core",
                    format!("= {core} with network.nodes = {nodes}"),
                    "the upper tier has at least one node, at most all and at most 5000 (every two of them are linked)",
                ))
            }
            Self::KOut { degree } | Self::Regular { degree } | Self::Tiers { degree, .. }
                if *degree >= nodes =>
            {
                Err(too_high("topology.degree", *degree))
            }
            Self::Regular { degree } if degree * nodes % 2 == 1 => Err(NetError::config(
                "topology.degree",
                format!("= {degree} with network.nodes = {nodes} is odd times odd"),
                "every link has two ends, so nodes × degree must be even",
            )),
            Self::ErdosRenyi { p: 0.0 } if nodes > 1 && !allow_disconnected => Err(NetError::config(
                "topology.p",
                "= 0 links nobody",
                "raise it, or set network.allow_disconnected = true",
            )),
            Self::ErdosRenyi { p } => share("topology.p", *p),
            Self::WattsStrogatz { k, .. } if *k >= nodes => Err(too_high("topology.k", *k)),
            Self::WattsStrogatz { k, .. } if k % 2 == 1 || *k == 0 => Err(NetError::config(
                "topology.k",
                format!("= {k} is not an even number from 2"),
                "half of the ring neighbours are on each side",
            )),
            Self::WattsStrogatz { beta, .. } => share("topology.beta", *beta),
            Self::BarabasiAlbert { m } if *m == 0 || m + 1 > nodes => Err(too_high("topology.m", *m)),
            Self::DegreeList { bins } => pairing::check(bins, nodes),
            Self::Kademlia { bucket: 0, .. } => {
                Err(NetError::config("topology.bucket", "= 0", "a bucket holds at least one contact"))
            }
            Self::Kademlia { buckets, .. } if !(1..=64).contains(buckets) => Err(NetError::config(
                "topology.buckets",
                format!("= {buckets}"),
                "a table has 1 to 64 buckets",
            )),
            Self::File(graph) => graph.check(nodes, allow_disconnected),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

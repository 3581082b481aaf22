//! `<key>` elements: which attributes a file declares, and which of them mean something.

use astrarium_node::collections::Map;

/// An attribute that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Region,
    UpBps,
    DownBps,
    LatencyMs,
    Loss,
    EdgeBps,
}

impl Field {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "region" => Self::Region,
            "up_bps" => Self::UpBps,
            "down_bps" => Self::DownBps,
            "latency_ms" => Self::LatencyMs,
            "loss" => Self::Loss,
            "bps" => Self::EdgeBps,
            _ => return None,
        })
    }

    /// Whether it belongs to nodes; otherwise to edges.
    pub(super) fn of_nodes(self) -> bool {
        matches!(self, Self::Region | Self::UpBps | Self::DownBps)
    }
}

/// The declared keys by id; `None` for those that mean nothing here.
#[derive(Debug, Default)]
pub(super) struct Keys(Map<String, Option<Field>>);

impl Keys {
    /// What a declared key stands for.
    pub(super) fn field(&self, id: &str) -> Option<Option<Field>> {
        self.0.get(id).copied()
    }

    /// Takes in a declaration; `domain` is its `for`, `all` where it has none (GraphML 1.0).
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub(super) fn declare(
        &mut self,
        id: String,
        domain: &str,
        name: &str,
    ) -> Result<Option<Field>, (String, &'static str)> {
        if !["all", "graphml", "graph", "node", "edge", "hyperedge", "port", "endpoint"].contains(&domain) {
            return Err((format!("has a key for=\"{domain}\""), "write for=\"node\", \"edge\" or \"all\""));
        }
        if matches!((domain, name), ("node" | "all", "class" | "nat")) {
            return Err((
                format!("has the node attribute `{name}`, which is not understood"),
                "say it in [network], or give the attribute another name",
            ));
        }
        let field = Field::named(name);
        if let Some(field) = field {
            let owner = if field.of_nodes() { "node" } else { "edge" };
            if domain != "all" && domain != owner {
                return Err((
                    format!("has the attribute `{name}` for=\"{domain}\""),
                    "region, up_bps and down_bps belong to nodes; latency_ms, loss and bps to edges",
                ));
            }
            if self.0.values().any(|known| *known == Some(field)) {
                return Err((format!("declares the attribute `{name}` twice"), "keep one key"));
            }
        }
        if self.0.insert(id.clone(), field).is_some() {
            return Err((format!("has the key `{id}` twice"), "give every key its own id"));
        }
        Ok(field)
    }
}

//! Parameters of a group's overlay.

use astrarium_node::Span;

/// Who sends to whom in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overlay {
    /// Rows and columns; rows have at least this many members (ZV Chain, `group.go`: 4).
    Grid {
        /// Minimum row size.
        row_min: u32,
    },
    /// Two-layer Kademlia: so many contacts per bucket (network specification §8: 2).
    Kad2 {
        /// Contacts per bucket.
        redundancy: u32,
    },
    /// The origin sends to all; everybody keeps a session to everybody.
    Mesh,
    /// The origin sends to all; only sessions to the origin are kept.
    Star,
    /// No group at all, but the baseline: every node forwards to its own list of neighbours, which it opens as its "members".
    Flood,
    /// A complete tree below the origin (network specification §4: 3; Cypherium Fig. 3B: 2).
    Tree {
        /// Children of a node.
        fanout: u32,
    },
}

/// Parameters of the group layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Who sends to whom.
    pub overlay: Overlay,
    /// Messages say when they expire: this long after they were made, by the origin's clock (ZV Chain, `net.go`: 60 s).
    pub expiry: Span,
    /// How long ids of messages are remembered (network specification §6.13: 5 min).
    pub seen_keep: Span,
    /// How many ids are remembered at most; the oldest are forgotten first.
    pub seen_max: u32,
    /// Groups that a node is in at most; further ones are refused.
    pub groups_max: u32,
    /// Entrance members an outsider sends to; `None`: ⌈s/2⌉ with s the row size of the grid (ZV Chain, `group.go`).
    pub entrances: Option<u32>,
    /// Time between pulses to neighbours; `None`: none are sent and nobody is suspected.
    pub pulse: Option<Span>,
    /// Missed pulses that make a suspicion (3).
    pub missed: u32,
    /// How long an inner node waits for its children, per level below it; twice the 99 % quantile of the one-way delay (§6.16).
    pub level_timeout: Span,
    /// Reductions under way that a node remembers at most.
    pub reductions_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            overlay: Overlay::Grid { row_min: 4 },
            expiry: Span::from_secs(60),
            seen_keep: Span::from_secs(300),
            seen_max: 4096,
            groups_max: 64,
            entrances: None,
            pulse: None,
            missed: 3,
            // Bitcoin-2019: the 99 % quantile is 294 ms.
            level_timeout: Span::from_millis(588),
            reductions_max: 64,
        }
    }
}

/// A parameter that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigError {
    /// Name of the field.
    pub parameter: &'static str,
    /// What was expected.
    pub expected: &'static str,
}

impl Config {
    /// Looks for values that cannot be.
    ///
    /// # Errors
    /// The first one.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let error = |parameter, expected| Err(ConfigError { parameter, expected });
        match self.overlay {
            Overlay::Grid { row_min: 0 } => return error("row_min", "at least 1"),
            Overlay::Kad2 { redundancy: 0 } => return error("redundancy", "at least 1"),
            Overlay::Tree { fanout: 0 } => return error("fanout", "at least 1"),
            _ => {}
        }
        if self.seen_max == 0 || self.groups_max == 0 || self.reductions_max == 0 {
            return error("seen_max", "at least 1, as groups_max and reductions_max");
        }
        if self.missed == 0 || self.pulse.is_some_and(Span::is_zero) {
            return error("pulse", "an interval above zero, and at least 1 missed pulse");
        }
        if self.level_timeout.is_zero() || self.expiry.is_zero() {
            return error("level_timeout", "above zero, as expiry");
        }
        Ok(())
    }
}

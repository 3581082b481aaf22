//! Parameters, with units, defaults and sources.

use astrarium_node::Span;

/// Parameters of one node's block synchronisation; defaults are the constants of ZV Chain's `block_sync.go` and `peer_manager.go`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Time between two announcements of the own top (3 s).
    pub announce_interval: Span,
    /// Time between two looks for a heavier neighbour (3 s).
    pub sync_interval: Span,
    /// A request is unanswered after this time (5 s).
    pub timeout: Span,
    /// Most blocks in a request, and in the answer to one (16). A neighbour that fails is asked for 4 fewer the next time, down to 1;
    /// one that delivers for 1 more.
    pub batch: u32,
    /// Whether the next range is asked for as soon as one has come, as shipped; otherwise at the next look.
    pub eager: bool,
    /// Failures in a row that are suffered from a neighbour; the next one makes it ignored. `None`: any number.
    pub patience: Option<u32>,
    /// How long it is ignored the first time; n times as long the n-th time (10 min).
    pub penalty: Span,
    /// Most neighbours whose claims are remembered (100).
    pub candidates: usize,
    /// Most blocks of another branch that are kept aside.
    pub branch: usize,
    /// Most blocks of the own chain.
    pub capacity: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            announce_interval: Span::from_secs(3),
            sync_interval: Span::from_secs(3),
            timeout: Span::from_secs(5),
            batch: 16,
            eager: true,
            patience: Some(5),
            penalty: Span::from_secs(600),
            candidates: 100,
            branch: 4096,
            capacity: 10_000_000,
        }
    }
}

/// A parameter out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigError {
    /// Which one.
    pub parameter: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

impl Config {
    /// Most blocks in one answer, whatever the parameters: bounds what one small request can cost.
    pub const MAX_BATCH: u32 = 1_024;

    /// Checks the ranges.
    ///
    /// # Errors
    /// The first parameter that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let rules = [
            (!self.announce_interval.is_zero(), "announce_interval", "a time above zero"),
            (!self.sync_interval.is_zero(), "sync_interval", "a time above zero"),
            (!self.timeout.is_zero(), "timeout", "a time above zero"),
            ((1..=Self::MAX_BATCH).contains(&self.batch), "batch", "1 to 1024"),
            (self.candidates > 0, "candidates", "at least 1"),
            (self.branch >= self.batch as usize, "branch", "at least `batch`"),
            (self.capacity > 0, "capacity", "at least 1"),
        ];
        let broken = rules.into_iter().find(|(ok, ..)| !ok);
        broken.map_or(Ok(()), |(_, parameter, expected)| Err(ConfigError { parameter, expected }))
    }
}

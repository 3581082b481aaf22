//! Parameters, and what is counted.

use astrarium_node::Span;

use super::message::MAX_HOPS;

/// All parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Relays of a circuit, 0 to 6; 0 sends directly (3; Tor).
    pub hops: usize,
    /// First relays that a source chose once and keeps; 0: any relay may be first (0; Tor keeps a few).
    pub guards: usize,
    /// A circuit carries no new message when it is older (600 s; Tor `MaxCircuitDirtiness`).
    pub lifetime: Span,
    /// A circuit that is not answered within this time is given up and another one tried (10 s; chosen).
    pub patience: Span,
    /// Circuits tried before the waiting messages are dropped (3; chosen).
    pub tries: u32,
    /// Messages that may wait for a circuit (64; chosen).
    pub queue: usize,
    /// Circuits that a relay carries at most (10,000; chosen).
    pub relayed: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hops: 3,
            guards: 0,
            lifetime: Span::from_secs(600),
            patience: Span::from_secs(10),
            tries: 3,
            queue: 64,
            relayed: 10_000,
        }
    }
}

impl Config {
    /// The parameter that cannot work among so many relays, and what it must be; `None` when all is well.
    #[must_use]
    pub fn problem(&self, relays: usize) -> Option<(&'static str, &'static str)> {
        let checks = [
            ("hops", self.hops <= MAX_HOPS, "0 to 6"),
            // A source that is a relay itself does not use itself.
            ("hops", self.hops < relays.max(1), "less than the number of relays"),
            ("guards", self.guards <= relays, "at most the number of relays"),
            ("lifetime", !self.lifetime.is_zero(), "above 0"),
            ("patience", !self.patience.is_zero(), "above 0"),
            ("tries", self.tries >= 1, "at least 1"),
            ("queue", self.queue >= 1, "at least 1"),
        ];
        checks.into_iter().find(|(_, good, _)| !good).map(|(key, _, why)| (key, why))
    }
}

/// What happened at one node, counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Circuits of one's own that were begun.
    pub begun: u64,
    /// Of those, answered.
    pub opened: u64,
    /// Of those, given up.
    pub failed: u64,
    /// Cells passed on, or delivered by the last relay.
    pub relayed: u64,
    /// Circuits refused because there are too many.
    pub refused: u64,
    /// Cells that our key does not open, or whose layers are not as they should be.
    pub forged: u64,
    /// Cells with a number that was seen.
    pub replayed: u64,
    /// Cells of no circuit, and requests to relay at a node that is no relay or to one that is none.
    pub unexpected: u64,
    /// Messages dropped: too long for a cell, too many waiting, or no circuit to be had.
    pub dropped: u64,
}

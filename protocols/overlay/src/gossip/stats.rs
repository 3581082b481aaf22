//! What a node has counted.

/// Counters of one node since it was made. They are for observers; no decision depends on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Items seen for the first time, own ones included.
    pub first: u64,
    /// Whole items that came over the wire.
    pub received: u64,
    /// Of those, items that were known already.
    pub duplicates: u64,
    /// Items asked for.
    pub asked: u64,
    /// Items asked for again, of another peer, because the first did not answer in time.
    pub asked_again: u64,
    /// Items given up because nobody who announced them answered.
    pub given_up: u64,
    /// Dropped: an item that nobody had asked for, in a mode that asks first.
    pub unsolicited: u64,
    /// Dropped: messages that do not belong to this mode.
    pub foreign: u64,
    /// Dropped: announcements or requests beyond a limit.
    pub over_limit: u64,
    /// Dropped: requests for items that are not here.
    pub unknown: u64,
    /// Dropped: announcements of peers that did not deliver what they had announced.
    pub distrusted: u64,
    /// Messages that the transport refused because the peer's queue was full.
    pub refused: u64,
}

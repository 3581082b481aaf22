//! What became of attempts, and of everything that was dropped.

/// Counts of one node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Attempts begun.
    pub dials: u64,
    /// Direct paths opened, in either role.
    pub opened: u64,
    /// Paths opened over a relay, in either role.
    pub relayed: u64,
    /// Attempts that ended without a path.
    pub failed: u64,
    /// Attempts not made, because the own ports cannot be predicted.
    pub not_attempted: u64,
    /// Paths that died: nothing was heard.
    pub lost_paths: u64,
    /// Punches sent at full time to live because the TTL search had found none.
    pub no_ttl: u64,
    /// Messages of the layer above, dropped: too many waited for their path.
    pub queue_full: u64,
    /// Messages of the layer above, dropped: no path to their peer.
    pub unreachable: u64,
    /// Dropped: a table was full (paths, sockets, logins, attempts, slots, circuits).
    pub table_full: u64,
    /// Packets dropped: to a socket that is not open.
    pub closed_socket: u64,
    /// Packets dropped: a message from a socket that belongs to no path.
    pub unknown_source: u64,
    /// Packets dropped: an answer that nobody waits for, or nothing for this role.
    pub unexpected: u64,
    /// Packets dropped: their claim lacks proof.
    pub forged: u64,
    /// Packets dropped: signed too long ago, ahead of time, or before.
    pub stale: u64,
    /// Bytes of messages forwarded (relays).
    pub relay_bytes: u64,
    /// Circuits ended at a limit (relays).
    pub resets: u64,
    /// Requests for a slot or a circuit refused (relays).
    pub refused: u64,
}

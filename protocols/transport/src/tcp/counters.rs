//! What a node's TCP did, counted.

/// Segments that were dropped, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Contradicts itself: a reference beyond its payload, payload on a SYN, a selective acknowledgement of nothing.
    pub malformed: u64,
    /// For no connection of ours (wrong ports, or long gone); answered by a reset.
    pub unknown: u64,
    /// Outside the receive window.
    pub window: u64,
    /// Acknowledges what was never sent.
    pub acknowledgement: u64,
    /// Older than what arrived before, by its timestamp (RFC 7323 PAWS).
    pub timestamp: u64,
    /// A reset or SYN that does not fit (RFC 5961).
    pub challenge: u64,
    /// No room: too many connections, or too many gaps in one.
    pub overflow: u64,
}

impl Dropped {
    /// All causes together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.malformed
            + self.unknown
            + self.window
            + self.acknowledgement
            + self.timestamp
            + self.challenge
            + self.overflow
    }
}

/// Counts of one node since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Segments sent, of every kind.
    pub segments_sent: u64,
    /// Segments received, of every kind.
    pub segments_received: u64,
    /// Segments with payload sent, retransmissions included.
    pub data_segments: u64,
    /// Payload bytes sent for the first time.
    pub bytes_sent: u64,
    /// Payload bytes sent again.
    pub bytes_again: u64,
    /// Bytes of all segments as [`Wire::wire_len`](astrarium_node::Wire::wire_len) counts them.
    pub wire_bytes: u64,
    /// Segments sent again after duplicate or selective acknowledgements.
    pub fast: u64,
    /// Segments sent again after a timeout.
    pub timeout: u64,
    /// Tail loss probes, those with new data included.
    pub probes: u64,
    /// SYNs sent again.
    pub syn: u64,
    /// Expirations of the retransmission timer.
    pub timeouts: u64,
    /// Timeouts that were not needed: the original was acknowledged (Eifel detection, RFC 3522).
    pub spurious: u64,
    /// Times loss was found by acknowledgements.
    pub recoveries: u64,
    /// Probes of a closed window.
    pub window_probes: u64,
    /// Data segments that brought nothing new.
    pub duplicates: u64,
    /// Resets sent.
    pub resets: u64,
    /// Connections opened, by either side.
    pub opened: u64,
    /// Messages delivered upwards.
    pub delivered: u64,
    /// Messages not accepted because a buffer or table was full.
    pub refused: u64,
    /// Segments dropped.
    pub dropped: Dropped,
}

impl Counters {
    /// Data segments and SYNs sent more than once.
    #[must_use]
    pub const fn retransmissions(&self) -> u64 {
        self.fast + self.timeout + self.probes + self.syn
    }
}

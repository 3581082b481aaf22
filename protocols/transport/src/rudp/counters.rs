//! What a node counts of its sessions, for metrics.

/// Counts since the node came up first; a restart keeps them, for they belong to the experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Datagrams sent.
    pub datagrams_sent: u64,
    /// Bytes of datagrams sent, without IP and UDP headers.
    pub bytes_sent: u64,
    /// Data segments sent, retransmissions included.
    pub segments_sent: u64,
    /// Segments sent again because their timeout expired.
    pub retransmissions_timeout: u64,
    /// Segments sent again because later ones were acknowledged.
    pub retransmissions_fast: u64,
    /// Acknowledgements sent.
    pub acks_sent: u64,
    /// Acknowledgements received.
    pub acks_received: u64,
    /// Data segments received, duplicates included.
    pub segments_received: u64,
    /// Data segments received that were there already.
    pub duplicates_received: u64,
    /// Messages handed to the layer above.
    pub messages_delivered: u64,
    /// Bytes of messages handed to the layer above.
    pub payload_delivered: u64,
    /// Messages accepted from the layer above.
    pub messages_accepted: u64,
    /// Bytes of messages accepted from the layer above.
    pub payload_accepted: u64,
    /// Messages not accepted because the queue was full.
    pub refused: u64,
    /// Messages accepted and given up in a session that goes on (`hc_slice` only).
    pub abandoned: u64,
    /// Sessions served by a timer.
    pub ticks: u64,
    /// Window probes sent.
    pub probes_sent: u64,
    /// Signs of life sent.
    pub keepalives_sent: u64,
    /// Datagrams dropped because they name another session.
    pub wrong_session: u64,
    /// Datagrams dropped because they contradict themselves or the session.
    pub malformed: u64,
    /// Data segments dropped because the receive window has no room for them.
    pub outside_window: u64,
    /// Sessions not opened because the table of peers was full.
    pub table_full: u64,
}

impl Counters {
    /// Segments sent more than once.
    #[must_use]
    pub fn retransmissions(&self) -> u64 {
        self.retransmissions_timeout + self.retransmissions_fast
    }
}

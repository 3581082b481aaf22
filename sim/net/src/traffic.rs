//! What became of the pieces: every one is delivered, dropped for one cause, or in flight.

/// Lost pieces by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drops {
    /// Lost on the path: the loss model, a loss burst, a gray node.
    pub loss: u64,
    /// Larger than the MTU where fragmentation is forbidden.
    pub too_big: u64,
    /// The sender's uplink queue was full.
    pub uplink_full: u64,
    /// The recipient's downlink queue was full.
    pub downlink_full: u64,
    /// Sender and recipient were in different parts of a partition, at departure or at arrival.
    pub partition: u64,
    /// The direction was cut, at departure or at arrival.
    pub one_way: u64,
    /// The time to live was used up on the way or at a middlebox (addressed messages only, as all below).
    pub expired: u64,
    /// The address belongs to nobody, or is private and out of reach.
    pub unroutable: u64,
    /// A middlebox had no mapping for it, or its filter did not let it in.
    pub filtered: u64,
    /// The sender's middlebox refused a source that is not the sender's own.
    pub forged: u64,
    /// A middlebox had no room for another mapping.
    pub table_full: u64,
    /// A middlebox found no free port.
    pub no_port: u64,
    /// A middlebox does not loop packets for its own outer address back.
    pub hairpin: u64,
    /// A middlebox that does not reassemble met a fragmented datagram.
    pub fragment: u64,
}

impl Drops {
    /// All causes together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        let links = self.loss + self.too_big + self.uplink_full + self.downlink_full;
        let severed = self.partition + self.one_way;
        let routes = self.expired + self.unroutable + self.forged + self.hairpin;
        links + severed + routes + self.filtered + self.table_full + self.no_port + self.fragment
    }
}

/// Counts of pieces. Sums, so the counts of parts of a run add up to the counts of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Pieces that senders handed over.
    pub offered: u64,
    /// Copies that the network made.
    pub duplicated: u64,
    /// Pieces handed to recipients (those that wait in a downlink queue included, and fragments that wait for others before a
    /// middlebox).
    pub delivered: u64,
    /// Pieces lost.
    pub drops: Drops,
    /// Segments that transports in closed form sent again.
    pub resent: u64,
    /// Bytes that those transports put on the wire, from senders of messages to their recipients.
    pub carried_bytes: u64,
}

impl Traffic {
    /// Pieces on their way.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        (self.offered + self.duplicated).saturating_sub(self.delivered + self.drops.total())
    }
}

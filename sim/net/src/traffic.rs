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
}

impl Drops {
    /// All causes together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.loss + self.too_big + self.uplink_full + self.downlink_full + self.partition + self.one_way
    }
}

/// Counts of pieces. Sums, so the counts of parts of a run add up to the counts of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Pieces that senders handed over.
    pub offered: u64,
    /// Copies that the network made.
    pub duplicated: u64,
    /// Pieces handed to recipients (those that wait in a downlink queue included).
    pub delivered: u64,
    /// Pieces lost.
    pub drops: Drops,
}

impl Traffic {
    /// Pieces on their way.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        (self.offered + self.duplicated).saturating_sub(self.delivered + self.drops.total())
    }
}

//! What lies between the two ends of a connection: the bottleneck with its queue, and what happens to single packets.

use crate::access::transfer;

/// What the path does to single packets, one draw after the other.
pub(crate) trait Path {
    /// Nanoseconds from the bottleneck to the other side; `None` when the packet is lost.
    fn forward(&mut self) -> Option<u64>;
    /// The same on the way back.
    fn backward(&mut self) -> Option<u64>;
}

/// The bottleneck of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    /// Bit/s; 0 is unlimited.
    pub(crate) bps: u64,
    /// Bytes that may wait; what comes on top is lost.
    pub(crate) buffer: Option<u64>,
    /// It is busy with others until then.
    pub(crate) busy: u64,
    /// Rate of all other links on the way together, and of all on the way back, where nothing queues; 0 is unlimited.
    pub(crate) further: u64,
    pub(crate) back: u64,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Carried {
    /// When its last byte is there in order; `None` when the connection did not come about, or died.
    pub(crate) at: Option<u64>,
    /// Bytes that the sender put on the wire for it.
    pub(crate) bytes: u64,
    /// Segments that were sent again.
    pub(crate) resent: u64,
}

/// How long packets take on links without a queue; nearly all have the size of the one before.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    bytes: u64,
    bps: u64,
    work: u64,
}

impl Size {
    #[inline]
    pub(super) fn on(&mut self, bytes: u64, bps: u64) -> u64 {
        if (bytes, bps) != (self.bytes, self.bps) {
            *self = Self { bytes, bps, work: transfer(bytes, bps) };
        }
        self.work
    }
}

/// The queue of one connection at the bottleneck, and what it has sent for the message at hand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outlet {
    /// The bottleneck has the connection's own segments until then.
    until: u64,
    /// How long the packet sent last takes at the rate: nearly all have the same size.
    size: u64,
    work: u64,
    /// How long it takes on the links behind.
    behind: u64,
    /// The longest backlog that still has room for it, in nanoseconds.
    most: u64,
    pub(super) bytes: u64,
    pub(super) resent: u64,
}

impl Outlet {
    /// Begins the account of another message.
    pub(super) fn begin(&mut self, line: &Line) {
        (self.bytes, self.resent, self.size) = (0, 0, 0);
        self.until = self.until.max(line.busy);
    }

    /// The account.
    pub(super) fn carried(&self, at: Option<u64>) -> Carried {
        Carried { at, bytes: self.bytes, resent: self.resent }
    }

    /// Puts a packet in line at the bottleneck; when it is through, or `None` when it does not fit.
    #[inline]
    pub(super) fn pass(&mut self, at: u64, size: u64, line: &Line) -> Option<u64> {
        self.bytes += size;
        if size != self.size {
            self.size = size;
            self.work = transfer(size, line.bps);
            self.behind = transfer(size, line.further);
            let free = line.buffer.filter(|_| line.bps > 0).map(|buffer| buffer.checked_sub(size));
            self.most = free.map_or(u64::MAX, |free| free.map_or(0, |free| transfer(free, line.bps)));
        }
        let begin = at.max(self.until);
        if begin - at > self.most {
            return None;
        }
        self.until = begin + self.work;
        Some(self.until + self.behind)
    }
}

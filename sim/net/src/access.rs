//! Access links: a queue with a rate on each side of a node.
//!
//! **Uplink** – first in, first out: a piece leaves at max(now, busy) + size·8/rate.
//!
//! **Downlink** – one event per piece where possible. [`depart`](crate::Network::depart) schedules a piece for the moment at
//! which it would be complete on an idle downlink – or, for pieces that occupy the downlink longer than [`LOOKBACK`], for
//! that long after they begin to arrive – and [`arrive`](crate::Network::arrive) lets it wait if the downlink was busy. So
//! the queue is served in order of first bits, but a short piece may pass a piece that began at most `LOOKBACK` before it.
//! The order is work-conserving: a piece fills idle time since its first bit that an earlier served one has left
//! (remembered for the latest busy period), so overlapping pieces are together done when the sum of their work is.
//!
//! **Trains** – the packets of one piece follow one another, and each stage begins to forward the first while later ones are
//! still coming; so a large message over up- and downlink takes about as long as over the slower of the two, in both
//! fidelities. Only nodes store and forward whole messages.

use astrarium_node::Span;

use crate::link::Stretch;

/// How long after its first bit a piece may be put into the downlink's order at the latest, in nanoseconds (5 ms: 25 kB at
/// 40 Mbit/s). Shorter pieces are one event when uncontended, longer ones two.
pub(crate) const LOOKBACK: u64 = 5_000_000;

/// Both links of one node; times in nanoseconds, rates in bit/s with 0 for unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Access {
    pub(crate) up_bps: u64,
    pub(crate) down_bps: u64,
    /// The uplink is busy until then.
    up_until: u64,
    /// The downlink's latest busy period.
    down_from: u64,
    down_until: u64,
}

/// Packets of a piece on their way: when the first and the last of them are complete at this point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Train {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// Nanoseconds that `bytes` take at a rate; none at an unlimited one.
#[inline]
pub(crate) fn transfer(bytes: u64, bps: u64) -> u64 {
    if bps == 0 { 0 } else { Span::of_transfer(bytes, bps).as_nanos() }
}

impl Train {
    /// All packets are there at once.
    #[inline]
    pub(crate) fn at(now: u64) -> Self {
        Self { first: now, last: now }
    }

    /// Passes a link that is busy until `busy`; returns the train at its far end.
    #[inline]
    pub(crate) fn pass(self, stretch: &Stretch, bps: u64, busy: u64) -> Self {
        if bps == 0 {
            return self;
        }
        let start = self.first.max(busy);
        let total = transfer(stretch.total, bps);
        if stretch.count == 1 {
            let end = start.saturating_add(total);
            return Self { first: end, last: end };
        }
        let first = start.saturating_add(transfer(stretch.first, bps));
        let last = self.last.saturating_add(transfer(stretch.last, bps));
        Self { first, last: last.max(start.saturating_add(total)) }
    }
}

/// Whether `size` bytes fit behind a backlog that takes `wait` nanoseconds at `bps`.
fn fits(wait: u64, bps: u64, size: u64, buffer: Option<u64>) -> bool {
    buffer.is_none_or(|buffer| {
        let backlog = u128::from(wait) * u128::from(bps) / 8_000_000_000;
        backlog + u128::from(size) <= u128::from(buffer)
    })
}

impl Access {
    /// Idle links with these rates.
    pub(crate) fn new((up_bps, down_bps): (u64, u64)) -> Self {
        Self { up_bps, down_bps, ..Self::default() }
    }

    /// Whether the uplink's queue has room for a piece.
    pub(crate) fn has_room(&self, now: u64, stretch: &Stretch, buffer: Option<u64>) -> bool {
        self.up_bps == 0 || fits(self.up_until.saturating_sub(now), self.up_bps, stretch.total, buffer)
    }

    /// Puts a piece on the uplink; `None` when its queue is full.
    #[inline]
    pub(crate) fn send(&mut self, now: u64, stretch: &Stretch, buffer: Option<u64>) -> Option<Train> {
        if self.up_bps == 0 {
            return Some(Train::at(now));
        }
        if !self.has_room(now, stretch, buffer) {
            return None;
        }
        let train = Train::at(now).pass(stretch, self.up_bps, self.up_until);
        self.up_until = train.last;
        Some(train)
    }

    /// When the uplink has sent what it has.
    #[inline]
    pub(crate) fn busy_until(&self) -> u64 {
        self.up_until
    }

    /// So many bytes go over the uplink from now on, whenever exactly.
    #[inline]
    pub(crate) fn reserve(&mut self, now: u64, bytes: u64) {
        self.up_until = self.up_until.max(now).saturating_add(transfer(bytes, self.up_bps));
    }

    /// When to ask the downlink ([`Access::receive`]) about a piece that reaches it as `train`, at most `lookback` after the moment
    /// from which the link could be serving it.
    #[inline]
    pub(crate) fn due(&self, train: Train, stretch: &Stretch, lookback: u64) -> u64 {
        let done = train.pass_packets(stretch, self.down_bps);
        let work = transfer(stretch.total, self.down_bps);
        // `done` − `work` is when the piece has the downlink to itself, not before its first packet is here.
        done - work + work.min(lookback)
    }

    /// When the downlink has served what it has taken up.
    #[inline]
    pub(crate) fn served_until(&self) -> u64 {
        self.down_until
    }

    /// Serves a piece from now on, on a downlink that is idle and has no order of its own: when it is with the node.
    #[inline]
    pub(crate) fn serve(&mut self, now: u64, bytes: u64) -> u64 {
        self.down_until = now.saturating_add(transfer(bytes, self.down_bps));
        self.down_until
    }

    /// Serves a piece that is due now: when it is with the node, or `None` when the queue is full.
    #[inline]
    pub(crate) fn receive(&mut self, now: u64, stretch: &Stretch, buffer: Option<u64>) -> Option<u64> {
        if self.down_bps == 0 {
            return Some(now);
        }
        let work = transfer(stretch.total, self.down_bps);
        let begin = now.saturating_sub(work.min(LOOKBACK));
        if !fits(self.down_until.saturating_sub(begin), self.down_bps, stretch.total, buffer) {
            return None;
        }
        if begin >= self.down_until {
            self.down_from = begin;
            self.down_until = begin.saturating_add(work);
        } else {
            // What was idle between this piece's first bit and the busy period has already gone into it.
            let done = self.down_from.saturating_sub(begin).min(work);
            self.down_from = self.down_from.min(begin);
            self.down_until = self.down_until.saturating_add(work - done);
        }
        Some(self.down_until.max(now))
    }
}

impl Train {
    /// When the last packet has passed an idle link whose rate may differ from that of the link before. A packet that reaches
    /// the link is passed on as its bits come, but not before it is complete.
    #[inline]
    fn pass_packets(self, stretch: &Stretch, bps: u64) -> u64 {
        self.pass(stretch, bps, 0).last
    }
}

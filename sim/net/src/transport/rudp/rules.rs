//! The rules of reliable UDP as the machine needs them.

use crate::transport::{Backoff, RudpModel};

/// Nanoseconds of a millisecond, the resolution of KCP's clock.
pub(super) const MS: u64 = 1_000_000;
/// Parts into which messages are cut, in bytes, and most segments of one.
const PART: u64 = 65_536;
const MOST_FRAGMENTS: u64 = 127;
/// Longest timeout, ms.
pub(super) const MAX_RTO: u32 = 60_000;

/// Rules; times in nanoseconds unless the name says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rules {
    pub(super) mss: u64,
    /// Bytes of a datagram besides payload, IP and UDP headers included.
    pub(super) header: u64,
    pub(super) window: u32,
    pub(super) receive_window: u32,
    pub(super) bytes_in_flight: u64,
    /// Time between two looks at the timers.
    pub(super) interval: u64,
    pub(super) interval_ms: u32,
    /// Messages and datagrams are served at once, not at the next look.
    pub(super) flush_on_io: bool,
    pub(super) min_rto_ms: u32,
    pub(super) initial_rto_ms: u32,
    pub(super) backoff: Backoff,
    /// Later acknowledgements that reveal a loss; 0: none do.
    pub(super) resend: u32,
    pub(super) fast_limit: u32,
    pub(super) dead_link: u32,
    pub(super) dead_link_age_ms: u64,
    pub(super) congestion_control: bool,
    pub(super) handshake: bool,
    /// Idle sessions ping so often.
    pub(super) keepalive: u64,
    pub(super) fresh: bool,
    /// Segments of a part; without parts (stream mode) `None`.
    pub(super) part: Option<u64>,
    /// Bytes of an acknowledgement after the first in a datagram; the first takes the place of a segment's header.
    ack_bytes: u64,
    /// Acknowledgements in one datagram, at most.
    pub(super) acks: u32,
    /// Data and parity datagrams of a group.
    pub(super) fec: Option<(u32, u32)>,
}

impl Rules {
    pub(crate) fn new(model: &RudpModel) -> Self {
        let mss = u64::from(model.mss);
        let ms =
            |span: astrarium_node::Span| span.as_nanos().div_ceil(MS).clamp(1, u64::from(MAX_RTO)) as u32;
        Self {
            mss,
            header: u64::from(model.header) + 28,
            window: model.window,
            receive_window: model.receive_window,
            bytes_in_flight: model.bytes_in_flight.map_or(u64::MAX, u64::from),
            interval: u64::from(ms(model.interval)) * MS,
            interval_ms: ms(model.interval),
            flush_on_io: model.flush_on_io,
            min_rto_ms: ms(model.min_rto),
            initial_rto_ms: ms(model.initial_rto),
            backoff: model.backoff,
            resend: model.resend,
            fast_limit: model.fast_limit,
            dead_link: model.dead_link,
            dead_link_age_ms: model.dead_link_age.as_nanos() / MS,
            congestion_control: model.congestion_control,
            handshake: model.handshake,
            keepalive: model.keepalive.map_or(u64::MAX, |span| span.as_nanos().max(1)),
            fresh: model.fresh,
            part: (!model.stream).then(|| (PART / mss).clamp(1, MOST_FRAGMENTS)),
            ack_bytes: u64::from(model.ack_bytes),
            acks: (model.datagram / model.ack_bytes.max(1)).max(1),
            fec: model.fec.map(|(data, parity)| (u32::from(data), u32::from(parity))),
        }
    }

    /// Bytes of a message with all headers, when nothing is sent twice.
    pub(crate) fn wire_bytes(&self, bytes: u64) -> u64 {
        let segments = bytes.div_ceil(self.mss).max(1);
        bytes + segments * self.header
    }

    /// Bytes of a datagram with so many acknowledgements, all headers included.
    #[inline]
    pub(super) fn ack_datagram(&self, acks: u64) -> u64 {
        self.header + self.ack_bytes * (acks - 1)
    }

    /// The first look at the timers that is not before `at`; both sides look at multiples of the interval.
    #[inline]
    pub(super) fn tick(&self, at: u64) -> u64 {
        at.div_ceil(self.interval) * self.interval
    }

    /// The first look at a timer that expires at this millisecond.
    #[inline]
    pub(super) fn tick_ms(&self, ms: u64) -> u64 {
        let interval = u64::from(self.interval_ms);
        ms.div_ceil(interval) * self.interval
    }
}

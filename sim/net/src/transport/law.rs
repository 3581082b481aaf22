//! The two transports as one set of rules.

use super::{Backoff, RudpModel, TcpModel, TransportModel};

/// Nanoseconds of KCP's timeout before the first measurement.
const KCP_RTO: u64 = 200_000_000;
/// Nanoseconds of a millisecond.
const MS: u64 = 1_000_000;
/// Parts into which reliable UDP cuts messages, in bytes.
const PART: u64 = 65_536;

/// Congestion control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    /// None: the window of both sides alone.
    Free,
    /// KCP's.
    Kcp,
    /// RFC 5681 and 6675.
    Reno,
    /// RFC 9438.
    Cubic,
}

/// Rules of a transport; times in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Law {
    pub(crate) mss: u64,
    /// Bytes of a datagram besides payload, IP and UDP headers included.
    pub(crate) header: u64,
    pub(crate) window: u32,
    pub(crate) control: Control,
    pub(crate) initial_window: u32,
    /// Time between two looks at the timers; 0: timers are exact.
    pub(crate) interval: u64,
    /// Data and acknowledgements wait for the next look.
    pub(crate) ticks: bool,
    pub(crate) min_rto: u64,
    pub(crate) initial_rto: u64,
    pub(crate) backoff: Backoff,
    /// Later acknowledgements that reveal a loss.
    pub(crate) threshold: Option<u32>,
    pub(crate) fast_limit: u32,
    /// The window moves with the first unacknowledged segment (KCP), not with every acknowledgement (SACK).
    pub(crate) cumulative: bool,
    pub(crate) delayed_ack: u32,
    pub(crate) delayed_ack_timeout: u64,
    pub(crate) tail_probe: bool,
    /// Segments by which an acknowledgement may open the window in slow start; 0: acknowledgements count, not segments.
    pub(crate) byte_counting: u32,
    pub(crate) idle_restart: bool,
    pub(crate) handshake: bool,
    pub(crate) fresh: bool,
    /// Messages are cut into parts that share no segment.
    parts: bool,
}

impl Law {
    /// The rules of a model; `None` of bare datagrams.
    pub(crate) fn new(model: &TransportModel) -> Option<Self> {
        match model {
            TransportModel::None => None,
            TransportModel::Rudp(model) => Some(Self::rudp(model)),
            TransportModel::Tcp(model) => Some(Self::tcp(model)),
        }
    }

    fn rudp(model: &RudpModel) -> Self {
        Self {
            mss: u64::from(model.mss),
            header: u64::from(model.header) + 28,
            window: model.window,
            control: if model.congestion_control { Control::Kcp } else { Control::Free },
            initial_window: 1,
            interval: model.interval.as_nanos(),
            ticks: !model.flush_on_io,
            min_rto: model.min_rto.as_nanos(),
            initial_rto: KCP_RTO,
            backoff: model.backoff,
            threshold: (model.resend > 0).then_some(model.resend),
            fast_limit: model.fast_limit,
            cumulative: true,
            delayed_ack: 1,
            delayed_ack_timeout: 0,
            tail_probe: false,
            byte_counting: 1,
            idle_restart: false,
            handshake: false,
            fresh: false,
            parts: true,
        }
    }

    fn tcp(model: &TcpModel) -> Self {
        Self {
            mss: u64::from(model.mss),
            header: u64::from(model.header) + 28,
            window: model.window,
            control: if model.cubic { Control::Cubic } else { Control::Reno },
            initial_window: model.initial_window,
            interval: 0,
            ticks: false,
            min_rto: model.min_rto.as_nanos(),
            initial_rto: model.initial_rto.as_nanos(),
            backoff: Backoff::Double,
            threshold: Some(3),
            fast_limit: 1,
            cumulative: false,
            delayed_ack: model.delayed_ack.max(1),
            delayed_ack_timeout: model.delayed_ack_timeout.as_nanos(),
            tail_probe: model.tail_probe,
            byte_counting: model.byte_counting,
            idle_restart: model.idle_restart,
            handshake: true,
            fresh: model.fresh,
            parts: false,
        }
    }

    /// Segments of a message: full ones, and those that end a part, with their payload.
    pub(crate) fn segments(&self, bytes: u64) -> u64 {
        if !self.parts || bytes <= PART {
            return bytes.div_ceil(self.mss).max(1);
        }
        (bytes / PART) * PART.div_ceil(self.mss) + (bytes % PART).div_ceil(self.mss)
    }

    /// Bytes of a message with all headers, when nothing is sent twice.
    pub(crate) fn wire_bytes(&self, bytes: u64) -> u64 {
        bytes + self.segments(bytes) * self.header
    }

    /// The next look at the timers; all sides look at multiples of the interval.
    pub(crate) fn tick(&self, at: u64) -> u64 {
        if self.interval == 0 { at } else { at.div_ceil(self.interval) * self.interval }
    }

    /// When something that is ready at `at` leaves.
    pub(crate) fn leaves(&self, at: u64) -> u64 {
        if self.ticks { self.tick(at) } else { at }
    }

    /// When the timer of a segment sent at `at` is looked at. KCP's clock has whole milliseconds.
    pub(crate) fn timer(&self, at: u64, timeout: u64) -> u64 {
        if self.interval == 0 {
            return at + timeout;
        }
        self.tick(at / MS * MS + timeout.div_ceil(MS) * MS)
    }

    /// A round trip as the sender measures it.
    pub(crate) fn measured(&self, sent: u64, heard: u64) -> u64 {
        if self.interval == 0 { heard - sent } else { (heard / MS - sent / MS) * MS }
    }

    /// The timeout after one more sending.
    pub(crate) fn longer(&self, timeout: u64, measured: u64) -> u64 {
        match self.backoff {
            Backoff::Double => timeout.saturating_add(timeout.max(measured)),
            Backoff::Half => timeout.saturating_add(timeout / 2),
            Backoff::HalfMeasured => timeout.saturating_add(measured / 2),
        }
        .min(60_000_000_000)
    }
}

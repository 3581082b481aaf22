//! What a scenario says about the transport that carries messages.

use astrarium_node::Span;

use crate::error::NetError;

/// What carries messages in `message` fidelity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TransportModel {
    /// Bare datagrams: what is lost is lost.
    None,
    /// Reliable UDP of the KCP family.
    Rudp(RudpModel),
    /// TCP with selective acknowledgements.
    Tcp(TcpModel),
    /// Slices without window and order.
    Slices(SliceModel),
}

/// How the timeout of a KCP segment grows with each sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// ×2, and the first one is an eighth longer (`nodelay` 0).
    Double,
    /// ×1.5 (`nodelay` 1).
    Half,
    /// By half of the measured timeout (`nodelay` 2).
    HalfMeasured,
}

/// Reliable UDP (network specification §6.7).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RudpModel {
    /// Payload bytes of a full segment.
    pub mss: u32,
    /// Header bytes of a segment, those of FEC or encryption included, without IP and UDP.
    pub header: u32,
    /// Longest datagram, and bytes of an acknowledgement in it.
    pub datagram: u32,
    /// See `datagram`.
    pub ack_bytes: u32,
    /// Send window in segments.
    pub window: u32,
    /// Receive window in segments; what waits for the rest of its part is taken off.
    pub receive_window: u32,
    /// Most payload bytes in flight, for comparators that count bytes.
    pub bytes_in_flight: Option<u32>,
    /// Time between two flushes, in whole milliseconds.
    pub interval: Span,
    /// Whether messages and datagrams also flush.
    pub flush_on_io: bool,
    /// Least retransmission timeout.
    pub min_rto: Span,
    /// Timeout before the first measurement.
    pub initial_rto: Span,
    /// Growth of the timeout.
    pub backoff: Backoff,
    /// Later acknowledgements that trigger a retransmission; 0: none do.
    pub resend: u32,
    /// Most sendings of a segment by fast retransmission; 0: no limit.
    pub fast_limit: u32,
    /// A segment sent so often without acknowledgement ends the session, …
    pub dead_link: u32,
    /// … but not before it is this old.
    pub dead_link_age: Span,
    /// Whether the congestion window is in force (`nc` 0).
    pub congestion_control: bool,
    /// Nothing is sent before the peer has answered the opening.
    pub handshake: bool,
    /// Idle sessions ping so often; what that means to groups of forward error correction.
    pub keepalive: Option<Span>,
    /// Messages are bytes of a stream, not parts of their own.
    pub stream: bool,
    /// Data and parity datagrams of a group of forward error correction.
    pub fec: Option<(u8, u8)>,
    /// Every message has a session of its own.
    pub fresh: bool,
}

impl RudpModel {
    /// KCP in its turbo mode, flushing on input and output.
    pub const KCP: Self = Self {
        mss: 1_376,
        header: 24,
        datagram: 1_400,
        ack_bytes: 24,
        window: 128,
        receive_window: 128,
        bytes_in_flight: None,
        interval: Span::from_millis(10),
        flush_on_io: true,
        min_rto: Span::from_millis(30),
        initial_rto: Span::from_millis(200),
        backoff: Backoff::Half,
        resend: 2,
        fast_limit: 5,
        dead_link: 20,
        dead_link_age: Span::ZERO,
        congestion_control: false,
        handshake: false,
        keepalive: Some(Span::from_secs(10)),
        stream: false,
        fec: None,
        fresh: false,
    };
}

/// When TCP's slow start ends before anything is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlowStart {
    /// Never (RFC 5681).
    Standard,
    /// By round-trip times and trains of acknowledgements (Ha and Rhee 2011).
    HyStart,
    /// By slower growth first (RFC 9406).
    HyStartPlusPlus,
}

/// TCP (network specification §6.10).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TcpModel {
    /// Payload bytes of a full segment.
    pub mss: u32,
    /// Header bytes of a segment beyond the 28 of IP and UDP that the network charges: 24 with timestamps.
    pub header: u32,
    /// Initial window in segments.
    pub initial_window: u32,
    /// Largest window in segments, by the buffers of both sides.
    pub window: u32,
    /// Least retransmission timeout.
    pub min_rto: Span,
    /// Timeout before the first measurement.
    pub initial_rto: Span,
    /// Every so many segments are acknowledged at once.
    pub delayed_ack: u32,
    /// An acknowledgement waits no longer.
    pub delayed_ack_timeout: Span,
    /// The first so many segments are acknowledged each at once.
    pub quick_acks: u32,
    /// CUBIC instead of NewReno.
    pub cubic: bool,
    /// End of the first slow start.
    pub slow_start: SlowStart,
    /// The window falls in proportion to what is delivered in recovery (RFC 9937), else at once.
    pub prr: bool,
    /// Retransmissions in recovery restart the timer (RFC 6675 §6).
    pub careful_timer: bool,
    /// Tail loss probes.
    pub tail_probe: bool,
    /// Segments by which an acknowledgement may open the window in slow start; 0: acknowledgements count, not segments.
    pub byte_counting: u32,
    /// Back to the initial window after an idle timeout.
    pub idle_restart: bool,
    /// Every message has a connection of its own.
    pub fresh: bool,
}

/// Slices of the Hyperchain original (network specification §6.7, `hc_slice`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SliceModel {
    /// Payload bytes of a slice.
    pub slice: u32,
    /// Header bytes of a slice, without IP and UDP.
    pub header: u32,
    /// What is not acknowledged is sent again after this time.
    pub wait: Span,
    /// Sendings, at least 1.
    pub sendings: u32,
}

impl TransportModel {
    /// Whether these are bare datagrams.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// # Errors
    /// The first value that cannot be, with the field to blame.
    pub(crate) fn check(&self, mtu: u32) -> Result<(), NetError> {
        let (mss, header, window) = match self {
            Self::None => return Ok(()),
            Self::Rudp(m) => (m.mss, m.header, m.window.min(m.receive_window)),
            Self::Tcp(m) => (m.mss, m.header, m.window.min(m.initial_window)),
            Self::Slices(m) => (m.slice, m.header, m.sendings),
        };
        if mss == 0 || window == 0 {
            let help = "give at least one byte per segment and a window of at least one segment";
            return Err(NetError::config("transport", "has segments or windows of nothing", help));
        }
        if mss + header + 28 > mtu {
            let problem = format!("has segments of {} bytes, above network.mtu = {mtu}", mss + header + 28);
            return Err(NetError::config("transport", problem, "give shorter segments or a larger mtu"));
        }
        if let Self::Rudp(m) = self {
            let fragments = 65_536 / m.mss;
            if !m.stream && m.receive_window < fragments.clamp(1, 127) + 1 {
                let problem = format!("has a receive window of {} segments", m.receive_window);
                let help = "give one that holds a part of 64 KiB and a segment more, or stream = true";
                return Err(NetError::config("transport", problem, help));
            }
        }
        Ok(())
    }
}

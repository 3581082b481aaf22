//! Transports in closed form: what a reliable transport makes of loss and windows, without an event per packet.
//!
//! In `message` fidelity a message over a lossy path is lost, unless a transport repairs it. Here the repair is time: the whole
//! life of a message – waiting for the window, segments in line at the bottleneck, losses, their detection by later
//! acknowledgements or by timeout, retransmissions lost again, delivery in order – is worked out at the moment of sending, segment
//! by segment, in a recursion over what the directed connection remembers. One event delivers the message.
//!
//! The specification's form (network §6.2) – a maximum of independent delays D(j) and a cap by Mathis' rate – is what this recursion
//! gives when messages are single segments far apart. It was too crude elsewhere: a congestion window that has been halved
//! delays the next messages, losses of one window are repaired together, and a timeout is counted from the last
//! acknowledgement. What remains approximate: who sends later is unknown, so a loss near the end of a message is detected by the
//! acknowledgements of messages that come at the usual gap of this connection; acknowledgements do not queue; retransmissions
//! queue behind what the bottleneck holds when the loss is noticed.
//!
//! *Architecture invariant:* state is per directed pair in use, and each draw belongs to the message that is sent.

mod connection;
mod estimate;
mod law;
mod recovery;
mod window;

#[cfg(test)]
mod tests;

use astrarium_node::Span;

pub(crate) use connection::{Connection, Line, Path};
pub(crate) use law::Law;

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
}

/// How the timeout of a KCP segment grows with each sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// ×2 (`nodelay` 0).
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
    /// Window in segments: the lesser of the two sides'.
    pub window: u32,
    /// Time between two flushes.
    pub interval: Span,
    /// Whether messages and datagrams also flush.
    pub flush_on_io: bool,
    /// Least retransmission timeout.
    pub min_rto: Span,
    /// Growth of the timeout.
    pub backoff: Backoff,
    /// Later acknowledgements that trigger a retransmission; 0: none do.
    pub resend: u32,
    /// Most sendings of a segment by fast retransmission.
    pub fast_limit: u32,
    /// Whether the congestion window is in force (`nc` 0).
    pub congestion_control: bool,
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
    /// CUBIC instead of NewReno.
    pub cubic: bool,
    /// Tail loss probes.
    pub tail_probe: bool,
    /// Segments by which an acknowledgement may open the window in slow start; 0: acknowledgements count, not segments.
    pub byte_counting: u32,
    /// Back to the initial window after an idle timeout.
    pub idle_restart: bool,
    /// Every message has a connection of its own.
    pub fresh: bool,
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
            Self::Rudp(m) => (m.mss, m.header, m.window),
            Self::Tcp(m) => (m.mss, m.header, m.window.min(m.initial_window)),
        };
        if mss == 0 || window == 0 {
            let help = "give at least one byte per segment and a window of at least one segment";
            return Err(NetError::config("transport", "has segments or windows of nothing", help));
        }
        if mss + header + 28 > mtu {
            let problem = format!("has segments of {} bytes, above network.mtu = {mtu}", mss + header + 28);
            return Err(NetError::config("transport", problem, "give shorter segments or a larger mtu"));
        }
        Ok(())
    }
}

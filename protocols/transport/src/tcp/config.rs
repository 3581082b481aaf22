//! Parameters of TCP: unit, range, default, source. Defaults are those of the network specification §4 (`tcp_*`), §6.10.

use astrarium_node::Span;

/// Rule by which the congestion window grows and shrinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Congestion {
    /// Additive increase, multiplicative decrease by half (RFC 5681, RFC 6582).
    #[default]
    NewReno,
    /// Cubic growth, decrease to 0.7, Reno-friendly region (RFC 9438).
    Cubic,
}

/// When slow start ends before anything is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SlowStart {
    /// Never (RFC 5681).
    #[default]
    Standard,
    /// HyStart: as soon as round-trip times or trains of acknowledgements show that the path is full (Ha and Rhee 2011).
    HyStart,
    /// HyStart++: slower growth first, then the same (RFC 9406).
    HyStartPlusPlus,
}

/// What the congestion window counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Counting {
    /// Segments, however small, as Linux does: a stream of small messages fills the window by their number.
    #[default]
    Segments,
    /// Bytes, as RFC 5681 is written.
    Bytes,
}

/// What becomes of a connection when its message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Pooling {
    /// One connection per pair of nodes, opened by the first message and kept.
    #[default]
    Kept,
    /// Each message opens a connection of its own, which is closed after it.
    PerMessage,
}

/// All parameters of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Config {
    /// Growth rule of the window.
    pub congestion: Congestion,
    /// End of the first slow start. CUBIC: HyStart, as in Linux and ns-3; NewReno: a loss.
    pub slow_start: SlowStart,
    /// Proportional rate reduction (RFC 9937) in recovery with selective acknowledgement; off: the window falls at once (RFC 6675).
    pub prr: bool,
    /// The retransmission timer starts anew with each retransmission in recovery with selective acknowledgement (the careful variant of RFC
    /// 6675 §6); off: with acknowledgements of new data only (RFC 6298, and ns-3).
    pub careful_timer: bool,
    /// Selective acknowledgement (RFC 2018, RFC 6675) or, when off, NewReno recovery (RFC 6582).
    pub sack: bool,
    /// Tail loss probe (RFC 8985 §7).
    pub tail_probe: bool,
    /// Lower limit of the retransmission timeout; RFC 6298 says 1 s, Linux 200 ms.
    pub min_rto: Span,
    /// Retransmission timeout before the first round-trip sample, also that of the handshake (RFC 6298: 1 s).
    pub initial_rto: Span,
    /// Upper limit of the retransmission timeout (RFC 6298: at least 60 s).
    pub max_rto: Span,
    /// Initial window in segments of `mss`, at least 1 (RFC 6928: 10).
    pub initial_window: u32,
    /// Appropriate byte counting (RFC 3465): the window grows by the bytes acknowledged, in slow start at most so many segments
    /// per acknowledgement (its L). 0: off, an acknowledgement counts once however much it covers (RFC 5681 as usually read, and
    /// `TcpNewReno` of ns-3). Linux, ns-3's `TcpLinuxReno` and both their CUBIC count all bytes: [`Config::UNLIMITED`].
    pub byte_counting: u32,
    /// What the congestion window counts.
    pub counting: Counting,
    /// An acknowledgement is sent for every so many-th data segment, at least 1 (RFC 5681: 2; 1 switches delaying off).
    pub delayed_ack: u32,
    /// The first so many data segments of a connection are acknowledged each at once, so that the sender's window starts to grow;
    /// ns-3: 1, Linux: up to 16, the RFCs: 0.
    pub quick_acks: u32,
    /// An acknowledgement is delayed no longer than this (Linux 40 ms at least, ns-3 200 ms, RFC 1122 at most 500 ms).
    pub delayed_ack_timeout: Span,
    /// Largest payload of a segment in bytes; 1448 fills an Ethernet frame when timestamps are on, which they always are.
    pub mss: u32,
    /// Send buffer in bytes: unacknowledged and waiting messages. A message that does not fit is refused, unless the buffer is
    /// empty: a message longer than the buffer streams through it, since what waits are references.
    pub send_buffer: u64,
    /// Receive buffer in bytes: the window that is advertised, at most 2^30 − 1 (RFC 7323).
    pub receive_buffer: u64,
    /// Back to the initial window after the connection was idle for a retransmission timeout (RFC 5681 §4.1).
    pub idle_restart: bool,
    /// SYNs sent before giving up: 6 (network specification §6.10), at 0, 1, 3, 7, 15, 31 s.
    pub syn_tries: u32,
    /// Timeouts in a row before a connection is dead (RFC 1122 R2; Linux: 15).
    pub data_retries: u32,
    /// How long a closed connection lingers (TIME_WAIT, 2 MSL).
    pub time_wait: Span,
    /// Connection per peer or per message.
    pub pooling: Pooling,
    /// Connections of this node, at most; further ones are refused.
    pub max_connections: u32,
}

impl Config {
    /// [`Config::byte_counting`] without a limit.
    pub const UNLIMITED: u32 = u32::MAX;

    /// NewReno with selective acknowledgement.
    #[must_use]
    pub fn newreno() -> Self {
        Self {
            congestion: Congestion::NewReno,
            slow_start: SlowStart::Standard,
            prr: true,
            careful_timer: true,
            sack: true,
            tail_probe: false,
            min_rto: Span::from_secs(1),
            initial_rto: Span::from_secs(1),
            max_rto: Span::from_secs(60),
            initial_window: 10,
            byte_counting: 0,
            counting: Counting::Segments,
            delayed_ack: 2,
            quick_acks: 1,
            delayed_ack_timeout: Span::from_millis(40),
            mss: 1448,
            send_buffer: 16 << 20,
            receive_buffer: 4 << 20,
            idle_restart: true,
            syn_tries: 6,
            data_retries: 15,
            time_wait: Span::from_secs(60),
            pooling: Pooling::Kept,
            max_connections: 65_536,
        }
    }

    /// CUBIC with selective acknowledgement, counting bytes without limit as its implementations do.
    #[must_use]
    pub fn cubic() -> Self {
        Self {
            congestion: Congestion::Cubic,
            slow_start: SlowStart::HyStart,
            byte_counting: Self::UNLIMITED,
            ..Self::newreno()
        }
    }

    /// The parameter that cannot work, and why; `None` when all is well.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let checks = [
            ("mss", (1..=65_000).contains(&self.mss), "a segment carries 1 to 65000 bytes"),
            ("initial_window", (1..=10_000).contains(&self.initial_window), "1 to 10000 segments"),
            ("delayed_ack", (1..=1_000).contains(&self.delayed_ack), "1 (off) to 1000 segments"),
            (
                "min_rto",
                !self.min_rto.is_zero() && self.min_rto <= self.max_rto,
                "above 0, at most `max_rto`",
            ),
            ("initial_rto", !self.initial_rto.is_zero(), "above 0"),
            ("send_buffer", self.send_buffer >= u64::from(self.mss), "at least one segment"),
            (
                "receive_buffer",
                (u64::from(self.mss)..1 << 30).contains(&self.receive_buffer),
                "at least one segment, below 2^30 bytes (RFC 7323)",
            ),
            ("syn_tries", (1..=16).contains(&self.syn_tries), "1 to 16"),
            ("data_retries", (1..=64).contains(&self.data_retries), "1 to 64"),
            ("max_connections", self.max_connections >= 1, "at least 1"),
        ];
        checks.into_iter().find(|(_, good, _)| !good).map(|(key, _, why)| (key, why))
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::newreno()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_possible_and_nonsense_is_named() {
        assert_eq!(Config::newreno().problem(), None);
        assert_eq!(Config::cubic().problem(), None);
        let zero = Config { mss: 0, ..Config::default() };
        assert_eq!(zero.problem().map(|p| p.0), Some("mss"));
        let huge = Config { receive_buffer: 1 << 30, ..Config::default() };
        assert_eq!(huge.problem().map(|p| p.0), Some("receive_buffer"));
    }
}

//! Parameters of the machine and its named profiles.

use super::packet::Format;

/// When sessions are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TickMode {
    /// Every session at every tick, as the library's plain loop does.
    Naive,
    /// A session only at ticks where something is due. Sends exactly the same datagrams.
    Deadline,
}

/// A named set of parameters (network specification §6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Defaults of the KCP library.
    KcpDefault,
    /// "Normal mode" of KCP's readme.
    KcpNormal,
    /// "Turbo mode" of KCP's readme.
    KcpTurbo,
    /// Fast mode of KCP's own test.
    KcpFastTest,
    /// Settings found in the transport library that ZV Chain published.
    ZvShipped,
    /// What ZV Chain's paper says: fast retransmission and forward error correction.
    ZvPaper,
    /// Paradigm's QCP.
    Qcp,
    /// A comparator after ENet.
    Enet,
    /// The slice transport of the Hyperchain original.
    HcSlice,
}

impl Profile {
    /// All profiles with their names in scenario files.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::KcpDefault, "kcp_default"),
        (Self::KcpNormal, "kcp_normal"),
        (Self::KcpTurbo, "kcp_turbo"),
        (Self::KcpFastTest, "kcp_fast_test"),
        (Self::ZvShipped, "zv_shipped"),
        (Self::ZvPaper, "zv_paper"),
        (Self::Qcp, "qcp"),
        (Self::Enet, "enet"),
        (Self::HcSlice, "hc_slice"),
    ];

    /// The profile of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|&(profile, _)| profile)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        // Every variant is listed above; a test walks the list.
        Self::ALL.iter().find(|(profile, _)| *profile == self).map_or("", |&(_, name)| name)
    }
}

/// Parameters of the machine. Times are milliseconds, the resolution of the protocol's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// How a segment's timeout grows when it expires: 0 doubles it at least and delays the first one by an eighth; 1 adds half of
    /// itself; 2 adds half of the current timeout.
    pub nodelay: u8,
    /// Time between flushes, ms; at least 1.
    pub interval: u32,
    /// Segment is sent again once this many later ones were acknowledged; 0 = never.
    pub resend: u32,
    /// A segment counts as overtaken only by one that was sent at the same time or later: KCP's `FASTACK_CONSERVE`, on in its
    /// current library, off in older ones.
    pub fastack_conserve: bool,
    /// True switches the congestion window off ("nc").
    pub no_congestion_window: bool,
    /// Most segments in flight, 1 … 65,535.
    pub send_window: u32,
    /// Most segments held for the layer above, 1 … 65,535; at least 128 unless `stream`.
    pub recv_window: u32,
    /// Most payload bytes in flight, for comparators that count bytes; `None` = no such limit.
    pub window_bytes: Option<u32>,
    /// Least retransmission timeout, ms.
    pub min_rto: u32,
    /// Retransmission timeout before the first sample, ms.
    pub initial_rto: u32,
    /// Greatest retransmission timeout, ms.
    pub max_rto: u32,
    /// Datagram payload including segment headers, bytes.
    pub mtu: u32,
    /// Also flush after every request and every datagram.
    pub flush_on_io: bool,
    /// Pack bytes of consecutive messages into one segment; otherwise a segment carries one message or a part of it.
    pub stream: bool,
    /// Idle time after which a sign of life is sent, ms; 0 = never.
    pub keepalive: u32,
    /// Silence after which a session is dead, ms; 0 = never.
    pub dead_after: u32,
    /// A segment sent this often without acknowledgement kills the session.
    pub dead_link: u32,
    /// … but not before the segment is this old, ms.
    pub dead_link_age: u32,
    /// A segment sent more often than this is not sent again by `resend`; 0 = no limit.
    pub fastlimit: u32,
    /// First window probe after this time, ms.
    pub probe_initial: u32,
    /// Longest time between window probes, ms.
    pub probe_limit: u32,
    /// Time that a closing session has to deliver what it accepted, ms.
    pub drain: u32,
    /// Time that a closed session is remembered, so that late datagrams cannot revive it, ms.
    pub linger: u32,
    /// True: nothing is sent before the peer has answered the opening.
    pub handshake: bool,
    /// When sessions are served.
    pub tick_mode: TickMode,
    /// Payload bytes on the wire per byte of a message, 0 < ratio ≤ 1 (a model of a compressor).
    pub compress_ratio: f64,
    /// Bytes that a secure channel adds to each datagram.
    pub crypt_overhead: u8,
    /// Header sizes.
    pub format: Format,
    /// Most messages that wait per class.
    pub queue_messages: u32,
    /// Most peers, closed sessions that are remembered included.
    pub max_peers: u32,
    /// Forward error correction that the profile wants below this layer: (data, parity) datagrams per group. The machine itself
    /// does not use it.
    pub fec: Option<(u8, u8)>,
}

impl Config {
    /// Parameters of a profile.
    #[must_use]
    pub fn profile(profile: Profile) -> Self {
        let turbo = Self {
            nodelay: 1,
            interval: 10,
            resend: 2,
            no_congestion_window: true,
            send_window: 128,
            min_rto: 30,
            ..LIBRARY
        };
        match profile {
            Profile::KcpDefault => LIBRARY,
            Profile::KcpNormal => Self { interval: 40, ..LIBRARY },
            Profile::KcpTurbo => turbo,
            Profile::KcpFastTest => Self { nodelay: 2, resend: 1, min_rto: 10, ..turbo },
            Profile::ZvShipped => {
                Self { no_congestion_window: false, min_rto: 10, flush_on_io: true, ..turbo }
            }
            Profile::ZvPaper => Self { min_rto: 10, flush_on_io: true, fec: Some((10, 3)), ..turbo },
            Profile::Qcp => {
                Self { stream: true, crypt_overhead: 20, dead_after: 60_000, fec: Some((10, 3)), ..turbo }
            }
            // Paradigm specification E1: 1 ms service ticks, timeout doubles, no fast retransmission, 32 KiB in flight.
            Profile::Enet => Self {
                interval: 1,
                no_congestion_window: true,
                send_window: 4096,
                recv_window: 4096,
                window_bytes: Some(32 * 1024),
                min_rto: 1,
                initial_rto: 500,
                dead_link: 6,
                dead_link_age: 5_000,
                keepalive: 500,
                handshake: true,
                format: Format::Enet,
                ..LIBRARY
            },
            Profile::HcSlice => Self {
                format: Format::Slice,
                mtu: 1_088,
                initial_rto: 10_000,
                dead_link: 3,
                keepalive: 0,
                dead_after: 0,
                flush_on_io: true,
                ..LIBRARY
            },
        }
    }

    /// Bytes of a message that one segment can carry.
    #[must_use]
    pub fn mss(&self) -> u32 {
        self.mtu.saturating_sub(self.format.datagram_bytes() + self.format.push_bytes()).max(1)
    }

    /// Bytes on the wire of a message with so many bytes.
    pub(super) fn payload_bytes(&self, bytes: u32) -> u32 {
        if self.compress_ratio >= 1.0 {
            return bytes;
        }
        // Rounding up keeps a byte a byte; the product is at most `bytes`.
        let exact = f64::from(bytes) * self.compress_ratio;
        let floor = exact as u32;
        floor + u32::from(f64::from(floor) < exact)
    }

    /// What is wrong with these parameters, as (field, problem), if anything is.
    ///
    /// # Errors
    /// The first field out of its range.
    pub fn validate(&self) -> Result<(), (&'static str, &'static str)> {
        let checks = [
            ("nodelay", self.nodelay > 2, "is 0, 1 or 2"),
            ("interval", !(1..=5_000).contains(&self.interval), "lies between 1 ms and 5 s"),
            ("send_window", !(1..=65_535).contains(&self.send_window), "lies between 1 and 65,535 segments"),
            ("recv_window", !(1..=65_535).contains(&self.recv_window), "lies between 1 and 65,535 segments"),
            (
                "recv_window",
                !self.stream && self.recv_window < MAX_FRAGMENTS + 1,
                "must hold the 128 segments of a part of a message, unless `stream` is on",
            ),
            ("min_rto", self.min_rto == 0 || self.min_rto > self.max_rto, "lies between 1 ms and max_rto"),
            (
                "initial_rto",
                self.initial_rto == 0 || self.initial_rto > self.max_rto,
                "lies between 1 ms and max_rto",
            ),
            ("mtu", !(50..=65_507).contains(&self.mtu), "lies between 50 and 65,507 bytes"),
            ("dead_link", self.dead_link < 2, "is at least 2"),
            ("probe_initial", self.probe_initial == 0, "is at least 1 ms"),
            (
                "compress_ratio",
                !(self.compress_ratio > 0.0 && self.compress_ratio <= 1.0),
                "lies between 0 and 1",
            ),
            ("queue_messages", self.queue_messages == 0, "is at least 1"),
            ("max_peers", self.max_peers == 0, "is at least 1"),
        ];
        match checks.into_iter().find(|&(_, wrong, _)| wrong) {
            Some((field, _, problem)) => Err((field, problem)),
            None => Ok(()),
        }
    }
}

/// Segments of one part of a message, at most: the header counts them in 7 bits.
pub(super) const MAX_FRAGMENTS: u32 = 127;

/// Parts of longer messages, as the original cuts them, bytes.
pub(super) const PART_BYTES: u32 = 64 * 1024;

/// KCP as its library leaves it, with the common rows of network specification §6.7.
const LIBRARY: Config = Config {
    nodelay: 0,
    interval: 100,
    resend: 0,
    fastack_conserve: true,
    no_congestion_window: false,
    send_window: 32,
    recv_window: 128,
    window_bytes: None,
    min_rto: 100,
    initial_rto: 200,
    max_rto: 60_000,
    mtu: 1_400,
    flush_on_io: false,
    stream: false,
    keepalive: 10_000,
    dead_after: 30_000,
    dead_link: 20,
    dead_link_age: 0,
    fastlimit: 5,
    probe_initial: 5_000,
    probe_limit: 120_000,
    drain: 10_000,
    linger: 60_000,
    handshake: false,
    tick_mode: TickMode::Deadline,
    compress_ratio: 1.0,
    crypt_overhead: 0,
    format: Format::Kcp,
    queue_messages: 256,
    max_peers: 65_536,
    fec: None,
};

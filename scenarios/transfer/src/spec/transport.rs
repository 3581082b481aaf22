//! Parameters of the transports. One that the chosen transport does not have is ignored, so that a sweep over transports can set
//! those of each.

use astrarium_runner::{Kind, ParamSpec};

const KCP: &str = "KCP (ikcp.h)";
const KCP_GO: &str = "kcp-go";

/// The profiles of the reliable-UDP machine, by the name that the protocol gives them.
pub(crate) const PROFILES: &[&str] = &[
    "kcp_default",
    "kcp_normal",
    "kcp_turbo",
    "kcp_fast_test",
    "zv_shipped",
    "zv_paper",
    "qcp",
    "enet",
    "hc_slice",
];

/// The choice of a profile.
pub(super) fn profile(key: &'static str) -> ParamSpec {
    ParamSpec::new(
        key,
        Kind::Choice(PROFILES),
        "settings of the reliable-UDP machine, to be overridden one by one",
        "network specification §6.7",
    )
    .default("\"zv_shipped\"")
}

fn optional(key: &'static str, kind: Kind, about: &'static str, source: &'static str) -> ParamSpec {
    ParamSpec::new(key, kind, about, source).optional()
}

/// What all transports share.
pub(super) fn common() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new(
            "protocol.transport",
            Kind::Choice(&["udp", "tcp-newreno", "tcp-cubic", "rudp"]),
            "what carries the messages",
            "scenario",
        )
        .default("\"rudp\""),
        profile("protocol.profile"),
        ParamSpec::new(
            "protocol.pooling",
            Kind::Choice(&["kept", "per_message"]),
            "whether a connection is kept, or opened for every message and closed behind it",
            "network specification §1.1",
        )
        .default("\"kept\""),
        optional(
            "protocol.min_rto",
            Kind::span("1 ms", "60 s"),
            "least retransmission timeout (TCP 200 ms, RUDP by profile)",
            "RFC 6298; Linux; KCP",
        ),
    ]
}

/// TCP.
pub(super) fn tcp() -> Vec<ParamSpec> {
    vec![
        optional(
            "protocol.initial_window",
            Kind::integer(1, 1_000_000),
            "TCP: initial window in segments (10)",
            "RFC 6928",
        ),
        optional(
            "protocol.delayed_ack",
            Kind::integer(1, 1_000),
            "TCP: every so many full segments are acknowledged at once (2; 1 acknowledges each)",
            "RFC 5681 §4.2",
        ),
        optional(
            "protocol.delayed_ack_timeout",
            Kind::span("1 ms", "10 s"),
            "TCP: an acknowledgement waits no longer (200 ms; Linux 40 ms)",
            "ns-3 TcpSocket::DelAckTimeout",
        ),
        optional(
            "protocol.mss",
            Kind::integer(64, 65_000),
            "TCP: payload bytes of a full segment (1448)",
            "RFC 9293; RFC 7323",
        ),
        optional(
            "protocol.byte_counting",
            Kind::integer(0, 1_000_000),
            "TCP: segments by which an acknowledgement may open the window in slow start (0: counts once; CUBIC: all it covers)",
            "RFC 3465",
        ),
        optional(
            "protocol.slow_start",
            Kind::Choice(&["standard", "hystart", "hystart++"]),
            "TCP: whether slow start ends before a loss (NewReno: standard, with one; CUBIC: hystart)",
            "RFC 5681; Ha and Rhee 2011; RFC 9406",
        ),
        optional(
            "protocol.prr",
            Kind::Bool,
            "TCP: the window falls in proportion to what is delivered in recovery, else at once (true)",
            "RFC 9937; RFC 6675",
        ),
        optional(
            "protocol.careful_timer",
            Kind::Bool,
            "TCP: retransmissions in recovery restart the timer (false, as in ns-3)",
            "RFC 6675 §6; RFC 6298",
        ),
        optional(
            "protocol.idle_restart",
            Kind::Bool,
            "TCP: back to the initial window after an idle timeout (true)",
            "RFC 5681 §4.1",
        ),
        optional("protocol.sack", Kind::Bool, "TCP: selective acknowledgements (true)", "RFC 2018"),
        optional("protocol.tlp", Kind::Bool, "TCP: tail loss probes (false)", "RFC 8985 §7"),
        optional(
            "protocol.initial_rto",
            Kind::span("1 ms", "60 s"),
            "TCP: retransmission timeout before the first measurement (1 s)",
            "RFC 6298",
        ),
        optional(
            "protocol.send_buffer",
            Kind::Bytes,
            "TCP: bytes that the sender may hold, sent or not",
            "RFC 9293",
        ),
        optional("protocol.receive_buffer", Kind::Bytes, "TCP: largest window advertised", "RFC 9293"),
    ]
}

/// Reliable UDP.
pub(super) fn rudp() -> Vec<ParamSpec> {
    vec![
        optional(
            "protocol.nodelay",
            Kind::integer(0, 2),
            "RUDP: growth of the timeout after a loss, ×2 (0), ×1.5 (1) or by half of the measured one (2)",
            KCP,
        ),
        optional("protocol.interval", Kind::span("1 ms", "5 s"), "RUDP: time between two flushes", KCP),
        optional(
            "protocol.resend",
            Kind::integer(0, 1_000),
            "RUDP: a segment is sent again when so many later ones were acknowledged (0: never for that)",
            KCP,
        ),
        optional("protocol.nc", Kind::integer(0, 1), "RUDP: 1 switches congestion control off", KCP),
        optional(
            "protocol.send_window",
            Kind::integer(1, 65_535),
            "RUDP: send window in segments; the receive window is at least as large unless given",
            KCP,
        ),
        optional(
            "protocol.receive_window",
            Kind::integer(1, 65_535),
            "RUDP: receive window in segments",
            KCP,
        ),
        optional(
            "protocol.mtu",
            Kind::integer(128, 65_000),
            "RUDP: largest datagram in bytes, without IP and UDP headers",
            KCP,
        ),
        optional(
            "protocol.flush_on_io",
            Kind::Bool,
            "RUDP: also flush whenever a message or a datagram comes",
            "ZV Chain's published transport library",
        ),
        optional("protocol.stream", Kind::Bool, "RUDP: bytes of consecutive messages share segments", KCP),
        optional(
            "protocol.fast_limit",
            Kind::integer(0, 1_000),
            "RUDP: most sendings by fast retransmission",
            KCP,
        ),
        optional(
            "protocol.dead_link",
            Kind::integer(2, 1_000),
            "RUDP: a segment sent so often without acknowledgement ends the session",
            KCP,
        ),
        optional(
            "protocol.keepalive",
            Kind::span("10 ms", "1 h"),
            "RUDP: idle sessions ping so often",
            KCP_GO,
        ),
        optional(
            "protocol.dead_after",
            Kind::span("10 ms", "1 d"),
            "RUDP: a session that heard nothing for so long is dead",
            "network specification §6.7",
        ),
        optional(
            "protocol.tick_mode",
            Kind::Choice(&["naive", "deadline"]),
            "RUDP: whether each session wakes at every interval or only when something is due",
            "network specification §6.7",
        ),
        optional(
            "protocol.fec",
            Kind::list(Kind::integer(0, 128), 0, 2),
            "RUDP: forward error correction, [data, parity] datagrams of a group; [] for none",
            "network specification §6.8",
        ),
    ]
}

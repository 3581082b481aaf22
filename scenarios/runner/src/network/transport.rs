//! `network.transport`: reliable transports in closed form, and limits of queues in packets.

use astrarium_net::{Backoff, RudpModel, SlowStart, TcpModel, TransportModel};
use astrarium_node::Span;

use crate::Params;
use crate::spec::{Kind, ParamSpec, Variant};

const SPEC: &str = "network specification §6.2, §6.7, §6.10";
const KEY: &str = "network.transport";

/// The declarations.
pub(super) fn params() -> Vec<ParamSpec> {
    let packets =
        |key, about| ParamSpec::new(key, Kind::integer(1, 1_000_000_000), about, "scenario").optional();
    vec![
        packets(
            "network.buffer.up_packets",
            "limit of the uplink queue in packets, besides the one being sent; replaces the usual limit in bytes",
        ),
        packets("network.buffer.down_packets", "limit of the downlink queue in packets, likewise"),
        ParamSpec::new(
            KEY,
            Kind::Variants(vec![
                Variant::new("none", "bare datagrams: what is lost is lost", vec![]),
                Variant::new("rudp", "reliable UDP of the KCP family; loss costs time", rudp()),
                Variant::new("tcp", "TCP with selective acknowledgements; loss costs time", tcp()),
            ]),
            "what carries messages at message fidelity, in closed form",
            SPEC,
        )
        .default("{ kind = \"none\" }"),
    ]
}

fn rudp() -> Vec<ParamSpec> {
    let kcp = |key, kind, about| ParamSpec::new(key, kind, about, "KCP (ikcp.h)");
    vec![
        kcp("mss", Kind::integer(1, 65_000), "payload bytes of a full segment").default("1376"),
        kcp("header", Kind::integer(0, 1_000), "header bytes of a segment, without IP and UDP").default("24"),
        kcp("window", Kind::integer(1, 65_535), "window in segments").default("128"),
        kcp("interval", Kind::span("1 ms", "5 s"), "time between two flushes").default("\"10 ms\""),
        kcp("flush_on_io", Kind::Bool, "messages and datagrams flush, too").default("true"),
        kcp("min_rto", Kind::span("1 ms", "60 s"), "least retransmission timeout").default("\"30 ms\""),
        kcp("nodelay", Kind::integer(0, 2), "growth of the timeout: ×2, ×1.5, by half of the measured one")
            .default("1"),
        kcp("resend", Kind::integer(0, 1_000), "later acknowledgements that reveal a loss; 0: never")
            .default("2"),
        kcp("nc", Kind::integer(0, 1), "1 switches congestion control off").default("1"),
    ]
}

fn tcp() -> Vec<ParamSpec> {
    let rule = |key, kind, about, source| ParamSpec::new(key, kind, about, source);
    vec![
        rule("mss", Kind::integer(1, 65_000), "payload bytes of a full segment", "RFC 7323").default("1448"),
        rule("initial_window", Kind::integer(1, 10_000), "segments", "RFC 6928").default("10"),
        rule("window", Kind::Bytes, "largest window, by the buffers of both sides", "RFC 7323")
            .default("\"4 MiB\""),
        rule("min_rto", Kind::span("1 ms", "60 s"), "least retransmission timeout", "Linux")
            .default("\"200 ms\""),
        rule("delayed_ack", Kind::integer(1, 1_000), "every so many segments are acknowledged", "RFC 5681")
            .default("2"),
        rule(
            "delayed_ack_timeout",
            Kind::span("1 ms", "10 s"),
            "an acknowledgement waits no longer",
            "Linux",
        )
        .default("\"40 ms\""),
        rule("congestion", Kind::Choice(&["newreno", "cubic"]), "growth of the window", "RFC 5681, 9438")
            .default("\"newreno\""),
        rule("tlp", Kind::Bool, "tail loss probes", "RFC 8985").default("false"),
        rule("fresh", Kind::Bool, "every message has a connection of its own", "RFC 9293").default("false"),
    ]
}

/// The closed form that a point asks for.
pub(super) fn model(params: &Params) -> TransportModel {
    let key = |field: &str| format!("{KEY}.{field}");
    // Whole numbers are bounded far below 2^32 by their declarations.
    let count = |field: &str| params.count(&key(field)) as u32;
    let span = |field: &str| params.span(&key(field));
    match params.text(&key("kind")) {
        "rudp" => TransportModel::Rudp(RudpModel {
            mss: count("mss"),
            header: count("header"),
            window: count("window"),
            interval: span("interval"),
            flush_on_io: params.flag(&key("flush_on_io")),
            min_rto: span("min_rto"),
            backoff: match count("nodelay") {
                0 => Backoff::Double,
                1 => Backoff::Half,
                _ => Backoff::HalfMeasured,
            },
            resend: count("resend"),
            congestion_control: count("nc") == 0,
            datagram: count("mss") + 24,
            receive_window: count("window").max(128),
            ..RudpModel::KCP
        }),
        "tcp" => {
            let cubic = params.text(&key("congestion")) == "cubic";
            TransportModel::Tcp(TcpModel {
                mss: count("mss"),
                header: 24,
                initial_window: count("initial_window"),
                // A window beyond 2^32 segments is none.
                window: u32::try_from(params.bytes(&key("window")) / u64::from(count("mss")))
                    .unwrap_or(u32::MAX),
                min_rto: span("min_rto"),
                initial_rto: Span::from_secs(1),
                delayed_ack: count("delayed_ack"),
                delayed_ack_timeout: span("delayed_ack_timeout"),
                quick_acks: 1,
                cubic,
                slow_start: if cubic { SlowStart::HyStart } else { SlowStart::Standard },
                prr: true,
                careful_timer: false,
                tail_probe: params.flag(&key("tlp")),
                byte_counting: if cubic { u32::MAX } else { 0 },
                idle_restart: true,
                fresh: params.flag(&key("fresh")),
            })
        }
        _ => TransportModel::None,
    }
}

//! What a transport is at message fidelity: its parameters in the terms of the network's closed form.

use astrarium_net::{Backoff, RudpModel, SliceModel, SlowStart, TcpModel, TransportModel};
use astrarium_node::Span;
use astrarium_protocol_transport::{rudp, tcp};
use astrarium_runner::Complaint;

use crate::settings::Transport;

/// Bytes that forward error correction adds to a datagram (network specification §6.8).
const FEC_HEADER: u32 = 8;

/// The closed form of a transport; `fresh`: every message has a connection of its own.
///
/// # Errors
/// What has no closed form.
pub(crate) fn model(transport: &Transport, fresh: bool) -> Result<TransportModel, Complaint> {
    match transport {
        Transport::Udp => Ok(TransportModel::None),
        Transport::Tcp(config) => tcp_model(config).map(TransportModel::Tcp),
        Transport::Rudp(config, fec) if config.format == rudp::Format::Slice => slices(config, *fec),
        Transport::Rudp(config, fec) => Ok(TransportModel::Rudp(rudp_model(config, *fec, fresh))),
    }
}

fn without(key: &str, problem: &str, help: &str) -> Complaint {
    Complaint::new(key, problem, format!("{help}, or fidelity = \"packet\""))
}

fn tcp_model(config: &tcp::Config) -> Result<TcpModel, Complaint> {
    if !config.sack {
        let problem = "= false has no closed form at network.fidelity = \"message\"";
        return Err(without("protocol.sack", problem, "leave `sack` on"));
    }
    Ok(TcpModel {
        mss: config.mss,
        header: 24,
        initial_window: config.initial_window,
        // Buffers are below 2^40 bytes by the checks of the transport.
        window: (config.send_buffer.min(config.receive_buffer) / u64::from(config.mss)).max(1) as u32,
        min_rto: config.min_rto,
        initial_rto: config.initial_rto,
        delayed_ack: config.delayed_ack,
        delayed_ack_timeout: config.delayed_ack_timeout,
        quick_acks: config.quick_acks,
        cubic: config.congestion == tcp::Congestion::Cubic,
        slow_start: match config.slow_start {
            tcp::SlowStart::Standard => SlowStart::Standard,
            tcp::SlowStart::HyStart => SlowStart::HyStart,
            tcp::SlowStart::HyStartPlusPlus => SlowStart::HyStartPlusPlus,
        },
        prr: config.prr,
        careful_timer: config.careful_timer,
        tail_probe: config.tail_probe,
        byte_counting: config.byte_counting,
        idle_restart: config.idle_restart,
        fresh: config.pooling == tcp::Pooling::PerMessage,
    })
}

fn rudp_model(config: &rudp::Config, fec: Option<(u8, u8)>, fresh: bool) -> RudpModel {
    let ms = |ms: u32| Span::from_millis(u64::from(ms));
    let (datagram, push) = (config.format.datagram_bytes(), config.format.push_bytes());
    let corrected = if fec.is_some() { FEC_HEADER } else { 0 };
    RudpModel {
        mss: config.mss(),
        header: datagram + push + u32::from(config.crypt_overhead) + corrected,
        datagram: config.mtu - datagram,
        ack_bytes: config.format.ack_bytes(),
        window: config.send_window,
        receive_window: config.recv_window,
        bytes_in_flight: config.window_bytes,
        interval: ms(config.interval),
        flush_on_io: config.flush_on_io,
        min_rto: ms(config.min_rto),
        initial_rto: ms(config.initial_rto),
        backoff: match config.nodelay {
            0 => Backoff::Double,
            1 => Backoff::Half,
            _ => Backoff::HalfMeasured,
        },
        resend: config.resend,
        fast_limit: config.fastlimit,
        dead_link: config.dead_link,
        dead_link_age: ms(config.dead_link_age),
        congestion_control: !config.no_congestion_window,
        handshake: config.handshake,
        keepalive: (config.keepalive > 0).then(|| ms(config.keepalive)),
        stream: config.stream,
        fec,
        fresh,
    }
}

fn slices(config: &rudp::Config, fec: Option<(u8, u8)>) -> Result<TransportModel, Complaint> {
    if fec.is_some() {
        let problem = "has no closed form below slices at network.fidelity = \"message\"";
        return Err(without("protocol.fec", problem, "leave `fec` out"));
    }
    Ok(TransportModel::Slices(SliceModel {
        slice: config.mss(),
        header: config.format.datagram_bytes()
            + config.format.push_bytes()
            + u32::from(config.crypt_overhead),
        wait: Span::from_millis(u64::from(config.initial_rto)),
        sendings: config.dead_link,
    }))
}

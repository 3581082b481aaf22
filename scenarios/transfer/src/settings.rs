//! From the parameters of a point to transports, and from what they cannot be to complaints.

use astrarium_net::{Fidelity, NetConfig, TransportModel};
use astrarium_node::Span;
use astrarium_protocol_transport::{rudp, tcp};
use astrarium_runner::network::net_config;
use astrarium_runner::{Complaint, Files, Origin, Params, Value};

use crate::closed_form;
use crate::flows::{Load, Shape};

/// Longest message, in bytes.
const LONGEST: u64 = 1_000_000_000;
/// Most messages of all flows together: their latencies are kept.
const MOST_MESSAGES: u64 = 50_000_000;
/// Least retransmission timeout of TCP unless given: what Linux uses, and whoever compares.
const TCP_MIN_RTO: Span = Span::from_millis(200);
/// How long TCP delays an acknowledgement at most unless given: ns-3's value, against which transfers are held. The library's own default, and
/// that of a baseline beside another transport, are the 40 ms of the network specification (Linux).
const TCP_DELAYED_ACK: Span = Span::from_millis(200);

/// What carries the messages.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Transport {
    /// Bare datagrams.
    Udp,
    /// TCP.
    Tcp(tcp::Config),
    /// Reliable UDP, with (data, parity) of forward error correction where it is on.
    Rudp(rudp::Config, Option<(u8, u8)>),
}

/// What a transport promises about messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Nothing: datagrams.
    Nothing,
    /// Each at most once.
    Once,
    /// Each once and in order, as long as the connection lives.
    InOrder,
}

impl Transport {
    /// What it promises.
    pub(crate) fn promise(&self) -> Promise {
        match self {
            Self::Udp => Promise::Nothing,
            // Slices are acknowledged one by one, and after three sendings a message is dropped (Hyperchain's constants).
            Self::Rudp(config, _) if config.format == rudp::Format::Slice => Promise::Once,
            Self::Tcp(_) | Self::Rudp(..) => Promise::InOrder,
        }
    }
}

/// The transport of `[protocol]`.
///
/// # Errors
/// A parameter that the transport cannot have.
pub(crate) fn transport(params: &Params) -> Result<Transport, Complaint> {
    let transport = match params.text("protocol.transport") {
        "udp" => Transport::Udp,
        "tcp-newreno" => Transport::Tcp(tcp(params, tcp::Config::newreno())),
        "tcp-cubic" => Transport::Tcp(tcp(params, tcp::Config::cubic())),
        _ => {
            let config = rudp(params, profile(params.text("protocol.profile")));
            let fec = fec(params, &config)?;
            Transport::Rudp(config, fec)
        }
    };
    checked(transport)
}

/// The transport of the baseline, when it is another one; `None` when there is no baseline, or only the fidelity differs.
///
/// # Errors
/// As [`transport`].
pub(crate) fn baseline(params: &Params) -> Result<Option<Transport>, Complaint> {
    // Whatever else `[protocol]` says of TCP holds for both: a comparison must differ in nothing but what it compares. Beside another
    // transport, what is not said is that of the network specification.
    let beside_tcp = params.text("protocol.transport").starts_with("tcp");
    let tcp = |base: tcp::Config| {
        let wait = if beside_tcp { TCP_DELAYED_ACK } else { base.delayed_ack_timeout };
        Transport::Tcp(tcp::Config {
            tail_probe: params.flag("baseline.tlp"),
            min_rto: params.span("baseline.min_rto"),
            delayed_ack_timeout: params.opt_span("protocol.delayed_ack_timeout").unwrap_or(wait),
            ..tcp(params, base)
        })
    };
    Ok(Some(checked(match params.text("baseline.kind") {
        "tcp-newreno" => tcp(tcp::Config::newreno()),
        "tcp-cubic" => tcp(tcp::Config::cubic()),
        "rudp" => {
            let config = profile(params.text("baseline.profile"));
            let fec = config.fec;
            Transport::Rudp(config, fec)
        }
        _ => return Ok(None),
    })?))
}

fn profile(name: &str) -> rudp::Config {
    // The declaration lists the names that the protocol has; a test compares the two.
    rudp::Config::profile(rudp::Profile::from_name(name).unwrap_or(rudp::Profile::ZvShipped))
}

fn pooling(params: &Params) -> tcp::Pooling {
    match params.text("protocol.pooling") {
        "per_message" => tcp::Pooling::PerMessage,
        _ => tcp::Pooling::Kept,
    }
}

/// When slow start ends, by the scenario's name for it.
fn slow_start(name: Option<&str>, default: tcp::SlowStart) -> tcp::SlowStart {
    match name {
        Some("standard") => tcp::SlowStart::Standard,
        Some("hystart") => tcp::SlowStart::HyStart,
        Some("hystart++") => tcp::SlowStart::HyStartPlusPlus,
        _ => default,
    }
}

fn tcp(params: &Params, base: tcp::Config) -> tcp::Config {
    // Whole numbers are bounded far below 2^32 by their declarations.
    let count = |key: &str, default: u32| params.opt_integer(key).map_or(default, |n| n as u32);
    let span = |key: &str, default: Span| params.opt_span(key).unwrap_or(default);
    let flag = |key: &str, default: bool| if params.has(key) { params.flag(key) } else { default };
    let bytes = |key: &str, default: u64| params.opt_bytes(key).unwrap_or(default);
    tcp::Config {
        slow_start: slow_start(params.opt_text("protocol.slow_start"), base.slow_start),
        prr: flag("protocol.prr", base.prr),
        careful_timer: flag("protocol.careful_timer", false),
        sack: flag("protocol.sack", base.sack),
        tail_probe: flag("protocol.tlp", base.tail_probe),
        min_rto: span("protocol.min_rto", TCP_MIN_RTO),
        initial_rto: span("protocol.initial_rto", base.initial_rto),
        initial_window: count("protocol.initial_window", base.initial_window),
        byte_counting: count("protocol.byte_counting", base.byte_counting),
        delayed_ack: count("protocol.delayed_ack", base.delayed_ack),
        delayed_ack_timeout: span("protocol.delayed_ack_timeout", TCP_DELAYED_ACK),
        mss: count("protocol.mss", base.mss),
        send_buffer: bytes("protocol.send_buffer", base.send_buffer),
        receive_buffer: bytes("protocol.receive_buffer", base.receive_buffer),
        idle_restart: flag("protocol.idle_restart", base.idle_restart),
        pooling: pooling(params),
        ..base
    }
}

fn rudp(params: &Params, base: rudp::Config) -> rudp::Config {
    // As above.
    let count = |key: &str, default: u32| params.opt_integer(key).map_or(default, |n| n as u32);
    let ms = |key: &str, default: u32| params.opt_span(key).map_or(default, whole_ms);
    let flag = |key: &str, default: bool| if params.has(key) { params.flag(key) } else { default };
    let send_window = count("protocol.send_window", base.send_window);
    rudp::Config {
        nodelay: count("protocol.nodelay", u32::from(base.nodelay)) as u8,
        interval: ms("protocol.interval", base.interval),
        resend: count("protocol.resend", base.resend),
        no_congestion_window: count("protocol.nc", u32::from(base.no_congestion_window)) == 1,
        send_window,
        // A window of one side alone would be cut to the other's.
        recv_window: count("protocol.receive_window", base.recv_window.max(send_window)),
        min_rto: ms("protocol.min_rto", base.min_rto),
        mtu: count("protocol.mtu", base.mtu),
        flush_on_io: flag("protocol.flush_on_io", base.flush_on_io),
        stream: flag("protocol.stream", base.stream),
        keepalive: ms("protocol.keepalive", base.keepalive),
        dead_after: ms("protocol.dead_after", base.dead_after),
        dead_link: count("protocol.dead_link", base.dead_link),
        fastlimit: count("protocol.fast_limit", base.fastlimit),
        tick_mode: match params.opt_text("protocol.tick_mode") {
            Some("naive") => rudp::TickMode::Naive,
            Some(_) => rudp::TickMode::Deadline,
            None => base.tick_mode,
        },
        ..base
    }
}

/// Milliseconds, rounded up: the machine's clock has no finer ones.
fn whole_ms(span: Span) -> u32 {
    // At most a day by the declarations.
    span.as_nanos().div_ceil(1_000_000) as u32
}

/// Group size of forward error correction: as given, else the profile's.
fn fec(params: &Params, config: &rudp::Config) -> Result<Option<(u8, u8)>, Complaint> {
    let Some(list) = params.opt_list("protocol.fec") else { return Ok(config.fec) };
    let numbers: Vec<u8> = list
        .iter()
        .filter_map(|value| match value {
            Value::Integer(n) => u8::try_from(*n).ok(),
            _ => None,
        })
        .collect();
    match numbers[..] {
        [] | [_, 0] => Ok(None),
        [data, parity] if data > 0 && data.checked_add(parity).is_some() => Ok(Some((data, parity))),
        _ => Err(Complaint::new(
            "protocol.fec",
            "is not a group of data and parity datagrams",
            "give two numbers with a sum of at most 255, such as [10, 3], or [] for none",
        )),
    }
}

fn checked(transport: Transport) -> Result<Transport, Complaint> {
    let problem = match &transport {
        Transport::Udp => None,
        Transport::Tcp(config) => config.problem(),
        Transport::Rudp(config, _) => config.validate().err(),
    };
    let Some((field, problem)) = problem else { return Ok(transport) };
    let key = match field {
        "recv_window" => "receive_window",
        "fastlimit" => "fast_limit",
        "no_congestion_window" => "nc",
        "tail_probe" => "tlp",
        other => other,
    };
    Err(Complaint::new(format!("protocol.{key}"), "is out of range", problem))
}

/// The load of a point.
///
/// # Errors
/// An impossible combination of nodes and messages.
pub(crate) fn load(params: &Params) -> Result<Load, Complaint> {
    let (nodes, bytes) = (params.count("network.nodes"), params.bytes("protocol.message_bytes"));
    let shape = match params.text("workload.shape") {
        "server" => Shape::Server,
        _ => Shape::Pairs,
    };
    if shape == Shape::Pairs && !nodes.is_multiple_of(2) {
        let problem = format!("= {nodes} leaves one node without a partner");
        return Err(Complaint::new(
            "network.nodes",
            problem,
            "give an even number, or workload.shape = \"server\"",
        ));
    }
    if !(1..=LONGEST).contains(&bytes) {
        let help = format!("give 1 B to {LONGEST} B");
        return Err(Complaint::new("protocol.message_bytes", format!("= {bytes} bytes"), help));
    }
    if nodes as u64 * params.count("protocol.messages") as u64 > MOST_MESSAGES {
        let problem = format!("make more than {MOST_MESSAGES} messages with network.nodes = {nodes}");
        return Err(Complaint::new("protocol.messages", problem, "give fewer messages or nodes"));
    }
    let rudp = params.text("protocol.transport") == "rudp";
    Ok(Load {
        shape,
        // Ten million at most, as for messages; a gigabyte fits as well.
        nodes: nodes as u32,
        messages: params.count("protocol.messages") as u32,
        bytes: bytes as u32,
        spacing: params.span("protocol.spacing"),
        active: params.share("workload.active"),
        // TCP closes its connections itself.
        close: rudp && params.text("protocol.pooling") == "per_message",
    })
}

/// The network of a point. Unless the scenario says otherwise every packet is an event: the transport's segments are what is
/// studied. At `fidelity = "message"` the network carries messages by the closed form of the transport.
///
/// # Errors
/// What the network cannot be, and transports that have no closed form.
pub(crate) fn network(params: &Params, files: &Files, transport: &Transport) -> Result<NetConfig, Complaint> {
    let given = params.entry("network.fidelity").is_some_and(|entry| entry.origin != Origin::Default);
    let net = net_config(params, files)?;
    if params.text("network.topology.kind") != "complete" {
        let problem = "is not \"complete\", but flows go from node to node directly";
        return Err(Complaint::new("network.topology", problem, "leave `topology` out"));
    }
    if params.text("network.churn.kind") != "none" {
        let help = "leave `churn` out; single nodes can crash by [[fault]]";
        return Err(Complaint::new("network.churn", "is not modelled by this system", help));
    }
    if !given || net.fidelity == Fidelity::Packet {
        return Ok(packets(net));
    }
    if !net.transport.is_none() {
        let help = "leave `network.transport` out; it follows from [protocol]";
        return Err(Complaint::new("network.transport", "is given beside a transport in [protocol]", help));
    }
    let fresh = params.text("protocol.pooling") == "per_message";
    let model = closed_form::model(transport, fresh)?;
    if model.is_none() {
        return Ok(net);
    }
    // The queues of the packets that the closed form stands for, in bytes.
    let buffer = |bytes: Option<u64>, packets: Option<u32>| {
        let packets = packets.map(|packets| u64::from(packets) * u64::from(net.mtu));
        Some(bytes.or(packets).unwrap_or(PACKET_BUFFER))
    };
    let (up, down) = (buffer(net.buffer_up, net.packets_up), buffer(net.buffer_down, net.packets_down));
    Ok(NetConfig { transport: model, buffer_up: up, buffer_down: down, ..net })
}

/// A closed form loses what is sent into a cut, which a transport would send again: how long it holds out is not part of the form.
///
/// # Errors
/// A cut in a network that carries messages by closed form.
pub(crate) fn check_cuts(params: &Params, net: &NetConfig) -> Result<(), Complaint> {
    let cut = params.faults().iter().find(|fault| ["partition", "one-way"].contains(&fault.kind.as_str()));
    match cut {
        Some(fault) if !net.transport.is_none() => Err(Complaint::new(
            "network.fidelity",
            format!("= \"message\" does not know how a transport outlives the cut `{}`", fault.id),
            "take fidelity = \"packet\" with faults that cut",
        )),
        _ => Ok(()),
    }
}

/// The same network with every packet an event.
pub(crate) fn packets(net: NetConfig) -> NetConfig {
    NetConfig { fidelity: Fidelity::Packet, transport: TransportModel::None, ..net }
}

/// Queue limit of packet fidelity unless given: 256 KiB.
const PACKET_BUFFER: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_profile_is_the_protocols() {
        let declared = crate::spec::PROFILES;
        let known: Vec<&str> = rudp::Profile::ALL.iter().map(|(_, name)| *name).collect();
        assert_eq!(declared.len(), known.len());
        for name in declared {
            assert!(known.contains(name), "{name}");
        }
    }
}

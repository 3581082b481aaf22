//! Parameters of traversal.

use std::collections::BTreeMap;
use std::fmt;

use astrarium_node::{Endpoint, Ip, LISTEN_PORT, NodeId, Span};

/// How two hosts behind middleboxes open a path to each other (network specification §6.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Not at all: a packet is sent to where the peer was seen last.
    None,
    /// Both fire at once when the rendezvous says so: the classic.
    Simultaneous,
    /// The connector fires first, the acceptor is called later: the worst order.
    Sequential,
    /// The acceptor fires a packet that dies on the way, then the connector fires.
    #[default]
    Ttl,
    /// As `Ttl`; where one side's ports cannot be predicted, it opens many and the other guesses.
    Birthday,
}

/// By which classification a host decides whether an attempt is worth making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Policy {
    /// By the port rule: who can predict the own ports tries, whoever the peer is.
    #[default]
    PortRule,
    /// By RFC 3489, as software that builds on STUN does: a host that reads itself as symmetric and one that reads itself as
    /// port-restricted or symmetric do not try.
    Rfc3489,
}

/// A rendezvous, which is a STUN server too: two addresses with the same two ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServerAddress {
    /// First and second address.
    pub ips: [Ip; 2],
    /// First and second port.
    pub ports: [u16; 2],
}

impl ServerAddress {
    /// One of its four sockets, by number of address and of port (0 or 1).
    #[must_use]
    pub const fn socket(&self, ip: usize, port: usize) -> Endpoint {
        Endpoint::new(self.ips[ip], self.ports[port])
    }

    /// Where hosts log in.
    #[must_use]
    pub const fn main(&self) -> Endpoint {
        self.socket(0, 0)
    }

    /// Whether one of the four sockets is this one.
    #[must_use]
    pub fn owns(&self, socket: Endpoint) -> bool {
        self.ips.contains(&socket.ip) && self.ports.contains(&socket.port)
    }
}

/// What a relay grants (defaults of the libp2p circuit relay). Zero means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayLimits {
    /// Hosts that may hold a slot. Default 128.
    pub slots: u32,
    /// Circuits at a time. Default 16.
    pub circuits: u32,
    /// Bytes of messages per circuit, both ways together. Default 131,072.
    pub bytes: u64,
    /// Life of a circuit. Default 120 s.
    pub time: Span,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self { slots: 128, circuits: 16, bytes: 131_072, time: Span::from_secs(120) }
    }
}

/// Parameters of all roles. Times are those of network specification §4, unless said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// How paths are opened. Default TTL.
    pub mode: Mode,
    /// Who tries. Default the port rule.
    pub policy: Policy,
    /// With [`Policy::PortRule`]: whether hosts whose ports cannot be predicted try at all. The whitepaper's do not (its port rule gives them 0 %); default
    /// false.
    pub attempt_symmetric: bool,
    /// Whether a host also classifies itself by RFC 3489 where [`Policy::Rfc3489`] does not ask for it. Default false.
    pub classify_rfc3489: bool,
    /// Whether modes that limit the time to live punch from a fresh socket per attempt (§6.5) or from the listening one. A fresh
    /// port is one that nobody could plant a record for. Default true.
    pub fresh_sockets: bool,
    /// Whether a relay is asked when punching fails. Default false.
    pub relay_fallback: bool,
    /// Rendezvous servers; a host logs in at each and asks them in turn. At most [`Config::MAX_SERVERS`].
    pub servers: Vec<ServerAddress>,
    /// Sockets of relays; a host has a slot at one of them, by its number.
    pub relays: Vec<Endpoint>,
    /// Peers whose public socket is known beforehand, as a contact list says: they are dialled without a rendezvous.
    pub book: BTreeMap<NodeId, Endpoint>,
    /// Local port of a host's listening socket. Default [`LISTEN_PORT`] (chosen).
    pub listen_port: u16,
    /// Tries of one question to a STUN server. Default 3 (§6.4).
    pub stun_tries: u32,
    /// Time between them. Default 500 ms (§6.4).
    pub stun_interval: Span,
    /// Time to live of ordinary packets. Default 128.
    pub ttl_default: u8,
    /// Bound of the TTL search. Default 16.
    pub ttl_probe_max: u8,
    /// Added to the least time to live that passes the own middlebox. Default 1.
    pub ttl_margin: u8,
    /// How long one step of the TTL search waits for an answer. Default 1 s (chosen: above every round trip of the region tables).
    pub probe_wait: Span,
    /// Time between two requests of the connector. Default 1 s.
    pub punch_retry: Span,
    /// When connector and acceptor give up. Default 3 s.
    pub punch_timeout: Span,
    /// Time between two punches. Default 500 ms.
    pub punch_interval: Span,
    /// Number of punches. Default 6.
    pub punch_count: u32,
    /// In [`Mode::Sequential`]: how long the rendezvous waits before it calls the acceptor. Default 1 s (chosen: the connector has
    /// fired by then).
    pub call_delay: Span,
    /// Sockets of the side whose ports cannot be predicted. Default 256.
    pub birthday_sockets: u32,
    /// Guesses of the other side. Default 1024.
    pub birthday_probes: u32,
    /// Time between two guesses. Default 10 ms (chosen).
    pub birthday_spacing: Span,
    /// Time between two signs of life, to the rendezvous and on every path in use. Default 20 s.
    pub keepalive: Span,
    /// A path dies when nothing was heard for so long; the rendezvous forgets a host after the same time. Default 60 s (three
    /// signs of life).
    pub path_timeout: Span,
    /// A path that the layer above has not used for so long is closed. Default 120 s (chosen).
    pub idle: Span,
    /// How long a peer counts as unreachable after an attempt failed. Default 5 s (chosen: transports above give up on a session
    /// after tens of seconds, and an attempt may fail by loss alone).
    pub backoff: Span,
    /// The same after a relay ended a circuit. Default 10 s (§6.6).
    pub relay_backoff: Span,
    /// Greatest difference between the time in a login and the server's clock. Default 300 s.
    pub auth_window: Span,
    /// Messages kept per peer while its path is being opened. Default 64.
    pub queue: usize,
    /// Peers with a path or an attempt. Default 1024.
    pub max_paths: usize,
    /// Open sockets of a host. Default 2048.
    pub max_sockets: usize,
    /// Hosts that a rendezvous knows. Default 100,000.
    pub max_logins: usize,
    /// Attempts that a rendezvous has in hand. Default 65,536.
    pub max_sessions: usize,
    /// What a relay grants.
    pub relay: RelayLimits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Ttl,
            policy: Policy::PortRule,
            attempt_symmetric: false,
            classify_rfc3489: false,
            fresh_sockets: true,
            relay_fallback: false,
            servers: Vec::new(),
            relays: Vec::new(),
            book: BTreeMap::new(),
            listen_port: LISTEN_PORT,
            stun_tries: 3,
            stun_interval: Span::from_millis(500),
            ttl_default: 128,
            ttl_probe_max: 16,
            ttl_margin: 1,
            probe_wait: Span::from_secs(1),
            punch_retry: Span::from_secs(1),
            punch_timeout: Span::from_secs(3),
            punch_interval: Span::from_millis(500),
            punch_count: 6,
            call_delay: Span::from_secs(1),
            birthday_sockets: 256,
            birthday_probes: 1024,
            birthday_spacing: Span::from_millis(10),
            keepalive: Span::from_secs(20),
            path_timeout: Span::from_secs(60),
            idle: Span::from_secs(120),
            backoff: Span::from_secs(5),
            relay_backoff: Span::from_secs(10),
            auth_window: Span::from_secs(300),
            queue: 64,
            max_paths: 1024,
            max_sockets: 2048,
            max_logins: 100_000,
            max_sessions: 65_536,
            relay: RelayLimits::default(),
        }
    }
}

/// A parameter that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfigError {
    /// Its name.
    pub parameter: &'static str,
    /// What would be right.
    pub expected: &'static str,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.parameter, self.expected)
    }
}

impl Config {
    /// Greatest number of rendezvous servers.
    pub const MAX_SERVERS: usize = 8;

    /// Rejects what the machines cannot work with.
    ///
    /// # Errors
    /// The first impossible parameter.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let timers = [
            ("stun_interval", self.stun_interval),
            ("probe_wait", self.probe_wait),
            ("punch_retry", self.punch_retry),
            ("punch_timeout", self.punch_timeout),
            ("punch_interval", self.punch_interval),
            ("birthday_spacing", self.birthday_spacing),
            ("keepalive", self.keepalive),
        ];
        let rules = [
            ("servers", self.servers.len() <= Self::MAX_SERVERS, "at most eight"),
            ("ttl_default", self.ttl_default > self.ttl_probe_max, "above ttl_probe_max"),
            ("ttl_probe_max", self.ttl_probe_max > 0, "at least 1"),
            ("stun_tries", self.stun_tries > 0, "at least 1"),
            ("punch_count", self.punch_count > 0, "at least 1"),
            (
                "policy",
                self.policy == Policy::PortRule || self.mode != Mode::Birthday,
                "the port rule: guessing goes by its classes",
            ),
            ("path_timeout", self.path_timeout > self.keepalive, "longer than keepalive"),
            (
                "max_sockets",
                self.max_sockets >= self.birthday_sockets as usize + 16,
                "birthday_sockets and 16 more",
            ),
            ("max_sockets", self.max_sockets <= 16_000, "at most 16000: ephemeral ports are few"),
            (
                "relays",
                !self.relay_fallback || !self.relays.is_empty(),
                "at least one when relay_fallback is on",
            ),
        ];
        let broken = rules.into_iter().find(|(_, ok, _)| !ok).map(|(name, _, expected)| (name, expected));
        let idle =
            timers.into_iter().find(|(_, span)| span.is_zero()).map(|(name, _)| (name, "longer than zero"));
        match broken.or(idle) {
            Some((parameter, expected)) => Err(ConfigError { parameter, expected }),
            None => Ok(()),
        }
    }

    /// Whether hosts classify themselves by RFC 3489.
    pub(super) fn classifies(&self) -> bool {
        self.classify_rfc3489 || self.policy == Policy::Rfc3489
    }

    /// Whether a socket is one of a rendezvous.
    pub(super) fn is_server(&self, socket: Endpoint) -> bool {
        self.servers.iter().any(|server| server.owns(socket))
    }

    /// The relay where a host has its slot.
    pub(super) fn relay_of(&self, host: NodeId) -> Option<Endpoint> {
        let count = self.relays.len();
        (count > 0).then(|| self.relays[host.index() % count])
    }

    /// Whether each attempt has a socket of its own.
    pub(super) const fn opens_sockets(&self) -> bool {
        self.limits_ttl() && self.fresh_sockets
    }

    /// Whether punches die on the way, so that the time to live must be known.
    pub(super) const fn limits_ttl(&self) -> bool {
        matches!(self.mode, Mode::Ttl | Mode::Birthday)
    }
}

//! What travels: the packets of traversal, with the sizes of the network specification (§5).

use astrarium_node::{Endpoint, Header, NodeId, Time, Wire};

use super::{NatClass, PortClass};

/// A packet with the addresses that middleboxes read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Packet<M> {
    /// Addresses and time to live.
    pub header: Header,
    /// What it says.
    pub body: Body<M>,
}

/// From where a STUN server shall answer (RFC 3489 §11.2.4, CHANGE-REQUEST).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Change {
    /// From its other address.
    pub ip: bool,
    /// From its other port.
    pub port: bool,
}

impl Change {
    /// From where it was asked.
    pub const NONE: Self = Self { ip: false, port: false };
    /// From the other address and the other port.
    pub const BOTH: Self = Self { ip: true, port: true };
    /// From the other port.
    pub const PORT: Self = Self { ip: false, port: true };
}

/// Two hosts that want a path, as the rendezvous introduces them to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Introduction {
    /// Number that the rendezvous gave to the attempt.
    pub session: u32,
    /// The other host.
    pub peer: NodeId,
    /// How the other host's ports behave.
    pub class: PortClass,
    /// How it reads by RFC 3489, if it knows; shares a byte with `class`.
    pub nat: Option<NatClass>,
    /// Where to aim; port 0 when the other host cannot say.
    pub endpoint: Endpoint,
    /// Secret of this attempt, from the connector; proves a [`Body::Punch`] to be the peer's.
    pub nonce: u64,
}

/// Proof that a packet belongs to an attempt or to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    /// Number of the attempt; 0 when no rendezvous was asked.
    pub session: u32,
    /// Secret of the attempt.
    pub nonce: u64,
}

/// The halves of an attempt's secret: what a message of a relay has room for. The first opens a circuit and is its number, the
/// second answers; so each end proves to the other that the rendezvous has introduced them.
impl Token {
    /// The half that opens; never 0.
    #[must_use]
    pub const fn opening(nonce: u64) -> u32 {
        nonce as u32 | 1
    }

    /// The half that answers.
    #[must_use]
    pub const fn answer(nonce: u64) -> u32 {
        (nonce >> 32) as u32
    }
}

/// The two ends of a circuit over a relay, and its number there (0 where there is none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ends {
    /// Who opened it, or who reserves.
    pub from: NodeId,
    /// The other end.
    pub to: NodeId,
    /// Number of the circuit at the relay: [`Token::opening`] of the attempt; in the answer, [`Token::answer`].
    pub circuit: u32,
}

/// What a packet says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Body<M> {
    /// "Where do I come from?" (RFC 3489 binding request), 28 bytes.
    StunRequest {
        /// Transaction.
        id: u64,
        /// From where to answer.
        change: Change,
    },
    /// The answer, 40 bytes.
    StunResponse {
        /// Transaction.
        id: u64,
        /// The sender of the request as the server saw it.
        mapped: Endpoint,
        /// The server's other address and port.
        other: Endpoint,
    },
    /// A packet of the TTL search, to the server's second address, 40 bytes.
    Probe {
        /// The search.
        nonce: u64,
        /// The time to live that it started with.
        ttl: u8,
    },
    /// "Your second address shall answer there", 40 bytes.
    ProbeRequest {
        /// The search.
        nonce: u64,
        /// Where the sender believes its socket to be.
        target: Endpoint,
    },
    /// From the second address: on request, or because a probe came through, 40 bytes.
    ProbeReply {
        /// The search.
        nonce: u64,
        /// Time to live of the probe that came through; 0 for an answer on request.
        reached: u8,
    },
    /// "I am here", signed, 146 bytes.
    Login {
        /// Who.
        id: NodeId,
        /// When it was signed, by the local clock.
        time: Time,
        /// Whose key signed it.
        signer: NodeId,
    },
    /// The login stands, 22 bytes.
    LoginOk {
        /// From where the server saw it.
        mapped: Endpoint,
    },
    /// "I want a path to that peer", 40 bytes.
    Connect {
        /// Who asks.
        id: NodeId,
        /// Whom it wants.
        peer: NodeId,
        /// How the asker's ports behave.
        class: PortClass,
        /// How it reads by RFC 3489, if it knows; shares a byte with `class`.
        nat: Option<NatClass>,
        /// Where the asker's packets will come from, as far as it knows; port 0 otherwise.
        predicted: Endpoint,
        /// Secret of the attempt.
        nonce: u64,
    },
    /// The rendezvous does not know that peer, 40 bytes.
    NoSuchPeer {
        /// Who was asked for.
        peer: NodeId,
        /// Secret of the attempt.
        nonce: u64,
    },
    /// Rendezvous to acceptor: somebody wants a path to you, 40 bytes.
    Call(Introduction),
    /// Acceptor to rendezvous: ready, 40 bytes.
    Accept(Introduction),
    /// Rendezvous to connector: go ahead, 40 bytes.
    Go(Introduction),
    /// Opens a path, and keeps it open, 40 bytes.
    Punch {
        /// The sender.
        id: NodeId,
        /// Of which attempt or path.
        token: Token,
    },
    /// A direct call that no rendezvous announced, signed as a login is, 170 bytes (frame 8, ids 16, time 8, secret 8, key 65,
    /// signature 65).
    Knock {
        /// The sender.
        id: NodeId,
        /// Whom it means.
        to: NodeId,
        /// When it was signed, by the local clock.
        time: Time,
        /// Secret of the path to be.
        nonce: u64,
        /// Whose key signed it.
        signer: NodeId,
    },
    /// The answer to a punch or a knock, 40 bytes.
    PunchAck {
        /// The sender.
        id: NodeId,
        /// Of which attempt or path.
        token: Token,
    },
    /// Host to relay: keep a slot for me, 28 bytes.
    RelayReserve(Ends),
    /// Relay to host: you have it, 28 bytes.
    RelayReserved(Ends),
    /// Host to relay, and on to that peer: a circuit, 28 bytes.
    RelayOpen(Ends),
    /// That peer to relay, and back to the opener: it is open, 28 bytes.
    RelayOpened(Ends),
    /// Opener to relay, and on to both: the circuit is still in use, 28 bytes.
    RelayKeep(Ends),
    /// Relay to host: no slot, no circuit free, or peer unknown, 28 bytes.
    RelayRefused(Ends),
    /// Relay to both: the circuit is used up, 28 bytes.
    RelayReset(Ends),
    /// A message over a relay, 20 bytes and the message.
    RelayData {
        /// The circuit.
        circuit: u32,
        /// The sender.
        from: NodeId,
        /// What the layer above sends.
        message: M,
    },
    /// A message over a direct path; the pair of sockets says whose it is, so nothing is added.
    Data(M),
}

impl<M: Wire> Wire for Packet<M> {
    fn wire_len(&self) -> u32 {
        self.body.wire_len()
    }

    fn kind(&self) -> &'static str {
        self.body.kind()
    }

    #[inline]
    fn header(&self) -> Option<&Header> {
        Some(&self.header)
    }

    #[inline]
    fn header_mut(&mut self) -> Option<&mut Header> {
        Some(&mut self.header)
    }
}

impl<M: Wire> Body<M> {
    /// Encoded length, bytes.
    fn wire_len(&self) -> u32 {
        match self {
            Self::StunRequest { .. }
            | Self::RelayReserve(_)
            | Self::RelayReserved(_)
            | Self::RelayOpen(_)
            | Self::RelayOpened(_)
            | Self::RelayKeep(_)
            | Self::RelayRefused(_)
            | Self::RelayReset(_) => 28,
            Self::StunResponse { .. }
            | Self::Probe { .. }
            | Self::ProbeRequest { .. }
            | Self::ProbeReply { .. }
            | Self::Connect { .. }
            | Self::NoSuchPeer { .. }
            | Self::Call(_)
            | Self::Accept(_)
            | Self::Go(_)
            | Self::Punch { .. }
            | Self::PunchAck { .. } => 40,
            Self::Login { .. } => 146,
            Self::Knock { .. } => 170,
            Self::LoginOk { .. } => 22,
            Self::RelayData { message, .. } => 20 + message.wire_len(),
            Self::Data(message) => message.wire_len(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::StunRequest { .. } | Self::StunResponse { .. } => "stun",
            Self::Probe { .. } | Self::ProbeRequest { .. } | Self::ProbeReply { .. } => "probe",
            Self::Login { .. } | Self::LoginOk { .. } => "login",
            Self::Connect { .. } | Self::NoSuchPeer { .. } => "connect",
            Self::Call(_) | Self::Accept(_) | Self::Go(_) => "introduction",
            Self::Punch { .. } | Self::PunchAck { .. } | Self::Knock { .. } => "punch",
            Self::RelayData { .. } => "relay-data",
            Self::RelayReserve(_)
            | Self::RelayReserved(_)
            | Self::RelayOpen(_)
            | Self::RelayOpened(_)
            | Self::RelayKeep(_)
            | Self::RelayRefused(_)
            | Self::RelayReset(_) => "relay",
            Self::Data(message) => message.kind(),
        }
    }
}

//! What clients, relays and collectors say to each other.

use astrarium_node::{NodeId, Wire, hash};

/// A client's proposal for a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Candidate {
    /// Which round.
    pub round: u64,
    /// What the round is about; 32 bytes on the wire, of which these stand for all.
    pub challenge: u64,
    /// Whose it is.
    pub origin: NodeId,
    /// The less, the better; 32 bytes on the wire.
    pub ticket: u64,
    /// Length of what it proposes, in bytes.
    pub bytes: u32,
}

impl Candidate {
    /// Frame 8, round 8, challenge 32, origin 32, ticket 32, proof of the ticket 80 (RFC 9381: ECVRF over edwards25519), length 4.
    pub const HEADER: u32 = 196;

    /// The candidate of `origin`.
    #[must_use]
    pub fn new(round: u64, challenge: u64, origin: NodeId, bytes: u32) -> Self {
        Self { round, challenge, origin, ticket: Self::ticket_of(challenge, origin), bytes }
    }

    /// The only ticket that an origin can prove: a verifiable random function of the challenge under its key.
    #[must_use]
    pub fn ticket_of(challenge: u64, origin: NodeId) -> u64 {
        hash::mix(challenge, u64::from(origin.0))
    }

    /// What a check of the proof finds.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.ticket == Self::ticket_of(self.challenge, self.origin)
    }
}

/// What is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message {
    /// Client to relay: pass this on to `to`.
    Submit {
        /// The collector.
        to: NodeId,
        /// What to pass on.
        candidate: Candidate,
    },
    /// Relay, or the client itself, to the collector.
    Forward(Candidate),
    /// Collector to client: it is here.
    Receipt {
        /// Which round.
        round: u64,
    },
}

impl Wire for Message {
    fn wire_len(&self) -> u32 {
        match self {
            Self::Submit { candidate, .. } => Candidate::HEADER + 32 + candidate.bytes,
            Self::Forward(candidate) => Candidate::HEADER + candidate.bytes,
            // Frame 8, round 8, collector 32, signature 65.
            Self::Receipt { .. } => 113,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Submit { .. } => "submit",
            Self::Forward(_) => "forward",
            Self::Receipt { .. } => "receipt",
        }
    }
}

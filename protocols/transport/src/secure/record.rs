//! What the channel puts on the wire.

use astrarium_node::{Header, Time, Wire};

use super::keys::{EphemeralKey, PublicKey, Sealed, Signature};

/// What every handshake message begins with: kind 1, version 1, session 4, network 8, time 8 = 22 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prologue {
    /// Chosen by the initiator.
    pub session: u32,
    /// Identity of the network.
    pub chain: u64,
    /// Sender's clock.
    pub time: Time,
}

/// Proof of a static key: signature 64, key 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Proof {
    /// Over the transcript, with the signer's time.
    pub signature: Signature,
    /// Whose signature.
    pub key: PublicKey,
}

/// A record of the channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Record<M> {
    /// The channel is off.
    Plain(M),
    /// HS1, initiator to responder.
    Hello {
        /// Beginning.
        prologue: Prologue,
        /// Ephemeral key of the initiator.
        key: EphemeralKey,
        /// Echo of a cookie; 0: none yet.
        cookie: u64,
    },
    /// Instead of HS2 when the responder is crowded: come again with this.
    Cookie {
        /// Beginning.
        prologue: Prologue,
        /// To be echoed.
        cookie: u64,
    },
    /// HS2, responder to initiator.
    Answer {
        /// Beginning.
        prologue: Prologue,
        /// Ephemeral key of the responder.
        key: EphemeralKey,
        /// Absent without authentication.
        proof: Option<Proof>,
    },
    /// HS3, initiator to responder.
    Finish {
        /// Beginning.
        prologue: Prologue,
        /// Absent without authentication.
        proof: Option<Proof>,
    },
    /// A datagram, or a change of keys.
    Data {
        /// The sealed content.
        sealed: Sealed<M>,
        /// Bytes that sealing adds.
        overhead: u8,
    },
    /// "I have no key for what you sent": the receiver lost its session.
    Unknown {
        /// Beginning.
        prologue: Prologue,
    },
}

const PROLOGUE: u32 = 22;
const KEY: u32 = 32;
const COOKIE: u32 = 8;
const PROOF: u32 = 96;

impl<M: Wire> Wire for Record<M> {
    fn wire_len(&self) -> u32 {
        let proof = |p: &Option<Proof>| if p.is_some() { PROOF } else { 0 };
        match self {
            Self::Plain(message) => message.wire_len(),
            Self::Hello { .. } => PROLOGUE + KEY + COOKIE,
            Self::Cookie { .. } => PROLOGUE + COOKIE,
            Self::Answer { proof: p, .. } => PROLOGUE + KEY + proof(p),
            Self::Finish { proof: p, .. } => PROLOGUE + proof(p),
            Self::Data { sealed, overhead } => sealed.content_len(Wire::wire_len) + u32::from(*overhead),
            Self::Unknown { .. } => PROLOGUE,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Plain(message) => message.kind(),
            Self::Hello { .. } => "hs1",
            Self::Cookie { .. } => "hs-cookie",
            Self::Answer { .. } => "hs2",
            Self::Finish { .. } => "hs3",
            Self::Data { .. } => "sealed",
            Self::Unknown { .. } => "hs-unknown",
        }
    }

    fn header(&self) -> Option<&Header> {
        if let Self::Plain(message) = self { message.header() } else { None }
    }

    fn header_mut(&mut self) -> Option<&mut Header> {
        if let Self::Plain(message) = self { message.header_mut() } else { None }
    }
}

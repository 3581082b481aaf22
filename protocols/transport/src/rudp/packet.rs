//! Datagrams of the machine.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use astrarium_node::Wire;
use smallvec::SmallVec;

/// Header sizes of the family and its comparators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// 24 bytes per segment, acknowledgements included (network specification §3).
    Kcp,
    /// 4 bytes per datagram, 6 per data command, 8 per acknowledgement (Paradigm specification E1).
    Enet,
    /// 64 bytes per datagram, which carries one slice or one bitmap (a slice of 1,024 makes 1,088, Hyperchain's constants).
    Slice,
}

impl Format {
    /// Bytes before the first segment.
    #[must_use]
    pub const fn datagram_bytes(self) -> u32 {
        match self {
            Self::Kcp => 0,
            Self::Enet => 4,
            Self::Slice => 64,
        }
    }

    /// Header bytes of a data segment.
    #[must_use]
    pub const fn push_bytes(self) -> u32 {
        match self {
            Self::Kcp => 24,
            Self::Enet => 6,
            Self::Slice => 0,
        }
    }

    /// Bytes of an acknowledgement, or of any other command. A bitmap of slices has its own length.
    #[must_use]
    pub const fn ack_bytes(self) -> u32 {
        match self {
            Self::Kcp => 24,
            Self::Enet => 8,
            Self::Slice => 0,
        }
    }
}

/// Commands without data that a datagram carries, one segment each; and one bit of every segment's command byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Marks(u8);

impl Marks {
    /// None.
    pub const NONE: Self = Self(0);
    /// "What is your window?"
    pub const ASK: Self = Self(1);
    /// "This is my window."
    pub const TELL: Self = Self(2);
    /// A sign of life.
    pub const PING: Self = Self(4);
    /// The sender has closed the session.
    pub const FIN: Self = Self(8);
    /// The sender does not know the session. `una` names the newest session that it does know, or is 0.
    pub const RESET: Self = Self(16);
    /// Not a segment but a bit on each: the sender opened this session and has not heard from the peer yet.
    pub const OPENING: Self = Self(128);

    /// Whether all of these are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Segments without data.
    #[must_use]
    pub const fn commands(self) -> u32 {
        (self.0 & !Self::OPENING.0).count_ones()
    }
}

/// Acknowledgements of `count` segments with consecutive numbers that were sent at one time. On the wire it is one
/// acknowledgement per segment; here a run, for segments sent by one flush arrive one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AckRun {
    /// Number of the first segment.
    pub sn: u32,
    /// Time stamp of the segments, echoed, ms.
    pub ts: u32,
    /// How many.
    pub count: u32,
}

impl AckRun {
    /// Number of the last segment.
    #[must_use]
    pub const fn last(&self) -> u32 {
        self.sn.wrapping_add(self.count.saturating_sub(1))
    }
}

/// The messages that end in a segment. Bytes before a message's last one need no reference: in order, they have arrived when the
/// last one has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Content<M> {
    /// No message ends here.
    Middle,
    /// One does.
    End(M),
    /// Several do, in this order (stream mode).
    Ends(Arc<[M]>),
}

impl<M> Content<M> {
    /// Shows each message that ends here, in order.
    pub fn each<'a>(&'a self, mut show: impl FnMut(&'a M)) {
        match self {
            Self::Middle => {}
            Self::End(message) => show(message),
            Self::Ends(messages) => messages.iter().for_each(show),
        }
    }
}

/// A data segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Push<M> {
    /// Its number in the session.
    pub sn: u32,
    /// Bytes of messages in it.
    pub len: u16,
    /// Segments of the same part that follow.
    pub frg: u8,
    /// What it carries.
    pub content: Content<M>,
}

/// A datagram. All its segments were sent by one flush, so they share session, time stamp, window and cumulative acknowledgement;
/// on the wire each repeats them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<M> {
    /// Session.
    pub conv: u32,
    /// Every segment below this number has been received.
    pub una: u32,
    /// Sender's clock, ms.
    pub ts: u32,
    /// Segments that the sender has room for.
    pub window: u16,
    /// Commands without data.
    pub marks: Marks,
    /// Header sizes.
    pub format: Format,
    /// Bytes of a secure channel.
    pub crypt_overhead: u8,
    /// Acknowledgements.
    pub acks: SmallVec<[AckRun; 2]>,
    /// Data.
    pub data: SmallVec<[Push<M>; 1]>,
}

/// By words, for every datagram is hashed at least once: the same content gives the same hash, and nothing is left out that
/// tells two datagrams of a session apart.
impl<M: Hash> Hash for Packet<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let word = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        state.write_u64(word(self.conv, self.una));
        state.write_u64(word(self.ts, u32::from(self.window) << 8 | u32::from(self.marks.0)));
        for run in &self.acks {
            state.write_u64(word(run.sn, run.ts));
            state.write_u32(run.count);
        }
        for push in &self.data {
            state.write_u64(word(push.sn, u32::from(push.len) << 8 | u32::from(push.frg)));
            push.content.each(|message| message.hash(state));
        }
    }
}

impl<M> Packet<M> {
    /// Acknowledgements in it.
    #[must_use]
    pub fn ack_count(&self) -> u32 {
        // Counts of a forged datagram may be anything.
        self.acks.iter().fold(0, |sum: u32, run| sum.saturating_add(run.count))
    }

    /// True when it carries nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.acks.is_empty() && self.data.is_empty() && self.marks.commands() == 0
    }

    /// The datagram as bytes, little-endian as KCP writes them, in [`Format::Kcp`]. Messages stand as zeros: their encoding
    /// is not this layer's business, only their length is.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let opening = self.marks.0 & Marks::OPENING.0;
        let mut segment = |command: u8, frg: u8, ts: u32, sn: u32, len: u32| {
            bytes.extend(self.conv.to_le_bytes());
            bytes.extend([command | opening, frg]);
            bytes.extend(self.window.to_le_bytes());
            for word in [ts, sn, self.una, len] {
                bytes.extend(word.to_le_bytes());
            }
            bytes.resize(bytes.len() + len as usize, 0);
        };
        for run in &self.acks {
            for i in 0..run.count {
                segment(82, 0, run.ts, run.sn.wrapping_add(i), 0);
            }
        }
        let commands =
            [(Marks::ASK, 83), (Marks::TELL, 84), (Marks::PING, 85), (Marks::FIN, 86), (Marks::RESET, 87)];
        for (mark, command) in commands {
            if self.marks.has(mark) {
                segment(command, 0, self.ts, 0, 0);
            }
        }
        for push in &self.data {
            segment(81, push.frg, self.ts, push.sn, u32::from(push.len));
        }
        bytes.resize(bytes.len() + usize::from(self.crypt_overhead), 0);
        bytes
    }
}

impl<M> Wire for Packet<M> {
    fn wire_len(&self) -> u32 {
        let format = self.format;
        let data: u32 = self.data.iter().map(|push| format.push_bytes() + u32::from(push.len)).sum();
        // A bitmap has a bit per slice of the message.
        let bitmap = format == Format::Slice && !self.acks.is_empty();
        format.datagram_bytes()
            + if bitmap { u32::from(self.window).div_ceil(8) } else { 0 }
            + self.ack_count().saturating_mul(format.ack_bytes())
            + self.marks.commands() * format.ack_bytes()
            + data
            + u32::from(self.crypt_overhead)
    }

    fn kind(&self) -> &'static str {
        if !self.data.is_empty() {
            "push"
        } else if !self.acks.is_empty() {
            "ack"
        } else {
            "command"
        }
    }
}

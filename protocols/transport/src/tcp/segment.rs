//! A TCP segment.
//!
//! The payload is not carried: a segment says how many bytes of the stream it covers, and refers to those messages whose *last*
//! byte is among them. That is all a receiver needs to deliver a message when its last byte is in order, and a
//! megabyte in flight costs one reference. (Rejected: a reference and a byte range for every piece; the pieces before
//! the last one would be carried, compared and thrown away.)

use std::hash::Hash;
use std::sync::Arc;

use astrarium_node::Wire;
use smallvec::SmallVec;

/// Control bits (RFC 9293 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(pub u8);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(1);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(2);
    /// Reset the connection.
    pub const RST: Self = Self(4);
    /// The acknowledgement number counts.
    pub const ACK: Self = Self(16);

    /// Whether all of these are set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Up to three ranges of received sequence numbers (RFC 2018; three is what fits beside timestamps).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Blocks {
    count: u8,
    ranges: [(u32, u32); 3],
}

impl Blocks {
    /// Adds [`from`, `to`); false when there is no room.
    pub fn push(&mut self, from: u32, to: u32) -> bool {
        let Some(slot) = self.ranges.get_mut(usize::from(self.count)) else { return false };
        *slot = (from, to);
        self.count += 1;
        true
    }

    /// The ranges, most recent first.
    #[must_use]
    pub fn as_slice(&self) -> &[(u32, u32)] {
        &self.ranges[..usize::from(self.count)]
    }
}

/// The end of a message within a segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct End<M> {
    /// Payload bytes of the segment up to and including the message's last one.
    pub offset: u32,
    /// The message.
    pub message: Arc<M>,
}

/// A segment with timestamps; on a SYN also maximum segment size, window scaling and permission of selective acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Segment<M> {
    /// Port of the sender.
    pub source: u16,
    /// Port of the recipient.
    pub destination: u16,
    /// Sequence number of the first byte (or of the SYN).
    pub sequence: u32,
    /// Next sequence number expected, when the flag says so.
    pub acknowledgement: u32,
    /// Control bits.
    pub flags: Flags,
    /// Receive window, scaled except on a SYN.
    pub window: u16,
    /// Sender's clock in milliseconds (RFC 7323).
    pub timestamp: u32,
    /// Echo of the other side's clock; 0 without acknowledgement.
    pub echo: u32,
    /// Window scale offered; meaningful on a SYN.
    pub scale: u8,
    /// Maximum segment size offered; meaningful on a SYN.
    pub mss: u16,
    /// Selective acknowledgement offered; meaningful on a SYN.
    pub sack_permitted: bool,
    /// Ranges received out of order.
    pub blocks: Blocks,
    /// Payload length in bytes.
    pub length: u32,
    /// Messages that end in this segment, in order.
    pub ends: SmallVec<[End<M>; 1]>,
}

/// IP and UDP headers, which the network model charges to every datagram. A TCP segment has IP and TCP headers instead, so its own
/// length counts the TCP header less the UDP header.
const UDP_HEADER: u32 = 8;
const TCP_HEADER: u32 = 20;

impl<M> Segment<M> {
    /// Length of the options in bytes, padded to words.
    #[must_use]
    pub fn options_len(&self) -> u32 {
        // Timestamps: 2 NOPs, kind, length, 8. SACK: 2 NOPs, kind, length, 8 per block. SYN: MSS 4, SACK permitted 2 with
        // timestamps 10, NOP and window scale 4; without permission two NOPs take its place.
        let sack = match self.blocks.as_slice().len() {
            0 => 0,
            n => 4 + 8 * n as u32,
        };
        (if self.flags.has(Flags::SYN) { 20 } else { 12 }) + sack
    }

    /// Sequence numbers that the segment takes: payload, SYN and FIN.
    #[must_use]
    pub fn sequence_len(&self) -> u32 {
        self.length + u32::from(self.flags.has(Flags::SYN)) + u32::from(self.flags.has(Flags::FIN))
    }

    /// Whether its parts agree with each other.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let mut last = 0;
        let ordered = self.ends.iter().all(|end| {
            let good = end.offset > last;
            last = end.offset;
            good
        });
        let both = Flags::SYN.with(Flags::FIN);
        let bare = !self.flags.has(Flags::SYN) && !self.flags.has(Flags::RST) || self.length == 0;
        ordered && last <= self.length && self.length <= 65_535 && bare && !self.flags.has(both)
    }
}

impl<M> Wire for Segment<M> {
    /// TCP header with options and payload, less the 8 bytes of the UDP header that the network charges in its place: payload
    /// + 24, so that a full datagram is payload + 52 (network specification §3).
    fn wire_len(&self) -> u32 {
        TCP_HEADER - UDP_HEADER + self.options_len() + self.length
    }

    fn kind(&self) -> &'static str {
        if self.flags.has(Flags::SYN) {
            "tcp-syn"
        } else if self.flags.has(Flags::RST) {
            "tcp-rst"
        } else if self.length > 0 {
            "tcp-data"
        } else if self.flags.has(Flags::FIN) {
            "tcp-fin"
        } else {
            "tcp-ack"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header as RFC 9293, RFC 7323 and RFC 2018 lay it out, byte by byte.
    fn encode(segment: &Segment<u8>) -> Vec<u8> {
        let mut options = Vec::new();
        if segment.flags.has(Flags::SYN) {
            options.extend([2, 4]);
            options.extend(segment.mss.to_be_bytes());
            options.extend(if segment.sack_permitted { [4, 2] } else { [1, 1] });
        } else {
            options.extend([1, 1]);
        }
        options.extend([8, 10]);
        options.extend(segment.timestamp.to_be_bytes());
        options.extend(segment.echo.to_be_bytes());
        if segment.flags.has(Flags::SYN) {
            options.extend([1, 3, 3, segment.scale]);
        }
        let blocks = segment.blocks.as_slice();
        if !blocks.is_empty() {
            options.extend([1, 1, 5, 2 + 8 * blocks.len() as u8]);
            for (from, to) in blocks {
                options.extend(from.to_be_bytes());
                options.extend(to.to_be_bytes());
            }
        }
        assert_eq!(options.len() % 4, 0);
        let mut header = Vec::new();
        header.extend(segment.source.to_be_bytes());
        header.extend(segment.destination.to_be_bytes());
        header.extend(segment.sequence.to_be_bytes());
        header.extend(segment.acknowledgement.to_be_bytes());
        header.extend([(((20 + options.len()) / 4) << 4) as u8, segment.flags.0]);
        header.extend(segment.window.to_be_bytes());
        header.extend([0; 4]);
        header.extend(options);
        header
    }

    #[test]
    fn the_length_on_the_wire_is_that_of_the_encoding() {
        let mut segment = Segment {
            source: 1,
            destination: 2,
            sequence: 3,
            acknowledgement: 4,
            flags: Flags::ACK,
            window: 5,
            timestamp: 6,
            echo: 7,
            scale: 7,
            mss: 1448,
            sack_permitted: true,
            blocks: Blocks::default(),
            length: 0,
            ends: SmallVec::new(),
        };
        for blocks in 0..=3_u32 {
            for flags in [Flags::ACK, Flags::SYN, Flags::ACK.with(Flags::FIN)] {
                segment.flags = flags;
                segment.length = 1000;
                // The network adds 28 bytes for IP and UDP; IP's own 20 remain.
                let on_the_wire = segment.wire_len() + 28;
                assert_eq!(on_the_wire as usize, 20 + encode(&segment).len() + 1000, "{blocks} {flags:?}");
            }
            let more = segment.blocks.push(8, 9);
            assert_eq!(more, blocks < 3);
        }
        segment.blocks = Blocks::default();
        segment.flags = Flags::ACK;
        assert_eq!(segment.wire_len(), 1000 + 24);
    }
}

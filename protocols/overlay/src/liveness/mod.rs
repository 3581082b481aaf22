//! Heartbeats: who is suspected, and when.
//!
//! Every node sends a pulse to the peers it watches, once per interval, and counts for each of them the intervals in which
//! nothing was heard. A peer that has missed several in a row is suspected until it is heard again (network specification N51
//! and PULSE of §5; Cypherium Fig. 3B and its heartbeat monitor: 5 s, three missed).
//!
//! Over a path that loses pulses independently with probability p, a live peer is suspected during a share p^m of the intervals,
//! and a false suspicion begins in a share p^m (1 − p) of them, m being the number of missed pulses that make one.
//!
//! | question | file |
//! |---|---|
//! | when a peer is suspected (pure) | `monitor.rs` |
//! | the layer that sends pulses and reports suspicions | `heartbeat.rs` |

mod heartbeat;
mod monitor;

pub use heartbeat::{Config, Event, Heartbeat, Request};
pub use monitor::{Change, Monitor};

use astrarium_node::Wire;

/// "I am alive." 24 bytes: frame, view, sequence number (network specification §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pulse {
    /// View or epoch of the sender; pulses of an older view than the last one heard are stale.
    pub view: u64,
    /// Number of the pulse; replayed and overtaken pulses are recognised by it.
    pub seq: u64,
}

impl Pulse {
    /// Encoded length in bytes: an 8-byte frame and two words.
    pub const BYTES: u32 = 24;
    /// Type number in the frame.
    const TYPE: u32 = 0x50;

    /// The encoding: type, length of the rest, view, sequence number, all big-endian.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::BYTES as usize] {
        let mut out = [0; Self::BYTES as usize];
        out[..4].copy_from_slice(&Self::TYPE.to_be_bytes());
        out[4..8].copy_from_slice(&(Self::BYTES - 8).to_be_bytes());
        out[8..16].copy_from_slice(&self.view.to_be_bytes());
        out[16..].copy_from_slice(&self.seq.to_be_bytes());
        out
    }

    /// Reads an encoding; `None` when it is none of a pulse.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES as usize] = bytes.try_into().ok()?;
        let word = |at: usize| u64::from_be_bytes(std::array::from_fn(|i| bytes[at + i]));
        let frame = u64::from(Self::TYPE) << 32 | u64::from(Self::BYTES - 8);
        (word(0) == frame).then(|| Self { view: word(8), seq: word(16) })
    }
}

impl Wire for Pulse {
    fn wire_len(&self) -> u32 {
        Self::BYTES
    }

    fn kind(&self) -> &'static str {
        "pulse"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_weighs_what_it_encodes_to_and_reads_back() {
        let pulse = Pulse { view: 3, seq: u64::MAX };
        let bytes = pulse.encode();
        assert_eq!(bytes.len() as u32, pulse.wire_len());
        assert_eq!(Pulse::decode(&bytes), Some(pulse));
        assert_eq!(Pulse::decode(&bytes[1..]), None);
        let mut other = bytes;
        other[0] ^= 1;
        assert_eq!(Pulse::decode(&other), None);
    }
}

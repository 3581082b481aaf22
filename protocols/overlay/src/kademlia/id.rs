//! Identities, the XOR metric, and the directory in which identities are kept.

use std::fmt;
use std::sync::Arc;

use astrarium_node::{NodeId, Stream};
use sha2::{Digest, Sha256};

/// A point of the 256-bit identity space; the first word is the most significant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id([u64; 4]);

/// XOR distance between two points; ordered as the number it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Distance([u64; 4]);

impl Id {
    /// Number of bits.
    pub const BITS: usize = 256;

    /// From its 32 bytes, the most significant first.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let mut words = [0; 4];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = chunk.iter().fold(0, |w, &b| w << 8 | u64::from(b));
        }
        Self(words)
    }

    /// Its 32 bytes, the most significant first.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// SHA-256 of some bytes.
    #[must_use]
    pub fn hash(bytes: &[u8]) -> Self {
        Self::from_bytes(Sha256::digest(bytes).into())
    }

    /// Its own SHA-256: where a node with this public name stands in the table (network specification §7).
    #[must_use]
    pub fn hashed(self) -> Self {
        Self::hash(&self.to_bytes())
    }

    /// A uniform point.
    #[must_use]
    pub fn random(luck: &mut Stream) -> Self {
        Self([luck.word(), luck.word(), luck.word(), luck.word()])
    }

    /// XOR distance.
    #[inline]
    #[must_use]
    pub fn distance(self, other: Self) -> Distance {
        let (a, b) = (self.0, other.0);
        Distance([a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]])
    }

    /// The bit of weight 2^`bit`.
    ///
    /// # Panics
    /// From 256 on.
    #[inline]
    #[must_use]
    pub fn bit(self, bit: usize) -> bool {
        self.0[3 - bit / 64] >> (bit % 64) & 1 == 1
    }

    /// A uniform point whose distance from this one has floor(log2) = `log`: where refreshing looks.
    ///
    /// # Panics
    /// From 256 on.
    #[must_use]
    pub fn at_log_distance(self, log: usize, luck: &mut Stream) -> Self {
        let random = Self::random(luck).0;
        let mut words = self.0;
        let top = 3 - log / 64;
        let below = (1_u64 << (log % 64)) - 1;
        words[top] = (words[top] ^ (1 << (log % 64))) & !below | random[top] & below;
        words[top + 1..].copy_from_slice(&random[top + 1..]);
        Self(words)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}…", self.0[0])
    }
}

impl Distance {
    /// floor(log2) of the distance; `None` for a point and itself.
    #[inline]
    #[must_use]
    pub fn log2(self) -> Option<usize> {
        let word = self.0.iter().position(|&w| w != 0)?;
        Some(255 - 64 * word - self.0[word].leading_zeros() as usize)
    }

    /// The bit of weight 2^`bit`.
    ///
    /// # Panics
    /// From 256 on.
    #[inline]
    #[must_use]
    pub fn bit(self, bit: usize) -> bool {
        Id(self.0).bit(bit)
    }

    /// Share of the identity space that is nearer, to 64 bits.
    #[must_use]
    pub fn as_share(self) -> f64 {
        const WORD: f64 = 18_446_744_073_709_551_616.0;
        (self.0[0] as f64 + self.0[1] as f64 / WORD) / WORD
    }
}

impl fmt::Debug for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}…", self.0[0])
    }
}

/// Identities and hosts of all nodes of a run; cheap to clone.
#[derive(Debug, Clone)]
pub struct Directory {
    names: Arc<[Id]>,
    keys: Arc<[Id]>,
    /// Address of each node's host; empty when everybody has one of their own.
    hosts: Arc<[u32]>,
}

impl Directory {
    /// Node `i` has the public name `names[i]` and stands at its hash.
    #[must_use]
    pub fn new(names: Vec<Id>) -> Self {
        let keys = names.iter().map(|name| name.hashed()).collect();
        Self { names: names.into(), keys, hosts: Arc::new([]) }
    }

    /// The same nodes on these hosts, which may hold several.
    ///
    /// # Panics
    /// Unless there is one host per node.
    #[must_use]
    pub fn with_hosts(mut self, hosts: Vec<u32>) -> Self {
        assert_eq!(hosts.len(), self.names.len(), "a host for every node");
        self.hosts = hosts.into();
        self
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True without nodes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Where a node stands in the identity space; `None` for a number that belongs to nobody (a forged contact).
    #[inline]
    #[must_use]
    pub fn key(&self, node: NodeId) -> Option<Id> {
        self.keys.get(node.index()).copied()
    }

    /// A node's public name, whose hash is its key.
    #[must_use]
    pub fn name(&self, node: NodeId) -> Option<Id> {
        self.names.get(node.index()).copied()
    }

    /// Address of a node's host.
    #[must_use]
    pub fn host(&self, node: NodeId) -> u32 {
        self.hosts.get(node.index()).copied().unwrap_or(node.0)
    }

    /// Whether any two nodes may share a host.
    #[must_use]
    pub fn shares_hosts(&self) -> bool {
        !self.hosts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::{Domain, Seed};
    use proptest::prelude::*;

    // FIPS 180-4, one-block example.
    #[test]
    fn identities_are_sha_256() {
        let want = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
            0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
        ];
        assert_eq!(Id::hash(b"abc").to_bytes(), want);
    }

    proptest! {
        #[test]
        fn the_metric_is_one(a: [u8; 32], b: [u8; 32], c: [u8; 32]) {
            let (a, b, c) = (Id::from_bytes(a), Id::from_bytes(b), Id::from_bytes(c));
            prop_assert_eq!(Id::from_bytes(a.to_bytes()), a);
            prop_assert_eq!(a.distance(b), b.distance(a));
            prop_assert_eq!(a.distance(a).log2(), None);
            // Unidirectional: one point per distance; and the ultrametric bound of the logarithms.
            prop_assert!(a.distance(b) != a.distance(c) || b == c);
            prop_assert!(a.distance(c).log2() <= a.distance(b).log2().max(b.distance(c).log2()));
        }

        #[test]
        fn points_at_a_distance_are_there(a: [u8; 32], log in 0_usize..256, seed: u64) {
            let a = Id::from_bytes(a);
            let mut luck = Seed(seed).stream(Domain::protocol(0), 0, 0);
            let there = a.at_log_distance(log, &mut luck);
            prop_assert_eq!(a.distance(there).log2(), Some(log));
            prop_assert!(a.distance(there).bit(log));
        }
    }
}

//! Two-layer Kademlia: a table of the group's members, and a broadcast that hands each bucket to a few of its contacts.
//!
//! The paper says no more than "two-layer KAD"; this is its literal reading (network specification §6.12, gap G3). A member that
//! is handed height h spreads among the members that share at least h leading bits with it: bucket b holds those whose key
//! differs from its own first at bit b, and the recipient in bucket b is handed height b + 1. Whoever is handed a lower height later serves
//! the buckets that are new to it, as every duty is done once: only so do two contacts per bucket cost the 382 messages of §8.

use std::ops::Range;

use astrarium_node::{NodeId, Stream};
use sha2::{Digest, Sha256};

/// A node's key: the first 64 bits of the digest of its identity. (The specification's 256 bits; two of 10^4 members share 64 bits once
/// in 10^11 groups.)
#[must_use]
pub fn key(node: NodeId) -> u64 {
    let digest = Sha256::digest(node.0.to_be_bytes());
    u64::from_be_bytes(std::array::from_fn(|i| digest[i]))
}

/// The members of a group as one of them sees them, sorted into buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// (bucket, member), sorted.
    entries: Vec<(u8, NodeId)>,
}

impl Table {
    /// The table of `me`.
    #[must_use]
    pub fn new(me: NodeId, members: &[NodeId]) -> Self {
        let own = key(me);
        let bucket = |node: NodeId| (own ^ key(node)).leading_zeros().min(63) as u8;
        let mut entries: Vec<(u8, NodeId)> =
            members.iter().filter(|&&node| node != me).map(|&node| (bucket(node), node)).collect();
        entries.sort_unstable();
        Self { entries }
    }

    /// Calls `send` with each recipient of a broadcast into these buckets, and the height it is handed.
    pub fn broadcast(
        &self,
        buckets: Range<u8>,
        redundancy: usize,
        luck: &mut Stream,
        mut send: impl FnMut(NodeId, u8),
    ) {
        let at = |height| self.entries.partition_point(|&(bucket, _)| bucket < height);
        let mut rest = self.entries.get(at(buckets.start)..at(buckets.end)).unwrap_or_default();
        while let Some(&(bucket, _)) = rest.first() {
            let (contacts, further) = rest.split_at(rest.partition_point(|&(b, _)| b == bucket));
            for pick in luck.sample(contacts.len() as u64, redundancy) {
                send(contacts[pick as usize].1, bucket + 1);
            }
            rest = further;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::{Domain, Seed};
    use proptest::prelude::*;

    /// SHA-256 of four zero bytes begins df3f6198 04a92fdb (coreutils' sha256sum).
    #[test]
    fn keys_are_digests() {
        assert_eq!(key(NodeId(0)), 0xdf3f_6198_04a9_2fdb);
    }

    proptest! {
        /// With one contact per bucket the broadcast is a spanning tree: everybody once, nobody twice.
        #[test]
        fn one_contact_per_bucket_reaches_everybody_exactly_once(n in 1_u32..200, origin in 0_u32..200, seed in any::<u64>()) {
            let members: Vec<NodeId> = (0..n).map(NodeId).collect();
            let mut reached = vec![0; n as usize];
            let mut todo = vec![(NodeId(origin % n), 0)];
            while let Some((at, height)) = todo.pop() {
                reached[at.index()] += 1;
                let mut luck = Seed(seed).stream(Domain::HANDLER, u64::from(at.0), 0);
                Table::new(at, &members).broadcast(height..u8::MAX, 1, &mut luck, |to, height| todo.push((to, height)));
            }
            prop_assert!(reached.iter().all(|&times| times == 1), "{:?}", reached);
        }
    }
}

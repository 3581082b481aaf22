//! All identities in order: who is nearest to a point, and the tables that a long-running network has.
//!
//! In sorted order the nodes that share a prefix stand together, so the range of every bucket of a node is a slice: one walk down
//! the bits gives all of them, and nearest neighbours by XOR are found by descending towards the point.

use astrarium_node::{NodeId, Stream};
use astrarium_protocol_overlay::kademlia::{Directory, Id, Table};

/// Nodes in the order of their identities.
#[derive(Debug, Clone)]
pub(crate) struct Ring {
    sorted: Vec<(Id, NodeId)>,
}

impl Ring {
    /// Of these nodes.
    pub(crate) fn new(directory: &Directory, nodes: impl Iterator<Item = NodeId>) -> Self {
        let mut sorted: Vec<(Id, NodeId)> = nodes.filter_map(|n| Some((directory.key(n)?, n))).collect();
        sorted.sort_unstable();
        Self { sorted }
    }

    /// Number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Splits a range of nodes that agree above `bit` into those with the bit clear and those with it set.
    fn split(&self, (low, high): (usize, usize), bit: usize) -> usize {
        low + self.sorted[low..high].partition_point(|(id, _)| !id.bit(bit))
    }

    /// Size of the largest group of nodes that agree above bit `bits`.
    pub(crate) fn largest_group(&self, bits: usize) -> usize {
        let together =
            |a: &(Id, NodeId), b: &(Id, NodeId)| a.0.distance(b.0).log2().is_none_or(|log| log < bits);
        self.sorted.chunk_by(together).map(<[_]>::len).max().unwrap_or(0)
    }

    /// Up to `count` nodes nearest to `key` that `admits`, nearest first.
    pub(crate) fn nearest(&self, key: Id, count: usize, admits: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
        let mut found = Vec::with_capacity(count);
        self.descend((0, self.len()), Id::BITS, key, count, &admits, &mut found);
        found
    }

    fn descend(
        &self,
        range: (usize, usize),
        bits: usize,
        key: Id,
        count: usize,
        admits: &impl Fn(NodeId) -> bool,
        found: &mut Vec<NodeId>,
    ) {
        let (low, high) = range;
        if low == high || found.len() >= count {
            return;
        }
        if high - low == 1 || bits == 0 {
            let admitted = self.sorted[low..high].iter().map(|&(_, node)| node).filter(|&n| admits(n));
            found.extend(admitted.take(count - found.len()));
            return;
        }
        let middle = self.split(range, bits - 1);
        let (near, far) =
            if key.bit(bits - 1) { ((middle, high), (low, middle)) } else { ((low, middle), (middle, high)) };
        self.descend(near, bits - 1, key, count, admits, found);
        self.descend(far, bits - 1, key, count, admits, found);
    }

    /// A table in which every bucket holds `k` random members of its range, or all of them where there are fewer: what contacts met at
    /// random over a long time come to.
    pub(crate) fn table(&self, me: Id, k: usize, buckets: usize, luck: &mut Stream) -> Table {
        let mut table = Table::with_capacity(self.expected_contacts(k, buckets), 0);
        let mut own = (0, self.len());
        let mut chosen = Vec::with_capacity(k);
        for bit in (Id::BITS - buckets + 1..Id::BITS).rev() {
            if own.1 - own.0 <= 1 {
                break;
            }
            let middle = self.split(own, bit);
            let (mine, other) = if me.bit(bit) {
                ((middle, own.1), (own.0, middle))
            } else {
                ((own.0, middle), (middle, own.1))
            };
            own = mine;
            self.choose(other, None, k, luck, &mut chosen);
            table.append(Table::bucket(bit, buckets), &chosen);
        }
        self.choose(own, Some(me), k, luck, &mut chosen);
        table.append(0, &chosen);
        table
    }

    /// Room to reserve for a table: full buckets down to ranges of `k`, and as many again half full.
    fn expected_contacts(&self, k: usize, buckets: usize) -> usize {
        let full = (self.len() / k.max(1)).checked_ilog2().unwrap_or(0) as usize;
        (k * (full + 2)).min(k * buckets).min(self.len())
    }

    /// `k` random nodes of a range, without `me`.
    fn choose(
        &self,
        (low, high): (usize, usize),
        me: Option<Id>,
        k: usize,
        luck: &mut Stream,
        out: &mut Vec<NodeId>,
    ) {
        out.clear();
        let others = self.sorted[low..high].iter().filter(|(id, _)| Some(*id) != me);
        let size = high - low - usize::from(me.is_some() && high > low);
        if size <= k {
            out.extend(others.map(|&(_, node)| node));
            return;
        }
        // Few of many: draw again what was drawn before. `k` below the size, so it ends.
        while out.len() < k {
            let (id, node) = self.sorted[low + luck.below((high - low) as u64) as usize];
            if Some(id) != me && !out.contains(&node) {
                out.push(node);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::{Domain, Seed};
    use astrarium_protocol_overlay::kademlia::Config;
    use proptest::prelude::*;

    fn directory(n: u64) -> Directory {
        Directory::new((0..n).map(|i| Id::hash(&i.to_le_bytes())).collect())
    }

    proptest! {
        #[test]
        fn nearest_is_what_sorting_gives(n in 1_u64..200, key: [u8; 32], count in 0_usize..30, odd: bool) {
            let directory = directory(n);
            let ring = Ring::new(&directory, (0..n as usize).map(NodeId::from));
            let key = Id::from_bytes(key);
            let admits = |node: NodeId| !odd || node.0 % 2 == 1;
            let mut want: Vec<NodeId> = (0..n as usize).map(NodeId::from).filter(|&n| admits(n)).collect();
            want.sort_by_key(|&node| directory.key(node).unwrap().distance(key));
            want.truncate(count);
            prop_assert_eq!(ring.nearest(key, count, admits), want);
        }

        /// Every contact in its bucket, and every bucket as full as its range allows.
        #[test]
        fn tables_are_as_full_as_can_be(n in 1_u64..300, k in 1_usize..25, buckets in 1_usize..=256, seed: u64) {
            let directory = directory(n);
            let ring = Ring::new(&directory, (0..n as usize).map(NodeId::from));
            let config = Config { k, buckets, ..Config::zv() };
            let me = NodeId((seed % n) as u32);
            let key = directory.key(me).unwrap();
            let table = ring.table(key, k, buckets, &mut Seed(seed).stream(Domain::WORKLOAD, 0, 0));
            prop_assert_eq!(table.flaw(me, &directory, &config), None);
            let mut sizes = vec![0_usize; 256];
            for other in (0..n as usize).map(NodeId::from).filter(|&o| o != me) {
                let log = key.distance(directory.key(other).unwrap()).log2().unwrap();
                sizes[usize::from(Table::bucket(log, buckets))] += 1;
            }
            let full: usize = sizes.iter().map(|&s| s.min(k)).sum();
            prop_assert_eq!(table.len(), full);
        }
    }

    // Network specification §6.18: mean table at N = 100, 1000, 10 000 with 17 buckets of 16.
    #[test]
    fn tables_have_the_sizes_of_the_specification() {
        for (n, want) in [(100, 57.0), (1_000, 111.0), (10_000, 164.0)] {
            let directory = directory(n);
            let ring = Ring::new(&directory, (0..n as usize).map(NodeId::from));
            let sizes: usize = (0..100)
                .map(|i| {
                    let luck = &mut Seed(1).stream(Domain::WORKLOAD, i, 0);
                    ring.table(directory.key(NodeId(i as u32)).unwrap(), 16, 17, luck).len()
                })
                .sum();
            let mean = sizes as f64 / 100.0;
            assert!((mean - want).abs() < 0.02 * want, "N = {n}: {mean}");
        }
    }
}

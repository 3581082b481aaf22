//! Who is in whose Kademlia table once all joins have converged.
//!
//! Each node has a random identity. Its bucket for the i-th bit holds contacts that agree with it in the bits before and
//! differ there: all of them when there are few, else as many as fit, any of them with equal probability – what joins and
//! refreshes fill and nothing empties. The last bucket takes everybody who is nearer still. Tables have a direction, links have
//! none: two nodes are linked when either knows the other, so degrees are greater than tables.

use std::ops::Range;

use astrarium_node::{Domain, Seed};

use super::link;
use super::random::consistent;

/// The links of all tables: `bucket` contacts in each of `buckets` buckets (1 to 64).
pub(super) fn links(n: u32, bucket: usize, buckets: usize, seed: Seed) -> Vec<(u32, u32)> {
    let mut links = Vec::new();
    tables(n, bucket, buckets, seed, |owner, contact| links.push(link(owner, contact)));
    links
}

/// How many contacts a table holds at most, on average over random identities, for the limit on links.
pub(super) fn expected_table(n: f64, bucket: usize, buckets: usize) -> f64 {
    let most = |population: f64| population.min(bucket as f64);
    let halves = |level: usize| libm::exp2(-(level as f64));
    (1..buckets).map(|level| most(n * halves(level))).sum::<f64>() + most(n * halves(buckets - 1))
}

/// Tells each contact of each table, bucket after bucket.
fn tables(n: u32, bucket: usize, buckets: usize, seed: Seed, mut entry: impl FnMut(u32, u32)) {
    let ids: Vec<u64> = (0..n).map(|v| seed.stream(Domain::TOPOLOGY, u64::from(v), 0).word()).collect();
    // Members of a subtree side by side, in order of their numbers: a node more is the last of its subtree.
    let mut order: Vec<u32> = (0..n).collect();
    for level in 1..=buckets {
        // The last bucket is the rest of the own subtree, every other one a sibling's: `level` bits decide.
        let bits = level.min(buckets - 1);
        let prefix = |v: u32| ids[v as usize].checked_shr(64 - bits as u32).unwrap_or(0);
        order.sort_unstable_by_key(|&v| (prefix(v), v));
        let subtree = |wanted: u64| -> Range<usize> {
            order.partition_point(|&v| prefix(v) < wanted)..order.partition_point(|&v| prefix(v) <= wanted)
        };
        let mut at = 0;
        while at < order.len() {
            let own = subtree(prefix(order[at]));
            let others = if level < buckets { subtree(prefix(order[at]) ^ 1) } else { own.clone() };
            for &owner in &order[own.clone()] {
                fill(owner, &order[others.clone()], bucket, level as u64, seed, &mut entry);
            }
            at = own.end;
        }
    }
}

/// One bucket of `owner`: contacts among `members` (ascending, perhaps with the owner).
fn fill(
    owner: u32,
    members: &[u32],
    bucket: usize,
    level: u64,
    seed: Seed,
    entry: &mut impl FnMut(u32, u32),
) {
    let strangers = members.len() - usize::from(members.binary_search(&owner).is_ok());
    if strangers <= bucket {
        members.iter().filter(|&&v| v != owner).for_each(|&v| entry(owner, v));
        return;
    }
    // Consistent hashing: one member more changes each contact with probability 1/(members + 1) only.
    let mut draws = seed.stream(Domain::TOPOLOGY, u64::from(owner), level);
    let mut chosen = Vec::with_capacity(bucket);
    while chosen.len() < bucket {
        let contact = members[consistent(draws.word(), members.len() as u32) as usize];
        if contact != owner && !chosen.contains(&contact) {
            chosen.push(contact);
            entry(owner, contact);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_table(n: u32, bucket: usize, buckets: usize, seed: Seed) -> f64 {
        let mut entries = 0_u64;
        tables(n, bucket, buckets, seed, |owner, contact| {
            assert_ne!(owner, contact);
            entries += 1;
        });
        entries as f64 / f64::from(n)
    }

    /// Specification §6.18: 57, 111, 164 and 216 contacts at 10^2 … 10^5 nodes. Beside it the sum over the buckets of
    /// E min(16, Binomial(n − 1, 2^−i)), computed elsewhere from the exact probabilities. A mean over 100 nodes scatters by one
    /// contact, a hundred of them by 0.1.
    #[test]
    fn tables_are_as_large_as_specified() {
        for (n, specified, exact) in [
            (100_u32, 57.0, 56.477),
            (1_000, 111.0, 109.838),
            (10_000, 164.0, 163.000),
            (100_000, 216.0, 216.072),
        ] {
            let networks = u64::from(10_000 / n).max(1);
            let mean =
                (0..networks).map(|seed| mean_table(n, 16, 17, Seed(seed))).sum::<f64>() / networks as f64;
            assert!((mean / specified - 1.0_f64).abs() < 0.03, "{n} nodes: {mean} instead of {specified}");
            assert!((mean / exact - 1.0_f64).abs() < 0.005, "{n} nodes: {mean} instead of {exact}");
        }
    }

    #[test]
    fn a_single_bucket_is_a_random_choice_and_large_ones_hold_everybody() {
        assert_eq!(mean_table(500, 16, 1, Seed(7)), 16.0);
        assert_eq!(mean_table(500, 600, 17, Seed(7)), 499.0);
        assert_eq!(mean_table(500, 600, 64, Seed(7)), 499.0);
        assert_eq!(mean_table(2, 16, 17, Seed(7)), 1.0);
    }

    /// No contact comes twice, and each stands in the bucket of the first bit in which the two identities differ.
    #[test]
    fn contacts_stand_in_the_right_bucket() {
        let seed = Seed(3);
        let id = |v: u32| seed.stream(Domain::TOPOLOGY, u64::from(v), 0).word();
        let mut counts = std::collections::BTreeMap::new();
        let mut seen = std::collections::BTreeSet::new();
        tables(3_000, 5, 8, seed, |owner, contact| {
            assert!(seen.insert((owner, contact)));
            let level = (id(owner) ^ id(contact)).leading_zeros().min(7);
            *counts.entry((owner, level)).or_insert(0) += 1;
        });
        assert!(counts.values().all(|&count| count <= 5));
        // 3000/2^7 = 23 nodes share seven bits: every bucket is full.
        assert_eq!(counts.len(), 8 * 3_000);
        assert!(counts.values().filter(|&&count| count == 5).count() > 23_900);
    }

    #[test]
    fn a_node_more_leaves_nearly_all_contacts() {
        let all = |n: u32| {
            let mut entries = std::collections::BTreeSet::new();
            tables(n, 16, 17, Seed(5), |owner, contact| {
                entries.insert((owner, contact));
            });
            entries
        };
        let (before, after) = (all(2_000), all(2_001));
        let lost = before.difference(&after).count();
        // Of each full bucket of m members 16/(m + 1) contacts move: some two per table in expectation at worst.
        assert!(lost * 100 < before.len(), "{lost} of {} contacts lost", before.len());
    }
}

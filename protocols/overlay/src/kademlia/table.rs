//! The routing table: contacts in buckets by the logarithm of their distance.
//!
//! All contacts of a node lie in one vector, grouped by bucket, farthest bucket first, because a network of a million nodes has
//! a third of a billion of them: 8 bytes each, and nothing for empty buckets (a vector per bucket would cost 6 kB per node
//! before the first contact). KadContact's times are not stored: within a bucket contacts are in the order in which they were last
//! heard of, which is all that the rules ask for.

use astrarium_node::NodeId;
use smallvec::SmallVec;

use super::config::Config;
use super::id::{Directory, Distance, Id};

/// Contacts with their distance from a point, nearest first.
pub(super) type Nearest = SmallVec<[(Distance, NodeId); 32]>;

/// A contact: 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// Who.
    pub node: NodeId,
    /// Failures in a row, up to 255.
    pub fails: u8,
    /// It has proved who it is, and so have we.
    pub bonded: bool,
}

/// A bucket that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    bucket: u8,
    len: u16,
}

/// What became of a node that was heard of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was in the table; it is the most recently heard of its bucket now.
    Refreshed,
    /// It is in the table now.
    Added,
    /// Its bucket is full; it waits among the replacements.
    Waiting,
    /// It is the node itself, nobody, or one too many of its host.
    Refused,
}

/// Where a table stands and by which rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) me: Id,
    pub(super) directory: &'a Directory,
    pub(super) config: &'a Config,
}

impl Place<'_> {
    fn bucket(&self, node: NodeId) -> Option<u8> {
        let log = self.me.distance(self.directory.key(node)?).log2()?;
        Some(Table::bucket(log, self.config.buckets))
    }
}

/// A node's routing table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// Farthest first.
    heads: Vec<Head>,
    /// Bucket after bucket in the order of `heads`; within one, least recently heard of first.
    contacts: Vec<Contact>,
    /// Candidates of full buckets, in the order in which they were heard of.
    replacements: Vec<(u8, NodeId)>,
}

impl Table {
    /// Number of the bucket for distances with floor(log2) = `log`, of so many `buckets`: the farthest distances have one each, the rest
    /// share bucket 0.
    #[must_use]
    pub fn bucket(log: usize, buckets: usize) -> u8 {
        // Both below 257 by their definitions, so the difference fits.
        (log + buckets).saturating_sub(Id::BITS) as u8
    }

    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A table with room for so many contacts.
    #[must_use]
    pub fn with_capacity(contacts: usize, buckets: usize) -> Self {
        Self {
            heads: Vec::with_capacity(buckets),
            contacts: Vec::with_capacity(contacts),
            replacements: Vec::new(),
        }
    }

    /// Appends a whole bucket; buckets come farthest first. For tables as a long-running network has them; the contacts are bonded.
    ///
    /// # Panics
    /// When a farther bucket was appended before, or with more than 65,535 contacts.
    pub fn append(&mut self, bucket: u8, nodes: &[NodeId]) {
        assert!(self.heads.last().is_none_or(|last| last.bucket > bucket), "buckets come farthest first");
        if nodes.is_empty() {
            return;
        }
        let len = u16::try_from(nodes.len()).expect("a bucket holds at most 65,535 contacts");
        self.heads.push(Head { bucket, len });
        self.contacts.extend(nodes.iter().map(|&node| Contact { node, fails: 0, bonded: true }));
    }

    /// Number of contacts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.contacts.len()
    }

    /// True without contacts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contacts.is_empty()
    }

    /// All contacts, farthest bucket first.
    #[must_use]
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// The buckets that are not empty, farthest first, with their contacts.
    pub fn buckets(&self) -> impl Iterator<Item = (u8, &[Contact])> {
        let mut at = 0;
        self.heads.iter().map(move |head| {
            let start = at;
            at += usize::from(head.len);
            (head.bucket, &self.contacts[start..at])
        })
    }

    /// A node's entry.
    #[must_use]
    pub fn get(&self, node: NodeId) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.node == node)
    }

    /// Whether there is room in the bucket of this node.
    pub(super) fn has_room_for(&self, node: NodeId, place: Place<'_>) -> bool {
        let Some(bucket) = place.bucket(node) else { return false };
        self.heads.iter().find(|h| h.bucket == bucket).is_none_or(|h| usize::from(h.len) < place.config.k)
    }

    /// A node was heard of by itself: it is up.
    pub(super) fn heard(&mut self, node: NodeId, bonded: bool, place: Place<'_>) -> Heard {
        let Some(bucket) = place.bucket(node) else { return Heard::Refused };
        let (head, start, end) = self.range(bucket);
        if let Some(at) = self.contacts[start..end].iter().position(|c| c.node == node) {
            let run = &mut self.contacts[start + at..end];
            run[0].fails = 0;
            run[0].bonded |= bonded;
            run.rotate_left(1);
            return Heard::Refreshed;
        }
        if self.is_crowded(node, place) {
            return Heard::Refused;
        }
        if end - start >= place.config.k {
            self.remember(bucket, node, place.config.replacements);
            return Heard::Waiting;
        }
        self.insert(head, end, Head { bucket, len: 1 }, Contact { node, fails: 0, bonded });
        Heard::Added
    }

    /// A node did not answer. By the rules of eviction it may leave the table, and the most recent replacement takes its place.
    /// True when it left.
    pub(super) fn failed(&mut self, node: NodeId, place: Place<'_>) -> bool {
        let Some(bucket) = place.bucket(node) else { return false };
        let (head, start, end) = self.range(bucket);
        let Some(at) = self.contacts[start..end].iter().position(|c| c.node == node) else { return false };
        let contact = &mut self.contacts[start + at];
        contact.fails = contact.fails.saturating_add(1);
        if place.config.evict_after.is_none_or(|limit| contact.fails < limit) {
            return false;
        }
        self.contacts.remove(start + at);
        self.heads[head].len -= 1;
        if let Some(newest) = self.replacements.iter().rposition(|&(b, _)| b == bucket) {
            let (_, node) = self.replacements.remove(newest);
            self.contacts.insert(end - 1, Contact { node, fails: 0, bonded: false });
            self.heads[head].len += 1;
        }
        if self.heads[head].len == 0 {
            self.heads.remove(head);
        }
        true
    }

    /// The contact heard of least recently in the `nth` bucket that is not empty.
    pub(super) fn oldest(&self, nth: usize) -> Option<NodeId> {
        let start: usize = self.heads.iter().take(nth).map(|h| usize::from(h.len)).sum();
        (nth < self.heads.len()).then(|| self.contacts[start].node)
    }

    /// Number of buckets that are not empty.
    pub(super) fn occupied(&self) -> usize {
        self.heads.len()
    }

    /// The `count` contacts nearest to `target`, nearest first, without `except`.
    ///
    /// Buckets are visited in the order of their distance from the target: with δ the distance from here to there, those whose bit
    /// is set in δ from the farthest on (their contacts agree with the target there), the shared bucket of the nearest, then those
    /// whose bit is clear, from the nearest on. So only the last bucket visited is sorted in vain.
    pub(super) fn nearest(
        &self,
        target: Id,
        count: usize,
        except: Option<NodeId>,
        place: Place<'_>,
    ) -> Nearest {
        let mut found = Nearest::new();
        let delta = place.me.distance(target);
        let shift = Id::BITS - place.config.buckets;
        let towards = |bucket: u8| bucket == 0 || delta.bit(usize::from(bucket) + shift);
        let mut take = |contacts: &[Contact]| {
            if found.len() >= count {
                return;
            }
            let sorted = found.len();
            let contacts = contacts.iter().filter(|c| Some(c.node) != except);
            found.extend(
                contacts.filter_map(|c| Some((place.directory.key(c.node)?.distance(target), c.node))),
            );
            found[sorted..].sort_unstable();
            found.truncate(count);
        };
        let mut at = 0;
        for head in &self.heads {
            let end = at + usize::from(head.len);
            if towards(head.bucket) {
                take(&self.contacts[at..end]);
            }
            at = end;
        }
        for head in self.heads.iter().rev() {
            let start = at - usize::from(head.len);
            if !towards(head.bucket) {
                take(&self.contacts[start..at]);
            }
            at = start;
        }
        found
    }

    /// A contact that is not in the bucket of its distance, or a bucket that is too full: there should be none.
    #[must_use]
    pub fn flaw(&self, me: NodeId, directory: &Directory, config: &Config) -> Option<NodeId> {
        let place = Place { me: directory.key(me)?, directory, config };
        let wrong = |bucket: u8, c: &Contact| place.bucket(c.node) != Some(bucket);
        self.buckets().find_map(|(bucket, contacts)| {
            let overfull = contacts.len() > config.k;
            contacts.iter().find(|c| overfull || wrong(bucket, c)).map(|c| c.node)
        })
    }

    /// Forgets everybody, keeping the buffers.
    pub(super) fn clear(&mut self) {
        self.heads.clear();
        self.contacts.clear();
        self.replacements.clear();
    }

    /// Position of the bucket among the heads, or where it belongs, and its contacts' range.
    fn range(&self, bucket: u8) -> (usize, usize, usize) {
        let mut start = 0;
        for (i, head) in self.heads.iter().enumerate() {
            if head.bucket == bucket {
                return (i, start, start + usize::from(head.len));
            }
            if head.bucket < bucket {
                return (i, start, start);
            }
            start += usize::from(head.len);
        }
        (self.heads.len(), start, start)
    }

    fn insert(&mut self, head: usize, at: usize, new: Head, contact: Contact) {
        match self.heads.get_mut(head) {
            Some(existing) if existing.bucket == new.bucket => existing.len += 1,
            _ => self.heads.insert(head, new),
        }
        self.contacts.insert(at, contact);
        // It is no candidate any more.
        self.replacements.retain(|&(_, node)| node != contact.node);
    }

    /// Whether the node's host has as many contacts here as it may.
    fn is_crowded(&self, node: NodeId, place: Place<'_>) -> bool {
        let Some(limit) = place.config.per_ip_limit.filter(|_| place.directory.shares_hosts()) else {
            return false;
        };
        let host = place.directory.host(node);
        self.contacts.iter().filter(|c| place.directory.host(c.node) == host).count() >= limit
    }

    fn remember(&mut self, bucket: u8, node: NodeId, limit: usize) {
        self.replacements.retain(|&(_, other)| other != node);
        let mine = self.replacements.iter().filter(|&&(b, _)| b == bucket).count();
        if mine >= limit
            && let Some(oldest) = self.replacements.iter().position(|&(b, _)| b == bucket)
        {
            self.replacements.remove(oldest);
        }
        if limit > 0 {
            self.replacements.push((bucket, node));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn directory(n: u64) -> Directory {
        Directory::new((0..n).map(|i| Id::hash(&i.to_le_bytes())).collect())
    }

    fn place<'a>(directory: &'a Directory, config: &'a Config) -> Place<'a> {
        Place { me: directory.key(NodeId(0)).unwrap(), directory, config }
    }

    #[test]
    fn buckets_are_exact_and_the_nearest_merge() {
        assert_eq!([255, 254, 240, 239, 3, 0].map(|log| Table::bucket(log, 17)), [16, 15, 1, 0, 0, 0]);
        assert_eq!([255, 100, 1, 0].map(|log| Table::bucket(log, 256)), [255, 100, 1, 0]);
        assert_eq!(Table::bucket(255, 1), 0);
    }

    proptest! {
        /// Any order of hearing and failing leaves every contact in its bucket, and `nearest` is what sorting would give.
        #[test]
        fn tables_keep_their_rules(
            steps in prop::collection::vec((0_u32..400, prop::bool::weighted(0.7)), 1..600),
            std: bool, k in 1_usize..20, target: [u8; 32], count in 1_usize..40,
        ) {
            let config = Config { k, ..if std { Config::std() } else { Config::zv() } };
            let directory = directory(300);
            let (place, mut table) = (place(&directory, &config), Table::new());
            for (node, up) in steps {
                if up {
                    let heard = table.heard(NodeId(node), true, place);
                    let refused = node == 0 || node >= 300;
                    prop_assert_eq!(heard == Heard::Refused, refused);
                    prop_assert_eq!(table.get(NodeId(node)).is_some(), matches!(heard, Heard::Added | Heard::Refreshed));
                } else {
                    let evicted = table.failed(NodeId(node), place);
                    prop_assert!(std || !evicted);
                }
                prop_assert_eq!(table.flaw(NodeId(0), &directory, &config), None);
                prop_assert!(table.len() <= config.buckets * k);
                prop_assert!(table.replacements.len() <= config.replacements * config.buckets);
            }
            let target = Id::from_bytes(target);
            let except = table.contacts().first().map(|c| c.node);
            let distance = |c: &Contact| (directory.key(c.node).unwrap().distance(target), c.node);
            let mut want: Vec<_> = table.contacts().iter().filter(|c| Some(c.node) != except).map(distance).collect();
            want.sort_unstable();
            want.truncate(count);
            prop_assert_eq!(table.nearest(target, count, except, place).to_vec(), want);
        }
    }

    #[test]
    fn the_second_failure_evicts_and_promotes_the_newest_candidate() {
        let (directory, config) = (directory(300), Config { k: 2, ..Config::std() });
        let (place, mut table) = (place(&directory, &config), Table::new());
        let far: Vec<NodeId> =
            (1..300).map(NodeId).filter(|&n| place.bucket(n) == Some(255)).take(4).collect();
        let heard: Vec<Heard> = far.iter().map(|&n| table.heard(n, true, place)).collect();
        assert_eq!(heard, [Heard::Added, Heard::Added, Heard::Waiting, Heard::Waiting]);
        assert!(!table.failed(far[0], place));
        assert_eq!(table.heard(far[0], true, place), Heard::Refreshed);
        assert!(!table.failed(far[0], place), "hearing of it forgave the failure");
        assert!(table.failed(far[0], place));
        let nodes: Vec<NodeId> = table.contacts().iter().map(|c| c.node).collect();
        assert_eq!(nodes, [far[1], far[3]]);
    }

    #[test]
    fn a_host_has_no_more_contacts_than_the_limit() {
        let config = Config { per_ip_limit: Some(3), ..Config::zv() };
        let directory = directory(300).with_hosts((0..300).map(|i| i / 50).collect());
        let (place, mut table) = (place(&directory, &config), Table::new());
        for node in 1..300 {
            table.heard(NodeId(node), true, place);
        }
        for host in 0..6 {
            let of_host = table.contacts().iter().filter(|c| directory.host(c.node) == host).count();
            assert!(of_host <= 3, "host {host}: {of_host}");
        }
        assert!(table.len() >= 12);
    }
}

//! The tables of one device: mappings and records of unsolicited packets. Bounded; entries expire lazily.

use std::collections::BTreeMap;

use astrarium_node::collections::Map;
use astrarium_node::{Endpoint, Ip};

/// Stands for "any address" or "any port" in the remote part of a key: no host has it.
pub(crate) const ANY: Endpoint = Endpoint::new(Ip(0), 0);

/// An outer socket of the device: which of its addresses, and the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Outer {
    pub(crate) address: u8,
    pub(crate) port: u16,
}

/// Sockets (or addresses, with port 0) that the inner socket of an entry has sent to.
#[derive(Debug, Clone, Default)]
struct Peers {
    /// When it last did, in nanoseconds.
    met: BTreeMap<Endpoint, u64>,
    /// None of them was met longer ago.
    oldest: u64,
}

/// A mapping. It belongs to the key (outer socket, remote), where the remote part is as wide as the device's mapping is
/// narrow.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The socket inside.
    pub(crate) inner: Endpoint,
    /// Something has come in through it.
    pub(crate) replied: bool,
    /// Dead from then on, in nanoseconds.
    pub(crate) expires: u64,
    peers: Peers,
}

impl Entry {
    /// Notes that the inner socket sends to `peer`; false when there is no room for it: none of `limit` others has been
    /// silent for `idle`.
    pub(crate) fn meet(&mut self, peer: Endpoint, now: u64, idle: u64, limit: usize) -> bool {
        let Peers { met, oldest } = &mut self.peers;
        if let Some(last) = met.get_mut(&peer) {
            *last = now;
            return true;
        }
        // Reality forgets peers one by one; here that begins when they become too many.
        if met.len() >= limit && now >= oldest.saturating_add(idle) {
            met.retain(|_, last| now < last.saturating_add(idle));
            *oldest = met.values().copied().min().unwrap_or(now);
        }
        if met.len() >= limit {
            return false;
        }
        *oldest = if met.is_empty() { now } else { (*oldest).min(now) };
        met.insert(peer, now);
        true
    }

    /// Whether the inner socket has sent to `peer`.
    pub(crate) fn has_met(&self, peer: Endpoint) -> bool {
        self.peers.met.contains_key(&peer)
    }

    pub(crate) fn peers(&self) -> usize {
        self.peers.met.len()
    }
}

/// Mappings and records.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// By outer socket and remote part.
    entries: BTreeMap<(Outer, Endpoint), Entry>,
    /// Outer sockets by inner socket and remote part.
    outers: Map<(Endpoint, Endpoint), Outer>,
    /// When records die, by outer socket and source. Looked up only, never walked in order.
    records: Map<(Outer, Endpoint), u64>,
    /// No entry dies before.
    first_entry: u64,
    /// No record dies before.
    first_record: u64,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            outers: Map::default(),
            records: Map::default(),
            first_entry: u64::MAX,
            first_record: u64::MAX,
        }
    }

    /// The outer socket of a live mapping of this inner socket.
    pub(crate) fn outer_of(&self, inner: Endpoint, remote: Endpoint, now: u64) -> Option<Outer> {
        let outer = *self.outers.get(&(inner, remote))?;
        self.entries.get(&(outer, remote)).is_some_and(|entry| now < entry.expires).then_some(outer)
    }

    /// The live entry of a key.
    pub(crate) fn entry(&mut self, outer: Outer, remote: Endpoint, now: u64) -> Option<&mut Entry> {
        self.entries.get_mut(&(outer, remote)).filter(|entry| now < entry.expires)
    }

    /// The first live entry on `outer` whose remote part is within these bounds.
    pub(crate) fn within(
        &mut self,
        outer: Outer,
        (least, most): (Endpoint, Endpoint),
        now: u64,
    ) -> Option<&mut Entry> {
        let mut range = self.entries.range_mut((outer, least)..=(outer, most));
        range.find_map(|(_, entry)| (now < entry.expires).then_some(entry))
    }

    /// Whether the mapping of another inner socket holds `outer`, whatever its remote part.
    pub(crate) fn held_by_another(&self, outer: Outer, inner: Endpoint, now: u64) -> bool {
        let mut range = self.entries.range((outer, ANY)..=(outer, LAST));
        range.any(|(_, entry)| now < entry.expires && entry.inner != inner)
    }

    /// Whether a live mapping or record has this reply tuple.
    pub(crate) fn reply_taken(&self, outer: Outer, remote: Endpoint, now: u64) -> bool {
        let mapped = self.entries.get(&(outer, remote)).is_some_and(|entry| now < entry.expires);
        mapped || self.records.get(&(outer, remote)).is_some_and(|&expires| now < expires)
    }

    /// Whether there is room for one more mapping.
    pub(crate) fn has_room(&mut self, limit: usize, now: u64) -> bool {
        if self.entries.len() >= limit && now >= self.first_entry {
            self.entries.retain(|_, entry| now < entry.expires);
            let entries = &self.entries;
            self.outers.retain(|&(inner, remote), outer| {
                entries.get(&(*outer, remote)).is_some_and(|entry| entry.inner == inner)
            });
            self.first_entry = self.entries.values().map(|entry| entry.expires).min().unwrap_or(u64::MAX);
        }
        self.entries.len() < limit
    }

    /// Adds a mapping. What stands on its key is dead, and so is an earlier mapping of the same inner socket and remote part.
    pub(crate) fn insert(
        &mut self,
        inner: Endpoint,
        remote: Endpoint,
        outer: Outer,
        expires: u64,
    ) -> &mut Entry {
        self.first_entry = self.first_entry.min(expires);
        if let Some(old) = self.outers.insert((inner, remote), outer).filter(|&old| old != outer) {
            self.entries.remove(&(old, remote));
        }
        let entry = Entry { inner, replied: false, expires, peers: Peers::default() };
        if let Some(dead) = self.entries.insert((outer, remote), entry).filter(|dead| dead.inner != inner) {
            self.outers.remove(&(dead.inner, remote));
        }
        self.entries.get_mut(&(outer, remote)).expect("just inserted")
    }

    /// Notes or refreshes the record of an unsolicited packet; forgets it where there is no room.
    pub(crate) fn record(&mut self, outer: Outer, source: Endpoint, now: u64, expires: u64, limit: usize) {
        if let Some(record) = self.records.get_mut(&(outer, source)) {
            *record = expires;
            return;
        }
        if self.records.len() >= limit && now >= self.first_record {
            self.records.retain(|_, expires| now < *expires);
            self.first_record = self.records.values().copied().min().unwrap_or(u64::MAX);
        }
        if self.records.len() < limit {
            self.first_record = self.first_record.min(expires);
            self.records.insert((outer, source), expires);
        }
    }

    /// Entries, records, and peers of all entries that are kept, dead ones included.
    pub(crate) fn kept(&self) -> (usize, usize, usize) {
        let peers = self.entries.values().map(Entry::peers).sum();
        (self.entries.len(), self.records.len(), peers)
    }
}

/// The greatest remote part.
pub(crate) const LAST: Endpoint = Endpoint::new(Ip(u32::MAX), u16::MAX);

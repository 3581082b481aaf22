//! A middlebox in its plainest form: lists, searched from the front. Independent of the network model's devices, so that each
//! checks the other.

use astrarium_node::{Endpoint, Header, Ip, Seed, Span, Stream, Time};

/// What a device does; the six of network specification §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Endpoint-independent mapping and filtering, random ports.
    D1,
    /// Endpoint-independent mapping, address-dependent filtering, random ports.
    D2,
    /// Endpoint-independent mapping, address- and port-dependent filtering, random ports.
    D3,
    /// Connection tracking that keeps ports.
    D4,
    /// The same with records of unsolicited packets.
    D5,
    /// A mapping per peer socket, random ports.
    D6,
}

pub(crate) const KINDS: [Kind; 6] = [Kind::D1, Kind::D2, Kind::D3, Kind::D4, Kind::D5, Kind::D6];

#[derive(Debug, Clone)]
struct Entry {
    inner: Endpoint,
    /// The peer it belongs to, for mappings per peer.
    only: Option<Endpoint>,
    port: u16,
    peers: Vec<Endpoint>,
    replied: bool,
    until: Time,
}

#[derive(Debug, Clone)]
pub(crate) struct Device {
    kind: Kind,
    wan: Ip,
    entries: Vec<Entry>,
    records: Vec<(Endpoint, u16, Time)>,
    luck: Stream,
}

impl Device {
    pub(crate) fn new(kind: Kind, wan: Ip, seed: u64) -> Self {
        let luck = Seed(seed).stream(astrarium_node::Domain::protocol(1), u64::from(wan.0), 0);
        Self { kind, wan, entries: Vec::new(), records: Vec::new(), luck }
    }

    /// Rewrites a packet on its way out; false when it goes no further.
    pub(crate) fn out(&mut self, now: Time, header: &mut Header) -> bool {
        if header.ttl <= 1 {
            return false;
        }
        header.ttl -= 1;
        self.entries.retain(|e| e.until > now);
        self.records.retain(|r| r.2 > now);
        let per_peer = matches!(self.kind, Kind::D4 | Kind::D5 | Kind::D6);
        let only = per_peer.then_some(header.dst);
        let found = self.entries.iter().position(|e| e.inner == header.src && e.only == only);
        let at = found.unwrap_or_else(|| {
            let port = self.allocate(header.src, header.dst);
            let entry =
                Entry { inner: header.src, only, port, peers: Vec::new(), replied: false, until: now };
            self.entries.push(entry);
            self.entries.len() - 1
        });
        let entry = &mut self.entries[at];
        if !entry.peers.contains(&header.dst) {
            entry.peers.push(header.dst);
        }
        entry.until = now + Span::from_secs(if entry.replied { 120 } else { 30 });
        header.src = Endpoint::new(self.wan, entry.port);
        true
    }

    fn allocate(&mut self, inner: Endpoint, dst: Endpoint) -> u16 {
        let tracking = matches!(self.kind, Kind::D4 | Kind::D5);
        let mut candidate = if tracking { inner.port } else { self.random() };
        while self.taken(candidate, inner, dst, tracking) {
            candidate = self.random();
        }
        candidate
    }

    fn random(&mut self) -> u16 {
        (1024 + self.luck.below(64_512)) as u16
    }

    fn taken(&self, port: u16, inner: Endpoint, dst: Endpoint, tracking: bool) -> bool {
        if tracking {
            let live = self.entries.iter().any(|e| e.port == port && e.only == Some(dst));
            return live || self.records.iter().any(|r| r.0 == dst && r.1 == port);
        }
        self.entries.iter().any(|e| e.port == port && e.inner != inner)
    }

    /// Rewrites a packet on its way in; false when it goes no further.
    pub(crate) fn inward(&mut self, now: Time, header: &mut Header) -> bool {
        self.entries.retain(|e| e.until > now);
        let (src, port) = (header.src, header.dst.port);
        let passes = |e: &&Entry| {
            e.port == port
                && match self.kind {
                    Kind::D1 => true,
                    Kind::D2 => e.peers.iter().any(|p| p.ip == src.ip),
                    _ => e.peers.contains(&src),
                }
        };
        if let Some(at) = self.entries.iter().position(|e| passes(&e)) {
            let entry = &mut self.entries[at];
            entry.replied = true;
            entry.until = now + Span::from_secs(120);
            header.dst = entry.inner;
            return true;
        }
        if self.kind == Kind::D5 {
            self.records.retain(|r| r.2 > now && !(r.0 == src && r.1 == port));
            self.records.push((src, port, now + Span::from_secs(30)));
        }
        false
    }

    /// Loses all it knows.
    pub(crate) fn reboot(&mut self) {
        self.entries.clear();
        self.records.clear();
    }
}

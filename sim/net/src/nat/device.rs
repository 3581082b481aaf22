//! One device: what it makes of packets that go out and come in.

use std::hash::{Hash, Hasher};

use astrarium_node::hash::StableHasher;
use astrarium_node::{Domain, Endpoint, Ip, Seed, Stream};

use crate::nat::config::{Allocation, Filtering, Mapping, NatDevice, Pooling};
use crate::nat::table::{ANY, Entry, LAST, Outer, Table};

/// Why a device does not forward a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No mapping, or not let in by it.
    Filtered,
    /// No room for another mapping or peer.
    TableFull,
    /// No free port found.
    NoPort,
}

/// Random ports begin here.
const FIRST_PORT: u16 = 1024;
/// Draws of a random port before the device gives up.
const TRIES: u32 = 128;

/// Names the draws of a device: by whom, never by how many there were before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Luck {
    pub(crate) seed: Seed,
    /// The device.
    pub(crate) name: u64,
}

impl Luck {
    fn draws(self, about: impl Hash) -> Stream {
        let mut hasher = StableHasher::new(0);
        about.hash(&mut hasher);
        self.seed.stream(Domain::MIDDLEBOX, self.name, hasher.finish())
    }
}

/// State of a device.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    /// Its first outer address; the others follow.
    pub(crate) wan: Ip,
    /// Explicit mappings: outer port of the first address, and inner socket; open to all and for ever. A handful at most.
    pub(crate) fixed: Vec<(u16, Endpoint)>,
    /// The port that was given last.
    last: u16,
    pub(crate) table: Table,
}

impl Device {
    pub(crate) fn new(wan: Ip) -> Self {
        Self { wan, fixed: Vec::new(), last: FIRST_PORT - 1, table: Table::new() }
    }

    /// Forgets everything but explicit mappings, as after a reboot.
    pub(crate) fn reboot(&mut self) {
        (self.last, self.table) = (FIRST_PORT - 1, Table::new());
    }

    fn socket(&self, outer: Outer) -> Endpoint {
        Endpoint::new(Ip(self.wan.0 + u32::from(outer.address)), outer.port)
    }

    /// Which of its own a socket is, if it is one.
    pub(crate) fn own(&self, model: &NatDevice, socket: Endpoint) -> Option<Outer> {
        let address = socket.ip.0.checked_sub(self.wan.0).filter(|&n| n < u32::from(model.pool))?;
        // Below 64.
        Some(Outer { address: address as u8, port: socket.port })
    }

    /// The inner socket `inner` sends to `dst`: the source that the world sees.
    pub(crate) fn outward(
        &mut self,
        model: &NatDevice,
        now: u64,
        inner: Endpoint,
        dst: Endpoint,
        luck: Luck,
    ) -> Result<Endpoint, Refusal> {
        if let Some(&(port, _)) = self.fixed.iter().find(|(_, socket)| *socket == inner) {
            return Ok(self.socket(Outer { address: 0, port }));
        }
        let remote = remote(model.mapping, dst);
        let outer = match self.table.outer_of(inner, remote, now) {
            Some(outer) => outer,
            None => self.allot(model, now, (inner, dst), luck)?,
        };
        let entry = match self.table.entry(outer, remote, now) {
            Some(entry) => entry,
            None => self.table.insert(inner, remote, outer, now.saturating_add(model.timeout_new.as_nanos())),
        };
        let (idle, limit) = (model.timeout_stream.as_nanos(), model.max_entries as usize);
        if peer_of(model, dst).is_some_and(|peer| !entry.meet(peer, now, idle, limit)) {
            return Err(Refusal::TableFull);
        }
        let life = if entry.replied { model.timeout_stream } else { model.timeout_new };
        entry.expires = now.saturating_add(life.as_nanos());
        Ok(self.socket(outer))
    }

    /// An outer socket for a new mapping.
    fn allot(
        &mut self,
        model: &NatDevice,
        now: u64,
        (inner, dst): (Endpoint, Endpoint),
        luck: Luck,
    ) -> Result<Outer, Refusal> {
        if !self.table.has_room(model.max_entries as usize, now) {
            return Err(Refusal::TableFull);
        }
        let mut stream = None;
        let mut random = || {
            let stream = stream.get_or_insert_with(|| luck.draws((inner, dst, now)));
            // Below 64,512.
            FIRST_PORT + stream.below(u64::from(u16::MAX - FIRST_PORT) + 1) as u16
        };
        let port = match model.allocation {
            Allocation::Preserve => inner.port,
            Allocation::Sequential { step } => {
                let next = u32::from(self.last) + u32::from(step);
                let range = u32::from(u16::MAX - FIRST_PORT) + 1;
                // Wraps to the first port.
                FIRST_PORT + ((next - u32::from(FIRST_PORT)) % range) as u16
            }
            Allocation::Random => random(),
        };
        let mut outer = Outer { address: address(model, (inner, dst), now, luck), port };
        let mut tries = 0;
        while self.taken(model.mapping, outer, (inner, dst), now) {
            if tries == TRIES {
                return Err(Refusal::NoPort);
            }
            tries += 1;
            outer.port = random();
        }
        self.last = outer.port;
        Ok(outer)
    }

    fn taken(&self, mapping: Mapping, outer: Outer, (inner, dst): (Endpoint, Endpoint), now: u64) -> bool {
        if outer.address == 0 && self.fixed.iter().any(|(port, _)| *port == outer.port) {
            return true;
        }
        match mapping {
            Mapping::Conntrack => self.table.reply_taken(outer, dst, now),
            _ => self.table.held_by_another(outer, inner, now),
        }
    }

    /// A packet from `src` arrives for `outer`: the inner socket that it is for. It counts as let in only by
    /// [`Device::admitted`], which follows when it is forwarded.
    pub(crate) fn inward(
        &mut self,
        model: &NatDevice,
        now: u64,
        src: Endpoint,
        outer: Outer,
    ) -> Result<Endpoint, Refusal> {
        let explicit = self.fixed.iter().find(|(port, _)| outer == Outer { address: 0, port: *port });
        if let Some(&(_, inner)) = explicit {
            return Ok(inner);
        }
        if let Some(entry) = admitting(&mut self.table, model, now, src, outer) {
            return Ok(entry.inner);
        }
        if model.record_unsolicited {
            let expires = now.saturating_add(model.record_ttl.as_nanos());
            self.table.record(outer, src, now, expires, model.max_entries as usize);
        }
        Err(Refusal::Filtered)
    }

    /// The packet that [`Device::inward`] was asked about has been forwarded.
    pub(crate) fn admitted(&mut self, model: &NatDevice, now: u64, src: Endpoint, outer: Outer) {
        if let Some(entry) = admitting(&mut self.table, model, now, src, outer) {
            entry.replied = true;
            if model.refresh_in {
                entry.expires = now.saturating_add(model.timeout_stream.as_nanos());
            }
        }
    }
}

/// Which outer address a new mapping gets.
fn address(model: &NatDevice, (inner, dst): (Endpoint, Endpoint), now: u64, luck: Luck) -> u8 {
    if model.pool == 1 {
        return 0;
    }
    let mut draws = match model.pooling {
        Pooling::Paired => luck.draws(inner.ip),
        Pooling::Arbitrary => luck.draws((dst, inner, now)),
    };
    draws.below(u64::from(model.pool)) as u8
}

/// The remote part of the key of a mapping towards `dst`.
fn remote(mapping: Mapping, dst: Endpoint) -> Endpoint {
    match mapping {
        Mapping::EndpointIndependent => ANY,
        Mapping::AddressDependent => Endpoint::new(dst.ip, 0),
        Mapping::AddressAndPortDependent | Mapping::Conntrack => dst,
    }
}

/// What an entry must remember of a peer for the filter; nothing where the key of the entry tells it already.
fn peer_of(model: &NatDevice, peer: Endpoint) -> Option<Endpoint> {
    match (model.filtering, model.mapping) {
        (Filtering::AddressDependent, Mapping::EndpointIndependent) => Some(Endpoint::new(peer.ip, 0)),
        (Filtering::AddressAndPortDependent, Mapping::EndpointIndependent | Mapping::AddressDependent) => {
            Some(peer)
        }
        _ => None,
    }
}

/// The live entry on `outer` that lets `src` in.
fn admitting<'a>(
    table: &'a mut Table,
    model: &NatDevice,
    now: u64,
    src: Endpoint,
    outer: Outer,
) -> Option<&'a mut Entry> {
    let host = |port| Endpoint::new(src.ip, port);
    let remotes = match (model.mapping, model.filtering) {
        (Mapping::EndpointIndependent, _) => (ANY, ANY),
        // Only the reply tuple finds the entry, however the filter is set.
        (Mapping::Conntrack, _) => (src, src),
        (_, Filtering::EndpointIndependent) => (ANY, LAST),
        (Mapping::AddressDependent, _) => (host(0), host(0)),
        (_, Filtering::AddressDependent) => (host(0), host(u16::MAX)),
        (_, Filtering::AddressAndPortDependent) => (src, src),
    };
    let entry = table.within(outer, remotes, now)?;
    peer_of(model, src).is_none_or(|peer| entry.has_met(peer)).then_some(entry)
}

//! One device: what it makes of packets that go out and come in.

use astrarium_node::{Endpoint, Ip, Stream};

use crate::nat::config::{Allocation, Filtering, Mapping, NatDevice};
use crate::nat::table::{ANY, Entry, LAST, Table};

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

/// State of a device.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    /// Its outer address.
    pub(crate) wan: Ip,
    /// Explicit mappings: outer port and inner socket, open to all and for ever. A handful at most.
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

    /// The inner socket `inner` sends to `dst`: the source that the world sees. `draws` is asked for when a random port is needed.
    pub(crate) fn outward(
        &mut self,
        model: &NatDevice,
        now: u64,
        inner: Endpoint,
        dst: Endpoint,
        draws: impl FnOnce() -> Stream,
    ) -> Result<Endpoint, Refusal> {
        if let Some(&(port, _)) = self.fixed.iter().find(|(_, socket)| *socket == inner) {
            return Ok(Endpoint::new(self.wan, port));
        }
        let remote = remote(model.mapping, dst);
        let limit = model.max_entries as usize;
        let port = match self.table.port_of(inner, remote, now) {
            Some(port) => port,
            None => self.allot(model, now, (inner, dst), draws)?,
        };
        let entry = match self.table.entry(port, remote, now) {
            Some(entry) => entry,
            None => self.table.insert(inner, remote, port, now.saturating_add(model.timeout_new.as_nanos())),
        };
        let life = if entry.replied { model.timeout_stream } else { model.timeout_new };
        if peer_of(model, dst)
            .is_some_and(|peer| !entry.meet(peer, now, model.timeout_stream.as_nanos(), limit))
        {
            return Err(Refusal::TableFull);
        }
        entry.expires = now.saturating_add(life.as_nanos());
        Ok(Endpoint::new(self.wan, port))
    }

    /// A port for a new mapping.
    fn allot(
        &mut self,
        model: &NatDevice,
        now: u64,
        (inner, dst): (Endpoint, Endpoint),
        draws: impl FnOnce() -> Stream,
    ) -> Result<u16, Refusal> {
        if !self.table.has_room(model.max_entries as usize, now) {
            return Err(Refusal::TableFull);
        }
        let (mut stream, mut draws) = (None, Some(draws));
        let mut random = || {
            let stream = stream.get_or_insert_with(|| (draws.take().expect("asked for once"))());
            // Below 64,512.
            FIRST_PORT + stream.below(u64::from(u16::MAX - FIRST_PORT) + 1) as u16
        };
        let mut port = match model.allocation {
            Allocation::Preserve => inner.port,
            Allocation::Sequential { step } => {
                let next = u32::from(self.last) + u32::from(step);
                let range = u32::from(u16::MAX - FIRST_PORT) + 1;
                // Wraps to the first port.
                FIRST_PORT + ((next - u32::from(FIRST_PORT)) % range) as u16
            }
            Allocation::Random => random(),
        };
        let mut tries = 0;
        while self.taken(model.mapping, port, (inner, dst), now) {
            if tries == TRIES {
                return Err(Refusal::NoPort);
            }
            tries += 1;
            port = random();
        }
        self.last = port;
        Ok(port)
    }

    fn taken(&self, mapping: Mapping, port: u16, (inner, dst): (Endpoint, Endpoint), now: u64) -> bool {
        if self.fixed.iter().any(|(fixed, _)| *fixed == port) {
            return true;
        }
        match mapping {
            Mapping::Conntrack => self.table.reply_taken(port, dst, now),
            _ => self.table.held_by_another(port, inner, now),
        }
    }

    /// A packet from `src` arrives for `port`: the inner socket that it is for. It counts as let in only by
    /// [`Device::admitted`], which follows when it is forwarded.
    pub(crate) fn inward(
        &mut self,
        model: &NatDevice,
        now: u64,
        src: Endpoint,
        port: u16,
    ) -> Result<Endpoint, Refusal> {
        if let Some(&(_, inner)) = self.fixed.iter().find(|(fixed, _)| *fixed == port) {
            return Ok(inner);
        }
        if let Some(entry) = admitting(&mut self.table, model, now, src, port) {
            return Ok(entry.inner);
        }
        if model.record_unsolicited {
            let expires = now.saturating_add(model.record_ttl.as_nanos());
            self.table.record(port, src, now, expires, model.max_entries as usize);
        }
        Err(Refusal::Filtered)
    }

    /// The packet that [`Device::inward`] was asked about has been forwarded.
    pub(crate) fn admitted(&mut self, model: &NatDevice, now: u64, src: Endpoint, port: u16) {
        if let Some(entry) = admitting(&mut self.table, model, now, src, port) {
            entry.replied = true;
            if model.refresh_in {
                entry.expires = now.saturating_add(model.timeout_stream.as_nanos());
            }
        }
    }
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

/// The live entry on `port` that lets `src` in.
fn admitting<'a>(
    table: &'a mut Table,
    model: &NatDevice,
    now: u64,
    src: Endpoint,
    port: u16,
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
    let entry = table.within(port, remotes, now)?;
    peer_of(model, src).is_none_or(|peer| entry.has_met(peer)).then_some(entry)
}

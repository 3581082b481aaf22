//! The relay: slots for hosts that cannot be reached, circuits between two hosts, limits on both (§6.6).

use std::collections::BTreeMap;

use astrarium_node::{Endpoint, Header, NodeId, Time};

use super::config::Config;
use super::message::{Body, Ends};
use super::{Context, Counts, Message, send};

/// Circuits of a relay without limits of its own.
const MOST_CIRCUITS: usize = 1_000_000;

/// A host with a slot.
#[derive(Debug, Clone, Copy)]
struct Slot {
    endpoint: Endpoint,
    seen: Time,
}

/// Two hosts that talk over this relay.
#[derive(Debug, Clone, Copy)]
struct Circuit {
    from: (NodeId, Endpoint),
    to: (NodeId, Endpoint),
    bytes: u64,
    since: Time,
}

/// State of a relay.
#[derive(Debug, Clone)]
pub(super) struct Relay {
    socket: Endpoint,
    slots: BTreeMap<NodeId, Slot>,
    circuits: BTreeMap<u32, Circuit>,
    pub(super) counts: Counts,
}

impl Relay {
    pub(super) fn new(socket: Endpoint) -> Self {
        Self { socket, slots: BTreeMap::new(), circuits: BTreeMap::new(), counts: Counts::default() }
    }

    /// A restart: slots and circuits are gone.
    pub(super) fn restart(&mut self) {
        *self = Self { counts: self.counts, ..Self::new(self.socket) };
    }

    /// Circuits that are open.
    pub(super) fn circuits(&self) -> usize {
        self.circuits.len()
    }

    pub(super) fn on_packet<M: Message>(
        &mut self,
        header: Header,
        body: Body<M>,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        if header.dst != self.socket {
            self.counts.closed_socket += 1;
            return;
        }
        match body {
            Body::RelayReserve(ends) => self.reserve(header.src, ends, config, cx),
            Body::RelayOpen(ends) => self.open(header.src, ends, config, cx),
            Body::RelayOpened(ends) => self.opened(header.src, ends, config, cx),
            Body::RelayKeep(ends) => self.keep(header.src, ends, config, cx),
            Body::RelayData { circuit, from, message } => {
                self.forward(header.src, circuit, from, message, config, cx);
            }
            _ => self.counts.unexpected += 1,
        }
    }

    fn send<M: Message>(&self, to: Endpoint, body: Body<M>, config: &Config, cx: &mut Context<'_, M>) {
        send(cx, self.socket, to, config.ttl_default, body);
    }

    fn reserve<M: Message>(&mut self, src: Endpoint, ends: Ends, config: &Config, cx: &mut Context<'_, M>) {
        let now = cx.now();
        let fresh = |slot: &Slot| now.since(slot.seen) <= config.path_timeout;
        // Somebody else's slot is nobody else's to move, while its holder shows up.
        let taken = self.slots.get(&ends.from).is_some_and(|slot| slot.endpoint.ip != src.ip && fresh(slot));
        let full = config.relay.slots != 0
            && !self.slots.contains_key(&ends.from)
            && self.slots.len() >= config.relay.slots as usize;
        if taken || full {
            self.counts.refused += 1;
            self.send(src, Body::RelayRefused(ends), config, cx);
            return;
        }
        self.slots.insert(ends.from, Slot { endpoint: src, seen: now });
        self.send(src, Body::RelayReserved(ends), config, cx);
    }

    /// A circuit under the number that the opener chose, passed on to the other end, which answers. Whether the opener is who it
    /// says is for that end to judge: the number is half of a secret that only the two have.
    fn open<M: Message>(&mut self, src: Endpoint, ends: Ends, config: &Config, cx: &mut Context<'_, M>) {
        let now = cx.now();
        self.sweep(now, config);
        let to = match self.circuits.get(&ends.circuit) {
            Some(known) if known.from == (ends.from, src) && known.to.0 == ends.to => Some(known.to.1),
            Some(_) => None,
            None => self.begin(src, ends, now, config),
        };
        match to {
            Some(to) => self.send(to, Body::RelayOpen(ends), config, cx),
            None => {
                self.counts.refused += 1;
                self.send(src, Body::RelayRefused(ends), config, cx);
            }
        }
    }

    /// Where the other end of a new circuit is.
    fn begin(&mut self, src: Endpoint, ends: Ends, now: Time, config: &Config) -> Option<Endpoint> {
        let to = self.slots.get(&ends.to)?.endpoint;
        let full = config.relay.circuits != 0 && self.circuits.len() >= config.relay.circuits as usize;
        if full || ends.circuit == 0 || self.circuits.len() >= MOST_CIRCUITS {
            return None;
        }
        let circuit = Circuit { from: (ends.from, src), to: (ends.to, to), bytes: 0, since: now };
        self.circuits.insert(ends.circuit, circuit);
        Some(to)
    }

    /// The other end's answer, for the opener.
    fn opened<M: Message>(&mut self, src: Endpoint, ends: Ends, config: &Config, cx: &mut Context<'_, M>) {
        let same = |c: &&Circuit| c.from.0 == ends.from && c.to == (ends.to, src);
        // The one that began last: others of the pair are older attempts.
        match self.circuits.values().filter(same).max_by_key(|c| c.since) {
            Some(circuit) => self.send(circuit.from.1, Body::RelayOpened(ends), config, cx),
            None => self.counts.forged += 1,
        }
    }

    /// The opener still uses its circuit: both are told that it stands, or the opener that it does not.
    fn keep<M: Message>(&mut self, src: Endpoint, ends: Ends, config: &Config, cx: &mut Context<'_, M>) {
        self.sweep(cx.now(), config);
        match self.circuits.get(&ends.circuit).map(|c| (c.from, c.to)) {
            Some((from, to)) if from == (ends.from, src) && to.0 == ends.to => {
                self.send(src, Body::RelayKeep(ends), config, cx);
                self.send(to.1, Body::RelayKeep(ends), config, cx);
            }
            Some(_) => self.counts.forged += 1,
            None => self.send(src, Body::RelayReset(ends), config, cx),
        }
    }

    fn forward<M: Message>(
        &mut self,
        src: Endpoint,
        number: u32,
        from: NodeId,
        message: M,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let Some(circuit) = self.circuits.get_mut(&number) else {
            self.counts.unexpected += 1;
            let ends = Ends { from, to: from, circuit: number };
            self.send(src, Body::RelayReset(ends), config, cx);
            return;
        };
        let to = match (circuit.from, circuit.to) {
            (a, b) if a == (from, src) => b.1,
            (a, b) if b == (from, src) => a.1,
            _ => {
                self.counts.forged += 1;
                return;
            }
        };
        let bytes = u64::from(message.wire_len());
        circuit.bytes += bytes;
        let spent = config.relay.bytes != 0 && circuit.bytes > config.relay.bytes;
        let late = !config.relay.time.is_zero() && cx.now().since(circuit.since) > config.relay.time;
        if spent || late {
            self.end(number, config, cx);
            return;
        }
        self.counts.relay_bytes += bytes;
        self.send(to, Body::RelayData { circuit: number, from, message }, config, cx);
    }

    /// Ends a circuit and tells both.
    fn end<M: Message>(&mut self, number: u32, config: &Config, cx: &mut Context<'_, M>) {
        let Some(circuit) = self.circuits.remove(&number) else { return };
        self.counts.resets += 1;
        let ends = Ends { from: circuit.from.0, to: circuit.to.0, circuit: number };
        self.send(circuit.from.1, Body::RelayReset(ends), config, cx);
        self.send(circuit.to.1, Body::RelayReset(ends), config, cx);
    }

    /// Forgets hosts that fell silent and circuits whose time is over.
    pub(super) fn sweep(&mut self, now: Time, config: &Config) {
        self.slots.retain(|_, slot| now.since(slot.seen) <= config.path_timeout);
        if !config.relay.time.is_zero() {
            self.circuits.retain(|_, circuit| now.since(circuit.since) <= config.relay.time);
        }
    }
}

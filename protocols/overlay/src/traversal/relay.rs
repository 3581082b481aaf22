//! The relay: slots for hosts that cannot be reached, circuits between two hosts, limits on both (§6.6).

use std::collections::BTreeMap;

use astrarium_node::{Endpoint, Header, NodeId, Time};

use super::config::Config;
use super::message::{Body, Ends};
use super::{Context, Counts, Message, send};

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
    next: u32,
    pub(super) counts: Counts,
}

impl Relay {
    pub(super) fn new(socket: Endpoint) -> Self {
        Self { socket, slots: BTreeMap::new(), circuits: BTreeMap::new(), next: 1, counts: Counts::default() }
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

    fn open<M: Message>(&mut self, src: Endpoint, ends: Ends, config: &Config, cx: &mut Context<'_, M>) {
        let now = cx.now();
        self.sweep(now, config);
        let same = |c: &Circuit| c.from == (ends.from, src) && c.to.0 == ends.to;
        let circuit = match self.circuits.iter().find(|(_, c)| same(c)).map(|(number, _)| *number) {
            Some(number) => number,
            // A circuit that the sender believes in is over.
            None if ends.circuit != 0 => {
                self.send(src, Body::RelayReset(ends), config, cx);
                return;
            }
            None => match self.begin(src, ends, now, config) {
                Some(number) => number,
                None => {
                    self.counts.refused += 1;
                    self.send(src, Body::RelayRefused(ends), config, cx);
                    return;
                }
            },
        };
        let ends = Ends { circuit, ..ends };
        self.send(src, Body::RelayOpened(ends), config, cx);
        if let Some(circuit) = self.circuits.get(&circuit) {
            self.send(circuit.to.1, Body::RelayOpen(ends), config, cx);
        }
    }

    fn begin(&mut self, src: Endpoint, ends: Ends, now: Time, config: &Config) -> Option<u32> {
        let slot = self.slots.get(&ends.to)?;
        if config.relay.circuits != 0 && self.circuits.len() >= config.relay.circuits as usize {
            return None;
        }
        let number = self.next;
        self.next = number.wrapping_add(1).max(1);
        let circuit = Circuit { from: (ends.from, src), to: (ends.to, slot.endpoint), bytes: 0, since: now };
        self.circuits.insert(number, circuit);
        Some(number)
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

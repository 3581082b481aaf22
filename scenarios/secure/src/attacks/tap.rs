//! A wiretap at the router, and one theft at the server (AD-TAP).
//!
//! The router forwards as it should and keeps a copy of every record. At the time of the theft the coalition seizes the server, takes
//! what the scenario lets it find there, and leaves the server to its honest program. At the end it opens what its keys open, and what
//! the keys that follow from them open. A static key follows into nothing: it signs, and no traffic key is made of it.

use std::collections::BTreeMap;

use astrarium_engine::{Hands, Input};
use astrarium_node::{Domain, NodeId, Received, Time, Wire};
use astrarium_protocol_transport::secure::Record;
use astrarium_protocol_transport::secure::keys::{Identity, Sealed, TrafficKey};
use astrarium_runner::Params;

use super::Spoils;
use crate::channel::{Carrier, Node, World};

/// Draw of the moment of the theft, among those of the adversary.
const MOMENT: u64 = 1;
/// Most records that are kept; a run that sends more is recorded so far only.
const TAPE: usize = 20_000_000;

/// What is found at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loot {
    Nothing,
    Static,
    Memory,
}

/// A record with content, as it passed.
#[derive(Debug, Clone)]
struct Noted<M> {
    at: Time,
    flow: (NodeId, NodeId),
    record: Content<M>,
}

#[derive(Debug, Clone)]
enum Content<M> {
    Plain(M),
    Sealed(Sealed<M>),
}

/// The attack.
#[derive(Debug, Clone)]
pub(crate) struct Tap<T: Carrier> {
    router: NodeId,
    server: NodeId,
    loot: Loot,
    at: Time,
    tape: Vec<Noted<T::Msg>>,
    /// The stolen static key: of use to who wants to pass for the server from now on, which this attack does not do.
    identity: Option<Identity>,
    keys: Vec<TrafficKey>,
}

impl<T: Carrier> Tap<T> {
    /// As the scenario wants it.
    pub(super) fn new(params: &Params, world: &World) -> Self {
        let loot = match params.text("adversary.loot") {
            "nothing" => Loot::Nothing,
            "memory" => Loot::Memory,
            _ => Loot::Static,
        };
        let late = world.seed.stream(Domain::ADVERSARY, MOMENT, 0).unit();
        let at = Time::ZERO + params.span("adversary.at") + params.span("adversary.spread").scale(late);
        let server = crate::channel::SERVER;
        Self { router: world.router(), server, loot, at, tape: Vec::new(), identity: None, keys: Vec::new() }
    }

    pub(super) fn router(&self) -> NodeId {
        self.router
    }

    pub(super) fn begin(&self, hands: &mut Hands<'_, Node<T>>) {
        if self.loot != Loot::Nothing {
            hands.wake(self.at.since(Time::ZERO), 0);
        }
    }

    pub(super) fn on_input(&mut self, node: NodeId, input: Input<Node<T>>, hands: &mut Hands<'_, Node<T>>) {
        if let Input::Message(Received { message: packet, .. }) = &input
            && node == self.router
            && self.tape.len() < TAPE
        {
            let record = match &packet.body {
                Record::Plain(message) => Some(Content::Plain(message.clone())),
                // A record that is no longer than what sealing adds has no content.
                Record::Data { sealed, overhead } if packet.wire_len() > u32::from(*overhead) => {
                    Some(Content::Sealed(sealed.clone()))
                }
                _ => None,
            };
            let (at, flow) = (hands.now(), (packet.src, packet.dst));
            self.tape.extend(record.map(|record| Noted { at, flow, record }));
        }
        hands.honest(node, input);
    }

    /// Seizes the server for a moment.
    pub(super) fn steal(&mut self, hands: &mut Hands<'_, Node<T>>) {
        if !hands.corrupt(self.server) {
            return;
        }
        let secrets = hands.state(self.server).lower.upper.secrets();
        self.identity = Some(secrets.identity);
        if self.loot == Loot::Memory {
            self.keys = secrets.keys;
        }
    }

    /// Opens what can be opened.
    pub(super) fn spoils(&self) -> Spoils {
        let mut spoils = Spoils { struck: self.tape.first().map(|noted| noted.at), ..Spoils::default() };
        let mut reader = Reader { keys: self.keys.clone(), fitting: BTreeMap::new() };
        for noted in &self.tape {
            let opened = match &noted.record {
                Content::Plain(message) => Some(message.clone()),
                Content::Sealed(sealed) => reader.open(noted.flow, sealed),
            };
            let count = if noted.at < self.at { &mut spoils.before } else { &mut spoils.after };
            count.0 += 1;
            if let Some(message) = opened {
                count.1 += 1;
                T::items(&message, |item| {
                    spoils.items.insert(*item);
                });
            }
        }
        spoils
    }
}

/// Who tries keys.
struct Reader {
    keys: Vec<TrafficKey>,
    /// The key that opened the last record of a flow, to be tried first.
    fitting: BTreeMap<(NodeId, NodeId), TrafficKey>,
}

/// Epochs that a key is followed ahead.
const AHEAD: u32 = 100_000;

impl Reader {
    fn open<M: Clone>(&mut self, flow: (NodeId, NodeId), sealed: &Sealed<M>) -> Option<M> {
        let first = self.fitting.get(&flow).cloned();
        // There is no way back from a key to an earlier one.
        let reach =
            |key: &&TrafficKey| (key.epoch()..key.epoch().saturating_add(AHEAD)).contains(&sealed.epoch);
        for key in first.iter().chain(&self.keys).filter(reach) {
            let mut key = key.clone();
            while key.epoch() < sealed.epoch {
                key = key.next();
            }
            if let Ok(content) = sealed.clone().open(&key) {
                self.fitting.insert(flow, key);
                return content;
            }
        }
        None
    }
}

//! The layer: sources, relays and destinations are the same machine. What each does is in `source.rs` and `relay.rs`.

use std::sync::Arc;

use astrarium_node::{Cx, Layer, NodeId};
use astrarium_protocol_transport as transport;
use astrarium_protocol_transport::Message as Content;
use astrarium_protocol_transport::secure::keys::Ephemeral;
use smallvec::SmallVec;

use super::config::{Config, Stats};
use super::message::{Body, Cell, Message};
use super::onion::RelayKey;
use super::source::Own;
use super::table::Table;

/// What the layer above asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request<M> {
    /// Send this through the present circuit.
    Send {
        /// Destination.
        to: NodeId,
        /// What goes there; at most what the number of relays leaves of a cell (`capacity`), in bytes.
        message: M,
        /// Through a new circuit, with which the present one ends.
        fresh: bool,
    },
}

/// What the layer above is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<M> {
    /// A message arrived. Who it is from, in truth, only the message itself could say.
    Delivered {
        /// The last relay, or a source that uses none.
        from: NodeId,
        /// The message.
        message: M,
    },
    /// A circuit of one's own is open.
    Opened {
        /// Its relays, first relay first.
        path: SmallVec<[NodeId; 3]>,
    },
    /// No circuit could be opened; what waited is lost.
    Failed {
        /// Number of messages that waited.
        lost: usize,
    },
}

/// What a timer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Our circuit is not answered.
    Build,
    /// The oldest circuit that passes here is forgotten.
    Expire,
}

/// One node.
#[derive(Debug, Clone)]
pub struct Circuits<M> {
    pub(super) config: Arc<Config>,
    /// All relays, by number.
    pub(super) directory: Arc<[RelayKey]>,
    /// Of a relay: the secret that opens its layers.
    pub(super) secret: Option<Ephemeral>,
    pub(super) guards: Vec<RelayKey>,
    pub(super) own: Option<Own<M>>,
    pub(super) table: Table,
    pub(super) stats: Stats,
}

impl<M: Content> Circuits<M> {
    /// A node that knows these relays, sorted by number; with a secret it is one of them.
    #[must_use]
    pub fn new(config: Arc<Config>, directory: Arc<[RelayKey]>, secret: Option<Ephemeral>) -> Self {
        debug_assert!(directory.is_sorted());
        let (guards, table) = (Vec::new(), Table::default());
        Self { config, directory, secret, guards, own: None, table, stats: Stats::default() }
    }

    /// What it has counted.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Circuits that pass here.
    #[must_use]
    pub fn passing(&self) -> usize {
        self.table.len()
    }

    pub(super) fn tell(to: NodeId, message: Message<M>, cx: &mut Cx<'_, Self>) {
        cx.send(transport::Request::send(to, message));
    }

    pub(super) fn is_relay(&self, id: NodeId) -> bool {
        self.directory.binary_search_by_key(&id, |relay| relay.id).is_ok()
    }
}

impl<M: Content> Layer for Circuits<M> {
    type Above = Request<M>;
    type Up = Event<M>;
    type Down = transport::Request<Message<M>>;
    type Below = transport::Event<Message<M>>;
    type Timer = Timer;

    fn on_start(&mut self, _cx: &mut Cx<'_, Self>) {}

    /// Circuits are in memory only; guards are on disk.
    fn on_restart(&mut self, _cx: &mut Cx<'_, Self>) {
        self.own = None;
        self.table.clear();
    }

    fn on_request(&mut self, request: Request<M>, cx: &mut Cx<'_, Self>) {
        let Request::Send { to, message, fresh } = request;
        self.submit(to, message, fresh, cx);
    }

    fn on_indication(&mut self, event: transport::Event<Message<M>>, cx: &mut Cx<'_, Self>) {
        match event {
            transport::Event::Delivered { from, message: Message::Plain(message) } => {
                cx.indicate(Event::Delivered { from, message });
            }
            transport::Event::Delivered { from, message: Message::Cell(Cell { circuit, body }) } => {
                let leg = (from, circuit);
                match body {
                    Body::Build(onion) => self.on_build(leg, onion, cx),
                    Body::Built(answer) => self.on_built(leg, answer, cx),
                    Body::Data { number, wrapped } => self.on_data(leg, number, wrapped, cx),
                    Body::Destroy => self.on_destroy(leg, cx),
                }
            }
            // A circuit whose link fails is found out by whoever waits for an answer.
            transport::Event::PeerUp { .. } | transport::Event::PeerDown { .. } => {}
            transport::Event::Refused { .. } => self.stats.dropped += 1,
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Build => {
                if let Some(own) = self.own.as_ref().filter(|own| !own.open) {
                    let first = own.first;
                    Self::tell(first.0, Message::cell(first.1, Body::Destroy), cx);
                    self.again(cx);
                }
            }
            Timer::Expire => {
                if let Some(next) = self.table.expire(cx.now()) {
                    cx.set_timer(Timer::Expire, next - cx.now());
                }
            }
        }
    }
}

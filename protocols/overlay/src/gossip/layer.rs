//! The layer: requests, indications, timers, and which mode handles them.

use std::sync::Arc;

use astrarium_node::{Cx, Layer, NodeId};
use astrarium_protocol_transport as transport;

use super::config::{Config, Mode};
use super::core::{Core, Ctx};
use super::epidemic::Epidemic;
use super::flood::Flood;
use super::holders::Holders;
use super::inventory::Inventory;
use super::item::{Item, ItemId};
use super::mesh::Mesh;
use super::message::Message;
use super::peers::Peers;
use super::stats::Stats;
use super::sync::Sync;

/// What the layer above can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request<I> {
    /// Make this known to all. Known already: nothing happens.
    Publish(I),
    /// These are the neighbours now, sorted.
    SetPeers(Arc<[NodeId]>),
    /// These are the neighbours now, sorted, with the weights of random choices.
    SetWeights(Arc<[NodeId]>, Arc<[u32]>),
}

/// What the layer above is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<I> {
    /// An item is here for the first time.
    Delivered {
        /// The item.
        item: I,
        /// Who sent it; nobody for own items.
        from: Option<NodeId>,
    },
    /// The digest of an item is here for the first time (bodies from holders only).
    Heard {
        /// Which item.
        id: ItemId,
    },
}

/// What a timer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// An epidemic round, a heartbeat of the mesh, an announcement of transaction sync.
    Round,
    /// A round of requests of transaction sync.
    Requests,
    /// An item that was asked for has not come.
    Retry(ItemId),
    /// A neighbour may be told what it lacks.
    Trickle(NodeId),
}

/// What differs between the modes. The core has dealt with duplicates and delivery when [`Spread::fresh`] is called.
pub(crate) trait Spread<I: Item> {
    /// The node comes up.
    fn start(&mut self, core: &mut Core<I>, cx: &mut Ctx<'_, I>);
    /// The node itself publishes an item that is new here.
    fn publish(&mut self, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>);
    /// A message arrives.
    fn message(&mut self, from: NodeId, message: Message<I>, core: &mut Core<I>, cx: &mut Ctx<'_, I>);
    /// A timer expired.
    fn timer(&mut self, timer: Timer, core: &mut Core<I>, cx: &mut Ctx<'_, I>);
    /// A session ended.
    fn peer_down(&mut self, peer: NodeId) {
        let _ = peer;
    }
}

#[derive(Debug, Clone)]
enum Engine<I> {
    Flood(Flood),
    Inventory(Inventory<I>),
    Epidemic(Epidemic),
    Mesh(Mesh),
    Sync(Sync),
    Holders(Holders<I>),
}

impl<I: Item> Engine<I> {
    fn new(config: &Config) -> Self {
        match &config.mode {
            Mode::Flood { fanout, relay } => Self::Flood(Flood::new(*fanout, *relay)),
            Mode::Inventory(c) => Self::Inventory(Inventory::new(*c)),
            Mode::Epidemic(c) => Self::Epidemic(Epidemic::new(*c)),
            Mode::Mesh(c) => Self::Mesh(Mesh::new(*c)),
            Mode::Sync(c) => Self::Sync(Sync::new(*c)),
            Mode::Holders(c) => Self::Holders(Holders::new(c.clone())),
        }
    }

    fn mode(&mut self) -> &mut dyn Spread<I> {
        match self {
            Self::Flood(mode) => mode,
            Self::Inventory(mode) => mode,
            Self::Epidemic(mode) => mode,
            Self::Mesh(mode) => mode,
            Self::Sync(mode) => mode,
            Self::Holders(mode) => mode,
        }
    }
}

/// One node's gossip.
#[derive(Debug, Clone)]
pub struct Gossip<I: Item> {
    core: Core<I>,
    engine: Engine<I>,
}

impl<I: Item> Gossip<I> {
    /// A node with these neighbours that has seen nothing yet.
    #[must_use]
    pub fn new(config: Arc<Config>, peers: Peers) -> Self {
        Self { engine: Engine::new(&config), core: Core::new(config, peers) }
    }

    /// What it has counted.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.core.stats
    }

    /// The neighbours.
    #[must_use]
    pub fn peers(&self) -> &Peers {
        &self.core.peers
    }

    /// The neighbours of `me` that are up, in order.
    #[must_use]
    pub fn neighbours(&self, me: NodeId) -> Vec<NodeId> {
        self.core.peers.live(me).collect()
    }

    /// Whether an item has been seen and is remembered.
    #[must_use]
    pub fn knows(&self, id: ItemId) -> bool {
        self.core.store.knows(id)
    }

    /// Number of items remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.core.store.len()
    }

    /// Links of the mesh; none in other modes.
    #[must_use]
    pub fn mesh(&self) -> &[NodeId] {
        match &self.engine {
            Engine::Mesh(mesh) => mesh.links(),
            _ => &[],
        }
    }
}

impl<I: Item> Layer for Gossip<I> {
    type Above = Request<I>;
    type Up = Event<I>;
    type Down = transport::Request<Message<I>>;
    type Below = transport::Event<Message<I>>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        self.engine.mode().start(&mut self.core, cx);
    }

    /// What has been seen is in memory only.
    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.core.store.clear();
        self.engine = Engine::new(&self.core.config);
        self.on_start(cx);
    }

    fn on_request(&mut self, request: Request<I>, cx: &mut Cx<'_, Self>) {
        match request {
            Request::Publish(item) => {
                if self.core.accept(&item, None, cx) {
                    self.engine.mode().publish(&item, &mut self.core, cx);
                }
            }
            Request::SetPeers(peers) => self.core.peers = Peers::list(peers),
            Request::SetWeights(peers, weights) => self.core.peers = Peers::weighted(peers, &weights),
        }
    }

    fn on_indication(&mut self, event: transport::Event<Message<I>>, cx: &mut Cx<'_, Self>) {
        match event {
            transport::Event::Delivered { from, message } => {
                self.engine.mode().message(from, message, &mut self.core, cx);
            }
            transport::Event::PeerUp { peer } => self.core.peers.set_up(peer, true),
            transport::Event::PeerDown { peer, .. } => {
                self.core.peers.set_up(peer, false);
                self.engine.mode().peer_down(peer);
            }
            transport::Event::Refused { .. } => self.core.stats.refused += 1,
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        self.engine.mode().timer(timer, &mut self.core, cx);
    }
}

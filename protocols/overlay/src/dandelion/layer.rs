//! The layer: stem outside, gossip inside.

use std::sync::Arc;

use astrarium_node::collections::Map;
use astrarium_node::{Cx, Fx, Layer, NodeId};
use astrarium_protocol_transport as transport;

use super::config::{Config, Routing};
use super::message::Message;
use super::routes::Routes;
use crate::gossip::{self, Gossip, Item, ItemId};

/// Why a node made a transaction public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fluffed {
    /// The coin said so.
    Coin,
    /// It came round again on the stem.
    Loop,
    /// It did not become public in time.
    Embargo,
    /// There is no destination, or the stempool is full.
    NoStem,
}

/// What the layer above is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<I> {
    /// A transaction is public here, for the first time.
    Public {
        /// The transaction.
        item: I,
        /// Who sent it; nobody when this node made it public.
        from: Option<NodeId>,
    },
    /// This node is about to make a transaction public.
    Fluffing {
        /// Which one.
        id: ItemId,
        /// Why.
        why: Fluffed,
    },
}

/// What a timer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The epoch is over.
    Epoch,
    /// A transaction should be public by now.
    Embargo(ItemId),
    /// A timer of the gossip inside.
    Fluff(gossip::Timer),
}

/// Counters of one node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Stem transactions received.
    pub stemmed: u64,
    /// Of those, known to be public already: dropped.
    pub late: u64,
    /// Transactions that found no room in the stempool.
    pub overflow: u64,
}

/// One node.
#[derive(Clone)]
pub struct Dandelion<I: Item> {
    config: Arc<Config>,
    /// Neighbours that may be destinations: those this node chose itself.
    outbound: Arc<[NodeId]>,
    routes: Routes,
    /// On the stem and not public.
    stempool: Map<ItemId, I>,
    stats: Stats,
    fluff: Gossip<I>,
    /// Effects of the gossip; empty between events.
    fx: Fx<Gossip<I>>,
}

impl<I: Item> Dandelion<I> {
    /// A node whose stem goes to some of `outbound`, and whose gossip is `fluff`.
    #[must_use]
    pub fn new(config: Arc<Config>, outbound: Arc<[NodeId]>, fluff: Gossip<I>) -> Self {
        Self {
            config,
            outbound,
            routes: Routes::default(),
            stempool: Map::default(),
            stats: Stats::default(),
            fluff,
            fx: Fx::new(),
        }
    }

    /// What it has counted.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The gossip inside.
    #[must_use]
    pub fn gossip(&self) -> &Gossip<I> {
        &self.fluff
    }

    /// Number of transactions on the stem that this node waits for.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.stempool.len()
    }

    /// Calls the gossip and carries its effects on.
    fn gossip_do(
        &mut self,
        cx: &mut Cx<'_, Self>,
        body: impl FnOnce(&mut Gossip<I>, &mut Cx<'_, Gossip<I>>),
    ) {
        let Self { fluff, fx, .. } = self;
        cx.with(fx, |cx| body(fluff, cx));
        while let Some(request) = self.fx.down.pop_front() {
            cx.send(match request {
                transport::Request::Send { to, message, class } => {
                    transport::Request::Send { to, message: Message::Fluff(message), class }
                }
                transport::Request::Close { peer } => transport::Request::Close { peer },
            });
        }
        while let Some(command) = self.fx.timers.pop_front() {
            cx.effects().timers.push_back(command.map(Timer::Fluff));
        }
        while let Some(event) = self.fx.up.pop_front() {
            if let gossip::Event::Delivered { item, from } = event {
                self.leave_stem(item.id(), cx);
                cx.indicate(Event::Public { item, from });
            }
        }
    }

    /// A transaction is public: nothing more to wait for.
    fn leave_stem(&mut self, id: ItemId, cx: &mut Cx<'_, Self>) {
        if self.stempool.remove(&id).is_some() {
            cx.cancel_timer(Timer::Embargo(id));
        }
    }

    fn make_public(&mut self, item: I, why: Fluffed, cx: &mut Cx<'_, Self>) {
        cx.indicate(Event::Fluffing { id: item.id(), why });
        self.gossip_do(cx, |gossip, cx| gossip.on_request(gossip::Request::Publish(item), cx));
    }

    /// A transaction of one's own, or one that comes along the stem.
    fn stem(&mut self, item: I, from: Option<NodeId>, cx: &mut Cx<'_, Self>) {
        let id = item.id();
        if self.fluff.knows(id) {
            self.stats.late += 1;
            return;
        }
        if self.stempool.contains_key(&id) {
            // A loop; asking again for one's own transaction is none.
            if from.is_some() {
                self.make_public(item, Fluffed::Loop, cx);
            }
            return;
        }
        if self.stempool.len() >= self.config.stempool {
            self.stats.overflow += 1;
            self.make_public(item, Fluffed::NoStem, cx);
            return;
        }
        // One's own transactions take one step at least.
        if from.is_some() && !cx.rng().chance(self.config.stem) {
            self.make_public(item, Fluffed::Coin, cx);
            return;
        }
        let next = match self.config.routing {
            Routing::PerInbound => self.routes.route(from, cx.rng()),
            Routing::PerHop => self.routes.any(cx.rng()),
        };
        let Some(next) = next else {
            self.make_public(item, Fluffed::NoStem, cx);
            return;
        };
        let more = self.config.embargo_mean.scale(cx.rng().exponential());
        cx.set_timer(Timer::Embargo(id), self.config.embargo_min.saturating_add(more));
        self.stempool.insert(id, item.clone());
        cx.send(transport::Request::send(next, Message::Stem(item)));
    }

    fn begin_epoch(&mut self, cx: &mut Cx<'_, Self>) {
        self.routes = Routes::choose(&self.outbound, self.config.destinations, cx.rng());
    }
}

impl<I: Item> Layer for Dandelion<I> {
    type Above = I;
    type Up = Event<I>;
    type Down = transport::Request<Message<I>>;
    type Below = transport::Event<Message<I>>;
    type Timer = Timer;

    /// Epochs of nodes are not in step: the first is cut short at a random point.
    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        self.begin_epoch(cx);
        let first = self.config.epoch.scale(cx.rng().unit());
        cx.set_timer(Timer::Epoch, first);
        self.gossip_do(cx, Gossip::on_start);
    }

    /// The stempool is in memory only: others on the stem keep their embargoes.
    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.stempool.clear();
        self.begin_epoch(cx);
        cx.set_timer(Timer::Epoch, self.config.epoch);
        self.gossip_do(cx, Gossip::on_restart);
    }

    /// Publish a transaction of one's own.
    fn on_request(&mut self, item: I, cx: &mut Cx<'_, Self>) {
        self.stem(item, None, cx);
    }

    fn on_indication(&mut self, event: transport::Event<Message<I>>, cx: &mut Cx<'_, Self>) {
        let inner = match event {
            transport::Event::Delivered { from, message: Message::Stem(item) } => {
                self.stats.stemmed += 1;
                return self.stem(item, Some(from), cx);
            }
            transport::Event::Delivered { from, message: Message::Fluff(message) } => {
                transport::Event::Delivered { from, message }
            }
            transport::Event::PeerUp { peer } => transport::Event::PeerUp { peer },
            transport::Event::PeerDown { peer, reason, .. } => {
                transport::Event::PeerDown { peer, reason, undelivered: Vec::new() }
            }
            // A stem transaction that was refused becomes public by its embargo.
            transport::Event::Refused { .. } => return,
        };
        self.gossip_do(cx, |gossip, cx| gossip.on_indication(inner, cx));
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Epoch => {
                self.begin_epoch(cx);
                cx.set_timer(Timer::Epoch, self.config.epoch);
            }
            Timer::Embargo(id) => {
                if let Some(item) = self.stempool.remove(&id) {
                    self.make_public(item, Fluffed::Embargo, cx);
                }
            }
            Timer::Fluff(timer) => self.gossip_do(cx, |gossip, cx| gossip.on_timer(timer, cx)),
        }
    }
}

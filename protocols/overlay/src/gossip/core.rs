//! What all modes share: neighbours, memory, delivering once.

use std::sync::Arc;

use astrarium_node::{Cx, NodeId};
use astrarium_protocol_transport as transport;

use super::config::Config;
use super::item::{Item, ItemId};
use super::layer::{Event, Gossip};
use super::message::Message;
use super::peers::Peers;
use super::stats::Stats;
use super::store::Store;

/// The context of every handler here.
pub(crate) type Ctx<'a, I> = Cx<'a, Gossip<I>>;

/// The part of a node that is the same in every mode.
#[derive(Debug, Clone)]
pub(crate) struct Core<I> {
    pub(crate) config: Arc<Config>,
    pub(crate) peers: Peers,
    pub(crate) store: Store<I>,
    pub(crate) stats: Stats,
    /// Scratch: chosen neighbours. Empty between events.
    pub(crate) chosen: Vec<NodeId>,
}

impl<I: Item> Core<I> {
    pub(crate) fn new(config: Arc<Config>, peers: Peers) -> Self {
        let store = Store::new(config.seen_ttl, config.seen_capacity);
        Self { config, peers, store, stats: Stats::default(), chosen: Vec::new() }
    }

    /// An item is here. Delivers it upwards when it is new; says whether it is. `from` is nobody for own items.
    pub(crate) fn accept(&mut self, item: &I, from: Option<NodeId>, cx: &mut Ctx<'_, I>) -> bool {
        let new = self.store.insert(item, cx.now());
        self.stats.received += u64::from(from.is_some());
        if new {
            self.stats.first += 1;
            cx.indicate(Event::Delivered { item: item.clone(), from });
        } else {
            self.stats.duplicates += u64::from(from.is_some());
        }
        if let Some(from) = from {
            self.store.note_holder(item.id(), from);
        }
        new
    }

    /// Sends a message to every live neighbour that is not known to have an item,.
    pub(crate) fn send_to_lacking(&mut self, id: ItemId, message: &Message<I>, cx: &mut Ctx<'_, I>) {
        for peer in self.peers.live(cx.me()) {
            if !self.store.holds(id, peer) {
                send(peer, message.clone(), cx);
            }
        }
    }

    /// Sends a message to chosen neighbours, the scratch list, and clears it.
    pub(crate) fn send_to_chosen(&mut self, message: &Message<I>, cx: &mut Ctx<'_, I>) {
        for peer in self.chosen.drain(..) {
            send(peer, message.clone(), cx);
        }
    }

    /// Chooses up to `k` live neighbours that satisfy `fits` into the scratch list.
    pub(crate) fn choose(&mut self, k: usize, cx: &mut Ctx<'_, I>, fits: impl Fn(&Store<I>, NodeId) -> bool) {
        let me = cx.me();
        let store = &self.store;
        self.peers.choose(k, me, cx.rng(), &mut self.chosen, |peer| fits(store, peer));
    }
}

/// Hands a message to the transport.
pub(crate) fn send<I: Item>(to: NodeId, message: Message<I>, cx: &mut Ctx<'_, I>) {
    cx.send(transport::Request::send(to, message));
}

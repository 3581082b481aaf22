//! Inventory relay, as Bitcoin does it: announce, ask, send. Also unsolicited push and compact relay.
//!
//! An item is asked for from the first who announces it; others who announce it meanwhile are remembered, and asked in turn when
//! the answer does not come in time. So a neighbour who announces and stays silent costs one timeout, not the item.

use std::collections::BTreeMap;

use astrarium_node::collections::Map;
use astrarium_node::{Domain, NodeId, Probability};
use smallvec::SmallVec;

use super::config::{InventoryConfig, Relay};
use super::core::{Core, Ctx, send};
use super::item::{Item, ItemId};
use super::layer::{Spread, Timer};
use super::message::{Ids, Message};

/// Whether a compact item can be completed from what the node has; one draw for each item.
const COMPACT: Domain = Domain::protocol(0x60);
/// Announcers remembered of an item that is on its way.
const MOST_ANNOUNCERS: usize = 128;
/// Items on their way at a time; further announcements are dropped.
const MOST_WANTED: usize = 10_000;
/// Items that wait for a neighbour's trickle; further ones are dropped.
const MOST_WAITING: usize = 10_000;

/// An item that was asked for.
#[derive(Debug, Clone)]
struct Wanted<I> {
    /// Who is asked at the moment.
    asked: NodeId,
    /// Who else announced it, in order, and has not been asked.
    others: SmallVec<[NodeId; 4]>,
    /// A compact copy whose missing parts have been asked for.
    partial: Option<I>,
}

/// State of the mode.
#[derive(Debug, Clone)]
pub(crate) struct Inventory<I> {
    config: InventoryConfig,
    wanted: Map<ItemId, Wanted<I>>,
    /// What each neighbour will be told when its trickle timer expires.
    waiting: BTreeMap<NodeId, Vec<ItemId>>,
}

impl<I: Item> Inventory<I> {
    pub(crate) fn new(config: InventoryConfig) -> Self {
        Self { config, wanted: Map::default(), waiting: BTreeMap::new() }
    }

    /// An item is here and new: tell those who may lack it.
    fn spread(&mut self, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let id = item.id();
        if self.config.trickle.is_zero() {
            let message = self.opening(item);
            core.send_to_lacking(id, &message, cx);
            return;
        }
        let me = cx.me();
        for peer in core.peers.live(me) {
            if core.store.holds(id, peer) {
                continue;
            }
            let queue = self.waiting.entry(peer).or_default();
            if queue.is_empty() {
                let delay = self.config.trickle.scale(cx.rng().exponential());
                cx.set_timer(Timer::Trickle(peer), delay);
            }
            if queue.len() < MOST_WAITING {
                queue.push(id);
            } else {
                core.stats.over_limit += 1;
            }
        }
    }

    /// What a neighbour that may lack the item is sent first.
    fn opening(&self, item: &I) -> Message<I> {
        match self.config.relay {
            Relay::Push => Message::Body(item.clone()),
            Relay::Inventory | Relay::Compact { .. } => Message::Inv(Ids::One(item.id())),
        }
    }

    /// A neighbour's turn has come.
    fn trickle(&mut self, peer: NodeId, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let Some(queue) = self.waiting.get_mut(&peer) else { return };
        queue.retain(|id| core.store.knows(*id) && !core.store.holds(*id, peer));
        if self.config.relay == Relay::Push {
            queue.iter().filter_map(|id| core.store.get(*id)).for_each(|item| {
                send(peer, Message::Body(item.clone()), cx);
            });
        } else if !queue.is_empty() {
            send(peer, Message::Inv(Ids::of(queue)), cx);
        }
        queue.clear();
    }

    fn announced(&mut self, from: NodeId, ids: &Ids, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let mut ask: SmallVec<[ItemId; 4]> = SmallVec::new();
        for &id in ids.as_slice() {
            if core.store.knows(id) {
                core.store.note_holder(id, from);
            } else if let Some(wanted) = self.wanted.get_mut(&id) {
                let known = wanted.asked == from || wanted.others.contains(&from);
                if !known && wanted.others.len() < MOST_ANNOUNCERS {
                    wanted.others.push(from);
                }
            } else if self.wanted.len() >= MOST_WANTED {
                core.stats.over_limit += 1;
            } else {
                self.wanted.insert(id, Wanted { asked: from, others: SmallVec::new(), partial: None });
                cx.set_timer(Timer::Retry(id), self.config.timeout);
                ask.push(id);
            }
        }
        if !ask.is_empty() {
            core.stats.asked += ask.len() as u64;
            send(from, Message::GetData(Ids::of(&ask)), cx);
        }
    }

    /// The one who was asked did not answer, or does not have it: the next.
    fn ask_next(&mut self, id: ItemId, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let Some(wanted) = self.wanted.get_mut(&id) else { return };
        if wanted.others.is_empty() {
            self.wanted.remove(&id);
            core.stats.given_up += 1;
            cx.cancel_timer(Timer::Retry(id));
            return;
        }
        wanted.asked = wanted.others.remove(0);
        wanted.partial = None;
        core.stats.asked_again += 1;
        cx.set_timer(Timer::Retry(id), self.config.timeout);
        send(wanted.asked, Message::GetData(Ids::One(id)), cx);
    }

    fn serve(&self, to: NodeId, ids: &Ids, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let mut lacking: SmallVec<[ItemId; 4]> = SmallVec::new();
        for &id in ids.as_slice() {
            let Some(item) = core.store.get(id).cloned() else {
                lacking.push(id);
                continue;
            };
            core.store.note_holder(id, to);
            let answer = match self.config.relay {
                Relay::Compact { bytes, .. } if bytes < item.wire_len() => Message::Compact { item, bytes },
                _ => Message::Body(item),
            };
            send(to, answer, cx);
        }
        if !lacking.is_empty() {
            core.stats.unknown += lacking.len() as u64;
            send(to, Message::NotFound(Ids::of(&lacking)), cx);
        }
    }

    /// A whole item arrived.
    fn arrived(&mut self, from: NodeId, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let id = item.id();
        let wanted = self.wanted.contains_key(&id);
        if !wanted && self.config.relay != Relay::Push && !core.store.knows(id) {
            core.stats.unsolicited += 1;
            return;
        }
        let others = self.wanted.remove(&id).map(|w| w.others).unwrap_or_default();
        if wanted {
            cx.cancel_timer(Timer::Retry(id));
        }
        if core.accept(item, Some(from), cx) {
            others.iter().for_each(|&peer| core.store.note_holder(id, peer));
            self.spread(item, core, cx);
        }
    }

    /// A compact copy arrived: complete unless the draw says that transactions are missing.
    fn arrived_compact(&mut self, from: NodeId, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let Relay::Compact { failure_ppm, .. } = self.config.relay else {
            core.stats.foreign += 1;
            return;
        };
        let id = item.id();
        let Some(wanted) = self.wanted.get_mut(&id) else {
            core.stats.unsolicited += 1;
            return;
        };
        let fails = Probability::new(f64::from(failure_ppm) / 1e6);
        if cx.stream(COMPACT, id.0).chance(fails) {
            wanted.partial = Some(item.clone());
            send(from, Message::GetMissing(id), cx);
        } else {
            self.arrived(from, item, core, cx);
        }
    }

    fn serve_missing(&self, to: NodeId, id: ItemId, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let (Some(item), Relay::Compact { missing_ppm, .. }) =
            (core.store.get(id).cloned(), self.config.relay)
        else {
            core.stats.unknown += 1;
            return;
        };
        let bytes = (u64::from(item.wire_len()) * u64::from(missing_ppm)).div_ceil(1_000_000) as u32;
        send(to, Message::Missing { item, bytes }, cx);
    }
}

impl<I: Item> Spread<I> for Inventory<I> {
    fn start(&mut self, _core: &mut Core<I>, _cx: &mut Ctx<'_, I>) {}

    fn publish(&mut self, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        self.spread(item, core, cx);
    }

    fn message(&mut self, from: NodeId, message: Message<I>, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        match message {
            Message::Inv(ids) => self.announced(from, &ids, core, cx),
            Message::GetData(ids) => self.serve(from, &ids, core, cx),
            Message::Body(item) => self.arrived(from, &item, core, cx),
            Message::NotFound(ids) => {
                for &id in ids.as_slice() {
                    if self.wanted.get(&id).is_some_and(|wanted| wanted.asked == from) {
                        self.ask_next(id, core, cx);
                    }
                }
            }
            Message::Compact { item, .. } => self.arrived_compact(from, &item, core, cx),
            Message::GetMissing(id) => self.serve_missing(from, id, core, cx),
            Message::Missing { item, .. } => {
                if self.wanted.get(&item.id()).is_some_and(|wanted| wanted.partial.is_some()) {
                    self.arrived(from, &item, core, cx);
                } else {
                    core.stats.unsolicited += 1;
                }
            }
            _ => core.stats.foreign += 1,
        }
    }

    fn timer(&mut self, timer: Timer, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        match timer {
            Timer::Retry(id) => self.ask_next(id, core, cx),
            Timer::Trickle(peer) => self.trickle(peer, core, cx),
            Timer::Round | Timer::Requests => {}
        }
    }

    fn peer_down(&mut self, peer: NodeId) {
        self.waiting.remove(&peer);
    }
}

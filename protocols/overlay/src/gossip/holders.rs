//! The digest to all, the body from a few holders (N46: "broadcast of the block's hash, body from the DHT").
//!
//! Whoever publishes sends the body to the holders and floods the digest. Who hears of it asks one holder at random, or, when
//! bodies are cached, the neighbour it heard from, which answers as soon as it has the body itself.

use std::collections::VecDeque;

use astrarium_node::NodeId;
use astrarium_node::collections::Map;

use super::config::HoldersConfig;
use super::core::{Core, Ctx, send};
use super::item::{Item, ItemId};
use super::layer::{Event, Spread, Timer};
use super::message::{Ids, Message};

/// Times that a body is asked for.
const MOST_TRIES: u32 = 16;
/// Those who wait for one body here; others are told that it is not here.
const MOST_WAITING: usize = 10_000;

/// A digest that was heard.
#[derive(Debug, Clone, Default)]
struct Heard {
    tries: u32,
    /// Who gets the body from here when it comes.
    waiting: Vec<NodeId>,
}

/// State of the mode.
#[derive(Debug, Clone)]
pub(crate) struct Holders<I> {
    config: HoldersConfig,
    heard: Map<ItemId, Heard>,
    /// In the order in which they were heard: bounds `heard`.
    order: VecDeque<ItemId>,
    marker: std::marker::PhantomData<I>,
}

impl<I: Item> Holders<I> {
    pub(crate) fn new(config: HoldersConfig) -> Self {
        Self { config, heard: Map::default(), order: VecDeque::new(), marker: std::marker::PhantomData }
    }

    /// Remembers a digest; false when it is known.
    fn hear(&mut self, id: ItemId, core: &Core<I>) -> bool {
        if self.heard.contains_key(&id) {
            return false;
        }
        if self.order.len() >= core.config.seen_capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.heard.remove(&oldest);
        }
        self.order.push_back(id);
        self.heard.insert(id, Heard::default());
        true
    }

    fn announce(&self, id: ItemId, from: Option<NodeId>, core: &Core<I>, cx: &mut Ctx<'_, I>) {
        for peer in core.peers.live(cx.me()) {
            if Some(peer) != from {
                send(peer, Message::Hash { id }, cx);
            }
        }
    }

    fn is_holder(&self, node: NodeId) -> bool {
        self.config.holders.contains(&node)
    }

    /// Asks for a body, the first time perhaps the neighbour that told of it.
    fn ask(&mut self, id: ItemId, teller: Option<NodeId>, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let me = cx.me();
        let Some(heard) = self.heard.get_mut(&id) else { return };
        if heard.tries >= MOST_TRIES {
            core.stats.given_up += 1;
            return;
        }
        heard.tries += 1;
        let again = heard.tries > 1;
        cx.set_timer(Timer::Retry(id), self.config.timeout);
        // The publisher sends holders their copy; they ask each other only when it does not come.
        if !again && self.is_holder(me) {
            return;
        }
        let holder = match teller.filter(|_| self.config.cached) {
            Some(teller) => teller,
            None => {
                let others: Vec<NodeId> = self.config.holders.iter().copied().filter(|h| *h != me).collect();
                let Some(n) = u64::try_from(others.len()).ok().filter(|n| *n > 0) else { return };
                others[cx.rng().below(n) as usize]
            }
        };
        core.stats.asked += 1;
        core.stats.asked_again += u64::from(again);
        send(holder, Message::GetData(Ids::One(id)), cx);
    }

    fn serve(&mut self, to: NodeId, ids: &Ids, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let may_wait = self.config.cached || self.is_holder(cx.me());
        for &id in ids.as_slice() {
            if let Some(item) = core.store.get(id) {
                send(to, Message::Body(item.clone()), cx);
                continue;
            }
            let heard = self.heard.get_mut(&id).filter(|_| may_wait);
            match heard.filter(|h| h.waiting.len() < MOST_WAITING && !h.waiting.contains(&to)) {
                Some(heard) => heard.waiting.push(to),
                None => {
                    core.stats.unknown += 1;
                    send(to, Message::NotFound(Ids::One(id)), cx);
                }
            }
        }
    }

    fn arrived(&mut self, from: NodeId, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let id = item.id();
        // A holder may get the body before the digest.
        let first_word = self.is_holder(cx.me()) && self.hear(id, core);
        if !self.heard.contains_key(&id) {
            core.stats.unsolicited += 1;
            return;
        }
        if first_word {
            cx.indicate(Event::Heard { id });
            self.announce(id, Some(from), core, cx);
        }
        if !core.accept(item, Some(from), cx) {
            return;
        }
        cx.cancel_timer(Timer::Retry(id));
        let waiting =
            self.heard.get_mut(&id).map(|heard| std::mem::take(&mut heard.waiting)).unwrap_or_default();
        for peer in waiting {
            send(peer, Message::Body(item.clone()), cx);
        }
    }
}

impl<I: Item> Spread<I> for Holders<I> {
    fn start(&mut self, _core: &mut Core<I>, _cx: &mut Ctx<'_, I>) {}

    fn publish(&mut self, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let id = item.id();
        self.hear(id, core);
        cx.indicate(Event::Heard { id });
        self.announce(id, None, core, cx);
        let me = cx.me();
        for &holder in self.config.holders.iter().filter(|h| **h != me) {
            send(holder, Message::Body(item.clone()), cx);
        }
    }

    fn message(&mut self, from: NodeId, message: Message<I>, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        match message {
            Message::Hash { id } => {
                if self.hear(id, core) {
                    cx.indicate(Event::Heard { id });
                    self.announce(id, Some(from), core, cx);
                    self.ask(id, Some(from), core, cx);
                }
            }
            Message::GetData(ids) => self.serve(from, &ids, core, cx),
            Message::Body(item) => self.arrived(from, &item, core, cx),
            // The timer asks somebody else.
            Message::NotFound(_) => {}
            _ => core.stats.foreign += 1,
        }
    }

    fn timer(&mut self, timer: Timer, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        if let Timer::Retry(id) = timer {
            self.ask(id, None, core, cx);
        }
    }
}

//! Transaction sync: announcements in batches, requests in batches (ZV Chain's `tx_sync.go`, network specification N34).
//!
//! The announcement is the bottleneck: `notify_max` per `notify_interval`, 10 transactions a second by default, is all that a node
//! tells its neighbours whatever the load. Transactions that were never announced come first, in order of arrival; then those
//! whose last announcement is `notify_gap` ago.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use astrarium_node::collections::{Map, Set};
use astrarium_node::{NodeId, Time};

use super::config::SyncConfig;
use super::core::{Core, Ctx, send};
use super::item::{Item, ItemId};
use super::layer::{Spread, Timer};
use super::message::{Ids, Message};

/// What one neighbour has announced, and how it keeps its word.
#[derive(Debug, Clone, Default)]
struct Announcer {
    ids: VecDeque<ItemId>,
    /// The request under way: when it is overdue, how many were asked for, how many came.
    request: Option<(Time, u32, u32)>,
    /// Not asked before this time, because of the last answer.
    skipped_until: Time,
}

/// State of the mode.
#[derive(Debug, Clone)]
pub(crate) struct Sync {
    config: SyncConfig,
    /// Never announced, in order of arrival.
    fresh: VecDeque<ItemId>,
    /// Announced, in the order of the last announcement.
    again: VecDeque<(Time, ItemId)>,
    announcers: BTreeMap<NodeId, Announcer>,
    /// Asked for and not come: of whom.
    wanted: Map<ItemId, NodeId>,
}

impl Sync {
    pub(crate) fn new(config: SyncConfig) -> Self {
        Self {
            config,
            fresh: VecDeque::new(),
            again: VecDeque::new(),
            announcers: BTreeMap::new(),
            wanted: Map::default(),
        }
    }

    /// A new transaction waits for its announcement. The queues are as long as the memory of the core at most.
    fn queue<I: Item>(&mut self, id: ItemId, core: &mut Core<I>) {
        if self.fresh.len() >= core.config.seen_capacity {
            self.fresh.pop_front();
            core.stats.over_limit += 1;
        }
        self.fresh.push_back(id);
    }

    /// The next batch to announce.
    fn batch<I: Item>(&mut self, now: Time, core: &Core<I>) -> Vec<ItemId> {
        let most = self.config.notify_max as usize;
        let mut batch = Vec::with_capacity(most.min(self.fresh.len() + self.again.len()));
        while batch.len() < most {
            let Some(id) = self.fresh.pop_front() else { break };
            if core.store.knows(id) {
                batch.push(id);
            }
        }
        while batch.len() < most
            && self.again.front().is_some_and(|(at, _)| now.since(*at) >= self.config.notify_gap)
        {
            let Some((_, id)) = self.again.pop_front() else { break };
            if core.store.knows(id) {
                batch.push(id);
            }
        }
        self.again.extend(batch.iter().map(|id| (now, *id)));
        if self.again.len() > core.config.seen_capacity {
            self.again.drain(..self.again.len() - core.config.seen_capacity);
        }
        batch
    }

    fn notify<I: Item>(&mut self, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let batch = self.batch(cx.now(), core);
        if batch.is_empty() {
            return;
        }
        let k = self.config.fanout.of(core.peers.len(cx.me()));
        core.choose(k, cx, |_, _| true);
        core.send_to_chosen(&Message::Notify(Ids::of(&batch)), cx);
    }

    fn announced<I: Item>(&mut self, from: NodeId, ids: &Ids, core: &mut Core<I>, cx: &Ctx<'_, I>) {
        if !core.peers.contains(from) || ids.as_slice().len() > self.config.notify_max as usize {
            core.stats.over_limit += 1;
            return;
        }
        let announcer = self.announcers.entry(from).or_default();
        if announcer.skipped_until > cx.now() {
            core.stats.distrusted += 1;
            return;
        }
        for &id in ids.as_slice() {
            if core.store.knows(id) {
                continue;
            }
            if announcer.ids.len() >= self.config.peer_cache as usize {
                announcer.ids.pop_front();
                core.stats.over_limit += 1;
            }
            announcer.ids.push_back(id);
        }
    }

    /// Settles overdue requests, then asks each announcer for what is still unknown.
    fn request<I: Item>(&mut self, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let now = cx.now();
        let mut failed: Set<NodeId> = Set::default();
        for (&peer, announcer) in &mut self.announcers {
            let Some((due, asked, came)) = announcer.request else { continue };
            if due > now {
                continue;
            }
            announcer.request = None;
            failed.insert(peer);
            if 2 * came < asked {
                announcer.skipped_until = now + self.config.notify_gap;
                announcer.ids.clear();
            }
        }
        if !failed.is_empty() {
            self.wanted.retain(|_, asked| !failed.contains(asked));
        }
        for (&peer, announcer) in &mut self.announcers {
            if announcer.request.is_some() || announcer.ids.is_empty() {
                continue;
            }
            let mut ask = Vec::new();
            for id in announcer.ids.drain(..) {
                if !core.store.knows(id) && !self.wanted.contains_key(&id) {
                    self.wanted.insert(id, peer);
                    ask.push(id);
                }
            }
            if ask.is_empty() {
                continue;
            }
            announcer.request = Some((now + self.config.response_timeout, ask.len() as u32, 0));
            core.stats.asked += ask.len() as u64;
            send(peer, Message::Ask(Ids::of(&ask)), cx);
        }
    }

    fn serve<I: Item>(&self, to: NodeId, ids: &Ids, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let most = self.config.peer_cache as usize;
        let found: Vec<I> =
            ids.as_slice().iter().take(most).filter_map(|id| core.store.get(*id).cloned()).collect();
        core.stats.unknown += (ids.as_slice().len() - found.len()) as u64;
        if !found.is_empty() {
            send(to, Message::Answer(found.into()), cx);
        }
    }

    fn answered<I: Item>(&mut self, from: NodeId, items: &Arc<[I]>, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        for item in items.iter() {
            if self.wanted.get(&item.id()) != Some(&from) {
                core.stats.unsolicited += 1;
                continue;
            }
            self.wanted.remove(&item.id());
            if let Some((_, _, came)) = self.announcers.get_mut(&from).and_then(|a| a.request.as_mut()) {
                *came += 1;
            }
            if core.accept(item, Some(from), cx) {
                self.queue(item.id(), core);
            }
        }
        let Some(announcer) = self.announcers.get_mut(&from) else { return };
        if announcer.request.is_some_and(|(_, asked, came)| came >= asked) {
            announcer.request = None;
        }
    }
}

impl<I: Item> Spread<I> for Sync {
    fn start(&mut self, _core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let phase = cx.rng().unit();
        cx.set_timer(Timer::Round, self.config.notify_interval.scale(phase));
        let phase = cx.rng().unit();
        cx.set_timer(Timer::Requests, self.config.request_interval.scale(phase));
    }

    fn publish(&mut self, item: &I, core: &mut Core<I>, _cx: &mut Ctx<'_, I>) {
        self.queue(item.id(), core);
    }

    fn message(&mut self, from: NodeId, message: Message<I>, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        match message {
            Message::Notify(ids) => self.announced(from, &ids, core, cx),
            Message::Ask(ids) => self.serve(from, &ids, core, cx),
            Message::Answer(items) => self.answered(from, &items, core, cx),
            _ => core.stats.foreign += 1,
        }
    }

    fn timer(&mut self, timer: Timer, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        match timer {
            Timer::Round => {
                cx.set_timer(Timer::Round, self.config.notify_interval);
                self.notify(core, cx);
            }
            Timer::Requests => {
                cx.set_timer(Timer::Requests, self.config.request_interval);
                self.request(core, cx);
            }
            Timer::Retry(_) | Timer::Trickle(_) => {}
        }
    }

    fn peer_down(&mut self, peer: NodeId) {
        self.announcers.remove(&peer);
        self.wanted.retain(|_, asked| *asked != peer);
    }
}

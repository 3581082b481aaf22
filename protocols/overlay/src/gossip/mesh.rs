//! A sparse mesh that pushes, and lazy announcements beside it (GossipSub 1.1 with IDONTWANT of 1.2; one topic, no scores).
//!
//! Everybody follows the topic, so there is no fan-out set for those who only publish. Neighbours are those of the core;
//! heartbeats begin at a random moment of their interval, as those of machines do.

use std::collections::{BTreeMap, VecDeque};

use astrarium_node::collections::Map;
use astrarium_node::{NodeId, Span};
use smallvec::SmallVec;

use super::config::MeshConfig;
use super::core::{Core, Ctx, send};
use super::item::{Item, ItemId};
use super::layer::{Spread, Timer};
use super::mesh_links::Links;
use super::message::{Ids, Message};

/// Most identities in one IHAVE, and asked for at a time.
const MOST_LISTED: usize = 5_000;
/// Most announcers remembered of one item.
const MOST_ANNOUNCERS: usize = 16;
/// Most items of which refusals are remembered.
const MOST_REFUSED: usize = 5_000;

/// State of the mode.
#[derive(Debug, Clone)]
pub(crate) struct Mesh {
    config: MeshConfig,
    links: Links,
    /// Items of the last heartbeats, the current one in front.
    history: VecDeque<Vec<ItemId>>,
    /// IHAVE messages heeded since the last heartbeat.
    heeded: BTreeMap<NodeId, u32>,
    /// Items asked for, and who else announced them.
    wanted: Map<ItemId, SmallVec<[NodeId; 2]>>,
    /// Who refused an item that is not here yet, and at which heartbeat that was.
    refused: BTreeMap<ItemId, (u64, SmallVec<[NodeId; 4]>)>,
    beats: u64,
}

impl Mesh {
    pub(crate) fn new(config: MeshConfig) -> Self {
        Self {
            config,
            links: Links::default(),
            history: VecDeque::from([Vec::new()]),
            heeded: BTreeMap::new(),
            wanted: Map::default(),
            refused: BTreeMap::new(),
            beats: 0,
        }
    }

    pub(crate) fn links(&self) -> &[NodeId] {
        self.links.all()
    }

    fn remember(&mut self, id: ItemId) {
        if let Some(current) = self.history.front_mut() {
            current.push(id);
        }
    }

    /// A new item goes along the mesh.
    fn push<I: Item>(&mut self, item: &I, from: Option<NodeId>, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let id = item.id();
        self.remember(id);
        if item.wire_len() >= self.config.idontwant_min {
            for &peer in self.links.all() {
                if Some(peer) != from && !core.store.holds(id, peer) {
                    send(peer, Message::IDontWant(Ids::One(id)), cx);
                }
            }
        }
        let refused = self.refused.remove(&id).map(|(_, who)| who).unwrap_or_default();
        refused.iter().for_each(|&peer| core.store.note_holder(id, peer));
        let message = Message::Data { item: item.clone(), relay: -1 };
        if from.is_none() && self.config.flood_publish {
            core.send_to_lacking(id, &message, cx);
            return;
        }
        for &peer in self.links.all() {
            if !core.store.holds(id, peer) {
                send(peer, message.clone(), cx);
            }
        }
    }

    fn arrived<I: Item>(&mut self, from: NodeId, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        if self.wanted.remove(&item.id()).is_some() {
            cx.cancel_timer(Timer::Retry(item.id()));
        }
        if core.accept(item, Some(from), cx) {
            self.push(item, Some(from), core, cx);
        }
    }

    fn graft<I: Item>(&mut self, from: NodeId, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let now = cx.now();
        if self.links.contains(from) {
            return;
        }
        let full = self.links.all().len() >= self.config.high as usize;
        if full || self.links.is_away(from, now) || !core.peers.contains(from) {
            let backoff = self.config.backoff;
            self.links.keep_away(from, now, backoff);
            send(from, Message::Prune { backoff }, cx);
        } else {
            self.links.add(from, false);
        }
    }

    fn pruned<I: Item>(&mut self, from: NodeId, backoff: Span, core: &Core<I>, cx: &Ctx<'_, I>) {
        self.links.remove(from);
        if core.peers.contains(from) {
            self.links.keep_away(from, cx.now(), backoff);
        }
    }

    fn announced<I: Item>(&mut self, from: NodeId, ids: &Ids, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let heeded = self.heeded.entry(from).or_default();
        if *heeded >= self.config.most_ihave || !core.peers.contains(from) {
            core.stats.over_limit += 1;
            return;
        }
        *heeded += 1;
        let mut ask = Vec::new();
        for &id in ids.as_slice().iter().take(MOST_LISTED) {
            if core.store.knows(id) {
                core.store.note_holder(id, from);
            } else if let Some(others) = self.wanted.get_mut(&id) {
                if others.len() < MOST_ANNOUNCERS && !others.contains(&from) {
                    others.push(from);
                }
            } else if self.wanted.len() < MOST_LISTED {
                self.wanted.insert(id, SmallVec::new());
                cx.set_timer(Timer::Retry(id), self.config.follow_up);
                ask.push(id);
            } else {
                core.stats.over_limit += 1;
            }
        }
        if !ask.is_empty() {
            core.stats.asked += ask.len() as u64;
            send(from, Message::IWant(Ids::of(&ask)), cx);
        }
    }

    /// The announcer did not keep its word: the next.
    fn follow_up<I: Item>(&mut self, id: ItemId, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let Some(others) = self.wanted.get_mut(&id) else { return };
        if others.is_empty() {
            self.wanted.remove(&id);
            core.stats.given_up += 1;
            return;
        }
        let next = others.remove(0);
        core.stats.asked_again += 1;
        cx.set_timer(Timer::Retry(id), self.config.follow_up);
        send(next, Message::IWant(Ids::One(id)), cx);
    }

    fn serve<I: Item>(&self, to: NodeId, ids: &Ids, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        for id in ids.as_slice().iter().take(MOST_LISTED) {
            let recent = self.history.iter().any(|window| window.contains(id));
            match core.store.get(*id).filter(|_| recent) {
                Some(item) => {
                    send(to, Message::Data { item: item.clone(), relay: -1 }, cx);
                    core.store.note_holder(*id, to);
                }
                None => core.stats.unknown += 1,
            }
        }
    }

    fn refuse<I: Item>(&mut self, from: NodeId, ids: &Ids, core: &mut Core<I>) {
        for &id in ids.as_slice().iter().take(MOST_LISTED) {
            if core.store.knows(id) {
                core.store.note_holder(id, from);
            } else if self.refused.len() < MOST_REFUSED {
                let (_, who) = self.refused.entry(id).or_insert_with(|| (self.beats, SmallVec::new()));
                if !who.contains(&from) && who.len() < self.config.high as usize {
                    who.push(from);
                }
            } else {
                core.stats.over_limit += 1;
            }
        }
    }

    fn heartbeat<I: Item>(&mut self, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let now = cx.now();
        self.beats += 1;
        self.heeded.clear();
        self.links.forgive(now);
        let (beats, memory) = (self.beats, u64::from(self.config.history));
        self.refused.retain(|_, (beat, _)| *beat + memory > beats);
        if self.links.all().len() < self.config.low as usize {
            let lacking = self.config.degree as usize - self.links.all().len();
            let links = &self.links;
            core.choose(lacking, cx, |_, peer| !links.contains(peer) && !links.is_away(peer, now));
            core.chosen.iter().for_each(|&peer| self.links.add(peer, true));
            core.send_to_chosen(&Message::Graft, cx);
        }
        let backoff = self.config.backoff;
        for peer in self.links.surplus(&self.config, cx.rng()) {
            self.links.remove(peer);
            self.links.keep_away(peer, now, backoff);
            send(peer, Message::Prune { backoff }, cx);
        }
        self.announce(core, cx);
        self.history.push_front(Vec::new());
        self.history.truncate(self.config.history as usize);
    }

    /// Tells some neighbours outside the mesh of the items of the last heartbeats.
    fn announce<I: Item>(&self, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let windows = self.history.iter().take(self.config.history_gossip as usize);
        let ids: Vec<ItemId> = windows.flatten().copied().take(MOST_LISTED).collect();
        if ids.is_empty() {
            return;
        }
        let me = cx.me();
        let outside = core.peers.live(me).filter(|peer| !self.links.contains(*peer)).count();
        let share = (outside as u64 * u64::from(self.config.factor_ppm) / 1_000_000) as usize;
        core.choose(share.max(self.config.lazy as usize), cx, |_, peer| !self.links.contains(peer));
        core.send_to_chosen(&Message::IHave(Ids::of(&ids)), cx);
    }
}

impl<I: Item> Spread<I> for Mesh {
    fn start(&mut self, _core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let phase = self.config.heartbeat.scale(cx.rng().unit());
        cx.set_timer(Timer::Round, phase);
    }

    fn publish(&mut self, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        self.push(item, None, core, cx);
    }

    fn message(&mut self, from: NodeId, message: Message<I>, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        match message {
            Message::Data { item, .. } => self.arrived(from, &item, core, cx),
            Message::Graft => self.graft(from, core, cx),
            Message::Prune { backoff } => self.pruned(from, backoff, core, cx),
            Message::IHave(ids) => self.announced(from, &ids, core, cx),
            Message::IWant(ids) => self.serve(from, &ids, core, cx),
            Message::IDontWant(ids) => self.refuse(from, &ids, core),
            _ => core.stats.foreign += 1,
        }
    }

    fn timer(&mut self, timer: Timer, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        match timer {
            Timer::Round => {
                cx.set_timer(Timer::Round, self.config.heartbeat);
                self.heartbeat(core, cx);
            }
            Timer::Retry(id) => self.follow_up(id, core, cx),
            Timer::Requests | Timer::Trickle(_) => {}
        }
    }

    fn peer_down(&mut self, peer: NodeId) {
        self.links.remove(peer);
        self.heeded.remove(&peer);
    }
}

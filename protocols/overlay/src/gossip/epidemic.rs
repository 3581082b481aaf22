//! Epidemics: rounds with random partners (Demers et al. 1987), infect-and-die, balls and bins.
//!
//! A push sends items; a pull sends the list of what is here and gets what is lacking; push–pull also asks for what the partner has
//! and this node lacks. Lists are answered from what is here at that moment, so with equal delays all answers of a round speak of its
//! beginning and rounds are those of the literature.

use std::collections::{BTreeMap, VecDeque};

use astrarium_node::NodeId;

use super::config::{EpidemicConfig, Exchange, Life};
use super::core::{Core, Ctx, send};
use super::item::{Item, ItemId};
use super::layer::{Spread, Timer};
use super::message::{Ids, Message};

/// Most items named in one list; the latest.
const MOST_LISTED: usize = 2_000;
/// Most items that are pushed at a time; the oldest give way.
const MOST_ACTIVE: usize = 10_000;

/// State of the mode.
#[derive(Debug, Clone)]
pub(crate) struct Epidemic {
    config: EpidemicConfig,
    /// Items that are pushed, and for how many rounds yet.
    active: VecDeque<(ItemId, u32)>,
    /// Copies for the next round, and how many rounds they have yet (balls and bins).
    ball: BTreeMap<ItemId, u32>,
}

impl Epidemic {
    pub(crate) fn new(config: EpidemicConfig) -> Self {
        Self { config, active: VecDeque::new(), ball: BTreeMap::new() }
    }

    /// Sends one item to random partners at once.
    fn infect<I: Item>(&self, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        core.choose(self.config.fanout as usize, cx, |_, _| true);
        core.send_to_chosen(&Message::Data { item: item.clone(), relay: 0 }, cx);
    }

    /// A new item is here.
    fn fresh<I: Item>(&mut self, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        match self.config.life {
            Life::InfectAndDie => self.infect(item, core, cx),
            Life::Rounds(rounds) if self.config.exchange == Exchange::Push && rounds > 0 => {
                if self.active.len() >= MOST_ACTIVE {
                    self.active.pop_front();
                    core.stats.over_limit += 1;
                }
                self.active.push_back((item.id(), rounds));
            }
            Life::Rounds(_) | Life::BallsAndBins(_) => {}
        }
    }

    /// Throws a copy into the ball of the next round. Of several copies the one that has lived longest counts, as in EpTO.
    fn catch<I: Item>(&mut self, id: ItemId, left: u32, core: &mut Core<I>) {
        if left == 0 {
            return;
        }
        if self.ball.len() >= MOST_ACTIVE && !self.ball.contains_key(&id) {
            core.stats.over_limit += 1;
            return;
        }
        let lives = self.ball.entry(id).or_insert(left);
        *lives = left.min(*lives);
    }

    /// Pushes what is active, to the same partners.
    fn push<I: Item>(&mut self, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        core.choose(self.config.fanout as usize, cx, |_, _| true);
        let partners = std::mem::take(&mut core.chosen);
        for (id, left) in &mut self.active {
            if *left != u32::MAX {
                *left -= 1;
            }
            let Some(item) = core.store.get(*id).cloned() else {
                *left = 0;
                continue;
            };
            for &partner in &partners {
                // "Everything it is not known to have" (N39).
                if !core.store.holds(*id, partner) {
                    send(partner, Message::Data { item: item.clone(), relay: 0 }, cx);
                    core.store.note_holder(*id, partner);
                }
            }
        }
        self.active.retain(|(_, left)| *left > 0);
        core.chosen = partners;
        core.chosen.clear();
    }

    fn throw<I: Item>(&mut self, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        for (id, left) in std::mem::take(&mut self.ball) {
            let Some(item) = core.store.get(id).cloned() else { continue };
            core.choose(self.config.fanout as usize, cx, |_, _| true);
            core.send_to_chosen(&Message::Data { item, relay: left as i32 - 1 }, cx);
        }
    }

    fn ask<I: Item>(&self, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let mut ids: Vec<ItemId> = core.store.latest().take(MOST_LISTED).map(Item::id).collect();
        // In order, so that it can be searched.
        ids.sort_unstable();
        core.choose(self.config.fanout as usize, cx, |_, _| true);
        let ask = self.config.exchange == Exchange::PushPull;
        core.send_to_chosen(&Message::Digest { ids: Ids::of(&ids), ask }, cx);
    }

    /// A partner says what it has.
    fn compare<I: Item>(&self, from: NodeId, ids: &Ids, ask: bool, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        let theirs = ids.as_slice();
        if theirs.len() > MOST_LISTED || !theirs.is_sorted() {
            core.stats.over_limit += 1;
            return;
        }
        for item in core.store.latest().take(MOST_LISTED) {
            if theirs.binary_search(&item.id()).is_err() {
                send(from, Message::Data { item: item.clone(), relay: 0 }, cx);
            }
        }
        let lacking: Vec<ItemId> =
            theirs.iter().copied().filter(|id| ask && !core.store.knows(*id)).collect();
        if !lacking.is_empty() {
            core.stats.asked += lacking.len() as u64;
            send(from, Message::GetData(Ids::of(&lacking)), cx);
        }
    }

    fn serve<I: Item>(&self, to: NodeId, ids: &Ids, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        for id in ids.as_slice().iter().take(MOST_LISTED) {
            match core.store.get(*id) {
                Some(item) => send(to, Message::Data { item: item.clone(), relay: 0 }, cx),
                None => core.stats.unknown += 1,
            }
        }
    }
}

impl<I: Item> Spread<I> for Epidemic {
    fn start(&mut self, _core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        if self.config.life != Life::InfectAndDie {
            cx.set_timer(Timer::Round, self.config.interval);
        }
    }

    fn publish(&mut self, item: &I, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        self.fresh(item, core, cx);
        if let Life::BallsAndBins(rounds) = self.config.life {
            self.catch(item.id(), rounds, core);
        }
    }

    fn message(&mut self, from: NodeId, message: Message<I>, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        match message {
            Message::Data { item, relay } => {
                if core.accept(&item, Some(from), cx) {
                    self.fresh(&item, core, cx);
                }
                if let Life::BallsAndBins(rounds) = self.config.life {
                    // A peer cannot make a copy live longer than the rules allow.
                    let left = u32::try_from(relay).unwrap_or(0).min(rounds.saturating_sub(1));
                    self.catch(item.id(), left, core);
                }
            }
            Message::Digest { ids, ask } => self.compare(from, &ids, ask, core, cx),
            Message::GetData(ids) => self.serve(from, &ids, core, cx),
            _ => core.stats.foreign += 1,
        }
    }

    fn timer(&mut self, timer: Timer, core: &mut Core<I>, cx: &mut Ctx<'_, I>) {
        if timer != Timer::Round {
            return;
        }
        cx.set_timer(Timer::Round, self.config.interval);
        match (self.config.exchange, self.config.life) {
            (_, Life::BallsAndBins(_)) => self.throw(core, cx),
            (Exchange::Push, _) => self.push(core, cx),
            (Exchange::Pull | Exchange::PushPull, _) => self.ask(core, cx),
        }
    }
}

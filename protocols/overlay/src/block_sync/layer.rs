//! The layer: announcing, looking, asking, serving.

use std::sync::Arc;

use astrarium_node::{Cx, Layer, NodeId, Op};
use astrarium_protocol_transport::{self as transport, Class};

use crate::gossip::Peers;

use super::block::Block;
use super::candidates::Candidates;
use super::chain::Chain;
use super::config::Config;
use super::fetch::{Fetch, Outcome};
use super::message::{Message, Top};

/// What the layer above can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request<B> {
    /// Put this block, one's own or one that came by gossip, on top. What does not follow the top is dropped and counted.
    Append(B),
    /// These are the neighbours now, sorted.
    SetPeers(Arc<[NodeId]>),
}

/// What the layer above is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The chain has grown, or another one has taken its place.
    Advanced {
        /// Where it ends now.
        top: Top,
        /// Height of the last block that was there before.
        common: u64,
        /// Who sent the blocks; nobody for own ones.
        from: Option<NodeId>,
    },
}

/// What a timer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Tell the neighbours the own top.
    Announce,
    /// Look for a heavier neighbour.
    Look,
    /// The request is overdue.
    Overdue,
}

/// Counters of one node since it was made. They are for observers; no decision depends on them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests made.
    pub asked: u64,
    /// Requests not answered in time.
    pub overdue: u64,
    /// Answers that brought nothing: empty, or a branch too long to be kept.
    pub useless: u64,
    /// Dropped: answers that are part of no chain, or of one lighter than claimed.
    pub forged: u64,
    /// Dropped: answers that nobody asked for, or that came too late.
    pub unsolicited: u64,
    /// Dropped: messages of nodes that are no neighbours, or are ignored.
    pub foreign: u64,
    /// Dropped: claims, blocks or parts of requests beyond a limit.
    pub over_limit: u64,
    /// Dropped: blocks of the layer above that do not follow the top.
    pub unlinked: u64,
    /// Blocks taken over from others.
    pub fetched: u64,
    /// Blocks of the own chain given up for a heavier branch.
    pub given_up: u64,
    /// Messages that the transport refused.
    pub refused: u64,
}

/// One node's block synchronisation.
#[derive(Debug, Clone)]
pub struct BlockSync<B: Block> {
    config: Arc<Config>,
    peers: Peers,
    chain: Chain<B>,
    candidates: Candidates,
    fetch: Option<Fetch<B>>,
    stats: Stats,
}

/// The context of every handler here.
type Ctx<'a, B> = Cx<'a, BlockSync<B>>;

impl<B: Block> BlockSync<B> {
    /// A node with these neighbours and this chain.
    #[must_use]
    pub fn new(config: Arc<Config>, peers: Peers, chain: Chain<B>) -> Self {
        Self { config, peers, chain, candidates: Candidates::default(), fetch: None, stats: Stats::default() }
    }

    /// Its chain.
    #[must_use]
    pub fn chain(&self) -> &Chain<B> {
        &self.chain
    }

    /// What it has counted.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Neighbours whose claims it remembers.
    #[must_use]
    pub fn candidates(&self) -> usize {
        self.candidates.len()
    }

    fn announce(&mut self, cx: &mut Ctx<'_, B>) {
        cx.set_timer(Timer::Announce, self.config.announce_interval);
        let top = self.chain.top();
        if top.height == 0 {
            return;
        }
        for peer in self.peers.live(cx.me()) {
            send(peer, Message::Top(top), cx);
        }
    }

    /// Asks the heaviest of those not passed over, if any is heavier than the own chain.
    fn ask_heaviest(&mut self, cx: &mut Ctx<'_, B>) {
        if self.fetch.is_some() {
            return;
        }
        let now = cx.now();
        let found = self.candidates.heaviest(self.chain.weight(), now, cx.rng());
        let Some((peer, claim, batch)) = found else { return };
        self.fetch = Some(Fetch::new(peer, claim, &self.chain, batch));
        self.ask(cx);
    }

    /// Sends the request of the fetch under way.
    fn ask(&mut self, cx: &mut Ctx<'_, B>) {
        let Some(&Fetch { peer, from, count, .. }) = self.fetch.as_ref() else { return };
        self.stats.asked += 1;
        cx.set_timer(Timer::Overdue, self.config.timeout);
        send(peer, Message::Ask { from, count }, cx);
    }

    /// The fetch under way came to nothing: the next heaviest.
    fn give_up(&mut self, cx: &mut Ctx<'_, B>) {
        let Some(fetch) = self.fetch.take() else { return };
        cx.cancel_timer(Timer::Overdue);
        self.candidates.failed(fetch.peer, cx.now(), &self.config);
        self.ask_heaviest(cx);
    }

    fn on_top(&mut self, from: NodeId, top: Top, cx: &Ctx<'_, B>) {
        if !self.peers.contains(from) || self.candidates.is_ignored(from, cx.now()) {
            self.stats.foreign += 1;
        } else if !self.candidates.claims(from, top, &self.config) {
            self.stats.over_limit += 1;
        }
    }

    fn on_ask(&mut self, to: NodeId, from: u64, count: u32, cx: &mut Ctx<'_, B>) {
        if !self.peers.contains(to) {
            self.stats.foreign += 1;
            return;
        }
        let most = self.config.batch.min(count);
        self.stats.over_limit += u64::from(count - most);
        let blocks: Vec<B> = self.chain.range(from, most as usize).cloned().collect();
        send(to, Message::Blocks(blocks.into()), cx);
    }

    fn on_blocks(&mut self, from: NodeId, blocks: &[B], cx: &mut Ctx<'_, B>) {
        let Some(fetch) = self.fetch.as_mut().filter(|fetch| fetch.peer == from) else {
            self.stats.unsolicited += 1;
            return;
        };
        // Checking a block is checking its proof.
        blocks.iter().take(fetch.count as usize).for_each(|_| cx.charge(Op::Verify));
        match fetch.answered(blocks, &self.chain, self.config.branch) {
            Outcome::Adopt(base, branch) => self.adopt(from, base, branch, cx),
            Outcome::Again => self.ask(cx),
            Outcome::Useless => {
                self.stats.useless += 1;
                self.give_up(cx);
            }
            Outcome::Forged => {
                self.stats.forged += 1;
                self.candidates.lied(from, cx.now(), &self.config);
                self.fetch = None;
                cx.cancel_timer(Timer::Overdue);
                self.ask_heaviest(cx);
            }
        }
    }

    /// A heavier branch is here.
    fn adopt(&mut self, from: NodeId, base: u64, branch: Vec<B>, cx: &mut Ctx<'_, B>) {
        self.fetch = None;
        cx.cancel_timer(Timer::Overdue);
        self.candidates.delivered(from, &self.config);
        if base + branch.len() as u64 > self.config.capacity as u64 {
            self.stats.over_limit += branch.len() as u64;
            return;
        }
        self.stats.given_up += self.chain.height() - base;
        self.stats.fetched += branch.len() as u64;
        self.chain.adopt(base, branch);
        cx.indicate(Event::Advanced { top: self.chain.top(), common: base, from: Some(from) });
        if self.config.eager {
            self.ask_heaviest(cx);
        }
    }

    fn append(&mut self, block: B, cx: &mut Ctx<'_, B>) {
        let common = self.chain.height();
        if common >= self.config.capacity as u64 {
            self.stats.over_limit += 1;
        } else if self.chain.append(block) {
            cx.indicate(Event::Advanced { top: self.chain.top(), common, from: None });
        } else {
            self.stats.unlinked += 1;
        }
    }
}

/// Blocks and what leads to them are urgent (network specification §6.13).
fn send<B: Block>(to: NodeId, message: Message<B>, cx: &mut Ctx<'_, B>) {
    cx.send(transport::Request::Send { to, message, class: Class::High });
}

impl<B: Block> Layer for BlockSync<B> {
    type Above = Request<B>;
    type Up = Event;
    type Down = transport::Request<Message<B>>;
    type Below = transport::Event<Message<B>>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        // Nodes that start together do not keep step.
        let phase = cx.rng().unit();
        cx.set_timer(Timer::Announce, self.config.announce_interval.scale(phase));
        let phase = cx.rng().unit();
        cx.set_timer(Timer::Look, self.config.sync_interval.scale(phase));
    }

    /// The chain is on disk; what neighbours said is in memory only.
    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.candidates = Candidates::default();
        self.fetch = None;
        self.on_start(cx);
    }

    fn on_request(&mut self, request: Request<B>, cx: &mut Cx<'_, Self>) {
        match request {
            Request::Append(block) => self.append(block, cx),
            Request::SetPeers(peers) => {
                self.peers = Peers::list(peers);
                let peers = &self.peers;
                self.candidates.retain(|peer| peers.contains(peer));
            }
        }
    }

    fn on_indication(&mut self, event: transport::Event<Message<B>>, cx: &mut Cx<'_, Self>) {
        match event {
            transport::Event::Delivered { from, message } => match message {
                Message::Top(top) => self.on_top(from, top, cx),
                Message::Ask { from: height, count } => self.on_ask(from, height, count, cx),
                Message::Blocks(blocks) => self.on_blocks(from, &blocks, cx),
            },
            transport::Event::PeerUp { peer } => self.peers.set_up(peer, true),
            transport::Event::PeerDown { peer, .. } => {
                self.peers.set_up(peer, false);
                self.candidates.lost(peer);
                if self.fetch.as_ref().is_some_and(|fetch| fetch.peer == peer) {
                    self.give_up(cx);
                }
            }
            transport::Event::Refused { to, message } => {
                self.stats.refused += 1;
                let ours = self.fetch.as_ref().is_some_and(|fetch| fetch.peer == to);
                if ours && matches!(message, Message::Ask { .. }) {
                    self.give_up(cx);
                }
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Announce => self.announce(cx),
            Timer::Look => {
                cx.set_timer(Timer::Look, self.config.sync_interval);
                if self.fetch.is_none() {
                    self.candidates.look_again();
                    self.ask_heaviest(cx);
                }
            }
            Timer::Overdue => {
                self.stats.overdue += 1;
                self.give_up(cx);
            }
        }
    }
}

//! The full node: keeps the block tree, mines with its share of the hash power, relays.

use std::collections::VecDeque;
use std::sync::Arc;

use astrarium_node::{Cx, Datagram, Domain, Layer, NodeId, Op, Protocol, Received, Time};

use crate::block::{Block, BlockId, Body, Header};
use crate::chain::Chain;
use crate::compact::PendingCompact;
use crate::config::Config;
use crate::difficulty::{Bits, MINING, mining_delay};
use crate::interface::{Indication, Request, Timer};
use crate::mempool::Mempool;
use crate::message::{Item, Message};
use crate::orphans::Orphans;
use crate::relay::{MOST_ITEMS, Requests, Trickle};
use crate::rules;
use crate::sync::Sync;
use crate::transaction::TxId;

/// A layer with this crate's effects: the node itself, or a [`Participant`](crate::Participant) that contains one. Handlers
/// are generic over it, so that delegation needs no translation of effects.
pub(crate) trait Host:
    Layer<Above = Request, Up = Indication, Down = Datagram<Message>, Below = Received<Message>, Timer = Timer>
{
}

impl<L> Host for L where
    L: Layer<
            Above = Request,
            Up = Indication,
            Down = Datagram<Message>,
            Below = Received<Message>,
            Timer = Timer,
        >
{
}

/// Identities (first eight bytes) that are not worth asking for again; the oldest is forgotten first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refused(VecDeque<u64>);

impl Refused {
    const CAPACITY: usize = 128;

    pub(crate) fn contains(&self, prefix: u64) -> bool {
        self.0.contains(&prefix)
    }

    pub(crate) fn insert(&mut self, prefix: u64) {
        if self.0.len() == Self::CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(prefix);
    }
}

/// The race for the next block.
#[derive(Debug, Clone, Copy, Default)]
struct Race {
    // Number of draws so far: names the next.
    attempt: u64,
    // The target that the running timer was drawn for; `None` when none runs.
    bits: Option<Bits>,
    // Number of blocks mined in this life and earlier ones: makes bodies distinct.
    mined: u64,
}

/// A full node of a Nakamoto network; with a hash share also a miner.
#[derive(Debug, Clone)]
#[repr(C)]
pub struct Node {
    // First what every announcement touches, in neighbouring cache lines.
    pub(crate) requests: Requests,
    pub(crate) chain: Chain,
    pub(crate) peers: Arc<[NodeId]>,
    pub(crate) config: Arc<Config>,
    pub(crate) orphans: Orphans,
    pub(crate) sync: Sync,
    pub(crate) compact: Vec<PendingCompact>,
    pub(crate) mempool: Mempool,
    pub(crate) trickle: Trickle,
    pub(crate) refused: Refused,
    pub(crate) rejected: u64,
    hash_share: f64,
    race: Race,
}

impl Node {
    /// A node that knows only the genesis block. `hash_share` is its part of the reference hash power, which finds a block
    /// per block interval at difficulty 1; 0 (or anything that is no positive number) does not mine.
    #[must_use]
    pub fn new(config: Arc<Config>, genesis: Arc<Block>, peers: Arc<[NodeId]>, hash_share: f64) -> Self {
        Self {
            chain: Chain::new(genesis),
            requests: Requests::default(),
            peers,
            orphans: Orphans::default(),
            sync: Sync::default(),
            compact: Vec::new(),
            mempool: Mempool::new(config.mempool_bytes),
            trickle: Trickle::default(),
            refused: Refused::default(),
            rejected: 0,
            // False for NaN too.
            hash_share: if hash_share > 0.0 { hash_share } else { 0.0 },
            race: Race::default(),
            config,
        }
    }

    /// Parameters.
    #[must_use]
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// All known blocks, the best chain through them, and its coins.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// All known blocks.
    #[must_use]
    pub fn tree(&self) -> &crate::tree::Tree<Arc<Block>> {
        self.chain.tree()
    }

    /// The best chain's last block.
    #[must_use]
    pub fn tip(&self) -> &Arc<Block> {
        self.chain.tip()
    }

    /// The best chain's height.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.chain.height()
    }

    /// Number of blocks from the one that holds a transaction to the tip, both included; 0 when it is not in the best
    /// chain.
    #[must_use]
    pub fn confirmations(&self, tx: &TxId) -> u32 {
        self.chain.ledger().confirmation(tx).map_or(0, |c| self.height() - c.height + 1)
    }

    /// Waiting transactions.
    #[must_use]
    pub fn mempool(&self) -> &Mempool {
        &self.mempool
    }

    /// Blocks that wait for their parents.
    #[must_use]
    pub fn orphans(&self) -> &Orphans {
        &self.orphans
    }

    /// Part of the reference hash power.
    #[must_use]
    pub fn hash_share(&self) -> f64 {
        self.hash_share
    }

    /// Whom it talks to.
    #[must_use]
    pub fn peers(&self) -> &Arc<[NodeId]> {
        &self.peers
    }

    /// Number of messages and blocks dropped because they break the rules.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Whether a block need not be asked for: it is known, waits for its parent, or was refused for ever.
    #[inline]
    pub(crate) fn has_block(&self, id: &BlockId) -> bool {
        self.chain.tree().knows(id) || self.orphans.contains(id) || self.refused.contains(id.prefix())
    }

    /// Keeps the race going: draws how long the next block takes, unless a draw for the same target is running.
    ///
    /// A change of the tip does not redraw. The search has no memory, so the time left on the old tip has the very
    /// distribution of a new draw; keeping it saves a timer per block and node. Only another target changes the rate.
    pub(crate) fn race<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        let bits = rules::next_bits(self.chain.tree(), self.chain.tip_position(), &self.config);
        if self.hash_share == 0.0 || self.race.bits == Some(bits) {
            return;
        }
        let mut luck = cx.stream(Domain::protocol(MINING), self.race.attempt);
        self.race.attempt += 1;
        let difficulty = bits.difficulty(self.config.initial_bits);
        if let Some(after) = mining_delay(self.config.block_interval, difficulty, self.hash_share, &mut luck)
        {
            self.race.bits = Some(bits);
            cx.set_timer(Timer::Mine, after);
        }
    }

    fn on_mined<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        self.race.bits = None;
        if let Some(block) = self.assemble(cx.me(), cx.now()) {
            let block = Arc::new(block);
            cx.charge(Op::Hash { bytes: Header::LEN as u32 });
            if let Ok(acceptance) = self.chain.accept(&block, &self.config, cx.now()) {
                cx.indicate(Indication::Mined { block });
                self.after_switch(acceptance.switch, &[], cx);
            }
        }
        self.race(cx);
    }

    /// The block that this node makes on its tip: the best-paying transactions, filled up to the target length.
    fn assemble(&mut self, me: NodeId, now: Time) -> Option<Block> {
        self.race.mined += 1;
        let budget = self.config.block_bytes.saturating_sub(Config::MIN_BLOCK_BYTES);
        let transactions = self.mempool.select(u64::from(budget), self.chain.ledger());
        let used = transactions.iter().map(|tx| tx.wire_len()).sum::<u32>();
        let body = Body { miner: me.0, extra: self.race.mined, padding: budget - used, transactions };
        // Stands for the nonce: the attempt's number, cut to the field.
        let nonce = self.race.attempt as u32;
        self.chain.assemble_on(&self.chain.tip().id(), &self.config, now, nonce, body)
    }

    fn on_inv<H: Host>(&mut self, items: &[Item], from: NodeId, cx: &mut Cx<'_, H>) {
        if items.len() > MOST_ITEMS {
            self.rejected += 1;
            return;
        }
        for &item in items {
            match item {
                // What is on its way is not here: most announcements are told by one look at the open requests or the latest
                // blocks.
                Item::Block(id) => {
                    if !self.requests.also_has(&item, from) && !self.has_block(&id) {
                        self.want(item, from, cx);
                    }
                }
                Item::Tx(id) => {
                    self.peer_knows_tx(from, &id);
                    let known = self.mempool.contains(&id)
                        || self.chain.ledger().confirmation(&id).is_some()
                        || self.refused.contains(id.prefix());
                    if !known {
                        self.want(item, from, cx);
                    }
                }
                Item::Compact(_) => self.rejected += 1,
            }
        }
    }

    fn on_not_found<H: Host>(&mut self, items: &[Item], from: NodeId, cx: &mut Cx<'_, H>) {
        for item in items {
            let item = match *item {
                Item::Compact(id) => Item::Block(id),
                other => other,
            };
            self.ask_another(item, from, cx);
        }
        self.continue_sync(cx);
    }

    pub(crate) fn start<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        self.greet_unless_young(cx);
        self.race.bits = None;
        self.race(cx);
    }

    /// A network younger than one block has nothing to tell, and a node with the genesis block alone neither.
    fn greet_unless_young<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        if self.height() > 0 || cx.now().since(Time::ZERO) >= self.config.block_interval {
            self.greet(cx);
        }
    }

    /// Disk survives a crash: the block tree does. Memory does not.
    pub(crate) fn restart<H: Host>(&mut self, cx: &mut Cx<'_, H>) {
        self.requests = Requests::default();
        self.orphans.clear();
        self.sync = Sync::default();
        self.compact.clear();
        self.mempool.clear();
        self.trickle.forget();
        self.refused = Refused::default();
        self.greet(cx);
        self.race.bits = None;
        self.race(cx);
    }

    pub(crate) fn request<H: Host>(&mut self, request: Request, cx: &mut Cx<'_, H>) {
        match request {
            Request::SubmitTx(tx) => self.receive_tx(&tx, None, cx),
            Request::SetPeers(peers) => {
                self.peers = peers;
                self.greet_unless_young(cx);
            }
            // A full node is asked directly.
            Request::Watch(_) => {}
        }
    }

    #[inline]
    pub(crate) fn indication<H: Host>(&mut self, received: Received<Message>, cx: &mut Cx<'_, H>) {
        let Received { from, message } = received;
        match message {
            Message::Inv(items) => self.on_inv(items.as_slice(), from, cx),
            Message::GetData(items) => self.serve_data(items.as_slice(), from, cx),
            Message::NotFound(items) => self.on_not_found(items.as_slice(), from, cx),
            Message::GetHeaders(question) => self.serve_headers(&question, from, cx),
            Message::Headers(headers) => self.on_headers(&headers, from, cx),
            Message::Block(block) => self.receive_block(block, from, cx),
            Message::CompactBlock(compact) => self.on_compact(compact, from, cx),
            Message::GetBlockTxns(question) => self.serve_block_txns(&question, from, cx),
            Message::BlockTxns(answer) => self.on_block_txns(&answer, from, cx),
            Message::Tx(tx) => self.receive_tx(&tx, Some(from), cx),
            Message::GetProof(tx) => self.serve_proof(tx, from, cx),
            // Full nodes ask for no proofs.
            Message::Proof(_) => self.rejected += 1,
        }
    }

    pub(crate) fn timer<H: Host>(&mut self, timer: Timer, cx: &mut Cx<'_, H>) {
        match timer {
            Timer::Mine => self.on_mined(cx),
            Timer::Requests => self.on_requests_timer(cx),
            Timer::Trickle(peer) => self.on_trickle_timer(peer, cx),
            // A light client's.
            Timer::Poll => {}
        }
    }
}

impl Layer for Node {
    type Above = Request;
    type Up = Indication;
    type Down = Datagram<Message>;
    type Below = Received<Message>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        self.start(cx);
    }

    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.restart(cx);
    }

    fn on_request(&mut self, request: Request, cx: &mut Cx<'_, Self>) {
        self.request(request, cx);
    }

    #[inline]
    fn on_indication(&mut self, received: Received<Message>, cx: &mut Cx<'_, Self>) {
        self.indication(received, cx);
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        self.timer(timer, cx);
    }
}

impl Protocol for Node {
    type Msg = Message;
}

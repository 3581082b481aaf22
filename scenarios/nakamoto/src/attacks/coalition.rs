//! What every strategy needs: the blocks that the coalition knows, its hash power, its voice.

use std::sync::Arc;

use astrarium_engine::{Hands, Input};
use astrarium_node::{Datagram, NodeId, Received, Time};
use astrarium_protocol_nakamoto::{
    Bits, Block, BlockId, Body, Chain, Config, Indication, Message, Participant, Position, Timer, Tx,
    mining_delay, next_bits,
};

use crate::world::World;

/// Purpose of the coalition's mining draws; attempt `k` draws from `hands.stream(MINING, k)`.
const MINING: u64 = 1;

/// To whom a block is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The peers of the coalition's nodes, who pass on what becomes their best chain.
    Peers,
    /// Every node, directly.
    Everybody,
}

/// Nodes that share memory and hash power.
///
/// Its nodes follow the public chain by the honest rules and relay honestly, but for the mining: that is done here, on
/// whatever block the strategy chooses. Blocks it keeps secret are known here only.
#[derive(Debug, Clone)]
pub(crate) struct Coalition {
    nodes: Vec<NodeId>,
    others: Arc<[NodeId]>,
    share: f64,
    config: Arc<Config>,
    /// Every block the coalition knows, secret ones included.
    known: Chain,
    /// End of the best public chain, as its nodes see it.
    public: Position,
    /// Number of mining draws so far; names the pending wake.
    attempt: u32,
    /// Target that the pending draw was made for.
    armed: Option<Bits>,
}

impl Coalition {
    /// The world's coalition, with this share of the reference hash power.
    pub(crate) fn new(world: &World, share: f64) -> Self {
        let nodes = world.coalition.clone();
        let others = (0..world.shares.len()).map(NodeId::from).filter(|id| !nodes.contains(id)).collect();
        Self {
            nodes,
            others,
            share,
            config: Arc::clone(&world.config),
            known: Chain::new(Arc::clone(&world.genesis)),
            public: Position::GENESIS,
            attempt: 0,
            armed: None,
        }
    }

    /// Its nodes.
    pub(crate) fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// The node that acts when none received anything.
    pub(crate) fn speaker(&self) -> Option<NodeId> {
        self.nodes.first().copied()
    }

    /// End of the best public chain.
    pub(crate) fn public(&self) -> Position {
        self.public
    }

    /// Height of the best public chain.
    pub(crate) fn public_height(&self) -> u32 {
        self.height(self.public)
    }

    /// Height of a known block.
    pub(crate) fn height(&self, at: Position) -> u32 {
        self.known.tree().height(at)
    }

    /// Height that a block has, if its parent is known.
    pub(crate) fn height_of(&self, block: &Block) -> Option<u32> {
        let parent = self.known.tree().position(&block.header().previous)?;
        Some(self.height(parent) + 1)
    }

    /// Whether a known block is part of the public chain.
    pub(crate) fn is_public(&self, at: Position) -> bool {
        self.known.tree().is_on_chain(at, self.public)
    }

    /// The public blocks above `height`, oldest first.
    pub(crate) fn public_above(&self, height: u32) -> Vec<Position> {
        let (mut at, mut blocks) = (self.public, Vec::new());
        while self.height(at) > height {
            blocks.push(at);
            at = self.known.tree().parent(at);
        }
        blocks.reverse();
        blocks
    }

    /// Confirmations of a transaction on the public chain.
    pub(crate) fn confirmations(&self, tx: &Tx, hands: &Hands<'_, Participant>) -> u32 {
        let node = self.speaker().and_then(|node| hands.state(node).full());
        node.map_or(0, |node| node.confirmations(&tx.id()))
    }

    // ---- hearing --------------------------------------------------------------------------------------------------

    /// Lets one of its nodes handle an input honestly and takes note of what came of it; true when the public chain
    /// ends elsewhere now.
    pub(crate) fn hear(
        &mut self,
        node: NodeId,
        input: Input<Participant>,
        hands: &mut Hands<'_, Participant>,
    ) -> bool {
        // The hash power is pooled: no node mines for itself.
        if matches!(input, Input::Timer(Timer::Mine)) {
            return false;
        }
        hands.honest(node, input);
        self.learn(hands)
    }

    fn learn(&mut self, hands: &mut Hands<'_, Participant>) -> bool {
        let before = self.public;
        for indication in &hands.effects().up {
            match indication {
                Indication::Accepted { block } | Indication::Mined { block } => {
                    self.remember(block);
                }
                Indication::TipChanged { tip, .. } => self.follow(&tip.id()),
                _ => {}
            }
        }
        self.public != before
    }

    fn remember(&mut self, block: &Arc<Block>) -> Option<Position> {
        // No clock: its node has checked the block's time already. A block that is known is no news.
        self.known.accept(block, &self.config, Time::MAX).ok().map(|acceptance| acceptance.position)
    }

    fn follow(&mut self, tip: &BlockId) {
        let tree = self.known.tree();
        // Several nodes may report one chain, or shorter ones, later.
        if let Some(at) = tree.position(tip).filter(|&at| tree.work(at) > tree.work(self.public)) {
            self.public = at;
        }
    }

    // ---- mining ---------------------------------------------------------------------------------------------------

    /// Keeps the search for the block after `parent` going: draws how long it takes, unless a draw for the same target is
    /// pending. The search has no memory, so another parent of the same target needs no new draw.
    pub(crate) fn arm(&mut self, parent: Position, hands: &mut Hands<'_, Participant>) {
        let bits = next_bits(self.known.tree(), parent, &self.config);
        if self.armed == Some(bits) {
            return;
        }
        self.attempt = self.attempt.wrapping_add(1);
        let mut luck = hands.stream(MINING, u64::from(self.attempt));
        let difficulty = bits.difficulty(self.config.initial_bits);
        if let Some(after) = mining_delay(self.config.block_interval, difficulty, self.share, &mut luck) {
            self.armed = Some(bits);
            hands.wake(after, self.attempt);
        }
    }

    /// Whether the wake with this token is the pending draw; it is used up then.
    pub(crate) fn finds(&mut self, token: u32) -> bool {
        let due = token == self.attempt && self.armed.is_some();
        if due {
            self.armed = None;
        }
        due
    }

    /// The block that it found after `parent`, with these transactions; nobody else knows it yet.
    pub(crate) fn mine(&mut self, parent: Position, transactions: &[Arc<Tx>], now: Time) -> Option<Position> {
        let miner = self.speaker()?.0;
        let used =
            transactions.iter().map(|tx| tx.wire_len()).fold(Config::MIN_BLOCK_BYTES, u32::saturating_add);
        let padding = self.config.block_bytes.saturating_sub(used);
        // Attempts differ, and no honest node has this miner's number: no two blocks have one body.
        let body =
            Body { miner, extra: u64::from(self.attempt), padding, transactions: transactions.to_vec() };
        let block =
            self.known.assemble_on(&self.known.tree().id(parent), &self.config, now, self.attempt, body)?;
        self.remember(&Arc::new(block))
    }

    // ---- speaking -------------------------------------------------------------------------------------------------

    /// Makes blocks public, oldest first: they are pushed to `reach`, and the acting node takes them in, so that it can
    /// serve them later. True when the public chain ends elsewhere now.
    pub(crate) fn publish(
        &mut self,
        blocks: &[Position],
        reach: Reach,
        acting: NodeId,
        hands: &mut Hands<'_, Participant>,
    ) -> bool {
        for &at in blocks {
            let message = Message::Block(Arc::clone(self.known.tree().block(at)));
            let relayed = hands.effects().down.len();
            hands.honest(acting, Input::Message(Received { from: acting, message: message.clone() }));
            // What its node would announce by the honest rules, if at all, is pushed below instead.
            hands.effects().down.truncate(relayed);
            self.push(&message, reach, acting, hands);
        }
        self.learn(hands)
    }

    fn push(&self, message: &Message, reach: Reach, acting: NodeId, hands: &mut Hands<'_, Participant>) {
        if reach == Reach::Everybody {
            hands.send(acting, Datagram::Many(Arc::clone(&self.others), message.clone()));
            return;
        }
        for &node in &self.nodes {
            let peers = Arc::clone(hands.state(node).peers());
            if !peers.is_empty() {
                hands.send(node, Datagram::Many(peers, message.clone()));
            }
        }
    }
}

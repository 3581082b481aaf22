//! The coalition's nodes answer users by the honest protocol, but with the coalition's own branch.
//!
//! Each controlled node is an honest node that has heard of no blocks but the coalition's: before one answers, the coalition
//! feeds it the blocks it lacks. So users are served valid headers and valid Merkle proofs by the very code that serves them
//! elsewhere. Blocks of the honest chain never reach these nodes: honest miners do not know them as theirs.

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input};
use astrarium_node::{NodeId, Received, Time};
use astrarium_protocol_nakamoto::{
    Block, Body, Chain, Config, Message, Participant, Timer, Tx, mining_delay, next_bits,
};

use crate::world::World;

/// Purpose of the coalition's mining draws; attempt `k` draws from `hands.stream(MINING, k)`.
const MINING: u64 = 1;

/// Where the coalition has its blocks from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backing {
    /// Nowhere: blocks cost nothing, as in the whitepaper's model. The branch has this many from the start.
    None {
        /// Its length.
        blocks: u32,
    },
    /// They are mined with the coalition's share of the hash power.
    Nakamoto,
}

/// A coalition with a branch of its own from the genesis block on.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    nodes: Arc<[NodeId]>,
    share: f64,
    backing: Backing,
    config: Arc<Config>,
    chain: Chain,
    /// The payment in the first block of the branch.
    fake: Arc<Tx>,
    /// Number of mining draws so far; names the pending wake.
    attempt: u32,
}

impl Branch {
    /// The world's coalition. `share` is its part of the hash power; `fake` the payment that only its branch shall hold.
    pub(crate) fn new(world: &World, share: f64, backing: Backing, fake: Arc<Tx>) -> Self {
        Self {
            nodes: Arc::clone(&world.coalition),
            share,
            backing,
            config: Arc::clone(&world.config),
            chain: Chain::new(Arc::clone(&world.genesis)),
            fake,
            attempt: 0,
        }
    }

    /// Length of the branch.
    pub(crate) fn len(&self) -> u32 {
        self.chain.height()
    }

    /// Appends a block; the first one holds the payment.
    fn extend(&mut self, now: Time) {
        let Some(miner) = self.nodes.first() else { return };
        let height = self.chain.height();
        let transactions = if height == 0 { vec![Arc::clone(&self.fake)] } else { Vec::new() };
        let body = Body { miner: miner.0, extra: u64::from(height), padding: 0, transactions };
        let parent = self.chain.tip().id();
        if let Some(block) = self.chain.assemble_on(&parent, &self.config, now, self.attempt, body) {
            let taken = self.chain.accept(&Arc::new(block), &self.config, now);
            debug_assert!(taken.is_ok(), "the coalition made a block that breaks the rules: {taken:?}");
        }
    }

    /// Draws how long the search for the next block takes.
    fn arm(&mut self, hands: &mut Hands<'_, Participant>) {
        let bits = next_bits(self.chain.tree(), self.chain.tip_position(), &self.config);
        self.attempt = self.attempt.wrapping_add(1);
        let mut luck = hands.stream(MINING, u64::from(self.attempt));
        let difficulty = bits.difficulty(self.config.initial_bits);
        if let Some(after) = mining_delay(self.config.block_interval, difficulty, self.share, &mut luck) {
            hands.wake(after, self.attempt);
        }
    }

    /// Lets a node have the blocks of the branch that it lacks, as if it had just received them.
    fn bring_up_to_date(&self, node: NodeId, hands: &mut Hands<'_, Participant>) {
        let Some(known) = hands.state(node).full().map(|full| full.height()) else { return };
        let missing: Vec<Arc<Block>> = self.chain.blocks_above(known).cloned().collect();
        for block in missing {
            let message = Message::Block(block);
            hands.honest(node, Input::Message(Received { from: node, message }));
        }
        // It keeps the branch to itself.
        hands.effects().down.clear();
    }
}

impl Adversary<Participant> for Branch {
    fn nodes(&self) -> Vec<NodeId> {
        self.nodes.to_vec()
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Participant>) {
        match self.backing {
            Backing::None { blocks } => (0..blocks).for_each(|_| self.extend(hands.now())),
            Backing::Nakamoto => self.arm(hands),
        }
    }

    fn on_input(&mut self, node: NodeId, input: Input<Participant>, hands: &mut Hands<'_, Participant>) {
        match input {
            Input::Message(Received { message: Message::GetHeaders(_) | Message::GetProof(_), .. }) => {
                self.bring_up_to_date(node, hands);
                hands.honest(node, input);
            }
            // The hash power is pooled, and there is nobody else its nodes would talk to.
            Input::Start | Input::Timer(Timer::Mine) | Input::Message(_) => {}
            other => hands.honest(node, other),
        }
    }

    fn on_wake(&mut self, token: u32, hands: &mut Hands<'_, Participant>) {
        if token == self.attempt {
            self.extend(hands.now());
            self.arm(hands);
        }
    }
}

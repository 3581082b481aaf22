//! Selfish mining (Eyal, Sirer 2014, algorithm 1): keep found blocks secret and publish them just when that turns the work of
//! others to waste.
//!
//! With the secret chain `lead` blocks ahead of the public one (0' is a tie of two published blocks):
//!
//! | lead | the coalition finds a block | others find a block |
//! |---|---|---|
//! | 0 | keeps it | takes it over |
//! | 1 | keeps it | publishes its own: 0' |
//! | 0' | publishes it and has won both | takes over what won |
//! | 2 | keeps it | publishes all and has won them |
//! | more | keeps it | publishes one, so as to tie |

use std::sync::Arc;

use astrarium_engine::{Adversary, Hands, Input, Observer, Sight};
use astrarium_node::{NodeId, Seed, Span, Time};
use astrarium_protocol_nakamoto::{BlockId, Indication, Message, Node, Participant};
use astrarium_runner::Params;

use super::Strategy;
use super::coalition::{Coalition, Reach};
use super::race::Branch;
use super::steering::Steering;
use crate::world::World;

/// The strategy.
#[derive(Debug, Clone)]
pub(crate) struct SelfishMining {
    coalition: Coalition,
    branch: Branch,
    /// To whom a block goes that ties.
    reach: Reach,
    steering: Option<Steering>,
    shares: Arc<[f64]>,
    merchant: NodeId,
    /// Blocks that the coalition found.
    found: u32,
}

impl SelfishMining {
    /// As the scenario wants it.
    pub(crate) fn from_params(params: &Params, world: &World) -> Self {
        let coalition = Coalition::new(world, params.share("adversary.share"));
        let steering = params.has("adversary.tie_share").then(|| {
            let (share, delta) = (params.share("adversary.tie_share"), params.span("adversary.delta"));
            Steering::new(share, delta, &world.shares, &world.coalition, world.seed)
        });
        let reach = if params.text("adversary.reach") == "peers" { Reach::Peers } else { Reach::Everybody };
        let branch = Branch::new(coalition.public(), 0);
        Self {
            coalition,
            branch,
            reach,
            steering,
            shares: world.shares.clone(),
            merchant: world.merchant,
            found: 0,
        }
    }

    /// The public chain has changed.
    fn respond(&mut self, acting: NodeId, hands: &mut Hands<'_, Participant>) {
        let public = self.coalition.public_height();
        let lead = i64::from(self.branch.height()) - i64::from(public);
        match lead {
            ..0 => self.follow(),
            // Level with something that is not ours: a tie is all that is left. (Ours became public when it won.)
            0 => self.publish(public, self.reach, acting, hands),
            1 => self.publish(public + 1, Reach::Peers, acting, hands),
            2.. => self.publish(public, self.reach, acting, hands),
        }
    }

    /// Publishes the secret blocks up to a height; what becomes the public chain is no secret any more.
    fn publish(&mut self, height: u32, reach: Reach, acting: NodeId, hands: &mut Hands<'_, Participant>) {
        let blocks = self.branch.reveal(height);
        self.coalition.publish(&blocks, reach, acting, hands);
        if self.coalition.is_public(self.branch.tip()) {
            self.follow();
        }
    }

    fn follow(&mut self) {
        self.branch = Branch::new(self.coalition.public(), self.coalition.public_height());
    }

    fn on_found(&mut self, acting: NodeId, hands: &mut Hands<'_, Participant>) {
        let tied = self.branch.len() > 0
            && self.branch.secret() == 0
            && self.branch.height() == self.coalition.public_height();
        if let Some(block) = self.coalition.mine(self.branch.tip(), &[], hands.now()) {
            self.branch.push(block);
            self.found += 1;
        }
        if tied {
            // Longer than the public chain: honest nodes pass it on themselves.
            self.publish(self.branch.height(), Reach::Peers, acting, hands);
        }
    }
}

impl Adversary<Participant> for SelfishMining {
    const DELAYS: bool = true;

    fn nodes(&self) -> Vec<NodeId> {
        self.coalition.nodes().to_vec()
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Participant>) {
        self.coalition.arm(self.branch.tip(), hands);
    }

    fn on_input(&mut self, node: NodeId, input: Input<Participant>, hands: &mut Hands<'_, Participant>) {
        if self.coalition.hear(node, input, hands) {
            self.respond(node, hands);
            self.coalition.arm(self.branch.tip(), hands);
        }
    }

    fn on_wake(&mut self, token: u32, hands: &mut Hands<'_, Participant>) {
        if let Some(speaker) = self.coalition.speaker().filter(|_| self.coalition.finds(token)) {
            self.on_found(speaker, hands);
            self.coalition.arm(self.branch.tip(), hands);
        }
    }

    fn delay(&mut self, _: NodeId, to: NodeId, message: &Message, _: Time) -> Span {
        let (Some(steering), Message::Block(block)) = (&mut self.steering, message) else {
            return Span::ZERO;
        };
        let (coalition, branch) = (&self.coalition, &self.branch);
        steering.delay(block, to, || coalition.height_of(block).is_some_and(|height| branch.hides(height)))
    }

    fn reseed(&mut self, seed: Seed) {
        if let Some(steering) = &mut self.steering {
            steering.reseed(seed);
        }
    }
}

/// Reads revenue and ties off honest nodes.
#[derive(Debug, Clone)]
pub(crate) struct RevenueWatch {
    coalition: Vec<NodeId>,
    shares: Arc<[f64]>,
    merchant: NodeId,
    /// Blocks that honest nodes found.
    found: u64,
    /// The latest block that an honest node found, and its parent.
    honest: Option<(BlockId, BlockId)>,
    /// The latest tie: the honest block and the coalition's.
    tie: Option<(BlockId, BlockId)>,
    ties: u64,
    /// Sum over ties of the share on the coalition's block.
    sided: f64,
}

impl RevenueWatch {
    /// Share of the honest hash power that mines on `theirs`, of that which mines on either block; `None` when somebody mines on
    /// anything else, as the tie is over then. `finder` has just left `left`.
    fn sides(
        &self,
        (ours, theirs): (BlockId, BlockId),
        (finder, left): (NodeId, BlockId),
        sight: &Sight<'_, Participant>,
    ) -> Option<f64> {
        let (mut all, mut sided) = (0.0, 0.0);
        for id in sight.ids().filter(|&id| !sight.is_controlled(id)) {
            let share = self.shares[id.index()];
            if share == 0.0 {
                continue;
            }
            let tip = if id == finder { left } else { sight.node(id).full()?.tip().id() };
            if tip != ours && tip != theirs {
                return None;
            }
            all += share;
            sided += if tip == theirs { share } else { 0.0 };
        }
        (all > 0.0).then(|| sided / all)
    }

    fn revenue(&self, node: &Node) -> Option<f64> {
        let blocks = node.chain().blocks_above(0);
        let settled = blocks.len() - (blocks.len() / 10).min(100);
        let earned =
            blocks.take(settled).filter(|block| block.miner().is_some_and(|id| self.coalition.contains(&id)));
        let earned = earned.count();
        (settled > 0).then(|| earned as f64 / settled as f64)
    }
}

impl Observer<Participant> for RevenueWatch {
    fn on_indication(&mut self, node: NodeId, indication: &Indication, sight: &Sight<'_, Participant>) {
        match indication {
            Indication::Mined { block } if !sight.is_controlled(node) => {
                let previous = block.header().previous;
                let over = self.tie.take().filter(|(ours, theirs)| previous == *ours || previous == *theirs);
                if let Some(share) = over.and_then(|tie| self.sides(tie, (node, previous), sight)) {
                    self.ties += 1;
                    self.sided += share;
                }
                self.found += 1;
                self.honest = Some((block.id(), previous));
            }
            Indication::Accepted { block } if !sight.is_controlled(node) => {
                let Some((honest, parent)) = self.honest else { return };
                let theirs = block.miner().is_some_and(|miner| self.coalition.contains(&miner));
                if theirs && block.header().previous == parent {
                    self.tie = Some((honest, block.id()));
                }
            }
            _ => {}
        }
    }

    fn merge(&mut self, other: Self) {
        self.found += other.found;
        self.ties += other.ties;
        self.sided += other.sided;
    }
}

impl Strategy for SelfishMining {
    type Watch = RevenueWatch;

    fn watch(&self) -> RevenueWatch {
        RevenueWatch {
            coalition: self.coalition.nodes().to_vec(),
            shares: self.shares.clone(),
            merchant: self.merchant,
            found: 0,
            honest: None,
            tie: None,
            ties: 0,
            sided: 0.0,
        }
    }

    fn delta(&self) -> Span {
        self.steering.as_ref().map_or(Span::ZERO, Steering::delta)
    }

    fn report(
        &self,
        watch: &RevenueWatch,
        sight: &Sight<'_, Participant>,
        out: &mut Vec<(&'static str, f64)>,
    ) {
        let merchant = sight.node(watch.merchant).full();
        if let Some(revenue) = merchant.and_then(|node| watch.revenue(node)) {
            out.push(("revenue_share", revenue));
        }
        // What is still secret is neither stale nor settled.
        let found = watch.found + u64::from(self.found) - self.branch.secret() as u64;
        if let Some(node) = merchant.filter(|_| found > 0) {
            out.push(("stale_rate", 1.0 - f64::from(node.height()) / found as f64));
        }
        if watch.ties > 0 {
            out.push(("gamma_measured", watch.sided / watch.ties as f64));
        }
    }
}

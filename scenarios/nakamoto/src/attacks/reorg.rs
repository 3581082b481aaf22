//! Rewriting history: a private chain from the start that replaces public blocks ("51 % attack"; Rosenfeld 2014 §5 with no block
//! in advance and no payment to wait for).

use astrarium_engine::{Adversary, Hands, Input, Observer, Sight};
use astrarium_node::NodeId;
use astrarium_protocol_nakamoto::{Indication, Participant};
use astrarium_runner::Params;

use super::Strategy;
use super::race::Race;
use crate::world::World;

/// The strategy.
#[derive(Debug, Clone)]
pub(crate) struct Reorg {
    race: Race,
    depth: u32,
    horizon: Option<u32>,
    merchant: NodeId,
}

impl Reorg {
    /// As the scenario wants it.
    pub(crate) fn from_params(params: &Params, world: &World) -> Self {
        // Both ranges end far below 2^32.
        let horizon = params.has("adversary.horizon").then(|| params.count("adversary.horizon") as u32);
        let depth = params.count("adversary.depth") as u32;
        Self { race: Race::from_params(params, world), depth, horizon, merchant: world.merchant }
    }

    fn review(&mut self, acting: NodeId, hands: &mut Hands<'_, Participant>) {
        let public = self.race.public_len();
        if self.horizon.is_some_and(|horizon| public > horizon) && self.race.lead() <= 0 {
            self.race.give_up();
        }
        self.race.review(public >= self.depth, acting, hands);
    }
}

impl Adversary<Participant> for Reorg {
    fn nodes(&self) -> Vec<NodeId> {
        self.race.coalition.nodes().to_vec()
    }

    fn on_begin(&mut self, hands: &mut Hands<'_, Participant>) {
        self.race.begin(hands);
    }

    fn on_input(&mut self, node: NodeId, input: Input<Participant>, hands: &mut Hands<'_, Participant>) {
        if self.race.hear(node, input, hands) {
            self.review(node, hands);
        }
    }

    fn on_wake(&mut self, token: u32, hands: &mut Hands<'_, Participant>) {
        let (branch, coalition) = (&mut self.race.branch, &mut self.race.coalition);
        if !coalition.finds(token) {
            return;
        }
        if let Some(block) = coalition.mine(branch.tip(), &[], hands.now()) {
            branch.push(block);
        }
        if let Some(speaker) = self.race.coalition.speaker() {
            self.review(speaker, hands);
        }
    }

    fn finished(&self) -> bool {
        self.race.is_over()
    }
}

/// Counts what honest nodes gave up.
#[derive(Debug, Clone)]
pub(crate) struct ReorgWatch {
    merchant: NodeId,
    depth: u32,
    succeeded: bool,
    /// Times that honest nodes gave up blocks, and how many blocks.
    count: u64,
    blocks: u64,
}

impl Observer<Participant> for ReorgWatch {
    fn on_indication(&mut self, node: NodeId, indication: &Indication, sight: &Sight<'_, Participant>) {
        let Indication::TipChanged { reorg_depth, .. } = *indication else { return };
        if reorg_depth == 0 || sight.is_controlled(node) {
            return;
        }
        self.count += 1;
        self.blocks += u64::from(reorg_depth);
        self.succeeded |= node == self.merchant && reorg_depth >= self.depth;
    }

    fn finished(&self) -> bool {
        self.succeeded
    }

    fn merge(&mut self, other: Self) {
        self.succeeded |= other.succeeded;
        self.count += other.count;
        self.blocks += other.blocks;
    }
}

impl Strategy for Reorg {
    type Watch = ReorgWatch;

    fn watch(&self) -> ReorgWatch {
        ReorgWatch { merchant: self.merchant, depth: self.depth, succeeded: false, count: 0, blocks: 0 }
    }

    fn report(&self, watch: &ReorgWatch, _: &Sight<'_, Participant>, out: &mut Vec<(&'static str, f64)>) {
        let undecided = !watch.succeeded && !self.race.is_over();
        out.push(("attack_success", f64::from(u8::from(watch.succeeded))));
        out.push(("attack_undecided", f64::from(u8::from(undecided))));
        if watch.count > 0 {
            out.push(("reorg_depth", watch.blocks as f64 / watch.count as f64));
        }
    }
}

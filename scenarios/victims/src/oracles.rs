//! What must hold in every run: promises about what users believe.
//!
//! | oracle | kind | promise |
//! |---|---|---|
//! | `valid-headers` | always | the chain that a user follows consists of headers that keep the rules, down to the genesis block |
//! | `proved-payments` | always | a confirmed payment is in a block of the followed chain, as deep as the user demands |
//! | `met-adversary` | sometimes | some user has an adversarial neighbour (when there is an adversary) |
//!
//! Both safety promises hold for deceived users too: an adversary shows them another chain, not a false one.

use std::collections::BTreeSet;
use std::sync::Arc;

use astrarium_engine::{Always, Finding, Sight, Sometimes};
use astrarium_node::{NodeId, Time};
use astrarium_protocol_nakamoto::{
    Block, BlockId, Config, LightClient, Participant, Position, TxId, earliest_time, next_bits,
};

use crate::world::World;

/// A payment that a user holds for confirmed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimed {
    pub(crate) tx: TxId,
    pub(crate) block: BlockId,
    pub(crate) depth: u32,
}

/// The oracles of one run.
#[derive(Debug, Clone)]
pub(crate) struct Oracles {
    config: Arc<Config>,
    confirmations: u32,
    headers: Always,
    /// Headers found good already; a header's identity stands for it and all before it.
    examined: BTreeSet<BlockId>,
    proofs: Always,
    met: Option<Sometimes>,
}

impl Oracles {
    /// For one run in this world.
    pub(crate) fn new(world: &World) -> Self {
        Self {
            config: Arc::clone(&world.config),
            confirmations: world.light.confirmations,
            headers: Always::new("valid-headers"),
            examined: BTreeSet::from([world.genesis.id()]),
            proofs: Always::new("proved-payments"),
            met: (!world.coalition.is_empty()).then(|| Sometimes::new("met-adversary")),
        }
    }

    /// A user follows another chain now.
    pub(crate) fn followed(&mut self, user: NodeId, client: &LightClient, now: Time) {
        let tree = client.tree();
        let mut at = tree.position(&client.tip()).unwrap_or(Position::GENESIS);
        while self.examined.insert(tree.id(at)) {
            let problem = self.problem(client, at);
            self.headers.check(now, problem.is_none(), || {
                format!("{user} follows header {:?}: {}", tree.id(at), problem.unwrap_or_default())
            });
            if at == Position::GENESIS {
                break;
            }
            at = tree.parent(at);
        }
    }

    fn problem(&self, client: &LightClient, at: Position) -> Option<&'static str> {
        let tree = client.tree();
        if at == Position::GENESIS {
            return Some("the chain starts from another genesis block");
        }
        let (header, parent) = (tree.header(at), tree.parent(at));
        let rules = [
            (header.seal().id() == tree.id(at), "its identity is not its hash"),
            (header.previous == tree.id(parent), "it does not name the header before"),
            (header.bits == next_bits(tree, parent, &self.config), "its target is not the one in force"),
            (header.time >= earliest_time(tree, parent), "its time is too early"),
        ];
        rules.into_iter().find_map(|(ok, problem)| (!ok).then_some(problem))
    }

    /// A user holds a payment for confirmed. The proof is checked against the block itself, as some neighbour has it.
    pub(crate) fn confirmed(&mut self, user: NodeId, claimed: Claimed, sight: &Sight<'_, Participant>) {
        let Some(client) = sight.node(user).light() else { return };
        let problem = self.flaw(client, claimed, sight);
        self.proofs.check(sight.now(), problem.is_none(), || {
            format!(
                "{user} confirmed {:?} in {:?}: {}",
                claimed.tx,
                claimed.block,
                problem.unwrap_or_default()
            )
        });
    }

    fn flaw(
        &self,
        client: &LightClient,
        claimed: Claimed,
        sight: &Sight<'_, Participant>,
    ) -> Option<&'static str> {
        let tree = client.tree();
        let tip = tree.position(&client.tip());
        let Some((at, tip)) = tree.position(&claimed.block).zip(tip) else {
            return Some("its header is unknown");
        };
        if !tree.is_on_chain(at, tip) {
            return Some("it is not on the followed chain");
        }
        let depth = tree.height(tip) - tree.height(at) + 1;
        if depth != claimed.depth || depth < self.confirmations {
            return Some("it is not as deep as claimed or demanded");
        }
        let Some(block) = body(client, &claimed.block, sight) else {
            return Some("no neighbour has the block");
        };
        let holds = block.root_matches() && block.transactions().iter().any(|tx| tx.id() == claimed.tx);
        (!holds).then_some("the block does not hold the payment")
    }

    /// A user has an adversarial neighbour.
    pub(crate) fn met(&mut self, now: Time) {
        if let Some(met) = &mut self.met {
            met.saw(now);
        }
    }

    /// The verdicts.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![self.headers.finding(), self.proofs.finding()];
        findings.extend(self.met.as_ref().map(Sometimes::finding));
        findings
    }

    /// Adds what another part of the same run has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.headers.merge(other.headers);
        self.examined.extend(other.examined);
        self.proofs.merge(other.proofs);
        if let (Some(mine), Some(theirs)) = (&mut self.met, other.met) {
            mine.merge(theirs);
        }
    }
}

/// The block of this identity, from a neighbour of the user.
fn body<'a>(client: &LightClient, id: &BlockId, sight: &Sight<'a, Participant>) -> Option<&'a Arc<Block>> {
    client.neighbours().iter().find_map(|&neighbour| {
        let tree = sight.node(neighbour).full()?.tree();
        Some(tree.block(tree.position(id)?))
    })
}

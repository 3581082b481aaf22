//! Rendezvous servers that drop everything for a while, and are honest before and after.

use std::ops::Range;

use astrarium_engine::{Hands, Input};
use astrarium_node::{NodeId, Time};
use astrarium_runner::Params;

use crate::world::{Node, World};

/// The attack.
#[derive(Debug, Clone)]
pub(crate) struct Outage {
    servers: Vec<NodeId>,
    during: Range<Time>,
}

impl Outage {
    /// All servers of the world, in the time that the scenario names.
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        let at = |key| Time::ZERO + params.span(key);
        Self {
            servers: world.servers.iter().map(|(id, _)| *id).collect(),
            during: at("adversary.from")..at("adversary.until"),
        }
    }

    pub(super) fn nodes(&self) -> Vec<NodeId> {
        self.servers.clone()
    }

    pub(super) fn on_input(&self, node: NodeId, input: Input<Node>, hands: &mut Hands<'_, Node>) {
        let silent = self.during.contains(&hands.now());
        if !(silent && matches!(input, Input::Message(_))) {
            hands.honest(node, input);
        }
    }
}

//! The load: lookups, evenly spaced, by random honest nodes.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Seed, Span, Time};
use astrarium_protocol_overlay::kademlia::{Id, Request, Target};
use astrarium_runner::Params;

use crate::world::{Node, World};

/// What is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    /// A random other honest node.
    Node,
    /// A random point.
    Key,
    /// Always this point.
    Fixed(Id),
}

/// Lookups as the scenario asks for them. Lookup `i` is a function of the seed and `i`.
#[derive(Debug, Clone)]
pub(crate) struct Lookups {
    seed: Seed,
    honest: Arc<[NodeId]>,
    aim: Aim,
    begin: Time,
    spacing: Span,
    count: u64,
    next: u64,
}

impl Lookups {
    /// For one run in this world.
    pub(crate) fn new(world: &World, params: &Params) -> Self {
        let honest = (0..world.nodes()).map(NodeId::from).filter(|&node| !world.is_corrupt(node)).collect();
        let aim = match (&world.ground, params.text("workload.target")) {
            (Some(ground), _) => Aim::Fixed(ground.key),
            (None, "key") => Aim::Key,
            (None, _) => Aim::Node,
        };
        Self {
            seed: world.seed,
            honest,
            aim,
            begin: Time::ZERO + params.span("workload.begin"),
            spacing: params.span("workload.spacing"),
            count: params.count("workload.lookups") as u64,
            next: 0,
        }
    }

    /// Who asks in lookup `query`, and for what.
    pub(crate) fn lookup(&self, query: u64) -> (NodeId, Target) {
        let mut luck = self.seed.stream(Domain::WORKLOAD, query, 0);
        let at = luck.below(self.honest.len() as u64);
        let target = match self.aim {
            Aim::Node => {
                // Any but the origin: at least two are honest.
                let other = luck.below(self.honest.len() as u64 - 1);
                Target::Node(self.honest[(other + u64::from(other >= at)) as usize])
            }
            Aim::Key => Target::Key(Id::random(&mut luck)),
            Aim::Fixed(key) => Target::Key(key),
        };
        (self.honest[at as usize], target)
    }
}

impl Workload<Node> for Lookups {
    fn next(&mut self) -> Option<Arrival<Node>> {
        if self.next >= self.count {
            return None;
        }
        let query = self.next;
        self.next += 1;
        let (node, target) = self.lookup(query);
        Some(Arrival {
            at: self.begin + self.spacing * query,
            node,
            request: Request::Lookup { query, target },
        })
    }
}

//! The load: committees open, lead and close; or clients petition the first one.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Seed, Span, Time};
use astrarium_protocol_overlay::group::Request as Below;
use astrarium_protocol_overlay::group::committee::Request;
use astrarium_runner::Params;

use super::world::{Node, Round, World};

/// Purpose of the draws of petitions among those of the load; the counter is the petition's number.
const PETITION: u64 = 12;
/// Committees are closed this long after their deadline.
const AFTERMATH: Span = Span::from_secs(1);

/// The load of a run.
#[derive(Debug, Clone)]
pub(crate) enum Load {
    /// Rounds, all planned.
    Rounds {
        /// What happens when, in order.
        plan: Arc<[(Time, Step)]>,
        /// The rounds.
        rounds: Arc<[Round]>,
        /// What leaders are asked.
        terms: Terms,
        /// The next step, and the next member it concerns.
        next: (usize, usize),
    },
    /// Petitions, one after the other.
    Petitions(Petitions),
}

/// What happens to a round's committee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Open(usize),
    Lead(usize),
    Close(usize),
}

/// What leaders are asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    phases: u8,
    quorum: u32,
    bytes: u32,
}

/// Clients and what they send.
#[derive(Debug, Clone)]
pub(crate) struct Petitions {
    seed: Seed,
    round: Round,
    clients: Arc<[NodeId]>,
    mean: Span,
    bytes: u32,
    opened: usize,
    number: u64,
    at: Time,
}

impl Load {
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        // At most 100 MB.
        let bytes = params.bytes("workload.bytes") as u32;
        if params.text("workload.kind") == "petitions" {
            return Self::Petitions(Petitions::new(params, world, bytes));
        }
        let mut plan = Vec::new();
        for (number, round) in world.rounds.iter().enumerate() {
            plan.push((round.opens, Step::Open(number)));
            plan.push((round.begins, Step::Lead(number)));
            plan.push((round.deadline + AFTERMATH, Step::Close(number)));
        }
        plan.sort_unstable();
        let terms = Terms { phases: params.count("protocol.phases") as u8, quorum: world.quorum, bytes };
        Self::Rounds { plan: plan.into(), rounds: Arc::clone(&world.rounds), terms, next: (0, 0) }
    }
}

impl Petitions {
    fn new(params: &Params, world: &World, bytes: u32) -> Self {
        let round = world.rounds[0].clone();
        let client = |id: &NodeId| !round.roster.contains(*id) && !world.coalition.contains(id);
        Self {
            seed: world.seed,
            clients: (0..world.nodes).map(NodeId::from).filter(client).collect(),
            mean: Span::from_secs_f64(1.0 / params.per_second("workload.rate")),
            bytes,
            opened: 0,
            number: 0,
            at: round.begins,
            round,
        }
    }

    fn next(&mut self) -> Option<Arrival<Node>> {
        let Round { group, roster, .. } = &self.round;
        if let Some(&node) = roster.members().get(self.opened) {
            self.opened += 1;
            let at = Time::ZERO + Span::from_nanos(self.opened as u64);
            let request = Request::Group(Below::Open { group: *group, roster: roster.clone() });
            return Some(Arrival { at, node, request });
        }
        let mut luck = self.seed.stream(Domain::WORKLOAD, PETITION, self.number);
        self.at += self.mean.scale(luck.exponential());
        let node = self.clients[luck.below(self.clients.len() as u64) as usize];
        let (group, roster) = (*group, roster.clone());
        let request = Request::Petition { group, roster, number: self.number, bytes: self.bytes };
        self.number += 1;
        Some(Arrival { at: self.at, node, request })
    }
}

impl Workload<Node> for Load {
    fn next(&mut self) -> Option<Arrival<Node>> {
        let (plan, rounds, terms, next) = match self {
            Self::Petitions(petitions) => return petitions.next(),
            Self::Rounds { plan, rounds, terms, next } => (plan, rounds, *terms, next),
        };
        loop {
            let &(at, step) = plan.get(next.0)?;
            let (Step::Open(number) | Step::Lead(number) | Step::Close(number)) = step;
            let round = &rounds[number];
            let group = round.group;
            let member = if matches!(step, Step::Lead(_)) && next.1 == 0 {
                Some(round.leader())
            } else if matches!(step, Step::Lead(_)) {
                None
            } else {
                round.roster.members().get(next.1).copied()
            };
            let Some(node) = member else {
                *next = (next.0 + 1, 0);
                continue;
            };
            next.1 += 1;
            let request = match step {
                Step::Open(_) => Request::Group(Below::Open { group, roster: round.roster.clone() }),
                Step::Close(_) => Request::Group(Below::Close { group }),
                Step::Lead(_) => {
                    let Terms { phases, quorum, bytes } = terms;
                    Request::Lead { group, round: group.0, phases, quorum, bytes }
                }
            };
            return Some(Arrival { at, node, request });
        }
    }
}

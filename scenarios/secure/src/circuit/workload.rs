//! The load: each user makes circuits, one after the other, and sends some messages through each to another user.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Span, Time};
use astrarium_protocol_overlay::circuit::Request;
use astrarium_runner::Params;

use super::world::{Node, World};
use crate::item::Item;

/// When the first message is sent at the earliest.
pub(crate) const BEGIN: Span = Span::from_secs(1);
/// Purposes of draws among those of the load: when a user begins; a circuit's recipient and times (the counter is its number).
const PHASE: u64 = u64::MAX;

/// A message of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Planned {
    at: Time,
    from: NodeId,
    number: u32,
    to: NodeId,
}

/// What is left to do.
#[derive(Debug, Clone)]
pub(crate) struct Messages {
    plan: Arc<[Planned]>,
    /// Times and recipients by user and number.
    sent: Arc<[(Time, NodeId)]>,
    first_user: u32,
    per_circuit: u32,
    per_user: u32,
    bytes: u32,
    next: usize,
}

impl Messages {
    pub(crate) fn new(params: &Params, world: &World) -> Self {
        let (gap, spacing) = (params.span("workload.gap"), params.span("workload.spacing"));
        // Bounded by their declarations, and their product by `world::check`.
        let (circuits, per_circuit) =
            (params.count("workload.circuits") as u32, params.count("workload.messages") as u32);
        let users = u64::from(world.nodes - world.relays);
        let mut plan = Vec::new();
        for from in world.users() {
            let luck = |counter| world.seed.stream(Domain::WORKLOAD, u64::from(from.0), counter);
            let phase = Span::from_nanos(luck(PHASE).below(gap.as_nanos()));
            for circuit in 0..circuits {
                let mut luck = luck(u64::from(circuit));
                // Any user but oneself.
                let other = world.relays + luck.below(users - 1) as u32;
                let to = NodeId(if other >= from.0 { other + 1 } else { other });
                let mut at = Time::ZERO + BEGIN + phase + gap * u64::from(circuit);
                for message in 0..per_circuit {
                    plan.push(Planned { at, from, number: circuit * per_circuit + message, to });
                    at += spacing.scale(luck.exponential());
                }
            }
        }
        let sent = plan.iter().map(|planned| (planned.at, planned.to)).collect();
        plan.sort_unstable();
        Self {
            plan: plan.into(),
            sent,
            first_user: world.relays,
            per_circuit,
            per_user: circuits * per_circuit,
            bytes: params.bytes("workload.bytes") as u32,
            next: 0,
        }
    }

    /// When a message was asked for, and for whom; `None` for one that is not part of the load.
    pub(crate) fn planned(&self, item: &Item) -> Option<(Time, NodeId)> {
        let user = item.sender.checked_sub(self.first_user).filter(|_| item.number < self.per_user)?;
        self.sent.get(self.place(user, item.number)).copied()
    }

    /// Place of a message among all, by user and number; also of anything else that there is once for each message.
    fn place(&self, user: u32, number: u32) -> usize {
        user as usize * self.per_user as usize + number as usize
    }

    /// Number of the circuit among those of its sender.
    pub(crate) fn circuit_of(&self, item: &Item) -> u32 {
        item.number / self.per_circuit
    }

    /// The number, over all users, of a message.
    pub(crate) fn index(&self, item: &Item) -> usize {
        self.place(item.sender - self.first_user, item.number)
    }

    /// Number of all messages.
    pub(crate) fn len(&self) -> usize {
        self.sent.len()
    }

    /// Messages asked for before this time.
    pub(crate) fn sent_before(&self, now: Time) -> usize {
        self.plan.partition_point(|planned| planned.at < now)
    }

    /// Whether a message makes a circuit.
    pub(crate) fn is_first(&self, item: &Item) -> bool {
        item.number.is_multiple_of(self.per_circuit)
    }
}

impl Workload<Node> for Messages {
    fn next(&mut self) -> Option<Arrival<Node>> {
        let Planned { at, from, number, to } = *self.plan.get(self.next)?;
        self.next += 1;
        let message = Item { sender: from.0, number, bytes: self.bytes };
        let fresh = self.is_first(&message);
        Some(Arrival { at, node: from, request: Request::Send { to, message, fresh } })
    }
}

//! The load: the group is opened, then messages are made one after the other.

use std::sync::Arc;

use astrarium_engine::{Arrival, Workload};
use astrarium_node::{Domain, NodeId, Protocol, Seed, Span, Time, Wire};
use astrarium_protocol_overlay::group::{Body, GroupId, Request};
use astrarium_runner::Params;

use super::world::World;

/// The only group.
pub(crate) const GROUP: GroupId = GroupId(1);
/// Purpose of the draw of each message's origin among those of the load.
const ORIGIN: u64 = 2;

/// A message of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Payload {
    /// Its number, from 0.
    pub(crate) number: u32,
    /// Its length.
    pub(crate) bytes: u32,
}

impl Wire for Payload {
    fn wire_len(&self) -> u32 {
        self.bytes
    }
}

impl Body for Payload {
    fn merge(&mut self, _other: &Self) {
        // Nothing is collected here.
    }
}

/// When messages are made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) start: Span,
    pub(crate) spacing: Span,
    pub(crate) messages: u32,
}

impl Schedule {
    pub(crate) fn new(params: &Params) -> Self {
        Self {
            start: params.span("workload.start"),
            spacing: params.span("workload.spacing"),
            messages: params.count("workload.messages") as u32,
        }
    }

    /// When message `number` is made.
    pub(crate) fn at(&self, number: u32) -> Time {
        Time::ZERO + self.start + self.spacing * u64::from(number)
    }
}

/// Who makes the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    One(NodeId),
    Each,
    Outsider(NodeId),
}

/// The load of a run.
#[derive(Debug, Clone)]
pub(crate) struct Casts {
    seed: Seed,
    world: Arc<World>,
    origin: Origin,
    schedule: Schedule,
    bytes: u32,
    /// Members told to open the group so far, then messages made.
    opened: usize,
    made: u32,
}

impl Casts {
    pub(crate) fn new(params: &Params, world: &Arc<World>) -> Self {
        let first = world.roster.listed()[0];
        let origin = match (params.text("workload.origin"), world.outsider) {
            ("each", _) => Origin::Each,
            ("outsider", Some(outsider)) => Origin::Outsider(outsider),
            _ => Origin::One(first),
        };
        Self {
            seed: world.seed,
            world: Arc::clone(world),
            origin,
            schedule: Schedule::new(params),
            bytes: params.bytes("workload.bytes").min(1 << 30) as u32,
            opened: 0,
            made: 0,
        }
    }

    /// The member that makes a message.
    fn member(&self, number: u32) -> NodeId {
        let mut luck = self.seed.stream(Domain::WORKLOAD, ORIGIN, u64::from(number));
        let roster = &self.world.roster;
        roster.placed(luck.below(roster.len() as u64) as usize)
    }
}

impl<P: Protocol<Above = Request<Payload>>> Workload<P> for Casts {
    fn next(&mut self) -> Option<Arrival<P>> {
        if let Some(&node) = self.world.roster.members().get(self.opened) {
            let roster = self.world.opens(node).clone();
            self.opened += 1;
            // A nanosecond each: at most a tenth of a millisecond for all.
            let at = Time::ZERO + Span::from_nanos(self.opened as u64);
            return Some(Arrival { at, node, request: Request::Open { group: GROUP, roster } });
        }
        if self.made >= self.schedule.messages {
            return None;
        }
        let number = self.made;
        self.made += 1;
        let body = Payload { number, bytes: self.bytes };
        let cast = Request::Cast { group: GROUP, body };
        let (node, request) = match self.origin {
            Origin::One(node) => (node, cast),
            Origin::Each => (self.member(number), cast),
            Origin::Outsider(node) => {
                let roster = self.world.roster.clone();
                (node, Request::Enter { group: GROUP, roster, connected: None, body })
            }
        };
        Some(Arrival { at: self.schedule.at(number), node, request })
    }
}

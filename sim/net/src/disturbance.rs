//! The disturbances of the fault plan that are in force, compiled for quick questions.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_node::NodeId;

use crate::change::{Disturbance, NetChange};

/// Why a pair cannot talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Partition,
    OneWay,
}

/// A disturbance that severs links, in the form in which every packet asks it.
#[derive(Debug, Clone)]
enum Barrier {
    Sides(Arc<[u8]>),
    /// Senders and recipients, both in order.
    OneWay(Vec<NodeId>, Vec<NodeId>),
}

impl Barrier {
    fn of(disturbance: &Disturbance) -> Option<Self> {
        let sorted = |nodes: &[NodeId]| {
            let mut nodes = nodes.to_vec();
            nodes.sort_unstable();
            nodes
        };
        match disturbance {
            Disturbance::Partition { marks } => Some(Self::Sides(Arc::clone(marks))),
            Disturbance::OneWay { from, to } => Some(Self::OneWay(sorted(from), sorted(to))),
            _ => None,
        }
    }

    fn cuts(&self, from: NodeId, to: NodeId) -> Option<Cut> {
        match self {
            Self::Sides(marks) => {
                // Nodes without a mark are on side 0.
                let mark = |node: NodeId| marks.get(node.index()).copied().unwrap_or(0);
                (mark(from) != mark(to)).then_some(Cut::Partition)
            }
            Self::OneWay(senders, recipients) => {
                let hit = senders.binary_search(&from).is_ok() && recipients.binary_search(&to).is_ok();
                hit.then_some(Cut::OneWay)
            }
        }
    }
}

/// Disturbances in force, by the id of their fault. Everything else is derived from this list, so lifting one restores
/// exactly what the others leave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disturbances {
    list: BTreeMap<u32, Disturbance>,
    /// Those that sever links, in order of their ids.
    barriers: Vec<Barrier>,
    /// Loss everywhere.
    burst: f64,
    /// Loss and delay in nanoseconds of gray nodes.
    gray: BTreeMap<NodeId, (f64, u64)>,
}

impl Disturbances {
    /// True when nothing is disturbed.
    #[inline]
    pub(crate) fn none(&self) -> bool {
        self.list.is_empty()
    }

    /// Applies a change; returns the nodes whose access rates it touches.
    pub(crate) fn apply(&mut self, change: &NetChange) -> Vec<NodeId> {
        let (old, new) = match change {
            NetChange::Impose { id, disturbance } => {
                (self.list.insert(*id, disturbance.clone()), Some(disturbance))
            }
            NetChange::Lift { id } => (self.list.remove(id), None),
        };
        let mut touched = Vec::new();
        for disturbance in old.iter().chain(new) {
            if let Disturbance::Bandwidth { nodes, .. } = disturbance {
                touched.extend_from_slice(nodes);
            }
        }
        self.derive();
        touched
    }

    fn derive(&mut self) {
        self.barriers = self.list.values().filter_map(Barrier::of).collect();
        self.burst = 0.0;
        self.gray.clear();
        for disturbance in self.list.values() {
            match disturbance {
                Disturbance::LossBurst { loss } => self.burst = either(self.burst, loss.as_f64()),
                Disturbance::Gray { nodes, loss, delay } => {
                    for node in nodes.iter() {
                        let (p, extra) = self.gray.entry(*node).or_default();
                        *p = either(*p, loss.as_f64());
                        *extra = extra.saturating_add(delay.as_nanos());
                    }
                }
                // Barriers are compiled above; rates are asked for; a rebinding is over at once and never on the list.
                Disturbance::Partition { .. }
                | Disturbance::OneWay { .. }
                | Disturbance::Bandwidth { .. }
                | Disturbance::Rebind { .. } => {}
            }
        }
    }

    /// Remaining share of a node's access rates: the product over all disturbances that name it.
    pub(crate) fn rate_factor(&self, node: NodeId) -> f64 {
        let factor = |disturbance: &Disturbance| match disturbance {
            Disturbance::Bandwidth { nodes, factor } if nodes.contains(&node) => *factor,
            _ => 1.0,
        };
        self.list.values().map(factor).product()
    }

    /// Why packets from `from` do not reach `to`, if so.
    #[inline]
    pub(crate) fn cut(&self, from: NodeId, to: NodeId) -> Option<Cut> {
        self.barriers.iter().find_map(|barrier| barrier.cuts(from, to))
    }

    /// Extra loss per packet and extra delay in nanoseconds between two nodes.
    pub(crate) fn trouble(&self, from: NodeId, to: NodeId) -> (f64, u64) {
        let mut trouble = (self.burst, 0_u64);
        for (loss, delay) in [from, to].iter().filter_map(|node| self.gray.get(node)) {
            trouble = (either(trouble.0, *loss), trouble.1.saturating_add(*delay));
        }
        trouble
    }
}

/// Probability of one or the other of two independent events.
fn either(p: f64, q: f64) -> f64 {
    1.0 - (1.0 - p) * (1.0 - q)
}

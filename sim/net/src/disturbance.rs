//! The disturbances of the fault plan that are in force, compiled for quick questions.

use std::collections::BTreeMap;

use astrarium_node::NodeId;

use crate::change::{Disturbance, NetChange};

/// Why a pair cannot talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Partition,
    OneWay,
}

/// Disturbances in force, by the id of their fault. Everything else is derived from this list, so lifting one restores
/// exactly what the others leave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disturbances {
    list: BTreeMap<u32, Disturbance>,
    /// Whether a disturbance in force severs links.
    severs: bool,
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
        (self.severs, self.burst) = (false, 0.0);
        self.gray.clear();
        for disturbance in self.list.values() {
            match disturbance {
                Disturbance::Partition { .. } | Disturbance::OneWay { .. } => self.severs = true,
                Disturbance::LossBurst { loss } => self.burst = either(self.burst, loss.as_f64()),
                Disturbance::Gray { nodes, loss, delay } => {
                    for node in nodes.iter() {
                        let (p, extra) = self.gray.entry(*node).or_default();
                        *p = either(*p, loss.as_f64());
                        *extra = extra.saturating_add(delay.as_nanos());
                    }
                }
                // Rates are asked for; a rebinding is over at once and never on the list.
                Disturbance::Bandwidth { .. } | Disturbance::Rebind { .. } => {}
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
        if !self.severs {
            return None;
        }
        self.list.values().find_map(|disturbance| match disturbance {
            // Nodes without a mark are on side 0.
            Disturbance::Partition { marks } => {
                let mark = |node: NodeId| marks.get(node.index()).copied().unwrap_or(0);
                (mark(from) != mark(to)).then_some(Cut::Partition)
            }
            Disturbance::OneWay { from: senders, to: recipients } => {
                (senders.contains(&from) && recipients.contains(&to)).then_some(Cut::OneWay)
            }
            _ => None,
        })
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

//! Observers: how experiments see a run. They watch and never touch.

use astrarium_node::{NodeId, Protocol, Time};

use crate::node::Slot;

/// What an observer may look at.
#[derive(Debug)]
pub struct Sight<'a, P: Protocol> {
    now: Time,
    slots: &'a [Slot<P>],
}

impl<'a, P: Protocol> Sight<'a, P> {
    pub(crate) fn new(now: Time, slots: &'a [Slot<P>]) -> Self {
        Self { now, slots }
    }

    /// Global virtual time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.slots.len()
    }

    /// A node's state, read only.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &'a P {
        &self.slots[id.index()].state
    }

    /// Whether a node is up.
    #[must_use]
    pub fn is_up(&self, id: NodeId) -> bool {
        self.slots[id.index()].up
    }

    /// Whether the adversary controls a node.
    #[must_use]
    pub fn is_controlled(&self, id: NodeId) -> bool {
        self.slots[id.index()].controlled
    }

    /// All ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<P> {
        (0..self.slots.len()).map(NodeId::from)
    }
}

/// Watches a run. Every method has an empty default, and an empty method costs nothing.
///
/// Observers must merge commutatively, so that a run split over threads can watch with one observer per part.
pub trait Observer<P: Protocol>: Clone + Send + 'static {
    /// A node's topmost layer indicated something.
    fn on_indication(&mut self, node: NodeId, indication: &P::Up, sight: &Sight<'_, P>) {
        let _ = (node, indication, sight);
    }

    /// A node sent a message to so many recipients.
    fn on_send(&mut self, from: NodeId, message: &P::Msg, copies: usize, now: Time) {
        let _ = (from, message, copies, now);
    }

    /// A node came up or went down.
    fn on_life(&mut self, node: NodeId, up: bool, sight: &Sight<'_, P>) {
        let _ = (node, up, sight);
    }

    /// A fault of the plan began or ended.
    fn on_fault(&mut self, id: &str, begins: bool, sight: &Sight<'_, P>) {
        let _ = (id, begins, sight);
    }

    /// True when nothing more needs to be seen: the run stops.
    fn finished(&self) -> bool {
        false
    }

    /// Adds what another observer of the same run has seen.
    fn merge(&mut self, other: Self);
}

/// Sees nothing.
impl<P: Protocol> Observer<P> for () {
    fn merge(&mut self, (): Self) {}
}

/// Both see everything; the run stops when either is finished.
impl<P: Protocol, A: Observer<P>, B: Observer<P>> Observer<P> for (A, B) {
    fn on_indication(&mut self, node: NodeId, indication: &P::Up, sight: &Sight<'_, P>) {
        self.0.on_indication(node, indication, sight);
        self.1.on_indication(node, indication, sight);
    }

    fn on_send(&mut self, from: NodeId, message: &P::Msg, copies: usize, now: Time) {
        self.0.on_send(from, message, copies, now);
        self.1.on_send(from, message, copies, now);
    }

    fn on_life(&mut self, node: NodeId, up: bool, sight: &Sight<'_, P>) {
        self.0.on_life(node, up, sight);
        self.1.on_life(node, up, sight);
    }

    fn on_fault(&mut self, id: &str, begins: bool, sight: &Sight<'_, P>) {
        self.0.on_fault(id, begins, sight);
        self.1.on_fault(id, begins, sight);
    }

    fn finished(&self) -> bool {
        self.0.finished() || self.1.finished()
    }

    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
        self.1.merge(other.1);
    }
}

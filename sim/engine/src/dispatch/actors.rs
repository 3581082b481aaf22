//! Those who act without being nodes: the coalition, the fault plan and churn.

use astrarium_net::{NetChange, Network};
use astrarium_node::hash::mix;
use astrarium_node::{NodeId, Protocol};

use super::effects::name_of;
use super::{ENGINE, Note};
use crate::adversary::Adversary;
use crate::adversary::Hands;
use crate::fault::FaultAction;
use crate::input::Input;
use crate::key::{Key, Source};
use crate::observer::Observer;
use crate::observer::Sight;
use crate::pending::Pending;
use crate::queue::PendingSet;
use crate::simulation::Simulation;
use crate::workload::Workload;

impl<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>> Simulation<P, N, A, O, W> {
    /// Sends and wakes that a coalition ordered besides its node's own effects.
    pub(crate) fn carry_out_orders(&mut self) {
        // Taken out while the sends run; put back to keep the allocation.
        let mut sends = std::mem::take(&mut self.orders.sends);
        for (from, datagram) in sends.drain(..) {
            if self.slots[from.index()].up {
                self.send(from, name_of(&datagram), datagram);
            }
        }
        self.orders.sends = sends;
        for (at, token) in self.orders.wakes.drain(..) {
            let key = Key::new(at, Source::ADVERSARY, self.wakes, self.order_seed);
            self.wakes = self.wakes.wrapping_add(1);
            self.queue.push(key, Pending::Wake { token }.pack());
        }
    }

    pub(super) fn wake(&mut self, key: Key, token: u32) {
        self.note_engine(key, ENGINE, Note::Wake, token);
        self.env.begin(self.now, ENGINE, mix(key.moment(), u64::from(token)));
        self.act(|adversary, hands| adversary.on_wake(token, hands));
    }

    /// Lets the coalition act outside of any input, and carries out what it did.
    pub(crate) fn act(&mut self, play: impl FnOnce(&mut A, &mut Hands<'_, P>)) {
        let mut hands = Hands {
            now: self.now,
            env: &mut self.env,
            fx: &mut self.fx,
            slots: &mut self.slots,
            orders: &mut self.orders,
            clocks: &self.clocks,
            acting: None,
        };
        play(&mut self.adversary, &mut hands);
        let acting = hands.acting;
        match acting {
            Some(node) if self.slots[node.index()].up => self.carry_out_apart(node),
            // Nobody's effects must not leave as those of the next node that handles something.
            _ => self.fx.clear(),
        }
        self.carry_out_orders();
    }

    pub(super) fn fault(&mut self, key: Key, index: usize, begins: bool) {
        let plan = std::sync::Arc::clone(&self.faults);
        let Some(fault) = plan.get(index) else { return };
        self.note_engine(key, ENGINE, if begins { Note::FaultBegins } else { Note::FaultEnds }, index as u32);
        match (&fault.action, begins) {
            (FaultAction::Crash { nodes, .. }, true) => nodes.iter().for_each(|&node| self.take_down(node)),
            (FaultAction::Crash { nodes, keep_state }, false) => {
                nodes.iter().for_each(|&node| self.bring_up(key, node, *keep_state));
            }
            (FaultAction::Disturb(disturbance), true) => {
                let change = NetChange::Impose { id: index as u32, disturbance: disturbance.clone() };
                self.network.change(self.now, &change);
            }
            (FaultAction::Disturb(_), false) => {
                self.network.change(self.now, &NetChange::Lift { id: index as u32 });
            }
            (FaultAction::ClockStep { nodes, by_ns }, true) => self.step_clocks(nodes, *by_ns),
            (FaultAction::ClockStep { .. }, false) => {}
        }
        self.observer.on_fault(&fault.id, begins, &Sight::new(self.now, &self.slots));
    }

    fn step_clocks(&mut self, nodes: &[NodeId], by_ns: i64) {
        if self.clocks.is_empty() {
            let (model, seed) = (&self.clock_model, self.env.seed());
            self.clocks = (0..self.slots.len()).map(|i| model.clock(seed, NodeId::from(i))).collect();
        }
        for node in nodes {
            let clock = &mut self.clocks[node.index()];
            *clock = clock.stepped(by_ns);
        }
    }

    /// A churning node's session (even count) or absence (odd count) is over.
    pub(super) fn churn(&mut self, key: Key, node: NodeId, count: u32) {
        self.note_engine(key, node, Note::Churn, count);
        let (seed, turn) = (self.env.seed(), u64::from(count / 2));
        let next = if count.is_multiple_of(2) {
            self.take_down(node);
            self.churn.absence(seed, node, turn)
        } else {
            self.bring_up(key, node, true);
            self.churn.session(seed, node, turn + 1)
        };
        let key = Key::new(self.now + next, Source::CHURN, node.0, self.order_seed);
        self.queue.push(key, Pending::Churn { node, count: count.wrapping_add(1) }.pack());
    }

    fn take_down(&mut self, node: NodeId) {
        if self.slots[node.index()].begin_outage() {
            self.observer.on_life(node, false, &Sight::new(self.now, &self.slots));
        }
    }

    fn bring_up(&mut self, key: Key, node: NodeId, keep_state: bool) {
        let slot = &mut self.slots[node.index()];
        let Some(has_disk) = slot.end_outage(keep_state) else { return };
        let input = if has_disk {
            Input::Restart
        } else {
            slot.state = (self.factory)(node);
            Input::Start
        };
        self.observer.on_life(node, true, &Sight::new(self.now, &self.slots));
        self.input_apart(node, input, key);
    }
}

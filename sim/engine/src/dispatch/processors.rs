//! Processors that are not free: handlers' effects wait for a core to be done, inputs for one to be idle.

use astrarium_net::Network;
use astrarium_node::{NodeId, Protocol, Span};

use super::Note;
use crate::adversary::Adversary;
use crate::cpu::{self, Cpu};
use crate::key::Key;
use crate::observer::Observer;
use crate::pending::Pending;
use crate::queue::PendingSet;
use crate::simulation::Simulation;
use crate::workload::Workload;

impl<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>> Simulation<P, N, A, O, W> {
    /// The handler charged processor time: its effects wait until the core is done.
    pub(super) fn occupy(&mut self, node: NodeId) {
        let processor = self.cpu.of(node);
        let done = self.now + cpu::service_time(processor, self.env.spent()).max(Span::from_nanos(1));
        self.set_timers(node, done);
        let slot = &mut self.slots[node.index()];
        slot.cpu.get_or_insert_with(|| Box::new(Cpu::new(processor.cores))).occupy(self.now, done);
        let life = slot.life;
        let key = slot.next_key(node, done, self.order_seed);
        let slot = self.works.begin(node, life, &mut self.fx);
        self.queue.push(key, Pending::WorkDone { slot }.pack());
    }

    pub(super) fn work_done(&mut self, key: Key, slot: u32) {
        let (node, life) = self.works.finish(slot, &mut self.fx);
        self.note_engine(key, node, Note::WorkDone, 0);
        if self.slots[node.index()].life == life {
            self.carry_out_apart(node);
        } else {
            self.fx.clear();
        }
    }

    /// Sees to it that the node looks at its queue when a core is free.
    pub(super) fn alarm(&mut self, node: NodeId) {
        let slot = &mut self.slots[node.index()];
        let Some(cpu) = slot.cpu.as_mut().filter(|cpu| !cpu.alarmed && cpu.has_waiting()) else { return };
        cpu.alarmed = true;
        let (at, life) = (cpu.first_free().max(self.now + Span::from_nanos(1)), slot.life);
        let key = slot.next_key(node, at, self.order_seed);
        self.queue.push(key, Pending::CoreFree { node, life }.pack());
    }

    pub(super) fn core_free(&mut self, key: Key, node: NodeId, life: u32) {
        self.note_engine(key, node, Note::CoreFree, 0);
        if self.slots[node.index()].life != life {
            return;
        }
        if let Some(cpu) = &mut self.slots[node.index()].cpu {
            cpu.alarmed = false;
        }
        let now = self.now;
        while let Some((input, key, content)) =
            self.slots[node.index()].cpu.as_mut().and_then(|c| c.take(now))
        {
            self.execute_apart(node, input, key.moment() ^ content);
        }
        self.alarm(node);
    }
}

//! Messages and timers that are due: from the pending-event set to the node's door.

use astrarium_net::{Arrival as Landed, Landing, Network};
use astrarium_node::{NodeId, Protocol, Wire};

use super::Note;
use crate::adversary::Adversary;
use crate::flight::{Hop, Tagged};
use crate::input::Input;
use crate::key::{Key, Source};
use crate::observer::Observer;
use crate::pending::Pending;
use crate::queue::PendingSet;
use crate::simulation::Simulation;
use crate::timers::Surfaced;
use crate::workload::Workload;

impl<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>> Simulation<P, N, A, O, W> {
    #[inline(always)]
    pub(super) fn whole(&mut self, key: Key, from: NodeId, to: NodeId, slot: u32) {
        let message = &self.mail.whole(slot).message;
        let bytes = message.wire_len();
        if message.header().is_some() {
            let message = self.mail.take_whole(slot);
            return self.pass_gate(key, from, to, 1, message);
        }
        match self.network.arrive(self.now, &Landing { from, to, bytes, piece: 0, pieces: 1 }) {
            Landed::Deliver => {
                let content = self.mail.take_whole(slot);
                self.deliver(key, from, to, content);
            }
            landed => {
                let message = self.mail.take_whole(slot);
                self.not_yet(key, from, to, message, landed);
            }
        }
    }

    /// A message that arrived whole waits in the downlink queue, or is lost there.
    #[inline(never)]
    pub(super) fn not_yet(
        &mut self,
        key: Key,
        from: NodeId,
        to: NodeId,
        message: Tagged<P::Msg>,
        landed: Landed,
    ) {
        match landed {
            Landed::Later(at) => {
                self.note_engine(key, to, Note::Waits, 0);
                let slot = self.mail.post(from, to, message, 1);
                let later = Key::new(at, Source::from(from), key.sequence(), self.order_seed);
                let item = Pending::Letter { slot, piece: 0, pieces: 1, landed: true };
                self.queue.push(later, item.pack());
            }
            Landed::Wait => {
                self.note_engine(key, to, Note::Waits, 0);
                let slot = self.mail.post(from, to, message, 1);
                self.await_downlink(slot, 0, 1);
            }
            Landed::Drop | Landed::Deliver => self.note_engine(key, to, Note::Lost, 0),
        }
    }

    pub(super) fn letter(&mut self, key: Key, slot: u32, piece: u16, pieces: u16, landed: bool) {
        let letter = self.mail.letter(slot);
        let (from, to) = (letter.from, letter.to);
        if !landed && letter.message.message.header().is_some() {
            return self.reach_gate(key, slot, piece, pieces);
        }
        if !landed {
            let bytes = letter.message.message.wire_len();
            match self.network.arrive(self.now, &Landing { from, to, bytes, piece, pieces }) {
                Landed::Deliver => {}
                Landed::Later(at) => {
                    self.note_engine(key, to, Note::Waits, 0);
                    let later = Key::new(at, Source::from(from), key.sequence(), self.order_seed);
                    self.queue.push(later, Pending::Letter { slot, piece, pieces, landed: true }.pack());
                    return;
                }
                Landed::Wait => {
                    self.note_engine(key, to, Note::Waits, 0);
                    return self.await_downlink(slot, piece, pieces);
                }
                Landed::Drop => {
                    self.note_engine(key, to, Note::Lost, 0);
                    self.mail.discard(slot);
                    return;
                }
            }
        }
        match self.mail.collect(slot, self.now, piece, pieces) {
            Some(message) => self.deliver_apart(key, from, to, message),
            None => self.note_engine(key, to, Note::Fragment, 0),
        }
    }

    #[inline(always)]
    pub(super) fn flight(&mut self, key: Key, slot: u32) {
        let flight = self.mail.flight(slot);
        let (from, bytes) = (flight.from, flight.message.message.wire_len());
        let (hop, message, next) = self.mail.land(slot);
        if let Some(next) = next {
            let key = Key::new(next.at, Source::from(from), next.sequence, self.order_seed);
            self.queue.push(key, Pending::Flight { slot }.pack());
        }
        let Some(Hop { to, .. }) = hop else { return };
        match self.network.arrive(self.now, &Landing { from, to, bytes, piece: 0, pieces: 1 }) {
            Landed::Deliver => self.deliver(key, from, to, message),
            landed => self.not_yet(key, from, to, message, landed),
        }
    }

    #[inline]
    pub(super) fn timer(&mut self, key: Key, node: NodeId, slot: u32) {
        match self.slots[node.index()].timers.surface(slot, key) {
            Surfaced::Fire(timer) => self.input_apart(node, Input::Timer(timer), key),
            Surfaced::PutBack(later) => self.queue.push(later, Pending::Timer { node, slot }.pack()),
            Surfaced::Stale => {}
        }
    }
}

//! Addressed messages: those with a header that middleboxes read and rewrite.
//!
//! Only the network knows whose an address is, so such a message has two more stages: it leaves through the middleboxes of its
//! sender, and passes those of its recipient. Where [`Wire::header`] is a constant `None`, nothing of this is compiled.

use std::hash::{Hash, Hasher};

use astrarium_net::{Arrival as Landed, Landing, Network, Parcel};
use astrarium_node::hash::StableHasher;
use astrarium_node::{Header, NodeId, Protocol, Wire};

use super::Note;
use crate::adversary::Adversary;
use crate::flight::Tagged;
use crate::key::Key;
use crate::observer::Observer;
use crate::simulation::Simulation;
use crate::workload::Workload;

impl<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>> Simulation<P, N, A, O, W> {
    /// A piece of an addressed message is at the far side, where fragments wait for one another: headers can be read and
    /// rewritten only of whole messages.
    #[inline(never)]
    pub(super) fn reach_gate(&mut self, key: Key, slot: u32, piece: u16, pieces: u16) {
        let letter = self.mail.letter(slot);
        let (from, to, bytes) = (letter.from, letter.to, letter.message.message.wire_len());
        match self.mail.collect(slot, self.now, piece, pieces) {
            Some(message) => self.pass_gate(key, from, to, pieces, message),
            None => {
                self.network.hold(self.now, &Landing { from, to, bytes, piece, pieces });
                self.note_engine(key, to, Note::Fragment, 0);
            }
        }
    }

    /// An addressed message, complete, passes the middleboxes of `at` to whoever they let it through to, and goes down that
    /// node's access link.
    #[inline(never)]
    pub(super) fn pass_gate(
        &mut self,
        key: Key,
        from: NodeId,
        at: NodeId,
        pieces: u16,
        mut message: Tagged<P::Msg>,
    ) {
        let bytes = message.message.wire_len();
        let landing = Landing { from, to: at, bytes, piece: pieces - 1, pieces };
        let inner = match message.message.header_mut() {
            Some(header) => self.network.inbound(self.now, &landing, header),
            None => None,
        };
        let Some(to) = inner else { return self.note_engine(key, at, Note::Lost, 0) };
        match self.network.arrive(self.now, &Landing { from, to, bytes, piece: 0, pieces: 1 }) {
            Landed::Deliver => self.deliver_apart(key, from, to, message),
            landed => self.not_yet(key, from, to, message, landed),
        }
    }

    /// Sends a message to wherever its header says, through the middleboxes of its sender.
    #[inline(never)]
    pub(super) fn send_addressed(&mut self, from: NodeId, tag: u64, mut message: P::Msg) {
        let bytes = message.wire_len();
        let Some(header) = message.header_mut() else {
            debug_assert!(false, "a header that cannot be rewritten: {message:?}");
            self.drops.unaddressed += 1;
            return;
        };
        if let Some(to) = self.network.outbound(self.now, from, bytes, header) {
            self.post(&Parcel { from, to, bytes, tag }, message);
        }
    }
}

/// One word for a header.
pub(super) fn name_of(header: &Header) -> u64 {
    let mut hasher = StableHasher::new(0);
    header.hash(&mut hasher);
    hasher.finish()
}

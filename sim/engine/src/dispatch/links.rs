//! Messages that wait for an access link which the network serves by its own order ([`Fate::Waits`], [`Landed::Wait`]).
//!
//! The engine keeps the message, the network keeps the order: what waits is known to it by the message's slot, and each time it has
//! decided something it says so in a list of [`Move`]s. Where links are first come, first served, nothing of this runs.
//!
//! [`Fate::Waits`]: astrarium_net::Fate::Waits
//! [`Landed::Wait`]: astrarium_net::Arrival::Wait

use astrarium_net::{Landing, Move, Network, Parcel, Side};
use astrarium_node::{NodeId, Protocol, Wire};

use super::Note;
use crate::adversary::Adversary;
use crate::flight::Tagged;
use crate::key::Key;
use crate::observer::Observer;
use crate::pending::Pending;
use crate::queue::PendingSet;
use crate::simulation::Simulation;
use crate::workload::Workload;

impl<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>> Simulation<P, N, A, O, W> {
    /// A message whose pieces wait for the uplink of its sender.
    #[inline(never)]
    pub(super) fn await_uplink(&mut self, parcel: &Parcel, pieces: u16, message: P::Msg) {
        let message = Tagged { message, tag: parcel.tag };
        let slot = self.mail.post(parcel.from, parcel.to, message, u32::from(pieces));
        let linger = std::mem::take(&mut self.linger);
        self.network.wait_up(self.now, parcel, slot, linger, &mut self.moves);
        self.carry_out_moves();
    }

    /// A piece of a message on file waits for the downlink of its recipient.
    #[inline(never)]
    pub(super) fn await_downlink(&mut self, slot: u32, piece: u16, pieces: u16) {
        let letter = self.mail.letter(slot);
        let bytes = letter.message.message.wire_len();
        let landing = Landing { from: letter.from, to: letter.to, bytes, piece, pieces };
        self.network.wait_down(self.now, &landing, slot, &mut self.moves);
        self.carry_out_moves();
    }

    /// A link may take up the next piece.
    pub(super) fn link_free(&mut self, key: Key, node: NodeId, side: Side) {
        self.note_engine(key, node, Note::LinkFree, u32::from(side == Side::Down));
        self.network.link_free(self.now, node, side, &mut self.moves);
        self.carry_out_moves();
    }

    fn carry_out_moves(&mut self) {
        // Taken out while they are carried out; put back to keep the allocation.
        let mut moves = std::mem::take(&mut self.moves);
        for step in moves.drain(..) {
            match step {
                Move::Sent { slot, transit } => {
                    debug_assert!(transit.at > self.now, "the network delivered at once");
                    self.mail.hold(slot);
                    let from = self.mail.letter(slot).from;
                    let key = self.slots[from.index()].next_key(from, transit.at, self.order_seed);
                    let (piece, pieces) = (transit.piece, transit.pieces);
                    self.queue.push(key, Pending::Letter { slot, piece, pieces, landed: false }.pack());
                }
                Move::Landed { slot, piece, pieces, at } => {
                    let to = self.mail.letter(slot).to;
                    let key = self.slots[to.index()].next_key(to, at, self.order_seed);
                    self.queue.push(key, Pending::Letter { slot, piece, pieces, landed: true }.pack());
                }
                Move::Gone { slot } => self.mail.discard(slot),
                Move::Wake { node, side, at } => {
                    let key = self.slots[node.index()].next_key(node, at, self.order_seed);
                    self.queue.push(key, Pending::LinkFree { node, side }.pack());
                }
            }
        }
        self.moves = moves;
    }
}

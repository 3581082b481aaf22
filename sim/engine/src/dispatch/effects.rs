//! What a handler asked for, carried out: indications, timers, and messages on their way.

use std::hash::Hash;

use astrarium_net::{Fate, Network, Parcel, Transit};
use astrarium_node::hash::StableHasher;
use astrarium_node::{Datagram, NodeId, Protocol, Span, Time, TimerCmd, Wire};

use crate::adversary::Adversary;
use crate::flight::{Hop, Tagged};
use crate::key::{Key, Source};
use crate::observer::Observer;
use crate::observer::Sight;
use crate::pending::Pending;
use crate::queue::PendingSet;
use crate::simulation::Simulation;
use crate::workload::Workload;

impl<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>> Simulation<P, N, A, O, W> {
    /// Carries out the effects of a node's handler, now.
    #[inline(always)]
    pub(super) fn carry_out(&mut self, node: NodeId) {
        while let Some(indication) = self.fx.up.pop_front() {
            self.observer.on_indication(node, &indication, &Sight::new(self.now, &self.slots));
        }
        self.set_timers(node, self.now);
        // Named where it lies: taken out first, its words would be waited for (a wide load after narrow stores).
        while let Some(tag) = self.fx.down.front().map(name_of) {
            if let Some(datagram) = self.fx.down.pop_front() {
                self.send(node, tag, datagram);
            }
        }
    }

    /// Arms and cancels timers; none fires before `not_before` has passed.
    #[inline(always)]
    pub(super) fn set_timers(&mut self, node: NodeId, not_before: Time) {
        while let Some(command) = self.fx.timers.pop_front() {
            let slot = &mut self.slots[node.index()];
            match command {
                TimerCmd::Set { timer, at } => {
                    let at = self.clocks.get(node.index()).map_or(at, |clock| clock.global(at));
                    let at = at.max(not_before + Span::from_nanos(1));
                    let key = slot.next_key(node, at, self.order_seed);
                    if let Some(slot) = slot.timers.set(timer, key) {
                        self.queue.push(key, Pending::Timer { node, slot }.pack());
                    }
                }
                TimerCmd::Cancel { timer } => slot.timers.cancel(timer),
            }
        }
    }

    #[inline(always)]
    pub(super) fn send(&mut self, from: NodeId, tag: u64, datagram: Datagram<P::Msg>) {
        match datagram {
            Datagram::One(to, message) => {
                self.observer.on_send(from, &message, 1, self.now);
                if message.header().is_some() {
                    return self.send_addressed(from, tag, message);
                }
                let parcel = Parcel { from, to, bytes: message.wire_len(), tag };
                self.post(&parcel, message);
            }
            Datagram::Many(recipients, message) => {
                self.observer.on_send(from, &message, recipients.len(), self.now);
                if message.header().is_some() {
                    debug_assert!(false, "a broadcast has no address: {message:?}");
                    self.drops.unaddressed += 1;
                    return;
                }
                self.broadcast(from, &recipients, tag, message);
            }
        }
    }

    /// Hands a message to the network, and makes pending what arrives of it.
    #[inline(always)]
    pub(super) fn post(&mut self, parcel: &Parcel, message: P::Msg) {
        match self.fate(parcel, &message) {
            Fate::Lost => {}
            Fate::Whole(at) => self.post_whole(parcel, at, message),
            Fate::Pieces => self.post_pieces(parcel, message),
            Fate::Waits(pieces) => self.await_uplink(parcel, pieces, message),
        }
    }

    /// Asks the network where a message goes, and the coalition whether it lingers.
    #[inline(always)]
    fn fate(&mut self, parcel: &Parcel, message: &P::Msg) -> Fate {
        let fate = self.network.fate(self.now, parcel, &mut self.transits);
        if !A::DELAYS || self.slots[parcel.from.index()].controlled {
            return fate;
        }
        let extra = self.adversary.delay(parcel.from, parcel.to, message, self.now).min(self.delta);
        match fate {
            Fate::Lost => Fate::Lost,
            Fate::Whole(at) => Fate::Whole(at + extra),
            Fate::Pieces => {
                self.transits.iter_mut().for_each(|transit| transit.at += extra);
                Fate::Pieces
            }
            Fate::Waits(pieces) => {
                self.linger = extra;
                Fate::Waits(pieces)
            }
        }
    }

    /// Makes a letter pending that arrives whole.
    #[inline(always)]
    fn post_whole(&mut self, parcel: &Parcel, at: Time, message: P::Msg) {
        debug_assert!(at > self.now, "the network delivered at once");
        let Parcel { from, to, .. } = *parcel;
        let slot = self.mail.post_whole(Tagged { message, tag: parcel.tag });
        let key = self.slots[from.index()].next_key(from, at, self.order_seed);
        self.queue.push(key, Pending::Whole { from, to, slot }.pack());
    }

    /// Makes the pieces in `self.transits` pending, as one letter.
    fn post_pieces(&mut self, parcel: &Parcel, message: P::Msg) {
        let message = Tagged { message, tag: parcel.tag };
        let slot = self.mail.post(parcel.from, parcel.to, message, self.transits.len() as u32);
        for transit in &self.transits {
            let Transit { at, piece, pieces } = *transit;
            debug_assert!(at > self.now, "the network delivered at once");
            let key = self.slots[parcel.from.index()].next_key(parcel.from, at, self.order_seed);
            self.queue.push(key, Pending::Letter { slot, piece, pieces, landed: false }.pack());
        }
    }

    /// Sends to many: whole messages become hops of one flight, anything else letters of their own.
    fn broadcast(&mut self, from: NodeId, recipients: &[NodeId], tag: u64, message: P::Msg) {
        let bytes = message.wire_len();
        let mut hops = self.mail.hop_list();
        for &to in recipients {
            let parcel = Parcel { from, to, bytes, tag };
            match self.fate(&parcel, &message) {
                Fate::Lost => {}
                Fate::Whole(at) => {
                    debug_assert!(at > self.now, "the network delivered at once");
                    let sequence = self.slots[from.index()].next_sequence();
                    hops.push(Hop { at, sequence, to });
                }
                Fate::Pieces => self.post_pieces(&parcel, message.clone()),
                Fate::Waits(pieces) => self.await_uplink(&parcel, pieces, message.clone()),
            }
        }
        if hops.is_empty() {
            self.mail.recycle(hops);
            return;
        }
        let slot = self.mail.launch(from, Tagged { message, tag }, hops);
        if let Some(first) = self.mail.next_hop(slot) {
            let key = Key::new(first.at, Source::from(from), first.sequence, self.order_seed);
            self.queue.push(key, Pending::Flight { slot }.pack());
        }
    }
}

/// The name of a message's content.
#[inline(always)]
pub(super) fn name_of<M: Hash>(datagram: &Datagram<M>) -> u64 {
    let (Datagram::One(_, message) | Datagram::Many(_, message)) = datagram;
    let mut hasher = StableHasher::new(0);
    message.hash(&mut hasher);
    hasher.state()
}

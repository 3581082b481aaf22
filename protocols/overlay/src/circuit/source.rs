//! The source's side: choosing relays, making circuits, sending through them.

use std::collections::VecDeque;

use astrarium_node::{Cx, Domain, NodeId, Op, Time};
use astrarium_protocol_transport::Message as Content;
use smallvec::SmallVec;

use super::layer::{Circuits, Event, Timer};
use super::message::{Body, CELL, Leg, Message, capacity};
use super::onion::{HopKeys, Onion, Parcel, RelayKey, Wrapped};

/// Draws of a source's guards.
const GUARDS: Domain = Domain::protocol(0x6375);

/// A circuit of one's own.
#[derive(Debug, Clone)]
pub(super) struct Own<M> {
    path: SmallVec<[NodeId; 3]>,
    keys: SmallVec<[HopKeys; 3]>,
    /// The leg to the first relay.
    pub(super) first: Leg,
    pub(super) open: bool,
    tries: u32,
    sent: u64,
    /// Takes no new message from then on.
    until: Time,
    waiting: VecDeque<(NodeId, M)>,
}

impl<M: Content> Circuits<M> {
    pub(super) fn submit(&mut self, to: NodeId, message: M, fresh: bool, cx: &mut Cx<'_, Self>) {
        if self.config.hops == 0 {
            Self::tell(to, Message::Plain(message), cx);
            return;
        }
        if message.wire_len() > capacity(self.config.hops) {
            self.stats.dropped += 1;
            return;
        }
        if fresh || self.own.as_ref().is_some_and(|own| own.until <= cx.now()) {
            self.leave(cx);
        }
        match &mut self.own {
            Some(own) if own.open => self.send_through(to, message, cx),
            Some(own) if own.waiting.len() < self.config.queue => own.waiting.push_back((to, message)),
            Some(_) => self.stats.dropped += 1,
            None => self.begin(VecDeque::from([(to, message)]), 1, cx),
        }
    }

    /// Ends the present circuit; what waits for it is dropped.
    fn leave(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(own) = self.own.take() else { return };
        self.stats.dropped += own.waiting.len() as u64;
        Self::tell(own.first.0, Message::cell(own.first.1, Body::Destroy), cx);
        cx.cancel_timer(Timer::Build);
    }

    /// Relays of a new circuit: distinct, not this node, the first one a guard if there are guards.
    fn choose(&mut self, cx: &mut Cx<'_, Self>) -> Option<SmallVec<[RelayKey; 3]>> {
        let (me, all) = (cx.me(), self.directory.len() as u64);
        if self.guards.is_empty() && self.config.guards > 0 {
            let drawn = cx.stream(GUARDS, 0).sample(all, self.config.guards + 1);
            let known = drawn.into_iter().map(|at| self.directory[at as usize]).filter(|r| r.id != me);
            self.guards = known.take(self.config.guards).collect();
        }
        let mut path: SmallVec<[RelayKey; 3]> = SmallVec::new();
        if !self.guards.is_empty() {
            path.push(self.guards[cx.rng().below(self.guards.len() as u64) as usize]);
        }
        // Two more than needed: this node and the guard may be among them.
        for at in cx.rng().sample(all, self.config.hops + 2) {
            let relay = self.directory[at as usize];
            if path.len() < self.config.hops
                && relay.id != me
                && path.first().is_none_or(|f| f.id != relay.id)
            {
                path.push(relay);
            }
        }
        (path.len() == self.config.hops).then_some(path)
    }

    fn begin(&mut self, waiting: VecDeque<(NodeId, M)>, tries: u32, cx: &mut Cx<'_, Self>) {
        let Some(relays) = self.choose(cx) else { return self.give_up(waiting.len(), cx) };
        let numbers: SmallVec<[u32; 3]> = relays.iter().map(|_| cx.rng().word() as u32).collect();
        // A fresh key pair and an agreement for each relay.
        relays.iter().for_each(|_| {
            cx.charge(Op::KeyAgreement);
            cx.charge(Op::KeyAgreement);
        });
        let (onion, keys) = Onion::build(&relays, &numbers[1..], cx.rng());
        self.stats.begun += 1;
        let first = (relays[0].id, numbers[0]);
        Self::tell(first.0, Message::cell(first.1, Body::Build(onion)), cx);
        cx.set_timer(Timer::Build, self.config.patience);
        let (path, until) = (relays.iter().map(|r| r.id).collect(), cx.now() + self.config.lifetime);
        self.own = Some(Own { path, keys, first, open: false, tries, sent: 0, until, waiting });
    }

    fn give_up(&mut self, lost: usize, cx: &mut Cx<'_, Self>) {
        self.stats.dropped += lost as u64;
        cx.indicate(Event::Failed { lost });
    }

    /// The circuit was not answered, or a relay ended it: try another.
    pub(super) fn again(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(own) = self.own.take() else { return };
        cx.cancel_timer(Timer::Build);
        self.stats.failed += 1;
        if own.waiting.is_empty() {
            return;
        }
        if own.tries >= self.config.tries {
            return self.give_up(own.waiting.len(), cx);
        }
        self.begin(own.waiting, own.tries + 1, cx);
    }

    fn send_through(&mut self, to: NodeId, message: M, cx: &mut Cx<'_, Self>) {
        let Some(own) = &mut self.own else { return };
        own.sent += 1;
        let number = own.sent;
        own.keys.iter().for_each(|_| cx.charge(Op::Cipher { bytes: CELL }));
        let wrapped = Wrapped::new(Parcel { to, message }, number, own.keys.iter().map(|k| &k.forward));
        let (first, circuit) = own.first;
        Self::tell(first, Message::cell(circuit, Body::Data { number, wrapped }), cx);
    }

    /// The answer to our Build.
    pub(super) fn on_answer(&mut self, mut answer: Wrapped<()>, cx: &mut Cx<'_, Self>) {
        let Some(own) = self.own.as_mut().filter(|own| !own.open) else {
            self.stats.unexpected += 1;
            return;
        };
        own.keys.iter().for_each(|_| cx.charge(Op::Cipher { bytes: CELL }));
        let ours = own.keys.iter().all(|keys| answer.peel(&keys.backward, 0));
        if !ours || answer.into_content().is_none() {
            self.stats.forged += 1;
            return;
        }
        own.open = true;
        self.stats.opened += 1;
        cx.cancel_timer(Timer::Build);
        cx.indicate(Event::Opened { path: own.path.clone() });
        for (to, message) in std::mem::take(&mut own.waiting) {
            self.send_through(to, message, cx);
        }
    }
}

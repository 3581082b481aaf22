//! The relay's side: one layer off, and on to the next.

use astrarium_node::{Cx, Op};
use astrarium_protocol_transport::Message as Content;
use astrarium_protocol_transport::secure::ReplayWindow;

use super::layer::{Circuits, Timer};
use super::message::{Body, CELL, Leg, Message};
use super::onion::{Onion, Parcel, Wrapped};
use super::table::Passing;

impl<M: Content> Circuits<M> {
    pub(super) fn on_build(&mut self, prev: Leg, onion: Onion, cx: &mut Cx<'_, Self>) {
        let Some(secret) = self.secret.as_ref().filter(|_| !self.table.has(prev)) else {
            self.stats.unexpected += 1;
            return;
        };
        if self.table.len() >= self.config.relayed {
            self.stats.refused += 1;
            Self::tell(prev.0, Message::cell(prev.1, Body::Destroy), cx);
            return;
        }
        cx.charge(Op::KeyAgreement);
        let Ok((layer, keys)) = onion.open(secret) else {
            self.stats.forged += 1;
            return;
        };
        let next = layer.onward.as_ref().map(|(id, number, _)| (*id, *number));
        // Circuits go on to relays only, and one that names a leg in use would take over its answers.
        if next.is_some_and(|leg| leg.0 == cx.me() || !self.is_relay(leg.0) || self.table.has_next(leg)) {
            self.stats.unexpected += 1;
            return;
        }
        match layer.onward {
            Some((id, number, onion)) => Self::tell(id, Message::cell(number, Body::Build(*onion)), cx),
            None => {
                cx.charge(Op::Cipher { bytes: CELL });
                let answer = Wrapped::new((), 0, std::iter::once(&keys.backward));
                Self::tell(prev.0, Message::cell(prev.1, Body::Built(answer)), cx);
            }
        }
        // Twice the life that an honest source gives it: the last message has long passed.
        let life = self.config.lifetime * 2;
        let passing = Passing { next, keys, seen: ReplayWindow::default() };
        if self.table.insert(prev, passing, cx.now() + life) {
            cx.set_timer(Timer::Expire, life);
        }
    }

    pub(super) fn on_built(&mut self, leg: Leg, mut answer: Wrapped<()>, cx: &mut Cx<'_, Self>) {
        if self.own.as_ref().is_some_and(|own| own.first == leg) {
            return self.on_answer(answer, cx);
        }
        let prev = self.table.towards_source(leg);
        let Some((prev, passing)) = prev.and_then(|prev| Some((prev, self.table.get_mut(prev)?))) else {
            self.stats.unexpected += 1;
            return;
        };
        cx.charge(Op::Cipher { bytes: CELL });
        answer.add(&passing.keys.backward, 0);
        self.stats.relayed += 1;
        Self::tell(prev.0, Message::cell(prev.1, Body::Built(answer)), cx);
    }

    pub(super) fn on_data(
        &mut self,
        prev: Leg,
        number: u64,
        mut wrapped: Wrapped<Parcel<M>>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(passing) = self.table.get_mut(prev) else {
            self.stats.unexpected += 1;
            return;
        };
        cx.charge(Op::Cipher { bytes: CELL });
        if !wrapped.peel(&passing.keys.forward, number) {
            self.stats.forged += 1;
            return;
        }
        if !passing.seen.admit(number) {
            self.stats.replayed += 1;
            return;
        }
        match passing.next {
            Some((next, circuit)) => {
                self.stats.relayed += 1;
                Self::tell(next, Message::cell(circuit, Body::Data { number, wrapped }), cx);
            }
            None => match wrapped.into_content() {
                Some(Parcel { to, message }) => {
                    self.stats.relayed += 1;
                    Self::tell(to, Message::Plain(message), cx);
                }
                None => self.stats.forged += 1,
            },
        }
    }

    pub(super) fn on_destroy(&mut self, leg: Leg, cx: &mut Cx<'_, Self>) {
        if self.own.as_ref().is_some_and(|own| own.first == leg) {
            return self.again(cx);
        }
        let onward = self.table.remove(leg).map(|gone| gone.next);
        let other = match (onward, self.table.towards_source(leg)) {
            (Some(next), _) => next,
            (None, Some(prev)) => {
                self.table.remove(prev);
                Some(prev)
            }
            (None, None) => {
                self.stats.unexpected += 1;
                None
            }
        };
        if let Some((to, circuit)) = other {
            Self::tell(to, Message::cell(circuit, Body::Destroy), cx);
        }
    }
}

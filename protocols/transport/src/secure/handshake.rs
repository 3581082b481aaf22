//! The handshake: HS1, the cookie, HS2, HS3.

use astrarium_node::{Cx, Datagram, NodeId, Op, Span, Time};

use super::keys::{CookieSecret, Ephemeral, EphemeralKey, Transcript, transcript};
use super::record::{Prologue, Proof, Record};
use super::session::Session;
use super::{Secure, Timer};
use crate::service::Message;

/// A cookie is good in its period and the next one.
const COOKIE_PERIOD: Span = Span::from_secs(120);
/// Least time between handshakes begun because a peer says that it lost its session.
const PATIENCE: Span = Span::from_secs(1);

/// A handshake that we began.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    session: u32,
    secret: Ephemeral,
    cookie: u64,
    tries: u32,
    pause: Span,
}

/// A handshake that we answered and that is not proven yet.
#[derive(Debug, Clone)]
pub(super) struct HalfOpen {
    initiator: EphemeralKey,
    responder: EphemeralKey,
    /// HS2 as it was sent, without the type of the datagrams above.
    time: Time,
    proof: Option<Proof>,
    session: Session,
}

impl<M: Message> Secure<M> {
    fn prologue(&self, session: u32, time: Time) -> Prologue {
        Prologue { session, chain: self.config.chain, time }
    }

    fn tell(to: NodeId, record: Record<M>, cx: &mut Cx<'_, Self>) {
        cx.send(Datagram::One(to, record));
    }

    /// Whether a handshake of this peer waits for its HS3.
    pub(super) fn is_answering(&self, peer: NodeId) -> bool {
        self.half_open.range((peer, 0)..=(peer, u32::MAX)).next().is_some()
    }

    /// Sends HS1.
    pub(super) fn begin(&mut self, to: NodeId, cx: &mut Cx<'_, Self>) {
        cx.charge(Op::KeyAgreement);
        let session = cx.rng().word() as u32;
        let secret = Ephemeral::generate(cx.rng());
        self.counters.begun += 1;
        let pending = Pending { session, secret, cookie: 0, tries: 0, pause: self.config.retry_after };
        self.peers.entry(to).or_default().pending = Some(pending);
        self.hello(to, cx);
    }

    fn hello(&mut self, to: NodeId, cx: &mut Cx<'_, Self>) {
        let prologue = self.prologue(0, cx.now());
        let Some(pending) = self.peers.get_mut(&to).and_then(|p| p.pending.as_mut()) else { return };
        pending.tries += 1;
        let prologue = Prologue { session: pending.session, ..prologue };
        let record = Record::Hello { prologue, key: pending.secret.public(), cookie: pending.cookie };
        cx.set_timer(Timer::Retry(to), pending.pause);
        pending.pause = pending.pause * self.config.retry_growth / 100;
        Self::tell(to, record, cx);
    }

    /// No answer to HS1 yet.
    pub(super) fn retry(&mut self, to: NodeId, cx: &mut Cx<'_, Self>) {
        let Some(peer) = self.peers.get_mut(&to) else { return };
        let Some(pending) = &peer.pending else { return };
        if pending.tries < self.config.tries {
            self.hello(to, cx);
            return;
        }
        self.counters.failed += 1;
        self.counters.overflow += peer.queue.len() as u64;
        peer.pending = None;
        peer.queue.clear();
        if peer.session.is_none() {
            self.peers.remove(&to);
        }
    }

    /// Any record but data.
    pub(super) fn on_handshake(&mut self, from: NodeId, record: Record<M>, cx: &mut Cx<'_, Self>) {
        let (Record::Hello { prologue, .. }
        | Record::Cookie { prologue, .. }
        | Record::Answer { prologue, .. }
        | Record::Finish { prologue, .. }
        | Record::Unknown { prologue }) = record
        else {
            return;
        };
        if prologue.chain != self.config.chain {
            self.counters.auth_fail += 1;
            return;
        }
        let (early, late) = (prologue.time.min(cx.now()), prologue.time.max(cx.now()));
        if late - early > self.config.auth_window {
            self.counters.auth_time += 1;
            return;
        }
        match record {
            Record::Hello { key, cookie, .. } => self.on_hello(from, prologue, key, cookie, cx),
            Record::Cookie { cookie, .. } => self.on_cookie(from, prologue.session, cookie, cx),
            Record::Answer { key, proof, .. } => self.on_answer(from, prologue, key, proof, cx),
            Record::Finish { proof, .. } => self.on_finish(from, prologue, proof, cx),
            _ => self.on_unknown(from, cx),
        }
    }

    fn on_hello(
        &mut self,
        from: NodeId,
        prologue: Prologue,
        key: EphemeralKey,
        cookie: u64,
        cx: &mut Cx<'_, Self>,
    ) {
        let id = (from, prologue.session);
        if let Some(half) = self.half_open.get(&id) {
            if half.initiator == key {
                self.repeat_answer(id, cx);
            } else {
                self.counters.unexpected += 1;
            }
            return;
        }
        // Both sides began at once: the lower number's handshake goes on.
        if cx.me() < from && self.peers.get(&from).is_some_and(|p| p.pending.is_some()) {
            return;
        }
        if self.half_open.len() >= self.config.half_open_limit
            && !self.admits(from, prologue, key, cookie, cx)
        {
            return;
        }
        self.make_room();
        cx.charge(Op::KeyAgreement);
        cx.charge(Op::KeyAgreement);
        let secret = Ephemeral::generate(cx.rng());
        let (time, responder) = (cx.now(), secret.public());
        let signed = transcript(self.config.chain, key, responder, cx.me().0, time.as_nanos());
        let proof = self.prove(signed, cx);
        let (receiving, sending) = secret.agree(key).traffic(signed);
        let session = Session::new(sending, receiving, time);
        self.half_open.insert(id, HalfOpen { initiator: key, responder, time, proof, session });
        if self.order.is_empty() {
            cx.set_timer(Timer::HalfOpen, self.config.half_open_lifetime);
        }
        self.order.push_back((time + self.config.half_open_lifetime, id));
        self.repeat_answer(id, cx);
    }

    /// Crowded: only who echoes the cookie for its address gets in. No state, no work until then.
    fn admits(
        &mut self,
        from: NodeId,
        prologue: Prologue,
        key: EphemeralKey,
        cookie: u64,
        cx: &mut Cx<'_, Self>,
    ) -> bool {
        let secret = self.cookies.get_or_insert_with(|| CookieSecret::draw(cx.rng()));
        let period = cx.now().as_nanos() / COOKIE_PERIOD.as_nanos();
        let good = [period, period.saturating_sub(1)].map(|p| secret.cookie(from.0, key, p));
        if good.contains(&cookie) {
            return true;
        }
        self.counters.cookie_needed += 1;
        self.counters.cookies += 1;
        let prologue = self.prologue(prologue.session, cx.now());
        Self::tell(from, Record::Cookie { prologue, cookie: good[0] }, cx);
        false
    }

    /// Who echoes cookies has an address, but may still begin without end: the oldest gives way.
    fn make_room(&mut self) {
        while self.half_open.len() >= 2 * self.config.half_open_limit {
            let Some((_, oldest)) = self.order.pop_front() else { return };
            self.half_open.remove(&oldest);
        }
    }

    fn prove(&self, signed: Transcript, cx: &mut Cx<'_, Self>) -> Option<Proof> {
        if !self.config.authenticate {
            return None;
        }
        cx.charge(Op::Sign);
        Some(Proof { signature: self.identity.sign(signed), key: self.identity.public() })
    }

    /// Whether this proves that the other side is `from`. Counted when it does not.
    fn is_proven(
        &mut self,
        from: NodeId,
        proof: Option<Proof>,
        signed: Transcript,
        cx: &mut Cx<'_, Self>,
    ) -> bool {
        if !self.config.authenticate {
            return true;
        }
        let known = self.directory.get(from.index()).copied();
        let good = proof.is_some_and(|p| {
            cx.charge(Op::Verify);
            known == Some(p.key) && p.signature.verify(p.key, signed)
        });
        self.counters.auth_fail += u64::from(!good);
        good
    }

    fn repeat_answer(&mut self, id: (NodeId, u32), cx: &mut Cx<'_, Self>) {
        let Some(half) = self.half_open.get(&id) else { return };
        let prologue = self.prologue(id.1, half.time);
        Self::tell(id.0, Record::Answer { prologue, key: half.responder, proof: half.proof }, cx);
    }

    fn on_cookie(&mut self, from: NodeId, session: u32, cookie: u64, cx: &mut Cx<'_, Self>) {
        let pending = self.peers.get_mut(&from).and_then(|p| p.pending.as_mut());
        match pending.filter(|p| p.session == session && p.cookie != cookie && p.tries < self.config.tries) {
            Some(pending) => {
                pending.cookie = cookie;
                self.hello(from, cx);
            }
            None => self.counters.unexpected += 1,
        }
    }

    fn on_answer(
        &mut self,
        from: NodeId,
        prologue: Prologue,
        key: EphemeralKey,
        proof: Option<Proof>,
        cx: &mut Cx<'_, Self>,
    ) {
        let Some(peer) = self.peers.get(&from) else {
            self.counters.unexpected += 1;
            return;
        };
        let Some(pending) = peer.pending.as_ref().filter(|p| p.session == prologue.session).cloned() else {
            // Our HS3 was lost.
            match &peer.finish {
                Some((session, finish)) if *session == prologue.session => {
                    Self::tell(from, finish.clone(), cx)
                }
                _ => self.counters.unexpected += 1,
            }
            return;
        };
        let initiator = pending.secret.public();
        let signed = transcript(self.config.chain, initiator, key, from.0, prologue.time.as_nanos());
        if !self.is_proven(from, proof, signed, cx) {
            return;
        }
        cx.charge(Op::KeyAgreement);
        let (sending, receiving) = pending.secret.agree(key).traffic(signed);
        let time = cx.now();
        let mine = transcript(self.config.chain, initiator, key, cx.me().0, time.as_nanos());
        let proof = self.prove(mine, cx);
        let finish = Record::Finish { prologue: self.prologue(pending.session, time), proof };
        Self::tell(from, finish.clone(), cx);
        self.peers.entry(from).or_default().finish = Some((pending.session, finish));
        self.install(from, Session::new(sending, receiving, time), cx);
    }

    fn on_finish(&mut self, from: NodeId, prologue: Prologue, proof: Option<Proof>, cx: &mut Cx<'_, Self>) {
        let id = (from, prologue.session);
        let Some(half) = self.half_open.get(&id) else {
            self.counters.unexpected += 1;
            return;
        };
        let signed =
            transcript(self.config.chain, half.initiator, half.responder, from.0, prologue.time.as_nanos());
        if !self.is_proven(from, proof, signed, cx) {
            return;
        }
        let full = !self.peers.contains_key(&from) && self.peers.len() >= self.config.max_peers;
        self.order.retain(|(_, other)| *other != id);
        if let Some(half) = self.half_open.remove(&id).filter(|_| !full) {
            self.install(from, half.session, cx);
        } else {
            self.counters.overflow += 1;
        }
    }

    /// A record that nothing opens: HS3 is missing, or the session is gone here.
    pub(super) fn on_early(&mut self, from: NodeId, cx: &mut Cx<'_, Self>) {
        let half = self.half_open.range((from, 0)..=(from, u32::MAX)).next_back().map(|(id, _)| *id);
        if let Some(id) = half {
            self.repeat_answer(id, cx);
        } else if !self.is_open(from) {
            let prologue = self.prologue(0, cx.now());
            Self::tell(from, Record::Unknown { prologue }, cx);
        }
    }

    /// The peer lost its session. Nobody vouches for that, so the present session stays until a new handshake is complete.
    fn on_unknown(&mut self, from: NodeId, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        let impatient = self
            .peers
            .get_mut(&from)
            .filter(|p| p.session.is_some() && p.pending.is_none() && now >= p.patience);
        match impatient {
            Some(peer) => {
                peer.patience = now + PATIENCE;
                self.begin(from, cx);
            }
            None => self.counters.unexpected += 1,
        }
    }

    /// Handshakes that were never proven. Where datagrams wait for one, we begin ourselves.
    pub(super) fn forget_half_open(&mut self, cx: &mut Cx<'_, Self>) {
        while let Some(&(until, id)) = self.order.front() {
            if until > cx.now() {
                cx.set_timer(Timer::HalfOpen, until - cx.now());
                return;
            }
            self.order.pop_front();
            let expired =
                self.half_open.get(&id).is_some_and(|h| h.time + self.config.half_open_lifetime <= until);
            if expired && self.half_open.remove(&id).is_some() {
                let waits = self
                    .peers
                    .get(&id.0)
                    .is_some_and(|p| !p.queue.is_empty() && p.pending.is_none() && p.session.is_none());
                if waits && !self.is_answering(id.0) {
                    self.begin(id.0, cx);
                }
            }
        }
    }
}

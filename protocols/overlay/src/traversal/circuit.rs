//! The way over a relay, from a host's side: a slot to be reachable, a circuit when punching has failed.

use astrarium_node::{Endpoint, NodeId};

use super::config::Config;
use super::connector::Stage;
use super::host::Host;
use super::message::{Body, Ends, Token};
use super::path::{Route, Way};
use super::{Context, Message, Timer};

/// Requests for a circuit.
const TRIES: u32 = 3;

impl<M: Message> Host<M> {
    /// Asks for a slot, or renews it.
    pub(super) fn reserve(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        let me = cx.me();
        if let Some(relay) = config.relay_of(me) {
            let body = Body::RelayReserve(Ends { from: me, to: me, circuit: 0 });
            self.emit(config.listen_port, relay, body, config, cx);
            cx.set_timer(Timer::Reserve, config.keepalive);
        }
    }

    /// Asks the peer's relay for a circuit, again if need be.
    pub(super) fn circuit_timeout(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let me = cx.me();
        let Some(dial) = self.paths.get_mut(peer).and_then(|p| p.dial.as_mut()) else { return };
        let Some(relay) = config.relay_of(peer).filter(|_| dial.tries < TRIES) else {
            self.dial_failed(peer, config, cx);
            return;
        };
        dial.tries += 1;
        let body = Body::RelayOpen(Ends { from: me, to: peer, circuit: Token::opening(dial.nonce) });
        self.emit(config.listen_port, relay, body, config, cx);
        cx.set_timer(Timer::Dial(peer), config.punch_retry);
    }

    /// A peer opens a circuit to here: genuine if a rendezvous has announced the peer with the secret whose half it shows. The other
    /// half is the answer.
    pub(super) fn on_circuit(
        &mut self,
        from: Endpoint,
        ends: Ends,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let (me, now, peer) = (cx.me(), cx.now(), ends.from);
        let announced = self.paths.get(peer).and_then(|path| path.announced(now));
        let genuine = announced.filter(|&nonce| Token::opening(nonce) == ends.circuit);
        let (Some(nonce), true) = (genuine, config.relay_of(me) == Some(from) && ends.to == me) else {
            self.counts.forged += 1;
            return;
        };
        let answer = Ends { circuit: Token::answer(nonce), ..ends };
        self.emit(config.listen_port, from, Body::RelayOpened(answer), config, cx);
        if !self.holds(peer, from, ends.circuit) {
            // The number of the circuit tells the opener's end from the other: only the opener renews it.
            let token = Token { session: 0, nonce };
            let way = Way::Relayed { relay: from, circuit: ends.circuit };
            self.adopt(peer, Route { token, way }, config, cx);
        }
    }

    /// The peer has answered, with the other half of the secret: the own circuit is open.
    pub(super) fn on_circuit_open(
        &mut self,
        from: Endpoint,
        ends: Ends,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let peer = ends.to;
        let dial = self.paths.get(peer).and_then(|p| p.dial.as_ref());
        let Some(nonce) = dial.filter(|dial| dial.stage == Stage::Relaying).map(|dial| dial.nonce) else {
            // The second answer to an opening that was sent twice, or of a circuit given up.
            self.counts.unexpected += 1;
            return;
        };
        if config.relay_of(peer) != Some(from) || Token::answer(nonce) != ends.circuit {
            self.counts.forged += 1;
            return;
        }
        let circuit = Token::opening(nonce);
        let token = Token { session: circuit, nonce };
        self.adopt(peer, Route { token, way: Way::Relayed { relay: from, circuit } }, config, cx);
    }

    /// The relay says that a circuit stands.
    pub(super) fn on_circuit_kept(&mut self, from: Endpoint, ends: Ends, cx: &mut Context<'_, M>) {
        let peer = if ends.from == cx.me() { ends.to } else { ends.from };
        if !self.holds(peer, from, ends.circuit) {
            self.counts.unexpected += 1;
        } else if let Some(path) = self.paths.get_mut(peer) {
            path.heard = cx.now();
        }
    }

    fn holds(&self, peer: NodeId, relay: Endpoint, circuit: u32) -> bool {
        let way = Way::Relayed { relay, circuit };
        self.paths.get(peer).is_some_and(|path| path.routes.iter().any(|route| route.way == way))
    }

    pub(super) fn on_relay_data(
        &mut self,
        src: Endpoint,
        circuit: u32,
        from: NodeId,
        message: M,
        cx: &mut Context<'_, M>,
    ) {
        if self.holds(from, src, circuit) {
            self.hand_up(from, message, cx);
        } else {
            self.counts.unknown_source += 1;
        }
    }

    pub(super) fn on_refused(&mut self, src: Endpoint, ends: Ends, config: &Config, cx: &mut Context<'_, M>) {
        let dial = self.paths.get(ends.to).and_then(|p| p.dial.as_ref());
        let asked =
            dial.is_some_and(|d| d.stage == Stage::Relaying && Token::opening(d.nonce) == ends.circuit);
        if asked && config.relay_of(ends.to) == Some(src) {
            self.dial_failed(ends.to, config, cx);
        }
    }

    /// The relay has ended a circuit.
    pub(super) fn on_reset(&mut self, src: Endpoint, ends: Ends, config: &Config, cx: &mut Context<'_, M>) {
        let way = Way::Relayed { relay: src, circuit: ends.circuit };
        for peer in self.paths.peers(|path| path.routes.iter().any(|route| route.way == way)) {
            let _ports = self.paths.cut(peer, |route| route.way == way);
            if self.paths.get(peer).is_some_and(super::path::Path::is_dead) {
                self.shut(peer, config.relay_backoff, cx);
            }
        }
    }
}

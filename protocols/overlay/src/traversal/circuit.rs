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
        let body = Body::RelayOpen(Ends { from: me, to: peer, circuit: 0 });
        self.emit(config.listen_port, relay, body, config, cx);
        cx.set_timer(Timer::Dial(peer), config.punch_retry);
    }

    /// A circuit is open: the own one (`own`), or one that a peer has opened to here.
    pub(super) fn on_circuit(
        &mut self,
        from: Endpoint,
        ends: Ends,
        own: bool,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let (me, now) = (cx.me(), cx.now());
        let peer = if own { ends.to } else { ends.from };
        let mine = if own { config.relay_of(peer) } else { config.relay_of(me) };
        if mine != Some(from) || peer == me {
            self.counts.forged += 1;
            return;
        }
        if self.holds(peer, from, ends.circuit) {
            if let Some(path) = self.paths.get_mut(peer) {
                path.heard = now;
            }
            return;
        }
        let dial = self.paths.get(peer).and_then(|p| p.dial.as_ref());
        let nonce = match dial {
            Some(dial) if own && dial.stage == Stage::Relaying => dial.nonce,
            _ if own => return,
            _ => cx.rng().word(),
        };
        if self.paths.entry(peer, now, config.max_paths).is_none() {
            self.counts.table_full += 1;
            return;
        }
        // The number of the circuit tells the opener's end from the other: only the opener renews it.
        let token = Token { session: if own { ends.circuit } else { 0 }, nonce };
        let way = Way::Relayed { relay: from, circuit: ends.circuit };
        self.adopt(peer, Route { token, way }, config, cx);
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
        let asked = dial.is_some_and(|dial| dial.stage == Stage::Relaying);
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

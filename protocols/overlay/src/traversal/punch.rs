//! Punches: firing them, and what their arrival means.
//!
//! Whoever receives a punch or its acknowledgement with the secret of an attempt adopts the socket it came from: middleboxes may have
//! put it elsewhere than predicted. The secret comes from the rendezvous, which has checked the signatures of both logins; whoever
//! calls without a rendezvous signs the call itself.

use astrarium_node::{Endpoint, Header, NodeId, Op, Span, Time};

use super::config::Config;
use super::host::Host;
use super::message::{Body, Token};
use super::path::{Route, Way};
use super::{Context, Message, Timer};

/// Lowest port that middleboxes give out.
const LEAST_PORT: u64 = 1_024;

/// Number of ports that middleboxes give out.
const PORTS: u64 = 64_512;

/// A signed call that no rendezvous announced, as [`Body::Knock`] has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Knock {
    pub(super) id: NodeId,
    pub(super) to: NodeId,
    pub(super) time: Time,
    pub(super) nonce: u64,
    pub(super) signer: NodeId,
}

/// Punches that are fired one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Volley {
    /// Where to.
    pub(super) remote: Endpoint,
    /// How many are left.
    pub(super) left: u32,
    /// Time between two.
    pub(super) spacing: Span,
    /// Whether the port is guessed anew each time.
    pub(super) guess: bool,
}

impl Volley {
    /// The usual volley.
    pub(super) fn aimed(remote: Endpoint, config: &Config) -> Self {
        Self { remote, left: config.punch_count, spacing: config.punch_interval, guess: false }
    }

    /// Guesses where one of many sockets may be.
    pub(super) fn guessing(remote: Endpoint, config: &Config) -> Self {
        Self { remote, left: config.birthday_probes, spacing: config.birthday_spacing, guess: true }
    }
}

impl<M: Message> Host<M> {
    /// Fires the next punch of a volley at full time to live.
    pub(super) fn fire(
        &self,
        peer: NodeId,
        port: u16,
        volley: &mut Volley,
        token: Token,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        volley.left = volley.left.saturating_sub(1);
        let mut to = volley.remote;
        if volley.guess {
            to.port = (LEAST_PORT + cx.rng().below(PORTS)) as u16;
        }
        let id = cx.me();
        if token.session == 0 {
            cx.charge(Op::Sign);
            let body = Body::Knock { id, to: peer, time: cx.now(), nonce: token.nonce, signer: id };
            self.emit(port, to, body, config, cx);
            return;
        }
        self.emit(port, to, Body::Punch { id, token }, config, cx);
    }

    /// Opens the own middlebox for packets from there, with a packet that dies on the way when the time to live is known.
    pub(super) fn open_middlebox(
        &mut self,
        port: u16,
        to: Endpoint,
        token: Token,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        if self.profile.port.public {
            return;
        }
        let limited = self.profile.ttl.and_then(|range| range.punch(config.ttl_margin));
        self.counts.no_ttl += u64::from(limited.is_none());
        let ttl = limited.unwrap_or(config.ttl_default);
        let id = cx.me();
        super::send(cx, self.local(port), to, ttl, Body::Punch { id, token });
    }

    pub(super) fn on_punch(
        &mut self,
        header: Header,
        id: NodeId,
        token: Token,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        if self.paths.get(id).is_some_and(|path| path.knows(token)) {
            self.answer(header, id, token, config, cx);
        } else {
            self.counts.unexpected += 1;
        }
    }

    /// Acknowledges, and adopts the socket it came from.
    fn answer(&mut self, header: Header, id: NodeId, token: Token, config: &Config, cx: &mut Context<'_, M>) {
        let (me, port) = (cx.me(), header.dst.port);
        self.emit(port, header.src, Body::PunchAck { id: me, token }, config, cx);
        self.adopt(id, Route { token, way: Way::Direct { port, remote: header.src } }, config, cx);
    }

    /// A direct call that no rendezvous announced: to the listening socket only, signed and fresh, and not in place of a path that
    /// lives.
    pub(super) fn on_knock(
        &mut self,
        header: Header,
        knock: Knock,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        cx.charge(Op::Verify);
        let (now, port) = (cx.now(), header.dst.port);
        let Knock { id, to, time, nonce, signer } = knock;
        if signer != id || to != cx.me() {
            self.counts.forged += 1;
            return;
        }
        let token = Token { session: 0, nonce };
        let path = self.paths.get(id);
        let way = Way::Direct { port, remote: header.src };
        if path.is_some_and(|path| path.routes.contains(&Route { token, way })) {
            self.answer(header, id, token, config, cx);
            return;
        }
        let age = now.since(time).max(time.since(now));
        if age > config.auth_window || path.is_some_and(|path| time <= path.knocked || path.knows(token)) {
            self.counts.stale += 1;
            return;
        }
        let silence = config.keepalive.saturating_add(config.punch_timeout);
        let lives = path.is_some_and(|p| !p.routes.is_empty() && now.since(p.heard) <= silence);
        if port != config.listen_port || lives {
            self.counts.unexpected += 1;
            return;
        }
        let Some(path) = self.paths.entry(id, now, config.max_paths) else {
            self.counts.table_full += 1;
            return;
        };
        path.knocked = time;
        self.answer(header, id, token, config, cx);
    }

    pub(super) fn on_ack(
        &mut self,
        header: Header,
        id: NodeId,
        token: Token,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        if self.paths.get(id).is_some_and(|path| path.knows(token)) {
            let way = Way::Direct { port: header.dst.port, remote: header.src };
            self.adopt(id, Route { token, way }, config, cx);
        } else {
            self.counts.unexpected += 1;
        }
    }

    /// Takes a way into use, and ends the attempt that opened it.
    pub(super) fn adopt(&mut self, peer: NodeId, route: Route, config: &Config, cx: &mut Context<'_, M>) {
        let known = self.paths.get(peer).is_some_and(|path| path.routes.contains(&route));
        let (freed, first) = self.paths.adopt(peer, route, cx.now());
        if let Some(port) = freed {
            self.release(peer, port);
        }
        if known {
            return;
        }
        self.end_dial(peer, |dial| dial.nonce == route.token.nonce, cx);
        self.end_reply(peer, |reply| reply.intro.nonce == route.token.nonce, cx);
        if first {
            match route.way {
                Way::Direct { .. } => self.counts.opened += 1,
                Way::Relayed { .. } => self.counts.relayed += 1,
            }
            cx.set_timer(Timer::Keep(peer), config.keepalive);
        }
        self.flush(peer, config, cx);
    }
}

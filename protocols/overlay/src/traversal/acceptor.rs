//! The side that is called: opens its middlebox, says where, and waits for punches – or fires too.

use astrarium_node::{Endpoint, Header, NodeId, Span, Time};

use super::config::{Config, Mode, Policy};
use super::connector::{attempts, guessing_time, memory};
use super::host::Host;
use super::message::{Body, Introduction, Token};
use super::punch::Volley;
use super::socket::Owner;
use super::survey::Profile;
use super::{Context, Message, PortClass, Timer};

/// A peer's attempt.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) intro: Introduction,
    /// The rendezvous that called.
    server: Endpoint,
    /// Sockets it uses; the first is the one that is announced.
    pub(super) ports: Vec<u16>,
    /// Transaction of the question where the announced socket is seen, and its tries.
    learning: Option<(u64, u32)>,
    /// Where the announced socket is seen; port 0 when that cannot be told.
    predicted: Endpoint,
    volley: Option<Volley>,
    deadline: Time,
}

impl Reply {
    fn token(&self) -> Token {
        Token { session: self.intro.session, nonce: self.intro.nonce }
    }

    /// What this side tells the connector.
    fn answer(&self, peer: NodeId, own: &Profile) -> Introduction {
        let Introduction { session, nonce, .. } = self.intro;
        Introduction { session, peer, class: own.class(), nat: own.nat, endpoint: self.predicted, nonce }
    }
}

/// Whether this side tries, seeing how both read.
fn answers(own: &Profile, theirs: &Introduction, config: &Config) -> bool {
    let joined = || own.nat.zip(theirs.nat).is_some_and(|(mine, other)| mine.joins(other));
    attempts(own, config) && (config.policy == Policy::PortRule || joined())
}

impl<M: Message> Host<M> {
    pub(super) fn on_call(
        &mut self,
        header: Header,
        intro: Introduction,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        if !config.is_server(header.src) {
            self.counts.forged += 1;
            return;
        }
        let (now, peer) = (cx.now(), intro.peer);
        let Some(path) = self.paths.entry(peer, now, config.max_paths) else {
            self.counts.table_full += 1;
            return;
        };
        if config.relay_fallback {
            path.called = Some((intro.nonce, now + memory(config)));
        }
        // The connector asks again until the survey is over; without punching there is nothing to prepare.
        if !self.profile.ready || config.mode == Mode::None {
            if path.is_dead() {
                cx.set_timer(Timer::Keep(peer), Span::from_nanos(1));
            }
            return;
        }
        // Its path is open, or a repetition: an answer may have been lost.
        if path.routes.iter().any(|route| route.token.nonce == intro.nonce) {
            return;
        }
        if path.reply.as_ref().is_some_and(|reply| reply.intro.nonce == intro.nonce) {
            self.accept(peer, config, cx);
            return;
        }
        self.end_reply(peer, |_| true, cx);
        let Some((port, learning)) = self.choose_socket(peer, config, cx) else {
            self.counts.table_full += 1;
            return;
        };
        let reply = Reply {
            intro,
            server: header.src,
            ports: vec![port],
            learning,
            predicted: self.predict(port),
            volley: None,
            deadline: now + config.punch_timeout,
        };
        if let Some(path) = self.paths.get_mut(peer) {
            path.reply = Some(reply);
        }
        self.begin_reply(peer, config, cx);
    }

    /// The announced socket, and the question where it is seen if that must be asked.
    fn choose_socket(
        &mut self,
        peer: NodeId,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) -> Option<(u16, Option<(u64, u32)>)> {
        if !config.opens_sockets() || self.profile.port.public {
            return Some((config.listen_port, None));
        }
        let port = self.sockets.open(Owner::Reply(peer))?;
        let fixed = self.profile.class() == PortClass::Fixed;
        Some((port, fixed.then(|| (cx.rng().word(), 1))))
    }

    fn begin_reply(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let profile = self.profile;
        let class = profile.class();
        let Some(reply) = self.paths.get_mut(peer).and_then(|p| p.reply.as_mut()) else { return };
        let tries = answers(&profile, &reply.intro, config);
        if let Some((id, _)) = reply.learning.filter(|_| tries) {
            let port = reply.ports[0];
            self.learn(port, id, config, cx);
            cx.set_timer(Timer::Reply(peer), config.stun_interval);
            return;
        }
        let hopeless = config.mode == Mode::Birthday
            && class == PortClass::Symmetric
            && reply.intro.class == PortClass::Symmetric;
        if hopeless || !tries {
            self.counts.not_attempted += 1;
            reply.learning = None;
            reply.predicted.port = 0;
            if !config.limits_ttl() {
                self.decline(peer, config, cx);
                return;
            }
        } else if !config.limits_ttl() {
            reply.volley = Some(Volley::aimed(reply.intro.endpoint, config));
            self.reply_fire(peer, config, cx);
            return;
        } else if config.mode == Mode::Birthday && class == PortClass::Symmetric {
            let (owner, first) = (Owner::Reply(peer), reply.ports.clone());
            let (to, token) = (reply.intro.endpoint, reply.token());
            reply.deadline = cx.now() + guessing_time(config);
            let ports = self.spread(owner, first, to, token, config, cx);
            if let Some(reply) = self.paths.get_mut(peer).and_then(|p| p.reply.as_mut()) {
                reply.ports = ports;
            }
        }
        self.accept(peer, config, cx);
    }

    /// Tells the connector, which may be firing already, that this side will not.
    fn decline(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let profile = self.profile;
        let Some(reply) = self.paths.get(peer).and_then(|p| p.reply.as_ref()) else { return };
        let (answer, server) = (reply.answer(peer, &profile), reply.server);
        self.emit(config.listen_port, server, Body::Accept(answer), config, cx);
        self.end_reply(peer, |_| true, cx);
    }

    pub(super) fn reply_learnt(
        &mut self,
        peer: NodeId,
        id: u64,
        mapped: Endpoint,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let Some(reply) = self.paths.get_mut(peer).and_then(|p| p.reply.as_mut()) else { return };
        if reply.learning.is_some_and(|(asked, _)| asked == id) {
            reply.learning = None;
            reply.predicted = mapped;
            self.accept(peer, config, cx);
        }
    }

    /// Opens the middlebox and says where; does nothing while the place is still being asked, or where both fire at once.
    fn accept(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let (now, profile) = (cx.now(), self.profile);
        let class = profile.class();
        let Some(reply) = self.paths.get_mut(peer).and_then(|p| p.reply.as_mut()) else { return };
        if !config.limits_ttl() || reply.learning.is_some() {
            return;
        }
        let (intro, token, port) = (reply.intro, reply.token(), reply.ports[0]);
        let birthday = config.mode == Mode::Birthday;
        let symmetric = class == PortClass::Symmetric;
        let silent = reply.predicted.port == 0;
        // Nobody can aim at a port that cannot be predicted, so this side fires too, when the connector has begun.
        if symmetric && !birthday && !silent {
            reply.volley.get_or_insert(Volley::aimed(intro.endpoint, config));
        }
        if birthday && !symmetric && intro.class == PortClass::Symmetric {
            reply.volley.get_or_insert(Volley::guessing(intro.endpoint, config));
            reply.deadline = now + guessing_time(config);
        }
        let wait = if reply.volley.is_some() { config.punch_retry } else { reply.deadline.since(now) };
        let answer = reply.answer(peer, &profile);
        let server = reply.server;
        let opened = birthday && symmetric;
        if !silent && !opened {
            self.open_middlebox(port, intro.endpoint, token, config, cx);
        }
        self.emit(config.listen_port, server, Body::Accept(answer), config, cx);
        cx.set_timer(Timer::Reply(peer), wait);
    }

    /// The next punch of this side.
    fn reply_fire(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let Some(reply) = self.paths.get(peer).and_then(|p| p.reply.as_ref()) else { return };
        let Some(mut volley) = reply.volley else { return };
        self.fire(peer, reply.ports[0], &mut volley, reply.token(), config, cx);
        cx.set_timer(Timer::Reply(peer), volley.spacing);
        if let Some(reply) = self.paths.get_mut(peer).and_then(|p| p.reply.as_mut()) {
            reply.volley = Some(volley);
        }
    }

    pub(super) fn reply_timeout(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let now = cx.now();
        let Some(reply) = self.paths.get_mut(peer).and_then(|p| p.reply.as_mut()) else { return };
        if let Some((id, tries)) = reply.learning {
            if tries < config.stun_tries {
                reply.learning = Some((id, tries + 1));
                let port = reply.ports[0];
                self.learn(port, id, config, cx);
                cx.set_timer(Timer::Reply(peer), config.stun_interval);
            } else {
                self.end_reply(peer, |_| true, cx);
            }
        } else if reply.volley.is_some_and(|volley| volley.left > 0) {
            self.reply_fire(peer, config, cx);
        } else if now >= reply.deadline {
            self.end_reply(peer, |_| true, cx);
        } else {
            let wait = reply.deadline.since(now);
            cx.set_timer(Timer::Reply(peer), wait);
        }
    }

    /// Ends the peer's attempt if it is the one meant, and closes the sockets that nothing else needs.
    pub(super) fn end_reply(
        &mut self,
        peer: NodeId,
        meant: impl Fn(&Reply) -> bool,
        cx: &mut Context<'_, M>,
    ) {
        let Some(path) = self.paths.get_mut(peer) else { return };
        let Some(reply) = path.reply.take_if(|reply| meant(reply)) else { return };
        cx.cancel_timer(Timer::Reply(peer));
        for port in reply.ports {
            self.release(peer, port);
        }
        if self.paths.get(peer).is_some_and(super::path::Path::is_dead) {
            cx.set_timer(Timer::Keep(peer), Span::from_nanos(1));
        }
    }
}

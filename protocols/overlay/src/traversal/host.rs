//! A host: what it does with packets, with messages of the layer above, and with its timers.

use astrarium_node::{Endpoint, Header, Ip, NodeId, Received};

use super::config::Config;
use super::login::Login;
use super::message::{Body, Ends};
use super::path::{PathView, Paths, Way};
use super::punch::Knock;
use super::socket::{Owner, Sockets};
use super::survey::{Profile, Survey};
use super::{Context, Counts, Message, Timer};

/// State of a host.
#[derive(Debug, Clone)]
pub(super) struct Host<M> {
    pub(super) ip: Ip,
    pub(super) sockets: Sockets,
    pub(super) profile: Profile,
    pub(super) survey: Survey,
    pub(super) login: Login,
    pub(super) paths: Paths<M>,
    pub(super) counts: Counts,
}

impl<M: Message> Host<M> {
    /// With fresh ports from this word on.
    pub(super) fn new(ip: Ip, config: &Config, word: u64) -> Self {
        Self {
            ip,
            sockets: Sockets::new(config.listen_port, word, config.max_sockets),
            profile: Profile::default(),
            survey: Survey::default(),
            login: Login::default(),
            paths: Paths::new(),
            counts: Counts::default(),
        }
    }

    pub(super) fn start(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        self.sockets = Sockets::new(config.listen_port, cx.rng().word(), config.max_sockets);
        self.log_in(config, cx);
        self.begin_survey(config, cx);
        if config.relay_fallback {
            self.reserve(config, cx);
        }
    }

    /// A restart: sockets, paths and what was learnt are gone.
    pub(super) fn restart(&mut self, config: &Config, _cx: &mut Context<'_, M>) {
        *self = Self { counts: self.counts, ..Self::new(self.ip, config, 0) };
    }

    /// An own socket.
    pub(super) const fn local(&self, port: u16) -> Endpoint {
        Endpoint::new(self.ip, port)
    }

    /// Sends from an own port at the ordinary time to live.
    pub(super) fn emit(
        &self,
        port: u16,
        to: Endpoint,
        body: Body<M>,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        super::send(cx, self.local(port), to, config.ttl_default, body);
    }

    pub(super) fn view(&self, peer: NodeId) -> Option<PathView> {
        let path = self.paths.get(peer)?;
        let way = path.routes.first().map(|route| route.way);
        Some(PathView { way, asked: path.asked, opened: path.opened })
    }

    /// A message of the layer above: on its way when there is a path, else it waits while one is opened.
    pub(super) fn send_to(&mut self, to: NodeId, message: M, config: &Config, cx: &mut Context<'_, M>) {
        let now = cx.now();
        if to == cx.me() {
            self.counts.unreachable += 1;
            return;
        }
        let Some(path) = self.paths.entry(to, now, config.max_paths) else {
            self.counts.table_full += 1;
            return;
        };
        path.used = now;
        if !std::mem::replace(&mut path.wanted, true) && path.routes.is_empty() {
            path.asked = now;
        }
        if let Some(way) = path.routes.first().map(|route| route.way) {
            self.transmit(way, message, config, cx);
            return;
        }
        if path.dial.is_none() && now < path.shut_until {
            self.counts.unreachable += 1;
            return;
        }
        if path.queue.len() >= config.queue {
            self.counts.queue_full += 1;
            return;
        }
        path.queue.push_back(message);
        if path.dial.is_none() {
            self.dial(to, config, cx);
        }
    }

    /// Puts a message on a way.
    pub(super) fn transmit(&self, way: Way, message: M, config: &Config, cx: &mut Context<'_, M>) {
        match way {
            Way::Direct { port, remote } => self.emit(port, remote, Body::Data(message), config, cx),
            Way::Relayed { relay, circuit } => {
                let from = cx.me();
                let body = Body::RelayData { circuit, from, message };
                self.emit(config.listen_port, relay, body, config, cx);
            }
        }
    }

    /// Sends what has waited for a path.
    pub(super) fn flush(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let Some(path) = self.paths.get_mut(peer) else { return };
        let Some(way) = path.routes.first().map(|route| route.way) else { return };
        let mut waiting = std::mem::take(&mut path.queue);
        for message in waiting.drain(..) {
            self.transmit(way, message, config, cx);
        }
    }

    pub(super) fn on_packet(
        &mut self,
        header: Header,
        body: Body<M>,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let port = header.dst.port;
        let owner = self.sockets.owner(port).filter(|_| header.dst.ip == self.ip);
        let Some(owner) = owner else {
            self.counts.closed_socket += 1;
            return;
        };
        match body {
            Body::Data(message) => match self.paths.whose(port, header.src) {
                Some(from) => self.hand_up(from, message, cx),
                None => self.counts.unknown_source += 1,
            },
            Body::Punch { id, token } => self.on_punch(header, id, token, config, cx),
            Body::Knock { id, to, time, nonce, signer } => {
                self.on_knock(header, Knock { id, to, time, nonce, signer }, config, cx);
            }
            Body::PunchAck { id, token } => self.on_ack(header, id, token, config, cx),
            Body::StunResponse { id, mapped, .. } => match owner {
                Owner::Survey => self.on_survey_answer(port, id, mapped, config, cx),
                Owner::Dial(peer) => self.dial_learnt(peer, id, mapped, config, cx),
                Owner::Reply(peer) => self.reply_learnt(peer, id, mapped, config, cx),
                Owner::Main => self.counts.unexpected += 1,
            },
            Body::ProbeReply { nonce, reached } => self.on_probe_reply(nonce, reached, config, cx),
            Body::LoginOk { mapped } => self.on_login(header.src, mapped, config, cx),
            Body::Call(intro) => self.on_call(header, intro, config, cx),
            Body::Go(intro) => self.on_go(header, intro, config, cx),
            Body::NoSuchPeer { peer, nonce } => self.on_no_such_peer(header, peer, nonce, config, cx),
            Body::RelayData { circuit, from, message } => {
                self.on_relay_data(header.src, circuit, from, message, cx);
            }
            Body::RelayReserved(_) => {}
            Body::RelayOpen(ends) => self.on_circuit(header.src, ends, config, cx),
            Body::RelayOpened(ends) => self.on_circuit_open(header.src, ends, config, cx),
            Body::RelayKeep(ends) => self.on_circuit_kept(header.src, ends, cx),
            Body::RelayRefused(ends) => self.on_refused(header.src, ends, config, cx),
            Body::RelayReset(ends) => self.on_reset(header.src, ends, config, cx),
            _ => self.counts.unexpected += 1,
        }
    }

    /// A message has arrived for the layer above.
    pub(super) fn hand_up(&mut self, from: NodeId, message: M, cx: &mut Context<'_, M>) {
        let now = cx.now();
        if let Some(path) = self.paths.get_mut(from) {
            path.heard = now;
            path.used = now;
        }
        cx.indicate(Received { from, message });
    }

    pub(super) fn on_timer(&mut self, timer: Timer, config: &Config, cx: &mut Context<'_, M>) {
        match timer {
            Timer::Survey => self.survey_timeout(config, cx),
            Timer::Login => self.login_timeout(config, cx),
            Timer::Dial(peer) => self.dial_timeout(peer, config, cx),
            Timer::Reply(peer) => self.reply_timeout(peer, config, cx),
            Timer::Keep(peer) => self.keep(peer, config, cx),
            Timer::Reserve => self.reserve(config, cx),
            Timer::Call(_) | Timer::Sweep => {}
        }
    }

    /// A sign of life on every way to a peer, or the end of the path: unused, or nothing heard.
    fn keep(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let now = cx.now();
        let Some(path) = self.paths.get_mut(peer) else { return };
        if path.is_dead() {
            let until = path.kept_until();
            if now >= until {
                self.paths.remove(peer);
            } else {
                cx.set_timer(Timer::Keep(peer), until.since(now));
            }
            return;
        }
        let silent = now.since(path.heard) > config.path_timeout;
        if silent || now.since(path.used) > config.idle {
            self.counts.lost_paths += u64::from(silent && !path.routes.is_empty());
            self.close(peer);
            cx.set_timer(Timer::Keep(peer), config.keepalive);
            return;
        }
        let me = cx.me();
        for route in path.routes.clone() {
            match route.way {
                Way::Direct { port, remote } => {
                    let body = Body::Punch { id: me, token: route.token };
                    self.emit(port, remote, body, config, cx);
                }
                // Keeps the way to the relay open; the relay says when the circuit is over.
                Way::Relayed { relay, circuit } if circuit == route.token.session => {
                    let body = Body::RelayKeep(Ends { from: me, to: peer, circuit });
                    self.emit(config.listen_port, relay, body, config, cx);
                }
                Way::Relayed { .. } => {}
            }
        }
        cx.set_timer(Timer::Keep(peer), config.keepalive);
    }

    /// Gives up all ways to a peer; attempts under way go on.
    fn close(&mut self, peer: NodeId) {
        for port in self.paths.cut(peer, |_| true) {
            self.release(peer, port);
        }
    }

    /// Closes a socket unless an attempt still needs it.
    pub(super) fn release(&mut self, peer: NodeId, port: u16) {
        let path = self.paths.get(peer);
        let dialling = path.and_then(|p| p.dial.as_ref()).is_some_and(|d| d.ports.contains(&port));
        let replying = path.and_then(|p| p.reply.as_ref()).is_some_and(|r| r.ports.contains(&port));
        let routed = path.is_some_and(|p| {
            p.routes.iter().any(|r| matches!(r.way, Way::Direct { port: used, .. } if used == port))
        });
        if !(dialling || replying || routed) {
            self.sockets.close(port);
        }
    }
}

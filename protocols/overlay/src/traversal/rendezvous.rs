//! The rendezvous: STUN server, login table, and introductions (§6.4, §6.5).

use std::collections::BTreeMap;

use astrarium_node::{Endpoint, Header, NodeId, Op, Span, Time};

use super::config::{Config, Mode, ServerAddress};
use super::message::{Body, Change, Introduction};
use super::{Context, Counts, Message, NatClass, PortClass, Timer, send};

/// How long an introduction is remembered: longer than any attempt.
const SESSION_LIFE: Span = Span::from_secs(30);

/// A host that has logged in.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Its socket, as seen from here.
    endpoint: Endpoint,
    /// Own socket that it talks to: its middlebox may let nobody else in.
    via: Endpoint,
    /// Time in its last login, by its own clock: an older one is a replay.
    signed: Time,
    /// When it was heard last.
    seen: Time,
}

/// An attempt in hand.
#[derive(Debug, Clone, Copy)]
struct Session {
    connector: NodeId,
    acceptor: NodeId,
    nonce: u64,
    /// Where the connector asked from, and at which own socket.
    reply_to: Endpoint,
    via: Endpoint,
    class: PortClass,
    nat: Option<NatClass>,
    /// Where the connector's packets will come from.
    predicted: Endpoint,
    since: Time,
}

/// State of a rendezvous.
#[derive(Debug, Clone)]
pub(super) struct Rendezvous {
    address: ServerAddress,
    logins: BTreeMap<NodeId, Entry>,
    sessions: BTreeMap<u32, Session>,
    /// Attempts by connector and secret: a repeated request is the same attempt.
    attempts: BTreeMap<(NodeId, u64), u32>,
    next_session: u32,
    pub(super) counts: Counts,
}

impl Rendezvous {
    pub(super) fn new(address: ServerAddress) -> Self {
        Self {
            address,
            logins: BTreeMap::new(),
            sessions: BTreeMap::new(),
            attempts: BTreeMap::new(),
            next_session: 1,
            counts: Counts::default(),
        }
    }

    /// A restart: what was known is gone.
    pub(super) fn restart(&mut self) {
        *self = Self { counts: self.counts, ..Self::new(self.address) };
    }

    /// Hosts that are logged in.
    pub(super) fn logins(&self) -> usize {
        self.logins.len()
    }

    pub(super) fn on_packet<M: Message>(
        &mut self,
        header: Header,
        body: Body<M>,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let (here, there) = (header.dst, header.src);
        if !self.address.owns(here) {
            self.counts.closed_socket += 1;
            return;
        }
        let ttl = config.ttl_default;
        match body {
            Body::StunRequest { id, change } => {
                let other = self.elsewhere(here, Change::BOTH);
                let from = self.elsewhere(here, change);
                send(cx, from, there, ttl, Body::StunResponse { id, mapped: there, other });
            }
            Body::Probe { nonce, ttl: reached } => {
                send(cx, here, there, ttl, Body::ProbeReply { nonce, reached });
            }
            // Only to the asker's own address: nobody else can be bothered through here.
            Body::ProbeRequest { nonce, target } if target.ip == there.ip => {
                let second = self.address.socket(1, 0);
                send(cx, second, target, ttl, Body::ProbeReply { nonce, reached: 0 });
            }
            Body::ProbeRequest { .. } => self.counts.forged += 1,
            Body::Login { id, time, signer } => self.login(header, (id, time, signer), config, cx),
            Body::Connect { id, peer, class, nat, predicted, nonce } => {
                let wish = Introduction { session: 0, peer, class, nat, endpoint: predicted, nonce };
                self.connect(header, id, wish, config, cx);
            }
            Body::Accept(intro) => self.accepted(header, intro, config, cx),
            _ => self.counts.unexpected += 1,
        }
    }

    /// An own socket that differs from this one as asked.
    fn elsewhere(&self, here: Endpoint, change: Change) -> Endpoint {
        let ip = usize::from((here.ip == self.address.ips[1]) != change.ip);
        let port = usize::from((here.port == self.address.ports[1]) != change.port);
        self.address.socket(ip, port)
    }

    fn login<M: Message>(
        &mut self,
        header: Header,
        (id, time, signer): (NodeId, Time, NodeId),
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        cx.charge(Op::Verify);
        let now = cx.now();
        if signer != id {
            self.counts.forged += 1;
            return;
        }
        let last = self.logins.get(&id);
        let age = now.since(time).max(time.since(now));
        if age > config.auth_window || last.is_some_and(|last| time < last.signed) {
            self.counts.stale += 1;
            return;
        }
        if last.is_none() && self.logins.len() >= config.max_logins {
            self.counts.table_full += 1;
            return;
        }
        let entry = Entry { endpoint: header.src, via: header.dst, signed: time, seen: now };
        self.logins.insert(id, entry);
        send(cx, header.dst, header.src, config.ttl_default, Body::LoginOk { mapped: header.src });
    }

    /// A host that has logged in and not fallen silent.
    fn live(&self, id: NodeId, now: Time, config: &Config) -> Option<Entry> {
        self.logins.get(&id).copied().filter(|entry| now.since(entry.seen) <= config.path_timeout)
    }

    fn connect<M: Message>(
        &mut self,
        header: Header,
        id: NodeId,
        wish: Introduction,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let now = cx.now();
        // Who asks must be who logged in: the same address, at least.
        if self.live(id, now, config).is_none_or(|entry| entry.endpoint.ip != header.src.ip) {
            self.counts.forged += 1;
            return;
        }
        if self.live(wish.peer, now, config).is_none() {
            let body = Body::NoSuchPeer { peer: wish.peer, nonce: wish.nonce };
            send(cx, header.dst, header.src, config.ttl_default, body);
            return;
        }
        let known = self.attempts.get(&(id, wish.nonce)).copied();
        let Some(number) = known.or_else(|| self.begin(header, id, wish, now, config)) else {
            self.counts.table_full += 1;
            return;
        };
        match config.mode {
            Mode::None if !config.relay_fallback => self.go(number, None, config, cx),
            Mode::None | Mode::Simultaneous => {
                self.call(number, config, cx);
                self.go(number, None, config, cx);
            }
            Mode::Sequential => {
                self.go(number, None, config, cx);
                let since = self.sessions.get(&number).map_or(now, |session| session.since);
                if known.is_none() {
                    cx.set_timer(Timer::Call(number), config.call_delay);
                } else if now.since(since) >= config.call_delay {
                    self.call(number, config, cx);
                }
            }
            Mode::Ttl | Mode::Birthday => self.call(number, config, cx),
        }
    }

    fn begin(
        &mut self,
        header: Header,
        id: NodeId,
        wish: Introduction,
        now: Time,
        config: &Config,
    ) -> Option<u32> {
        if self.sessions.len() >= config.max_sessions {
            return None;
        }
        let number = self.next_session;
        // 0 means "no rendezvous was asked".
        self.next_session = number.wrapping_add(1).max(1);
        let predicted = if wish.endpoint.port == 0 { header.src } else { wish.endpoint };
        let session = Session {
            connector: id,
            acceptor: wish.peer,
            nonce: wish.nonce,
            reply_to: header.src,
            via: header.dst,
            class: wish.class,
            nat: wish.nat,
            predicted,
            since: now,
        };
        if let Some(old) = self.sessions.insert(number, session) {
            self.attempts.remove(&(old.connector, old.nonce));
        }
        self.attempts.insert((id, wish.nonce), number);
        Some(number)
    }

    /// Tells the acceptor.
    pub(super) fn call<M: Message>(&mut self, number: u32, config: &Config, cx: &mut Context<'_, M>) {
        let Some(session) = self.sessions.get(&number) else { return };
        let Some(acceptor) = self.live(session.acceptor, cx.now(), config) else { return };
        let intro = Introduction {
            session: number,
            peer: session.connector,
            class: session.class,
            nat: session.nat,
            endpoint: session.predicted,
            nonce: session.nonce,
        };
        send(cx, acceptor.via, acceptor.endpoint, config.ttl_default, Body::Call(intro));
    }

    /// Tells the connector: where the acceptor says it is, or where it was seen.
    fn go<M: Message>(
        &mut self,
        number: u32,
        ready: Option<Introduction>,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let Some(session) = self.sessions.get(&number) else { return };
        let Some(acceptor) = self.live(session.acceptor, cx.now(), config) else { return };
        let intro = Introduction {
            session: number,
            peer: session.acceptor,
            class: ready.map_or(PortClass::Unknown, |ready| ready.class),
            nat: ready.and_then(|ready| ready.nat),
            endpoint: ready.map_or(acceptor.endpoint, |ready| ready.endpoint),
            nonce: session.nonce,
        };
        send(cx, session.via, session.reply_to, config.ttl_default, Body::Go(intro));
    }

    fn accepted<M: Message>(
        &mut self,
        header: Header,
        intro: Introduction,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let Some(session) = self.sessions.get(&intro.session) else {
            self.counts.unexpected += 1;
            return;
        };
        let from = self.live(session.acceptor, cx.now(), config);
        let genuine = session.nonce == intro.nonce
            && session.connector == intro.peer
            && from.is_some_and(|entry| entry.endpoint.ip == header.src.ip);
        if genuine {
            self.go(intro.session, Some(intro), config, cx);
        } else {
            self.counts.forged += 1;
        }
    }

    /// Forgets who fell silent and attempts long over.
    pub(super) fn sweep(&mut self, now: Time, config: &Config) {
        self.logins.retain(|_, entry| now.since(entry.seen) <= config.path_timeout);
        self.sessions.retain(|_, session| now.since(session.since) <= SESSION_LIFE);
        let sessions = &self.sessions;
        self.attempts.retain(|_, number| sessions.contains_key(number));
    }
}

//! The side that wants a path: asks the rendezvous, then fires.

use astrarium_node::{Endpoint, Header, NodeId, Time};

use super::config::{Config, Mode, Policy};
use super::host::Host;
use super::message::{Body, Introduction, Token};
use super::punch::Volley;
use super::socket::Owner;
use super::survey::Profile;
use super::{Context, Message, NatClass, PortClass, Timer};

/// How far an attempt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The survey is not over.
    Waiting,
    /// The server was asked where the fresh socket is seen (transaction).
    Learning(u64),
    /// The rendezvous was asked.
    Calling,
    /// Punches are under way.
    Punching,
    /// A relay was asked.
    Relaying,
}

/// An own attempt.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    pub(super) stage: Stage,
    /// Secret of the attempt.
    pub(super) nonce: u64,
    /// Number at the rendezvous, once known.
    pub(super) session: u32,
    /// Sockets it uses; the first is the one that was announced.
    pub(super) ports: Vec<u16>,
    /// Where the announced socket is seen from outside, as far as known.
    predicted: Endpoint,
    /// Requests made in this stage.
    pub(super) tries: u32,
    /// When this stage has failed.
    deadline: Time,
    volley: Option<Volley>,
}

impl Dial {
    fn token(&self) -> Token {
        Token { session: self.session, nonce: self.nonce }
    }
}

impl<M: Message> Host<M> {
    /// Begins an attempt.
    pub(super) fn dial(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let (now, nonce) = (cx.now(), cx.rng().word());
        let main = config.listen_port;
        let Some(path) = self.paths.get_mut(peer) else { return };
        self.counts.dials += 1;
        let mut dial = Dial {
            stage: Stage::Waiting,
            nonce,
            session: 0,
            ports: vec![main],
            predicted: Endpoint::new(self.ip, 0),
            tries: 0,
            deadline: now + config.path_timeout,
            volley: None,
        };
        if let Some(&public) = config.book.get(&peer) {
            dial.stage = Stage::Punching;
            dial.volley = Some(Volley::aimed(public, config));
            path.dial = Some(dial);
            self.dial_fire(peer, config, cx);
            return;
        }
        let wait = dial.deadline.since(now);
        path.dial = Some(dial);
        if self.profile.ready {
            self.prepare(peer, config, cx);
        } else {
            cx.set_timer(Timer::Dial(peer), wait);
        }
    }

    /// The survey is over: attempts that waited for it go on.
    pub(super) fn dial_waiting(&mut self, config: &Config, cx: &mut Context<'_, M>) {
        let waiting = |d: &Dial| d.stage == Stage::Waiting;
        for peer in self.paths.peers(|path| path.dial.as_ref().is_some_and(waiting)) {
            self.prepare(peer, config, cx);
        }
    }

    /// Chooses the socket and finds out where it is seen.
    fn prepare(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let class = self.profile.class();
        let tries = config.mode == Mode::None || attempts(&self.profile, config);
        self.counts.not_attempted += u64::from(!tries);
        // For a relay the two must have been introduced.
        if !tries && !config.relay_fallback {
            self.dial_failed(peer, config, cx);
            return;
        }
        let fresh = tries && config.opens_sockets() && !self.profile.port.public;
        let port = if fresh { self.sockets.open(Owner::Dial(peer)) } else { Some(config.listen_port) };
        let Some(port) = port else {
            self.counts.table_full += 1;
            self.dial_failed(peer, config, cx);
            return;
        };
        let predicted = self.predict(port);
        let id = cx.rng().word();
        let Some(dial) = self.paths.get_mut(peer).and_then(|p| p.dial.as_mut()) else { return };
        dial.ports = vec![port];
        dial.predicted = predicted;
        dial.tries = 1;
        if fresh && class == PortClass::Fixed {
            dial.stage = Stage::Learning(id);
            self.learn(port, id, config, cx);
            cx.set_timer(Timer::Dial(peer), config.stun_interval);
        } else {
            self.call_rendezvous(peer, config, cx);
        }
    }

    /// Where a socket is seen, without asking: right where ports are kept; where they are not, only the address is.
    pub(super) fn predict(&self, port: u16) -> Endpoint {
        match self.login.mapped {
            Some(mapped) if self.sockets.owner(port) == Some(Owner::Main) => mapped,
            _ => Endpoint::new(self.profile.wan(self.ip), port),
        }
    }

    pub(super) fn dial_learnt(
        &mut self,
        peer: NodeId,
        id: u64,
        mapped: Endpoint,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let Some(dial) = self.paths.get_mut(peer).and_then(|p| p.dial.as_mut()) else { return };
        if dial.stage == Stage::Learning(id) {
            dial.predicted = mapped;
            self.call_rendezvous(peer, config, cx);
        }
    }

    fn call_rendezvous(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let now = cx.now();
        let Some(dial) = self.paths.get_mut(peer).and_then(|p| p.dial.as_mut()) else { return };
        dial.stage = Stage::Calling;
        dial.tries = 0;
        dial.deadline = now + config.punch_timeout;
        self.ask_rendezvous(peer, config, cx);
        cx.set_timer(Timer::Dial(peer), config.punch_retry);
    }

    /// One request, to the servers in turn.
    fn ask_rendezvous(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let (class, nat) = (self.profile.class(), self.profile.nat);
        let Some(dial) = self.paths.get_mut(peer).and_then(|p| p.dial.as_mut()) else { return };
        let turn = dial.tries as usize;
        dial.tries += 1;
        let Dial { predicted, nonce, .. } = *dial;
        let body = Body::Connect { id: cx.me(), peer, class, nat, predicted, nonce };
        if let Some(server) = config.servers.get(turn % config.servers.len().max(1)) {
            self.emit(config.listen_port, server.main(), body, config, cx);
        }
    }

    pub(super) fn on_no_such_peer(
        &mut self,
        header: Header,
        peer: NodeId,
        nonce: u64,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) {
        let dial = self.paths.get(peer).and_then(|p| p.dial.as_ref());
        let calling = dial.is_some_and(|d| d.nonce == nonce && d.stage == Stage::Calling);
        if !calling || !config.is_server(header.src) {
            self.counts.unexpected += 1;
        } else if config.servers.len() <= 1 {
            self.dial_failed(peer, config, cx);
        }
    }

    pub(super) fn on_go(
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
        let now = cx.now();
        let own = self.profile.class();
        let tries = config.mode == Mode::None || attempts(&self.profile, config);
        let Some(dial) = self.paths.get_mut(intro.peer).and_then(|p| p.dial.as_mut()) else { return };
        // Else an attempt that is over.
        if dial.nonce != intro.nonce || !matches!(dial.stage, Stage::Calling | Stage::Punching) {
            return;
        }
        if intro.endpoint.port == 0 || !tries {
            self.dial_failed(intro.peer, config, cx);
            return;
        }
        // Else a repetition.
        if dial.stage != Stage::Calling {
            return;
        }
        // Without punching the peer has not been told: it must see a call that nobody announced.
        dial.session = if config.mode == Mode::None { 0 } else { intro.session };
        dial.stage = Stage::Punching;
        dial.deadline = now + config.punch_timeout;
        let token = dial.token();
        if config.mode == Mode::Birthday && own == PortClass::Symmetric {
            dial.deadline = now + guessing_time(config);
            let first = dial.ports.clone();
            let ports = self.spread(Owner::Dial(intro.peer), first, intro.endpoint, token, config, cx);
            if let Some(dial) = self.paths.get_mut(intro.peer).and_then(|p| p.dial.as_mut()) {
                dial.ports = ports;
            }
            cx.set_timer(Timer::Dial(intro.peer), guessing_time(config));
            return;
        }
        let guess = config.mode == Mode::Birthday && intro.class == PortClass::Symmetric;
        let volley = if guess { Volley::guessing } else { Volley::aimed };
        dial.volley = Some(volley(intro.endpoint, config));
        if guess {
            dial.deadline = now + guessing_time(config);
        }
        self.dial_fire(intro.peer, config, cx);
    }

    /// Opens many sockets, each of which opens the own middlebox for packets from there.
    pub(super) fn spread(
        &mut self,
        owner: Owner,
        mut ports: Vec<u16>,
        to: Endpoint,
        token: Token,
        config: &Config,
        cx: &mut Context<'_, M>,
    ) -> Vec<u16> {
        while ports.len() < config.birthday_sockets as usize {
            let Some(port) = self.sockets.open(owner) else {
                self.counts.table_full += 1;
                break;
            };
            ports.push(port);
        }
        for &port in &ports {
            self.open_middlebox(port, to, token, config, cx);
        }
        ports
    }

    /// The next punch of an own attempt.
    fn dial_fire(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let Some(dial) = self.paths.get(peer).and_then(|p| p.dial.as_ref()) else { return };
        let (Some(mut volley), Some(&port)) = (dial.volley, dial.ports.first()) else { return };
        self.fire(peer, port, &mut volley, dial.token(), config, cx);
        cx.set_timer(Timer::Dial(peer), volley.spacing);
        if let Some(dial) = self.paths.get_mut(peer).and_then(|p| p.dial.as_mut()) {
            dial.volley = Some(volley);
        }
    }

    pub(super) fn dial_timeout(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let now = cx.now();
        let Some(dial) = self.paths.get_mut(peer).and_then(|p| p.dial.as_mut()) else { return };
        match dial.stage {
            Stage::Waiting => self.dial_failed(peer, config, cx),
            Stage::Learning(id) if dial.tries < config.stun_tries => {
                dial.tries += 1;
                let port = dial.ports.first().copied().unwrap_or(config.listen_port);
                self.learn(port, id, config, cx);
                cx.set_timer(Timer::Dial(peer), config.stun_interval);
            }
            Stage::Learning(_) => self.dial_failed(peer, config, cx),
            Stage::Calling if now >= dial.deadline => self.dial_failed(peer, config, cx),
            Stage::Calling => {
                self.ask_rendezvous(peer, config, cx);
                cx.set_timer(Timer::Dial(peer), config.punch_retry);
            }
            Stage::Punching => {
                let (left, deadline) = (dial.volley.map_or(0, |volley| volley.left), dial.deadline);
                // Where both fire, nothing tells whether the peer has been told.
                let untold = !config.limits_ttl() && dial.session != 0 && left > 0 && left % 2 == 0;
                if untold {
                    self.ask_rendezvous(peer, config, cx);
                }
                if left > 0 {
                    self.dial_fire(peer, config, cx);
                } else if now >= deadline {
                    self.dial_failed(peer, config, cx);
                } else {
                    cx.set_timer(Timer::Dial(peer), deadline.since(now));
                }
            }
            Stage::Relaying => self.circuit_timeout(peer, config, cx),
        }
    }

    /// Punching failed: over a relay, or not at all.
    pub(super) fn dial_failed(&mut self, peer: NodeId, config: &Config, cx: &mut Context<'_, M>) {
        let Some(path) = self.paths.get_mut(peer) else { return };
        let Some(dial) = &mut path.dial else { return };
        let relaying = dial.stage == Stage::Relaying;
        if !relaying && path.routes.is_empty() && config.relay_fallback && config.relay_of(peer).is_some() {
            dial.stage = Stage::Relaying;
            dial.tries = 0;
            let ports = std::mem::take(&mut dial.ports);
            for port in ports {
                self.release(peer, port);
            }
            self.circuit_timeout(peer, config, cx);
            return;
        }
        let failed = path.routes.is_empty();
        self.end_dial(peer, |_| true, cx);
        if failed {
            self.counts.failed += 1;
            self.shut(peer, config.backoff, cx);
        }
    }

    /// No new attempt for a while; what waited is dropped.
    pub(super) fn shut(&mut self, peer: NodeId, span: astrarium_node::Span, cx: &mut Context<'_, M>) {
        let now = cx.now();
        let Some(path) = self.paths.get_mut(peer) else { return };
        self.counts.unreachable += path.queue.len() as u64;
        path.queue.clear();
        path.shut_until = now + span;
        cx.set_timer(Timer::Keep(peer), span);
    }

    /// Ends the own attempt if it is the one meant, and closes the sockets that nothing else needs.
    pub(super) fn end_dial(&mut self, peer: NodeId, meant: impl Fn(&Dial) -> bool, cx: &mut Context<'_, M>) {
        let Some(path) = self.paths.get_mut(peer) else { return };
        let Some(dial) = path.dial.take_if(|dial| meant(dial)) else { return };
        cx.cancel_timer(Timer::Dial(peer));
        for port in dial.ports {
            self.release(peer, port);
        }
    }
}

/// Whether a host that reads its middleboxes like this tries at all.
pub(super) fn attempts(own: &Profile, config: &Config) -> bool {
    match config.policy {
        Policy::PortRule => {
            let class = own.class();
            class.predictable()
                || (class == PortClass::Symmetric
                    && (config.attempt_symmetric || config.mode == Mode::Birthday))
        }
        Policy::Rfc3489 => own.nat.is_some_and(|class| class != NatClass::Blocked),
    }
}

/// How long a called host remembers the secret of an attempt: until the connector has tried everything, relays last.
pub(super) fn memory(config: &Config) -> astrarium_node::Span {
    let guess = if config.mode == Mode::Birthday { guessing_time(config) } else { config.call_delay };
    guess.saturating_add(config.punch_timeout * 3).saturating_add(config.punch_retry * 4)
}

/// How long both sides of a guess wait: for the first guess, for all of them, and for the answer.
pub(super) fn guessing_time(config: &Config) -> astrarium_node::Span {
    let guesses = config.birthday_spacing * u64::from(config.birthday_probes);
    guesses.saturating_add(config.punch_timeout).saturating_add(config.punch_retry)
}

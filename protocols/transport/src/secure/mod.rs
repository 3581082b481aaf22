//! A secure channel below any transport (network specification §6.9): every datagram leaves sealed, after a handshake of three messages.
//!
//! ```text
//! initiator                                   responder
//!   HS1: ephemeral key               ───▶       (when crowded: a cookie, to be echoed; no state, no work)
//!                                    ◀───       HS2: ephemeral key, signature, static key
//!   HS3: signature, static key       ───▶
//!   records                          ◀──▶       records
//! ```
//!
//! The initiator sends what waits right behind HS3, so the first datagram arrives 1.5 round trips after it was asked for; the
//! responder sends once HS3 proved who it talks to. Keys come from ephemeral secrets only, follow each other through a one-way
//! function and are erased: who steals the static keys reads nothing, who seizes a node reads what comes from then on.
//!
//! HS1 is repeated by its sender's timer. HS3 is repeated when HS2 comes again, and HS2 when a record comes before HS3: the
//! responder needs no timer, and answers nothing unasked, so it is no amplifier. (Rejected: a responder that repeats HS2 by itself.)
//!
//! | file | what |
//! |---|---|
//! | `config` | parameters, counts |
//! | `keys` | symbolic cryptography: keys as capabilities |
//! | `record` | what goes over the wire |
//! | `session` | keys by epoch, replay window |
//! | `handshake` | the three messages and the cookie |

mod config;
mod handshake;
pub mod keys;
mod record;
mod session;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use astrarium_node::collections::Map;
use astrarium_node::{Cx, Datagram, Layer, NodeId, Op, Protocol, Received, Time};

pub use config::{Config, Counters};
pub use record::{Prologue, Proof, Record};
pub use session::ReplayWindow;

use crate::service::Message;
use handshake::{HalfOpen, Pending};
use keys::{CookieSecret, Identity, PublicKey, TrafficKey};
use session::{Refusal, Session};

/// Timers of the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// HS1 to this peer again.
    Retry(NodeId),
    /// A key of the session with this peer is due for erasure.
    Keys(NodeId),
    /// The oldest half-open handshake is forgotten.
    HalfOpen,
}

/// What is known about one peer.
#[derive(Debug, Clone)]
struct Peer<M> {
    session: Option<Session>,
    /// A session that a newer handshake replaced opens late records until it is replaced itself.
    replaced: Option<(Session, Time)>,
    pending: Option<Pending>,
    /// HS3 of the last handshake that we began, with its session number, to be repeated.
    finish: Option<(u32, Record<M>)>,
    /// Datagrams that wait for a session.
    queue: VecDeque<M>,
    /// No new handshake at a peer's hint before this.
    patience: Time,
    armed: Option<Time>,
}

impl<M> Default for Peer<M> {
    fn default() -> Self {
        Self {
            session: None,
            replaced: None,
            pending: None,
            finish: None,
            queue: VecDeque::new(),
            patience: Time::ZERO,
            armed: None,
        }
    }
}

/// The secrets of a node at one moment: its static key, and the keys of its sessions.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Static key.
    pub identity: Identity,
    /// Keys that are in use.
    pub keys: Vec<TrafficKey>,
}

/// The channel, with all sessions of a node.
#[derive(Debug, Clone)]
pub struct Secure<M> {
    config: Config,
    counters: Counters,
    identity: Identity,
    directory: Arc<[PublicKey]>,
    peers: Map<NodeId, Peer<M>>,
    half_open: BTreeMap<(NodeId, u32), HalfOpen>,
    /// Half-open handshakes in order of their end.
    order: VecDeque<(Time, (NodeId, u32))>,
    cookies: Option<CookieSecret>,
}

impl<M: Message> Secure<M> {
    /// A channel for the owner of `identity`; `directory` holds the public key of every node, by its index.
    #[must_use]
    pub fn new(config: Config, identity: Identity, directory: Arc<[PublicKey]>) -> Self {
        Self {
            config,
            counters: Counters::default(),
            identity,
            directory,
            peers: Map::default(),
            half_open: BTreeMap::new(),
            order: VecDeque::new(),
            cookies: None,
        }
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether there is a session with this peer.
    #[must_use]
    pub fn is_open(&self, peer: NodeId) -> bool {
        self.peers.get(&peer).is_some_and(|p| p.session.is_some())
    }

    /// Half-open handshakes.
    #[must_use]
    pub fn half_open(&self) -> usize {
        self.half_open.len()
    }

    /// Datagrams that wait for a session with this peer.
    #[must_use]
    pub fn waiting(&self, peer: NodeId) -> usize {
        self.peers.get(&peer).map_or(0, |p| p.queue.len())
    }

    /// All secrets that this node holds now; what is not among them, forward secrecy has erased.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        let mut peers: Vec<_> = self.peers.iter().collect();
        peers.sort_unstable_by_key(|(id, _)| **id);
        let sessions =
            peers.iter().flat_map(|(_, p)| p.session.iter().chain(p.replaced.iter().map(|(s, _)| s)));
        Secrets { identity: self.identity.clone(), keys: sessions.flat_map(Session::keys).collect() }
    }

    /// One datagram to one peer.
    fn submit(&mut self, to: NodeId, message: M, cx: &mut Cx<'_, Self>) {
        if !self.config.enabled {
            cx.send(Datagram::One(to, Record::Plain(message)));
            return;
        }
        if !self.peers.contains_key(&to) && self.peers.len() >= self.config.max_peers {
            self.counters.overflow += 1;
            return;
        }
        let peer = self.peers.entry(to).or_default();
        if peer.session.is_some() {
            self.seal(to, Some(message), cx);
        } else if peer.queue.len() < self.config.queue {
            peer.queue.push_back(message);
            if peer.pending.is_none() && !self.is_answering(to) {
                self.begin(to, cx);
            }
        } else {
            self.counters.overflow += 1;
        }
    }

    /// Seals for a peer with a session, and sends.
    fn seal(&mut self, to: NodeId, content: Option<M>, cx: &mut Cx<'_, Self>) {
        let Some(session) = self.peers.get_mut(&to).and_then(|p| p.session.as_mut()) else { return };
        let (sealed, rekeyed) = session.seal(content, &self.config, cx.now());
        self.counters.sealed += 1;
        self.counters.rekeys += u64::from(rekeyed);
        cx.charge(Op::Cipher { bytes: sealed.content_len(|m| m.wire_len()) });
        cx.send(Datagram::One(to, Record::Data { sealed, overhead: self.config.overhead }));
        self.watch_keys(to, cx);
    }

    /// Sends everything that waited.
    fn flush(&mut self, to: NodeId, cx: &mut Cx<'_, Self>) {
        while let Some(message) = self.peers.get_mut(&to).and_then(|p| p.queue.pop_front()) {
            self.seal(to, Some(message), cx);
        }
    }

    fn install(&mut self, from: NodeId, session: Session, cx: &mut Cx<'_, Self>) {
        self.counters.completed += 1;
        let until = cx.now() + self.config.half_open_lifetime;
        let peer = self.peers.entry(from).or_default();
        peer.replaced = peer.session.replace(session).map(|old| (old, until));
        peer.pending = None;
        cx.cancel_timer(Timer::Retry(from));
        self.flush(from, cx);
        self.watch_keys(from, cx);
    }

    fn on_data(&mut self, from: NodeId, sealed: keys::Sealed<M>, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        cx.charge(Op::Cipher { bytes: sealed.content_len(|m| m.wire_len()) });
        let Some(peer) = self.peers.get_mut(&from).filter(|p| p.session.is_some()) else {
            self.counters.unopened += 1;
            self.on_early(from, cx);
            return;
        };
        peer.replaced.take_if(|(_, until)| *until <= now);
        let sessions = peer.session.iter_mut().chain(peer.replaced.iter_mut().map(|(s, _)| s));
        let mut refused = Some((Refusal::NoKey, sealed));
        let mut content = None;
        for session in sessions {
            // Only a record that this key does not open at all is worth trying with another.
            let Some((Refusal::NoKey, sealed)) = refused.take() else { break };
            match session.open(sealed, now) {
                Ok(inside) => content = inside,
                Err(refusal) => refused = Some(refusal),
            }
        }
        match refused {
            None => self.counters.opened += 1,
            Some((Refusal::Replay, _)) => self.counters.replayed += 1,
            Some((Refusal::NoKey, _)) => {
                self.counters.unopened += 1;
                self.on_early(from, cx);
            }
        }
        self.watch_keys(from, cx);
        if let Some(message) = content {
            cx.indicate(Received { from, message });
        }
    }

    /// Keeps a timer at the next moment at which a key must be erased or changed.
    fn watch_keys(&mut self, id: NodeId, cx: &mut Cx<'_, Self>) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let Some(session) = &peer.session else { return };
        let replaced = peer.replaced.as_ref().map(|(_, until)| *until);
        let next =
            [session.expires(&self.config), session.grace_ends(), replaced].into_iter().flatten().min();
        if let Some(at) = next.filter(|at| peer.armed.is_none_or(|armed| *at < armed)) {
            peer.armed = Some(at);
            cx.set_timer(Timer::Keys(id), at.since(cx.now()));
        }
    }

    fn on_keys_due(&mut self, id: NodeId, cx: &mut Cx<'_, Self>) {
        let now = cx.now();
        let Some(peer) = self.peers.get_mut(&id) else { return };
        peer.armed = None;
        peer.replaced.take_if(|(_, until)| *until <= now);
        let Some(session) = &mut peer.session else { return };
        session.erase(now);
        if session.expires(&self.config).is_some_and(|at| at <= now) {
            // An empty record tells the other side to change its key, too.
            self.seal(id, None, cx);
        }
        self.watch_keys(id, cx);
    }
}

impl<M: Message> Layer for Secure<M> {
    type Above = Datagram<M>;
    type Up = Received<M>;
    type Down = Datagram<Record<M>>;
    type Below = Received<Record<M>>;
    type Timer = Timer;

    fn on_start(&mut self, _cx: &mut Cx<'_, Self>) {}

    fn on_restart(&mut self, _cx: &mut Cx<'_, Self>) {
        self.peers.clear();
        self.half_open.clear();
        self.order.clear();
        self.cookies = None;
    }

    fn on_request(&mut self, request: Datagram<M>, cx: &mut Cx<'_, Self>) {
        match request {
            Datagram::One(to, message) => self.submit(to, message, cx),
            Datagram::Many(to, message) if !self.config.enabled => {
                cx.send(Datagram::Many(to, Record::Plain(message)));
            }
            Datagram::Many(recipients, message) => {
                for to in recipients.iter() {
                    self.submit(*to, message.clone(), cx);
                }
            }
        }
    }

    fn on_indication(&mut self, Received { from, message }: Received<Record<M>>, cx: &mut Cx<'_, Self>) {
        let plain = matches!(message, Record::Plain(_));
        if plain == self.config.enabled {
            self.counters.plain += 1;
            return;
        }
        match message {
            Record::Plain(message) => cx.indicate(Received { from, message }),
            Record::Data { sealed, .. } => self.on_data(from, sealed, cx),
            handshake => self.on_handshake(from, handshake, cx),
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Retry(peer) => self.retry(peer, cx),
            Timer::Keys(peer) => self.on_keys_due(peer, cx),
            Timer::HalfOpen => self.forget_half_open(cx),
        }
    }
}

impl<M: Message> Protocol for Secure<M> {
    type Msg = Record<M>;
}

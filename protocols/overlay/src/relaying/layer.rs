//! The layer: every node can be client, relay and collector; what it is asked and sent decides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use astrarium_node::{Cx, Domain, Layer, NodeId, Op, Span};
use astrarium_protocol_transport::{Event as Below, Request as Down};

use super::message::{Candidate, Message};

/// When a collector's window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowFrom {
    /// With the round.
    Start,
    /// With the first candidate: for collectors that do not know when a round begins elsewhere.
    First,
}

/// What all nodes of a network agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Members of the committee, sorted: a relay passes candidates on to nobody else.
    pub committee: Arc<[NodeId]>,
    /// Nodes that relay; with none, clients send to the collector themselves.
    pub relays: Arc<[NodeId]>,
    /// Relays (or times) that a client tries, at least 1.
    pub tries: u32,
    /// How long a client waits for a receipt before it tries again.
    pub retry: Span,
    /// How long a collector waits for candidates.
    pub window: Span,
    /// From when on.
    pub from: WindowFrom,
    /// Candidates of one round that a collector takes at most.
    pub candidates_max: u32,
}

/// What the layer above can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    /// Collect candidates for a round, and choose one.
    Collect {
        /// Which.
        round: u64,
        /// What it is about.
        challenge: u64,
    },
    /// Send one's candidate.
    Submit {
        /// For which round.
        round: u64,
        /// What it is about.
        challenge: u64,
        /// Who collects.
        collector: NodeId,
        /// Length of what is proposed, in bytes.
        bytes: u32,
    },
}

/// What the layer reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// At the collector: a candidate is here for the first time.
    Arrived {
        /// Which.
        candidate: Candidate,
        /// Too late to be chosen.
        late: bool,
    },
    /// At the collector: the choice.
    Chosen {
        /// Which round.
        round: u64,
        /// Whose candidate.
        origin: NodeId,
        /// Its ticket.
        ticket: u64,
        /// Candidates to choose from.
        among: u32,
    },
    /// At a client: the collector has its candidate.
    Confirmed {
        /// Which round.
        round: u64,
        /// Relays tried.
        tries: u32,
    },
    /// At a client: nobody confirmed, and there is nothing left to try.
    GaveUp {
        /// Which round.
        round: u64,
    },
}

/// Timers of the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// No receipt for this round's candidate.
    Retry(u64),
    /// The window of this round closes.
    Close(u64),
}

/// Messages dropped, by cause, and what relays passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Passed on.
    pub relayed: u64,
    /// Dropped by a relay: not to a member of the committee.
    pub misdirected: u64,
    /// Dropped by a collector: of no round that it collects for.
    pub unknown: u64,
    /// Dropped: the ticket is not proven, or is for another challenge.
    pub forged: u64,
    /// Confirmed again: it was here already.
    pub duplicates: u64,
    /// Dropped: the round has as many as a collector takes.
    pub crowded: u64,
}

/// A client's candidate that nobody has confirmed.
#[derive(Debug, Clone)]
struct Pending {
    candidate: Candidate,
    collector: NodeId,
    /// Relays to try, the next one last.
    relays: Vec<u64>,
    tries: u32,
}

/// A collector's round.
#[derive(Debug, Clone)]
struct Collection {
    challenge: u64,
    best: Option<(u64, NodeId)>,
    origins: BTreeSet<NodeId>,
    /// The window is over; the first candidate, if there is none yet, is the choice.
    closed: bool,
    chosen: bool,
}

/// Rounds that a client, and that a collector, has under way at the same time at most; the oldest gives way.
const MOST_ROUNDS: usize = 16;
/// The family of draws of relays; the counter is the round.
const RELAYS: Domain = Domain::protocol(0x5E1A);

/// The layer.
#[derive(Debug, Clone)]
pub struct Relaying {
    config: Arc<Config>,
    pending: BTreeMap<u64, Pending>,
    collections: BTreeMap<u64, Collection>,
    counters: Counters,
}

impl Relaying {
    /// Nothing under way.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self { config, pending: BTreeMap::new(), collections: BTreeMap::new(), counters: Counters::default() }
    }

    /// What happened to messages.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn submit(&mut self, candidate: Candidate, collector: NodeId, cx: &mut Cx<'_, Self>) {
        if !self.pending.contains_key(&candidate.round)
            && self.pending.len() >= MOST_ROUNDS
            && let Some((round, _)) = self.pending.pop_first()
        {
            cx.cancel_timer(Timer::Retry(round));
            cx.indicate(Event::GaveUp { round });
        }
        let relays = self.config.relays.len() as u64;
        let tries = relays.min(u64::from(self.config.tries)) as usize;
        // Another draw than that of the ticket, which everybody knows: a relay cannot foresee who will come to it.
        let relays = cx.stream(RELAYS, candidate.round).sample(relays, tries);
        self.pending.insert(candidate.round, Pending { candidate, collector, relays, tries: 0 });
        self.try_next(candidate.round, cx);
    }

    /// Sends a candidate over the next relay, or gives up.
    fn try_next(&mut self, round: u64, cx: &mut Cx<'_, Self>) {
        let Some(pending) = self.pending.get_mut(&round) else { return };
        let (candidate, to) = (pending.candidate, pending.collector);
        let next = if self.config.relays.is_empty() {
            (pending.tries < self.config.tries).then_some((to, Message::Forward(candidate)))
        } else {
            let relay = pending.relays.pop().and_then(|at| self.config.relays.get(at as usize));
            relay.map(|&relay| (relay, Message::Submit { to, candidate }))
        };
        let Some((to, message)) = next else {
            self.pending.remove(&round);
            return cx.indicate(Event::GaveUp { round });
        };
        pending.tries += 1;
        cx.send(Down::send(to, message));
        cx.set_timer(Timer::Retry(round), self.config.retry);
    }

    fn on_receipt(&mut self, from: NodeId, round: u64, cx: &mut Cx<'_, Self>) {
        if self.pending.get(&round).is_none_or(|pending| pending.collector != from) {
            self.counters.unknown += 1;
            return;
        }
        if let Some(Pending { tries, .. }) = self.pending.remove(&round) {
            cx.cancel_timer(Timer::Retry(round));
            cx.indicate(Event::Confirmed { round, tries });
        }
    }

    fn relay(&mut self, to: NodeId, candidate: Candidate, cx: &mut Cx<'_, Self>) {
        if self.config.committee.binary_search(&to).is_err() {
            self.counters.misdirected += 1;
            return;
        }
        cx.charge(Op::Parse);
        self.counters.relayed += 1;
        cx.send(Down::send(to, Message::Forward(candidate)));
    }

    fn collect(&mut self, round: u64, challenge: u64, cx: &mut Cx<'_, Self>) {
        if !self.collections.contains_key(&round)
            && self.collections.len() >= MOST_ROUNDS
            && let Some((oldest, _)) = self.collections.pop_first()
        {
            cx.cancel_timer(Timer::Close(oldest));
        }
        let fresh =
            Collection { challenge, best: None, origins: BTreeSet::new(), closed: false, chosen: false };
        self.collections.insert(round, fresh);
        if self.config.from == WindowFrom::Start {
            cx.set_timer(Timer::Close(round), self.config.window);
        }
    }

    fn on_candidate(&mut self, candidate: Candidate, cx: &mut Cx<'_, Self>) {
        let Candidate { round, origin, ticket, .. } = candidate;
        let Some(collection) = self.collections.get_mut(&round) else {
            self.counters.unknown += 1;
            return;
        };
        if collection.origins.contains(&origin) {
            self.counters.duplicates += 1;
            return cx.send(Down::send(origin, Message::Receipt { round }));
        }
        if collection.origins.len() >= self.config.candidates_max as usize {
            self.counters.crowded += 1;
            return;
        }
        cx.charge(Op::Verify);
        if candidate.challenge != collection.challenge || !candidate.is_proven() {
            self.counters.forged += 1;
            return;
        }
        collection.origins.insert(origin);
        cx.send(Down::send(origin, Message::Receipt { round }));
        cx.indicate(Event::Arrived { candidate, late: collection.chosen });
        if collection.chosen {
            return;
        }
        let first = collection.best.is_none();
        collection.best = Some(collection.best.map_or((ticket, origin), |best| best.min((ticket, origin))));
        if collection.closed {
            self.choose(round, cx);
        } else if first && self.config.from == WindowFrom::First {
            cx.set_timer(Timer::Close(round), self.config.window);
        }
    }

    /// The window of a round is over.
    fn choose(&mut self, round: u64, cx: &mut Cx<'_, Self>) {
        let Some(collection) = self.collections.get_mut(&round) else { return };
        collection.closed = true;
        if let (Some((ticket, origin)), false) = (collection.best, collection.chosen) {
            collection.chosen = true;
            // At most `candidates_max`.
            let among = collection.origins.len() as u32;
            cx.indicate(Event::Chosen { round, origin, ticket, among });
        }
    }
}

impl Layer for Relaying {
    type Above = Request;
    type Up = Event;
    type Down = Down<Message>;
    type Below = Below<Message>;
    type Timer = Timer;

    fn on_start(&mut self, _cx: &mut Cx<'_, Self>) {}

    /// Nothing that is under way survives: a round is short.
    fn on_restart(&mut self, _cx: &mut Cx<'_, Self>) {
        self.pending.clear();
        self.collections.clear();
    }

    fn on_request(&mut self, request: Request, cx: &mut Cx<'_, Self>) {
        match request {
            Request::Collect { round, challenge } => self.collect(round, challenge, cx),
            Request::Submit { round, challenge, collector, bytes } => {
                cx.charge(Op::Sign);
                self.submit(Candidate::new(round, challenge, cx.me(), bytes), collector, cx);
            }
        }
    }

    fn on_indication(&mut self, indication: Below<Message>, cx: &mut Cx<'_, Self>) {
        // What a transport may report besides is made good by trying again.
        let Below::Delivered { from, message } = indication else { return };
        match message {
            Message::Submit { to, candidate } => self.relay(to, candidate, cx),
            Message::Forward(candidate) => self.on_candidate(candidate, cx),
            Message::Receipt { round } => self.on_receipt(from, round, cx),
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Retry(round) => self.try_next(round, cx),
            Timer::Close(round) => self.choose(round, cx),
        }
    }
}

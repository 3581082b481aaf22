//! The node: answers, lookups, and what it makes of messages.

use std::sync::Arc;

use astrarium_node::{Cx, Layer, NodeId, Op, Time};
use astrarium_protocol_transport::{Event as Below, Request as Down};

use super::config::{Config, FindNodeKey};
use super::disjoint::Disjoint;
use super::id::{Directory, Id};
use super::message::Message;
use super::neighbours::Neighbours;
use super::rpc::{Ask, Exchange, Exchanges};
use super::search::Limits;
use super::service::{Event, Found, Got, Request, Target};
use super::storage::Storage;
use super::table::{Place, Table};

/// Timers of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The oldest exchange expires.
    Rpc,
    /// Time to refresh.
    Refresh,
    /// Time to check a contact.
    Check,
    /// Time to try to join again.
    Join,
    /// Time to put held records again.
    Republish,
}

/// What was dropped, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Answers to nothing that was asked, or too late.
    pub unsolicited: u32,
    /// Contacts in answers that are nobody.
    pub unknown_contact: u32,
    /// Contacts in answers beyond the `k` that an answer holds.
    pub too_many: u32,
    /// Exchanges not begun because too many were under way.
    pub overload: u32,
    /// Records whose key is not the digest of their value, or not the one that was asked for.
    pub forged: u32,
    /// Records not kept because too many are held.
    pub no_room: u32,
}

/// On whose behalf a lookup runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The layer above.
    User { query: u64, target: Target },
    /// Refreshing, with so many random lookups to follow; `joining` when the node is just joining.
    Refresh { left: u8, joining: bool },
    /// Finding the holders of a record that is to be put.
    Put { put: u32 },
    /// Finding a record.
    Get { query: u64 },
}

/// A lookup under way.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    pub(super) number: u32,
    pub(super) purpose: Purpose,
    /// Where the searched nodes stand.
    pub(super) key: Id,
    /// What is written in FINDNODE.
    asked_for: Id,
    pub(super) began: Time,
    pub(super) search: Disjoint,
}

/// What all nodes of a run share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Config,
    pub(super) directory: Directory,
}

/// A node of the hash table.
#[derive(Debug, Clone)]
pub struct Kademlia {
    pub(super) shared: Arc<Shared>,
    /// Whom to ask when the table is empty.
    pub(super) seeds: Arc<[NodeId]>,
    pub(super) table: Table,
    pub(super) neighbours: Neighbours,
    pub(super) exchanges: Exchanges,
    pub(super) lookups: Vec<Lookup>,
    next_lookup: u32,
    /// Records held and records being put; most nodes of most runs have none.
    pub(super) storage: Option<Box<Storage>>,
    pub(super) dropped: Dropped,
}

impl Kademlia {
    /// A maker of nodes with these rules among these nodes: `make(seeds, table)`. A node with an empty table joins by its seeds when it
    /// starts.
    ///
    /// # Errors
    /// A parameter out of range.
    pub fn maker(
        config: Config,
        directory: Directory,
    ) -> Result<impl Fn(Arc<[NodeId]>, Table) -> Self + Clone + Send + Sync + 'static, super::ConfigError>
    {
        config.validate()?;
        let shared = Arc::new(Shared { config, directory });
        Ok(move |seeds, table| Self {
            shared: Arc::clone(&shared),
            seeds,
            table,
            neighbours: Neighbours::default(),
            exchanges: Exchanges::default(),
            lookups: Vec::new(),
            next_lookup: 0,
            storage: None,
            dropped: Dropped::default(),
        })
    }

    /// Its routing table.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Its neighbours.
    #[must_use]
    pub fn neighbours(&self) -> &Neighbours {
        &self.neighbours
    }

    /// Its rules.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// What it dropped.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Lookups under way.
    #[must_use]
    pub fn lookups(&self) -> usize {
        self.lookups.len()
    }

    /// The table, and where it stands.
    pub(super) fn table_at(&mut self, me: NodeId) -> (&mut Table, Place<'_>) {
        let Shared { config, directory } = &*self.shared;
        (&mut self.table, Place { me: own_key(directory, me), directory, config })
    }

    pub(super) fn begin_lookup(
        &mut self,
        purpose: Purpose,
        target: Target,
        extra: &[NodeId],
        cx: &mut Cx<'_, Self>,
    ) {
        let directory = &self.shared.directory;
        let place = Place { me: own_key(directory, cx.me()), directory, config: &self.shared.config };
        let (key, asked_for) = match target {
            Target::Key(key) => (key, key),
            Target::Node(node) => {
                let Some((key, name)) = directory.key(node).zip(directory.name(node)) else {
                    self.dropped.unknown_contact += 1;
                    return;
                };
                let raw = place.config.find_node_key == FindNodeKey::RawAsShipped;
                (key, if raw { name } else { key })
            }
        };
        let Config { k, alpha, width, paths, .. } = *place.config;
        let mut start = self.table.nearest(key, k.max(width).max(paths), None, place);
        for &node in extra.iter().filter(|&&node| node != cx.me()) {
            start.extend(directory.key(node).map(|at| (at.distance(key), node)));
        }
        start.sort_unstable();
        start.dedup();
        let search = Disjoint::new(Limits { alpha, width }, paths, &start);
        let number = self.next_lookup;
        self.next_lookup = number.wrapping_add(1);
        self.lookups.push(Lookup { number, purpose, key, asked_for, began: cx.now(), search });
        self.advance(self.lookups.len() - 1, cx);
    }

    /// Asks whoever is next in this lookup, and ends it when it is at its end.
    pub(super) fn advance(&mut self, at: usize, cx: &mut Cx<'_, Self>) {
        let deadline = cx.now() + self.shared.config.rpc_timeout;
        let idle = self.exchanges.len() == 0;
        let lookup = &mut self.lookups[at];
        while let Some((path, to)) = lookup.search.next_question() {
            // At most 32 paths.
            let ask = Ask::Find { lookup: lookup.number, path: path as u8 };
            let Some(exchange) = self.exchanges.begin(to, ask, deadline) else {
                self.dropped.overload += 1;
                lookup.search.failed(path, to);
                continue;
            };
            let target = lookup.asked_for;
            let question = match lookup.purpose {
                Purpose::Get { .. } => Message::FindValue { exchange, key: target },
                _ => Message::FindNode { exchange, target },
            };
            cx.send(Down::send(to, question));
        }
        if idle && self.exchanges.len() > 0 {
            cx.set_timer(Timer::Rpc, self.shared.config.rpc_timeout);
        }
        if self.lookups[at].search.is_finished() {
            let lookup = self.lookups.swap_remove(at);
            self.finish(&lookup, cx);
        }
    }

    fn finish(&mut self, lookup: &Lookup, cx: &mut Cx<'_, Self>) {
        match lookup.purpose {
            Purpose::User { query, target } => {
                let nearest = lookup.search.nearest(self.shared.config.k);
                cx.indicate(Event::Found(Found {
                    query,
                    target,
                    rounds: nearest.first().map_or(0, |c| c.depth),
                    contacts: nearest.iter().map(|c| c.node).collect(),
                    rpcs: lookup.search.asked(),
                    failures: lookup.search.failures(),
                    took: cx.now().since(lookup.began),
                }));
            }
            Purpose::Refresh { left, joining } => {
                let answered = lookup.search.asked() > lookup.search.failures();
                self.refreshed(left, joining, answered, cx);
            }
            Purpose::Put { put } => {
                let nearest = lookup.search.nearest(self.shared.config.k);
                self.put_at(put, &nearest, lookup.search.asked(), cx);
            }
            Purpose::Get { query } => cx.indicate(Event::Got(Got {
                query,
                key: lookup.key,
                record: None,
                rounds: 0,
                rpcs: lookup.search.asked(),
                failures: lookup.search.failures(),
                took: cx.now().since(lookup.began),
            })),
        }
    }

    pub(super) fn on_find_node(&mut self, from: NodeId, exchange: u32, target: Id, cx: &mut Cx<'_, Self>) {
        let (table, place) = self.table_at(cx.me());
        let nearest = table.nearest(target, place.config.k, Some(from), place);
        let contacts = nearest.iter().map(|&(_, node)| node).collect();
        cx.send(Down::send(from, Message::Neighbours { exchange, contacts }));
        self.noticed(from, cx);
    }

    fn on_neighbours(&mut self, from: NodeId, exchange: u32, contacts: &[NodeId], cx: &mut Cx<'_, Self>) {
        let Some(Exchange { ask: Ask::Find { lookup, path }, .. }) = self.exchanges.end_find(from, exchange)
        else {
            self.dropped.unsolicited += 1;
            return;
        };
        self.noticed(from, cx);
        let k = self.shared.config.k;
        self.dropped.too_many += contacts.len().saturating_sub(k) as u32;
        let contacts = &contacts[..contacts.len().min(k)];
        let directory = &self.shared.directory;
        let unknown = contacts.iter().filter(|&&c| directory.key(c).is_none()).count();
        self.dropped.unknown_contact += unknown as u32;
        // The lookup may have ended without this answer.
        if let Some(at) = self.lookups.iter().position(|l| l.number == lookup) {
            let Lookup { key, search, .. } = &mut self.lookups[at];
            let others = contacts.iter().filter(|&&c| c != cx.me());
            let known = others.filter_map(|&c| Some((directory.key(c)?.distance(*key), c)));
            search.answered(usize::from(path), from, known);
            self.advance(at, cx);
        }
        self.heard_of(contacts, cx);
    }

    /// An exchange came to nothing.
    pub(super) fn on_failure(&mut self, exchange: Exchange, cx: &mut Cx<'_, Self>) {
        self.not_answered(exchange.to, cx);
        match exchange.ask {
            Ask::Find { lookup, path } => self.path_failed(lookup, path, exchange.to, cx),
            Ask::Store { put } => self.put_answered(put, false, cx),
            Ask::Ping { .. } => {}
        }
    }

    /// A question of a lookup came to nothing.
    pub(super) fn path_failed(&mut self, lookup: u32, path: u8, to: NodeId, cx: &mut Cx<'_, Self>) {
        if let Some(at) = self.lookups.iter().position(|l| l.number == lookup) {
            self.lookups[at].search.failed(usize::from(path), to);
            self.advance(at, cx);
        }
    }

    fn on_message(&mut self, from: NodeId, message: &Message, cx: &mut Cx<'_, Self>) {
        cx.charge(Op::Parse);
        match *message {
            Message::Ping { auth, dial } => self.on_ping(from, auth, dial, cx),
            Message::Pong { verified, accepted } => self.on_pong(from, verified, accepted, cx),
            Message::FindNode { exchange, target } => self.on_find_node(from, exchange, target, cx),
            Message::Neighbours { exchange, ref contacts } => {
                self.on_neighbours(from, exchange, contacts, cx);
            }
            Message::Hangup => self.lose_neighbour(from, cx),
            Message::Store { exchange, life, record } => self.on_store(from, exchange, life, record, cx),
            Message::Stored { exchange, kept } => self.on_stored(from, exchange, kept, cx),
            Message::FindValue { exchange, key } => self.on_find_value(from, exchange, key, cx),
            Message::Value { exchange, record } => self.on_value(from, exchange, record, cx),
        }
    }
}

/// Where this node stands. A node that runs has an entry in the directory: its maker put it there.
pub(super) fn own_key(directory: &Directory, me: NodeId) -> Id {
    directory.key(me).unwrap_or_default()
}

impl Layer for Kademlia {
    type Above = Request;
    type Up = Event;
    type Down = Down<Message>;
    type Below = Below<Message>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        self.wake_up(cx);
    }

    /// The table and the records are kept in memory only: they are lost.
    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.table.clear();
        self.neighbours.clear();
        self.exchanges.clear();
        self.lookups.clear();
        self.storage = None;
        self.wake_up(cx);
    }

    fn on_request(&mut self, request: Request, cx: &mut Cx<'_, Self>) {
        match request {
            Request::Lookup { query, .. } if self.lookups.len() >= Config::MAX_LOOKUPS => {
                cx.indicate(Event::Refused { query });
            }
            Request::Lookup { query, target } => {
                self.begin_lookup(Purpose::User { query, target }, target, &[], cx);
            }
            Request::Put { query, record } => self.put(query, record, cx),
            Request::Get { query, key } => self.get(query, key, cx),
            Request::Join { contacts } => {
                self.seeds = contacts;
                self.join(cx);
            }
        }
    }

    fn on_indication(&mut self, indication: Below<Message>, cx: &mut Cx<'_, Self>) {
        match indication {
            Below::Delivered { from, message } => self.on_message(from, &message, cx),
            Below::PeerUp { .. } => {}
            Below::PeerDown { peer, .. } => {
                self.lose_neighbour(peer, cx);
                while let Some(exchange) = self.exchanges.end_any(peer) {
                    self.on_failure(exchange, cx);
                }
            }
            Below::Refused { to, message } => {
                let exchange = match message {
                    Message::FindNode { exchange, .. } | Message::FindValue { exchange, .. } => {
                        self.exchanges.end_find(to, exchange)
                    }
                    Message::Store { exchange, .. } => self.exchanges.end_store(to, exchange),
                    Message::Ping { .. } => self.exchanges.end_ping(to),
                    _ => None,
                };
                if let Some(exchange) = exchange {
                    self.on_failure(exchange, cx);
                }
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Rpc => {
                while let Some(exchange) = self.exchanges.expire(cx.now()) {
                    self.on_failure(exchange, cx);
                }
                if let Some(deadline) = self.exchanges.next_deadline() {
                    cx.set_timer(Timer::Rpc, deadline.since(cx.now()));
                }
            }
            Timer::Refresh => self.refresh(cx),
            Timer::Check => self.check(cx),
            Timer::Join => self.join(cx),
            Timer::Republish => self.republish(cx),
        }
    }
}

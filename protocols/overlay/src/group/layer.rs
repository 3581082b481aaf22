//! The layer: requests, events, what is kept, what is dropped and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use astrarium_node::{Cx, Layer, NodeId, Span};
use astrarium_protocol_transport::{Class, Event as Below, Request as Down};

use super::config::{Config, Overlay};
use super::grid::Grid;
use super::kad2::Table;
use super::message::{Body, Data, GroupId, Kind, Message, MessageId};
use super::reduce::Reductions;
use super::roster::Roster;
use super::seen::Seen;
use super::spread::Copies;
use super::tree::Tree;
use crate::liveness::{Change, Monitor, Pulse};

/// What the layer above can ask.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request<B> {
    /// Be a member of a group. Opening an open group replaces its members.
    Open {
        /// Which.
        group: GroupId,
        /// Its members, this node among them.
        roster: Arc<Roster>,
    },
    /// Be no member any more.
    Close {
        /// Which.
        group: GroupId,
    },
    /// Deliver to all members, oneself included.
    Cast {
        /// In which group.
        group: GroupId,
        /// What.
        body: B,
    },
    /// Deliver to all members of a group that this node is not in.
    Enter {
        /// Which.
        group: GroupId,
        /// Its members.
        roster: Arc<Roster>,
        /// A member with whom there is a session already.
        connected: Option<NodeId>,
        /// What.
        body: B,
    },
    /// Send a contribution up to the origin of a cast, merged with others on the way.
    Contribute {
        /// In which group.
        group: GroupId,
        /// Origin of the cast.
        source: NodeId,
        /// The cast.
        id: MessageId,
        /// One's own contribution.
        body: B,
    },
}

/// What the layer reports.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event<B> {
    /// The group is open.
    Ready {
        /// Which.
        group: GroupId,
    },
    /// The group was not opened: there are too many already, or this node is no member.
    Declined {
        /// Which.
        group: GroupId,
    },
    /// A message, once; to its origin with zero hops.
    Delivered {
        /// In which group.
        group: GroupId,
        /// Who made it.
        source: NodeId,
        /// Its identity.
        id: MessageId,
        /// Hops that this copy made.
        hops: u16,
        /// What it carries.
        body: B,
    },
    /// To the origin of a cast: contributions have come in; these are all so far.
    Reduced {
        /// In which group.
        group: GroupId,
        /// The cast.
        id: MessageId,
        /// Members whose contributions are in it.
        contributors: u32,
        /// All of them, merged.
        body: B,
    },
    /// A neighbour is suspected, or heard again.
    Peer(Change),
}

/// What happened to messages, by cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Application messages sent.
    pub sent: u64,
    /// Delivered to the layer above.
    pub delivered: u64,
    /// Seen before; their duties may have been new.
    pub duplicates: u64,
    /// Dropped: of a group that this node is not in.
    pub unknown_group: u64,
    /// Dropped: sent by somebody who is no member, in a part that only members have.
    pub foreign: u64,
    /// Dropped: expired by this node's clock.
    pub expired: u64,
    /// Dropped: not made by whom it names.
    pub forged: u64,
    /// Dropped: cannot be, such as a contribution of more members than there are below its sender.
    pub malformed: u64,
    /// Contributions that came after the reduction had been sent on, or was forgotten.
    pub late: u64,
    /// Refused by the transport.
    pub refused: u64,
}

/// Timers of the layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timer {
    /// The end of a pulse interval.
    Beat,
    /// The children of an inner node have had their time.
    Level(MessageId),
}

/// A group that this node is in.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    pub(super) roster: Arc<Roster>,
    /// Position by id.
    pub(super) rank: usize,
    /// Position in the list.
    pub(super) place: usize,
    pub(super) grid: Grid,
    /// For kad2 only.
    pub(super) table: Option<Table>,
}

/// Groups of one node.
#[derive(Debug, Clone)]
pub struct Group<B> {
    pub(super) config: Arc<Config>,
    pub(super) groups: BTreeMap<GroupId, Membership>,
    pub(super) seen: Seen,
    pub(super) reductions: Reductions<B>,
    pub(super) monitor: Monitor,
    pub(super) counters: Counters,
    /// Scratch, empty between events.
    pub(super) copies: Copies,
    /// Number of the next message made here.
    next: u32,
    beat: u64,
}

impl<B: Body> Group<B> {
    /// In no group yet.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            seen: Seen::new(config.seen_keep, config.seen_max as usize),
            reductions: Reductions::new(config.reductions_max as usize),
            monitor: Monitor::new(config.missed),
            groups: BTreeMap::new(),
            counters: Counters::default(),
            copies: Copies::new(),
            next: 0,
            beat: 0,
            config,
        }
    }

    /// What happened to messages.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Who is suspected.
    #[must_use]
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// The members of an open group.
    #[must_use]
    pub fn roster(&self, group: GroupId) -> Option<&Arc<Roster>> {
        self.groups.get(&group).map(|m| &m.roster)
    }

    fn open(&mut self, group: GroupId, roster: Arc<Roster>, cx: &mut Cx<'_, Self>) {
        let full = !self.groups.contains_key(&group) && self.groups.len() >= self.config.groups_max as usize;
        let (Some(rank), Some(place), false) = (roster.rank(cx.me()), roster.place(cx.me()), full) else {
            cx.indicate(Event::Declined { group });
            return;
        };
        let row_min = match self.config.overlay {
            Overlay::Grid { row_min } => row_min as usize,
            _ => 4,
        };
        let kad2 = matches!(self.config.overlay, Overlay::Kad2 { .. });
        let membership = Membership {
            grid: Grid::new(roster.len(), row_min),
            table: kad2.then(|| Table::new(cx.me(), roster.members())),
            rank,
            place,
            roster,
        };
        self.groups.insert(group, membership);
        self.watch();
        cx.indicate(Event::Ready { group });
    }

    /// Watches the neighbours of all groups.
    fn watch(&mut self) {
        if self.config.pulse.is_none() {
            return;
        }
        let mut peers = Vec::new();
        for membership in self.groups.values() {
            membership.neighbours(self.config.overlay, &mut peers);
        }
        self.monitor.watch(peers);
    }

    /// A fresh message of this node.
    pub(super) fn fresh(&mut self, group: GroupId, body: B, cx: &Cx<'_, Self>) -> Data<B> {
        let id = MessageId::new(cx.me(), self.next);
        self.next = self.next.wrapping_add(1);
        let expiry = cx.now() + self.config.expiry;
        Data { kind: Kind::Row, group, source: cx.me(), id, expiry, hops: 0, body }
    }

    /// Sends one copy.
    pub(super) fn send(&mut self, to: NodeId, data: Data<B>, cx: &mut Cx<'_, Self>) {
        self.counters.sent += 1;
        cx.send(Down::Send { to, message: Message::Data(data), class: Class::High });
    }

    fn on_beat(&mut self, interval: Span, cx: &mut Cx<'_, Self>) {
        self.monitor.interval_over(|change| cx.indicate(Event::Peer(change)));
        self.beat += 1;
        let message = Message::Pulse(Pulse { view: 0, seq: self.beat });
        for to in self.monitor.peers() {
            cx.send(Down::Send { to, message: message.clone(), class: Class::High });
        }
        cx.set_timer(Timer::Beat, interval);
    }
}

impl Membership {
    /// The tree below `source`, or below the first of the list for an outsider; flat for all overlays but the tree.
    pub(super) fn tree(&self, overlay: Overlay, source: NodeId) -> Tree {
        let members = self.roster.len();
        let fanout = match overlay {
            Overlay::Tree { fanout } => fanout as usize,
            _ => members,
        };
        Tree::new(members, fanout, self.roster.place(source).unwrap_or(0))
    }

    /// With whom pulses are exchanged: whoever is a neighbour of whom, it is mutual.
    fn neighbours(&self, overlay: Overlay, peers: &mut Vec<NodeId>) {
        let roster = &self.roster;
        match overlay {
            Overlay::Grid { .. } => {
                let mates = self.grid.row_mates(self.rank).chain(self.grid.column_mates(self.rank));
                peers.extend(mates.map(|rank| roster.ranked(rank)));
            }
            // The table holds all members.
            Overlay::Kad2 { .. } | Overlay::Mesh | Overlay::Flood => {
                peers.extend(roster.members().iter().filter(|&&m| m != roster.ranked(self.rank)));
            }
            Overlay::Star | Overlay::Tree { .. } => {
                let tree = self.tree(overlay, roster.placed(0));
                let parent = tree.parent(self.place);
                let above = parent.into_iter().chain(parent.and_then(|p| tree.parent(p)));
                let below = tree.children(self.place);
                let further = tree.children(self.place).flat_map(|child| tree.children(child));
                peers.extend(above.chain(below).chain(further).map(|place| roster.placed(place)));
            }
        }
    }
}

impl<B: Body> Layer for Group<B> {
    type Above = Request<B>;
    type Up = Event<B>;
    type Down = Down<Message<B>>;
    type Below = Below<Message<B>>;
    type Timer = Timer;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        // Numbers go on from the clock, so that after a restart, with or without disk, nothing looks like a replay.
        self.beat = self.beat.max(cx.now().as_nanos());
        self.next = self.next.max((cx.now().as_nanos() / 1_000_000_000) as u32);
        if let Some(interval) = self.config.pulse {
            let phase = cx.rng().below(interval.as_nanos());
            cx.set_timer(Timer::Beat, Span::from_nanos(phase));
        }
    }

    /// Memberships survive: they come from the ledger. What was seen, collected and suspected does not.
    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.seen.clear();
        self.reductions.clear();
        self.monitor = Monitor::new(self.config.missed);
        self.watch();
        self.on_start(cx);
    }

    fn on_request(&mut self, request: Request<B>, cx: &mut Cx<'_, Self>) {
        match request {
            Request::Open { group, roster } => self.open(group, roster, cx),
            Request::Close { group } => {
                self.groups.remove(&group);
                self.watch();
            }
            Request::Cast { group, body } => self.cast(group, body, cx),
            Request::Enter { group, roster, connected, body } => {
                self.enter(group, &roster, connected, body, cx);
            }
            Request::Contribute { group, source, id, body } => {
                self.contribute(group, source, id, body, cx);
            }
        }
    }

    fn on_indication(&mut self, indication: Below<Message<B>>, cx: &mut Cx<'_, Self>) {
        match indication {
            Below::Delivered { from, message: Message::Data(data) } => self.on_data(from, data, cx),
            Below::Delivered { from, message: Message::Pulse(pulse) } => {
                if let Some(change) = self.monitor.heard(from, pulse) {
                    cx.indicate(Event::Peer(change));
                }
            }
            Below::Refused { .. } => self.counters.refused += 1,
            // The transport opens a session again when there is something to send.
            Below::PeerUp { .. } | Below::PeerDown { .. } => {}
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Beat => {
                if let Some(interval) = self.config.pulse {
                    self.on_beat(interval, cx);
                }
            }
            Timer::Level(id) => self.on_level(id, cx),
        }
    }
}

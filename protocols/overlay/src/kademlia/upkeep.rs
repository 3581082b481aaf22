//! Upkeep: joining, refreshing, checking contacts, bonds and neighbours (network specification §6.11).

use astrarium_node::{Cx, NodeId, Op, Span};
use astrarium_protocol_transport::Request as Down;

use super::id::Id;
use super::message::Message;
use super::node::{Kademlia, Purpose, Timer, own_key};
use super::rpc::Ask;
use super::service::{Event, Target};

impl Kademlia {
    pub(super) fn wake_up(&mut self, cx: &mut Cx<'_, Self>) {
        if !self.shared.config.maintain {
            return;
        }
        let (refresh, check) = (self.shared.config.refresh, self.shared.config.check);
        let phase = |span: Span, cx: &mut Cx<'_, Self>| Span::from_nanos(cx.rng().below(span.as_nanos()));
        // Nodes that start together do not keep step.
        let (first_refresh, first_check) = (phase(refresh, cx), phase(check, cx));
        cx.set_timer(Timer::Refresh, first_refresh);
        cx.set_timer(Timer::Check, first_check);
        if self.table.is_empty() {
            self.join(cx);
        } else {
            self.dial_neighbours(cx);
        }
    }

    /// Bonds with the seeds and looks for itself among them.
    pub(super) fn join(&mut self, cx: &mut Cx<'_, Self>) {
        let seeds = self.seeds.clone();
        if seeds.is_empty() {
            return;
        }
        for &seed in seeds.iter() {
            self.ping(seed, false, cx);
        }
        let left = self.shared.config.refresh_lookups;
        let target = Target::Key(own_key(&self.shared.directory, cx.me()));
        self.begin_lookup(Purpose::Refresh { left, joining: true }, target, &seeds, cx);
    }

    /// Looks for itself; random lookups follow one after the other.
    pub(super) fn refresh(&mut self, cx: &mut Cx<'_, Self>) {
        cx.set_timer(Timer::Refresh, self.shared.config.refresh);
        let left = self.shared.config.refresh_lookups;
        let target = Target::Key(own_key(&self.shared.directory, cx.me()));
        self.begin_lookup(Purpose::Refresh { left, joining: false }, target, &[], cx);
    }

    /// One lookup of a refresh is over.
    pub(super) fn refreshed(&mut self, left: u8, joining: bool, answered: bool, cx: &mut Cx<'_, Self>) {
        if joining && !answered {
            cx.indicate(Event::Joined { contacts: 0 });
            cx.set_timer(Timer::Join, self.shared.config.check);
        } else if left > 0 {
            let target = Target::Key(Id::random(cx.rng()));
            self.begin_lookup(Purpose::Refresh { left: left - 1, joining }, target, &[], cx);
        } else if joining {
            cx.indicate(Event::Joined { contacts: self.table.len() });
            self.dial_neighbours(cx);
        }
    }

    /// Pings the contact heard of least recently in a random bucket, and a random neighbour.
    pub(super) fn check(&mut self, cx: &mut Cx<'_, Self>) {
        cx.set_timer(Timer::Check, self.shared.config.check);
        let occupied = self.table.occupied() as u64;
        if occupied > 0 {
            let nth = cx.rng().below(occupied) as usize;
            if let Some(oldest) = self.table.oldest(nth) {
                self.ping(oldest, false, cx);
            }
        }
        let present = self.neighbours.present().len() as u64;
        if present > 0 {
            let neighbour = self.neighbours.present()[cx.rng().below(present) as usize];
            self.ping(neighbour, false, cx);
        }
        self.dial_neighbours(cx);
    }

    /// Dials as many random contacts as neighbours are missing.
    fn dial_neighbours(&mut self, cx: &mut Cx<'_, Self>) {
        let Some((min, _)) = self.shared.config.neighbours else { return };
        let missing = min.saturating_sub(self.neighbours.present().len());
        let contacts = self.table.len() as u64;
        if contacts == 0 {
            return;
        }
        for _ in 0..missing {
            let contact = self.table.contacts()[cx.rng().below(contacts) as usize].node;
            if !self.neighbours.has(contact) {
                self.ping(contact, true, cx);
            }
        }
    }

    /// Pings, unless it is the node itself or a ping is under way.
    fn ping(&mut self, to: NodeId, dial: bool, cx: &mut Cx<'_, Self>) {
        if to == cx.me() || self.exchanges.pings(to) {
            return;
        }
        let auth = !self.table.get(to).is_some_and(|contact| contact.bonded);
        self.send_ping(to, auth, dial, cx);
    }

    fn send_ping(&mut self, to: NodeId, auth: bool, dial: bool, cx: &mut Cx<'_, Self>) {
        let timeout = self.shared.config.rpc_timeout;
        let idle = self.exchanges.len() == 0;
        if self.exchanges.begin(to, Ask::Ping { auth, dial }, cx.now() + timeout).is_none() {
            self.dropped.overload += 1;
            return;
        }
        if idle {
            cx.set_timer(Timer::Rpc, timeout);
        }
        if auth {
            cx.charge(Op::Sign);
        }
        cx.send(Down::send(to, Message::Ping { auth, dial }));
    }

    pub(super) fn on_ping(&mut self, from: NodeId, auth: bool, dial: bool, cx: &mut Cx<'_, Self>) {
        if auth {
            cx.charge(Op::Verify);
        }
        let verified = auth || self.table.get(from).is_some_and(|contact| contact.bonded);
        if verified && self.shared.config.maintain {
            let (table, place) = self.table_at(cx.me());
            table.heard(from, true, place);
        }
        let accepted = verified && dial && self.take_neighbour(from, cx);
        cx.send(Down::send(from, Message::Pong { verified, accepted }));
    }

    pub(super) fn on_pong(&mut self, from: NodeId, verified: bool, accepted: bool, cx: &mut Cx<'_, Self>) {
        let Some(exchange) = self.exchanges.end_ping(from) else {
            self.dropped.unsolicited += 1;
            return;
        };
        let Ask::Ping { auth, dial } = exchange.ask else { return };
        if !verified {
            // It has forgotten us. Once is enough: who denies a signature is not asked again.
            if !auth {
                self.send_ping(from, true, dial, cx);
            }
            return;
        }
        if self.shared.config.maintain {
            let (table, place) = self.table_at(cx.me());
            table.heard(from, true, place);
        }
        if dial && accepted && !self.take_neighbour(from, cx) && !self.neighbours.has(from) {
            // Others were faster; it must not count on us.
            cx.send(Down::send(from, Message::Hangup));
        }
    }

    /// A message of this node arrived: it is up.
    pub(super) fn noticed(&mut self, from: NodeId, cx: &mut Cx<'_, Self>) {
        if !self.shared.config.maintain {
            return;
        }
        let known = self.table.get(from).is_some();
        if known || !self.shared.config.bond {
            let (table, place) = self.table_at(cx.me());
            table.heard(from, false, place);
        } else {
            self.heard_of(&[from], cx);
        }
    }

    /// Others told of these: where bonds are asked for, those for whom there is room are pinged.
    pub(super) fn heard_of(&mut self, contacts: &[NodeId], cx: &mut Cx<'_, Self>) {
        if !self.shared.config.maintain || !self.shared.config.bond {
            return;
        }
        for &contact in contacts {
            let (table, place) = self.table_at(cx.me());
            if table.has_room_for(contact, place) && table.get(contact).is_none() {
                self.ping(contact, false, cx);
            }
        }
    }

    /// A node did not answer.
    pub(super) fn not_answered(&mut self, node: NodeId, cx: &mut Cx<'_, Self>) {
        self.lose_neighbour(node, cx);
        if self.shared.config.maintain {
            let (table, place) = self.table_at(cx.me());
            table.failed(node, place);
        }
    }

    fn take_neighbour(&mut self, node: NodeId, cx: &mut Cx<'_, Self>) -> bool {
        let Some((_, max)) = self.shared.config.neighbours else { return false };
        let crowded = self.is_crowded(node);
        let taken = !crowded && self.neighbours.take(node, max);
        if taken {
            cx.indicate(Event::Neighbour { peer: node, up: true });
        }
        taken || self.neighbours.has(node)
    }

    /// Whether the node's host has as many neighbours here as it may.
    fn is_crowded(&self, node: NodeId) -> bool {
        let directory = &self.shared.directory;
        let Some(limit) = self.shared.config.per_ip_limit.filter(|_| directory.shares_hosts()) else {
            return false;
        };
        let host = directory.host(node);
        let present = self.neighbours.present().iter();
        present.filter(|&&n| n != node && directory.host(n) == host).count() >= limit
    }

    pub(super) fn lose_neighbour(&mut self, node: NodeId, cx: &mut Cx<'_, Self>) {
        if self.neighbours.drop(node) {
            cx.indicate(Event::Neighbour { peer: node, up: false });
        }
    }
}

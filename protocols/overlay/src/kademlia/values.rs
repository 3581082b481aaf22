//! Put and get (Maymounkov & Mazières 2002, §2.3 and §2.5).
//!
//! A record is put at the `k` nodes nearest to its key. Each holder puts it again after `republish` unless somebody else has done so
//! meanwhile – a STORE that arrives says so –, and so nodes that came nearer in the meantime get it; a holder that is not among the
//! nearest any more drops it then. A get is a lookup that asks for the value instead of contacts and ends with the first holder.

use astrarium_node::{Cx, NodeId, Op, Span, Time};
use astrarium_protocol_transport::Request as Down;

use super::config::Config;
use super::id::Id;
use super::message::Message;
use super::node::{Kademlia, Purpose, Timer, own_key};
use super::record::Record;
use super::rpc::{Ask, Exchange};
use super::search::Candidate;
use super::service::{Event, Got, Target};
use super::storage::{Held, Put};

impl Kademlia {
    /// The record of a key that this node holds for others, if it does.
    #[must_use]
    pub fn holds(&self, key: Id, now: Time) -> Option<Record> {
        self.storage.as_ref().and_then(|storage| storage.get(key, now))
    }

    /// Number of records that it holds.
    #[must_use]
    pub fn records(&self) -> usize {
        self.storage.as_ref().map_or(0, |storage| storage.len())
    }

    pub(super) fn put(&mut self, query: u64, record: Record, cx: &mut Cx<'_, Self>) {
        let puts = self.storage.as_ref().map_or(0, |storage| storage.puts.len());
        if self.lookups.len() >= Config::MAX_LOOKUPS || puts >= Config::MAX_PUTS {
            cx.indicate(Event::Refused { query });
            return;
        }
        self.begin_put(Some(query), record, self.shared.config.record_life, cx);
    }

    fn begin_put(&mut self, query: Option<u64>, record: Record, life: Span, cx: &mut Cx<'_, Self>) {
        let storage = self.storage.get_or_insert_with(Box::default);
        let put = storage.begin_put(query, record, life, cx.now());
        self.begin_lookup(Purpose::Put { put }, Target::Key(record.key), &[], cx);
    }

    pub(super) fn get(&mut self, query: u64, key: Id, cx: &mut Cx<'_, Self>) {
        if let Some(record) = self.holds(key, cx.now()) {
            let record = Some(record);
            cx.indicate(Event::Got(Got {
                query,
                key,
                record,
                rounds: 0,
                rpcs: 0,
                failures: 0,
                took: Span::ZERO,
            }));
        } else if self.lookups.len() >= Config::MAX_LOOKUPS {
            cx.indicate(Event::Refused { query });
        } else {
            self.begin_lookup(Purpose::Get { query }, Target::Key(key), &[], cx);
        }
    }

    /// The holders of a record are found.
    pub(super) fn put_at(&mut self, put: u32, nearest: &[Candidate], rpcs: u32, cx: &mut Cx<'_, Self>) {
        let Some(storage) = &mut self.storage else { return };
        let Some(at) = storage.puts.iter().position(|p| p.number == put) else { return };
        storage.puts[at].rounds = nearest.first().map_or(0, |candidate| candidate.depth);
        storage.puts[at].rpcs = rpcs;
        let Put { record, life, query, .. } = storage.puts[at];
        let deadline = cx.now() + self.shared.config.rpc_timeout;
        let idle = self.exchanges.len() == 0;
        let mut waiting = 0;
        for candidate in nearest {
            let Some(exchange) = self.exchanges.begin(candidate.node, Ask::Store { put }, deadline) else {
                self.dropped.overload += 1;
                continue;
            };
            waiting += 1;
            cx.send(Down::send(candidate.node, Message::Store { exchange, life, record }));
        }
        if idle && waiting > 0 {
            cx.set_timer(Timer::Rpc, self.shared.config.rpc_timeout);
        }
        let own = own_key(&self.shared.directory, cx.me()).distance(record.key);
        let is_near =
            nearest.len() < self.shared.config.k || nearest.last().is_some_and(|last| own < last.distance);
        let kept = if query.is_some() && is_near { u32::from(self.keep(record, life, cx)) } else { 0 };
        let Some(storage) = &mut self.storage else { return };
        if query.is_none() && !is_near {
            storage.forget(record.key);
        }
        storage.puts[at].waiting = waiting;
        storage.puts[at].kept = kept;
        if waiting == 0 {
            self.put_ended(at, cx);
        }
    }

    /// A STORE was answered, or was not.
    pub(super) fn put_answered(&mut self, put: u32, kept: bool, cx: &mut Cx<'_, Self>) {
        let Some(storage) = &mut self.storage else { return };
        let Some(at) = storage.puts.iter().position(|p| p.number == put) else { return };
        let put = &mut storage.puts[at];
        put.waiting = put.waiting.saturating_sub(1);
        put.kept += u32::from(kept);
        if put.waiting == 0 {
            self.put_ended(at, cx);
        }
    }

    fn put_ended(&mut self, at: usize, cx: &mut Cx<'_, Self>) {
        let Some(storage) = &mut self.storage else { return };
        let Put { query, rounds, rpcs, kept, began, .. } = storage.puts.swap_remove(at);
        if let Some(query) = query {
            let took = cx.now().since(began);
            cx.indicate(Event::Stored { query, holders: kept, rounds, rpcs, took });
        }
    }

    pub(super) fn on_store(
        &mut self,
        from: NodeId,
        exchange: u32,
        life: Span,
        record: Record,
        cx: &mut Cx<'_, Self>,
    ) {
        let kept = self.is_genuine(record, cx) && self.keep(record, life, cx);
        cx.send(Down::send(from, Message::Stored { exchange, kept }));
        self.noticed(from, cx);
    }

    /// Whether a record proves itself, where records must.
    fn is_genuine(&mut self, record: Record, cx: &mut Cx<'_, Self>) -> bool {
        if !self.shared.config.certified {
            return true;
        }
        cx.charge(Op::Hash { bytes: record.bytes });
        let genuine = record.is_certified();
        self.dropped.forged += u32::from(!genuine);
        genuine
    }

    /// Keeps a record for at most as long as records live here.
    fn keep(&mut self, record: Record, life: Span, cx: &mut Cx<'_, Self>) -> bool {
        let Config { republish, record_life, records, .. } = self.shared.config;
        let now = cx.now();
        // Holders that got it together do not put it again together: the first one's STORE keeps the others from it.
        let again = republish.map_or(Time::MAX, |span| now + span + span.scale(cx.rng().unit() * 0.25));
        let storage = self.storage.get_or_insert_with(Box::default);
        let kept = storage.keep(Held { record, expires: now + life.min(record_life), again }, now, records);
        self.dropped.no_room += u32::from(!kept);
        if kept && republish.is_some() && storage.armed.is_none_or(|armed| again < armed) {
            storage.armed = Some(again);
            cx.set_timer(Timer::Republish, again.since(now));
        }
        kept
    }

    /// Puts again what is due.
    pub(super) fn republish(&mut self, cx: &mut Cx<'_, Self>) {
        let Config { republish: Some(span), check, .. } = self.shared.config else { return };
        let now = cx.now();
        let next = now + span + span.scale(cx.rng().unit() * 0.25);
        let Some(storage) = &mut self.storage else { return };
        let room = (Config::MAX_LOOKUPS - self.lookups.len().min(Config::MAX_LOOKUPS))
            .min(Config::MAX_PUTS - storage.puts.len().min(Config::MAX_PUTS));
        let due = storage.due(now, next, room);
        // Those for which there was no room now are due still: a little later.
        storage.armed = storage.next_due().map(|at| at.max(now + check));
        if let Some(at) = storage.armed {
            cx.set_timer(Timer::Republish, at.since(now));
        }
        for Held { record, expires, .. } in due {
            self.begin_put(None, record, expires.since(now), cx);
        }
    }

    pub(super) fn on_stored(&mut self, from: NodeId, exchange: u32, kept: bool, cx: &mut Cx<'_, Self>) {
        let Some(Exchange { ask: Ask::Store { put }, .. }) = self.exchanges.end_store(from, exchange) else {
            self.dropped.unsolicited += 1;
            return;
        };
        self.noticed(from, cx);
        self.put_answered(put, kept, cx);
    }

    /// The record, or contacts nearer to it.
    pub(super) fn on_find_value(&mut self, from: NodeId, exchange: u32, key: Id, cx: &mut Cx<'_, Self>) {
        match self.holds(key, cx.now()) {
            Some(record) => {
                cx.send(Down::send(from, Message::Value { exchange, record }));
                self.noticed(from, cx);
            }
            None => self.on_find_node(from, exchange, key, cx),
        }
    }

    pub(super) fn on_value(&mut self, from: NodeId, exchange: u32, record: Record, cx: &mut Cx<'_, Self>) {
        let Some(Exchange { ask: Ask::Find { lookup, path }, .. }) = self.exchanges.end_find(from, exchange)
        else {
            self.dropped.unsolicited += 1;
            return;
        };
        self.noticed(from, cx);
        // The lookup may have ended with another answer.
        let Some(at) = self.lookups.iter().position(|l| l.number == lookup) else { return };
        let Purpose::Get { query } = self.lookups[at].purpose else {
            self.dropped.unsolicited += 1;
            return self.path_failed(lookup, path, from, cx);
        };
        if record.key != self.lookups[at].key {
            self.dropped.forged += 1;
            return self.path_failed(lookup, path, from, cx);
        }
        if !self.is_genuine(record, cx) {
            return self.path_failed(lookup, path, from, cx);
        }
        let lookup = self.lookups.swap_remove(at);
        cx.indicate(Event::Got(Got {
            query,
            key: record.key,
            record: Some(record),
            rounds: lookup.search.depth_of(from),
            rpcs: lookup.search.asked(),
            failures: lookup.search.failures(),
            took: cx.now().since(lookup.began),
        }));
    }
}

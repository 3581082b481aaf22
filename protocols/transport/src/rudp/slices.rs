//! The slice transport of the Hyperchain original, as a comparator (network specification N43, profile `hc_slice`).
//!
//! A message is cut into slices of 1,024 bytes which leave all at once: no window, no order, no congestion control. The receiver answers with a
//! bitmap of what it has when a message is whole and whenever its last slice arrives. What the bitmap lacks is sent again after
//! 10 s; after three sendings the message is given up and only counted. The two directions know nothing of each other; each has a
//! key that grows with every life of the sender, so that a restart is told from a late duplicate.
//!
//! It shares the datagrams of the machine: `una` is the message's number, `window` its slices, `sn` a slice, and runs of
//! acknowledgements are the bitmap. (Rejected: forcing it into the session of the machine, of which it has nothing.)

use std::collections::{BTreeMap, BTreeSet};

use astrarium_node::{Cx, Datagram, NodeId, Span, Time, Wire};

use crate::service::{Down, Event, Message};

use super::config::Config;
use super::counters::Counters;
use super::layer::{Rudp, Timer};
use super::packet::{AckRun, Content, Marks, Packet, Push};
use super::session::millis;

/// Slices of a message, at most: as many bits as one datagram's bitmap has.
pub(super) const MAX_SLICES: u32 = 8 * 1_024;

/// Messages from one peer that are incomplete, and complete ones that are remembered, at most.
const INCOMING: usize = 256;

/// A set of slice numbers.
#[derive(Debug, Clone)]
struct Bitmap {
    words: Vec<u64>,
    missing: u32,
    len: u32,
}

impl Bitmap {
    fn empty(len: u32) -> Self {
        Self { words: vec![0; len.div_ceil(64) as usize], missing: len, len }
    }

    fn full(len: u32) -> Self {
        Self { words: vec![u64::MAX; len.div_ceil(64) as usize], missing: 0, len }
    }

    fn has(&self, i: u32) -> bool {
        self.words[(i / 64) as usize] >> (i % 64) & 1 == 1
    }

    /// True if it was new.
    fn set(&mut self, i: u32) -> bool {
        if i >= self.len || self.has(i) {
            return false;
        }
        self.words[(i / 64) as usize] |= 1 << (i % 64);
        self.missing -= 1;
        true
    }

    /// The set as runs of consecutive numbers.
    fn runs(&self) -> impl Iterator<Item = AckRun> + '_ {
        let mut next = 0;
        std::iter::from_fn(move || {
            let start = (next..self.len).find(|&i| self.has(i))?;
            let end = (start..self.len).find(|&i| !self.has(i)).unwrap_or(self.len);
            next = end;
            Some(AckRun { sn: start, ts: 0, count: end - start })
        })
    }
}

/// A message that may not have arrived.
#[derive(Debug, Clone)]
struct Outgoing<M> {
    message: M,
    bytes: u32,
    arrived: Bitmap,
    sendings: u32,
    /// When to send again or give up, ms.
    due: u64,
}

/// A message of which something has arrived.
#[derive(Debug, Clone)]
struct Incoming<M> {
    slices: Bitmap,
    message: Option<M>,
}

/// Both directions with one peer.
#[derive(Debug, Clone)]
pub(super) struct Slices<M> {
    /// Key of what is sent; grows with every life of this node.
    key: u32,
    next: u32,
    outgoing: BTreeMap<u32, Outgoing<M>>,
    /// Key of what is received; 0 = nothing yet.
    peer_key: u32,
    incoming: BTreeMap<u32, Incoming<M>>,
    /// Messages handed over, the newest [`INCOMING`].
    done: BTreeSet<u32>,
    closing: bool,
}

/// Which datagram of a message to write.
struct Head {
    key: u32,
    number: u32,
    slices: u32,
}

impl Head {
    fn packet<M>(&self, now: u64, config: &Config) -> Packet<M> {
        Packet {
            conv: self.key,
            una: self.number,
            // The clock's low 32 bits, as everywhere.
            ts: now as u32,
            // At most MAX_SLICES.
            window: self.slices as u16,
            marks: Marks::NONE,
            format: config.format,
            crypt_overhead: config.crypt_overhead,
            acks: Default::default(),
            data: Default::default(),
        }
    }
}

impl<M: Message> Slices<M> {
    pub(super) fn new(now: Time) -> Self {
        Self {
            key: (millis(now) as u32).max(1),
            next: 0,
            outgoing: BTreeMap::new(),
            peer_key: 0,
            incoming: BTreeMap::new(),
            done: BTreeSet::new(),
            closing: false,
        }
    }

    /// Takes a message in and sends all its slices; gives it back when too many wait, or it is too long.
    pub(super) fn send(
        &mut self,
        peer: NodeId,
        message: M,
        config: &Config,
        counters: &mut Counters,
        cx: &mut Cx<'_, Rudp<M>>,
    ) -> Result<(), M> {
        let bytes = config.payload_bytes(message.wire_len());
        let slices = bytes.div_ceil(config.mss()).max(1);
        if self.closing || slices > MAX_SLICES || self.outgoing.len() >= config.queue_messages as usize {
            return Err(message);
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let fresh = Outgoing { message, bytes, arrived: Bitmap::empty(slices), sendings: 0, due: 0 };
        let outgoing = self.outgoing.entry(number).or_insert(fresh);
        outgoing.transmit(self.key, number, peer, config, counters, cx);
        self.arm(peer, cx);
        Ok(())
    }

    /// No more is accepted; the session ends when nothing waits any more.
    pub(super) fn close(&mut self, peer: NodeId, cx: &mut Cx<'_, Rudp<M>>) {
        self.closing = true;
        self.end_if_done(peer, cx);
    }

    fn end_if_done(&mut self, peer: NodeId, cx: &mut Cx<'_, Rudp<M>>) {
        if self.closing && self.outgoing.is_empty() {
            self.closing = false;
            cx.indicate(Event::PeerDown { peer, reason: Down::Closed, undelivered: Vec::new() });
        }
    }

    /// A datagram arrived. False if it contradicts itself.
    pub(super) fn input(
        &mut self,
        from: NodeId,
        packet: Packet<M>,
        config: &Config,
        counters: &mut Counters,
        cx: &mut Cx<'_, Rudp<M>>,
    ) -> bool {
        let slices = u32::from(packet.window);
        let fits = |run: &AckRun| run.sn.checked_add(run.count).is_some_and(|end| end <= slices);
        if packet.format != config.format
            || !(1..=MAX_SLICES).contains(&slices)
            || !packet.acks.iter().all(fits)
            || packet.data.iter().any(|push| push.sn >= slices)
        {
            return false;
        }
        if !packet.acks.is_empty() {
            self.acknowledged(from, &packet, counters, cx);
        }
        let head = Head { key: packet.conv, number: packet.una, slices };
        for push in packet.data {
            self.slice(from, &head, push, config, counters, cx);
        }
        true
    }

    fn acknowledged(
        &mut self,
        from: NodeId,
        packet: &Packet<M>,
        counters: &mut Counters,
        cx: &mut Cx<'_, Rudp<M>>,
    ) {
        counters.acks_received += 1;
        let outgoing = self.outgoing.get_mut(&packet.una).filter(|_| packet.conv == self.key);
        let Some(outgoing) = outgoing else { return };
        for run in &packet.acks {
            for i in run.sn..run.sn + run.count {
                outgoing.arrived.set(i);
            }
        }
        if outgoing.arrived.missing == 0 {
            self.outgoing.remove(&packet.una);
            self.end_if_done(from, cx);
        }
    }

    fn slice(
        &mut self,
        from: NodeId,
        head: &Head,
        push: Push<M>,
        config: &Config,
        counters: &mut Counters,
        cx: &mut Cx<'_, Rudp<M>>,
    ) {
        counters.segments_received += 1;
        if self.peer_key != head.key {
            if (head.key.wrapping_sub(self.peer_key) as i32) < 0 && self.peer_key != 0 {
                counters.wrong_session += 1;
                return;
            }
            // The peer's first life that we hear of, or a new one.
            self.peer_key = head.key;
            self.incoming.clear();
            self.done.clear();
            cx.indicate(Event::PeerUp { peer: from });
        }
        let last = push.sn + 1 == head.slices;
        if self.is_forgotten(head.number) {
            // Complete or not, nobody knows; it is not answered.
            counters.duplicates_received += 1;
            return;
        }
        if self.done.contains(&head.number) {
            counters.duplicates_received += 1;
            if last {
                answer(from, head, &Bitmap::full(head.slices), config, counters, cx);
            }
            return;
        }
        let fresh = || Incoming { slices: Bitmap::empty(head.slices), message: None };
        let incoming = self.incoming.entry(head.number).or_insert_with(fresh);
        if incoming.slices.len != head.slices {
            counters.malformed += 1;
            return;
        }
        if !incoming.slices.set(push.sn) {
            counters.duplicates_received += 1;
        }
        if let Content::End(message) = push.content {
            incoming.message = Some(message);
        }
        let whole = incoming.slices.missing == 0;
        if whole || last {
            answer(from, head, &incoming.slices, config, counters, cx);
        }
        if whole {
            self.done.insert(head.number);
            if let Some(message) = self.incoming.remove(&head.number).and_then(|incoming| incoming.message) {
                counters.messages_delivered += 1;
                counters.payload_delivered += u64::from(message.wire_len());
                cx.indicate(Event::Delivered { from, message });
            }
        }
        self.forget();
    }

    /// Whether a message is older than what is remembered.
    fn is_forgotten(&self, number: u32) -> bool {
        let older = self.done.len() >= INCOMING && self.done.first().is_some_and(|&first| number < first);
        older && !self.incoming.contains_key(&number)
    }

    /// Keeps what is remembered of the peer within its bounds, at the cost of the oldest.
    fn forget(&mut self) {
        while self.done.len() > INCOMING {
            self.done.pop_first();
        }
        while self.incoming.len() > INCOMING {
            self.incoming.pop_first();
        }
    }

    /// Sends again what is due, or gives it up.
    pub(super) fn serve(
        &mut self,
        peer: NodeId,
        config: &Config,
        counters: &mut Counters,
        cx: &mut Cx<'_, Rudp<M>>,
    ) {
        let now = millis(cx.now());
        let key = self.key;
        self.outgoing.retain(|&number, outgoing| {
            if now < outgoing.due {
                return true;
            }
            if outgoing.sendings >= config.dead_link {
                counters.abandoned += 1;
                return false;
            }
            outgoing.transmit(key, number, peer, config, counters, cx);
            true
        });
        self.arm(peer, cx);
        self.end_if_done(peer, cx);
    }

    fn arm(&self, peer: NodeId, cx: &mut Cx<'_, Rudp<M>>) {
        if let Some(due) = self.outgoing.values().map(|outgoing| outgoing.due).min() {
            let at = Time::ZERO + Span::from_millis(due);
            cx.set_timer(Timer(peer), at.since(cx.now()));
        }
    }
}

impl<M: Message> Outgoing<M> {
    /// Sends the slices that have not arrived.
    fn transmit(
        &mut self,
        key: u32,
        number: u32,
        peer: NodeId,
        config: &Config,
        counters: &mut Counters,
        cx: &mut Cx<'_, Rudp<M>>,
    ) {
        let now = millis(cx.now());
        let slices = self.arrived.len;
        let head = Head { key, number, slices };
        let size = config.mss();
        for sn in (0..slices).filter(|&sn| !self.arrived.has(sn)) {
            let last = sn + 1 == slices;
            // A slice is shorter than a datagram.
            let len = size.min(self.bytes - sn * size) as u16;
            let content = if last { Content::End(self.message.clone()) } else { Content::Middle };
            let mut packet = head.packet(now, config);
            packet.data.push(Push { sn, len, frg: 0, content });
            counters.segments_sent += 1;
            counters.retransmissions_timeout += u64::from(self.sendings > 0);
            post(peer, packet, counters, cx);
        }
        self.sendings += 1;
        self.due = now + u64::from(config.initial_rto);
    }
}

/// Sends the bitmap.
fn answer<M: Message>(
    to: NodeId,
    head: &Head,
    slices: &Bitmap,
    config: &Config,
    counters: &mut Counters,
    cx: &mut Cx<'_, Rudp<M>>,
) {
    let mut packet = head.packet(millis(cx.now()), config);
    packet.acks.extend(slices.runs());
    counters.acks_sent += 1;
    post(to, packet, counters, cx);
}

fn post<M: Message>(to: NodeId, packet: Packet<M>, counters: &mut Counters, cx: &mut Cx<'_, Rudp<M>>) {
    counters.datagrams_sent += 1;
    counters.bytes_sent += u64::from(packet.wire_len());
    cx.send(Datagram::One(to, packet));
}

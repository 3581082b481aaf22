//! A puppet does what it is told by requests and indicates everything it sees; a journal keeps that with global times.

use std::sync::Arc;

use astrarium_engine::{Observer, Sight};
use astrarium_node::{Class, Cx, Datagram, Layer, NodeId, Op, Protocol, Received, Span, Time, Wire};

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Note {
    /// What it says.
    pub tag: u32,
    /// Size on the wire.
    pub bytes: u32,
    /// Blocks of 64 bytes that the recipient hashes, at the cost table's price.
    pub work: u32,
    /// The recipient sends it back, without work or wish for an answer.
    pub answer: bool,
    /// How urgent it says it is.
    pub class: Class,
}

/// A small message that costs nothing.
pub fn note(tag: u32) -> Note {
    Note { tag, bytes: 100, work: 0, answer: false, class: Class::Medium }
}

impl Wire for Note {
    fn wire_len(&self) -> u32 {
        self.bytes
    }

    fn class(&self) -> Class {
        self.class
    }
}

/// What a puppet can be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Order {
    Send(u32, Note),
    Broadcast(Arc<[NodeId]>, Note),
    Set(u16, Span),
    Cancel(u16),
    /// Hash so many blocks of 64 bytes.
    Work(u32),
}

/// Orders to one node at one time.
pub fn orders<const N: usize>(at: Time, node: u32, list: [Order; N]) -> (Time, u32, Vec<Order>) {
    (at, node, list.into())
}

/// What a puppet sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    Start,
    Restart,
    Note { from: NodeId, tag: u32 },
    Timer(u16),
    Orders,
}

/// One thing seen: the local time, whether it is the first of a life without disk, and one draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub what: Seen,
    pub local: Time,
    pub luck: u64,
    /// Who the puppet is told it is.
    pub me: NodeId,
}

#[derive(Debug, Clone, Default)]
pub struct Puppet {
    /// Inputs handled since the disk was new.
    pub handled: u32,
}

fn hash_work(blocks: u32) -> Op {
    Op::Hash { bytes: blocks * 64 }
}

impl Puppet {
    fn see(&mut self, what: Seen, cx: &mut Cx<'_, Self>) {
        self.handled += 1;
        let entry = Entry { what, local: cx.now(), luck: cx.rng().word(), me: cx.me() };
        cx.indicate(entry);
    }
}

impl Layer for Puppet {
    type Above = Vec<Order>;
    type Up = Entry;
    type Down = Datagram<Note>;
    type Below = Received<Note>;
    type Timer = u16;

    fn on_start(&mut self, cx: &mut Cx<'_, Self>) {
        self.see(Seen::Start, cx);
    }

    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.see(Seen::Restart, cx);
    }

    fn on_request(&mut self, request: Vec<Order>, cx: &mut Cx<'_, Self>) {
        self.see(Seen::Orders, cx);
        for order in request {
            match order {
                Order::Send(to, note) => cx.send(Datagram::One(NodeId(to), note)),
                Order::Broadcast(to, note) => cx.send(Datagram::Many(to, note)),
                Order::Set(timer, after) => cx.set_timer(timer, after),
                Order::Cancel(timer) => cx.cancel_timer(timer),
                Order::Work(blocks) => cx.charge(hash_work(blocks)),
            }
        }
    }

    fn on_indication(&mut self, Received { from, message }: Received<Note>, cx: &mut Cx<'_, Self>) {
        self.see(Seen::Note { from, tag: message.tag }, cx);
        if message.work > 0 {
            cx.charge(hash_work(message.work));
        }
        if message.answer {
            cx.send(Datagram::One(from, Note { answer: false, work: 0, ..message }));
        }
    }

    fn on_timer(&mut self, timer: u16, cx: &mut Cx<'_, Self>) {
        self.see(Seen::Timer(timer), cx);
    }
}

impl Protocol for Puppet {
    type Msg = Note;
}

/// Everything that was seen, in order.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    pub seen: Vec<(Time, NodeId, Entry)>,
    pub lives: Vec<(Time, NodeId, bool)>,
    pub faults: Vec<(Time, String, bool)>,
    pub sent: Vec<(Time, NodeId, u32, usize)>,
}

impl Journal {
    /// Times and tags of the messages that a node got.
    pub fn notes(&self, node: u32) -> Vec<(Time, u32)> {
        self.pick(node, |what| if let Seen::Note { tag, .. } = what { Some(tag) } else { None })
    }

    /// Times and names of the timers that expired at a node.
    pub fn timers(&self, node: u32) -> Vec<(Time, u16)> {
        self.pick(node, |what| if let Seen::Timer(timer) = what { Some(timer) } else { None })
    }

    /// What a node saw, without orders.
    pub fn at(&self, node: u32) -> Vec<(Time, Seen)> {
        self.pick(node, |what| (what != Seen::Orders).then_some(what))
    }

    fn pick<T>(&self, node: u32, pick: impl Fn(Seen) -> Option<T>) -> Vec<(Time, T)> {
        let mine = self.seen.iter().filter(|(_, id, _)| id.0 == node);
        mine.filter_map(|&(at, _, entry)| Some((at, pick(entry.what)?))).collect()
    }
}

impl Observer<Puppet> for Journal {
    fn on_indication(&mut self, node: NodeId, entry: &Entry, sight: &Sight<'_, Puppet>) {
        self.seen.push((sight.now(), node, *entry));
    }

    fn on_send(&mut self, from: NodeId, message: &Note, copies: usize, now: Time) {
        self.sent.push((now, from, message.tag, copies));
    }

    fn on_life(&mut self, node: NodeId, up: bool, sight: &Sight<'_, Puppet>) {
        self.lives.push((sight.now(), node, up));
    }

    fn on_fault(&mut self, id: &str, begins: bool, sight: &Sight<'_, Puppet>) {
        self.faults.push((sight.now(), id.to_owned(), begins));
    }

    fn merge(&mut self, other: Self) {
        self.seen.extend(other.seen);
        self.seen.sort_by_key(|&(at, ..)| at);
    }
}

//! From a pending event to a handler, and from its effects to further events.

mod actors;
mod addressed;
mod arrivals;
mod effects;
mod links;
mod processors;

use std::hash::{Hash, Hasher};
use std::hint::black_box;

use astrarium_net::Network;
use astrarium_node::hash::{StableHasher, fold};
use astrarium_node::{Cx, NodeId, Protocol, Received, Wire};

use crate::adversary::{Adversary, Hands};
use crate::cpu;
use crate::flight::Tagged;
use crate::input::Input;
use crate::key::Key;
use crate::observer::Observer;
use crate::pending::Pending;
use crate::queue::Entry;
use crate::simulation::Simulation;
use crate::workload::Workload;

/// Stands for the engine itself where a digest term wants a node.
const ENGINE: NodeId = NodeId(u32::MAX);

/// Keeps the digest terms of messages apart from those of other inputs.
const MESSAGE: u64 = 0x4528_21e6_38d0_1377;

impl<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>> Simulation<P, N, A, O, W> {
    /// Handles one event.
    #[inline(always)]
    pub(crate) fn step(&mut self, Entry { key, item }: Entry) {
        debug_assert!(key.time() >= self.now, "time went back to {} at {}", key.time(), self.now);
        self.now = key.time();
        if let Some(next) = self.queue.upcoming() {
            self.fetch_early(next);
        }
        // Whole messages and flights are nearly all events: their way to the handler is compiled as one piece. The rest goes
        // through `input_apart`.
        match Pending::unpack(item) {
            Pending::Whole { from, to, slot } => self.whole(key, from, to, slot),
            Pending::Flight { slot } => self.flight(key, slot),
            Pending::Timer { node, slot } => self.timer(key, node, slot),
            other => self.seldom(key, other),
        }
    }

    /// Reads what the next event will need, so that it is on its way from memory while this one is handled. Changes nothing.
    #[inline(always)]
    fn fetch_early(&self, next: Entry) {
        if let Pending::Whole { to, slot, .. } = Pending::unpack(next.item) {
            black_box(self.mail.whole(slot).tag);
            black_box(self.slots[to.index()].up);
        }
    }

    /// Handles the kinds of events that are few.
    #[inline(never)]
    fn seldom(&mut self, key: Key, pending: Pending) {
        match pending {
            Pending::Start { node } => self.input_apart(node, Input::Start, key),
            Pending::Arrival => {
                if let Some(arrival) = self.next_arrival.take() {
                    self.input_apart(arrival.node, Input::Request(arrival.request), key);
                }
                self.fetch_arrival();
            }
            Pending::CoreFree { node, life } => self.core_free(key, node, life),
            Pending::WorkDone { slot } => self.work_done(key, slot),
            Pending::Fault { index, begins } => self.fault(key, index as usize, begins),
            Pending::Wake { token } => self.wake(key, token),
            Pending::Churn { node, count } => self.churn(key, node, count),
            Pending::Letter { slot, piece, pieces, landed } => self.letter(key, slot, piece, pieces, landed),
            Pending::LinkFree { node, side } => self.link_free(key, node, side),
            Pending::Whole { .. } | Pending::Flight { .. } | Pending::Timer { .. } => {}
        }
    }

    /// An input reaches a node: it is noted, then handled at once or queued for a core.
    #[inline(always)]
    fn input(&mut self, node: NodeId, input: Input<P>, key: Key, content: u64) {
        self.recorder.note(key, node, content, || (source_of(&input, node), format!("{input:?}")));
        let slot = &mut self.slots[node.index()];
        if !slot.up {
            self.drops.down += 1;
            return;
        }
        if let Some(cpu) = slot.cpu.as_mut().filter(|cpu| cpu.must_wait(self.now)) {
            let level = if self.cpu.classes { cpu::level(&input) } else { 0 };
            if !cpu.enqueue(level, input, key, content, self.cpu.queue_max) {
                self.drops.cpu_full += 1;
            }
            return self.alarm(node);
        }
        self.execute(node, input, key.moment() ^ content);
    }

    /// Runs a handler and carries out its effects. `identity` names the input.
    #[inline(always)]
    fn execute(&mut self, node: NodeId, input: Input<P>, identity: u64) {
        let local = self.clocks.get(node.index()).map_or(self.now, |clock| clock.local(self.now));
        self.env.begin(local, node, identity);
        let slot = &mut self.slots[node.index()];
        if A::ACTIVE && slot.controlled {
            let mut hands = Hands {
                now: self.now,
                env: &mut self.env,
                fx: &mut self.fx,
                slots: &mut self.slots,
                orders: &mut self.orders,
                clocks: &self.clocks,
                acting: Some(node),
            };
            self.adversary.on_input(node, input, &mut hands);
        } else {
            input.handle(&mut slot.state, &mut Cx::new(&mut self.env, &mut self.fx));
        }
        if self.cpu_free || self.env.spent().is_zero() {
            self.carry_out(node);
        } else {
            self.occupy(node);
        }
        if A::ACTIVE {
            self.carry_out_orders();
        }
    }

    /// [`Self::input`] for the paths that are not hot.
    #[inline(never)]
    fn input_apart(&mut self, node: NodeId, input: Input<P>, key: Key) {
        let mut hasher = StableHasher::new(u64::from(node.0));
        input.hash(&mut hasher);
        self.input(node, input, key, hasher.finish());
    }

    /// A message reaches its recipient. Its content was named when it was sent.
    #[inline(always)]
    fn deliver(&mut self, key: Key, from: NodeId, to: NodeId, Tagged { message, tag }: Tagged<P::Msg>) {
        let (from, tag) = match message.header() {
            None => (from, tag),
            // What the middleboxes made of the header is part of the content, and all that the node may learn of the sender.
            Some(header) => (NodeId::ADDRESSED, fold(tag, addressed::name_of(header))),
        };
        let content = fold(tag ^ u64::from(from.0), MESSAGE ^ u64::from(to.0));
        self.input(to, Input::Message(Received { from, message }), key, content);
    }

    /// [`Self::deliver`] for the paths that are not hot.
    #[inline(never)]
    fn deliver_apart(&mut self, key: Key, from: NodeId, to: NodeId, message: Tagged<P::Msg>) {
        self.deliver(key, from, to, message);
    }

    /// [`Self::execute`] for the paths that are not hot.
    #[inline(never)]
    fn execute_apart(&mut self, node: NodeId, input: Input<P>, identity: u64) {
        self.execute(node, input, identity);
    }

    /// [`Self::carry_out`] for the paths that are not hot.
    #[inline(never)]
    fn carry_out_apart(&mut self, node: NodeId) {
        self.carry_out(node);
    }

    /// Notes an event that no handler sees.
    #[inline]
    fn note_engine(&mut self, key: Key, node: NodeId, what: Note, detail: u32) {
        let content = (what as u64) << 32 | u64::from(detail);
        self.recorder.note(key, node, content, || ("engine".to_owned(), format!("{what:?} {detail}")));
    }
}

/// What the engine does without a handler; the number is its part in the digest.
#[derive(Debug, Clone, Copy)]
enum Note {
    /// A message waits in the downlink queue.
    Waits = 1,
    /// A message is lost at the access link.
    Lost = 2,
    /// A fragment arrived, and others are missing.
    Fragment = 3,
    /// A core has done its work.
    WorkDone = 4,
    /// A core is free.
    CoreFree = 5,
    /// The adversary asked for this moment; with its token.
    Wake = 6,
    /// A fault begins; with its number.
    FaultBegins = 7,
    /// A fault ends; with its number.
    FaultEnds = 8,
    /// A churning node comes or goes; with the number of its session or absence.
    Churn = 9,
    /// A link at which pieces wait is free.
    LinkFree = 10,
}

/// Who caused an input, in words.
fn source_of<P: Protocol>(input: &Input<P>, node: NodeId) -> String {
    match input {
        Input::Message(Received { from: NodeId::ADDRESSED, message }) => {
            message.header().map_or_else(String::new, |header| header.src.to_string())
        }
        Input::Message(received) => received.from.to_string(),
        Input::Request(_) => "workload".to_owned(),
        Input::Start => "start".to_owned(),
        Input::Restart => "restart".to_owned(),
        Input::Timer(_) => node.to_string(),
    }
}

//! From a pending event to a handler, and from its effects to further events.

mod addressed;

use std::hash::{Hash, Hasher};
use std::hint::black_box;

use astrarium_net::{Arrival as Landed, Fate, Landing, NetChange, Network, Parcel, Transit};
use astrarium_node::hash::{StableHasher, fold, mix};
use astrarium_node::{Cx, Datagram, NodeId, Protocol, Received, Span, Time, TimerCmd, Wire};

use crate::adversary::{Adversary, Hands};
use crate::cpu::{self, Cpu};
use crate::fault::FaultAction;
use crate::flight::{Hop, Tagged};
use crate::input::Input;
use crate::key::{Key, Source};
use crate::observer::{Observer, Sight};
use crate::pending::Pending;
use crate::queue::{Entry, PendingSet};
use crate::simulation::Simulation;
use crate::timers::Surfaced;
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
            Pending::Whole { .. } | Pending::Flight { .. } | Pending::Timer { .. } => {}
        }
    }

    // ---- arrivals -------------------------------------------------------------------------------------------------

    #[inline(always)]
    fn whole(&mut self, key: Key, from: NodeId, to: NodeId, slot: u32) {
        let message = &self.mail.whole(slot).message;
        let bytes = message.wire_len();
        if message.header().is_some() {
            let message = self.mail.take_whole(slot);
            return self.pass_gate(key, from, to, 1, message);
        }
        match self.network.arrive(self.now, &Landing { from, to, bytes, piece: 0, pieces: 1 }) {
            Landed::Deliver => {
                let content = self.mail.take_whole(slot);
                self.deliver(key, from, to, content);
            }
            landed => {
                let message = self.mail.take_whole(slot);
                self.not_yet(key, from, to, message, landed);
            }
        }
    }

    /// A message that arrived whole waits in the downlink queue, or is lost there.
    #[inline(never)]
    fn not_yet(&mut self, key: Key, from: NodeId, to: NodeId, message: Tagged<P::Msg>, landed: Landed) {
        match landed {
            Landed::Later(at) => {
                self.note_engine(key, to, Note::Waits, 0);
                let slot = self.mail.post(from, to, message, 1);
                let later = Key::new(at, Source::from(from), key.sequence(), self.order_seed);
                let item = Pending::Letter { slot, piece: 0, pieces: 1, landed: true };
                self.queue.push(later, item.pack());
            }
            Landed::Drop | Landed::Deliver => self.note_engine(key, to, Note::Lost, 0),
        }
    }

    fn letter(&mut self, key: Key, slot: u32, piece: u16, pieces: u16, landed: bool) {
        let letter = self.mail.letter(slot);
        let (from, to) = (letter.from, letter.to);
        if !landed && letter.message.message.header().is_some() {
            return self.reach_gate(key, slot, piece, pieces);
        }
        if !landed {
            let bytes = letter.message.message.wire_len();
            match self.network.arrive(self.now, &Landing { from, to, bytes, piece, pieces }) {
                Landed::Deliver => {}
                Landed::Later(at) => {
                    self.note_engine(key, to, Note::Waits, 0);
                    let later = Key::new(at, Source::from(from), key.sequence(), self.order_seed);
                    self.queue.push(later, Pending::Letter { slot, piece, pieces, landed: true }.pack());
                    return;
                }
                Landed::Drop => {
                    self.note_engine(key, to, Note::Lost, 0);
                    self.mail.discard(slot);
                    return;
                }
            }
        }
        match self.mail.collect(slot, self.now, piece, pieces) {
            Some(message) => self.deliver_apart(key, from, to, message),
            None => self.note_engine(key, to, Note::Fragment, 0),
        }
    }

    #[inline(always)]
    fn flight(&mut self, key: Key, slot: u32) {
        let flight = self.mail.flight(slot);
        let (from, bytes) = (flight.from, flight.message.message.wire_len());
        let (hop, message, next) = self.mail.land(slot);
        if let Some(next) = next {
            let key = Key::new(next.at, Source::from(from), next.sequence, self.order_seed);
            self.queue.push(key, Pending::Flight { slot }.pack());
        }
        let Some(Hop { to, .. }) = hop else { return };
        match self.network.arrive(self.now, &Landing { from, to, bytes, piece: 0, pieces: 1 }) {
            Landed::Deliver => self.deliver(key, from, to, message),
            landed => self.not_yet(key, from, to, message, landed),
        }
    }

    #[inline]
    fn timer(&mut self, key: Key, node: NodeId, slot: u32) {
        match self.slots[node.index()].timers.surface(slot, key) {
            Surfaced::Fire(timer) => self.input_apart(node, Input::Timer(timer), key),
            Surfaced::PutBack(later) => self.queue.push(later, Pending::Timer { node, slot }.pack()),
            Surfaced::Stale => {}
        }
    }

    // ---- handling -------------------------------------------------------------------------------------------------

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
            if cpu.enqueue(input, key, content, self.cpu.queue_max) {
                self.alarm(node);
            } else {
                self.drops.cpu_full += 1;
            }
            return;
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

    // ---- processors -----------------------------------------------------------------------------------------------

    /// The handler charged processor time: its effects wait until the core is done.
    fn occupy(&mut self, node: NodeId) {
        let done = self.now + cpu::service_time(&self.cpu, self.env.spent()).max(Span::from_nanos(1));
        self.set_timers(node, done);
        let slot = &mut self.slots[node.index()];
        let cores = self.cpu.cores;
        slot.cpu.get_or_insert_with(|| Box::new(Cpu::new(cores))).occupy(done);
        let life = slot.life;
        let key = slot.next_key(node, done, self.order_seed);
        let slot = self.works.begin(node, life, &mut self.fx);
        self.queue.push(key, Pending::WorkDone { slot }.pack());
    }

    fn work_done(&mut self, key: Key, slot: u32) {
        let (node, life) = self.works.finish(slot, &mut self.fx);
        self.note_engine(key, node, Note::WorkDone, 0);
        if self.slots[node.index()].life == life {
            self.carry_out_apart(node);
        } else {
            self.fx.clear();
        }
    }

    /// Sees to it that the node looks at its queue when a core is free.
    fn alarm(&mut self, node: NodeId) {
        let slot = &mut self.slots[node.index()];
        let Some(cpu) = slot.cpu.as_mut().filter(|cpu| !cpu.alarmed && cpu.has_waiting()) else { return };
        cpu.alarmed = true;
        let (at, life) = (cpu.first_free().max(self.now + Span::from_nanos(1)), slot.life);
        let key = slot.next_key(node, at, self.order_seed);
        self.queue.push(key, Pending::CoreFree { node, life }.pack());
    }

    fn core_free(&mut self, key: Key, node: NodeId, life: u32) {
        self.note_engine(key, node, Note::CoreFree, 0);
        if self.slots[node.index()].life != life {
            return;
        }
        if let Some(cpu) = &mut self.slots[node.index()].cpu {
            cpu.alarmed = false;
        }
        let now = self.now;
        while let Some((input, key, content)) =
            self.slots[node.index()].cpu.as_mut().and_then(|c| c.take(now))
        {
            self.execute_apart(node, input, key.moment() ^ content);
        }
        self.alarm(node);
    }

    // ---- effects --------------------------------------------------------------------------------------------------

    /// Carries out the effects of a node's handler, now.
    #[inline(always)]
    fn carry_out(&mut self, node: NodeId) {
        while let Some(indication) = self.fx.up.pop_front() {
            self.observer.on_indication(node, &indication, &Sight::new(self.now, &self.slots));
        }
        self.set_timers(node, self.now);
        // Named where it lies: taken out first, its words would be waited for (a wide load after narrow stores).
        while let Some(tag) = self.fx.down.front().map(name_of) {
            if let Some(datagram) = self.fx.down.pop_front() {
                self.send(node, tag, datagram);
            }
        }
    }

    /// Arms and cancels timers; none fires before `not_before` has passed.
    #[inline(always)]
    fn set_timers(&mut self, node: NodeId, not_before: Time) {
        while let Some(command) = self.fx.timers.pop_front() {
            let slot = &mut self.slots[node.index()];
            match command {
                TimerCmd::Set { timer, at } => {
                    let at = self.clocks.get(node.index()).map_or(at, |clock| clock.global(at));
                    let at = at.max(not_before + Span::from_nanos(1));
                    let key = slot.next_key(node, at, self.order_seed);
                    if let Some(slot) = slot.timers.set(timer, key) {
                        self.queue.push(key, Pending::Timer { node, slot }.pack());
                    }
                }
                TimerCmd::Cancel { timer } => slot.timers.cancel(timer),
            }
        }
    }

    #[inline(always)]
    fn send(&mut self, from: NodeId, tag: u64, datagram: Datagram<P::Msg>) {
        match datagram {
            Datagram::One(to, message) => {
                self.observer.on_send(from, &message, 1, self.now);
                if message.header().is_some() {
                    return self.send_addressed(from, tag, message);
                }
                let parcel = Parcel { from, to, bytes: message.wire_len(), tag };
                self.post(&parcel, message);
            }
            Datagram::Many(recipients, message) => {
                self.observer.on_send(from, &message, recipients.len(), self.now);
                if message.header().is_some() {
                    debug_assert!(false, "a broadcast has no address: {message:?}");
                    self.drops.unaddressed += 1;
                    return;
                }
                self.broadcast(from, &recipients, tag, message);
            }
        }
    }

    /// Hands a message to the network, and makes pending what arrives of it.
    #[inline(always)]
    fn post(&mut self, parcel: &Parcel, message: P::Msg) {
        match self.fate(parcel, &message) {
            Fate::Lost => {}
            Fate::Whole(at) => self.post_whole(parcel, at, message),
            Fate::Pieces => self.post_pieces(parcel, message),
        }
    }

    /// Asks the network where a message goes, and the coalition whether it lingers.
    #[inline(always)]
    fn fate(&mut self, parcel: &Parcel, message: &P::Msg) -> Fate {
        let fate = self.network.fate(self.now, parcel, &mut self.transits);
        if !A::DELAYS || self.slots[parcel.from.index()].controlled {
            return fate;
        }
        let extra = self.adversary.delay(parcel.from, parcel.to, message, self.now).min(self.delta);
        match fate {
            Fate::Lost => Fate::Lost,
            Fate::Whole(at) => Fate::Whole(at + extra),
            Fate::Pieces => {
                self.transits.iter_mut().for_each(|transit| transit.at += extra);
                Fate::Pieces
            }
        }
    }

    /// Makes a letter pending that arrives whole.
    #[inline(always)]
    fn post_whole(&mut self, parcel: &Parcel, at: Time, message: P::Msg) {
        debug_assert!(at > self.now, "the network delivered at once");
        let Parcel { from, to, .. } = *parcel;
        let slot = self.mail.post_whole(Tagged { message, tag: parcel.tag });
        let key = self.slots[from.index()].next_key(from, at, self.order_seed);
        self.queue.push(key, Pending::Whole { from, to, slot }.pack());
    }

    /// Makes the pieces in `self.transits` pending, as one letter.
    fn post_pieces(&mut self, parcel: &Parcel, message: P::Msg) {
        let message = Tagged { message, tag: parcel.tag };
        let slot = self.mail.post(parcel.from, parcel.to, message, self.transits.len() as u32);
        for transit in &self.transits {
            let Transit { at, piece, pieces } = *transit;
            debug_assert!(at > self.now, "the network delivered at once");
            let key = self.slots[parcel.from.index()].next_key(parcel.from, at, self.order_seed);
            self.queue.push(key, Pending::Letter { slot, piece, pieces, landed: false }.pack());
        }
    }

    /// Sends to many: whole messages become hops of one flight, anything else letters of their own.
    fn broadcast(&mut self, from: NodeId, recipients: &[NodeId], tag: u64, message: P::Msg) {
        let bytes = message.wire_len();
        let mut hops = self.mail.hop_list();
        for &to in recipients {
            let parcel = Parcel { from, to, bytes, tag };
            match self.fate(&parcel, &message) {
                Fate::Lost => {}
                Fate::Whole(at) => {
                    debug_assert!(at > self.now, "the network delivered at once");
                    let sequence = self.slots[from.index()].next_sequence();
                    hops.push(Hop { at, sequence, to });
                }
                Fate::Pieces => self.post_pieces(&parcel, message.clone()),
            }
        }
        if hops.is_empty() {
            self.mail.recycle(hops);
            return;
        }
        let slot = self.mail.launch(from, Tagged { message, tag }, hops);
        if let Some(first) = self.mail.next_hop(slot) {
            let key = Key::new(first.at, Source::from(from), first.sequence, self.order_seed);
            self.queue.push(key, Pending::Flight { slot }.pack());
        }
    }

    // ---- the coalition and the fault plan ---------------------------------------------------------------------------

    /// Sends and wakes that a coalition ordered besides its node's own effects.
    pub(crate) fn carry_out_orders(&mut self) {
        // Taken out while the sends run; put back to keep the allocation.
        let mut sends = std::mem::take(&mut self.orders.sends);
        for (from, datagram) in sends.drain(..) {
            if self.slots[from.index()].up {
                self.send(from, name_of(&datagram), datagram);
            }
        }
        self.orders.sends = sends;
        for (at, token) in self.orders.wakes.drain(..) {
            let key = Key::new(at, Source::ADVERSARY, self.wakes, self.order_seed);
            self.wakes = self.wakes.wrapping_add(1);
            self.queue.push(key, Pending::Wake { token }.pack());
        }
    }

    fn wake(&mut self, key: Key, token: u32) {
        self.note_engine(key, ENGINE, Note::Wake, token);
        self.env.begin(self.now, ENGINE, mix(key.moment(), u64::from(token)));
        self.act(|adversary, hands| adversary.on_wake(token, hands));
    }

    /// Lets the coalition act outside of any input, and carries out what it did.
    pub(crate) fn act(&mut self, play: impl FnOnce(&mut A, &mut Hands<'_, P>)) {
        let mut hands = Hands {
            now: self.now,
            env: &mut self.env,
            fx: &mut self.fx,
            slots: &mut self.slots,
            orders: &mut self.orders,
            clocks: &self.clocks,
            acting: None,
        };
        play(&mut self.adversary, &mut hands);
        let acting = hands.acting;
        match acting {
            Some(node) if self.slots[node.index()].up => self.carry_out_apart(node),
            // Nobody's effects must not leave as those of the next node that handles something.
            _ => self.fx.clear(),
        }
        self.carry_out_orders();
    }

    fn fault(&mut self, key: Key, index: usize, begins: bool) {
        let plan = std::sync::Arc::clone(&self.faults);
        let Some(fault) = plan.get(index) else { return };
        self.note_engine(key, ENGINE, if begins { Note::FaultBegins } else { Note::FaultEnds }, index as u32);
        match (&fault.action, begins) {
            (FaultAction::Crash { nodes, .. }, true) => nodes.iter().for_each(|&node| self.take_down(node)),
            (FaultAction::Crash { nodes, keep_state }, false) => {
                nodes.iter().for_each(|&node| self.bring_up(key, node, *keep_state));
            }
            (FaultAction::Disturb(disturbance), true) => {
                let change = NetChange::Impose { id: index as u32, disturbance: disturbance.clone() };
                self.network.change(self.now, &change);
            }
            (FaultAction::Disturb(_), false) => {
                self.network.change(self.now, &NetChange::Lift { id: index as u32 });
            }
            (FaultAction::ClockStep { nodes, by_ns }, true) => self.step_clocks(nodes, *by_ns),
            (FaultAction::ClockStep { .. }, false) => {}
        }
        self.observer.on_fault(&fault.id, begins, &Sight::new(self.now, &self.slots));
    }

    fn step_clocks(&mut self, nodes: &[NodeId], by_ns: i64) {
        if self.clocks.is_empty() {
            let (model, seed) = (&self.clock_model, self.env.seed());
            self.clocks = (0..self.slots.len()).map(|i| model.clock(seed, NodeId::from(i))).collect();
        }
        for node in nodes {
            let clock = &mut self.clocks[node.index()];
            *clock = clock.stepped(by_ns);
        }
    }

    /// A churning node's session (even count) or absence (odd count) is over.
    fn churn(&mut self, key: Key, node: NodeId, count: u32) {
        self.note_engine(key, node, Note::Churn, count);
        let (seed, turn) = (self.env.seed(), u64::from(count / 2));
        let next = if count.is_multiple_of(2) {
            self.take_down(node);
            self.churn.absence(seed, node, turn)
        } else {
            self.bring_up(key, node, true);
            self.churn.session(seed, node, turn + 1)
        };
        let key = Key::new(self.now + next, Source::CHURN, node.0, self.order_seed);
        self.queue.push(key, Pending::Churn { node, count: count.wrapping_add(1) }.pack());
    }

    fn take_down(&mut self, node: NodeId) {
        if self.slots[node.index()].begin_outage() {
            self.observer.on_life(node, false, &Sight::new(self.now, &self.slots));
        }
    }

    fn bring_up(&mut self, key: Key, node: NodeId, keep_state: bool) {
        let slot = &mut self.slots[node.index()];
        let Some(has_disk) = slot.end_outage(keep_state) else { return };
        let input = if has_disk {
            Input::Restart
        } else {
            slot.state = (self.factory)(node);
            Input::Start
        };
        self.observer.on_life(node, true, &Sight::new(self.now, &self.slots));
        self.input_apart(node, input, key);
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
}

/// The name of a message's content.
#[inline(always)]
fn name_of<M: Hash>(datagram: &Datagram<M>) -> u64 {
    let (Datagram::One(_, message) | Datagram::Many(_, message)) = datagram;
    let mut hasher = StableHasher::new(0);
    message.hash(&mut hasher);
    hasher.state()
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

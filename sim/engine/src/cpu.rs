//! The processor of a node: a server with k cores and symbolic service times (design §4).
//!
//! Inputs are served first come, first served; or, where the processors heed classes, by urgency, and in order within a class. A job in
//! service is never interrupted: the queue is Cobham's (1954). When it is full, what comes is dropped – unless something less urgent
//! waits: then the newest of the least urgent gives way, or a flood of petty messages would keep urgent ones out although they would be
//! served first. What a node asks of itself (starts, timers) is urgent, a request of its user is [`Class::Medium`].
//!
//! A handler runs when a core takes its input up; what it charged is known then, and its effects leave when the core is done.
//! A node whose handlers charge nothing has no processor and pays nothing for the model.

use std::collections::VecDeque;
use std::sync::Arc;

use astrarium_node::{Class, CostTable, Fx, Layer, NodeId, Protocol, Span, Time, Wire};
use slab::Slab;

use crate::input::Input;
use crate::key::Key;

/// Processors of the simulated nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct CpuModel {
    /// Service times on the reference core.
    pub costs: CostTable,
    /// Cores per node, at least 1.
    pub cores: u8,
    /// Speed relative to the reference core, greater than 0.
    pub speed: f64,
    /// Inputs that may wait; further ones are dropped (network specification §4: 10,000).
    pub queue_max: usize,
    /// Whether more urgent inputs ([`Wire::class`]) are served first.
    pub classes: bool,
    /// Cores and speed of single nodes, where they differ; empty: all as above.
    pub nodes: Arc<[Processor]>,
}

/// The processor of one node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Processor {
    /// Cores, at least 1.
    pub cores: u8,
    /// Speed of each relative to the reference core, greater than 0.
    pub speed: f64,
}

impl CpuModel {
    /// The processor of a node.
    #[must_use]
    pub fn of(&self, node: NodeId) -> Processor {
        let usual = Processor { cores: self.cores, speed: self.speed };
        self.nodes.get(node.index()).copied().unwrap_or(usual)
    }
}

impl Default for CpuModel {
    /// One core, everything free.
    fn default() -> Self {
        Self {
            costs: CostTable::FREE,
            cores: 1,
            speed: 1.0,
            queue_max: 10_000,
            classes: false,
            nodes: Arc::from([]),
        }
    }
}

/// Levels of urgency.
const LEVELS: usize = 3;

/// The level of an input, 0 the most urgent.
pub(crate) fn level<P: Protocol>(input: &Input<P>) -> usize {
    let class = match input {
        Input::Start | Input::Restart | Input::Timer(_) => Class::High,
        Input::Request(_) => Class::Medium,
        Input::Message(received) => received.message.class(),
    };
    match class {
        Class::High => 0,
        Class::Medium => 1,
        Class::Low => 2,
    }
}

/// State of one node's processor; exists once the node has been busy.
#[derive(Debug, Clone)]
pub(crate) struct Cpu<P: Protocol> {
    /// When each core is free again.
    free_at: Vec<Time>,
    /// By level; all in the first where classes are not heeded.
    waiting: [VecDeque<(Input<P>, Key, u64)>; LEVELS],
    /// A wake-up is pending.
    pub(crate) alarmed: bool,
}

impl<P: Protocol> Cpu<P> {
    pub(crate) fn new(cores: u8) -> Self {
        Self {
            free_at: vec![Time::ZERO; usize::from(cores.max(1))],
            waiting: std::array::from_fn(|_| VecDeque::new()),
            alarmed: false,
        }
    }

    /// The core that is free first, and when.
    pub(crate) fn first_free(&self) -> Time {
        self.free_at.iter().copied().min().unwrap_or(Time::ZERO)
    }

    /// Whether an input that arrives now has to wait: all cores are busy, or others wait already.
    pub(crate) fn must_wait(&self, now: Time) -> bool {
        self.has_waiting() || self.first_free() > now
    }

    /// Occupies a core from now on.
    pub(crate) fn occupy(&mut self, now: Time, until: Time) {
        if let Some(core) = self.free_at.iter_mut().min() {
            // So cores are busy for no longer than time has passed.
            debug_assert!(*core <= now, "a busy core takes up work");
            *core = until;
        }
    }

    /// Queues an input at a level; false when the queue was full, and it or a less urgent one is dropped.
    pub(crate) fn enqueue(
        &mut self,
        level: usize,
        input: Input<P>,
        key: Key,
        content: u64,
        limit: usize,
    ) -> bool {
        let full = self.waiting.iter().map(VecDeque::len).sum::<usize>() >= limit;
        if full {
            let less_urgent = self.waiting[level + 1..].iter_mut().rev().find(|queue| !queue.is_empty());
            let Some(queue) = less_urgent else { return false };
            queue.pop_back();
        }
        self.waiting[level].push_back((input, key, content));
        !full
    }

    /// The next input, if a core is free.
    pub(crate) fn take(&mut self, now: Time) -> Option<(Input<P>, Key, u64)> {
        if self.first_free() > now {
            return None;
        }
        self.waiting.iter_mut().find_map(VecDeque::pop_front)
    }

    pub(crate) fn has_waiting(&self) -> bool {
        self.waiting.iter().any(|queue| !queue.is_empty())
    }
}

/// Effects that leave when the core is done.
#[derive(Debug, Clone)]
struct Work<P: Protocol> {
    node: NodeId,
    life: u32,
    effects: Effects<P>,
}

type Effects<P> = (VecDeque<<P as Layer>::Up>, VecDeque<<P as Layer>::Down>);

/// All work in progress.
#[derive(Debug, Clone)]
pub(crate) struct Works<P: Protocol> {
    active: Slab<Work<P>>,
    /// Emptied buffers, to be used again.
    spare: Vec<Effects<P>>,
}

impl<P: Protocol> Works<P> {
    pub(crate) fn new() -> Self {
        Self { active: Slab::new(), spare: Vec::new() }
    }

    /// Takes the effects of a node's handler into custody; returns the slot.
    pub(crate) fn begin(&mut self, node: NodeId, life: u32, fx: &mut Fx<P>) -> u32 {
        let (mut up, mut down) = self.spare.pop().unwrap_or_default();
        std::mem::swap(&mut up, &mut fx.up);
        std::mem::swap(&mut down, &mut fx.down);
        self.active.insert(Work { node, life, effects: (up, down) }) as u32
    }

    /// The work is done: gives its effects back into the empty `fx`. Returns the node, and its life in which the work was begun;
    /// a crash in between destroys the work.
    pub(crate) fn finish(&mut self, slot: u32, fx: &mut Fx<P>) -> (NodeId, u32) {
        let Work { node, life, effects: (mut up, mut down) } = self.active.remove(slot as usize);
        std::mem::swap(&mut up, &mut fx.up);
        std::mem::swap(&mut down, &mut fx.down);
        self.spare.push((up, down));
        (node, life)
    }
}

/// Service time on this processor.
pub(crate) fn service_time(processor: Processor, spent: Span) -> Span {
    if processor.speed == 1.0 { spent } else { spent.scale(1.0 / processor.speed) }
}

//! The processor of a node: a first-come-first-served server with k cores and symbolic service times (design §4).
//!
//! A handler runs when a core takes its input up; what it charged is known then, and its effects leave when the core is done.
//! A node whose handlers charge nothing has no processor and pays nothing for the model.

use std::collections::VecDeque;

use astrarium_node::{CostTable, Fx, Layer, NodeId, Protocol, Span, Time};
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
}

impl Default for CpuModel {
    /// One core, everything free.
    fn default() -> Self {
        Self { costs: CostTable::FREE, cores: 1, speed: 1.0, queue_max: 10_000 }
    }
}

/// State of one node's processor; exists once the node has been busy.
#[derive(Debug, Clone)]
pub(crate) struct Cpu<P: Protocol> {
    /// When each core is free again.
    free_at: Vec<Time>,
    waiting: VecDeque<(Input<P>, Key, u64)>,
    /// A wake-up is pending.
    pub(crate) alarmed: bool,
}

impl<P: Protocol> Cpu<P> {
    pub(crate) fn new(cores: u8) -> Self {
        Self {
            free_at: vec![Time::ZERO; usize::from(cores.max(1))],
            waiting: VecDeque::new(),
            alarmed: false,
        }
    }

    /// The core that is free first, and when.
    pub(crate) fn first_free(&self) -> Time {
        self.free_at.iter().copied().min().unwrap_or(Time::ZERO)
    }

    /// Whether an input that arrives now has to wait: all cores are busy, or others wait already.
    pub(crate) fn must_wait(&self, now: Time) -> bool {
        !self.waiting.is_empty() || self.first_free() > now
    }

    /// Occupies a core from now on.
    pub(crate) fn occupy(&mut self, until: Time) {
        if let Some(core) = self.free_at.iter_mut().min() {
            *core = until;
        }
    }

    /// Queues an input; false when the queue is full.
    pub(crate) fn enqueue(&mut self, input: Input<P>, key: Key, content: u64, limit: usize) -> bool {
        if self.waiting.len() >= limit {
            return false;
        }
        self.waiting.push_back((input, key, content));
        true
    }

    /// The next input, if a core is free.
    pub(crate) fn take(&mut self, now: Time) -> Option<(Input<P>, Key, u64)> {
        if self.first_free() > now {
            return None;
        }
        self.waiting.pop_front()
    }

    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
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

/// Service time on these processors.
pub(crate) fn service_time(model: &CpuModel, spent: Span) -> Span {
    if model.speed == 1.0 { spent } else { spent.scale(1.0 / model.speed) }
}

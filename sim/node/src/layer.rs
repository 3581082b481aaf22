//! The sans-IO contract: a [`Layer`] turns inputs into effects and knows nothing else (design §2).
//!
//! *Architecture invariant:* a handler is a pure function of (state, input, context). Effects are data in [`Fx`]; the
//! engine, a test, an adversary or a UDP host drains them. Nothing ambient is reachable from here.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::hash::Hash;

use crate::cpu::{CostTable, Op};
use crate::id::NodeId;
use crate::random::{Domain, Seed, Stream};
use crate::time::{Span, Time};

/// One protocol layer of one node: a state machine with a neighbour above and a neighbour below.
///
/// Layers stack ([`Stack`](crate::Stack)); a node is the whole stack. Layers are `Clone`, so a simulation can be
/// snapshotted at any event.
pub trait Layer: Clone + Send + 'static {
    /// Requests from the layer above (from the workload, for the topmost layer).
    type Above: Clone + Debug + Hash + Send + 'static;
    /// Indications to the layer above (to observers, for the topmost layer).
    type Up: Clone + Debug + Send + 'static;
    /// Requests to the layer below ([`Datagram`](crate::Datagram)s, for the lowest layer).
    type Down: Clone + Debug + Send + 'static;
    /// Indications from the layer below ([`Received`](crate::Received), for the lowest layer).
    type Below: Clone + Debug + Send + 'static;
    /// What a timer means. Equal values are the same timer: setting one again re-arms it.
    type Timer: Copy + Eq + Hash + Debug + Send + 'static;

    /// The node comes up for the first time.
    fn on_start(&mut self, cx: &mut Cx<'_, Self>);

    /// The node comes up again after a crash; what a real machine keeps only in memory must be dropped here. All timers
    /// of the previous life are gone.
    fn on_restart(&mut self, cx: &mut Cx<'_, Self>) {
        self.on_start(cx);
    }

    /// The layer above asks for something.
    fn on_request(&mut self, request: Self::Above, cx: &mut Cx<'_, Self>);

    /// The layer below reports something.
    fn on_indication(&mut self, indication: Self::Below, cx: &mut Cx<'_, Self>);

    /// A timer set earlier has expired. It is no longer set.
    fn on_timer(&mut self, timer: Self::Timer, cx: &mut Cx<'_, Self>);
}

/// What a handler wants done with a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerCmd<T> {
    /// Arm or re-arm; fires at this local time, never before the next nanosecond.
    Set {
        /// Which timer.
        timer: T,
        /// Local time of expiry.
        at: Time,
    },
    /// Disarm; no effect when it is not set.
    Cancel {
        /// Which timer.
        timer: T,
    },
}

/// The effects of handlers, in the order they were asked for. Whoever calls a handler owns the buffers and reuses them:
/// no allocation per event once warm.
#[derive(Clone)]
pub struct Fx<L: Layer> {
    /// Requests to the layer below.
    pub down: VecDeque<L::Down>,
    /// Indications to the layer above.
    pub up: VecDeque<L::Up>,
    /// Timers to set or cancel.
    pub timers: VecDeque<TimerCmd<L::Timer>>,
}

impl<L: Layer> Fx<L> {
    /// Empty buffers.
    #[must_use]
    pub fn new() -> Self {
        Self { down: VecDeque::new(), up: VecDeque::new(), timers: VecDeque::new() }
    }

    /// Forgets all effects, keeping the buffers.
    pub fn clear(&mut self) {
        self.down.clear();
        self.up.clear();
        self.timers.clear();
    }

    /// True when no effect is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.down.is_empty() && self.up.is_empty() && self.timers.is_empty()
    }
}

impl<L: Layer> Default for Fx<L> {
    fn default() -> Self {
        Self::new()
    }
}

/// The part of a handler's context that does not depend on the layer: who, when, luck and cost.
///
/// The caller keeps one and calls [`Env::begin`] before each event.
#[derive(Debug, Clone)]
pub struct Env {
    seed: Seed,
    costs: CostTable,
    now: Time,
    me: NodeId,
    rng: Stream,
    spent: Span,
}

impl Env {
    /// For a run with this seed and these costs.
    #[must_use]
    pub fn new(seed: Seed, costs: CostTable) -> Self {
        let rng = seed.stream(Domain::HANDLER, 0, 0);
        Self { seed, costs, now: Time::ZERO, me: NodeId(0), rng, spent: Span::ZERO }
    }

    /// Prepares for one input: `identity` names it (the engine passes a mix of the event's key), so the handler's draws
    /// depend on which input this is and not on how many came before.
    #[inline]
    pub fn begin(&mut self, now: Time, me: NodeId, identity: u64) {
        self.now = now;
        self.me = me;
        self.rng = self.seed.stream(Domain::HANDLER, u64::from(me.0), identity);
        self.spent = Span::ZERO;
    }

    /// Processor time charged since [`Env::begin`], on the reference core.
    #[must_use]
    pub fn spent(&self) -> Span {
        self.spent
    }

    /// The seed of the run.
    #[must_use]
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// Replaces the seed: a branch of a run has the same past and fresh luck.
    pub fn reseed(&mut self, seed: Seed) {
        self.seed = seed;
    }
}

/// A handler's context: all it can see of the world, and where it puts its effects.
pub struct Cx<'a, L: Layer> {
    env: &'a mut Env,
    fx: &'a mut Fx<L>,
}

impl<'a, L: Layer> Cx<'a, L> {
    /// Joins an environment and an effect buffer.
    #[inline]
    pub fn new(env: &'a mut Env, fx: &'a mut Fx<L>) -> Self {
        Self { env, fx }
    }

    /// The node's local clock. Global time is invisible to a protocol; offset and drift are the simulator's business.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Time {
        self.env.now
    }

    /// Who I am.
    #[inline]
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.env.me
    }

    /// Draws that belong to this handling of this input.
    #[inline]
    pub fn rng(&mut self) -> &mut Stream {
        &mut self.env.rng
    }

    /// Draws that belong to this node and to a named thing (`counter`), whenever they are asked for: use these where a
    /// paired comparison should meet the same luck although the schedule differs.
    #[must_use]
    pub fn stream(&self, domain: Domain, counter: u64) -> Stream {
        self.env.seed.stream(domain, u64::from(self.env.me.0), counter)
    }

    /// Charges processor time. Effects leave when the processor is done.
    #[inline]
    pub fn charge(&mut self, op: Op) {
        let cost = self.env.costs.cost(op);
        self.env.spent += cost;
    }

    /// Hands a request to the layer below.
    #[inline]
    pub fn send(&mut self, down: L::Down) {
        self.fx.down.push_back(down);
    }

    /// Hands an indication to the layer above.
    #[inline]
    pub fn indicate(&mut self, up: L::Up) {
        self.fx.up.push_back(up);
    }

    /// Arms or re-arms a timer, `after` from now (at least one nanosecond: there are no zero-delay events).
    #[inline]
    pub fn set_timer(&mut self, timer: L::Timer, after: Span) {
        let at = self.env.now + after.max(Span::from_nanos(1));
        self.fx.timers.push_back(TimerCmd::Set { timer, at });
    }

    /// Disarms a timer; no effect when it is not set.
    #[inline]
    pub fn cancel_timer(&mut self, timer: L::Timer) {
        self.fx.timers.push_back(TimerCmd::Cancel { timer });
    }

    /// The same environment over another layer's effect buffer: how a stack calls its parts.
    #[inline]
    pub fn with<M: Layer>(&mut self, fx: &mut Fx<M>, body: impl FnOnce(&mut Cx<'_, M>)) {
        body(&mut Cx { env: self.env, fx });
    }

    /// The effects collected so far.
    #[inline]
    pub fn effects(&mut self) -> &mut Fx<L> {
        self.fx
    }
}

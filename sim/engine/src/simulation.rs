//! A simulation: the state of a run, and what can be done with it from outside.
//!
//! *Architecture invariant:* a simulation is `Clone`, and a clone continues with the same digest. There is no global counter:
//! what could be shared between nodes (digest, drops, observers) adds up commutatively, so a run can be split over threads.

use std::sync::Arc;

use astrarium_net::{ChurnModel, Clock, ClockModel, Move, Network, Transit};
use astrarium_node::{Domain, Env, Fx, NodeId, Protocol, Seed, Span, Time};

use crate::adversary::{Adversary, Honest, Orders};
use crate::builder::Factory;
use crate::cpu::{CpuModel, Works};
use crate::digest::{Checkpoint, Digest, EventRecord};
use crate::fault::Fault;
use crate::flight::{Mail, Tagged};
use crate::key::{Key, Source};
use crate::node::Slot;
use crate::observer::{Observer, Sight};
use crate::options::RunOptions;
use crate::pending::Pending;
use crate::queue::{PendingSet, Queue};
use crate::recorder::Recorder;
use crate::workload::{Arrival, Workload};

/// Inputs and messages that reached no handler, by cause. Losses inside the network are counted there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drops {
    /// The recipient was down.
    pub down: u64,
    /// The recipient's processor queue was full: what came, or something less urgent, was dropped.
    pub cpu_full: u64,
    /// A message with a header was sent as a broadcast, which has no address; an error of the protocol.
    pub unaddressed: u64,
}

/// Why a run paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Every event up to the limit has been handled.
    Limit,
    /// Nothing is pending any more; the clock stands at the limit, unless that is [`Time::MAX`].
    Idle,
    /// The observer has seen enough, or the attack is over.
    Finished,
    /// The budget of events is used up.
    Budget,
    /// The caller's interrupt was raised.
    Interrupted,
}

/// A run: thousands of nodes of protocol `P` over network `N`, with a coalition `A`, observers `O` and a load `W`.
#[derive(Clone)]
pub struct Simulation<P: Protocol, N, A = Honest, O = (), W: Workload<P> = ()> {
    pub(crate) now: Time,
    pub(crate) order_seed: u64,
    pub(crate) queue: Queue,
    pub(crate) slots: Vec<Slot<P>>,
    pub(crate) mail: Mail<Tagged<P::Msg>>,
    pub(crate) works: Works<P>,
    pub(crate) env: Env,
    pub(crate) fx: Fx<P>,
    /// Scratch, empty between events.
    pub(crate) transits: Vec<Transit>,
    /// Scratch, empty between events.
    pub(crate) moves: Vec<Move>,
    /// Scratch: how long the coalition delays the message that is being sent, when it must wait for its uplink first.
    pub(crate) linger: Span,
    /// Scratch but for the budget, empty between events.
    pub(crate) orders: Orders<P>,
    pub(crate) network: N,
    pub(crate) adversary: A,
    pub(crate) observer: O,
    pub(crate) workload: W,
    pub(crate) next_arrival: Option<Arrival<P>>,
    /// Sequence number of the workload's next event.
    pub(crate) arrivals: u32,
    /// Sequence number of the adversary's next event.
    pub(crate) wakes: u32,
    pub(crate) faults: Arc<[Fault]>,
    pub(crate) factory: Factory<P>,
    pub(crate) cpu_free: bool,
    pub(crate) cpu: CpuModel,
    pub(crate) churn: ChurnModel,
    /// Empty while all clocks are true.
    pub(crate) clocks: Vec<Clock>,
    pub(crate) clock_model: ClockModel,
    pub(crate) delta: Span,
    pub(crate) drops: Drops,
    pub(crate) recorder: Recorder,
    pub(crate) options: RunOptions,
}

/// The last instant at which something can happen; [`Time::MAX`] means never.
const LAST: Time = Time::from_nanos(u64::MAX - 1);
/// Events between two looks at the caller's interrupt, and at most so many are recorded before [`Simulation::run_recording`] hands
/// them on. A look costs less than an event; a handler that checks signatures takes milliseconds of real time, and whoever
/// interrupts should not wait for more than a few hundred of them.
const SLICE: u64 = 1 << 8;

impl<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>> Simulation<P, N, A, O, W> {
    /// Runs until `limit` has been reached, the observer is finished, nothing is pending, or `interrupted` says so. Takes the
    /// snapshot that [`RunOptions::snapshot_at`] asks for on the way.
    pub fn run(&mut self, limit: Time, mut interrupted: impl FnMut() -> bool) -> Pause {
        self.run_sliced(limit, |_| interrupted())
    }

    /// [`Simulation::run`] that hands the recorded events to `tape` as it goes, in order, instead of keeping them: a recording of any
    /// length needs no memory. Interrupted, too, when `tape` returns false.
    pub fn run_recording(
        &mut self,
        limit: Time,
        mut interrupted: impl FnMut() -> bool,
        mut tape: impl FnMut(&[EventRecord]) -> bool,
    ) -> Pause {
        let mut hand_on = |simulation: &mut Self| {
            let records = &mut simulation.recorder.records;
            let goes_on = records.is_empty() || tape(records);
            records.clear();
            goes_on
        };
        let pause = self.run_sliced(limit, |simulation| !hand_on(simulation) || interrupted());
        if hand_on(self) { pause } else { Pause::Interrupted }
    }

    /// Runs slice by slice; `stop` is asked between them.
    fn run_sliced(&mut self, limit: Time, mut stop: impl FnMut(&mut Self) -> bool) -> Pause {
        loop {
            if stop(self) {
                return Pause::Interrupted;
            }
            let until_snapshot =
                self.options.snapshot_at.map_or(u64::MAX, |at| at.saturating_sub(self.recorder.events));
            if until_snapshot == 0 {
                self.options.snapshot_at = None;
                // The original dies here: from now on everything hangs on the copy.
                let copy = self.clone();
                *self = copy;
                continue;
            }
            let pause = self.run_events(limit, until_snapshot.min(SLICE));
            if pause != Pause::Budget {
                return pause;
            }
        }
    }

    /// Runs until `limit` without interruption.
    pub fn run_until(&mut self, limit: Time) -> Pause {
        self.run(limit, || false)
    }

    /// Handles at most `budget` events that are not later than `limit`.
    pub fn run_events(&mut self, limit: Time, budget: u64) -> Pause {
        let end = self.recorder.events.saturating_add(budget);
        let limit = limit.min(LAST);
        while self.recorder.events < end {
            if self.is_finished() {
                return Pause::Finished;
            }
            match self.queue.pop_until(limit) {
                Some(entry) => self.step(entry),
                None => return self.pass_time(limit),
            }
        }
        if self.is_finished() { Pause::Finished } else { Pause::Budget }
    }

    /// Nothing more happens up to `limit`. Time passes all the same: a network that has fallen silent for good has still
    /// missed its liveness bounds when the run ends.
    fn pass_time(&mut self, limit: Time) -> Pause {
        if limit < LAST {
            self.now = self.now.max(limit);
        }
        if self.queue.is_empty() { Pause::Idle } else { Pause::Limit }
    }

    #[inline]
    fn is_finished(&self) -> bool {
        self.observer.finished() || (A::ACTIVE && self.adversary.finished())
    }

    /// A branch: the same past, and fresh luck from here on, for whatever is drawn after this: by nodes, the network, churn, the
    /// load and the adversary. What was drawn before stays, even if it has yet to happen: messages under way, timers that are
    /// set, the load's next request, the fault plan.
    #[must_use]
    pub fn fork(&self, branch: u64) -> Self {
        let mut fork = self.clone();
        let seed = self.env.seed().derive(Domain::REPLICA, branch);
        fork.env.reseed(seed);
        fork.network.reseed(seed);
        fork.workload.reseed(seed);
        fork.adversary.reseed(seed);
        fork
    }

    /// First things: the adversary takes position, the load's first request is made pending.
    pub(crate) fn begin(&mut self) {
        if A::ACTIVE {
            self.env.begin(Time::ZERO, NodeId(0), 0);
            self.act(|adversary, hands| adversary.on_begin(hands));
        }
        self.fetch_arrival();
    }

    /// Makes the workload's next request pending.
    pub(crate) fn fetch_arrival(&mut self) {
        self.next_arrival = self.workload.next();
        if let Some(arrival) = &self.next_arrival {
            let at = arrival.at.max(self.now + Span::from_nanos(1));
            let key = Key::new(at, Source::WORKLOAD, self.arrivals, self.order_seed);
            self.arrivals = self.arrivals.wrapping_add(1);
            self.queue.push(key, Pending::Arrival.pack());
        }
    }

    /// The virtual clock.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// What observers may look at.
    #[must_use]
    pub fn sight(&self) -> Sight<'_, P> {
        Sight::new(self.now, &self.slots)
    }

    /// A node's state.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &P {
        &self.slots[id.index()].state
    }

    /// The observer.
    #[must_use]
    pub fn observer(&self) -> &O {
        &self.observer
    }

    /// The observer, to be told something between two stretches of a run: that the run goes on after all, for example.
    pub fn observer_mut(&mut self) -> &mut O {
        &mut self.observer
    }

    /// The coalition.
    #[must_use]
    pub fn adversary(&self) -> &A {
        &self.adversary
    }

    /// The load.
    #[must_use]
    pub fn workload(&self) -> &W {
        &self.workload
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &N {
        &self.network
    }

    /// The seed of all draws.
    #[must_use]
    pub fn seed(&self) -> Seed {
        self.env.seed()
    }

    /// Inputs that reached no handler.
    #[must_use]
    pub fn drops(&self) -> Drops {
        self.drops
    }

    /// Number of pending events; a broadcast under way counts as one.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.queue.len()
    }

    /// Events handled so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.recorder.events
    }

    /// Digest of the events handled so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.recorder.digest
    }

    /// Checkpoints, as asked for by [`RunOptions::checkpoint_every`].
    #[must_use]
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.recorder.checkpoints
    }

    /// Recorded events, as asked for by [`RunOptions::record`].
    #[must_use]
    pub fn records(&self) -> &[EventRecord] {
        &self.recorder.records
    }
}

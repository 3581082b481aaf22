//! Putting a simulation together.

use std::sync::Arc;

use astrarium_net::{ChurnModel, Clock, ClockModel, Network};
use astrarium_node::{CostTable, Env, Fx, NodeId, Protocol, Seed, Span, Time};

use crate::adversary::{Adversary, Honest, Orders};
use crate::cpu::{CpuModel, Works};
use crate::fault::Fault;
use crate::flight::Mail;
use crate::key::{Key, Source};
use crate::node::Slot;
use crate::observer::Observer;
use crate::options::RunOptions;
use crate::pending::Pending;
use crate::queue::{PendingSet, Queue};
use crate::recorder::Recorder;
use crate::simulation::{Drops, Simulation};
use crate::workload::Workload;

/// Makes a node's initial state; called again when a node comes back without its disk.
pub type Factory<P> = Arc<dyn Fn(NodeId) -> P + Send + Sync>;

/// Collects the parts of a simulation. Everything but nodes and network has a default: honest, unobserved, no load, no
/// faults, free processors, true clocks.
pub struct Builder<P: Protocol, N, A = Honest, O = (), W = ()> {
    nodes: usize,
    factory: Factory<P>,
    seed: Seed,
    network: N,
    adversary: A,
    observer: O,
    workload: W,
    faults: Vec<Fault>,
    cpu: CpuModel,
    churn: ChurnModel,
    clocks: ClockModel,
    delta: Span,
    budget: u32,
    options: RunOptions,
}

impl<P: Protocol, N: Network> Builder<P, N> {
    /// So many nodes on this network; `factory` makes each node's initial state.
    pub fn new(
        nodes: usize,
        seed: Seed,
        network: N,
        factory: impl Fn(NodeId) -> P + Send + Sync + 'static,
    ) -> Self {
        Self {
            nodes,
            factory: Arc::new(factory),
            seed,
            network,
            adversary: Honest,
            observer: (),
            workload: (),
            faults: Vec::new(),
            cpu: CpuModel::default(),
            churn: ChurnModel::default(),
            clocks: ClockModel::default(),
            delta: Span::ZERO,
            budget: 0,
            options: RunOptions::default(),
        }
    }
}

impl<P: Protocol, N: Network, A, O, W> Builder<P, N, A, O, W> {
    /// The coalition. `delta`: the most it may delay a message of somebody else. `budget`: how many nodes it may corrupt
    /// during the run, besides those it starts with.
    pub fn adversary<B: Adversary<P>>(
        self,
        adversary: B,
        delta: Span,
        budget: u32,
    ) -> Builder<P, N, B, O, W> {
        let Self {
            nodes,
            factory,
            seed,
            network,
            observer,
            workload,
            faults,
            cpu,
            churn,
            clocks,
            options,
            ..
        } = self;
        Builder {
            nodes,
            factory,
            seed,
            network,
            adversary,
            observer,
            workload,
            faults,
            cpu,
            churn,
            clocks,
            delta,
            budget,
            options,
        }
    }

    /// Who watches.
    pub fn observer<B: Observer<P>>(self, observer: B) -> Builder<P, N, A, B, W> {
        let Self {
            nodes,
            factory,
            seed,
            network,
            adversary,
            workload,
            faults,
            cpu,
            churn,
            clocks,
            delta,
            budget,
            options,
            ..
        } = self;
        Builder {
            nodes,
            factory,
            seed,
            network,
            adversary,
            observer,
            workload,
            faults,
            cpu,
            churn,
            clocks,
            delta,
            budget,
            options,
        }
    }

    /// The load.
    pub fn workload<B: Workload<P>>(self, workload: B) -> Builder<P, N, A, O, B> {
        let Self {
            nodes,
            factory,
            seed,
            network,
            adversary,
            observer,
            faults,
            cpu,
            churn,
            clocks,
            delta,
            budget,
            options,
            ..
        } = self;
        Builder {
            nodes,
            factory,
            seed,
            network,
            adversary,
            observer,
            workload,
            faults,
            cpu,
            churn,
            clocks,
            delta,
            budget,
            options,
        }
    }

    /// The fault plan.
    #[must_use]
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }

    /// The nodes' processors.
    #[must_use]
    pub fn cpu(mut self, cpu: CpuModel) -> Self {
        self.cpu = cpu;
        self
    }

    /// Nodes that come and go, keeping their disks.
    #[must_use]
    pub fn churn(mut self, churn: ChurnModel) -> Self {
        self.churn = churn;
        self
    }

    /// The nodes' clocks.
    #[must_use]
    pub fn clocks(mut self, clocks: ClockModel) -> Self {
        self.clocks = clocks;
        self
    }

    /// How to execute the run.
    #[must_use]
    pub fn options(mut self, options: RunOptions) -> Self {
        self.options = options;
        self
    }
}

impl<P: Protocol, N: Network, A: Adversary<P>, O: Observer<P>, W: Workload<P>> Builder<P, N, A, O, W> {
    /// A simulation at time zero, with every node's start pending.
    ///
    /// # Panics
    /// With more nodes than ids (2^32 − 16), or when the adversary names a node that does not exist.
    #[must_use]
    pub fn build(self) -> Simulation<P, N, A, O, W> {
        assert!(self.nodes < Source::FIRST_RESERVED as usize, "too many nodes: {}", self.nodes);
        let order_seed = self.options.order_seed;
        let mut slots: Vec<Slot<P>> =
            (0..self.nodes).map(|i| Slot::new((self.factory)(NodeId::from(i)))).collect();
        if A::ACTIVE {
            for node in self.adversary.nodes() {
                slots[node.index()].controlled = true;
            }
        }
        let mut queue = Queue::new(self.options.queue, self.nodes);
        for (i, slot) in slots.iter_mut().enumerate() {
            let id = NodeId::from(i);
            queue.push(slot.next_key(id, Time::ZERO, order_seed), Pending::Start { node: id }.pack());
        }
        for (i, fault) in self.faults.iter().enumerate() {
            let index = i as u32;
            let mut push = |at: Time, begins: bool| {
                let key = Key::new(at, Source::FAULTS, 2 * index + u32::from(!begins), order_seed);
                queue.push(key, Pending::Fault { index, begins }.pack());
            };
            push(fault.at, true);
            if let Some(until) = fault.until {
                push(until.max(fault.at + Span::from_nanos(1)), false);
            }
        }
        for id in (0..self.nodes).map(NodeId::from).filter(|&id| self.churn.churns(self.seed, id)) {
            let key =
                Key::new(Time::ZERO + self.churn.session(self.seed, id, 0), Source::CHURN, id.0, order_seed);
            queue.push(key, Pending::Churn { node: id, count: 0 }.pack());
        }
        let clocks: Vec<Clock> = if self.clocks == ClockModel::default() {
            Vec::new()
        } else {
            (0..self.nodes).map(|i| self.clocks.clock(self.seed, NodeId::from(i))).collect()
        };
        let costs = self.cpu.costs.clone();
        let mut simulation = Simulation {
            now: Time::ZERO,
            order_seed,
            queue,
            slots,
            mail: Mail::new(),
            works: Works::new(),
            env: Env::new(self.seed, costs),
            fx: Fx::new(),
            transits: Vec::new(),
            orders: Orders::new(self.budget),
            network: self.network,
            adversary: self.adversary,
            observer: self.observer,
            workload: self.workload,
            next_arrival: None,
            arrivals: 0,
            wakes: 0,
            faults: self.faults.into(),
            factory: self.factory,
            cpu_free: self.cpu.costs == CostTable::FREE,
            cpu: self.cpu,
            churn: self.churn,
            clocks,
            clock_model: self.clocks,
            delta: self.delta,
            drops: Drops::default(),
            recorder: Recorder::new(&self.options),
            options: self.options,
        };
        simulation.begin();
        simulation
    }
}

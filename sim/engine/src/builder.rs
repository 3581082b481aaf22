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

/// Everything about a run that is no type of its own.
struct Plan<P: Protocol> {
    nodes: usize,
    factory: Factory<P>,
    seed: Seed,
    faults: Vec<Fault>,
    cpu: CpuModel,
    churn: ChurnModel,
    clocks: ClockModel,
    delta: Span,
    budget: u32,
    options: RunOptions,
}

/// Collects the parts of a simulation. Everything but nodes and network has a default: honest, unobserved, no load, no
/// faults, free processors, true clocks.
pub struct Builder<P: Protocol, N, A = Honest, O = (), W = ()> {
    plan: Plan<P>,
    network: N,
    adversary: A,
    observer: O,
    workload: W,
}

impl<P: Protocol, N: Network> Builder<P, N> {
    /// So many nodes on this network; `factory` makes each node's initial state.
    pub fn new(
        nodes: usize,
        seed: Seed,
        network: N,
        factory: impl Fn(NodeId) -> P + Send + Sync + 'static,
    ) -> Self {
        let plan = Plan {
            nodes,
            factory: Arc::new(factory),
            seed,
            faults: Vec::new(),
            cpu: CpuModel::default(),
            churn: ChurnModel::default(),
            clocks: ClockModel::default(),
            delta: Span::ZERO,
            budget: 0,
            options: RunOptions::default(),
        };
        Self { plan, network, adversary: Honest, observer: (), workload: () }
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
        let Self { plan, network, observer, workload, .. } = self;
        let plan = Plan { delta, budget, ..plan };
        Builder { plan, network, adversary, observer, workload }
    }

    /// Who watches.
    pub fn observer<B: Observer<P>>(self, observer: B) -> Builder<P, N, A, B, W> {
        let Self { plan, network, adversary, workload, .. } = self;
        Builder { plan, network, adversary, observer, workload }
    }

    /// The load.
    pub fn workload<B: Workload<P>>(self, workload: B) -> Builder<P, N, A, O, B> {
        let Self { plan, network, adversary, observer, .. } = self;
        Builder { plan, network, adversary, observer, workload }
    }

    /// The fault plan.
    #[must_use]
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.plan.faults = faults;
        self
    }

    /// The nodes' processors.
    #[must_use]
    pub fn cpu(mut self, cpu: CpuModel) -> Self {
        self.plan.cpu = cpu;
        self
    }

    /// Nodes that come and go, keeping their disks.
    #[must_use]
    pub fn churn(mut self, churn: ChurnModel) -> Self {
        self.plan.churn = churn;
        self
    }

    /// The nodes' clocks.
    #[must_use]
    pub fn clocks(mut self, clocks: ClockModel) -> Self {
        self.plan.clocks = clocks;
        self
    }

    /// How to execute the run.
    #[must_use]
    pub fn options(mut self, options: RunOptions) -> Self {
        self.plan.options = options;
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
        let Self { plan, network, adversary, observer, workload } = self;
        assert!(plan.nodes < Source::FIRST_RESERVED as usize, "too many nodes: {}", plan.nodes);
        let order_seed = plan.options.order_seed;
        let mut slots: Vec<Slot<P>> =
            (0..plan.nodes).map(|i| Slot::new((plan.factory)(NodeId::from(i)))).collect();
        if A::ACTIVE {
            for node in adversary.nodes() {
                slots[node.index()].controlled = true;
            }
        }
        let mut queue = Queue::new(plan.options.queue, plan.nodes);
        for (i, slot) in slots.iter_mut().enumerate() {
            let id = NodeId::from(i);
            queue.push(slot.next_key(id, Time::ZERO, order_seed), Pending::Start { node: id }.pack());
        }
        for (i, fault) in plan.faults.iter().enumerate() {
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
        for id in (0..plan.nodes).map(NodeId::from).filter(|&id| plan.churn.churns(plan.seed, id)) {
            let key =
                Key::new(Time::ZERO + plan.churn.session(plan.seed, id, 0), Source::CHURN, id.0, order_seed);
            queue.push(key, Pending::Churn { node: id, count: 0 }.pack());
        }
        let clocks: Vec<Clock> = if plan.clocks == ClockModel::default() {
            Vec::new()
        } else {
            (0..plan.nodes).map(|i| plan.clocks.clock(plan.seed, NodeId::from(i))).collect()
        };
        let costs = plan.cpu.costs.clone();
        let mut simulation = Simulation {
            now: Time::ZERO,
            order_seed,
            queue,
            slots,
            mail: Mail::new(),
            works: Works::new(),
            env: Env::new(plan.seed, costs),
            fx: Fx::new(),
            transits: Vec::new(),
            moves: Vec::new(),
            linger: Span::ZERO,
            orders: Orders::new(plan.budget),
            network,
            adversary,
            observer,
            workload,
            next_arrival: None,
            arrivals: 0,
            wakes: 0,
            faults: plan.faults.into(),
            factory: plan.factory,
            cpu_free: plan.cpu.costs == CostTable::FREE,
            cpu: plan.cpu,
            churn: plan.churn,
            clocks,
            clock_model: plan.clocks,
            delta: plan.delta,
            drops: Drops::default(),
            recorder: Recorder::new(&plan.options),
            options: plan.options,
        };
        simulation.begin();
        simulation
    }
}

//! One run, from parameters to outcome.

use astrarium_engine::Builder;
use astrarium_node::{Seed, Span, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use crate::attacks::{Backing, Branch};
use crate::metrics::Metrics;
use crate::spec;
use crate::workload::{Opening, Payments};
use crate::world::{self, World};

/// System `victims`: users, random neighbours, and an adversary who holds a share of the nodes.
#[derive(Debug, Clone)]
pub struct Victims {
    spec: SystemSpec,
}

/// The system, to be registered.
#[must_use]
pub fn experiment() -> Victims {
    Victims::new()
}

impl Victims {
    /// The system.
    #[must_use]
    pub fn new() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Default for Victims {
    fn default() -> Self {
        Self::new()
    }
}

impl Experiment for Victims {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)?;
        faults::check(params, params.count("network.nodes") + params.count("workload.users"))
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = World::new(params, context.files, Seed(context.seed))?;
        let plan = faults::plan(params, world.participants(), world.seed)?;
        let payments = Payments::new();
        let watch = params.flag("workload.watch");
        let least = world::least(params.share("workload.threshold"), params.count("workload.neighbours"));
        let builder = Builder::new(world.participants(), world.seed, world.network.clone(), world.factory())
            .adversary(branch(params, &world, &payments), Span::ZERO, 0)
            .observer(Metrics::new(&world, least, watch.then_some(&payments)))
            .workload(Opening::new(&world, &payments, watch))
            .faults(plan)
            .clocks(world.clocks);
        let simulation = context.simulate(builder, Time::ZERO + params.span("stop.time"))?;
        let mut observer = simulation.observer().clone();
        let mut metrics = observer.metrics(&simulation.sight());
        metrics.push(("branch_blocks", f64::from(simulation.adversary().len())));
        Ok(Outcome::of(&simulation, metrics, observer.findings()))
    }
}

/// The coalition's strategy, as the scenario wants it.
fn branch(params: &Params, world: &World, payments: &Payments) -> Branch {
    let backing = match params.text("adversary.backing") {
        "nakamoto" => Backing::Nakamoto,
        _ => Backing::None { blocks: world.light.confirmations },
    };
    Branch::new(world, params.share("adversary.share"), backing, payments.fake.clone())
}

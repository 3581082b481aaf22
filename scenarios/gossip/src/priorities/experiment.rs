//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::Builder;
use astrarium_node::{Seed, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use super::metrics::Metrics;
use super::spec;
use super::workload::Offers;
use super::world::{self, World};

/// System `priorities`: send queues under load.
#[derive(Debug, Clone)]
pub struct PrioritySystem {
    spec: SystemSpec,
}

impl Default for PrioritySystem {
    fn default() -> Self {
        Self { spec: spec::spec() }
    }
}

/// From this load on some queue must overflow in a run of any length that says anything.
const OVERLOAD: f64 = 1.1;

impl Experiment for PrioritySystem {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)?;
        faults::check(params, params.count("network.nodes"))
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        let plan = faults::plan(params, world.nodes as usize, world.seed)?;
        let warm = Time::ZERO + params.span("workload.warmup");
        let metrics = Metrics::new(&world, warm, params.number("workload.load") > OVERLOAD);
        let builder = Builder::new(world.nodes as usize, world.seed, world.network.clone(), world.factory())
            .observer(metrics)
            .workload(Offers::new(params, &world))
            .faults(plan)
            .clocks(world.clocks);
        let limit = Time::ZERO + params.span("stop.time");
        let simulation = context.simulate(builder, limit)?;
        let mut observer = simulation.observer().clone();
        let metrics = observer.metrics(limit);
        let findings = observer.findings(&simulation.sight());
        Ok(Outcome::of(&simulation, metrics, findings))
    }
}

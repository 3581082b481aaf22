//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::Builder;
use astrarium_node::{Seed, Span, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use crate::attacks::Attack;
use crate::metrics::Metrics;
use crate::spec;
use crate::workload::Pairs;
use crate::world::{self, World};

/// System `nat`: hosts behind middleboxes that try to reach each other.
#[derive(Debug, Clone)]
pub struct Nat {
    spec: SystemSpec,
}

/// The system, to be registered.
#[must_use]
pub fn experiment() -> Nat {
    Nat::default()
}

impl Default for Nat {
    fn default() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Experiment for Nat {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)?;
        faults::check(params, world::participants(params))
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        let plan = faults::plan(params, world.participants(), world.seed)?;
        let builder = Builder::new(world.participants(), world.seed, world.network.clone(), world.factory())
            .adversary(Attack::new(params, &world), Span::ZERO, 0)
            .observer(Metrics::new(&world, params))
            .workload(Pairs::new(&world))
            .faults(plan)
            .clocks(world.clocks);
        let simulation = context.simulate(builder, Time::ZERO + params.span("stop.time"))?;
        let observer = simulation.observer();
        let metrics = observer.metrics(&simulation.sight());
        let findings = observer.findings(simulation.now());
        Ok(Outcome::of(&simulation, metrics, findings))
    }
}

//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::{Adversary, Builder, Honest};
use astrarium_node::{Seed, Span, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use crate::attacks::Claims;

use super::metrics::Metrics;
use super::spec;
use super::workload::Making;
use super::world::{self, Node, World};

/// System `block-sync`: fetching blocks from neighbours.
#[derive(Debug, Clone)]
pub struct BlockSystem {
    spec: SystemSpec,
}

impl Default for BlockSystem {
    fn default() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Experiment for BlockSystem {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)?;
        faults::check(params, params.count("network.nodes"))
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        match params.text("adversary.strategy") {
            "none" => run(params, context, &world, Honest),
            strategy => run(params, context, &world, Claims::new(&world, strategy == "forge")),
        }
    }
}

fn run<A: Adversary<Node>>(
    params: &Params,
    context: &RunContext<'_>,
    world: &Arc<World>,
    adversary: A,
) -> Result<Outcome, RunError> {
    let plan = faults::plan(params, world.nodes as usize, world.seed)?;
    let making = Making::new(params, world);
    let metrics = Metrics::new(world, &making, &plan, params.flag("stop.synced"));
    let builder = Builder::new(world.nodes as usize, world.seed, world.network.clone(), world.factory())
        .adversary(adversary, Span::ZERO, 0)
        .observer(metrics)
        .workload(making)
        .faults(plan)
        .churn(world.churn)
        .clocks(world.clocks);
    let limit = Time::ZERO + params.span("stop.time");
    let simulation = context.simulate(builder, limit)?;
    let mut observer = simulation.observer().clone();
    let metrics = observer.metrics(&simulation.sight());
    let findings = observer.findings(&simulation.sight());
    Ok(Outcome::of(&simulation, metrics, findings))
}

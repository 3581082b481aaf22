//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::{Builder, last_end};
use astrarium_node::{Seed, Span, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use super::metrics::Metrics;
use super::oracles::Expectations;
use super::spec;
use super::workload::Messages;
use super::world::{self, World};
use crate::attacks::Correlator;

/// System `circuit`: who talks to whom?
#[derive(Debug, Clone)]
pub struct CircuitSystem {
    spec: SystemSpec,
}

impl Default for CircuitSystem {
    fn default() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Experiment for CircuitSystem {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        let plan = faults::plan(params, world.nodes as usize, world.seed)?;
        let load = Messages::new(params, &world);
        let expect = Expectations {
            hops: world.config.hops,
            hostile: world.coalition.len(),
            faults: (!plan.is_empty()).then(|| last_end(&plan)),
        };
        let attacked = params.text("adversary.strategy") != "none";
        let nodes = world.nodes as usize;
        let builder = Builder::new(nodes, world.seed, world.network.clone(), world.factory())
            .adversary(Correlator::new(&world.coalition, world.craft), Span::ZERO, 0)
            .observer(Metrics::new(&world, load.clone(), expect))
            .workload(load)
            .faults(plan)
            .cpu(World::cpu())
            .clocks(world.clocks);
        let simulation = context.simulate(builder, Time::ZERO + params.span("stop.time"))?;
        let verdicts = attacked.then(|| simulation.adversary().verdicts());
        let metrics = simulation.observer().metrics(verdicts.as_ref(), simulation.now());
        let findings = simulation.observer().findings(simulation.now());
        Ok(Outcome::of(&simulation, metrics, findings))
    }
}

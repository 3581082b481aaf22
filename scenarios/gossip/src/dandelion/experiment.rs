//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::Builder;
use astrarium_node::{Seed, Span, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use super::metrics::Metrics;
use super::oracles::Expectations;
use super::spec;
use super::workload::Transactions;
use super::world::{self, World};
use crate::attacks::{Conduct, Spies};

/// System `dandelion`: who made this transaction?
#[derive(Debug, Clone)]
pub struct Dandelion {
    spec: SystemSpec,
}

impl Default for Dandelion {
    fn default() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Experiment for Dandelion {
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
        let load = Transactions::new(params, &world);
        let attacked = !world.coalition.is_empty();
        let expect = Expectations {
            calm: plan.is_empty() && params.text("network.loss.kind") == "none",
            stem: params.text("protocol.scheme") == "dandelion",
            attacked,
        };
        let conduct = match params.text("adversary.strategy") {
            "stem-drop" => Conduct::DropStem,
            "supernode" => Conduct::Silent,
            _ => Conduct::Honest,
        };
        let builder = Builder::new(world.nodes as usize, world.seed, world.network.clone(), world.factory())
            .adversary(Spies::new(&world.coalition, conduct), Span::ZERO, 0)
            .observer(Metrics::new(&world, &load, expect))
            .workload(load)
            .faults(plan)
            .clocks(world.clocks);
        let simulation = context.simulate(builder, Time::ZERO + params.span("stop.time"))?;
        let mut observer = simulation.observer().clone();
        let notes = attacked.then(|| simulation.adversary().notes());
        let metrics = observer.metrics(notes, simulation.now());
        let findings = observer.findings(simulation.now());
        Ok(Outcome::of(&simulation, metrics, findings))
    }
}

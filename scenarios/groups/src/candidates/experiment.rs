//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::Builder;
use astrarium_node::{Seed, Span};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use super::attacks::Dropping;
use super::metrics::Metrics;
use super::spec;
use super::workload::Rounds;
use super::world::{self, World};

/// System `candidates`: relayed candidates, and a committee that waits for late ones.
#[derive(Debug, Clone)]
pub struct Candidates {
    spec: SystemSpec,
}

impl Candidates {
    /// The system.
    #[must_use]
    pub fn new() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Default for Candidates {
    fn default() -> Self {
        Self::new()
    }
}

impl Experiment for Candidates {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        let builder = Builder::new(world.nodes, world.seed, world.network.clone(), world.factory())
            .adversary(Dropping::new(&world), Span::ZERO, 0)
            .observer(Metrics::new(params, &world))
            .workload(Rounds::new(&world))
            .faults(faults::plan(params, world.nodes, world.seed)?)
            .clocks(world.clocks);
        let simulation = context.simulate(builder, world.end())?;
        let mut observer = simulation.observer().clone();
        let dropped = simulation.adversary().dropped();
        let metrics = observer.metrics(simulation.now(), dropped);
        Ok(Outcome::of(&simulation, metrics, observer.findings(simulation.now())))
    }
}

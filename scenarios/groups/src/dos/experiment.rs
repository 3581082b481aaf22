//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::Builder;
use astrarium_node::{Seed, Span, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use super::attacks::Flood;
use super::metrics::{Metrics, petition_times};
use super::spec;
use super::workload::Load;
use super::world::{self, World};

/// Petitions under way when the run ends are not counted as lost.
const IN_FLIGHT: Span = Span::from_secs(2);

/// System `dos`: committees under attack.
#[derive(Debug, Clone)]
pub struct Dos {
    spec: SystemSpec,
}

impl Dos {
    /// The system.
    #[must_use]
    pub fn new() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Default for Dos {
    fn default() -> Self {
        Self::new()
    }
}

impl Experiment for Dos {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        let load = Load::new(params, &world);
        let builder = Builder::new(world.nodes, world.seed, world.network.clone(), world.factory())
            .adversary(Flood::new(params, &world), Span::ZERO, 0)
            .observer(Metrics::new(params, &world))
            .workload(load.clone())
            .faults(faults::plan(params, world.nodes, world.seed)?)
            .clocks(world.clocks)
            .cpu(world.cpu.clone());
        let stop = params.span("stop.time");
        let simulation = context.simulate(builder, Time::ZERO + stop)?;
        let made = match &load {
            Load::Petitions(_) => petition_times(load, Time::ZERO + stop.saturating_sub(IN_FLIGHT)),
            Load::Rounds { .. } => Vec::new(),
        };
        let mut observer = simulation.observer().clone();
        let mut metrics = observer.metrics(&simulation.sight(), simulation.adversary(), &made);
        metrics.push(("cpu_dropped", simulation.drops().cpu_full as f64));
        Ok(Outcome::of(&simulation, metrics, observer.findings()))
    }
}

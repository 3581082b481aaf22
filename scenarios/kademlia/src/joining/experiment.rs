//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::{Builder, Fault, FaultAction, last_end};
use astrarium_node::{NodeId, Seed, Span, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use super::liars::Liars;
use super::metrics::Metrics;
use super::spec;
use super::world::{self, World};

/// System `bootstrap`: how nodes join, and whom they believe.
#[derive(Debug, Clone)]
pub struct BootstrapSystem {
    spec: SystemSpec,
}

impl BootstrapSystem {
    /// The system.
    #[must_use]
    pub fn new() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Default for BootstrapSystem {
    fn default() -> Self {
        Self::new()
    }
}

impl Experiment for BootstrapSystem {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)?;
        faults::check(params, params.count("network.nodes"))
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        let mut plan = faults::plan(params, world.nodes, world.seed)?;
        let healed = if plan.is_empty() { None } else { last_end(&plan) };
        let seeds_up = params.flag("workload.seeds_up");
        let hopeless = !seeds_up && (params.count("protocol.segment") == 1 || !params.flag("protocol.probe"));
        if !seeds_up {
            plan.push(outage(&world));
        }
        let builder = Builder::new(world.nodes, world.seed, world.network.clone(), world.factory())
            .adversary(Liars::new(Arc::clone(&world.corrupt), params.text("adversary.lie")), Span::ZERO, 0)
            .observer(Metrics::new(&world, hopeless, healed))
            .faults(plan)
            .clocks(world.clocks);
        let simulation = context.simulate(builder, Time::ZERO + params.span("stop.time"))?;
        let observer = simulation.observer().clone();
        Ok(Outcome::of(&simulation, observer.metrics(), observer.findings(simulation.now())))
    }
}

/// All seeds are down from the start, for good.
fn outage(world: &World) -> Fault {
    Fault {
        id: "seeds-down".to_owned(),
        at: Time::ZERO + Span::from_nanos(1),
        until: None,
        action: FaultAction::Crash { nodes: (0..world.seeds).map(NodeId::from).collect(), keep_state: true },
    }
}

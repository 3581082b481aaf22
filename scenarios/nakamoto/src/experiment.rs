//! One run, from parameters to outcome.

use astrarium_engine::{Builder, Honest};
use astrarium_node::{Seed, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use crate::attacks::{self, DoubleSpend, Reorg, SelfishMining, Strategy};
use crate::metrics::Metrics;
use crate::spec::{self, PROPAGATION};
use crate::workload::Payments;
use crate::world::{self, World};

/// System `nakamoto`: proof-of-work nodes in a modelled network, honest or under attack.
#[derive(Debug, Clone)]
pub struct Nakamoto {
    spec: SystemSpec,
}

impl Nakamoto {
    /// The system.
    #[must_use]
    pub fn new() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Default for Nakamoto {
    fn default() -> Self {
        Self::new()
    }
}

impl Experiment for Nakamoto {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        check_end(params)?;
        world::check(params, files)?;
        attacks::validate(params)?;
        faults::check(params, params.count("network.nodes"))
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = World::new(params, context.files, Seed(context.seed))?;
        match params.text("adversary.strategy") {
            "double-spend" => {
                let strategy = DoubleSpend::from_params(params, &world);
                simulate(&world, strategy, params, context)
            }
            "reorg" => {
                let strategy = Reorg::from_params(params, &world);
                simulate(&world, strategy, params, context)
            }
            "selfish-mining" => {
                let strategy = SelfishMining::from_params(params, &world);
                simulate(&world, strategy, params, context)
            }
            _ => simulate(&world, Honest, params, context),
        }
    }
}

/// A run must end by itself: at a time, at a height, or with the attack.
fn check_end(params: &Params) -> Result<(), Complaint> {
    let ends = params.has("stop.time") || params.has("stop.blocks");
    match params.text("adversary.strategy") {
        "none" | "selfish-mining" if !ends => {
            let help = "give stop = { blocks = 100 } or stop = { time = \"1 d\" }";
            Err(Complaint::new("stop", "nothing says when the run ends", help))
        }
        _ => Ok(()),
    }
}

/// Runs the world under one strategy.
fn simulate<S: Strategy>(
    world: &World,
    strategy: S,
    params: &Params,
    context: &RunContext<'_>,
) -> Result<Outcome, RunError> {
    let limit = params.opt_span("stop.time").map_or(Time::MAX, |time| Time::ZERO + time);
    let plan = faults::plan(params, world.nodes(), world.seed)?;
    let observer = (Metrics::new(params, world, &plan), strategy.watch());
    let delta = strategy.delta();
    let builder = Builder::new(world.nodes(), world.seed, world.network.clone(), world.factory())
        .adversary(strategy, delta, 0)
        .observer(observer)
        .workload(Payments::new(params, world.seed, world.honest().len()))
        .faults(plan)
        .cpu(world::processors(params))
        .churn(world.churn)
        .clocks(world.clocks);
    let simulation = context.simulate(builder, limit)?;
    let (end, sight) = (simulation.now(), simulation.sight());
    let (mut metrics, watch) = simulation.observer().clone();
    metrics.finish(end);
    let mut attack = Vec::new();
    simulation.adversary().report(&watch, &sight, &mut attack);
    let mut measured = metrics.metrics(&sight);
    // A strategy knows better what became of its own blocks.
    measured.retain(|(name, _)| attack.iter().all(|(other, _)| other != name));
    measured.append(&mut attack);
    let series = if params.wants_series(PROPAGATION) { metrics.series() } else { Vec::new() };
    Ok(Outcome { series, ..Outcome::of(&simulation, measured, metrics.findings(end)) })
}

//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::{Adversary, Builder, Honest};
use astrarium_node::{Seed, Span, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use super::metrics::Metrics;
use super::oracles::Expectations;
use super::spec;
use super::workload::Publications;
use super::world::{self, Node, World};
use crate::attacks::{SyncSpam, Withhold};

/// System `gossip`: dissemination to all.
#[derive(Debug, Clone)]
pub struct Gossip {
    spec: SystemSpec,
}

impl Default for Gossip {
    fn default() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Experiment for Gossip {
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
            "withhold" => run(params, context, &world, Withhold::new(&world.coalition)),
            "sync-spam" => run(params, context, &world, SyncSpam::new(&world.coalition, &world.topology)),
            _ => run(params, context, &world, Honest),
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
    let load = Publications::new(params, world);
    let metrics = Metrics::new(world, &load, &plan, expectations(params, plan.is_empty()))
        .until_covered(params.flag("stop.covered"));
    let builder = Builder::new(world.nodes as usize, world.seed, world.network.clone(), world.factory())
        .adversary(adversary, Span::ZERO, 0)
        .observer(metrics)
        .workload(load)
        .faults(plan)
        .churn(world.churn)
        .clocks(world.clocks);
    let simulation = context.simulate(builder, Time::ZERO + params.span("stop.time"))?;
    let mut observer = simulation.observer().clone();
    let metrics = observer.metrics(&simulation.sight());
    let findings = observer.findings(&simulation.sight());
    Ok(Outcome::of(&simulation, metrics, findings))
}

/// What the run must show, from what is in its way.
fn expectations(params: &Params, no_faults: bool) -> Expectations {
    let calm = no_faults
        && params.text("network.loss.kind") == "none"
        && params.text("network.churn.kind") == "none"
        && params.text("network.fidelity") == "message"
        && !params.flag("network.allow_disconnected");
    let to_all = match params.text("protocol.mode.kind") {
        "flood" => !params.has("protocol.mode.fanout") && params.integer("protocol.mode.relay_count") == -1,
        "inventory" | "holders" => true,
        _ => false,
    };
    let attacked = params.text("adversary.strategy") != "none" && params.share("adversary.share") > 0.0;
    Expectations { complete: calm && to_all && !attacked && long_enough(params), attacked }
}

/// The load ends a minute before the run does, at the least.
fn long_enough(params: &Params) -> bool {
    let load = params.count("workload.items") as f64 / params.per_second("workload.rate");
    let begin = params.span("workload.start").as_secs_f64();
    params.span("stop.time").as_secs_f64() >= begin + load + 60.0 || params.flag("stop.covered")
}

//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::{Builder, last_end};
use astrarium_node::{Seed, Span, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use crate::world::{self, Tables, World};

use super::hostile::Hostile;
use super::metrics::Metrics;
use super::oracles::Expectations;
use super::spec;
use super::workload::Load;

/// System `records`: put and get.
#[derive(Debug, Clone)]
pub struct RecordSystem {
    spec: SystemSpec,
}

impl Default for RecordSystem {
    fn default() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Experiment for RecordSystem {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)?;
        if u32::try_from(params.bytes("workload.bytes")).is_err() {
            let problem = "is longer than a message can be";
            return Err(Complaint::new("workload.bytes", problem, "give less than 4 GiB"));
        }
        if params.text("protocol.find_node_key") == "raw_as_shipped" {
            let problem = "is \"raw_as_shipped\", but records have no public name other than their key";
            return Err(Complaint::new("protocol.find_node_key", problem, "leave it out"));
        }
        faults::check(params, params.count("network.nodes"))
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        let plan = faults::plan(params, world.nodes(), world.seed)?;
        let strategy = params.text("adversary.strategy");
        let load = Load::new(&world, params);
        let expect = Expectations {
            certified: world.config.certified,
            calm: plan.is_empty() && is_calm(params, &world),
            attacked: strategy != "none" && !world.coalition.is_empty(),
            faults: (!plan.is_empty()).then(|| last_end(&plan)),
        };
        let hostile = Hostile::new(&world, strategy, params.bytes("workload.bytes") as u32);
        let builder = Builder::new(world.nodes(), world.seed, world.network.clone(), world.factory()?)
            .adversary(hostile, Span::ZERO, 0)
            .observer(Metrics::new(&world, &load, expect))
            .workload(load)
            .faults(plan)
            .churn(world.churn)
            .clocks(world.clocks);
        let limit = Time::ZERO + params.span("stop.time");
        let simulation = context.simulate(builder, limit)?;
        let mut observer = simulation.observer().clone();
        let metrics = observer.metrics(&simulation.sight());
        Ok(Outcome::of(&simulation, metrics, observer.findings(simulation.now())))
    }
}

/// Whether nothing can keep a get from its record: static tables in which the nearest are known to those near them, constant delays that
/// fit the time limit, records that outlive the run, and room for them.
fn is_calm(params: &Params, world: &World) -> bool {
    world.tables == Tables::Static
        && params.text("adversary.strategy") == "none"
        && params.text("network.loss.kind") == "none"
        && params.text("network.latency.kind") == "constant"
        && params.text("network.jitter.kind") == "none"
        && params.text("network.bandwidth.kind") == "unlimited"
        && params.span("network.latency.one_way") * 2 < params.span("protocol.rpc_timeout")
        && params.span("protocol.record_life") > params.span("stop.time")
        && params.count("protocol.records") >= params.count("workload.puts")
}

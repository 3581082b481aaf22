//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::{Builder, Fault, FaultAction, last_end};
use astrarium_node::{NodeId, Seed, Span, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use crate::attacks::Coalition;
use crate::metrics::Metrics;
use crate::oracles::Disturbance;
use crate::routing;
use crate::spec;
use crate::workload::Lookups;
use crate::world::{self, World};

/// Victims are away for so long when they restart.
const AWAY: Span = Span::from_secs(1);

/// System `kademlia`: a network of Kademlia nodes, and lookups on it.
#[derive(Debug, Clone)]
pub struct KademliaSystem {
    spec: SystemSpec,
}

impl KademliaSystem {
    /// The system.
    #[must_use]
    pub fn new() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Default for KademliaSystem {
    fn default() -> Self {
        Self::new()
    }
}

impl Experiment for KademliaSystem {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)?;
        faults::check(params, params.count("network.nodes"))
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        let victims = victims(params, &world);
        let plan = plan(params, &world)?;
        let lookups = Lookups::new(&world, params);
        let strategy = params.text("adversary.strategy");
        let calm = params.text("network.churn.kind") == "none"
            && params.text("network.loss.kind") == "none"
            && answers_in_time(params)
            && strategy == "none";
        let disturbance = Disturbance { any: !calm, faults: (!plan.is_empty()).then(|| last_end(&plan)) };
        let count = params.count("workload.lookups") as u64;
        let observer = Metrics::new(&world, count, Arc::clone(&victims), disturbance);
        let coalition = Coalition::new(&world, strategy, &victims, params.span("adversary.redial"));
        let builder = Builder::new(world.nodes(), world.seed, world.network.clone(), world.factory()?)
            .adversary(coalition, Span::ZERO, 0)
            .observer(observer)
            .workload(lookups.clone())
            .faults(plan)
            .churn(world.churn)
            .clocks(world.clocks);
        let simulation = context.simulate(builder, Time::ZERO + params.span("stop.time"))?;
        let mut observer = simulation.observer().clone();
        let mut metrics = observer.metrics(&simulation.sight());
        if strategy == "route" {
            metrics.extend(routing::honest_paths(&world, &lookups, count, &simulation.sight()));
        }
        if let Some(ground) = &world.ground {
            metrics.push(("grind_trials", ground.trials as f64));
            metrics.push(("grind_expected", ground.expected));
            metrics.push(("grind_ratio", ground.trials as f64 / ground.expected));
        }
        Ok(Outcome::of(&simulation, metrics, observer.findings(simulation.now())))
    }
}

/// Whether no answer can be late: known of constant delays on unlimited links.
fn answers_in_time(params: &Params) -> bool {
    params.text("network.latency.kind") == "constant"
        && params.text("network.jitter.kind") == "none"
        && params.text("network.bandwidth.kind") == "unlimited"
        && params.span("network.latency.one_way") * 2 < params.span("protocol.rpc_timeout")
}

/// Whom strategy `eclipse` dials; nobody otherwise.
fn victims(params: &Params, world: &World) -> Arc<[NodeId]> {
    if params.text("adversary.strategy") == "eclipse" { restarted(params, world) } else { Arc::new([]) }
}

/// Who restarts, with the attack and in its baseline.
fn restarted(params: &Params, world: &World) -> Arc<[NodeId]> {
    world.victims(params.count("adversary.victims"))
}

/// The scenario's faults, and the restart of the victims: an adversary that can wait for a crash need not cause it.
fn plan(params: &Params, world: &World) -> Result<Vec<Fault>, Complaint> {
    let mut plan = faults::plan(params, world.nodes(), world.seed)?;
    if let Some(at) = world::moment(params, "adversary.restart") {
        plan.push(Fault {
            id: "victims-restart".to_owned(),
            at,
            until: Some(at + AWAY),
            action: FaultAction::Crash { nodes: restarted(params, world), keep_state: true },
        });
    }
    Ok(plan)
}

//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::Builder;
use astrarium_node::{Seed, Time};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults, network,
};

use crate::election::{Config, Plant, Replica};
use crate::oracles::Watch;
use crate::spec;

/// Most replicas: each election asks all of them, and each keeps a list of the others.
const MOST_REPLICAS: usize = 1_000;

/// System `canary`: an election with a planted fault.
#[derive(Debug, Clone)]
pub struct Canary {
    spec: SystemSpec,
}

impl Canary {
    /// The system.
    #[must_use]
    pub fn new() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Default for Canary {
    fn default() -> Self {
        Self::new()
    }
}

impl Experiment for Canary {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        let replicas = params.count("network.nodes");
        if !(3..=MOST_REPLICAS).contains(&replicas) {
            return Err(Complaint {
                key: "network.nodes".to_owned(),
                problem: format!("{replicas} replicas"),
                help: format!("an election takes 3 to {MOST_REPLICAS}"),
            });
        }
        if params.text("network.topology.kind") != "complete" {
            return Err(Complaint {
                key: "network.topology".to_owned(),
                problem: "the replicas of an election all talk to each other".to_owned(),
                help: "leave it out, or write topology = \"complete\"".to_owned(),
            });
        }
        network::net_config(params, files)?;
        faults::check(params, replicas)
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let seed = Seed(context.seed);
        let config = Arc::new(Config {
            replicas: params.count("network.nodes"),
            patience: params.span("protocol.patience"),
            plant: Plant::from_word(params.text("protocol.plant")),
        });
        let net = network::net_config(params, context.files)?;
        let plan = faults::plan(params, config.replicas, seed)?;
        let watch = Watch::new(&plan, params.span("oracle.heal_within"));
        let (network, _) = net.build(seed).map_err(|e| network::complaint_of(&e))?;
        let shared = Arc::clone(&config);
        let builder =
            Builder::new(config.replicas, seed, network, move |id| Replica::new(Arc::clone(&shared), id))
                .observer(watch)
                .faults(plan)
                .churn(net.churn)
                .clocks(net.clock);
        let simulation = context.simulate(builder, Time::ZERO + params.span("stop.time"))?;
        let watch = simulation.observer();
        Ok(Outcome::of(&simulation, watch.metrics(), watch.findings(simulation.now())))
    }
}

//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::{Builder, last_end};
use astrarium_node::{Seed, Span, Time};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_protocol_transport::rudp::{self, Profile, Rudp};
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use super::carrier::Carrier;
use super::metrics::Metrics;
use super::oracles::Expectations;
use super::spec;
use super::workload::Messages;
use super::world::{self, World};
use crate::attacks::Attack;

/// System `secure`: who can read this?
#[derive(Debug, Clone)]
pub struct Channel {
    spec: SystemSpec,
}

impl Default for Channel {
    fn default() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Experiment for Channel {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        match params.text("protocol.transport") {
            "rudp" => drive(params, context, world, || Rudp::new(rudp::Config::profile(Profile::KcpTurbo))),
            _ => drive(params, context, world, Udp::new),
        }
    }
}

/// One run over the transport that `transport` makes.
fn drive<T: Carrier>(
    params: &Params,
    context: &RunContext<'_>,
    world: Arc<World>,
    transport: impl Fn() -> T + Send + Sync + 'static,
) -> Result<Outcome, RunError> {
    let plan = faults::plan(params, world.participants() as usize, world.seed)?;
    let strategy = params.text("adversary.strategy");
    let expect = Expectations {
        sealed: world.config.enabled,
        attacked: strategy != "none",
        arrives: ["none", "tap"].contains(&strategy),
        faults: (!plan.is_empty()).then(|| last_end(&plan)),
    };
    let load = Messages::new(params, &world);
    // The budget of the attacks is one machine, once: the server, whose keys they steal.
    let nodes = world.participants() as usize;
    let builder = Builder::new(nodes, world.seed, world.network.clone(), world.factory(transport))
        .adversary(Attack::<T>::new(params, &world), Span::ZERO, 1)
        .observer(Metrics::new(&world, load.clone(), T::BARE, expect))
        .workload(load)
        .faults(plan)
        .cpu(world.cpu.clone())
        .clocks(world.clocks);
    let simulation = context.simulate(builder, Time::ZERO + params.span("stop.time"))?;
    let mut observer = simulation.observer().clone();
    let spoils = simulation.adversary().spoils();
    let metrics = observer.metrics(&simulation.sight(), simulation.drops(), &spoils, strategy);
    let findings = observer.findings(simulation.now());
    Ok(Outcome::of(&simulation, metrics, findings))
}

//! One run, from parameters to outcome.

use std::sync::Arc;

use astrarium_engine::Builder;
use astrarium_node::{Seed, Stack, Time};
use astrarium_protocol_overlay::group::Group;
use astrarium_protocol_transport::datagram::Udp;
use astrarium_protocol_transport::rudp::{self, Profile, Rudp};
use astrarium_runner::{Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec};

use super::metrics::{Carrier, Metrics};
use super::spec;
use super::workload::Casts;
use super::world::{self, World};

/// System `group-multicast`: one group in a larger network.
#[derive(Debug, Clone)]
pub struct Multicast {
    spec: SystemSpec,
}

impl Multicast {
    /// The system.
    #[must_use]
    pub fn new() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Default for Multicast {
    fn default() -> Self {
        Self::new()
    }
}

impl Experiment for Multicast {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        world::check(params, files)
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let world = Arc::new(World::new(params, context.files, Seed(context.seed))?);
        if params.text("protocol.transport") == "udp" {
            return run_over(params, context, &world, Udp::new);
        }
        // The names are those of the declaration.
        let profile = Profile::from_name(params.text("protocol.profile")).unwrap_or(Profile::KcpTurbo);
        run_over(params, context, &world, move || Rudp::new(rudp::Config::profile(profile)))
    }
}

/// A run over a transport.
fn run_over<T: Carrier>(
    params: &Params,
    context: &RunContext<'_>,
    world: &Arc<World>,
    transport: impl Fn() -> T + Send + Sync + 'static,
) -> Result<Outcome, RunError> {
    let config = Arc::clone(&world.config);
    let factory = move |_| Stack::new(Group::new(config.clone()), transport());
    let builder = Builder::new(world.nodes(), world.seed, world.network.clone(), factory)
        .observer(Metrics::new(params, world))
        .workload(Casts::new(params, world))
        .faults(world.faults(params)?)
        .clocks(world.clocks);
    let simulation = context.simulate(builder, Time::ZERO + params.span("stop.time"))?;
    let mut observer = simulation.observer().clone();
    let metrics = observer.metrics(&simulation.sight());
    let findings = observer.findings(simulation.now());
    Ok(Outcome::of(&simulation, metrics, findings))
}

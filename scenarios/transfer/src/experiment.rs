//! One run, from parameters to outcome.

use astrarium_engine::{Builder, Fault, Finding, Honest, Pause, RunOptions, Simulation, Verdict};
use astrarium_net::{ClockModel, LossModel, Modelled, NetConfig, TransportModel};
use astrarium_node::{NodeId, Seed, Span, Time};
use astrarium_protocol_transport::datagram::Udp;
use astrarium_protocol_transport::rudp::Rudp;
use astrarium_protocol_transport::tcp::Tcp;
use astrarium_runner::network::complaint_of;
use astrarium_runner::{
    Complaint, Experiment, Files, Outcome, Params, RunContext, RunError, SystemSpec, faults,
};

use crate::carrier::{self, Carrier, Tally};
use crate::figures::{self, Summary};
use crate::flows::{Flows, Hand};
use crate::metrics::Watch;
use crate::oracles::Oracles;
use crate::settings::{self, Promise, Transport};
use crate::spec;

/// Losses that must be to be expected before a run without any repair is suspicious.
const CERTAIN: f64 = 20.0;

/// System `transfer`: messages from node to node over a chosen transport and path.
#[derive(Debug, Clone)]
pub struct Transfer {
    spec: SystemSpec,
}

/// The system, to be registered.
#[must_use]
pub fn experiment() -> Transfer {
    Transfer::new()
}

impl Transfer {
    /// The system.
    #[must_use]
    pub fn new() -> Self {
        Self { spec: spec::spec() }
    }
}

impl Default for Transfer {
    fn default() -> Self {
        Self::new()
    }
}

impl Experiment for Transfer {
    fn spec(&self) -> &SystemSpec {
        &self.spec
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        let transport = settings::transport(params)?;
        let net = settings::network(params, files, &transport)?;
        settings::check_cuts(params, &net)?;
        settings::baseline(params)?;
        settings::load(params)?;
        faults::check(params, params.count("network.nodes"))
    }

    fn run(&self, params: &Params, context: &RunContext<'_>) -> Result<Outcome, RunError> {
        let transport = settings::transport(params)?;
        let net = settings::network(params, context.files, &transport)?;
        let run = Run::new(params, context.seed, &net)?;
        let mut own = run.over(&transport, &net, context)?;
        if params.text("baseline.kind") != "none" {
            let other = settings::baseline(params)?.unwrap_or(transport);
            // The baseline is part of the run: it has the same queue, but snapshots and records are of the first half.
            let options = RunOptions {
                queue: context.options.queue,
                order_seed: context.options.order_seed,
                ..RunOptions::default()
            };
            let context = RunContext { options, ..context.clone() };
            let base = run.over(&other, &settings::packets(net), &context)?;
            own.compare(&base);
        }
        Ok(own.outcome)
    }
}

/// How often a sender is asked whether it has come to rest: after this, then after twice as long …
const SETTLING: Span = Span::from_millis(10);
/// … up to this.
const LONGEST_PAUSE: Span = Span::from_secs(1);

/// What nobody sees when the network carries whole messages: no packet is an event, and acknowledgements are none at all.
const UNSEEN_IN_CLOSED_FORM: [&str; 6] =
    ["timeouts", "duplicates", "rejected", "timer_events", "datagrams", "overhead_ratio"];

/// A run of one half.
type Course<P> = Simulation<P, Modelled, Honest, Watch, Hand>;

/// What all nodes have counted.
fn tally<P: Carrier>(simulation: &Course<P>) -> Tally {
    let sight = simulation.sight();
    (0..sight.nodes()).map(|node| sight.node(NodeId::from(node)).tally()).fold(Tally::default(), Tally::plus)
}

/// What both halves of a run share.
struct Run {
    seed: Seed,
    flows: Flows,
    faults: Vec<Fault>,
    clocks: ClockModel,
    early: bool,
    /// Every message has a connection of its own.
    fresh: bool,
    until: Time,
}

/// One half: the flows over one transport.
struct Half {
    outcome: Outcome,
    latencies: Option<Summary>,
    completion_ms: Option<f64>,
}

impl Run {
    fn new(params: &Params, seed: u64, net: &NetConfig) -> Result<Self, Complaint> {
        let seed = Seed(seed);
        Ok(Self {
            seed,
            flows: Flows::new(settings::load(params)?, seed),
            faults: faults::plan(params, net.nodes, seed)?,
            clocks: net.clock,
            early: params.flag("stop.early"),
            fresh: params.text("protocol.pooling") == "per_message",
            until: Time::ZERO + params.span("stop.time"),
        })
    }

    /// The flows over this transport; in closed form when the network has it.
    fn over(
        &self,
        transport: &Transport,
        net: &NetConfig,
        context: &RunContext<'_>,
    ) -> Result<Half, RunError> {
        match transport {
            _ if !net.transport.is_none() => self.drive(net, transport.promise(), context, |_| Udp::new()),
            Transport::Udp => self.drive(net, transport.promise(), context, |_| Udp::new()),
            Transport::Tcp(config) => {
                let config = config.clone();
                self.drive(net, transport.promise(), context, move |_| Tcp::new(config.clone()))
            }
            Transport::Rudp(config, None) => {
                let config = *config;
                self.drive(net, transport.promise(), context, move |_| Rudp::new(config))
            }
            Transport::Rudp(config, Some((data, parity))) => {
                let (config, shape) = (*config, (*data, *parity));
                self.drive(net, transport.promise(), context, move |_| carrier::corrected(config, shape))
            }
        }
    }

    fn drive<P: Carrier>(
        &self,
        net: &NetConfig,
        promise: Promise,
        context: &RunContext<'_>,
        factory: impl Fn(NodeId) -> P + Send + Sync + 'static,
    ) -> Result<Half, RunError> {
        let (network, _) = net.build(self.seed).map_err(|error| complaint_of(&error))?;
        let closed = net.transport != TransportModel::None;
        let oracles = Oracles::new(
            self.flows.len(),
            promise,
            self.fresh,
            self.losses(net) >= CERTAIN,
            !self.faults.is_empty(),
        );
        let builder = Builder::new(net.nodes, self.seed, network, factory)
            .observer(Watch::new(&self.flows, net.mtu, self.early, oracles))
            .workload(Hand::new(&self.flows))
            .faults(self.faults.clone())
            .clocks(self.clocks);
        let simulation = context.simulate(builder, self.until)?;
        let mut tally = tally(&simulation);
        let mut watch = simulation.observer().clone();
        if closed {
            closed_form(&mut watch, &mut tally, simulation.network());
        }
        watch.oracles.close(simulation.now(), tally.retransmissions);
        let mut metrics = figures::figures(&watch, tally, simulation.events());
        if closed {
            metrics.retain(|(name, _)| !UNSEEN_IN_CLOSED_FORM.contains(name));
        }
        let server = simulation.node(NodeId(0)).tally();
        metrics.extend(figures::server(&self.flows, server, simulation.now()));
        let completion_ms = metrics.iter().find(|(name, _)| *name == "completion_ms").map(|&(_, v)| v);
        let findings = watch.oracles.findings(simulation.now());
        let mut outcome = Outcome::of(&simulation, metrics, findings);
        if self.early && !closed && watch.settled() {
            outcome.metrics.extend(self.come_to_rest(simulation, context)?);
        }
        Ok(Half { outcome, latencies: watch.latencies().summary(), completion_ms })
    }

    /// Goes on after the last delivery until nothing is in flight: the outcome is that of the delivery, the bill comes later.
    fn come_to_rest<P: Carrier>(
        &self,
        mut simulation: Course<P>,
        context: &RunContext<'_>,
    ) -> Result<Vec<(&'static str, f64)>, RunError> {
        simulation.observer_mut().go_on();
        let in_flight = |simulation: &Course<P>, flow: u32| {
            let flight = simulation.node(self.flows.sender(flow)).flight(self.flows.recipient(flow));
            flight.is_some_and(|(flight, _)| flight > 0)
        };
        let mut pause = SETTLING;
        while simulation.now() < self.until && (0..self.flows.len() as u32).any(|f| in_flight(&simulation, f))
        {
            let limit = self.until.min(simulation.now() + pause);
            match simulation.run(limit, || context.interrupted()) {
                Pause::Interrupted => return Err(RunError::Interrupted),
                Pause::Idle => break,
                Pause::Limit | Pause::Finished | Pause::Budget => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
        Ok(figures::at_rest(simulation.observer(), tally(&simulation)))
    }

    /// Expected number of lost data packets.
    fn losses(&self, net: &NetConfig) -> f64 {
        let rate = match net.loss {
            LossModel::None => 0.0,
            LossModel::Bernoulli { p } => p,
            // Losses come in bursts: what counts is how often one begins.
            LossModel::GilbertElliott { p, r, h, .. } => (1.0 - h) * p * r / (p + r),
        };
        let packets = u64::from(self.flows.load().bytes).div_ceil(1_400);
        rate * (self.flows.total() * packets) as f64
    }
}

/// What nodes that hand whole messages to the network cannot count.
fn closed_form(watch: &mut Watch, tally: &mut Tally, network: &Modelled) {
    tally.retransmissions = network.traffic().resent;
    watch.forward = network.traffic().carried_bytes;
}

impl Half {
    /// Adds the comparison with a baseline, and the baseline's events to the run's identity.
    fn compare(&mut self, base: &Self) {
        let metrics = &mut self.outcome.metrics;
        if let (Some(own), Some(base)) = (self.latencies, base.latencies) {
            metrics.extend([
                ("latency_ratio", own.mean / base.mean),
                ("latency_p95_ratio", own.p95 / base.p95),
                ("latency_p99_ratio", own.p99 / base.p99),
            ]);
        }
        if let (Some(own), Some(base)) = (self.completion_ms, base.completion_ms) {
            metrics.push(("completion_ratio", own / base));
        }
        metrics.push(("events_ratio", base.outcome.events as f64 / self.outcome.events.max(1) as f64));
        self.outcome.digest = self.outcome.digest.merge(base.outcome.digest);
        let broken = |finding: &&Finding| finding.verdict != Verdict::Holds;
        self.outcome.findings.extend(base.outcome.findings.iter().filter(broken).cloned());
    }
}

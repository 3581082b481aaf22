//! From the parameters of `[network]` to a network.

use std::path::PathBuf;
use std::sync::Arc;

use astrarium_net::{
    Bandwidth, ChurnModel, ClockModel, DegreeBin, DeviceClass, Devices, Discipline, Fidelity, FileGraph,
    Jitter, LatencyModel, LossModel, NetConfig, NetError, Oversize, Regions, Reorder, SpanDistribution,
    Spread, TopologyKind,
};

use astrarium_engine::Processor;
use astrarium_node::{NodeId, Seed};

use crate::{Complaint, Files, Params, Value};

/// The network that a point describes, checked: what does not depend on the seed cannot fail any more.
///
/// # Errors
/// The first impossible value, combination or file, with the key to blame.
pub fn net_config(params: &Params, files: &Files) -> Result<NetConfig, Complaint> {
    let kind = |key: &str| params.text(&format!("network.{key}.kind"));
    let config = NetConfig {
        topology: topology(kind("topology"), params, files)?,
        allow_disconnected: params.flag("network.allow_disconnected"),
        latency: latency(kind("latency"), params, files)?,
        jitter: jitter(kind("jitter"), params),
        loss: loss(kind("loss"), params),
        duplicate: params.share("network.duplicate"),
        reorder: Reorder {
            p: params.share("network.reorder.p"),
            extra: params.span("network.reorder.extra"),
        },
        fifo: params.flag("network.fifo"),
        bandwidth: bandwidth(kind("bandwidth"), params)?,
        discipline: match params.text("network.queue_disc") {
            "drr" => Discipline::Fair,
            _ => Discipline::Fifo,
        },
        buffer_up: params.opt_bytes("network.buffer.up"),
        buffer_down: params.opt_bytes("network.buffer.down"),
        // At most 10^9 by their declarations.
        packets_up: params.opt_integer("network.buffer.up_packets").map(|n| n as u32),
        packets_down: params.opt_integer("network.buffer.down_packets").map(|n| n as u32),
        // At most 65,535 by its declaration.
        mtu: params.count("network.mtu") as u32,
        oversize: if params.flag("network.fragment") { Oversize::Fragment } else { Oversize::Drop },
        fidelity: match params.text("network.fidelity") {
            "packet" => Fidelity::Packet,
            _ => Fidelity::Message,
        },
        // Not declared by systems whose packets name nodes.
        nat: super::nat::nat(params.opt_text("network.nat.kind").unwrap_or("none"), params)?,
        transport: super::transport::model(params),
        clock: ClockModel {
            offset_sigma: params.span("network.clock.offset"),
            drift_ppm: params.number("network.clock.drift"),
        },
        churn: ChurnModel { devices: devices(params), ..churn(kind("churn"), params) },
        devices: devices(params),
        ..NetConfig::new(params.count("network.nodes"))
    };
    config.check().map_err(|error| complaint_of(&error))?;
    Ok(config)
}

/// The processors of the nodes, by their device classes; empty where there are none. `usual` is that of a node of no class.
#[must_use]
pub fn processors(devices: &Devices, usual: Processor, nodes: usize, seed: Seed) -> Arc<[Processor]> {
    if devices.is_none() {
        return Arc::from([]);
    }
    let processor = |node| {
        let class = devices.class(seed, NodeId::from(node))?;
        let (cores, speed) = class.processor();
        Some(Processor { cores, speed })
    };
    (0..nodes).map(|node| processor(node).unwrap_or(usual)).collect()
}

fn devices(params: &Params) -> Devices {
    Devices::new(DeviceClass::ALL.map(|class| params.share(&format!("network.devices.{}", class.name()))))
}

/// What is wrong with a network, in terms of the scenario's keys.
#[must_use]
pub fn complaint_of(error: &NetError) -> Complaint {
    match error {
        NetError::Config { field, problem, help } => {
            let key = format!("network.{field}");
            Complaint { problem: format!("{key} {problem}"), key, help: help.clone() }
        }
        NetError::File { .. } => of_file("network.topology.file", error),
        NetError::Disconnected { parts, attempts } => Complaint {
            key: "network.topology".into(),
            problem: format!("the topology is in {parts} parts after {attempts} attempts"),
            help: "raise its degree or link probability, or set network.allow_disconnected = true".into(),
        },
    }
}

/// A complaint about a file that `key` names.
fn of_file(key: &str, error: &NetError) -> Complaint {
    match error {
        NetError::File { path, line, problem, help } => {
            let place = line.map_or_else(|| path.clone(), |line| format!("{path}:{line}"));
            Complaint { key: key.into(), problem: format!("{place}: {problem}"), help: help.clone() }
        }
        other => complaint_of(other),
    }
}

/// Reads the file that `key` names.
fn read<T>(
    key: &str,
    params: &Params,
    files: &Files,
    reader: impl FnOnce(&std::path::Path) -> Result<T, NetError>,
) -> Result<T, Complaint> {
    let path: PathBuf = files.base.join(params.text(key));
    reader(&path).map_err(|error| of_file(key, &error))
}

/// A word that no declaration allows: the declarations and this file have parted.
fn unknown(key: &str, word: &str) -> ! {
    panic!("`{key}` = \"{word}\" is declared but not translated")
}

/// For systems whose protocol deals with loss itself, or is a transport: `network.transport` must stay out.
///
/// # Errors
/// A closed form is asked for: the messages that the protocol believes to be datagrams would never be lost.
pub fn check_bare(params: &Params) -> Result<(), Complaint> {
    let kind = params.text("network.transport.kind");
    if kind == "none" {
        return Ok(());
    }
    Err(Complaint::new(
        "network.transport",
        format!(
            "is \"{kind}\", but the protocol of this system sends datagrams and makes up for their loss itself"
        ),
        "leave `transport` out of [network]; the system's own transport, if it has one, is set in [protocol]",
    ))
}

fn topology(kind: &str, params: &Params, files: &Files) -> Result<TopologyKind, Complaint> {
    let count = |field: &str| params.count(&format!("network.topology.{field}"));
    let share = |field: &str| params.share(&format!("network.topology.{field}"));
    let graph = |reader: fn(&std::path::Path) -> Result<FileGraph, NetError>| {
        read("network.topology.file", params, files, reader).map(|g| TopologyKind::File(Arc::new(g)))
    };
    Ok(match kind {
        "complete" => TopologyKind::Complete,
        "star" => TopologyKind::Star,
        "line" => TopologyKind::Line,
        "ring" => TopologyKind::Ring,
        "random" => TopologyKind::KOut { degree: count("degree") },
        "regular" => TopologyKind::Regular { degree: count("degree") },
        "erdos-renyi" => TopologyKind::ErdosRenyi { p: share("p") },
        "watts-strogatz" => TopologyKind::WattsStrogatz { k: count("k"), beta: share("beta") },
        "barabasi-albert" => TopologyKind::BarabasiAlbert { m: count("m") },
        "tiers" => TopologyKind::Tiers { core: count("core"), degree: count("degree") },
        "degree-list" => TopologyKind::DegreeList { bins: degree_bins(params)? },
        "kademlia" => TopologyKind::Kademlia { bucket: count("bucket"), buckets: count("buckets") },
        "graphml" => graph(FileGraph::graphml)?,
        "edges" => graph(FileGraph::edge_list)?,
        other => unknown("network.topology.kind", other),
    })
}

fn degree_bins(params: &Params) -> Result<Vec<DegreeBin>, Complaint> {
    let numbers = |key| params.list(key).iter().filter_map(Value::as_f64).collect::<Vec<f64>>();
    let (degrees, shares) = (numbers("network.topology.degrees"), numbers("network.topology.shares"));
    if degrees.len() != shares.len() {
        return Err(Complaint {
            key: "network.topology.shares".into(),
            problem: format!("there are {} shares for {} degrees", shares.len(), degrees.len()),
            help: "give one share for each bar".into(),
        });
    }
    // Whole numbers up to 100,000 by their declaration.
    Ok(degrees.iter().zip(shares).map(|(&most, share)| DegreeBin { most: most as usize, share }).collect())
}

fn region_table(key: &str, params: &Params) -> (Regions, Spread) {
    match params.text(key) {
        "bitcoin-2019" => (Regions::bitcoin_2019(), Spread::Pareto),
        "bitcoin-2015" => (Regions::bitcoin_2015(), Spread::Pareto),
        "aws-2019" => (Regions::aws_2019(), Spread::Fixed),
        "aws21" => (Regions::aws_21(), Spread::Fixed),
        other => unknown(key, other),
    }
}

fn latency(kind: &str, params: &Params, files: &Files) -> Result<LatencyModel, Complaint> {
    let span = |field: &str| params.span(&format!("network.latency.{field}"));
    let spread = || {
        params.opt_text("network.latency.spread").map(|word| match word {
            "pareto" => Spread::Pareto,
            _ => Spread::Fixed,
        })
    };
    Ok(match kind {
        "constant" => LatencyModel::Constant(span("one_way")),
        "uniform" => LatencyModel::Uniform { min: span("min"), max: span("max") },
        "log-normal" => {
            LatencyModel::LogNormal { median: span("median"), sigma: params.number("network.latency.sigma") }
        }
        "exponential" => LatencyModel::Exponential { min: span("min"), mean: span("mean") },
        "pareto" => LatencyModel::Pareto { mean: span("mean") },
        "regions" => {
            let (regions, usual) = region_table("network.latency.table", params);
            LatencyModel::regions(regions, spread().unwrap_or(usual))
        }
        "matrix" => {
            let regions = read("network.latency.file", params, files, Regions::from_csv)?;
            LatencyModel::regions(regions, spread().unwrap_or(Spread::Fixed))
        }
        other => unknown("network.latency.kind", other),
    })
}

fn jitter(kind: &str, params: &Params) -> Jitter {
    let span = |field: &str| params.span(&format!("network.jitter.{field}"));
    match kind {
        "none" => Jitter::None,
        "uniform" => Jitter::Uniform { max: span("max") },
        "half-normal" => Jitter::HalfNormal { sigma: span("sigma") },
        "gpd" => Jitter::GeneralisedPareto {
            mu_ms: params.number("network.jitter.mu"),
            sigma: span("sigma"),
            xi: params.number("network.jitter.xi"),
            cap: span("cap"),
        },
        other => unknown("network.jitter.kind", other),
    }
}

fn bandwidth(kind: &str, params: &Params) -> Result<Bandwidth, Complaint> {
    let rate = |key: &str| {
        let bps = params.bit_rate(key);
        if (1.0..=1e15).contains(&bps) {
            return Ok(bps as u64);
        }
        Err(Complaint {
            key: key.into(),
            problem: format!("{bps} bit/s is not a rate of an access link"),
            help: "give 1 bit/s to 1 Pbit/s, or bandwidth = \"unlimited\"".into(),
        })
    };
    Ok(match kind {
        "unlimited" => Bandwidth::Unlimited,
        "constant" => {
            Bandwidth::Constant { up: rate("network.bandwidth.up")?, down: rate("network.bandwidth.down")? }
        }
        "regions" => Bandwidth::Regions(Arc::new(region_table("network.bandwidth.table", params).0)),
        other => unknown("network.bandwidth.kind", other),
    })
}

fn loss(kind: &str, params: &Params) -> LossModel {
    let share = |field: &str| params.share(&format!("network.loss.{field}"));
    match kind {
        "none" => LossModel::None,
        "bernoulli" => LossModel::Bernoulli { p: share("p") },
        "gilbert-elliott" => {
            LossModel::GilbertElliott { p: share("p"), r: share("r"), k: share("k"), h: share("h") }
        }
        other => unknown("network.loss.kind", other),
    }
}

fn churn(kind: &str, params: &Params) -> ChurnModel {
    if kind == "none" {
        return ChurnModel::default();
    }
    let length = |field: &str| {
        let mean = params.span(&format!("network.churn.{field}"));
        let shape = || params.number("network.churn.shape");
        match kind {
            "exponential" => SpanDistribution::Exponential { mean },
            "weibull" => SpanDistribution::Weibull { shape: shape(), mean },
            "pareto" => SpanDistribution::Pareto { shape: shape(), mean },
            other => unknown("network.churn.kind", other),
        }
    };
    ChurnModel {
        share: params.share("network.churn.share"),
        session: length("session"),
        absence: length("absence"),
        ..ChurnModel::default()
    }
}

//! From the text of a scenario to a network, and to complaints.

use std::path::Path;

use super::*;
use crate::{
    Complaint, Experiment, Files, LoadOptions, Outcome, Params, Registry, RunContext, RunError, Scenario,
    SystemSpec, Vocabulary,
};
use astrarium_net::{
    Allocation, Bandwidth, ChurnModel, Fidelity, Filtering, Fragments, Jitter, LatencyModel, LossModel,
    Mapping, NatConfig, NatDevice, NatKind, NetConfig, Oversize, Population, Regions, SpanDistribution,
    Spread, TopologyKind,
};
use astrarium_node::{NodeId, Seed, Span};

/// A system that is a network and nothing else.
struct Bare(SystemSpec);

impl Experiment for Bare {
    fn spec(&self) -> &SystemSpec {
        &self.0
    }

    fn validate(&self, params: &Params, files: &Files) -> Result<(), Complaint> {
        net_config(params, files).map(|_| ())
    }

    fn run(&self, _: &Params, _: &RunContext<'_>) -> Result<Outcome, RunError> {
        Ok(Outcome::default())
    }
}

fn load(folder: &Path, network: &str) -> Result<NetConfig, String> {
    let mut spec = SystemSpec::new("bare", "a network");
    (spec.network, spec.addressed) = (true, true);
    let mut registry = Registry::new();
    registry.register(Bare(spec));
    let files = Files { base: folder.to_path_buf() };
    let text = format!("name = \"bare\"\nsystem = \"bare\"\n[network]\n{network}\n");
    let vocabulary = Vocabulary { theories: &[] };
    let options = LoadOptions::default();
    let scenario =
        Scenario::from_text(&text, Path::new("bare.toml"), files.clone(), &registry, vocabulary, &options)
            .map_err(|e| e.to_string())?;
    net_config(&scenario.points[0].params, &files).map_err(|c| c.problem)
}

fn good(network: &str) -> NetConfig {
    load(Path::new("."), network).unwrap_or_else(|e| panic!("{network}\n{e}"))
}

fn bad(network: &str) -> String {
    load(Path::new("."), network).expect_err(network)
}

#[test]
fn the_defaults_are_the_networks_own() {
    assert_eq!(good("nodes = 7"), NetConfig::new(7));
}

#[test]
fn everything_can_be_said() {
    let config = good(
        r#"
        nodes     = 60
        topology  = { kind = "watts-strogatz", k = 4, beta = "10 %" }
        latency   = { kind = "regions", table = "bitcoin-2015", spread = "fixed" }
        jitter    = { kind = "gpd" }
        bandwidth = { kind = "regions", table = "bitcoin-2015" }
        loss      = { kind = "gilbert-elliott", p = 0.01 }
        duplicate = "1 %"
        reorder   = { p = 0.02, extra = "5 ms" }
        buffer    = { up = "64 KiB" }
        clock     = { offset = "20 ms", drift = 50 }
        churn     = { kind = "weibull", share = 0.976, session = "1 h" }
        fidelity  = "packet"
        fifo      = true
        mtu       = 1280
        fragment  = false
        allow_disconnected = true
        "#,
    );
    assert_eq!(config.topology, TopologyKind::WattsStrogatz { k: 4, beta: 0.1 });
    assert_eq!(config.latency, LatencyModel::regions(Regions::bitcoin_2015(), Spread::Fixed));
    let gpd = Jitter::GeneralisedPareto {
        mu_ms: -0.3,
        sigma: Span::from_micros(350),
        xi: 1.4,
        cap: Span::from_millis(50),
    };
    assert_eq!(config.jitter, gpd);
    assert_eq!(config.bandwidth, Bandwidth::Regions(Regions::bitcoin_2015().into()));
    assert_eq!(config.loss, LossModel::GilbertElliott { p: 0.01, r: 0.2, k: 1.0, h: 0.0 });
    assert_eq!(
        (config.duplicate, config.reorder.p, config.reorder.extra),
        (0.01, 0.02, Span::from_millis(5))
    );
    assert_eq!((config.buffer_up, config.buffer_down), (Some(65_536), None));
    assert_eq!((config.clock.offset_sigma, config.clock.drift_ppm), (Span::from_millis(20), 50.0));
    let weibull = |hours: u64| SpanDistribution::Weibull { shape: 0.5, mean: Span::from_secs(3_600 * hours) };
    assert_eq!(
        config.churn,
        ChurnModel { share: 0.976, session: weibull(1), absence: weibull(1), ..ChurnModel::default() }
    );
    assert_eq!((config.fidelity, config.oversize), (Fidelity::Packet, Oversize::Drop));
    assert!(config.fifo && config.allow_disconnected && config.mtu == 1280);
}

/// Every kind that is declared is translated, with its defaults where it has them.
#[test]
fn every_declared_kind_is_translated() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("ring.txt", "0 1\n1 2\n2 3\n3 0\n");
    write(
        "pair.xml",
        "<graphml><graph edgedefault='undirected'><node id='a'/><node id='b'/><edge source='a' target='b'/></graph></graphml>",
    );
    write("table.csv", "region,share,n,s\nn,0.5,1,2\ns,0.5,2,1\n");
    // The fields that have no default.
    let required = |section: &str, kind: &str| match (section, kind) {
        ("topology", "regular") => ", degree = 4",
        ("topology", "erdos-renyi") => ", p = 0.9",
        ("topology", "watts-strogatz") => ", k = 2, beta = 0.1",
        ("topology", "barabasi-albert") => ", m = 2",
        ("topology", "graphml") => ", file = \"pair.xml\"",
        ("topology", "edges") => ", file = \"ring.txt\"",
        ("latency", "uniform") => ", min = \"1 ms\", max = \"2 ms\"",
        ("latency", "log-normal") => ", median = \"30 ms\", sigma = 0.5",
        ("latency", "exponential") => ", min = \"1 ms\", mean = \"50 ms\"",
        ("latency", "pareto") => ", mean = \"50 ms\"",
        ("latency", "matrix") => ", file = \"table.csv\"",
        ("jitter", "uniform") => ", max = \"2 ms\"",
        ("jitter", "half-normal") => ", sigma = \"2 ms\"",
        ("bandwidth", "constant") => ", up = \"5 Mbit/s\", down = \"20 Mbit/s\"",
        ("loss", "bernoulli") => ", p = 0.1",
        _ => "",
    };
    let mut seen = 0;
    for param in params().into_iter().chain([middleboxes()]) {
        let Kind::Variants(variants) = &param.kind else { continue };
        let section = param.key.strip_prefix("network.").unwrap();
        for kind in variants {
            let nodes = match kind.name {
                "graphml" => 2,
                "edges" => 4,
                _ => 200,
            };
            let fields = required(section, kind.name);
            let text = format!("nodes = {nodes}\n{section} = {{ kind = \"{}\"{fields} }}", kind.name);
            let config = load(folder.path(), &text).unwrap_or_else(|e| panic!("{text}\n{e}"));
            let (network, topology) = config.build(Seed(3)).unwrap_or_else(|e| panic!("{text}\n{e}"));
            assert_eq!(topology.len(), nodes);
            assert!(network.expected_latency(NodeId(0), NodeId(1)) > Span::ZERO);
            seen += 1;
        }
    }
    assert_eq!(seen, 14 + 7 + 4 + 3 + 3 + 4 + 3 + 3);
}

#[test]
fn impossible_combinations_blame_a_key() {
    let cases = [
        (
            "nodes = 8\ntopology = { kind = \"random\", degree = 8 }",
            "network.topology.degree = 8 is impossible",
        ),
        ("nodes = 7\ntopology = { kind = \"regular\", degree = 3 }", "odd times odd"),
        ("nodes = 9\ntopology = { kind = \"watts-strogatz\", k = 3, beta = 0.1 }", "not an even number"),
        (
            "nodes = 5\ntopology = { kind = \"barabasi-albert\", m = 5 }",
            "network.topology.m = 5 is impossible",
        ),
        ("nodes = 100\ntopology = \"degree-list\"", "reach 125 with network.nodes = 100"),
        ("nodes = 200\ntopology = { kind = \"degree-list\", degrees = [3] }", "6 shares for 1 degrees"),
        (
            "nodes = 5\nlatency = { kind = \"uniform\", min = \"3 ms\", max = \"2 ms\" }",
            "is above network.latency.max",
        ),
        (
            "nodes = 5\nlatency = { kind = \"exponential\", min = \"3 ms\", mean = \"2 ms\" }",
            "is below network.latency.min",
        ),
        ("nodes = 5\nbandwidth = { kind = \"regions\", table = \"aws-2019\" }", "latencies only"),
        (
            "nodes = 5\nlatency = { kind = \"regions\", table = \"aws-2019\" }\nbandwidth = { kind = \"regions\" }",
            "other regions than network.latency",
        ),
        (
            "nodes = 5\nbandwidth = { kind = \"constant\", up = \"0.1 bit/s\", down = \"1 Mbit/s\" }",
            "not a rate",
        ),
        ("nodes = 5\nloss = { kind = \"gilbert-elliott\", p = 0, r = 0 }", "both zero"),
        ("nodes = 5\nbuffer = { down = \"1 kB\" }", "network.buffer.down = 1000 bytes"),
        ("nodes = 5\nchurn = { kind = \"pareto\", shape = 1 }", "network.churn.shape = 1"),
        ("nodes = 5\nmtu = 20", "network.mtu"),
        ("nodes = 1", "network.nodes"),
    ];
    for (network, expected) in cases {
        let message = bad(network);
        assert!(message.contains(expected), "{network}\nsays:\n{message}\ninstead of: {expected}");
    }
}

#[test]
fn broken_files_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let says = |name: &str, content: &[u8], network: &str| {
        std::fs::write(folder.path().join(name), content).unwrap();
        load(folder.path(), network).expect_err(network)
    };
    let edges = "nodes = 4\ntopology = { kind = \"edges\", file = \"g\" }";
    assert!(says("g", b"0 1\n1 1\n", edges).contains("g:2: links node 1 to itself"));
    assert!(says("g", b"0 1\n2 3\n", edges).contains("falls into 2 parts"));
    assert!(says("g", b"0 1\n\xff\n", edges).contains("g:2: is not UTF-8"));
    let table = "nodes = 4\nlatency = { kind = \"matrix\", file = \"m\" }";
    let message = says("m", b"0,1\n1,0\n", table);
    assert!(message.contains("2 rows without regions"), "{message}");
    let graph = "nodes = 4\ntopology = { kind = \"graphml\", file = \"x\" }";
    let message =
        says("x", b"<graphml><graph edgedefault='undirected'><node id='a'/></graph></graphml>", graph);
    assert!(message.contains("has 1 nodes, but network.nodes = 4"), "{message}");
    let regions =
        b"<graphml><key id='r' for='node' attr.name='region'/><graph edgedefault='undirected'><node id='a'><data key='r'>Mars</data>\
        </node><node id='b'/><edge source='a' target='b'/></graph></graphml>";
    let message = says("x", regions, "nodes = 2\ntopology = { kind = \"graphml\", file = \"x\" }");
    assert!(message.contains("region `Mars`"), "{message}");
}

#[test]
fn middleboxes_can_be_said() {
    let population = good("nodes = 9\nnat = { kind = \"population\", population = \"B\", share = \"70 %\" }");
    assert_eq!(population.nat, NatConfig::population(Population::B, 0.7));
    let nat = good(
        r#"
        nodes = 90
        [network.nat]
        kind = "devices"
        mapping = ["conntrack", "eim"]
        filtering = ["apdf", "adf"]
        allocation = ["preserve", "sequential"]
        record_unsolicited = [true, false]
        shares = [0.25, 0.75]
        step = 2
        share = 1.0
        hosts = 3
        timeout_new = "20 s"
        hops_to_wan = 2
        fragments = "drop"
        mapped = 0.1
        carrier_share = 0.5
        carrier_homes = 10
        "#,
    )
    .nat;
    let common = |device| NatDevice {
        timeout_new: Span::from_secs(20),
        hops: 2,
        fragments: Fragments::Drop,
        ..device
    };
    let conntrack =
        NatDevice::new(Mapping::Conntrack, Filtering::AddressAndPortDependent, Allocation::Preserve);
    let first = common(NatDevice { record_unsolicited: true, ..conntrack });
    let second = common(NatDevice::new(
        Mapping::EndpointIndependent,
        Filtering::AddressDependent,
        Allocation::Sequential { step: 2 },
    ));
    assert_eq!(nat.kinds, [NatKind { share: 0.25, device: first }, NatKind { share: 0.75, device: second }]);
    assert_eq!(
        (nat.hosts, nat.mapped, nat.carrier.map(|c| (c.share, c.homes, c.device.hops))),
        (3, 0.1, Some((0.5, 10, 3)))
    );
}

#[test]
fn impossible_middleboxes_are_refused() {
    let kinds = "mapping = [\"eim\"], filtering = [\"eif\"], allocation = [\"random\"]";
    for (fields, words) in [
        (
            "mapping = [\"eim\", \"adm\"], filtering = [\"eif\"], allocation = [\"random\"]".to_owned(),
            "describes 1 kinds",
        ),
        (format!("{kinds}, shares = [0.5]"), "sum to 0.5"),
        (format!("{kinds}, mapped = 1.0, mapped_port = 65535, hosts = 2"), "mapped_port"),
        (format!("{kinds}, mapping_ = 1"), "mapping_"),
        (format!("{kinds}, max_entries = 0"), "max_entries"),
    ] {
        let why = bad(&format!("nodes = 9\nnat = {{ kind = \"devices\", {fields} }}"));
        assert!(why.contains(words), "{fields}: {why}");
    }
}

//! Every generator against the law it stands for; every file form against what can be wrong with it.

use petgraph::graph::UnGraph;

use super::*;
use std::io::Write;
use std::path::Path;

const SEED: Seed = Seed(2024);

fn build(kind: TopologyKind, n: usize) -> Topology {
    kind.check(n, true).unwrap();
    Topology::build(&kind, n, true, SEED).unwrap()
}

fn degrees(topology: &Topology) -> Vec<usize> {
    (0..topology.len()).map(|i| topology.degree(NodeId::from(i))).collect()
}

/// Mean over the nodes of the share of neighbour pairs that are linked.
fn clustering(topology: &Topology) -> f64 {
    let local = |i: usize| {
        let peers = topology.peers(NodeId::from(i));
        let pairs = peers.len() * peers.len().saturating_sub(1) / 2;
        let closed = peers
            .iter()
            .enumerate()
            .flat_map(|(j, &a)| peers[..j].iter().map(move |&b| (a, b)))
            .filter(|&(a, b)| topology.linked(a, b))
            .count();
        if pairs == 0 { 0.0 } else { closed as f64 / pairs as f64 }
    };
    (0..topology.len()).map(local).sum::<f64>() / topology.len() as f64
}

#[test]
fn every_graph_is_simple_symmetric_and_sorted() {
    let kinds = [
        TopologyKind::Complete,
        TopologyKind::Star,
        TopologyKind::Line,
        TopologyKind::Ring,
        TopologyKind::KOut { degree: 8 },
        TopologyKind::KOut { degree: 120 },
        TopologyKind::Regular { degree: 6 },
        TopologyKind::Regular { degree: 130 },
        TopologyKind::ErdosRenyi { p: 0.05 },
        TopologyKind::ErdosRenyi { p: 1.0 },
        TopologyKind::WattsStrogatz { k: 6, beta: 0.5 },
        TopologyKind::WattsStrogatz { k: 6, beta: 1.0 },
        TopologyKind::BarabasiAlbert { m: 3 },
        TopologyKind::Tiers { core: 20, degree: 3 },
        TopologyKind::DegreeList { bins: DegreeBin::gervais() },
        TopologyKind::Kademlia { bucket: 4, buckets: 17 },
    ];
    for kind in kinds {
        let topology = build(kind.clone(), 150);
        let mut ends = 0;
        for i in 0..150 {
            let node = NodeId(i);
            let peers = topology.peers(node);
            assert!(peers.windows(2).all(|w| w[0] < w[1]), "{kind:?}: sorted without doubles");
            assert!(peers.iter().all(|&p| p != node && p.0 < 150 && topology.linked(p, node)), "{kind:?}");
            assert_eq!(peers.len(), topology.degree(node));
            ends += peers.len();
        }
        assert_eq!(ends, 2 * topology.links(), "{kind:?}");
        let edges = (0..150)
            .flat_map(|i| topology.peers(NodeId(i)).iter().map(move |p| (i, p.0)).collect::<Vec<_>>());
        let graph = UnGraph::<(), ()>::from_edges(edges);
        let alone = 150 - graph.node_count();
        assert_eq!(petgraph::algo::connected_components(&graph) + alone, topology.parts(), "{kind:?}");
    }
}

#[test]
fn regular_graphs_are_regular_and_fixed_ones_are_what_they_say() {
    for degree in [0, 1, 2, 3, 8, 60, 95, 98, 99] {
        let topology = build(TopologyKind::Regular { degree }, 100);
        assert!(degrees(&topology).iter().all(|&d| d == degree), "degree {degree}");
    }
    assert_eq!(degrees(&build(TopologyKind::Star, 4)), [3, 1, 1, 1]);
    assert_eq!(degrees(&build(TopologyKind::Line, 4)), [1, 2, 2, 1]);
    assert_eq!(degrees(&build(TopologyKind::Ring, 4)), [2; 4]);
    assert_eq!(degrees(&build(TopologyKind::Ring, 2)), [1; 2]);
    assert_eq!(build(TopologyKind::Complete, 10_000).degree(NodeId(3)), 9_999);
}

#[test]
fn a_graph_that_no_memory_holds_is_refused_before_it_is_made() {
    let why = |kind: TopologyKind| kind.check(100_000, true).unwrap_err().to_string();
    for kind in [
        TopologyKind::Regular { degree: 99_998 },
        TopologyKind::ErdosRenyi { p: 1.0 },
        TopologyKind::KOut { degree: 50_000 },
        TopologyKind::WattsStrogatz { k: 50_000, beta: 0.1 },
        TopologyKind::BarabasiAlbert { m: 50_000 },
        TopologyKind::DegreeList { bins: vec![DegreeBin { most: 90_000, share: 1.0 }] },
        TopologyKind::Kademlia { bucket: 1_000, buckets: 17 },
    ] {
        assert!(why(kind.clone()).contains("links with network.nodes = 100000"), "{kind:?}");
    }
    assert!(TopologyKind::KOut { degree: 8 }.check(10_000_000, true).is_ok());
}

#[test]
fn an_upper_tier_is_a_clique_and_the_others_dial() {
    let topology = build(TopologyKind::Tiers { core: 50, degree: 4 }, 1_000);
    for u in (0..50).map(NodeId) {
        assert!((0..50).map(NodeId).all(|v| u == v || topology.linked(u, v)));
    }
    // Nobody in the core dials: 50 · 49/2 links there, and at most 4 for each of the others, fewer where two dial each other.
    let dialled = topology.links() - 1_225;
    assert!((3_760..=3_800).contains(&dialled), "{dialled}");
    assert!((50..1_000).all(|i| topology.degree(NodeId(i)) >= 4));
    let why = |core| TopologyKind::Tiers { core, degree: 4 }.check(1_000, true).unwrap_err().to_string();
    assert!(why(0).contains("at least one node") && why(1_001).contains("topology.core = 1001"));
}

/// Mean degree 2k − k²/(n − 1), every node at least k.
#[test]
fn k_out_has_the_expected_mean_degree() {
    let topology = build(TopologyKind::KOut { degree: 8 }, 10_000);
    let mean = 2.0 * topology.links() as f64 / 10_000.0;
    // The number of mutual dials is about Poisson(32): the mean degree scatters by 0.001.
    assert!((mean - 15.993_6).abs() < 0.006, "mean degree {mean}");
    assert!(degrees(&topology).iter().all(|&d| d >= 8));
    assert_eq!(topology.parts(), 1);
}

/// With one node more, a dial of the others changes with probability 1/1001: of 8000 about 8. Twice 8 links end (a dial that
/// moves loses one link and gains another), 25 is 3.5 standard deviations of 8 up.
#[test]
fn a_node_more_leaves_nearly_all_links() {
    let (before, after) =
        (build(TopologyKind::KOut { degree: 8 }, 1000), build(TopologyKind::KOut { degree: 8 }, 1001));
    let links = |t: &Topology| -> Vec<(u32, u32)> {
        let peers = |u: u32| t.peers(NodeId(u)).iter().map(|v| (u, v.0)).collect::<Vec<_>>();
        (0..1000).flat_map(peers).filter(|(u, v)| u < v).collect()
    };
    let (old, new) = (links(&before), links(&after));
    let lost = old.iter().filter(|l| !new.contains(l)).count();
    assert!(lost < 25, "{lost} of {} links lost", old.len());
    assert!((1..1001).contains(&after.degree(NodeId(1000))));
}

/// P(connected) of G(n, (ln n + c)/n) → e^(−e^(−c)); 600 graphs of 1000 nodes each. At n = 1000 the limit is off by less than
/// 0.01; the tolerance adds 3.5 standard errors (at most 0.020 each).
#[test]
fn erdos_renyi_is_connected_as_often_as_the_theorem_says() {
    let n = 1000;
    for (c, expected) in [(0.0, 0.368), (2.0, 0.873), (5.0, 0.993)] {
        let kind = TopologyKind::ErdosRenyi { p: (libm::log(n as f64) + c) / n as f64 };
        let connected =
            (0..600).filter(|&i| Topology::build(&kind, n, true, Seed(i)).unwrap().parts() == 1).count();
        let share = connected as f64 / 600.0;
        let se = (expected * (1.0 - expected) / 600.0_f64).sqrt();
        assert!((share - expected).abs() < 0.01 + 3.5 * se, "c = {c}: {share} instead of {expected}");
    }
    let links = build(TopologyKind::ErdosRenyi { p: 0.002 }, 10_000).links() as f64;
    // Binomial(49,995,000; 0.002): mean 99,990, standard deviation 316.
    assert!((links - 99_990.0).abs() < 5.0 * 316.0, "{links} links");
}

/// 3(k − 2)/(4(k − 1))·(1 − β)³ for k = 10 (specification §6.18).
#[test]
fn watts_strogatz_clusters_as_the_formula_says() {
    for (beta, expected) in [(0.0, 0.667), (0.1, 0.486)] {
        let topology = build(TopologyKind::WattsStrogatz { k: 10, beta }, 10_000);
        let got = clustering(&topology);
        assert!((got / expected - 1.0).abs() < 0.03, "beta {beta}: {got} instead of {expected}");
        assert_eq!(topology.links(), 50_000);
    }
}

/// P(d) = 2m(m + 1)/(d(d + 1)(d + 2)): for m = 3 P(3) = 0.4, P(4) = 0.2; 3 % at 10,000 nodes is 2.4 standard errors of the
/// first and 1.5 of the second, so the second gets 6 %.
#[test]
fn barabasi_albert_follows_its_degree_law() {
    let topology = build(TopologyKind::BarabasiAlbert { m: 3 }, 10_000);
    let share = |d| degrees(&topology).iter().filter(|&&x| x == d).count() as f64 / 10_000.0;
    assert!((share(3) / 0.4 - 1.0).abs() < 0.03, "P(3) = {}", share(3));
    assert!((share(4) / 0.2 - 1.0).abs() < 0.06, "P(4) = {}", share(4));
    assert_eq!(topology.links(), 6 + 3 * (10_000 - 4));
    assert!(degrees(&topology).iter().max() > Some(&150), "hubs exist");
}

/// Shares of the histogram of Gervais et al. among 10,000 nodes: five standard errors plus half a percent for erased stubs.
#[test]
fn degree_lists_keep_their_histogram() {
    let topology = build(TopologyKind::DegreeList { bins: DegreeBin::gervais() }, 10_000);
    let mut least = 0;
    for bin in DegreeBin::gervais() {
        let count = degrees(&topology).iter().filter(|&&d| d > least && d <= bin.most).count();
        let share = count as f64 / 10_000.0;
        let se = (bin.share * (1.0 - bin.share) / 10_000.0).sqrt();
        assert!((share - bin.share).abs() < 5.0 * se + 0.005, "up to {}: {share}", bin.most);
        least = bin.most;
    }
}

#[test]
fn impossible_graphs_are_refused_with_the_field_to_blame() {
    let why = |kind: TopologyKind, n| kind.check(n, false).unwrap_err().to_string();
    assert!(
        why(TopologyKind::KOut { degree: 10 }, 10).starts_with("network.topology.degree = 10 is impossible")
    );
    assert!(why(TopologyKind::Regular { degree: 3 }, 7).contains("odd times odd"));
    assert!(why(TopologyKind::ErdosRenyi { p: f64::NAN }, 7).starts_with("network.topology.p = NaN"));
    assert!(why(TopologyKind::WattsStrogatz { k: 3, beta: 0.1 }, 10).contains("not an even number"));
    assert!(why(TopologyKind::WattsStrogatz { k: 10, beta: 0.1 }, 10).contains("impossible"));
    assert!(why(TopologyKind::BarabasiAlbert { m: 10 }, 10).contains("topology.m"));
    let bins = vec![DegreeBin { most: 5, share: 0.5 }];
    assert!(why(TopologyKind::DegreeList { bins }, 10).contains("sum to 0.5"));
    assert!(why(TopologyKind::DegreeList { bins: DegreeBin::gervais() }, 100).contains("reach 125"));
    let sparse = Topology::build(&TopologyKind::ErdosRenyi { p: 0.0 }, 5, false, SEED);
    assert_eq!(sparse.unwrap_err(), NetError::Disconnected { parts: 5, attempts: 20 });
}

fn edges(content: &str) -> Result<FileGraph, String> {
    super::edge_list::parse(content, Path::new("g.txt")).map_err(|e| e.to_string())
}

#[test]
fn edge_lists_are_read() {
    let graph = edges("# made up\n0 1 20.5 0.01 1e6\n\n2 1 # no attributes\n").unwrap();
    let expected =
        EdgeAttributes { latency: Some(Span::from_micros(20_500)), loss: Some(0.01), bps: Some(1_000_000) };
    assert_eq!(graph.edge_attributes().unwrap().get(&(0, 1)), Some(&expected));
    let topology = build(TopologyKind::File(Arc::new(graph)), 3);
    assert_eq!(degrees(&topology), [1, 2, 1]);
}

#[test]
fn what_is_wrong_with_an_edge_list_is_named_with_its_line() {
    let why = |content: &str| edges(content).unwrap_err();
    assert!(why("0 1\n1 1\n").starts_with("g.txt:2: links node 1 to itself"));
    assert!(why("0 1\n\n1 0\n").starts_with("g.txt:3: links 1 and 0 a second time"));
    assert!(why("0\n").starts_with("g.txt:1: has 1 words"));
    assert!(why("0 x\n").contains("the node `x`"));
    assert!(why("0 99999999\n").contains("below 10000000"));
    assert!(why("0 1 -3\n").contains("the latency `-3`"));
    assert!(why("0 1 3 2\n").contains("the loss `2`"));
    assert!(why("0 1 3 0 0\n").contains("the rate `0`"));
    let check = |content: &str, n| TopologyKind::File(Arc::new(edges(content).unwrap())).check(n, false);
    assert!(check("0 1\n2 3\n", 4).unwrap_err().to_string().contains("falls into 2 parts"));
    assert!(check("0 1\n1 5\n", 4).unwrap_err().to_string().contains("names node 5, but network.nodes = 4"));
    assert!(check("0 1\n", 2).is_ok());
}

#[test]
fn unreadable_files_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let why = |path: &Path| FileGraph::edge_list(path).unwrap_err().to_string();
    assert!(why(&folder.path().join("none")).contains("cannot be read"));
    assert!(why(folder.path()).contains("is not a file"));
    let binary = folder.path().join("binary");
    std::fs::write(&binary, b"0 1\n1 2\n\xff\xfe\n").unwrap();
    assert!(why(&binary).contains("binary:3: is not UTF-8"));
    let huge = folder.path().join("huge");
    // Sparse: no byte is written.
    std::fs::File::create(&huge).unwrap().set_len(1 << 30).unwrap();
    assert!(why(&huge).contains("is 1024 MiB large"));
    let good = folder.path().join("good");
    writeln!(std::fs::File::create(&good).unwrap(), "0 1").unwrap();
    assert!(FileGraph::edge_list(&good).is_ok());
    std::fs::write(&good, "\u{feff}0 1\n").unwrap();
    assert!(FileGraph::edge_list(&good).is_ok(), "a byte order mark is no text");
}

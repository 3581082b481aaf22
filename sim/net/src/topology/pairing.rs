//! Graphs with given degrees: every node holds as many stubs as its degree, and stubs are paired at random.

use astrarium_node::collections::Set;
use astrarium_node::{Domain, Seed, Stream};

use super::link;
use crate::error::NetError;

/// One bar of a degree histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DegreeBin {
    /// Greatest degree of the bar; the least is one above the greatest of the bar before.
    pub most: usize,
    /// Share of the nodes.
    pub share: f64,
}

impl DegreeBin {
    /// Degrees of the Bitcoin network as Gervais et al. (CCS 2016) use them.
    #[must_use]
    pub fn gervais() -> Vec<Self> {
        [(5, 0.10), (10, 0.40), (15, 0.30), (20, 0.13), (30, 0.06), (125, 0.01)]
            .map(|(most, share)| Self { most, share })
            .to_vec()
    }
}

pub(super) fn check(bins: &[DegreeBin], nodes: usize) -> Result<(), NetError> {
    let wrong = |problem: String, help: &str| Err(NetError::config("topology.degrees", problem, help));
    let sum: f64 = bins.iter().map(|b| b.share).sum();
    if !bins.windows(2).all(|pair| pair[0].most < pair[1].most) || bins.first().is_none_or(|b| b.most == 0) {
        return wrong("are not ascending from 1".into(), "give the upper end of each bar, ascending");
    }
    if bins.iter().any(|b| b.share.is_nan() || b.share < 0.0) || (sum - 1.0).abs() > 0.01 {
        return wrong(format!("have shares that sum to {sum}"), "shares must be positive and sum to 1");
    }
    match bins.last() {
        Some(last) if last.most >= nodes => wrong(
            format!("reach {} with network.nodes = {nodes}", last.most),
            "a node cannot have more neighbours than there are other nodes",
        ),
        _ => Ok(()),
    }
}

/// A random graph with `degree` links at every node (n · degree even, degree < n).
pub(super) fn regular(n: u32, degree: usize, seed: Seed) -> Result<Vec<(u32, u32)>, NetError> {
    // A graph and its complement are equally regular; pairing works well for the sparser of the two.
    let sparse = degree.min(n as usize - 1 - degree);
    let stubs: Vec<u32> = (0..n).flat_map(|v| std::iter::repeat_n(v, sparse)).collect();
    const TRIES: u64 = 200;
    for attempt in 0..TRIES {
        let mut draws = seed.stream(Domain::TOPOLOGY, u64::MAX, attempt);
        let (links, left) = pair(stubs.clone(), &mut draws);
        if left == 0 {
            return Ok(if sparse == degree { links.into_iter().collect() } else { complement(n, &links) });
        }
    }
    Err(NetError::config(
        "topology.degree",
        format!("= {degree} with network.nodes = {n}: no regular graph was found in {TRIES} attempts"),
        "lower the degree or use topology `random`",
    ))
}

fn complement(n: u32, links: &Set<(u32, u32)>) -> Vec<(u32, u32)> {
    (1..n).flat_map(|v| (0..v).map(move |u| (u, v))).filter(|l| !links.contains(l)).collect()
}

/// Degrees from the histogram, paired; the few stubs that cannot be placed are left out (erased configuration model).
pub(super) fn degree_list(n: u32, bins: &[DegreeBin], seed: Seed) -> Vec<(u32, u32)> {
    let mut stubs = Vec::new();
    for node in 0..n {
        let degree = draw_degree(bins, &mut seed.stream(Domain::TOPOLOGY, u64::from(node), 0));
        stubs.extend(std::iter::repeat_n(node, degree));
    }
    pair(stubs, &mut seed.stream(Domain::TOPOLOGY, u64::MAX, 0)).0.into_iter().collect()
}

fn draw_degree(bins: &[DegreeBin], draws: &mut Stream) -> usize {
    let mut rest = draws.unit() * bins.iter().map(|b| b.share).sum::<f64>();
    let mut least = 1;
    for bin in bins {
        rest -= bin.share;
        if rest <= 0.0 {
            return least + draws.below((bin.most + 1 - least) as u64) as usize;
        }
        least = bin.most + 1;
    }
    least - 1
}

/// Pairs stubs at random, again and again for those that met themselves or an old partner, until none is left or nothing
/// moves any more (Steger & Wormald 1999). Returns the links and the number of stubs left over.
fn pair(mut stubs: Vec<u32>, draws: &mut Stream) -> (Set<(u32, u32)>, usize) {
    // Rounds without progress before the rest is given up: with few stubs left, luck may need several.
    const PATIENCE: u32 = 30;
    let mut links = Set::default();
    let mut idle = 0;
    while stubs.len() > 1 && idle < PATIENCE {
        draws.shuffle(&mut stubs);
        let before = stubs.len();
        let mut left = Vec::new();
        for couple in stubs.chunks(2) {
            match *couple {
                [u, v] if u != v && links.insert(link(u, v)) => {}
                _ => left.extend_from_slice(couple),
            }
        }
        idle = if left.len() < before { 0 } else { idle + 1 };
        stubs = left;
    }
    (links, stubs.len())
}

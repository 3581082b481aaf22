//! Random graphs made from one stream of draws per node, so that a node more leaves what the others drew.

use std::ops::Range;

use astrarium_node::collections::Set;
use astrarium_node::{Domain, Probability, Seed, Stream};

use super::link;

fn stream(seed: Seed, node: u32) -> Stream {
    seed.stream(Domain::TOPOLOGY, u64::from(node), 0)
}

/// Each of `diallers` dials `degree` distinct others among all `n` nodes (`degree < n`).
pub(super) fn k_out(diallers: Range<u32>, n: u32, degree: usize, seed: Seed) -> Vec<(u32, u32)> {
    let mut links = Vec::with_capacity(diallers.len() * degree);
    let mut dialled = Vec::with_capacity(degree);
    for node in diallers {
        dialled.clear();
        if degree as u64 * 2 > u64::from(n) {
            // Nearly everybody: repeated drawing would collide forever.
            let picks = stream(seed, node).sample(u64::from(n - 1), degree);
            dialled.extend(picks.iter().map(|&p| p as u32 + u32::from(p as u32 >= node)));
        } else {
            let mut draws = stream(seed, node);
            while dialled.len() < degree {
                let peer = consistent(draws.word(), n);
                if peer != node && !dialled.contains(&peer) {
                    dialled.push(peer);
                }
            }
        }
        links.extend(dialled.iter().map(|&peer| link(node, peer)));
    }
    links
}

/// Maps a uniform word to `0..n` such that growing `n` by one changes the result with probability 1/(n + 1) only: jump
/// consistent hashing (Lamping & Veach 2014). Multiplication and division of floats are exact everywhere.
pub(super) fn consistent(mut key: u64, n: u32) -> u32 {
    let (mut bucket, mut next) = (0_u32, 0.0_f64);
    while next < f64::from(n) {
        bucket = next as u32;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        next = (f64::from(bucket) + 1.0) * ((1_u64 << 31) as f64 / ((key >> 33) as f64 + 1.0));
    }
    bucket
}

/// Every pair with probability `p`: per node the lesser partners are found by geometric jumps, in time proportional to the
/// links (Batagelj & Brandes 2005).
pub(super) fn erdos_renyi(n: u32, p: f64, seed: Seed) -> Vec<(u32, u32)> {
    let mut links = Vec::new();
    if p <= 0.0 {
        return links;
    }
    let log_miss = libm::log1p(-p);
    for node in 1..n {
        let mut draws = stream(seed, node);
        let mut partner = 0.0_f64;
        loop {
            // With p = 1 the divisor is −∞ and every jump is 0.
            partner += libm::floor(-draws.exponential() / log_miss);
            if partner >= f64::from(node) {
                break;
            }
            links.push((partner as u32, node));
            partner += 1.0;
        }
    }
    links
}

/// The ring with `k` nearest (even, below n), each link rewired with probability `beta` at its far end (Watts & Strogatz 1998).
pub(super) fn watts_strogatz(n: u32, k: usize, beta: f64, seed: Seed) -> Vec<(u32, u32)> {
    let reach = (k / 2) as u32;
    let rewire = Probability::new(beta);
    let ring = (0..n).flat_map(|u| (1..=reach).map(move |step| link(u, (u + step) % n)));
    let mut links: Set<(u32, u32)> = ring.collect();
    let mut degree = vec![k as u32; n as usize];
    let mut draws: Vec<Stream> = (0..n).map(|u| stream(seed, u)).collect();
    for step in 1..=reach {
        for u in 0..n {
            let draw = &mut draws[u as usize];
            // A node linked to all others has nowhere to rewire to.
            if !draw.chance(rewire) || degree[u as usize] >= n - 1 {
                continue;
            }
            let old = (u + step) % n;
            let new = loop {
                let candidate = draw.below(u64::from(n)) as u32;
                if candidate != u && !links.contains(&link(u, candidate)) {
                    break candidate;
                }
            };
            // Nobody but `u`, and `u` only now, may have moved this link: k < n, so no ring link has two owners.
            links.remove(&link(u, old));
            links.insert(link(u, new));
            degree[old as usize] -= 1;
            degree[new as usize] += 1;
        }
    }
    links.into_iter().collect()
}

/// Preferential attachment (Barabási & Albert 1999) on a clique of m + 1 nodes.
pub(super) fn barabasi_albert(n: u32, m: usize, seed: Seed) -> Vec<(u32, u32)> {
    let core = m as u32 + 1;
    let mut links: Vec<(u32, u32)> = (1..core).flat_map(|v| (0..v).map(move |u| (u, v))).collect();
    // Every end of every link once: a uniform draw from here is a draw proportional to degree.
    let mut ends: Vec<u32> = links.iter().flat_map(|&(u, v)| [u, v]).collect();
    let mut chosen = Vec::with_capacity(m);
    for node in core..n {
        let mut draws = stream(seed, node);
        chosen.clear();
        while chosen.len() < m {
            let peer = ends[draws.below(ends.len() as u64) as usize];
            if !chosen.contains(&peer) {
                chosen.push(peer);
            }
        }
        for &peer in &chosen {
            links.push((peer, node));
            ends.extend([peer, node]);
        }
    }
    links
}

//! Dissemination: epidemics, floods, transaction sync.

/// Share of a large population that an infect-and-die epidemic with fan-out f reaches, given that it does not die out at once: the
/// positive root of x = 1 − e^{−fx} (Kermack, McKendrick 1927 for f = R0; Kermarrec, Massoulié, Ganesh 2003, section 2).
/// Zero for f ≤ 1; `None` when f is negative or not finite.
#[must_use]
pub fn infect_and_die(fanout: f64) -> Option<f64> {
    if !fanout.is_finite() || fanout < 0.0 {
        return None;
    }
    if fanout <= 1.0 {
        return Some(0.0);
    }
    // 1 − e^{−fx} − x is positive between zero and the root and negative above it.
    let (mut low, mut high) = (1e-12, 1.0);
    for _ in 0..200 {
        let x = 0.5 * (low + high);
        if 1.0 - libm::exp(-fanout * x) > x { low = x } else { high = x }
    }
    Some(0.5 * (low + high))
}

/// Rounds until a rumour that everybody who knows it pushes to one random other per round is known to n nodes, to within a
/// constant: log2 n + ln n (Frieze, Grimmett 1985; Pittel 1987). `None` for n < 2.
#[must_use]
pub fn push_rounds(nodes: u64) -> Option<f64> {
    (nodes >= 2).then(|| libm::log2(nodes as f64) + libm::log(nodes as f64))
}

/// The same with push and pull: log3 n + log2 ln n, to within a constant (Karp, Schindelhauer, Shenker, Vöcking 2000: log3 n +
/// O(log log n)). `None` for n < 3.
#[must_use]
pub fn push_pull_rounds(nodes: u64) -> Option<f64> {
    let n = nodes as f64;
    (nodes >= 3).then(|| libm::log(n) / libm::log(3.0) + libm::log2(libm::log(n)))
}

/// Times that a node receives an item, on the average over all but the source, when everybody relays to all neighbours except the
/// one it came from: a graph with E links carries it 2E − (n − 1) times, so d·n/(n − 1) − 1 for mean degree d. Exact on any connected
/// undirected graph without loss. `None` for n < 2 or a negative degree.
#[must_use]
pub fn flood_receipts(nodes: u64, mean_degree: f64) -> Option<f64> {
    let n = nodes as f64;
    (nodes >= 2 && mean_degree >= 0.0).then(|| mean_degree * n / (n - 1.0) - 1.0)
}

/// Mean number of hops of a flood on a random d-regular graph with n nodes, all links equally slow; mean field (each node's
/// neighbours independent): h hops leave u_h = (1 − 1/n)·q^d of the nodes uninformed, where q, the probability that a neighbour is
/// uninformed before, obeys q' = (1 − 1/n)·q^{d−1}. The mean is the sum of u_h over h ≥ 0, per node that is not the source.
/// `None` for d < 3 or n < d + 1.
#[must_use]
pub fn flood_hops(nodes: u64, degree: u64) -> Option<f64> {
    if degree < 3 || nodes <= degree {
        return None;
    }
    let other = 1.0 - 1.0 / nodes as f64;
    let (mut neighbour, mut uninformed, mut sum) = (other, other, 0.0);
    for _ in 0..10_000 {
        sum += uninformed;
        uninformed = other * libm::pow(neighbour, degree as f64);
        neighbour = other * libm::pow(neighbour, (degree - 1) as f64);
        if uninformed < 1e-15 {
            break;
        }
    }
    Some(sum / other)
}

/// Probability that all of d neighbours are down when a share f of all nodes is: f^d. `None` when f is not a share.
#[must_use]
pub fn isolated(down: f64, degree: u64) -> Option<f64> {
    (0.0..=1.0).contains(&down).then(|| libm::pow(down, degree as f64))
}

/// Share of the nodes that are up which a flood reaches on a large random d-regular graph when each node is down with probability f:
/// that of the giant component, 1 − u^d with u = f + (1 − f)·u^{d−1} (Callaway, Newman, Strogatz, Watts 2000), for a source in it.
/// `None` when f is not a share or d < 2.
#[must_use]
pub fn flood_coverage(down: f64, degree: u64) -> Option<f64> {
    if !(0.0..=1.0).contains(&down) || degree < 2 {
        return None;
    }
    let mut u = 0.0;
    for _ in 0..100_000 {
        u = down + (1.0 - down) * libm::pow(u, (degree - 1) as f64);
    }
    Some(1.0 - libm::pow(u, degree as f64))
}

/// Most transactions per second that a node can learn by announcements of at most `batch` every `interval` seconds when each goes to
/// `fanout` of d neighbours: the announcements that reach it, min(d, fanout) senders on the average.
/// `None` when the interval is not positive.
#[must_use]
pub fn sync_bound(batch: f64, interval: f64, degree: f64, fanout: Option<f64>) -> Option<f64> {
    (interval > 0.0).then(|| batch / interval * fanout.map_or(degree, |f| f.min(degree)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: Option<f64>, want: f64, within: f64) {
        let got = value.unwrap();
        assert!((got - want).abs() <= within, "{got} instead of {want}");
    }

    // Iterated x = 1 - exp(-f x) from 1 in Python to its fixed point.
    #[test]
    fn coverage_of_infect_and_die() {
        near(infect_and_die(2.0), 0.796_812_130_020_020_2, 1e-12);
        near(infect_and_die(3.0), 0.940_479_790_707_359_7, 1e-12);
        near(infect_and_die(4.0), 0.980_172_598_718_221_6, 1e-12);
        near(infect_and_die(6.0), 0.997_483_537_733_765_7, 1e-12);
        assert_eq!((infect_and_die(1.0), infect_and_die(-1.0)), (Some(0.0), None));
    }

    // Network specification C29.
    #[test]
    fn rounds_of_push() {
        near(push_rounds(100), 11.25, 0.05);
        near(push_rounds(1_000), 16.87, 0.05);
        near(push_rounds(10_000), 22.50, 0.05);
        assert_eq!((push_rounds(1), push_pull_rounds(2)), (None, None));
        near(push_pull_rounds(1_000), 6.2877 + 2.7882, 1e-3);
    }

    // Counted on graphs small enough to draw: a complete graph of 4 (6 links: 9 receipts, 3 nodes), a ring of 5 (5 links: 6, 4).
    #[test]
    fn receipts_are_two_per_link_less_a_tree() {
        near(flood_receipts(4, 3.0), 3.0, 1e-12);
        near(flood_receipts(5, 2.0), 1.5, 1e-12);
        assert_eq!(flood_receipts(1, 2.0), None);
    }

    // A complete graph is one hop wide; a large tree-like one is as deep as its layers: the mean field must give
    // Σ h·d(d−1)^{h−1} / n over full layers. d = 3, n = 1 + 3 + 6 + 12 + … is not regular, so only the order is compared.
    #[test]
    fn hops_lie_between_the_tree_and_a_layer_more() {
        for (nodes, degree) in [(1_000_u64, 8_u64), (10_000, 16), (100_000, 4)] {
            let (mut left, mut layer, mut hop, mut sum) = (nodes as f64 - 1.0, degree as f64, 1.0, 0.0);
            while left > 0.0 {
                let here = layer.min(left);
                sum += hop * here;
                left -= here;
                layer *= (degree - 1) as f64;
                hop += 1.0;
            }
            let tree = sum / (nodes as f64 - 1.0);
            let hops = flood_hops(nodes, degree).unwrap();
            assert!(hops > tree && hops < tree + 1.0, "n = {nodes}, d = {degree}: {hops}, tree {tree}");
        }
        assert_eq!(flood_hops(4, 4), None);
    }

    // f = 1/2: 2^−8 and 2^−16 (C16).
    #[test]
    fn dead_neighbours() {
        near(isolated(0.5, 8), 0.003_906_25, 1e-12);
        near(isolated(0.5, 16), 1.525_878_906_25e-5, 1e-15);
        // d = 3, f = 1/4: u = 1/4 + 3/4·u² has the roots 1/3 and 1; 1 − 1/27.
        near(flood_coverage(0.25, 3), 26.0 / 27.0, 1e-9);
        near(flood_coverage(0.0, 8), 1.0, 1e-12);
        near(flood_coverage(1.0, 8), 0.0, 1e-12);
        assert_eq!(isolated(1.5, 8), None);
    }

    // C18: 50 hashes every 5 s from 8, 16 and 192 neighbours.
    #[test]
    fn announcements_bound_what_is_learned() {
        for (degree, want) in [(8.0, 80.0), (16.0, 160.0), (192.0, 1920.0)] {
            near(sync_bound(50.0, 5.0, degree, None), want, 1e-9);
        }
        near(sync_bound(50.0, 5.0, 192.0, Some(16.0)), 160.0, 1e-9);
        assert_eq!(sync_bound(50.0, 0.0, 8.0, None), None);
    }
}

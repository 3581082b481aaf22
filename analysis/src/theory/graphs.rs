//! Random graphs: what a topology of a given kind should look like.

/// Asymptotic probability that an Erdős–Rényi graph G(n, p) with p = (ln n + c)/n is connected: e^{−e^{−c}}
/// (Erdős, Rényi 1959; Bollobás, "Random Graphs", theorem 7.3). `None` when p is not in 0..=1 or n < 2.
#[must_use]
pub fn connected(nodes: u64, p: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&p) || nodes < 2 {
        return None;
    }
    let n = nodes as f64;
    let c = p * n - libm::log(n);
    Some(libm::exp(-libm::exp(-c)))
}

/// Clustering coefficient of a Watts–Strogatz graph with k neighbours and rewiring probability β, large n:
/// 3(k−2)/(4(k−1)) · (1−β)³ (Barrat, Weigt 2000, eq. 11). `None` when β is not in 0..=1 or k < 2.
#[must_use]
pub fn small_world_clustering(k: u64, beta: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&beta) || k < 2 {
        return None;
    }
    let k = k as f64;
    let stays = 1.0 - beta;
    Some(3.0 * (k - 2.0) / (4.0 * (k - 1.0)) * stays * stays * stays)
}

/// Share of nodes of degree k in a Barabási–Albert graph where each newcomer brings m links, large n:
/// 2m(m+1) / (k(k+1)(k+2)) for k ≥ m (Dorogovtsev, Mendes, Samukhin 2000; Bollobás et al. 2001). `None` when m = 0.
#[must_use]
pub fn preferential_degree(m: u64, k: u64) -> Option<f64> {
    if m == 0 {
        return None;
    }
    let (m, k) = (m as f64, k as f64);
    Some(if k < m { 0.0 } else { 2.0 * m * (m + 1.0) / (k * (k + 1.0) * (k + 2.0)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    // e^{−e^{∓1}} of the printed limit law.
    #[test]
    fn connectivity_at_the_threshold_and_one_either_side() {
        let n = 1_000_000_u64;
        let at = |c: f64| connected(n, (libm::log(n as f64) + c) / n as f64).unwrap();
        assert!((at(0.0) - 0.367_879_441).abs() < 1e-6);
        assert!((at(1.0) - 0.692_200_628).abs() < 1e-6);
        assert!((at(-1.0) - 0.065_988_036).abs() < 1e-6);
        assert_eq!(connected(1, 0.5), None);
    }

    /// Triangles over open triples of a ring lattice, counted.
    fn ring_clustering(n: i64, k: i64) -> f64 {
        let near = |a: i64, b: i64| a != b && (a - b).rem_euclid(n).min((b - a).rem_euclid(n)) <= k / 2;
        let around: Vec<i64> = (-k / 2..=k / 2).filter(|i| *i != 0).collect();
        let closed = around
            .iter()
            .flat_map(|a| around.iter().map(move |b| (a, b)))
            .filter(|(a, b)| near(**a, **b))
            .count();
        closed as f64 / (k * (k - 1)) as f64
    }

    #[test]
    fn the_unrewired_ring_has_the_clustering_that_counting_gives() {
        for k in [4, 6, 10] {
            let want = ring_clustering(1000, k);
            assert!((small_world_clustering(k as u64, 0.0).unwrap() - want).abs() < 1e-12, "{k}");
        }
        assert_eq!(small_world_clustering(4, 1.0), Some(0.0));
        assert_eq!(small_world_clustering(4, 1.5), None);
    }

    #[test]
    fn degrees_sum_to_one_and_their_mean_is_two_links_per_newcomer() {
        for m in [1, 3, 8] {
            let share = |k| preferential_degree(m, k).unwrap();
            let total: f64 = (1..200_000).map(share).sum();
            let mean: f64 = (1..200_000).map(|k| k as f64 * share(k)).sum();
            assert!(
                (total - 1.0).abs() < 1e-6 && (mean - 2.0 * m as f64).abs() < 1e-2,
                "{m}: {total} {mean}"
            );
        }
        assert_eq!(preferential_degree(0, 3), None);
    }
}

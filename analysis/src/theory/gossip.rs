//! Dissemination: epidemics, floods, transaction sync, block sync, send queues.

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

/// Bits per second of the bodies alone that every full node receives when each of `rate` transactions per second of `bytes` bytes
/// reaches it once. `None` when either is negative.
#[must_use]
pub fn body_rate(rate: f64, bytes: f64) -> Option<f64> {
    (rate >= 0.0 && bytes >= 0.0).then_some(8.0 * rate * bytes)
}

/// Shares of three classes that are dropped in front of a link of capacity 1, with queues of their own that are served in rounds of
/// `quotas` places, when `load · shares` is offered (all messages equally long, queues long): the link is filled by weight, and what a class
/// does not need falls to the others. `None` unless shares add up to 1, and load and quotas are positive.
#[must_use]
pub fn quota_drops(load: f64, shares: [f64; 3], quotas: [f64; 3]) -> Option<[f64; 3]> {
    let sound = shares.iter().all(|s| *s >= 0.0) && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9;
    if !sound || load <= 0.0 || load.is_nan() || quotas.iter().any(|q| *q <= 0.0 || q.is_nan()) {
        return None;
    }
    let offered = shares.map(|s| s * load);
    let mut served = [0.0; 3];
    let mut hungry = [true; 3];
    let mut left = 1.0;
    // Each turn feeds up all whose fair part of what is left is enough; at most three turns.
    for _ in 0..3 {
        let weights: f64 = (0..3).filter(|&i| hungry[i]).map(|i| quotas[i]).sum();
        let fair = |i: usize| left * quotas[i] / weights;
        let full: Vec<usize> = (0..3).filter(|&i| hungry[i] && offered[i] <= fair(i)).collect();
        if full.is_empty() {
            for i in (0..3).filter(|&i| hungry[i]) {
                served[i] = fair(i);
            }
            break;
        }
        for i in full {
            (served[i], hungry[i]) = (offered[i], false);
            left -= offered[i];
        }
    }
    let drop = |i: usize| if offered[i] > 0.0 { (1.0 - served[i] / offered[i]).max(0.0) } else { 0.0 };
    Some([drop(0), drop(1), drop(2)])
}

/// Fetching blocks from a neighbour at each look, one answer a look, while `liars` neighbours claim more and do not answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockFetch {
    /// Blocks that are lacking, and most blocks in an answer.
    pub lacking: u64,
    /// See above.
    pub batch: u64,
    /// Seconds between announcements, between looks, and until a request is given up.
    pub announce: f64,
    /// See above.
    pub look: f64,
    /// See above.
    pub timeout: f64,
    /// Seconds to a neighbour and back.
    pub round_trip: f64,
    /// Neighbours that claim and do not answer.
    pub liars: u64,
    /// Failures of a neighbour that are suffered before it is ignored; `None`: any number.
    pub patience: Option<u64>,
}

impl BlockFetch {
    /// Seconds between two answers while every look begins with the liars: one look, or as many as the timeouts take.
    #[must_use]
    pub fn slow_look(&self) -> f64 {
        let lost = self.liars as f64 * self.timeout + self.round_trip;
        self.look * libm::ceil(lost / self.look - 1e-9).max(1.0)
    }

    /// Bounds in seconds on the time until everything is there: answers come one look apart, slow ones apart as long as liars are believed.
    /// The first look, and whether it meets liars already, is luck. `None` when a number is out of range.
    #[must_use]
    pub fn bounds(&self) -> Option<(f64, f64)> {
        let times = [self.announce, self.look, self.timeout];
        if self.batch == 0 || times.iter().any(|t| *t <= 0.0 || !t.is_finite()) || self.round_trip < 0.0 {
            return None;
        }
        let answers = self.lacking.div_ceil(self.batch);
        if answers == 0 {
            return Some((0.0, 0.0));
        }
        let gaps = answers - 1;
        let believed = self.patience.map_or(u64::MAX, |p| p.saturating_add(1));
        let slow_most = if self.liars == 0 { 0 } else { gaps.min(believed) };
        let slow_least = slow_most.saturating_sub(1);
        let time = |slow: u64| slow as f64 * self.slow_look() + (gaps - slow) as f64 * self.look;
        // The first announcement that matters, then a look; and the last answer, behind the liars.
        let luck = self.announce + self.look + self.liars as f64 * self.timeout + 2.0 * self.round_trip;
        Some((time(slow_least), time(slow_most) + luck))
    }
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

    // C19: 150, 250 and 400 B at 3000 a second.
    #[test]
    fn bodies_of_transactions() {
        for (bytes, want) in [(150.0, 3.6e6), (250.0, 6.0e6), (400.0, 9.6e6)] {
            near(body_rate(3000.0, bytes), want, 1e-6);
        }
        assert_eq!(body_rate(-1.0, 150.0), None);
    }

    // By hand: at load 2 of 0.2/0.3/0.5 the high class takes its 0.4 < 5/10; of the other 0.6 the medium class gets 3/5.
    #[test]
    fn links_are_filled_by_weight() {
        let drops = |load| quota_drops(load, [0.2, 0.3, 0.5], [5.0, 3.0, 2.0]).unwrap();
        let near = |got: [f64; 3], want: [f64; 3]| {
            assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-12), "{got:?} instead of {want:?}");
        };
        near(drops(0.9), [0.0; 3]);
        near(drops(1.2), [0.0, 0.0, 1.0 / 3.0]);
        near(drops(1.5), [0.0, 1.0 / 15.0, 1.0 - 0.28 / 0.75]);
        near(drops(2.0), [0.0, 0.4, 0.76]);
        near(drops(3.0), [1.0 / 6.0, 2.0 / 3.0, 1.0 - 0.2 / 1.5]);
        near(drops(4.0), [0.375, 0.75, 0.9]);
        // What is served is all that the link carries, whatever the shares.
        for (i, load) in [1.0, 1.3, 2.7, 9.0].into_iter().enumerate() {
            let shares = [[1.0, 0.0, 0.0], [0.1, 0.1, 0.8], [0.6, 0.4, 0.0], [0.0, 0.5, 0.5]][i];
            let drops = quota_drops(load, shares, [5.0, 3.0, 2.0]).unwrap();
            let served: f64 = (0..3).map(|c| load * shares[c] * (1.0 - drops[c])).sum();
            assert!((served - 1.0).abs() < 1e-12, "{load}: {served}");
        }
        assert_eq!(quota_drops(1.0, [0.2, 0.2, 0.2], [5.0, 3.0, 2.0]), None);
    }

    // 480 blocks by 16 are 30 answers, 29 gaps of 3 s; one liar makes a gap 6 s (5.1 s lost), two 12 s.
    #[test]
    fn fetching_takes_a_look_an_answer() {
        let honest = BlockFetch {
            lacking: 480,
            batch: 16,
            announce: 3.0,
            look: 3.0,
            timeout: 5.0,
            round_trip: 0.1,
            liars: 0,
            patience: None,
        };
        assert_eq!(honest.bounds(), Some((87.0, 87.0 + 6.2)));
        let one = BlockFetch { liars: 1, ..honest };
        assert_eq!((one.slow_look(), one.bounds()), (6.0, Some((28.0 * 6.0 + 3.0, 29.0 * 6.0 + 6.2 + 5.0))));
        assert_eq!(BlockFetch { liars: 2, ..honest }.slow_look(), 12.0);
        let patient = BlockFetch { patience: Some(5), ..one };
        assert_eq!(patient.bounds(), Some((5.0 * 6.0 + 24.0 * 3.0, 6.0 * 6.0 + 23.0 * 3.0 + 6.2 + 5.0)));
        assert_eq!(BlockFetch { batch: 0, ..honest }.bounds(), None);
    }
}

//! How the knowledge of a height spreads: one wave per height, from its first block until every node knows one.
//!
//! Heights are followed rather than blocks, because a node that knows a rival does not ask for the first block any more; where
//! there is no rival the two are the same. It also makes the bounds of the stale rate hold by construction: the further
//! blocks of a height are found by miners that do not know one yet (see `analysis`, theory of stale blocks).

use std::sync::Arc;

use astrarium_node::{NodeId, Span, Time};
use astrarium_runner::Sample;

use crate::spec::PROPAGATION;

/// Waves that may still change: older ones are closed when nodes come and go.
const WINDOW: usize = 256;
/// Hash shares are counted in units of 2^-40, so that sums do not depend on their order.
const UNIT: f64 = (1_u64 << 40) as f64;

/// Sum and number of some whole quantities.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    sum: u128,
    count: u64,
}

impl Tally {
    fn add(&mut self, value: u128) {
        self.sum += value;
        self.count += 1;
    }

    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }
}

/// The spread of one height.
#[derive(Debug, Clone)]
struct Wave {
    found: Time,
    /// Nodes that are up and know it.
    known: u32,
    /// The next percentage of nodes to be reached; 101 when all are.
    percent: u8,
    /// Miners that have come to know it, and their delays.
    miners: u32,
    weighted_ns: u128,
    slowest: Span,
}

/// All waves of a run, over the honest nodes.
#[derive(Debug, Clone)]
pub(crate) struct Waves {
    /// Share of the honest hash power by node, in units of 2^-40.
    weights: Arc<[u64]>,
    miners: u32,
    /// Height that each node knows now, and the greatest it ever knew (a node may lose its disk).
    height: Vec<u32>,
    highest: Vec<u32>,
    up: Vec<bool>,
    live: u32,
    /// The wave of height `i + 1`.
    waves: Vec<Wave>,
    /// Delay in nanoseconds until `i + 1` per cent of the nodes know a height.
    percentiles: Vec<Tally>,
    mean_ns: Tally,
    slowest_squared: Tally,
    coverage: Tally,
    /// When coverage is looked at, after a wave's beginning; and the next wave to look at.
    interval: Span,
    due: usize,
    /// Heights above are not measured.
    last: u32,
}

impl Waves {
    /// For these hash shares, honest nodes only. Heights above `last` are not measured.
    pub(crate) fn new(shares: &[f64], interval: Span, last: u32) -> Self {
        let total: f64 = shares.iter().sum();
        let weight = |share: &f64| if total > 0.0 { (share / total * UNIT) as u64 } else { 0 };
        let weights: Arc<[u64]> = shares.iter().map(weight).collect();
        Self {
            // Node numbers are u32.
            miners: weights.iter().filter(|&&weight| weight > 0).count() as u32,
            live: weights.len() as u32,
            height: vec![0; weights.len()],
            highest: vec![0; weights.len()],
            up: vec![true; weights.len()],
            weights,
            waves: Vec::new(),
            percentiles: vec![Tally::default(); 100],
            mean_ns: Tally::default(),
            slowest_squared: Tally::default(),
            coverage: Tally::default(),
            interval,
            due: 0,
            last,
        }
    }

    /// Greatest height that anybody knows.
    pub(crate) fn top(&self) -> u32 {
        self.waves.len() as u32
    }

    /// A node that is up knows a chain of this height now.
    pub(crate) fn reached(&mut self, node: NodeId, height: u32, now: Time) {
        self.look_at_coverage(now);
        let at = node.index();
        if at >= self.height.len() {
            return;
        }
        while self.waves.len() < height as usize {
            self.waves.push(Wave {
                found: now,
                known: 0,
                percent: 1,
                miners: 0,
                weighted_ns: 0,
                slowest: Span::ZERO,
            });
        }
        for new in self.height[at]..height {
            self.waves[new as usize].known += 1;
            self.advance(new as usize, now);
        }
        for new in self.highest[at]..height {
            self.reach_miner(new as usize, self.weights[at], now);
        }
        self.height[at] = self.height[at].max(height);
        self.highest[at] = self.highest[at].max(height);
    }

    /// A node went down, or came up again with a chain of this height.
    pub(crate) fn life(&mut self, node: NodeId, up: bool, height: u32, now: Time) {
        self.look_at_coverage(now);
        let at = node.index();
        if at >= self.up.len() || self.up[at] == up {
            return;
        }
        self.up[at] = up;
        if up {
            self.live += 1;
            self.height[at] = height;
        } else {
            self.live -= 1;
        }
        let knows = self.height[at] as usize;
        for index in self.waves.len().saturating_sub(WINDOW)..self.waves.len() {
            if index < knows {
                let known = &mut self.waves[index].known;
                *known = if up { *known + 1 } else { known.saturating_sub(1) };
            }
            self.advance(index, now);
        }
    }

    /// The run ends now.
    pub(crate) fn finish(&mut self, now: Time) {
        self.look_at_coverage(now);
    }

    /// Notes the percentages that a wave has reached by now.
    fn advance(&mut self, index: usize, now: Time) {
        let wave = &mut self.waves[index];
        while wave.percent <= 100
            && u64::from(wave.known) * 100 >= u64::from(self.live) * u64::from(wave.percent)
        {
            if index < self.last as usize {
                let delay = now.since(wave.found).as_nanos();
                self.percentiles[usize::from(wave.percent) - 1].add(u128::from(delay));
            }
            wave.percent += 1;
        }
    }

    fn reach_miner(&mut self, index: usize, weight: u64, now: Time) {
        if weight == 0 {
            return;
        }
        let wave = &mut self.waves[index];
        wave.slowest = now.since(wave.found);
        wave.weighted_ns += u128::from(weight) * u128::from(wave.slowest.as_nanos());
        wave.miners += 1;
        if wave.miners == self.miners && index < self.last as usize {
            self.mean_ns.add(wave.weighted_ns);
            let slowest = u128::from(wave.slowest.as_nanos());
            self.slowest_squared.add(slowest.saturating_mul(slowest));
        }
    }

    /// Samples the coverage of every wave whose interval is over. Called before anything changes, so that the counts are those
    /// of the moment itself.
    fn look_at_coverage(&mut self, now: Time) {
        while let Some(wave) = self.waves.get(self.due) {
            if now <= wave.found + self.interval {
                break;
            }
            if self.live > 0 && self.due < self.last as usize {
                let covered = f64::from(wave.known.min(self.live)) / f64::from(self.live);
                self.coverage.add((covered * UNIT) as u128);
            }
            self.due += 1;
        }
    }

    /// The measurements, by name; what was not observed is absent.
    pub(crate) fn metrics(&self, out: &mut Vec<(&'static str, f64)>) {
        let percentile = |percent: usize| self.percentiles[percent - 1].mean().map(|ns| ns / 1e6);
        let slowest = self.slowest_squared.mean().map(|square| libm::sqrt(square) / 1e6);
        let values = [
            ("propagation_p50_ms", percentile(50)),
            ("propagation_p90_ms", percentile(90)),
            ("propagation_p99_ms", percentile(99)),
            ("propagation_mean_ms", self.mean_ns.mean().map(|ns| ns / UNIT / 1e6)),
            ("propagation_max_ms", slowest),
            ("coverage", self.coverage.mean().map(|units| units / UNIT)),
        ];
        out.extend(values.into_iter().filter_map(|(name, value)| Some((name, value?))));
    }

    /// The mean spread as a curve.
    pub(crate) fn series(&self) -> Vec<Sample> {
        let sample = |(i, tally): (usize, &Tally)| {
            let x = tally.mean()? / 1e6;
            Some(Sample { series: PROPAGATION, x, y: (i + 1) as f64 / 100.0 })
        };
        self.percentiles.iter().enumerate().filter_map(sample).collect()
    }

    /// Adds what another part of the same run has seen of finished waves. A percentage of all nodes is crossed by nobody's
    /// part alone: a run split over threads must keep its waves in one part.
    pub(crate) fn merge(&mut self, other: &Self) {
        let pairs = self.percentiles.iter_mut().zip(&other.percentiles);
        let scalars = [
            (&mut self.mean_ns, &other.mean_ns),
            (&mut self.slowest_squared, &other.slowest_squared),
            (&mut self.coverage, &other.coverage),
        ];
        for (mine, theirs) in pairs.chain(scalars) {
            mine.sum += theirs.sum;
            mine.count += theirs.count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time::ZERO + Span::from_millis(ms)
    }

    fn value(waves: &Waves, name: &str) -> Option<f64> {
        let mut out = Vec::new();
        waves.metrics(&mut out);
        out.into_iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    fn close(a: Option<f64>, b: f64) -> bool {
        a.is_some_and(|a| (a - b).abs() < 1e-6)
    }

    /// Four nodes; node 3 does not mine. Found by node 0; the others know after 10, 30, 70 ms.
    #[test]
    fn percentiles_and_weighted_mean_by_hand() {
        let mut waves = Waves::new(&[0.5, 0.3, 0.2, 0.0], Span::from_secs(1), u32::MAX);
        for (node, ms) in [(0, 100), (1, 110), (2, 130), (3, 170)] {
            waves.reached(NodeId(node), 1, at(ms));
        }
        assert!(close(value(&waves, "propagation_p50_ms"), 10.0));
        assert!(close(value(&waves, "propagation_p90_ms"), 70.0));
        assert!(close(value(&waves, "propagation_mean_ms"), 0.3 * 10.0 + 0.2 * 30.0));
        assert!(close(value(&waves, "propagation_max_ms"), 30.0));
        let series = waves.series();
        assert_eq!((series.len(), series[24].x, series[24].y), (100, 0.0, 0.25));
        assert_eq!((series[25].x, series[99].x), (10.0, 70.0));
    }

    /// Node 2 goes down before it knows: 100 % is 2 of 2 nodes. It comes back, syncs, and is then counted as a slow miner.
    #[test]
    fn who_is_down_does_not_count_until_it_is_back() {
        let mut waves = Waves::new(&[1.0, 1.0, 1.0], Span::from_millis(50), u32::MAX);
        waves.reached(NodeId(0), 1, at(0));
        waves.life(NodeId(2), false, 0, at(5));
        waves.reached(NodeId(1), 1, at(20));
        assert!(close(value(&waves, "propagation_p99_ms"), 20.0));
        assert_eq!(value(&waves, "propagation_mean_ms"), None, "one miner does not know it");
        waves.life(NodeId(2), true, 0, at(60));
        assert!(close(value(&waves, "coverage"), 1.0), "both nodes that were up after 50 ms");
        waves.reached(NodeId(2), 1, at(90));
        assert!(close(value(&waves, "propagation_mean_ms"), (20.0 + 90.0) / 3.0));
    }

    #[test]
    fn coverage_is_that_of_one_interval_later() {
        let mut waves = Waves::new(&[1.0; 4], Span::from_millis(50), u32::MAX);
        waves.reached(NodeId(0), 1, at(0));
        waves.reached(NodeId(1), 1, at(50));
        waves.reached(NodeId(2), 1, at(51));
        assert!(close(value(&waves, "coverage"), 0.5));
    }

    /// A node that lost its disk learns everything anew, but is no second miner.
    #[test]
    fn an_amnesiac_is_counted_once() {
        let mut waves = Waves::new(&[1.0, 1.0], Span::from_secs(1), u32::MAX);
        waves.reached(NodeId(0), 1, at(0));
        waves.life(NodeId(0), false, 0, at(1));
        waves.life(NodeId(0), true, 0, at(2));
        waves.reached(NodeId(0), 1, at(3));
        assert_eq!(value(&waves, "propagation_mean_ms"), None);
        waves.reached(NodeId(1), 1, at(4));
        assert!(close(value(&waves, "propagation_mean_ms"), 2.0));
        assert!(
            close(value(&waves, "propagation_p50_ms"), 0.0)
                && close(value(&waves, "propagation_p99_ms"), 4.0)
        );
    }

    #[test]
    fn heights_beyond_the_last_are_not_measured() {
        let mut waves = Waves::new(&[1.0], Span::from_secs(1), 1);
        waves.reached(NodeId(0), 3, at(0));
        waves.finish(at(9_000));
        assert_eq!((waves.top(), waves.mean_ns.count, waves.coverage.count), (3, 1, 1));
    }
}

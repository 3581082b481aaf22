//! How an item reaches everybody: counted as it goes, so that a wave takes a few words however many nodes there are.

use astrarium_node::{Span, Time};

/// Shares of the audience whose times are kept.
pub(crate) const SHARES: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 1.0];

/// One item on its way.
#[derive(Debug, Clone)]
pub(crate) struct Wave {
    published: Time,
    /// Nodes that it can reach.
    audience: u32,
    reached: u32,
    times: [Option<Span>; SHARES.len()],
    /// Sum of the delays of all but the source, in nanoseconds.
    sum: u128,
    /// One bit for each node that has it.
    has: Vec<u64>,
}

impl Wave {
    /// Published now, for so many of `nodes` nodes.
    pub(crate) fn new(published: Time, audience: u32, nodes: u32) -> Self {
        let has = vec![0; (nodes as usize).div_ceil(64)];
        Self { published, audience, reached: 0, times: [None; SHARES.len()], sum: 0, has }
    }

    /// A node has it now; false when it had it already.
    pub(crate) fn reach(&mut self, node: u32, now: Time) -> bool {
        let (word, bit) = (node as usize / 64, 1 << (node % 64));
        if self.has[word] & bit != 0 {
            return false;
        }
        self.has[word] |= bit;
        self.reached += 1;
        let after = now.since(self.published);
        self.sum += u128::from(after.as_nanos());
        for (time, share) in self.times.iter_mut().zip(SHARES) {
            if time.is_none() && self.reached >= least(share, self.audience) {
                *time = Some(after);
            }
        }
        true
    }

    /// When it was published.
    pub(crate) fn published(&self) -> Time {
        self.published
    }

    /// Time until a share had it, by position in [`SHARES`].
    pub(crate) fn time(&self, share: usize) -> Option<Span> {
        self.times[share]
    }

    /// Share of the audience that has it.
    pub(crate) fn coverage(&self) -> f64 {
        f64::from(self.reached.min(self.audience)) / f64::from(self.audience.max(1))
    }

    /// Whether everybody has it.
    pub(crate) fn is_complete(&self) -> bool {
        self.reached >= self.audience
    }

    /// Sum of the delays in milliseconds, and their number, without the source's own.
    pub(crate) fn delays(&self) -> (f64, u32) {
        (self.sum as f64 / 1e6, self.reached.saturating_sub(1))
    }

    /// Whether a node has it.
    #[cfg(test)]
    pub(crate) fn has(&self, node: u32) -> bool {
        self.has[node as usize / 64] & 1 << (node % 64) != 0
    }
}

/// Least number of an audience that is at least a share of it.
fn least(share: f64, audience: u32) -> u32 {
    // 0.95 · 20 is a little more than 19 in floating point.
    libm::ceil(share * f64::from(audience) - 1e-9) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_node_that_completes_the_share() {
        let at = |ms| Time::ZERO + Span::from_millis(ms);
        let mut wave = Wave::new(at(100), 20, 70);
        for node in 0..20 {
            assert!(wave.reach(3 * node, at(100 + 10 * u64::from(node))));
        }
        assert!(!wave.reach(3, at(900)), "it had it already");
        let times: Vec<u64> = (0..5).map(|i| wave.time(i).unwrap().as_nanos() / 1_000_000).collect();
        // The 10th, 18th, 19th and 20th node.
        assert_eq!(times, [90, 170, 180, 190, 190]);
        assert!(wave.is_complete() && wave.has(57) && !wave.has(58));
        // 10 + 20 + … + 190 ms over 19 nodes.
        assert_eq!(wave.delays(), (1900.0, 19));
    }
}

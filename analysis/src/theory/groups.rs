//! Groups: messages, hops and coverage of the overlays, entrances, pulses, clocks.
//!
//! Source: network specification §6.12, §6.16, §8, from which these forms are derived here: the machines are simple enough.
//!
//! Coverage is the probability that a live member is reached when every other member but the origin is dead with probability f and
//! every copy is lost with probability p, all independently. (A run's share of its live members has the same mean up to terms of the order of 1/n
//! of the missing share.) In the grid all paths to a member that share neither a link nor an inner member are independent, and there
//! are no others.

/// The row–column grid of `n` members: rows of max(row_min, ⌈√n⌉), the last one possibly shorter.
#[derive(Debug, Clone, Copy)]
struct Grid {
    n: u64,
    s: u64,
}

/// Largest group for which sums over pairs of members are taken.
const LARGEST: u64 = 2_000;

impl Grid {
    fn new(n: u64, row_min: u64) -> Option<Self> {
        let root = n.isqrt();
        let side = if root * root < n { root + 1 } else { root };
        (1..=LARGEST).contains(&n).then_some(Self { n, s: side.max(row_min).max(1) })
    }

    fn exists(&self, row: u64, column: u64) -> bool {
        column < self.s && row * self.s + column < self.n
    }

    fn width(&self, row: u64) -> u64 {
        self.s.min(self.n - row * self.s)
    }

    fn height(&self, column: u64) -> u64 {
        (self.n - column).div_ceil(self.s)
    }

    /// Further columns drawn from 1 … s − 1, for an origin in this column; column 0 comes on top unless it is the origin's.
    fn drawn(&self, column: u64) -> u64 {
        let wanted = self.s.div_ceil(2) - 1;
        if column == 0 { wanted } else { wanted.saturating_sub(1) }
    }

    /// Probability that `head` spreads along its column for this origin.
    fn heads(&self, (row, column): (u64, u64), head: u64) -> f64 {
        if head == column || !self.exists(row, head) {
            0.0
        } else if head == 0 {
            f64::from(u8::from(self.s.div_ceil(2) > 1))
        } else {
            self.drawn(column) as f64 / (self.s - 1) as f64
        }
    }

    /// Mean over the random set of heads of the product of `factor(head)` over the heads.
    fn over_heads(&self, origin: (u64, u64), factor: impl Fn(u64) -> f64) -> f64 {
        let used = |head| head != origin.1 && self.exists(origin.0, head);
        let of = |head| if used(head) { factor(head) } else { 1.0 };
        let drawn = self.drawn(origin.1) as usize;
        // Elementary symmetric polynomial of the factors: the sum over all subsets of that size.
        let mut sums = vec![0.0; drawn + 1];
        sums[0] = 1.0;
        for head in 1..self.s {
            let f = of(head);
            for size in (1..=drawn).rev() {
                sums[size] += sums[size - 1] * f;
            }
        }
        let zero = if origin.1 != 0 && self.s.div_ceil(2) > 1 { of(0) } else { 1.0 };
        zero * sums[drawn] / choose(self.s - 1, drawn as u64)
    }

    fn mean_over_members(&self, value: impl Fn(u64, u64) -> f64) -> f64 {
        (0..self.n).map(|at| value(at / self.s, at % self.s)).sum::<f64>() / self.n as f64
    }

    /// Copies that members in `column` (and not in `row`) send along their rows.
    fn rows_of(&self, row: u64, column: u64) -> f64 {
        (0..self.height(column)).filter(|&r| r != row).map(|r| (self.width(r) - 1) as f64).sum()
    }
}

/// Copies sent for one message from a random member of the grid, nobody dead and nothing lost. `None` without members.
#[must_use]
pub fn grid_messages(n: u64, row_min: u64) -> Option<f64> {
    let grid = Grid::new(n, row_min)?;
    Some(grid.mean_over_members(|row, column| {
        let spread = |c| (grid.height(c) - 1) as f64 + grid.rows_of(row, c);
        let own_row = (grid.width(row) - 1) as f64;
        let heads = (0..grid.width(row)).map(|c| grid.heads((row, column), c) * (own_row + spread(c)));
        own_row + spread(column) + heads.sum::<f64>()
    }))
}

/// Mean hops to a member (the origin counts, with none) in the grid, equal delays, nobody dead and nothing lost.
#[must_use]
pub fn grid_hops(n: u64, row_min: u64) -> Option<f64> {
    let grid = Grid::new(n, row_min)?;
    Some(grid.mean_over_members(|row, column| {
        let hops = |r: u64, c: u64| match (r == row, c == column) {
            (true, true) => 0.0,
            (true, _) | (_, true) => 1.0,
            _ if grid.exists(r, column) => 2.0,
            _ => 3.0 - grid.heads((row, column), c),
        };
        grid.mean_over_members(hops)
    }))
}

/// Coverage of the grid.
#[must_use]
pub fn grid_coverage(n: u64, row_min: u64, dead: f64, loss: f64) -> Option<f64> {
    let grid = Grid::new(n, row_min)?;
    if n == 1 {
        return Some(1.0);
    }
    let (link, live) = (1.0 - loss, 1.0 - dead);
    let missed = |origin: (u64, u64), (r, c): (u64, u64)| {
        let in_row = r == origin.0;
        // Straight from the origin, or by the origin's column and along the row.
        let first = match (in_row, c == origin.1) {
            (true, _) | (_, true) => loss,
            _ if grid.exists(r, origin.1) => 1.0 - live * link * link,
            _ => 1.0,
        };
        first
            * grid.over_heads(origin, |head| match (in_row, head == c) {
                // Oneself: counted above.
                (true, true) => 1.0,
                // Along the origin's row.
                (true, false) => 1.0 - live * link * link,
                // A head's column.
                (false, true) => 1.0 - live * link * link,
                (false, false) if grid.exists(r, head) => 1.0 - live * live * link * link * link,
                (false, false) => 1.0,
            })
    };
    let unreached = grid.mean_over_members(|row, column| {
        let of = |r, c| if (r, c) == (row, column) { 0.0 } else { missed((row, column), (r, c)) };
        grid.mean_over_members(of)
    });
    Some(1.0 - share_of_live(n, dead) * unreached)
}

/// Binomial coefficient.
fn choose(n: u64, k: u64) -> f64 {
    (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64)
}

/// From a mean over all members, the origin with nothing missing, to a mean over the live ones: n − 1 others of whom a share lives, and the origin.
fn share_of_live(n: u64, dead: f64) -> f64 {
    let n = n as f64;
    n * (1.0 - dead) / (1.0 + (n - 1.0) * (1.0 - dead))
}

/// Coverage of two-layer Kademlia with one contact per bucket: a random recursive partition. With R(m) the live members
/// reached among m others below a height, b of them in the next bucket: R(m) = Σ_b C(m, b) 2^−m [b > 0: q (1 + R(b − 1))] + R(m − b), q = (1 − f)(1 − p).
#[must_use]
pub fn kad2_coverage(n: u64, dead: f64, loss: f64) -> Option<f64> {
    if !(1..=LARGEST).contains(&n) {
        return None;
    }
    let q = (1.0 - dead) * (1.0 - loss);
    let mut reached = vec![0.0_f64; n as usize];
    for m in 1..n as usize {
        let (mut sum, mut self_weight) = (0.0, 0.0);
        // C(m, b)·2^−m, from b = 0 on; below 10^−300 it is nothing.
        let mut weight = libm::exp2(-(m as f64));
        for b in 0..=m {
            if b == 0 {
                self_weight += weight;
            } else {
                sum += weight * (q * (1.0 + reached[b - 1]) + reached[m - b]);
            }
            weight *= (m - b) as f64 / (b + 1) as f64;
        }
        reached[m] = sum / (1.0 - self_weight);
    }
    let others = (n - 1) as f64 * (1.0 - dead);
    Some((1.0 + reached[n as usize - 1]) / (1.0 + others))
}

/// Depth of member `index` in the complete tree.
fn depth(mut index: u64, fanout: u64) -> u32 {
    let mut depth = 0;
    while index > 0 {
        index = (index - 1) / fanout;
        depth += 1;
    }
    depth
}

fn power(base: f64, exponent: u32) -> f64 {
    libm::pow(base, f64::from(exponent))
}

/// Coverage of the tree: all inner members on the way live, all copies arrive.
#[must_use]
pub fn tree_coverage(n: u64, fanout: u64, dead: f64, loss: f64) -> Option<f64> {
    if n == 0 || n > 10_000_000 || fanout == 0 {
        return None;
    }
    let of = |index| {
        let d = depth(index, fanout);
        if d == 0 { 0.0 } else { power(1.0 - dead, d - 1) * power(1.0 - loss, d) }
    };
    let reached: f64 = (0..n).map(of).sum();
    Some((1.0 + (1.0 - dead) * reached) / (1.0 + (1.0 - dead) * (n - 1) as f64))
}

/// Mean hops to a member of the tree, the root counted with none.
#[must_use]
pub fn tree_hops(n: u64, fanout: u64) -> Option<f64> {
    if n == 0 || n > 10_000_000 || fanout == 0 {
        return None;
    }
    Some((0..n).map(|index| f64::from(depth(index, fanout))).sum::<f64>() / n as f64)
}

/// When the last member of a tree (or, with a fan-out of n − 1, of a star) has a message, in seconds: every member sends to its children
/// one after the other, `transfer` seconds each, then `delay` on the way; members forward what they have in full.
#[must_use]
pub fn tree_completion(n: u64, fanout: u64, transfer: f64, delay: f64) -> Option<f64> {
    if n == 0 || n > 1_000_000 || fanout == 0 || !(transfer >= 0.0 && delay >= 0.0) {
        return None;
    }
    let mut at = vec![0.0_f64; n as usize];
    for index in 1..n {
        let (parent, rank) = ((index - 1) / fanout, (index - 1) % fanout + 1);
        at[index as usize] = at[parent as usize] + rank as f64 * transfer + delay;
    }
    at.into_iter().reduce(f64::max)
}

/// Probability that an outsider's message finds a live one among `entrances` members.
#[must_use]
pub fn entrance(entrances: u64, dead: f64) -> f64 {
    power(dead, u32::try_from(entrances).unwrap_or(u32::MAX))
}

/// Share of the pulse intervals in which a false suspicion begins: a pulse came, then `missed` were lost.
#[must_use]
pub fn false_suspicion(missed: u64, loss: f64) -> f64 {
    entrance(missed, loss) * (1.0 - loss)
}

/// Probability that a message of age `delay` has expired by the recipient's clock, when offsets of clocks are normal with
/// standard deviation `sigma` each: the difference of two has √2 of it. All in seconds.
#[must_use]
pub fn expired(expiry: f64, delay: f64, sigma: f64) -> Option<f64> {
    if sigma <= 0.0 {
        return Some(f64::from(u8::from(delay > expiry)));
    }
    // Q(x) = erfc(x/√2)/2, and x = (expiry − delay)/(σ√2).
    Some(0.5 * libm::erfc((expiry - delay) / (2.0 * sigma)))
}

/// Bytes on the wire of an overlay message with a body of that length, MTU 1500: 165 bytes of header; up to a UDP datagram UDP's 8 and
/// IPv4's 20 for each fragment; above, 28 for each of the datagrams that it is cut into.
#[must_use]
pub fn wire_bytes(body: f64) -> f64 {
    let message = body + 165.0;
    if message <= 65_507.0 {
        message + 8.0 + 20.0 * libm::ceil((message + 8.0) / 1480.0)
    } else {
        message + 28.0 * libm::ceil(message / 1472.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: Option<f64>, want: f64, tolerance: f64) {
        let got = got.unwrap();
        assert!((got - want).abs() <= tolerance, "{got} is not {want}");
    }

    /// By hand: rows of ten, (9 + 9 + 81) copies per column used. From column 0 four further columns; else column 0 and three of nine, of
    /// which the origin's own is one with probability 3/9: 1 + 0.1·4 + 0.9·(1 + 3·8/9) = 4.7. For 20 in rows of 5: 7 + 12 copies,
    /// 1 + 0.2·2 + 0.8·(1 + 3/4) = 2.8.
    #[test]
    fn messages_of_full_grids() {
        close(grid_messages(100, 4), 465.3, 1e-9);
        close(grid_messages(20, 4), 53.2, 1e-9);
        // Ragged: simulated as below, standard errors 0.1 and 0.6.
        close(grid_messages(50, 4), 175.516, 0.5);
        close(grid_messages(200, 4), 1_466.9, 3.0);
        close(grid_messages(1, 4), 0.0, 0.0);
    }

    /// 18 of 100 at one hop and 81 at two; 7 and 12 of 20.
    #[test]
    fn hops_of_full_grids() {
        close(grid_hops(100, 4), 1.80, 1e-12);
        close(grid_hops(20, 4), 1.55, 1e-12);
        // Ragged: simulated as below.
        close(grid_hops(50, 4), 1.729_36, 0.001);
        close(grid_hops(200, 4), 1.866_83, 0.001);
    }

    /// Golden values: a breadth-first simulation of the rules in another language, 120,000 and 60,000 messages; standard errors
    /// 0.000145 and below 0.00003, and the mean of a run's share may differ from the share of the means by some 0.0005. By hand, one
    /// row: the head of the one column is told once, the two others also by the head.
    #[test]
    fn coverage_of_grids() {
        close(grid_coverage(100, 4, 0.0, 0.0), 1.0, 1e-12);
        close(grid_coverage(100, 4, 0.3, 0.0), 0.981_716, 0.001);
        close(grid_coverage(100, 4, 0.1, 0.0), 0.999_751, 0.000_1);
        close(grid_coverage(100, 4, 0.0, 0.05), 0.999_906, 3e-5);
        close(grid_coverage(4, 4, 0.0, 0.1), (1.0 + 0.9 + 2.0 * (1.0 - 0.1 * 0.19)) / 4.0, 1e-12);
    }

    /// Golden values: simulated in another language over 3,000 random sets of keys each, standard errors 0.002 to 0.003. (Network specification
    /// §8 has 0.853, 0.789 and 0.477, simulated with fewer runs.)
    #[test]
    fn coverage_of_the_bucket_broadcast() {
        close(kad2_coverage(100, 0.0, 0.05), 0.8472, 0.006);
        close(kad2_coverage(100, 0.1, 0.0), 0.7942, 0.008);
        close(kad2_coverage(100, 0.3, 0.0), 0.4911, 0.012);
        close(kad2_coverage(100, 0.0, 0.0), 1.0, 1e-9);
        // Two members: one link.
        close(kad2_coverage(2, 0.0, 0.5), 0.75, 1e-12);
    }

    /// Thirteen members, three children each: 3 at one hop, 9 at two.
    #[test]
    fn trees_by_hand() {
        close(tree_hops(13, 3), 21.0 / 13.0, 1e-12);
        close(tree_coverage(13, 3, 0.0, 0.1), (1.0 + 3.0 * 0.9 + 9.0 * 0.81) / 13.0, 1e-12);
        close(tree_coverage(13, 3, 0.5, 0.0), (1.0 + 0.5 * (3.0 + 9.0 * 0.5)) / 7.0, 1e-12);
        // The third child's third child: six transfers, two delays. A star of 100: 99 transfers.
        close(tree_completion(13, 3, 1.0, 0.1), 6.2, 1e-12);
        close(tree_completion(100, 99, 0.419_7, 0.113_35), 41.55 + 0.113_35, 0.01);
    }

    /// 165 + 600 + 28; 165 + 3000 + 8 in three fragments; a million bytes and 165 in 680 datagrams.
    #[test]
    fn bytes_on_the_wire() {
        assert_eq!([600.0, 3_000.0, 1e6].map(wire_bytes), [793.0, 3_233.0, 1_019_205.0]);
    }

    /// 1 − 0.3^5 = 0.99757; 0.3^3·0.7 = 0.0189; standard normal table: Q(2.121) = 0.01695, Q(1.061) = 0.1444.
    #[test]
    fn entrances_pulses_and_clocks() {
        assert!((1.0 - entrance(5, 0.3) - 0.997_57).abs() < 1e-9);
        assert!((1.0 - entrance(5, 0.5) - 0.968_75).abs() < 1e-12);
        assert!((false_suspicion(3, 0.3) - 0.0189).abs() < 1e-12);
        close(expired(60.0, 0.0, 20.0), 0.016_95, 5e-5);
        close(expired(60.0, 0.0, 40.0), 0.144_42, 5e-5);
        close(expired(60.0, 61.0, 0.0), 1.0, 0.0);
    }
}

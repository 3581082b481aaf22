//! Kademlia in static tables: how many contacts, how many rounds; and what attacks on it and on joining achieve.
//!
//! Model: n uniform identities, every bucket holds min(k, size) random members of its range (a random trie; Cai & Devroye, "The analysis of
//! Kademlia for random IDs", Internet Mathematics 9, 2013, give the order of growth). Expectations below are over identities, tables
//! and pairs of nodes.

use super::tails::hypergeometric_at_least;
use crate::stats::{ln_choose, sum};

/// Up to this group size the recurrence of [`rounds`] is summed exactly, above it groups are halved: the error is of second order, below 0.1 %.
const EXACT: usize = 128;

/// Expected contacts in a table of `buckets` buckets of `k`, the nearest distances sharing one, among `nodes`:
/// Σ_{i=1}^{B−1} E min(k, Bin(n−1, 2^−i)) + E min(k, Bin(n−1, 2^−(B−1))).
///
/// `None` without nodes, buckets or contacts.
#[must_use]
pub fn table_size(nodes: u64, k: u64, buckets: u64) -> Option<f64> {
    if nodes == 0 || k == 0 || !(1..=256).contains(&buckets) {
        return None;
    }
    let share = |i: u64| libm::exp2(-(i as f64));
    let exact: f64 = sum((1..buckets).map(|i| expected_min(nodes - 1, share(i), k)));
    Some(exact + expected_min(nodes - 1, share(buckets - 1), k))
}

/// E min(k, X) for X binomial: k − Σ_{i<k} (k − i) P(X = i).
fn expected_min(n: u64, p: f64, k: u64) -> f64 {
    if p >= 1.0 {
        return n.min(k) as f64;
    }
    let missing = sum((0..k.min(n + 1)).map(|i| (k - i) as f64 * binomial(n, p, i)));
    k as f64 - missing
}

fn binomial(n: u64, p: f64, i: u64) -> f64 {
    libm::exp(ln_choose(n, i) + i as f64 * libm::log(p) + (n - i) as f64 * libm::log1p(-p))
}

/// Expected rounds until a random other node is known, by greedy routing that asks one contact at a time (always the nearest known of
/// the last answer) with `k` contacts per bucket: exact for k = 1, where nothing else is possible, and an upper bound otherwise,
/// since parallel questions find more.
///
/// With f(m, j) the expected rounds when j random ones of the m nodes that share a prefix with the target are known (f = 0 for j ≥ m):
/// of the m − 1 others B ~ Bin(m−1, ½) share the next bit too, of the j known x ~ Hyp(m, B+1, j) do. Then f(m, j) is the mean of
/// f(B+1, x) for x > 0, and of 1 + f(B+1, min(k, B+1)) for x = 0: the nearest known is asked, and its bucket holds so many of them. The
/// origin is one random other node: it is in the half without the target, and begins with min(k, B+1) contacts, or in the same half.
///
/// `None` for fewer than two nodes, or k not in 1..=32 (the recurrence takes time k²).
#[must_use]
pub fn rounds(nodes: u64, k: u64) -> Option<f64> {
    if nodes < 2 || !(1..=32).contains(&k) {
        return None;
    }
    let small = Small::new(k as usize, EXACT.min(nodes as usize));
    let (mut size, mut levels) = (nodes as f64, 0);
    while size > EXACT as f64 {
        size /= 2.0;
        levels += 1;
    }
    let k = k as usize;
    let mut known: Vec<f64> = (0..=k).map(|j| small.between(size, |m| small.known(m, j))).collect();
    let mut origin = small.between(size, |m| small.origin[m]);
    for _ in 0..levels {
        let next_origin = 0.5 * known[k] + 0.5 * origin;
        let halves = |j: usize| {
            sum((0..=j)
                .map(|x| binomial(j as u64, 0.5, x as u64) * if x == 0 { 1.0 + known[k] } else { known[x] }))
        };
        known = (0..=k).map(halves).collect();
        origin = next_origin;
    }
    Some(origin)
}

/// The recurrence of [`rounds`] for small groups.
struct Small {
    k: usize,
    /// ln n!
    ln_factorial: Vec<f64>,
    /// `known[m][j]`, j ≤ min(k, m).
    known: Vec<Vec<f64>>,
    origin: Vec<f64>,
}

impl Small {
    fn new(k: usize, largest: usize) -> Self {
        let mut ln_factorial = vec![0.0];
        for n in 1..=largest {
            ln_factorial.push(ln_factorial[n - 1] + libm::log(n as f64));
        }
        let mut small = Self { k, ln_factorial, known: vec![vec![0.0]], origin: vec![0.0] };
        for m in 1..=largest {
            let row = (0..=k.min(m)).map(|j| small.next_known(m, j)).collect();
            small.known.push(row);
            let origin = small.next_origin(m);
            small.origin.push(origin);
        }
        small
    }

    fn ln_choose(&self, n: usize, k: usize) -> f64 {
        self.ln_factorial[n] - self.ln_factorial[k] - self.ln_factorial[n - k]
    }

    /// P(X = b) for X ~ Bin(n, ½).
    fn half_of(&self, n: usize, b: usize) -> f64 {
        libm::exp(self.ln_choose(n, b) - n as f64 * std::f64::consts::LN_2)
    }

    fn known(&self, m: usize, j: usize) -> f64 {
        if j >= m { 0.0 } else { self.known[m][j] }
    }

    /// f(m, j) from smaller groups; the case in which all share the next bit repeats itself and is divided out.
    fn next_known(&self, m: usize, j: usize) -> f64 {
        if j >= m || j == 0 {
            return 0.0;
        }
        let share = |b: usize| {
            let half = b + 1;
            let fill = 1.0 + self.known(half, self.k.min(half));
            let term = |x: usize| {
                let p = libm::exp(
                    self.ln_choose(half, x) + self.ln_choose(m - half, j - x) - self.ln_choose(m, j),
                );
                p * if x == 0 { fill } else { self.known(half, x) }
            };
            let least = j.saturating_sub(m - half);
            self.half_of(m - 1, b) * sum((least..=j.min(half)).map(term))
        };
        sum((0..m - 1).map(share)) / (1.0 - libm::exp2(-(m as f64 - 1.0)))
    }

    fn next_origin(&self, m: usize) -> f64 {
        if m < 2 {
            return 0.0;
        }
        let share = |b: usize| {
            let (half, same) = (b + 1, b as f64 / (m as f64 - 1.0));
            let parted = self.known(half, self.k.min(half));
            self.half_of(m - 1, b) * ((1.0 - same) * parted + same * self.origin[half])
        };
        sum((0..m - 1).map(share)) / (1.0 - libm::exp2(-(m as f64 - 1.0)))
    }

    /// Linear between whole sizes.
    fn between(&self, size: f64, value: impl Fn(usize) -> f64) -> f64 {
        let (low, part) = (size.floor(), size.fract());
        let at = |m: f64| value((m as usize).min(self.known.len() - 1));
        if part == 0.0 { at(low) } else { (1.0 - part) * at(low) + part * at(low + 1.0) }
    }
}

/// Share of pairs in which the target is not in the origin's table: a lower bound of the rounds.
#[must_use]
pub fn not_known(nodes: u64, k: u64, buckets: u64) -> Option<f64> {
    (nodes >= 2)
        .then(|| table_size(nodes, k, buckets))?
        .map(|size| (1.0 - size / (nodes as f64 - 1.0)).max(0.0))
}

/// 1 − (1 − (1−m)^h)^d: a lookup along d disjoint paths of h honest-or-corrupt nodes each, a share m corrupt, reaches its target
/// (Baumgart & Mies 2007).
#[must_use]
pub fn disjoint_success(corrupt: f64, rounds: f64, paths: u64) -> Option<f64> {
    if !(0.0..=1.0).contains(&corrupt) || rounds < 0.0 || paths == 0 {
        return None;
    }
    Some(1.0 - libm::pow(1.0 - libm::pow(1.0 - corrupt, rounds), paths as f64))
}

/// s^d: all of d neighbours drawn at random are of the corrupt share s.
#[must_use]
pub fn eclipsed(corrupt: f64, neighbours: u64) -> Option<f64> {
    (0.0..=1.0).contains(&corrupt).then(|| libm::pow(corrupt, neighbours as f64))
}

/// Probability that most of `asked` seeds, drawn without replacement from a pool of which a share is corrupt (to the nearest whole seed), are
/// corrupt: p for one seed, p²(3 − 2p) for three of many.
///
/// `None` when more are asked than there are, or for an even number: there a tie decides nothing.
#[must_use]
pub fn lying_majority(corrupt: f64, pool: u64, asked: u64) -> Option<f64> {
    if !(0.0..=1.0).contains(&corrupt) || asked.is_multiple_of(2) {
        return None;
    }
    hypergeometric_at_least(pool, (corrupt * pool as f64).round() as u64, asked, asked / 2 + 1)
}

/// Probability that all of `asked` such seeds are corrupt.
#[must_use]
pub fn lying_unanimity(corrupt: f64, pool: u64, asked: u64) -> Option<f64> {
    if !(0.0..=1.0).contains(&corrupt) {
        return None;
    }
    hypergeometric_at_least(pool, (corrupt * pool as f64).round() as u64, asked, asked)
}

/// Probability that a segment of `segment` nodes, filled at random, holds a member besides the joiner, when `members` of the `others`
/// other nodes are: who can join by a broadcast that stays in the segment.
#[must_use]
pub fn member_in_segment(members: u64, others: u64, segment: u64) -> Option<f64> {
    hypergeometric_at_least(others, members, segment.checked_sub(1)?, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: Option<f64>, want: f64, tolerance: f64) {
        let got = got.unwrap();
        assert!((got - want).abs() <= tolerance, "{got} instead of {want}");
    }

    // Network specification §6.18, and more digits from a separate summation in Python.
    #[test]
    fn tables_have_their_specified_sizes() {
        for (n, printed, want) in [
            (100, 57.0, 56.477_239_174_978_53),
            (1_000, 111.0, 109.838_113_314_974_68),
            (10_000, 164.0, 162.999_776_247_441_67),
            (100_000, 216.0, 216.071_930_586_686_73),
        ] {
            near(table_size(n, 16, 17), want, 1e-6);
            near(table_size(n, 16, 17), printed, 0.012 * printed);
        }
        near(table_size(100_000, 20, 256), 263.929_554_476_513_5, 1e-6);
        assert_eq!(table_size(5, 20, 1), Some(4.0));
    }

    /// The recurrence, summed separately in Python. The simulations beside (same tables, drawn and walked in Python, 6,000 to 20,000
    /// lookups in one set of tables each) gave 2.338, 3.919, 5.593, 7.242 for k = 1 and 1.254, 0.898 for n = 1000, k = 8 and 20.
    #[test]
    fn rounds_are_those_of_the_recurrence() {
        for (n, k, want) in [
            (100, 1, 2.3014),
            (100, 8, 0.6517),
            (100, 20, 0.3489),
            (1_000, 1, 3.9325),
            (1_000, 8, 1.3745),
            (1_000, 20, 0.9323),
            (10_000, 1, 5.5901),
            (100_000, 1, 7.2506),
            (100_000, 20, 2.1021),
        ] {
            near(rounds(n, k), want, 2e-3 * want);
        }
        assert_eq!(
            (rounds(1, 1), rounds(5, 0), rounds(2, 1), rounds(9, 20)),
            (None, None, Some(0.0), Some(0.0))
        );
        // One contact per bucket gains two bits per round.
        near(Some(rounds(1 << 20, 1).unwrap() - rounds(1 << 16, 1).unwrap()), 2.0, 0.01);
    }

    #[test]
    fn the_lower_bound_is_the_table() {
        near(not_known(200, 16, 17), 0.635, 0.002);
        assert!(not_known(1_000, 20, 256) < rounds(1_000, 20));
    }

    // Network specification §9.
    #[test]
    fn disjoint_paths_and_eclipses_as_specified() {
        for (m, values) in [(0.2, [0.512, 0.762, 0.943, 0.997]), (0.5, [0.125, 0.234, 0.414, 0.656])] {
            for (d, want) in [1, 2, 4, 8].into_iter().zip(values) {
                near(disjoint_success(m, 3.0, d), want, 5e-4);
            }
        }
        for (s, d, want) in [(0.5, 8, 3.9e-3), (0.5, 16, 1.5e-5), (0.9, 8, 0.43), (0.9, 16, 0.19)] {
            // Printed with two digits.
            near(eclipsed(s, d), want, 0.03 * want);
        }
    }

    // Network specification §9: p, p²(3 − 2p).
    #[test]
    fn a_majority_of_three_is_harder_to_corrupt_than_one() {
        for p in [0.1, 0.3, 0.5, 0.8] {
            near(lying_majority(p, 1_000_000, 1), p, 1e-9);
            near(lying_majority(p, 1_000_000, 3), p * p * (3.0 - 2.0 * p), 1e-5);
            near(lying_unanimity(p, 1_000_000, 3), p * p * p, 1e-5);
        }
        // C(3,2)·C(7,1)/C(10,3) + C(3,3)/C(10,3) = 22/120.
        near(lying_majority(0.3, 10, 3), 22.0 / 120.0, 1e-12);
        assert_eq!((lying_majority(0.3, 10, 2), lying_majority(0.3, 2, 3)), (None, None));
        // 1 − C(7,3)/C(9,3) = 1 − 35/84.
        near(member_in_segment(2, 9, 4), 1.0 - 35.0 / 84.0, 1e-12);
        assert_eq!(member_in_segment(2, 9, 1), Some(0.0));
    }
}

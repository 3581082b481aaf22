//! The row–column grid: who sends to whom, by position.
//!
//! n members sorted by id stand in rows of s = max(row_min, ⌈√n⌉); the last row may be shorter. Two hops reach everybody: along
//! the origin's column and from there along the rows, and again along ⌈s/2⌉ − 1 other columns. The set of those columns is drawn
//! anew for each message from the positions 1 … s − 1, and position 0 always belongs to it. Where the draw hits the origin's own
//! position, or one that a short last row lacks, that column is simply not used: so it is in ZV Chain's `group.go`, and the
//! numbers of messages in network specification §8 come out only so.

use astrarium_node::Stream;

/// The arrangement of so many members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    members: usize,
    row: usize,
}

impl Grid {
    /// For `members` members in rows of at least `row_min`.
    #[must_use]
    pub fn new(members: usize, row_min: usize) -> Self {
        let root = members.isqrt();
        let side = if root * root < members { root + 1 } else { root };
        Self { members, row: side.max(row_min).max(1) }
    }

    /// Members in a full row.
    #[must_use]
    pub fn row_size(&self) -> usize {
        self.row
    }

    /// Position within its row.
    #[must_use]
    pub fn column(&self, at: usize) -> usize {
        at % self.row
    }

    /// Number of its row.
    #[must_use]
    pub fn row(&self, at: usize) -> usize {
        at / self.row
    }

    /// The others in the row of `at`.
    pub fn row_mates(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        let first = at / self.row * self.row;
        (first..(first + self.row).min(self.members)).filter(move |&other| other != at)
    }

    /// The others in the column of `at`.
    pub fn column_mates(&self, at: usize) -> impl Iterator<Item = usize> + use<> {
        (at % self.row..self.members).step_by(self.row).filter(move |&other| other != at)
    }

    /// Positions in the row whose members spread a message of `origin` along their columns, sorted; at most ⌈s/2⌉ − 1 of them.
    pub fn heads(&self, origin: usize, luck: &mut Stream) -> Vec<usize> {
        let own = self.column(origin);
        let wanted = self.row.div_ceil(2) - 1;
        let mut heads = Vec::with_capacity(wanted);
        let drawn = if own == 0 {
            wanted
        } else {
            heads.extend((wanted > 0).then_some(0));
            wanted.saturating_sub(1)
        };
        heads.extend(luck.sample(self.row as u64 - 1, drawn).into_iter().map(|pick| pick as usize + 1));
        let row_first = self.row(origin) * self.row;
        heads.retain(|&column| column != own && row_first + column < self.members);
        heads.sort_unstable();
        heads
    }

    /// Positions through which an outsider enters a message, at most `wanted`: `connected` if there is one, the first of a random
    /// row, the others in rows and columns that differ pairwise as long as there are such.
    pub fn entrances(&self, wanted: usize, connected: Option<usize>, luck: &mut Stream) -> Vec<usize> {
        let wanted = wanted.min(self.members);
        let mut chosen: Vec<usize> = Vec::with_capacity(wanted);
        chosen.extend(connected.filter(|&at| at < self.members && wanted > 0));
        let rows = self.members.div_ceil(self.row).max(1);
        if chosen.len() < wanted {
            let first = luck.below(rows as u64) as usize * self.row;
            if !chosen.contains(&first) {
                chosen.push(first);
            }
        }
        let order = luck.sample(self.members as u64, self.members);
        // Pairwise different rows and columns first, then anybody.
        for strict in [true, false] {
            for at in order.iter().map(|&at| at as usize) {
                let clashes = chosen.iter().any(|&other| {
                    let line = self.row(other) == self.row(at) || self.column(other) == self.column(at);
                    other == at || (strict && line)
                });
                if chosen.len() < wanted && !clashes {
                    chosen.push(at);
                }
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use astrarium_node::{Domain, Seed};
    use proptest::prelude::*;

    fn luck(counter: u64) -> Stream {
        Seed(7).stream(Domain::HANDLER, 0, counter)
    }

    #[test]
    fn rows_are_as_long_as_the_specification_says() {
        let rows = [1, 4, 16, 17, 20, 50, 100, 101, 200].map(|n| Grid::new(n, 4).row_size());
        assert_eq!(rows, [4, 4, 4, 5, 5, 8, 10, 11, 15]);
    }

    #[test]
    fn position_zero_heads_a_column_unless_it_is_the_origin() {
        let grid = Grid::new(100, 4);
        for origin in 0..100 {
            let heads = grid.heads(origin, &mut luck(origin as u64));
            assert_eq!(heads.contains(&0), grid.column(origin) != 0, "{origin}: {heads:?}");
            assert!(!heads.contains(&grid.column(origin)) && heads.len() <= 4, "{origin}: {heads:?}");
        }
    }

    proptest! {
        /// Rows and columns partition the members, and two hops lead from anybody to anybody.
        #[test]
        fn rows_and_columns_cover_everybody(n in 1_usize..300, seed in any::<u64>()) {
            let grid = Grid::new(n, 4);
            let origin = (seed % n as u64) as usize;
            let mut reached = vec![false; n];
            let column = grid.column_mates(origin).chain([origin]);
            for head in column {
                reached[head] = true;
                for at in grid.row_mates(head) {
                    prop_assert!(!reached[at], "{} twice", at);
                    prop_assert_eq!(grid.row(at), grid.row(head));
                    reached[at] = true;
                }
            }
            // A short last row may miss the origin's column; those are reached through another one.
            let unreached: Vec<usize> = (0..n).filter(|&at| !reached[at]).collect();
            prop_assert!(unreached.iter().all(|&at| grid.row(at) == grid.row(n - 1)));
        }

        #[test]
        fn entrances_are_distinct_and_spread(n in 1_usize..300, counter in any::<u64>()) {
            let grid = Grid::new(n, 4);
            let wanted = grid.row_size().div_ceil(2);
            let mut chosen = grid.entrances(wanted, None, &mut luck(counter));
            prop_assert_eq!(chosen.len(), wanted.min(n));
            let (rows, columns) = (n.div_ceil(grid.row_size()), grid.row_size().min(n));
            if wanted < rows && wanted < columns && n == rows * columns {
                let mut lines: Vec<usize> = chosen.iter().map(|&at| grid.row(at)).collect();
                lines.sort_unstable();
                lines.dedup();
                prop_assert_eq!(lines.len(), wanted, "{:?}", chosen);
            }
            chosen.sort_unstable();
            chosen.dedup();
            prop_assert_eq!(chosen.len(), wanted.min(n));
        }
    }
}

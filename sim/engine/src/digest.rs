//! The digest of a run: a 128-bit commutative sum over all processed events (design §3).
//!
//! The sum is commutative so that a run split over threads can add its parts in any order; the event key inside each
//! term makes it sensitive to time, source, order and content all the same.

use std::fmt;
use std::str::FromStr;

/// 128-bit digest of everything that happened in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Digest(pub u128);

impl Digest {
    /// Adds one event's hash.
    #[inline]
    pub fn add(&mut self, term: u128) {
        self.0 = self.0.wrapping_add(term);
    }

    /// Combines the digests of disjoint parts of a run.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Digest {
    type Err = std::num::ParseIntError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(s, 16).map(Self)
    }
}

/// The digest after a number of processed events; a list of these lets two runs be bisected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Events processed so far.
    pub events: u64,
    /// Digest of those events.
    pub digest: Digest,
}

/// One processed event in words, recorded only inside a requested window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRecord {
    /// Position in the run, counted from 0.
    pub index: u64,
    /// Virtual time in nanoseconds.
    pub time_ns: u64,
    /// What produced the event (`node 17`, `fault plan`, `workload` …).
    pub source: String,
    /// Where it was handled.
    pub node: String,
    /// The input, as its `Debug` text.
    pub input: String,
    /// The event's term in the digest.
    pub hash: u128,
}

/// The first position at which two recordings differ, with both sides (`None` = that run had ended).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// Index of the first differing event.
    pub index: u64,
    /// The event of the first run.
    pub left: Option<EventRecord>,
    /// The event of the second run.
    pub right: Option<EventRecord>,
}

/// Number of events up to which two checkpoint lists agree: the divergence lies in the window that starts there.
/// Lists of unequal length agree at most as far as the shorter reaches.
#[must_use]
pub fn common_prefix(left: &[Checkpoint], right: &[Checkpoint]) -> u64 {
    left.iter().zip(right).take_while(|(a, b)| a == b).last().map_or(0, |(a, _)| a.events)
}

/// First difference between two recordings of the same window, or `None` when they are equal.
#[must_use]
pub fn first_difference(left: &[EventRecord], right: &[EventRecord]) -> Option<Divergence> {
    let longest = left.len().max(right.len());
    (0..longest).find_map(|i| {
        let (a, b) = (left.get(i), right.get(i));
        if a.map(|e| e.hash) == b.map(|e| e.hash) {
            return None;
        }
        let index = a.or(b).map_or(0, |e| e.index);
        Some(Divergence { index, left: a.cloned(), right: b.cloned() })
    })
}

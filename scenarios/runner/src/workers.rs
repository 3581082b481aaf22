//! The workers of a sweep: they take batches of runs and hand in what became of them.
#![allow(clippy::disallowed_types)] // Wall time decides the size of batches; no run sees it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SendError, SyncSender};
use std::time::{Duration, Instant};

use astrarium_engine::RunOptions;

use crate::attempt::{Attempt, attempt};
use crate::journal::Record;
use crate::scenario::Scenario;

/// Work a worker takes at once: about this much wall time.
const BATCH: Duration = Duration::from_millis(50);
/// Most runs a worker takes at once.
const MAX_BATCH: u64 = 512;
/// A worker hands in what it has after at most this long, plus one run.
const HAND_IN: Duration = Duration::from_millis(250);

/// How many runs to take next, after taking so many took so long: within 1 and [`MAX_BATCH`].
fn next_size(size: u64, elapsed: Duration) -> u64 {
    if elapsed < BATCH / 2 {
        (size * 2).min(MAX_BATCH)
    } else if elapsed > BATCH * 2 {
        (size / 2).max(1)
    } else {
        size
    }
}

/// Which runs are finished, one bit per run.
pub(crate) struct Done {
    pub(crate) bits: Vec<u64>,
    pub(crate) replicas: u64,
}

impl Done {
    pub(crate) fn new(runs: u64, replicas: u64) -> Self {
        let words = usize::try_from(runs.div_ceil(64)).unwrap_or(usize::MAX);
        Self { bits: vec![0; words], replicas }
    }

    pub(crate) fn number(&self, point: usize, replica: u64) -> u64 {
        point as u64 * self.replicas + replica
    }

    pub(crate) fn get(&self, number: u64) -> bool {
        self.bits[(number / 64) as usize] >> (number % 64) & 1 == 1
    }

    /// True when it was not set before.
    pub(crate) fn set(&mut self, number: u64) -> bool {
        let fresh = !self.get(number);
        self.bits[(number / 64) as usize] |= 1 << (number % 64);
        fresh
    }

    pub(crate) fn missing(&self, point: usize) -> u64 {
        (0..self.replicas).filter(|r| !self.get(self.number(point, *r))).count() as u64
    }
}

/// What a worker hands in.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) records: Vec<Record>,
    pub(crate) failed: Vec<(usize, u64, String)>,
}

/// What workers share.
pub(crate) struct Work<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) options: &'a RunOptions,
    pub(crate) interrupt: &'a AtomicBool,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) next: &'a AtomicU64,
    pub(crate) done: Done,
}

impl Work<'_> {
    /// Takes runs until none are left. How many at once follows from how long they take, so that short runs do not drown in
    /// messages and long ones spread over all workers.
    pub(crate) fn worker(&self, sender: &SyncSender<Batch>) {
        let mut size = 1;
        while !self.stopped() {
            let start = Instant::now();
            let first = self.next.fetch_add(size, Ordering::Relaxed);
            if first >= self.scenario.runs() {
                return;
            }
            if self.batch(first, (first + size).min(self.scenario.runs()), sender).is_err() {
                return;
            }
            size = next_size(size, start.elapsed());
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.interrupt.load(Ordering::Relaxed)
    }

    fn batch(&self, first: u64, end: u64, sender: &SyncSender<Batch>) -> Result<(), SendError<Batch>> {
        let mut batch = Batch::default();
        let mut handed_in = Instant::now();
        for number in (first..end).filter(|n| !self.done.get(*n)) {
            if self.stopped() {
                break;
            }
            let (point, replica) = ((number / self.done.replicas) as usize, number % self.done.replicas);
            let run = &self.scenario.points[point];
            match attempt(self.scenario, run, replica, self.options, self.interrupt, None) {
                Attempt::Done(outcome) => match Record::new(self.scenario, point, replica, &outcome) {
                    Ok(record) => batch.records.push(record),
                    Err(why) => batch.failed.push((point, replica, why)),
                },
                Attempt::Interrupted => break,
                Attempt::Failed(why) => batch.failed.push((point, replica, why)),
            }
            if handed_in.elapsed() > HAND_IN {
                sender.send(std::mem::take(&mut batch))?;
                handed_in = Instant::now();
            }
        }
        sender.send(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However short or long the runs are, batches stay bounded, and follow a change within as many steps as they have doublings.
    #[test]
    fn batches_are_bounded_and_follow_the_length_of_runs() {
        let (short, apt, long) = (Duration::ZERO, BATCH, Duration::from_secs(3_600));
        let after = |start: u64, elapsed: Duration, steps: u32| {
            (0..steps).fold(start, |size, _| {
                let next = next_size(size, elapsed);
                assert!((1..=MAX_BATCH).contains(&next), "{next}");
                next
            })
        };
        assert_eq!(after(1, short, 1_000), MAX_BATCH);
        assert_eq!(after(1, short, MAX_BATCH.ilog2()), MAX_BATCH);
        assert_eq!(after(MAX_BATCH, long, MAX_BATCH.ilog2()), 1);
        assert_eq!(after(1, long, 1_000), 1);
        assert_eq!(after(8, apt, 1_000), 8);
    }
}

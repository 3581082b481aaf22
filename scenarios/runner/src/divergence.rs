//! The first event at which two runs part, with what went before.

use std::fmt;
use std::sync::atomic::AtomicBool;

use astrarium_engine::{EventRecord, RunOptions, common_prefix, first_difference};
use astrarium_node::collections::set_map_seed;

use crate::attempt::{Attempt, attempt};
use crate::experiment::{Outcome, Tape};
use crate::points::Point;
use crate::scenario::Scenario;

/// Events shown before the first difference.
const CONTEXT: u64 = 4;
/// A run up to this long can be recorded whole when the window misses.
const WHOLE: u64 = 200_000;

/// Where two runs part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstDivergence {
    /// Index of the event.
    pub index: u64,
    /// The event of the first run; `None` when it had ended.
    pub left: Option<EventRecord>,
    /// The event of the second run.
    pub right: Option<EventRecord>,
    /// The events before it in the first run, oldest first.
    pub left_context: Vec<EventRecord>,
    /// The same in the second run.
    pub right_context: Vec<EventRecord>,
}

impl fmt::Display for FirstDivergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "first divergence at event {}", self.index)?;
        let sides = [("left", &self.left_context, &self.left), ("right", &self.right_context, &self.right)];
        for (name, context, event) in sides {
            writeln!(f, "  {name}:")?;
            for before in context {
                writeln!(f, "      {}", in_words(before))?;
            }
            match event {
                Some(event) => writeln!(f, "    > {}", in_words(event))?,
                None => writeln!(f, "    > (the run had ended)")?,
            }
        }
        Ok(())
    }
}

fn in_words(event: &EventRecord) -> String {
    let EventRecord { index, time_ns, source, node, input, .. } = event;
    format!("#{index} at {:.9} s, {source} -> {node}: {input}", *time_ns as f64 / 1e9)
}

/// One of two runs that should be equal.
pub(crate) struct Side<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) point: &'a Point,
    pub(crate) replica: u64,
    pub(crate) options: RunOptions,
    /// Seed of the process-wide hash maps, for the check that nothing depends on it; only while no other run is going.
    pub(crate) map_seed: Option<u64>,
}

/// Seed of the hash maps outside that check.
const USUAL_MAP_SEED: u64 = 0;

impl Side<'_> {
    pub(crate) fn run(&self, options: &RunOptions, interrupt: &AtomicBool) -> Result<Outcome, String> {
        self.run_onto(None, options, interrupt)
    }

    /// [`Self::run`], its recorded events taken by a tape.
    pub(crate) fn run_onto(
        &self,
        tape: Option<&dyn Tape>,
        options: &RunOptions,
        interrupt: &AtomicBool,
    ) -> Result<Outcome, String> {
        if let Some(seed) = self.map_seed {
            set_map_seed(seed);
        }
        let attempt = attempt(self.scenario, self.point, self.replica, options, interrupt, tape);
        if self.map_seed.is_some() {
            set_map_seed(USUAL_MAP_SEED);
        }
        match attempt {
            Attempt::Done(outcome) => Ok(*outcome),
            Attempt::Interrupted => Err("interrupted".into()),
            Attempt::Failed(why) => Err(why),
        }
    }
}

/// Bisects two runs of about `events` events: first by digest checkpoints a square root apart, then by recording the
/// window in which they part. `None` when the reruns do not part.
pub(crate) fn locate(
    left: &Side<'_>,
    right: &Side<'_>,
    events: u64,
    interrupt: &AtomicBool,
) -> Result<Option<FirstDivergence>, String> {
    let every = events.isqrt().max(1);
    let with_checkpoints = |side: &Side<'_>| {
        let options = RunOptions { checkpoint_every: every, ..side.options.clone() };
        side.run(&options, interrupt).map(|outcome| outcome.checkpoints)
    };
    let agreed = common_prefix(&with_checkpoints(left)?, &with_checkpoints(right)?);
    let window = agreed.saturating_sub(CONTEXT)..agreed.saturating_add(every + 1);
    let found = compare(left, right, window, interrupt)?;
    if found.is_none() && events <= WHOLE {
        // Runs that differ from one rerun to the next may part elsewhere each time.
        return compare(left, right, 0..u64::MAX, interrupt);
    }
    Ok(found)
}

fn compare(
    left: &Side<'_>,
    right: &Side<'_>,
    window: std::ops::Range<u64>,
    interrupt: &AtomicBool,
) -> Result<Option<FirstDivergence>, String> {
    let record = |side: &Side<'_>| {
        let options = RunOptions { record: window.clone(), ..side.options.clone() };
        side.run(&options, interrupt).map(|outcome| outcome.recording)
    };
    let (a, b) = (record(left)?, record(right)?);
    let Some(difference) = first_difference(&a, &b) else { return Ok(None) };
    let before = |events: &[EventRecord]| {
        let end = events.partition_point(|e| e.index < difference.index);
        events[end.saturating_sub(CONTEXT as usize)..end].to_vec()
    };
    Ok(Some(FirstDivergence {
        index: difference.index,
        left_context: before(&a),
        right_context: before(&b),
        left: difference.left,
        right: difference.right,
    }))
}

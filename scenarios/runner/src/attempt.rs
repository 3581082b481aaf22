//! One run, with its panics caught.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use astrarium_engine::RunOptions;

use crate::experiment::{Outcome, RunContext, RunError, Tape};
use crate::points::{Point, replica_seed};
use crate::scenario::Scenario;

/// What became of a run.
#[derive(Debug)]
pub(crate) enum Attempt {
    Done(Box<Outcome>),
    Interrupted,
    Failed(String),
}

thread_local! {
    /// `Some` while this thread is inside a run; holds the message of its panic.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the message of a panic inside a run for the report, instead of printing it over the progress bars.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let inside = PANIC.with_borrow_mut(|slot| match slot {
                Some(message) => {
                    let place = info.location().map(|l| format!(" at {}:{}", l.file(), l.line()));
                    let payload = info.payload();
                    let text = payload.downcast_ref::<&str>().copied();
                    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
                    let text = text.unwrap_or("(no message)");
                    *message = format!("panicked{}: {text}", place.unwrap_or_default());
                    true
                }
                None => false,
            });
            if !inside {
                previous(info);
            }
        }));
    });
}

/// Runs one replica of a point, simultaneous events in the scenario's order.
pub(crate) fn attempt(
    scenario: &Scenario,
    point: &Point,
    replica: u64,
    options: &RunOptions,
    interrupt: &AtomicBool,
    tape: Option<&dyn Tape>,
) -> Attempt {
    if interrupt.load(Ordering::Relaxed) {
        // Before the world is built: that alone may take a while.
        return Attempt::Interrupted;
    }
    install_hook();
    let context = RunContext {
        seed: replica_seed(scenario.seed, replica),
        options: RunOptions { order_seed: scenario.order_seed, ..options.clone() },
        files: &scenario.files,
        interrupt,
        tape,
    };
    PANIC.set(Some(String::new()));
    // A run owns all it changes, so nothing half-changed is left behind by a panic.
    let result = panic::catch_unwind(AssertUnwindSafe(|| scenario.experiment().run(&point.params, &context)));
    let message = PANIC.take().unwrap_or_default();
    match result {
        Ok(Ok(outcome)) => Attempt::Done(Box::new(outcome)),
        Ok(Err(RunError::Interrupted)) => Attempt::Interrupted,
        Ok(Err(RunError::Failed(why))) => Attempt::Failed(why),
        Err(_) => Attempt::Failed(message),
    }
}

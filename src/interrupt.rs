//! Ctrl-C: the first asks the run to stop and keeps what is finished, the second ends the process.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Raised by the first interrupt.
static RAISED: AtomicBool = AtomicBool::new(false);

/// Exit code of an interrupted command (128 + SIGINT).
pub(crate) const INTERRUPTED: u8 = 130;

/// Listens for interrupts from now on; the flag is what runs look at.
pub(crate) fn listen() -> &'static AtomicBool {
    // Fails only when a handler is already installed, which a second verb in one process would do: then all is well.
    let _ = ctrlc::set_handler(|| {
        if RAISED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(INTERRUPTED));
        }
        let _ = writeln!(io::stderr(), "interrupted: finishing; once more to stop at once");
    });
    &RAISED
}

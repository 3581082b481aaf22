//! What an oracle says after a run: a tri-state verdict with a witness, and how near the run came to violation.

use std::fmt;

/// What kind of promise an oracle watches (design §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Promise {
    /// Safety: must hold at every event of the run.
    Always,
    /// Non-triviality: must have happened at least once, otherwise the run proves nothing.
    Sometimes,
    /// Liveness: must happen within a bound once the last fault has ended.
    AfterHeal,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "always",
            Self::Sometimes => "sometimes",
            Self::AfterHeal => "after_heal",
        })
    }
}

/// The tri-state outcome of an oracle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The promise held over the whole run.
    Holds,
    /// The promise was broken; the witness says when, where and how.
    Violated {
        /// One sentence that names time, node and what was seen.
        witness: String,
    },
    /// The run ended before the question could be answered (for example: no fault ever ended).
    Unknown {
        /// What was missing.
        reason: String,
    },
}

impl Verdict {
    /// True unless the promise was broken.
    #[must_use]
    pub fn is_tolerable(&self) -> bool {
        !matches!(self, Self::Violated { .. })
    }
}

/// One oracle's report on one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Stable name, for example `agreement`.
    pub oracle: &'static str,
    /// What kind of promise it is.
    pub promise: Promise,
    /// The outcome.
    pub verdict: Verdict,
    /// Nearness to violation in `0.0..=1.0` (1 = violated), where the oracle can tell; drives rare-event splitting.
    pub level: Option<f64>,
}

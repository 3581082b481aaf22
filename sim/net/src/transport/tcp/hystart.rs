//! Leaving slow start before it overruns the bottleneck's queue: HyStart (Ha and Rhee 2011, with ns-3's limits) and HyStart++ (RFC 9406), as
//! the protocol's machine has them. Times in nanoseconds.

use crate::transport::SlowStart;

/// Round-trip samples of a round that decide (RFC 9406 N_RTT_SAMPLE; ns-3 HyStartMinSamples).
const SAMPLES: u32 = 8;
/// HyStart keeps out of smaller windows, in segments (ns-3 HyStartLowWindow).
const LOW_WINDOW: u64 = 16;
/// Acknowledgements that are not further apart form a train (ns-3 HyStartAckDelta).
const TRAIN_GAP: u64 = 2_000_000;
/// HyStart: the delay that counts is the least round trip itself, within these limits (ns-3 HyStartDelayMin, HyStartDelayMax).
const DELAY: (u64, u64) = (4_000_000, 1_000_000_000);
/// HyStart++: an eighth of the least round trip of the round before, within these limits (RFC 9406 §4.3).
const DELAY_PLUS: (u64, u64) = (4_000_000, 16_000_000);
/// Growth in conservative slow start is a fourth (RFC 9406 CSS_GROWTH_DIVISOR).
const DIVISOR: u64 = 4;
/// It lasts five rounds, the one in which it begins included (RFC 9406 CSS_ROUNDS).
const ROUNDS: u32 = 5;

/// What an acknowledgement in slow start tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Now.
    pub(super) now: u64,
    /// Round-trip time that it measures, if it does.
    pub(super) rtt: Option<u64>,
    /// Everything before this segment is acknowledged.
    pub(super) acknowledged: u64,
    /// Next segment to send.
    pub(super) next: u64,
    /// Window in segments.
    pub(super) window: u64,
}

/// What becomes of slow start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    Grow,
    /// It goes on with this share of its growth: one in so many.
    Slowly(u64),
    /// It is over.
    Exit,
}

/// Minimum of the first samples of a round.
#[derive(Debug, Clone, Copy)]
struct Round {
    /// It ends when this position is acknowledged.
    end: u64,
    least: Option<u64>,
    samples: u32,
}

impl Round {
    const fn new(end: u64) -> Self {
        Self { end, least: None, samples: 0 }
    }

    /// Takes a sample; the minimum, once there are enough.
    fn take(&mut self, rtt: u64) -> Option<u64> {
        self.least = Some(self.least.map_or(rtt, |least| least.min(rtt)));
        self.samples += 1;
        self.least.filter(|_| self.samples >= SAMPLES)
    }
}

/// State of either scheme.
#[derive(Debug, Clone)]
pub(super) enum HyStart {
    /// Slow start ends with a loss.
    Off,
    /// HyStart.
    Classic(Classic),
    /// HyStart++.
    PlusPlus(PlusPlus),
}

impl HyStart {
    pub(super) const fn new(kind: SlowStart) -> Self {
        match kind {
            SlowStart::Standard => Self::Off,
            SlowStart::HyStart => Self::Classic(Classic::new()),
            SlowStart::HyStartPlusPlus => Self::PlusPlus(PlusPlus::new()),
        }
    }

    /// An acknowledgement of new data in slow start.
    pub(super) fn on_ack(&mut self, seen: Seen) -> Verdict {
        match self {
            Self::Off => Verdict::Grow,
            Self::Classic(classic) => classic.on_ack(seen),
            Self::PlusPlus(plus) => plus.on_ack(seen),
        }
    }

    /// A timeout: the path is measured anew. HyStart++ serves the first slow start only (RFC 9406 §4.3).
    pub(super) fn on_timeout(&mut self) {
        match self {
            Self::Classic(classic) => *classic = Classic::new(),
            Self::PlusPlus(_) => *self = Self::Off,
            Self::Off => {}
        }
    }
}

/// HyStart.
#[derive(Debug, Clone)]
pub(super) struct Classic {
    least: Option<u64>,
    round: Round,
    began: u64,
    /// Last acknowledgement of the train that began with the round.
    train: u64,
}

impl Classic {
    const fn new() -> Self {
        Self { least: None, round: Round::new(0), began: 0, train: 0 }
    }

    fn on_ack(&mut self, seen: Seen) -> Verdict {
        if seen.acknowledged > self.round.end {
            self.round = Round::new(seen.next);
            (self.began, self.train) = (seen.now, seen.now);
        }
        let Some(rtt) = seen.rtt else { return Verdict::Grow };
        let least = self.least.map_or(rtt, |least| least.min(rtt));
        self.least = Some(least);
        if seen.window < LOW_WINDOW {
            return Verdict::Grow;
        }
        let in_train = seen.now.saturating_sub(self.train) <= TRAIN_GAP;
        if in_train {
            self.train = seen.now;
        }
        let full = in_train && seen.now.saturating_sub(self.began) > least;
        // Only the first samples count: those of a round's end are behind its own queue.
        let start = if self.round.samples < SAMPLES { self.round.take(rtt) } else { None };
        let late = start.is_some_and(|start| start > least + least.clamp(DELAY.0, DELAY.1));
        if full || late { Verdict::Exit } else { Verdict::Grow }
    }
}

/// HyStart++.
#[derive(Debug, Clone)]
pub(super) struct PlusPlus {
    /// Least round-trip time of the round before.
    before: Option<u64>,
    round: Round,
    /// Least round-trip time when conservative slow start began, and rounds of it that are left.
    cautious: Option<(u64, u32)>,
}

impl PlusPlus {
    const fn new() -> Self {
        Self { before: None, round: Round::new(0), cautious: None }
    }

    fn on_ack(&mut self, seen: Seen) -> Verdict {
        if seen.acknowledged > self.round.end {
            self.before = self.round.least;
            self.round = Round::new(seen.next);
            if let Some((_, left)) = &mut self.cautious {
                *left -= 1;
                if *left == 0 {
                    return Verdict::Exit;
                }
            }
        }
        let least = seen.rtt.and_then(|rtt| self.round.take(rtt));
        match (self.cautious, least, self.before) {
            (Some((baseline, _)), Some(least), _) if least < baseline => self.cautious = None,
            (None, Some(least), Some(before)) if least >= before + threshold(before) => {
                self.cautious = Some((least, ROUNDS));
            }
            _ => {}
        }
        if self.cautious.is_some() { Verdict::Slowly(DIVISOR) } else { Verdict::Grow }
    }
}

/// By how much round trips must have grown since a round with this least one.
fn threshold(before: u64) -> u64 {
    (before / 8).clamp(DELAY_PLUS.0, DELAY_PLUS.1)
}

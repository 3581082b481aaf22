//! Leaving slow start before it overruns the bottleneck's queue: HyStart and HyStart++.
//!
//! Slow start doubles the window until something is lost; on a path with a queue of the size of its bandwidth-delay product that is a
//! whole window, found out one round trip late. Both schemes watch round-trip times instead, by *rounds* of one window each, and need
//! nothing of the other side.
//!
//! HyStart (Ha and Rhee, "Taming the elephants: new TCP slow start", Computer Networks 55(9), 2011) goes to congestion avoidance at once, when
//! the first round-trip times of a round are all far above the least one known, or when acknowledgements have come back to back for
//! longer than the least round trip, so that the window fills the path. Limits are those that ns-3 documents for its `TcpCubic`: it is
//! CUBIC's companion there and in Linux (which has tighter ones: an eighth of the least round trip within 4–16 ms, and half of it).
//!
//! HyStart++ (RFC 9406) has no acknowledgement trains, compares with the round before, and first slows growth down for some rounds in
//! which it may find that the delay was noise.

use astrarium_node::{Span, Time};

use super::config::SlowStart;

/// Round-trip samples of a round that decide (RFC 9406 N_RTT_SAMPLE; ns-3 HyStartMinSamples).
const SAMPLES: u32 = 8;
/// HyStart keeps out of smaller windows, in segments (ns-3 HyStartLowWindow).
const LOW_WINDOW: u64 = 16;
/// Acknowledgements that are not further apart form a train (ns-3 HyStartAckDelta).
const TRAIN_GAP: Span = Span::from_millis(2);
/// HyStart: the delay that counts is the least round trip itself, within these limits (ns-3 HyStartDelayMin, HyStartDelayMax).
const DELAY: (Span, Span) = (Span::from_millis(4), Span::from_secs(1));
/// HyStart++: an eighth of the least round trip of the round before, within these limits (RFC 9406 §4.3).
const DELAY_PLUS: (Span, Span) = (Span::from_millis(4), Span::from_millis(16));
/// Growth in conservative slow start is a fourth (RFC 9406 CSS_GROWTH_DIVISOR).
const DIVISOR: u64 = 4;
/// It lasts five rounds, the one in which it begins included (RFC 9406 CSS_ROUNDS).
const ROUNDS: u32 = 5;

/// What an acknowledgement in slow start tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// Now.
    pub(super) now: Time,
    /// Round-trip time that it measures, if it does.
    pub(super) rtt: Option<Span>,
    /// Everything before this position is acknowledged.
    pub(super) acknowledged: u64,
    /// Next position to send.
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
    least: Option<Span>,
    samples: u32,
}

impl Round {
    const fn new(end: u64) -> Self {
        Self { end, least: None, samples: 0 }
    }

    /// Takes a sample; the minimum, once there are enough.
    fn take(&mut self, rtt: Span) -> Option<Span> {
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
    least: Option<Span>,
    round: Round,
    began: Time,
    /// Last acknowledgement of the train that began with the round.
    train: Time,
}

impl Classic {
    const fn new() -> Self {
        Self { least: None, round: Round::new(0), began: Time::ZERO, train: Time::ZERO }
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
        let in_train = seen.now.since(self.train) <= TRAIN_GAP;
        if in_train {
            self.train = seen.now;
        }
        let full = in_train && seen.now.since(self.began) > least;
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
    before: Option<Span>,
    round: Round,
    /// Least round-trip time when conservative slow start began, and rounds of it that are left.
    cautious: Option<(Span, u32)>,
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
fn threshold(before: Span) -> Span {
    (before / 8).clamp(DELAY_PLUS.0, DELAY_PLUS.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Span = Span::from_millis;

    /// Feeds rounds of 20 acknowledgements, 3 ms apart, whose round trips grow by 1 ms each from a given one; the round and
    /// the acknowledgement in it at which a verdict other than growth is first given.
    fn first(scheme: &mut HyStart, starts: &[u64], wanted: Verdict) -> Option<(usize, u64)> {
        for (round, start) in starts.iter().enumerate() {
            let base = round as u64 * 1000;
            for ack in 1..=20 {
                let seen = Seen {
                    now: Time::ZERO + MS(base + 3 * ack),
                    rtt: Some(MS(start + ack)),
                    acknowledged: 20 * round as u64 + ack,
                    next: 20 * (round as u64 + 1),
                    window: 20,
                };
                if scheme.on_ack(seen) == wanted {
                    return Some((round, ack));
                }
            }
        }
        None
    }

    /// Least round trip 41; the first eight of a round must all be above 82. At 82 the first is 83: found with the eighth. Samples
    /// later in a round – here up to 101 in the second round – do not count.
    #[test]
    fn hystart_leaves_when_a_round_begins_with_twice_the_delay() {
        let mut scheme = HyStart::new(SlowStart::HyStart);
        assert_eq!(first(&mut scheme, &[40, 81, 82], Verdict::Exit), Some((2, 8)));
    }

    /// Acknowledgements every 1 ms with a round trip of 40: the train is longer than the path after 41 of them.
    #[test]
    fn hystart_leaves_when_the_train_fills_the_path() {
        let leaves_at = |gap: u64, window| {
            let mut scheme = HyStart::new(SlowStart::HyStart);
            (1..200).find(|ack| {
                let seen = Seen {
                    now: Time::ZERO + MS(1000 + gap * ack),
                    rtt: Some(MS(40)),
                    acknowledged: *ack,
                    next: 1000,
                    window,
                };
                scheme.on_ack(seen) == Verdict::Exit
            })
        };
        assert_eq!(leaves_at(1, 16), Some(42));
        assert_eq!(leaves_at(2, 16), Some(22));
        // Further apart they are no train, and small windows are left alone.
        assert_eq!(leaves_at(3, 16), None);
        assert_eq!(leaves_at(1, 15), None);
    }

    /// RFC 9406: least of the round before 41, an eighth of it is 5.125; a round that begins with 46 is not late, one with 47 is: in a
    /// round that starts at 45 the least is 46; compared with 41 it stays below 46.125. The next one is compared with 46 (threshold
    /// 5.75): 52 is late, with the eighth sample. Five rounds of a fourth of the growth follow, this one included, then the end.
    #[test]
    fn hystart_plus_plus_slows_down_for_five_rounds() {
        let mut scheme = HyStart::new(SlowStart::HyStartPlusPlus);
        assert_eq!(first(&mut scheme, &[40, 45, 51], Verdict::Slowly(4)), Some((2, 8)));
        // Six rounds later by their numbers: the test's positions begin anew, so continue from the state.
        let mut rounds = 0;
        for round in 3..20_u64 {
            let seen = Seen {
                now: Time::ZERO + MS(round * 1000),
                rtt: Some(MS(60)),
                acknowledged: round * 1000,
                next: round * 1000 + 500,
                window: 20,
            };
            match scheme.on_ack(seen) {
                Verdict::Slowly(4) => rounds += 1,
                verdict => {
                    assert_eq!(verdict, Verdict::Exit);
                    break;
                }
            }
        }
        assert_eq!(rounds, 4);
    }

    /// When the delay falls below the one that gave the alarm, it was noise: full growth again.
    #[test]
    fn hystart_plus_plus_takes_it_back() {
        let mut scheme = HyStart::new(SlowStart::HyStartPlusPlus);
        assert_eq!(first(&mut scheme, &[40, 51], Verdict::Slowly(4)), Some((1, 8)));
        let mut seen = Seen {
            now: Time::ZERO + MS(5000),
            rtt: Some(MS(41)),
            acknowledged: 2000,
            next: 3000,
            window: 20,
        };
        let verdicts: Vec<_> = (0..9)
            .map(|_| {
                seen.acknowledged += 1;
                scheme.on_ack(seen)
            })
            .collect();
        assert_eq!(verdicts[..7], [Verdict::Slowly(4); 7]);
        assert_eq!(verdicts[7..], [Verdict::Grow; 2]);
    }

    /// After a timeout HyStart measures anew, HyStart++ is done.
    #[test]
    fn a_timeout_starts_over() {
        let mut classic = HyStart::new(SlowStart::HyStart);
        first(&mut classic, &[40], Verdict::Exit);
        classic.on_timeout();
        assert_eq!(first(&mut classic, &[100, 150], Verdict::Exit), None);
        let mut plus = HyStart::new(SlowStart::HyStartPlusPlus);
        plus.on_timeout();
        assert_eq!(first(&mut plus, &[40, 100], Verdict::Slowly(4)), None);
    }
}
